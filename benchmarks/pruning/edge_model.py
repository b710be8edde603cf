"""The edge model pruned: one-shot by every score x allocation, and recovered by gradual training.

python benchmarks/pruning/edge_model.py [--dense FILE] [--steps N] adds what is missing to
benchmarks/results/pruning_edge_model.json and can be stopped at any time. FILE is the dense
parent, as `python -m cloud_proxy.edge_model.train` writes it; by default the shipped file. Needs
torch.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import RESULTS, row, save  # noqa: E402

from cloud_proxy.edge_model import EdgeModel, evaluate, weights  # noqa: E402
from cloud_proxy.pruning import edge, edge_probe  # noqa: E402
from cloud_proxy.pruning.allocation import METHODS, allocate  # noqa: E402
from cloud_proxy.pruning.scores import SCORES  # noqa: E402

_DENSE = Path(__file__).with_name("edge_dense.npz")  # the parent of what ships
_NAME = "pruning_edge_model"
_SENTENCES = 400
_EVERY = 5
_COUNT = len(evaluate.cases(evaluate.DEV)[::_EVERY])
_SET = f"development set, every fifth sentence, {_COUNT} of them, no threshold"


class Grid:
    """The dense parent and the rows that are there."""

    def __init__(self, dense: Path) -> None:
        self.stored, self.dense = weights.load(dense), dense
        self.net = edge.network(self.stored)
        path = RESULTS / f"{_NAME}.json"
        self.rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
        self.values = {r["metric"]: r["value"] for r in self.rows}

    def add(self, metric: str, value: float, how: str, against: str | None = "dense") -> None:
        ratio = None if against is None else value / self.values[against]
        self.values[metric] = value
        self.rows.append(
            row(
                metric, round(value, 4), "exact match", compared_with=against, ratio=ratio, how=how
            )
        )
        save(_NAME, self.rows)
        print(f"{metric}: {value:.4f}", flush=True)

    def with_weights(self, arrays: dict[str, Any]) -> float:
        """Return the exact match of other weights."""
        parent = self.stored
        return exact(weights.Stored(parent.shape, arrays, parent.threshold, parent.about))


def exact(stored: weights.Stored) -> float:
    return evaluate.score(EdgeModel(stored, 0.0), evaluate.DEV, _EVERY).rates()["exact_match"]


def one_shot(grid: Grid, seeds: int) -> None:
    how = f"{_SET}, one-shot, float32, no training"
    for seed in range(1, seeds + 1):
        names = [
            (percent, score, name, level)
            for percent in (70, 60, 50)
            for score in SCORES
            for name in METHODS
            if name != "lsa-measured"  # one of lsa and lsa-reversed
            for level in (("layer", "block", "projection") if name == "lsa" else ("layer",))
            if f"{score} {name} {level} {percent}% seed {seed}" not in grid.values
        ]
        if not names:
            continue
        grams, tokens = edge_probe.observe(grid.net, edge_probe.sentences(seed, _SENTENCES))
        held = edge_probe.sentences(seed + 1_000_000, _SENTENCES // 2)
        known = edge_probe.known(grid.net, grams, tokens)
        known = edge_probe.damaged(grid.net, grams, known, held, _quiet)
        for percent, score, name, level in names:
            shares = allocate(name, known, percent / 100, level)
            net = edge_probe.pruned(grid.net, grams, shares, score)
            arrays = {n: v.numpy() for n, v in net.named().items()}
            metric = f"{score} {name} {level} {percent}% seed {seed}"
            grid.add(metric, grid.with_weights(arrays), how)


def recovered(grid: Grid, steps: int, percents: list[int]) -> None:
    for percent in percents:
        metric = f"recovered uniform {percent}% INT4"
        if metric in grid.values:
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "edge.packed"
            edge.pack(grid.dense, file, sparsity=percent / 100, steps=steps, progress=_tell)
            how = f"{_SET}, {steps} steps of gradual pruning, INT4 in groups of 32, packed"
            grid.add(metric, exact(weights.load(file)), how)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dense", type=Path, default=_DENSE)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--packed", type=Path, help="a model that was recovered already")
    parser.add_argument("--recover", type=int, nargs="*", default=[70, 60, 50])
    args = parser.parse_args()
    torch.set_num_threads(1)
    grid = Grid(args.dense)
    if "dense" not in grid.values:
        grid.add("dense", exact(grid.stored), _SET, against=None)
    if args.packed:
        stored = weights.load(args.packed)
        done = stored.about["recovery"]
        metric = f"recovered uniform {round(100 * done['sparsity'])}% INT4"
        if metric not in grid.values:
            steps = done["steps"] + done.get("more_steps", 0)
            how = f"{_SET}, {steps} steps of gradual pruning, INT4, packed"
            grid.add(metric, exact(stored), how)
    one_shot(grid, args.seeds)
    recovered(grid, args.steps, args.recover)


def _quiet(what: str, done: int, total: int) -> None:
    pass


def _tell(step: int, steps: int, loss: float) -> None:
    if step % 100 == 0:
        print(f"step {step}/{steps}  loss {loss:.4f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
