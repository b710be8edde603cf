"""How much the edge model owes to its seed: `python benchmarks/pruning/edge_seeds.py [--seed N]`.

Trains each seed from scratch as docs/edge-model.md has it (half an hour of one CPU thread), prunes
it, and measures it. A break loses nothing: what is in --work is gone on from. With --seed one of
them is trained only, so that several can be trained side by side; without, what is missing is
trained, and all are measured.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import between, row, save  # noqa: E402

from cloud_proxy.edge_model import EdgeModel, evaluate, weights  # noqa: E402

SEEDS = (1, 2, 3)
_CARD = Path(__file__).parent.parent.parent / "docs" / "edge-model.md"


def made(seed: int, work: Path) -> tuple[Path, Path]:
    """Return the dense and the packed file of a seed, trained if they are not there."""
    from cloud_proxy.edge_model import train  # torch is needed for this alone
    from cloud_proxy.pruning import edge

    dense, packed = work / f"dense{seed}.npz", work / f"edge{seed}.packed"
    number = ["--seed", str(seed)]
    if not dense.exists():
        train.main([*number, "--out", str(dense), "--keep", str(work / f"dense{seed}.keep")])
    if not packed.exists():
        kept = ["--keep", str(work / f"edge{seed}.keep")]
        edge.main([str(dense), str(packed), "--embeddings", "int8", *number, *kept])
    return dense, packed


def card(rows: list[dict[str, Any]]) -> None:
    """Write the numbers into the model card."""
    lines = ["| | value | of |", "|---|---|---|"]
    lines += [
        f"| {entry['metric']} | {entry['value']} {entry['unit']} | {entry['how']} |"
        for entry in rows
    ]
    page = _CARD.read_text(encoding="utf-8")
    _CARD.write_text(between(page, "seeds", lines), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("edge_seeds"), help="folder to go on in")
    parser.add_argument("--seed", type=int, choices=SEEDS, help="train this one only")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    if args.seed:
        made(args.seed, args.work)
        return 0
    rows, found = [], dict[str, list[float]]()
    for seed in SEEDS:
        dense, packed = made(seed, args.work)
        about = weights.load(packed).about
        took = about["cpu_s"] + about["recovery"]["cpu_s"]
        how = f"{about['steps']} steps dense, {about['recovery']['steps']} while it is pruned"
        rows.append(row(f"seed {seed}: CPU of the training", took, "s", how=how))
        for label, path in evaluate.SETS.items():
            rates = evaluate.score(EdgeModel.load(packed), path).rates()
            for metric, value in rates.items():
                found.setdefault(f"{metric} {label}", []).append(value)
                rows.append(
                    row(f"seed {seed}: {metric} {label}", round(value, 4), "", how="as packed")
                )
        for label, file in (("dense", dense), ("packed", packed)):
            free = EdgeModel(weights.load(file), threshold=0.0)
            exact = evaluate.score(free, evaluate.DEV).rates()["exact_match"]
            rows.append(
                row(
                    f"seed {seed}: exact_match dev, {label}",
                    round(exact, 4),
                    "",
                    how="no threshold",
                )
            )
    for metric, values in found.items():
        how = f"{len(values)} seeds, lowest {min(values):.4f}, highest {max(values):.4f}"
        rows.append(row(f"mean {metric}", round(statistics.mean(values), 4), "", how=how))
    save(__file__, rows)
    card([entry for entry in rows if entry["how"] != "as packed"])
    for entry in rows:
        print(f"{entry['metric']:44} {entry['value']:>10} {entry['unit']} {entry['how']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
