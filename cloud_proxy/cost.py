"""What devices, groups, days and tiers have cost, summed by the ledger's database itself."""

from collections.abc import Mapping, Sequence
from time import gmtime, strftime
from typing import Any

from cloud_proxy.books import FOREVER_MS, SUMS, Book
from cloud_proxy.budgets import Limit
from cloud_proxy.report import NO_GROUP

Row = dict[str, Any]
_DAY_S = 86_400


def cost(
    book: Book,
    by: str,
    since_ms: int = 0,
    until_ms: int = FOREVER_MS,
    groups: Mapping[str, Limit] | None = None,
) -> list[Row]:
    """Return a row a tier, device, group or day (UTC) of what began in [since_ms, until_ms).

    groups: which devices each covers; one that several cover counts in each, one that none does
    in NO_GROUP.
    """
    rows = book.sums(["device" if by == "group" else by], since_ms, until_ms)
    if by == "group":
        return _grouped(rows, groups or {})
    names = (_day(row[0]) if by == "day" else row[0] for row in rows)
    return [_row(by, name, row[1:]) for name, row in zip(names, rows, strict=True)]


def _grouped(rows: Sequence[tuple[Any, ...]], groups: Mapping[str, Limit]) -> list[Row]:
    found: dict[str, list[int]] = {}
    for device, *values in rows:
        for name in [n for n, limit in groups.items() if limit.covers(device)] or [NO_GROUP]:
            so_far = found.get(name, [0] * len(SUMS))
            found[name] = [a + b for a, b in zip(so_far, values, strict=True)]
    return [_row("group", name, found[name]) for name in sorted(found)]


def _row(by: str, name: str, values: Sequence[int]) -> Row:
    return {by: name, **dict(zip(SUMS, values, strict=True))}


def _day(number: int) -> str:
    return strftime("%Y-%m-%d", gmtime(number * _DAY_S))
