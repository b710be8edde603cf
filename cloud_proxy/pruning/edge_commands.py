"""What `limpet-proxy prune` does with the edge model: `edge`, or a weights file of one."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud_proxy.edge_model import EdgeModel, evaluate, weights
from cloud_proxy.errors import UserError

from . import packed

if TYPE_CHECKING:
    from .measure import Progress
    from .probe import Found

EDGE = "edge"


def file_of(model: str) -> Path | None:
    """Return the weights file that MODEL names, or None if it names no edge model."""
    if model == EDGE:
        return weights.DEFAULT
    path = Path(model)
    return path if path.suffix in (".npz", ".packed") else None


def probe(path: Path, sparsity: float, score: str, seed: int, tell: Progress) -> Found:
    """Compare allocations on generated sentences."""
    from . import edge, edge_probe

    return edge_probe.probe(edge.network(_stored(path)), sparsity, score, seed, tell)


def run(
    path: Path, out: Path, sparsity: float, group: int, steps: int, seed: int, tell: Progress
) -> dict[str, Any]:
    """Prune with recovery and pack; return what `report` says of the result."""
    from . import edge

    if out.is_dir():
        raise UserError(
            f"{out} is a folder", "the edge model is one file", f"--out {out}/edge.packed"
        )

    def progress(step: int, steps: int, loss: float) -> None:
        tell("recovering", step, steps)

    _stored(path)
    edge.pack(path, out, sparsity=sparsity, group=group, steps=steps, seed=seed, progress=progress)
    return report(out)


def measure(path: Path, tell: Progress) -> dict[str, Any]:
    """Return how right and how quick the model is on the development set."""
    model = EdgeModel(_stored(path))
    start, count = time.perf_counter(), len(evaluate.cases(evaluate.DEV))
    scores = evaluate.score(model, evaluate.DEV)
    spent = time.perf_counter() - start
    tell("sentences", count, count)
    rates = {name: round(rate, 4) for name, rate in scores.rates().items()}
    return {
        "model": str(path),
        **rates,
        "sentences": count,
        "ms_a_sentence": round(1000 * spent / count, 2),
    }


def report(path: Path) -> dict[str, Any]:
    """Return what the model weighs: zeros, bits a weight, bytes, what stays dense."""
    stored = _stored(path)
    matrices = {
        n: v for n, v in stored.weights.items() if v.ndim == 2 and not n.endswith("_embed")
    }
    total = sum(v.size for v in matrices.values())
    row: dict[str, Any] = {
        "model": str(path),
        "zeros": round(sum(int((v == 0).sum()) for v in matrices.values()) / total, 5),
        "pruned_weights": total,
        "dense_weights": sum(v.size for v in stored.weights.values()) - total,
        "bytes_on_disk": path.stat().st_size,
        "bytes_in_memory": 4 * sum(v.size for v in stored.weights.values()),
    }
    if path.suffix == ".packed":
        bits = packed.bits_per_weight(packed.load(path)[0])
        spent = sum(bits[n] * v.size for n, v in matrices.items() if n in bits)
        row["bits_per_pruned_weight"] = round(spent / total, 3)
    return row


def _stored(path: Path) -> weights.Stored:
    try:
        return weights.load(path)
    except (OSError, ValueError) as e:
        raise UserError(f"{path} is no edge model", str(e), "limpet-proxy prune eval edge") from e
