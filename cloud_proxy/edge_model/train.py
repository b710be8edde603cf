"""Train the edge model: `python -m cloud_proxy.edge_model.train` (one CPU thread, torch).

The examples come from the generator, seeded; the same seed, torch and machine give the same file.
What it writes is the dense parent; `limpet-proxy prune run` makes of it the file that ships.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import argparse
import hashlib
import math
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from . import weights
from .features import BUCKETS, MAX_IDS, ids_of
from .generator.sample import Sample, sample
from .network import Shape
from .table import SYMBOL_ID, SYMBOLS
from .torch_network import TorchNetwork

_START = SYMBOL_ID["start"]
_WORD_GONE = 0.04  # chance that a word is unreadable in one training step
_DROPOUT = 0.05
_GROUP_GONE = 0.08  # chance that one of a word's letter groups is


def batches(rng: random.Random, batch: int, window: int) -> list[list[Sample]]:
    """Return `window` batches of new samples, each of sentences of like length."""
    pool = sorted(
        (sample(rng) for _ in range(batch * window)),
        key=lambda s: (len(s.sentence.tokens), len(s.actions)),
    )
    out = [pool[i : i + batch] for i in range(0, len(pool), batch)]
    rng.shuffle(out)
    return out


def tensors(
    samples: list[Sample],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return words (batch, words, ids), actions, pointed, targets (batch, steps); -100: none."""
    n = max(1, max(len(s.sentence.tokens) for s in samples))
    steps = max(len(s.actions) for s in samples)
    words = np.zeros((len(samples), n, MAX_IDS), dtype=np.int64)
    fed = np.zeros((len(samples), steps), dtype=np.int64)
    pointed = np.full((len(samples), steps), -1, dtype=np.int64)
    target = np.full((len(samples), steps), -100, dtype=np.int64)
    for row, s in enumerate(samples):
        for i, token in enumerate(s.sentence.tokens):
            ids = ids_of(token)
            words[row, i, : len(ids)] = ids
        fed[row, 0] = _START
        for step, action in enumerate(s.actions):
            symbol = SYMBOL_ID[action] if isinstance(action, str) else -1
            target[row, step] = symbol if isinstance(action, str) else len(SYMBOLS) + action
            if step + 1 < steps:
                fed[row, step + 1], pointed[row, step + 1] = (
                    (symbol, -1) if isinstance(action, str) else (0, action)
                )
    return tuple(torch.from_numpy(array) for array in (words, fed, pointed, target))  # type: ignore[return-value]


def blurred(words: torch.Tensor) -> torch.Tensor:
    """Return the words with some groups and some whole words unreadable; the kind stays."""
    drop = torch.rand(words.shape) < _GROUP_GONE
    drop |= (torch.rand(words.shape[:2]) < _WORD_GONE)[..., None]
    drop[..., 0] = False
    return words.masked_fill(drop, 0)


def begin(net: TorchNetwork, path: Path) -> None:
    """Copy what a weights file of the same shape knows, of whatever table of tools it is.

    Symbols that it lacks stay as they were drawn.
    """
    known, meta = weights.contents(path)
    rows = {symbol: row for row, symbol in enumerate(meta["symbols"])}
    with torch.no_grad():
        for name, value in net.named().items():
            if name == "symbol_embed":
                for row, symbol in enumerate(SYMBOLS):
                    if symbol in rows:
                        value[row] = torch.from_numpy(known[name][rows[symbol]])
            else:
                value.copy_(torch.from_numpy(known[name]))


def descend(
    net: TorchNetwork, optimiser: torch.optim.Optimizer, samples: list[Sample], rate: float
) -> float:
    """Take one step at this learning rate; return the loss before it."""
    words, fed, pointed, target = tensors(samples)
    for group in optimiser.param_groups:
        group["lr"] = rate
    logits = net(blurred(words), fed, pointed)
    loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def cosine(done: float) -> float:
    """Return the share of the highest learning rate when this share of the steps is done."""
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def train(
    seed: int,
    steps: int,
    batch: int,
    rate: float,
    quiet: bool = False,
    start_from: Path | None = None,
) -> TorchNetwork:
    """Return a trained network. steps: optimiser steps; rate: the highest learning rate."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    net = TorchNetwork(Shape(symbols=len(SYMBOLS), buckets=BUCKETS), dropout=_DROPOUT)
    if start_from is not None:
        begin(net, start_from)
    flat = [p for p in net.parameters() if p.ndim == 1]
    deep = [p for p in net.parameters() if p.ndim == 2]
    optimiser = torch.optim.AdamW(
        [{"params": deep, "weight_decay": 0.02}, {"params": flat, "weight_decay": 0.0}],
        lr=rate,
        betas=(0.9, 0.98),
    )
    net.train()
    start, ready, mean = time.monotonic(), list[list[Sample]](), 0.0
    for step in range(steps):
        ready = ready or batches(rng, batch, 50)
        warm = min(1.0, (step + 1) / 200)
        loss = descend(net, optimiser, ready.pop(), rate * warm * cosine(step / steps))
        mean = loss if step == 0 else 0.99 * mean + 0.01 * loss
        if not quiet and (step % 100 == 99 or step + 1 == steps):
            print(
                f"step {step + 1}/{steps}  loss {mean:.4f}  {time.monotonic() - start:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    return net.eval()


def main(arguments: list[str] | None = None) -> int:
    """Train, write the weights, and set the threshold from the development set."""
    parser = argparse.ArgumentParser(
        prog="python -m cloud_proxy.edge_model.train", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=7500)
    parser.add_argument("--batch", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--from", dest="start", type=Path, help="weights to begin with")
    parser.add_argument("--out", type=Path, default=Path("edge_dense.npz"))
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    start = time.monotonic()
    net = train(args.seed, args.steps, args.batch, args.rate, start_from=args.start)
    about = {
        "from": hashlib.sha256(args.start.read_bytes()).hexdigest() if args.start else None,
        "seed": args.seed,
        "steps": args.steps,
        "batch": args.batch,
        "rate": args.rate,
        "train_s": round(time.monotonic() - start),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    arrays = {name: value.numpy() for name, value in net.named().items()}
    weights.save(args.out, net.shape, arrays, 0.5, about)
    from .evaluate import calibrate, power

    about["gamma"] = power(args.out)
    weights.save(args.out, net.shape, arrays, 0.5, about)
    threshold = calibrate(args.out)
    weights.save(args.out, net.shape, arrays, threshold, about)
    print(
        f"{args.out}: {args.out.stat().st_size} bytes, threshold {threshold:.3f}", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
