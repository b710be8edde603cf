"""Write the tables of docs/pruning.md from what the other scripts found.

python benchmarks/pruning/tables.py
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import RESULTS, between  # noqa: E402

_PAGE = Path(__file__).parent.parent.parent / "docs" / "pruning.md"
_METRIC = re.compile(r"(magnitude|wanda|sparsegpt) (.+) (\d\d)% seed (\d+)$")
_SCORES = ("magnitude", "wanda", "sparsegpt")


def main() -> None:
    _PAGE.write_text(page(_PAGE.read_text("utf-8")), "utf-8")


def page(text: str) -> str:
    """Return docs/pruning.md with the tables that the results give."""
    return between(text, "numbers", ["## Measured", "", *_language(), *_tuned(), *_edge()])


def _language() -> list[str]:
    rows = _rows("pruning_smollm2")
    dense = next(r for r in rows if r["metric"] == "dense")
    published = [r for r in rows if r["metric"].startswith("LLaMA")]
    names = (f"{r['metric'].removeprefix('LLaMA-2-7B ')} {r['value']}" for r in published)
    return [
        "**SmolLM2-135M-Instruct**, `benchmarks/pruning/smollm2.py`: perplexity, one-shot, no",
        f"training, float32, on {dense['how'].split(',')[0]}; dense {dense['value']:.1f}.",
        "Statistics are those of the dense model on 4,096 tokens. A value a calibration seed.",
        "",
        *_grid(rows, "{:.0f}"),
        f"Published for LLaMA-2-7B on WikiText-2, for the direction: {', '.join(names)}.",
        "",
    ]


def _tuned() -> list[str]:
    if not (RESULTS / "pruning_smollm2_tuned.json").exists():
        return []
    rows = _rows("pruning_smollm2_tuned")
    lines = [
        "**The same, packed, and with `--tune`**, `benchmarks/pruning/smollm2_tuned.py`: what is",
        "left of each layer is trained to give the dense layer's output, on one thread.",
        "",
        "| | perplexity | times dense | how |",
        "|---|---|---|---|",
    ]
    for r in rows:
        lines.append(f"| {r['metric']} | {r['value']:.0f} | {r['ratio'] or 1:.1f} | {r['how']} |")
    return [*lines, ""]


def _edge() -> list[str]:
    if not (RESULTS / "pruning_edge_model.json").exists():
        return []
    rows = _rows("pruning_edge_model")
    dense = next(r for r in rows if r["metric"] == "dense")
    recovered = [r for r in rows if r["metric"].startswith("recovered")]
    lines = [
        "**The edge model**, `benchmarks/pruning/edge_model.py`: exact match on its",
        f"{dense['how']}; dense {dense['value']:.1%}.",
        "One-shot without rounding or training, a value a seed.",
        "",
        *_grid(rows, "{:.1%}"),
    ]
    if recovered:
        lines += [
            "With recovery, INT4, as packed:",
            "",
            "| | exact match | how |",
            "|---|---|---|",
        ]
        lines += [f"| {r['metric']} | {r['value']:.1%} | {r['how']} |" for r in recovered]
        lines += ["", "What ships recovered on from there: [edge-model.md](edge-model.md).", ""]
    return lines


def _grid(rows: list[dict[str, Any]], shown: str) -> list[str]:
    """Return a table: a line an allocation, a column a score and sparsity, the seeds in a cell."""
    cells: dict[tuple[str, str, str], list[str]] = {}
    for r in rows:
        if match := _METRIC.match(r["metric"]):
            score, name, percent, _ = match.groups()
            cells.setdefault((name, score, percent), []).append(shown.format(r["value"]))
    columns = sorted(
        {(s, p) for _, s, p in cells}, key=lambda c: (-int(c[1]), _SCORES.index(c[0]))
    )
    names = list(dict.fromkeys(name for name, _, _ in cells))
    lines = ["| | " + " | ".join(f"{s} {p}%" for s, p in columns) + " |"]
    lines.append("|---|" + "---|" * len(columns))
    for name in names:
        values = [", ".join(cells.get((name, *c), ["-"])) for c in columns]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return [*lines, ""]


def _rows(name: str) -> list[dict[str, Any]]:
    return json.loads((RESULTS / f"{name}.json").read_text())


if __name__ == "__main__":
    main()
