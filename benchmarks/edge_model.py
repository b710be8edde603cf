"""How right, quick and large the shipped edge model is: `python benchmarks/edge_model.py`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: one thread a sentence

import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from results import between, row, save  # noqa: E402

from cloud_proxy.edge_model import EdgeModel, evaluate, weights  # noqa: E402

_ROUNDS = 3
_CARD = Path(__file__).parent.parent / "docs" / "edge-model.md"
_PARENT = Path(__file__).parent / "pruning" / "edge_dense.npz"  # of the shipped file
_THRESHOLDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_BARS = {
    "exact_match": 0.92,
    "tool_accuracy": None,
    "false_call_rate": 0.02,
    "acting_precision": 0.99,
}


def card(rows: list[dict[str, Any]]) -> None:
    """Write the numbers into the model card."""
    lines = ["| | value | bar | measured on |", "|---|---|---|---|"]
    for entry in rows:
        bar = entry["compared_with"] or ""
        lines.append(
            f"| {entry['metric']} | {entry['value']} {entry['unit']} | {bar} | {entry['how']} |"
        )
    page = _CARD.read_text(encoding="utf-8")
    _CARD.write_text(between(page, "numbers", lines), encoding="utf-8")


def recovered(about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the recoveries that a packed file went through, the last one first."""
    recovery = about.get("recovery")
    while recovery:
        yield recovery
        if "beside" in recovery:
            yield recovery["beside"]
        recovery = recovery.get("before")


def main() -> None:
    model = EdgeModel.load()
    sentences = [
        (c.sentence, c.memory) for path in evaluate.SETS.values() for c in evaluate.cases(path)
    ]
    spent: list[float] = []
    passed: list[float] = []
    for turn in range(_ROUNDS + 1):
        for sentence, memory in sentences:
            wall, thread = time.perf_counter(), time.thread_time()
            model.answer(sentence, memory=memory)
            if turn:
                spent.append((time.thread_time() - thread) * 1000)
                passed.append((time.perf_counter() - wall) * 1000)
    how = f"{len(sentences)} hand-written sentences, {_ROUNDS} rounds, one thread"
    rows: list[dict[str, Any]] = []
    for name, times in (("thread time", spent), ("wall time, machine shared", passed)):
        cuts = statistics.quantiles(times, n=20)
        for percent, value, bar in ((50, cuts[9], 5), (95, cuts[18], 12)):
            rows.append(
                row(
                    f"p{percent} a sentence, {name}",
                    round(value, 2),
                    "ms",
                    compared_with=f"{bar} ms bar",
                    ratio=value / bar,
                    how=how,
                )
            )
    size = weights.DEFAULT.stat().st_size
    rows.append(
        row(
            "weights file",
            size,
            "B",
            compared_with="1,000,000 B bar",
            ratio=size / 1e6,
            how="bytes on disk",
        )
    )
    about = model.about
    rows.append(
        row(
            "parameters",
            about["parameters"],
            "",
            how="linear layers INT4 behind a bitmap, embeddings int8",
        )
    )
    recoveries = list(recovered(about))
    dense_s, steps = about["train_s"], sum(r["steps"] for r in recoveries)
    rows.append(
        row(
            "training time",
            dense_s + sum(r["train_s"] for r in recoveries),
            "s",
            how=f"wall time on one CPU thread of a busy machine, {about['steps']} steps of "
            f"{about['batch']} dense, {steps} steps of recovery",
        )
    )
    cpu_s = about["cpu_s"] + sum(r["cpu_s"] for r in recoveries)
    rows.append(row("training, CPU", cpu_s, "s", how="of that time"))
    rows.append(row("threshold", model.threshold, "", how="chosen on the development set"))
    for name, path in evaluate.SETS.items():
        scores = evaluate.score(model, path)
        sizes = f"{scores.inside} in scope, {scores.outside} expect no call, {scores.acting} act"
        for metric, value in scores.rates().items():
            bar = _BARS.get(metric)
            rows.append(
                row(
                    f"{metric} {name}",
                    round(value, 4),
                    "",
                    compared_with=f"{bar} bar" if bar else None,
                    ratio=value / bar if bar else None,
                    how=sizes,
                )
            )
        rows.append(
            row(
                f"calibration error {name}",
                round(evaluate.calibration_error(model, path), 4),
                "",
                how="confidence against the share of right calls, ten bins, no threshold",
            )
        )
        for mark in evaluate.curve(model, path, _THRESHOLDS):
            rows.append(
                row(
                    f"threshold {mark.threshold:.2f} {name}: acting recall at its precision",
                    round(mark.recall, 4),
                    f"at precision {mark.precision:.4f}",
                    how="the share of the sentences which expect an action that got the right one",
                )
            )
    for name, stored in (("dense parent", weights.load(_PARENT)), ("shipped", model.stored)):
        free = EdgeModel(stored, threshold=0.0)
        exact = evaluate.score(free, evaluate.DEV).rates()["exact_match"]
        how = "no threshold: what the network writes"
        rows.append(row(f"exact_match dev, {name}", round(exact, 4), "", how=how))
    save(__file__, rows)
    card(rows)
    for entry in rows:
        print(f"{entry['metric']:56} {entry['value']:>10} {entry['unit']}")


if __name__ == "__main__":
    main()
