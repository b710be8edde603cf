"""How a benchmark says what it found: rows of one shape, in benchmarks/results/<script>.json."""

import json
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def row(
    metric: str,
    value: float,
    unit: str,
    *,
    compared_with: str | None = None,
    ratio: float | None = None,
    how: str,
) -> dict[str, Any]:
    """Return one result. ratio: value divided by that of what it is compared with."""
    return {
        "metric": metric,
        "value": value,
        "unit": unit,
        "compared_with": compared_with,
        "ratio": None if ratio is None else round(ratio, 4),
        "how": how,
    }


def save(script: str, rows: list[dict[str, Any]]) -> None:
    """Write the results of a script, named by its __file__, and say where on stderr."""
    path = RESULTS / f"{Path(script).stem}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"wrote {path.relative_to(RESULTS.parent.parent)}", file=sys.stderr)


def between(page: str, mark: str, lines: list[str]) -> str:
    """Return a page with these lines between `<!-- mark -->` and `<!-- /mark -->`."""
    first, last = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, rest = page.split(first)
    after = rest.split(last)[1]
    return before + "\n".join((first, *lines, last)) + after
