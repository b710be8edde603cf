"""Cost and budgets as a person reads them: rows of text from what a proxy tells."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from host.fleet_show import plain

Json = dict[str, Any]
_COST_HEAD = ("REQUESTS", "OK", "TOKENS IN", "TOKENS OUT", "COST")
_BUDGET_HEAD = ("BUDGET", "LIMIT", "SPENT", "DEVICES", "FROM")


def usd(ud: int) -> str:
    """Return micro-dollars in dollars, with as many digits as they need."""
    text = f"{ud / 1e6:,.6f}"
    return "$" + text[:-4] + text[-4:].rstrip("0")


def in_order(by: str, rows: Sequence[Json]) -> list[Json]:
    """Return rows as they are read: days as they come, else the dearest first."""
    if by == "day":
        return list(rows)
    return sorted(rows, key=lambda row: (-int(row["cost_ud"]), str(row[by])))


def cost_lines(by: str, rows: Sequence[Json]) -> list[str]:
    """Return the rows of `limpet fleet cost` under a head."""
    cells = [
        [
            plain(row[by]),
            *(f"{row[name]:,}" for name in ("requests", "ok", "input_tokens", "output_tokens")),
            usd(row["cost_ud"]),
        ]
        for row in rows
    ]
    return _columns((by.upper(), *_COST_HEAD), cells, right=range(1, 6))


def total_line(told: Mapping[str, Any], rows: Sequence[Json]) -> str:
    """Return since when, and what it came to. A device of several groups counts in each."""
    whole = usd(sum(int(row["cost_ud"]) for row in rows))
    until = told.get("until_s")
    end = f" until {_day(until)}" if isinstance(until, int) else ""
    return f"since {_day(told['since_s'])}{end} (UTC): {whole}"


def budget_lines(budgets: Sequence[Json]) -> list[str]:
    """Return the rows of `limpet fleet budget ls` under a head."""
    return _columns(_BUDGET_HEAD, [_budget(row) for row in budgets], right=(1,))


def _budget(row: Json) -> list[str]:
    scope = f"group:{row['name']}" if row["name"] else row["scope"]
    spent = usd(row["spent_ud"]) + (f" ({row['most']})" if row["most"] else "")
    return [
        plain(cell)
        for cell in (
            f"{scope} {row['per']}",
            usd(round(row["usd"] * 1e6)),
            spent,
            ",".join(row["devices"]) or "all",
            _origin(row),
        )
    ]


def _origin(row: Json) -> str:
    if row["from"] != "operator":
        return "configuration"
    instead = [usd(round(value * 1e6)) for value in row["instead_of_usd"]]
    more = f", instead of {' and '.join(instead)}" if instead else ""
    return f"{row['by']}, {_day(row['at_s'])}{more}"


def _columns(
    head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]
) -> list[str]:
    lines = [head, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    return [
        "  ".join(
            f"{cell:>{width}}" if n in right else f"{cell:{width}}"
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _day(time_s: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time_s))
