"""Train the edge model: `python -m cloud_proxy.edge_model.train` (one CPU thread, torch).

The examples come from the generator, seeded; the same seed, torch and machine give the same file.
What it writes is the dense parent; `limpet-proxy prune run` makes of it the file that ships.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from . import weights
from .evaluate import settle
from .features import BUCKETS, MAX_IDS, ids_of
from .generator.sample import Sample, sample
from .network import Shape
from .optimiser import Optimiser
from .table import SYMBOL_ID, SYMBOLS
from .torch_network import TorchNetwork

_START = SYMBOL_ID["start"]
_WORD_GONE = 0.03  # chance that a word is unreadable in one training step
_GROUP_GONE = 0.25  # the highest chance that one of a word's letter groups is
_LOOKS = 2  # so often a sentence is trained on, blurred in another way each time
_POOL = 9600  # sentences that are made at a time, and sorted by length
_WARM = 200  # steps until the learning rate is full


def batches(rng: random.Random, batch: int, pool: int = _POOL) -> list[list[Sample]]:
    """Return batches of `pool` new samples, each of sentences of like length, each sample twice.

    A batch has `batch` samples, the last of a pool may have fewer.
    """
    made = [sample(rng) for _ in range(pool)]
    out: list[list[Sample]] = []
    for _ in range(_LOOKS):
        rng.shuffle(made)
        made.sort(key=lambda s: (len(s.sentence.tokens) // 3, len(s.actions)))
        out += [made[i : i + batch] for i in range(0, pool, batch)]
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
    """Return the words with some groups and some whole words unreadable; the kind stays.

    How many groups, each sentence draws for itself: a view that model.py blurs lacks a quarter.
    """
    drop = torch.rand(words.shape) < _GROUP_GONE * torch.rand(len(words), 1, 1)
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


def learn(
    net: TorchNetwork,
    optimiser: Optimiser,
    rng: random.Random,
    *,
    steps: int,
    batch: int,
    rate: Callable[[int], float],
    before: Callable[[int], None] = lambda step: None,
    after: Callable[[int, float], None] = lambda step, loss: None,
    kept: Path | None = None,
    every: int = 250,
) -> None:
    """Train the network in place.

    rate: the learning rate by step. before, after: called around each step, from 0 and from 1,
    after with the mean loss. kept: a file for the state, written `every` steps, to go on from.
    """
    net.train()
    ready, mean, first = list[list[Sample]](), 0.0, 0
    if kept is not None and kept.exists():
        state = torch.load(kept, weights_only=False)
        first, mean, ready = state["step"], state["mean"], state["ready"]
        rng.setstate(state["rng"])
        torch.set_rng_state(state["torch"])
        net.load_state_dict(state["net"])
        optimiser.resume(state["optimiser"])
    for step in range(first, steps):
        before(step)
        ready = ready or batches(rng, batch, min(_POOL, batch * steps))
        words, fed, pointed, target = tensors(ready.pop())
        logits = net(blurred(words), fed, pointed)
        loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)
        optimiser.clear()
        loss.backward()
        optimiser.step(rate(step))
        mean = loss.item() if step == 0 else 0.99 * mean + 0.01 * loss.item()
        after(step + 1, mean)
        if kept is not None and (step + 1) % every == 0:
            state = {"step": step + 1, "mean": mean, "ready": ready, "rng": rng.getstate()}
            state |= {"torch": torch.get_rng_state(), "net": net.state_dict()}
            torch.save({**state, "optimiser": optimiser.state()}, kept)
    net.eval()


def train(
    seed: int,
    steps: int,
    batch: int,
    rate: float,
    quiet: bool = False,
    start_from: Path | None = None,
    kept: Path | None = None,
) -> TorchNetwork:
    """Return a trained network. steps: optimiser steps; rate: the highest learning rate."""
    torch.manual_seed(seed)
    net = TorchNetwork(Shape(symbols=len(SYMBOLS), buckets=BUCKETS), dropout=0.0)
    if start_from is not None:
        begin(net, start_from)
    start = time.monotonic()

    def tell(step: int, loss: float) -> None:
        if not quiet and (step % 100 == 0 or step == steps):
            took = time.monotonic() - start
            print(
                f"step {step}/{steps}  loss {loss:.4f}  {took:.0f} s", file=sys.stderr, flush=True
            )

    learn(
        net,
        Optimiser(named(net)),
        random.Random(seed),
        steps=steps,
        batch=batch,
        rate=lambda step: rate * min(1.0, (step + 1) / _WARM) * falling(step / steps),
        after=tell,
        kept=kept,
    )
    return net


def named(net: TorchNetwork) -> dict[str, torch.nn.Parameter]:
    """Return the trainable weights under the names that network.py uses."""
    return {name.replace("/", "."): value for name, value in net.weights.items()}


def falling(done: float) -> float:
    """Return the share of the learning rate at a share of the training: it falls to 1 %."""
    return 0.01 + 0.99 * (1 - done)


def main(arguments: list[str] | None = None) -> int:
    """Train, write the weights, and set the threshold from the development set."""
    parser = argparse.ArgumentParser(
        prog="python -m cloud_proxy.edge_model.train", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.006)
    parser.add_argument("--from", dest="start", type=Path, help="weights to begin with")
    parser.add_argument("--keep", type=Path, help="file to go on from after a break")
    parser.add_argument("--out", type=Path, default=Path("edge_dense.npz"))
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    start, used = time.monotonic(), time.process_time()
    net = train(
        args.seed, args.steps, args.batch, args.rate, start_from=args.start, kept=args.keep
    )
    about = {
        "from": hashlib.sha256(args.start.read_bytes()).hexdigest() if args.start else None,
        "seed": args.seed,
        "steps": args.steps,
        "batch": args.batch,
        "rate": args.rate,
        "train_s": round(time.monotonic() - start),
        "cpu_s": round(time.process_time() - used),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    arrays = {name: value.numpy() for name, value in net.named().items()}
    threshold = settle(
        args.out, about, lambda mark: weights.save(args.out, net.shape, arrays, mark, about)
    )
    print(
        f"{args.out}: {args.out.stat().st_size} bytes, threshold {threshold:.3f}", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
