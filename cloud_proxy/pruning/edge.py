"""Prune the edge model: gradual recovery in its own training, and its packed file.

`python -m cloud_proxy.pruning.edge DENSE.npz OUT` prunes a trained model to INT4.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from cloud_proxy.edge_model import weights
from cloud_proxy.edge_model.evaluate import settle
from cloud_proxy.edge_model.optimiser import Optimiser
from cloud_proxy.edge_model.torch_network import TorchNetwork
from cloud_proxy.edge_model.train import falling, learn, named

from .gradual import Gradual, Target

RATE = 0.006  # of the recovery


def linear(names: Mapping[str, object] | list[str]) -> list[str]:
    """Return the names of the linear layers: what is multiplied, not what is looked up."""
    return [n for n in names if not n.endswith(("_embed", "norm", "norm1", "norm2", "norm3"))]


def targets(
    net: TorchNetwork,
    sparsity: float | Mapping[str, float] = 0.7,
    group: int = 32,
    embeddings: str = "dense4",
) -> dict[str, Target]:
    """Return a target for each matrix.

    sparsity: of the linear layers, one for all or by name; embeddings: the kind of the others.
    """
    named = {name: value for name, value in net.named().items() if value.ndim == 2}
    by_name = sparsity if isinstance(sparsity, Mapping) else dict.fromkeys(named, sparsity)
    lines = set(linear(list(named)))
    return {
        name: Target(by_name[name], "sparse4", group)
        if name in lines
        else Target(0.0, embeddings, group)
        for name in named
    }


def recover(
    net: TorchNetwork,
    goals: Mapping[str, Target],
    *,
    seed: int = 1,
    steps: int = 2000,
    batch: int = 64,
    rate: float = RATE,
    ramp: float = 0.5,
    progress: Callable[[int, int, float], None] | None = None,
    kept: Path | None = None,
) -> TorchNetwork:
    """Train on while weights go; return the same network, its matrices as they are packed.

    goals: from `targets`. rate: the highest learning rate, which falls in a line. ramp: the share
    of the steps in which weights go; INT4 begins after it. progress: called with step, steps, mean
    loss. kept: as in `learn`.
    """
    torch.manual_seed(seed)
    gradual = Gradual(net.weights, {n.replace(".", "/"): t for n, t in goals.items()}, steps, ramp)
    parameters = {n.replace("/", "."): p for n, p in gradual.parameters().items()}
    parameters |= {n: p for n, p in named(net).items() if n not in parameters}
    masks = {n.replace("/", "."): mask for n, mask in gradual.masks().items()}
    learn(
        net,
        Optimiser(parameters, masks),
        random.Random(seed),
        steps=steps,
        batch=batch,
        rate=lambda step: rate * min(1.0, (step + 1) / 50) * falling(step / max(1, steps)),
        before=gradual.step,
        after=lambda step, loss: progress(step, steps, loss) if progress else None,
        kept=kept,
    )
    gradual.finish()
    return net.eval()


def network(stored: weights.Stored) -> TorchNetwork:
    """Return a torch network with the weights of what `edge_model.weights.load` gave."""
    net = TorchNetwork(stored.shape)
    with torch.no_grad():
        for name, value in stored.weights.items():
            net.weights[name.replace(".", "/")].copy_(torch.from_numpy(value))
    return net.eval()


def pack(
    dense: Path,
    out: Path,
    *,
    sparsity: float | Mapping[str, float] = 0.7,
    group: int = 32,
    embeddings: str = "dense4",
    steps: int = 2000,
    rate: float = RATE,
    ramp: float = 0.5,
    seed: int = 1,
    progress: Callable[[int, int, float], None] | None = None,
    kept: Path | None = None,
    beside: Path | None = None,
) -> None:
    """Prune a trained weights file with recovery, choose its threshold, write it packed.

    dense: or a packed file, which recovers on; a ramp of 0.001 then keeps what it has pruned.
    beside: a later file of the same training; the mean of both is often better than either.
    steps: 0 prunes by magnitude and rounds at once. The rest is as in `targets` and `recover`.
    Raises DamagedModel, OSError.
    """
    stored = weights.load(dense)
    start, used = time.monotonic(), time.process_time()
    other = weights.load(beside) if beside else None
    if other:
        for name, value in stored.weights.items():
            stored.weights[name] = ((value + other.weights[name]) / 2).astype(value.dtype)
    net = network(stored)
    goals = targets(net, sparsity, group, embeddings)
    recover(net, goals, seed=seed, steps=steps, rate=rate, ramp=ramp, progress=progress, kept=kept)
    kinds = {name: (goal.kind, goal.group) for name, goal in goals.items()}
    recovery = {"steps": steps, "rate": rate, "ramp": ramp, "seed": seed, "sparsity": sparsity}
    if "recovery" in stored.about:
        recovery["before"] = stored.about["recovery"]
    if other and "recovery" in other.about:
        recovery["beside"] = {**other.about["recovery"], "before": None}
    recovery["train_s"] = round(time.monotonic() - start)
    recovery["cpu_s"] = round(time.process_time() - used)
    about = {**stored.about, "recovery": recovery}
    arrays = {name: value.numpy() for name, value in net.named().items()}
    settle(
        out,
        about,
        lambda mark: weights.save_packed(out, stored.shape, arrays, kinds, mark, about),
    )


def main(arguments: list[str] | None = None) -> int:
    """Prune a trained edge model and write it packed."""
    parser = argparse.ArgumentParser(
        prog="python -m cloud_proxy.pruning.edge", description=__doc__
    )
    parser.add_argument("dense", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sparsity", type=float, default=0.7)
    parser.add_argument("--group", type=int, default=32)
    parser.add_argument("--embeddings", choices=("dense4", "int8", "sparse4"), default="dense4")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--ramp", type=float, default=0.5, help="share of the steps that prune")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", type=Path, help="a later file, to take the mean of both")
    parser.add_argument("--keep", dest="kept", type=Path, help="file to go on from after a break")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)

    def tell(step: int, steps: int, loss: float) -> None:
        if step % 100 == 0 or step == steps:
            print(f"step {step}/{steps}  loss {loss:.4f}", file=sys.stderr, flush=True)

    pack(**vars(args), progress=tell)
    print(f"{args.out}: {args.out.stat().st_size} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
