"""Databases that keep the ledger's rows: what one must do, and the columns that all have."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from cloud_proxy.metering import Attempt

COLUMNS = Attempt._fields
NAMES = ", ".join(COLUMNS)
PLACE = COLUMNS.index("attempt")
_TIME, _TIER, _OUTCOME = map(COLUMNS.index, ("time_ms", "tier", "outcome"))
FOREVER_MS = 1 << 53
LOST = "lost"  # the outcome of an attempt whose proxy was killed; it may have left, or not
SUMS = ("attempts", "requests", "ok", "input_tokens", "output_tokens", "cost_ud", "estimated")
_KEYS = {  # what rows can be summed by; a day and an hour are counted from 1970, UTC
    **{"tier": "tier", "device": "device"},
    **{"day": "time_ms / 86400000", "hour": "time_ms / 3600000"},
}

# {flag}: the type of `estimated`; BIGINT is an INTEGER of eight bytes in SQLite too.
SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    time_ms BIGINT NOT NULL, device TEXT NOT NULL, request TEXT NOT NULL,
    retry INTEGER NOT NULL, attempt INTEGER NOT NULL, tier TEXT NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    estimated {flag} NOT NULL, cost_ud BIGINT NOT NULL, price_version TEXT NOT NULL,
    ttft_ms INTEGER, total_ms INTEGER NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL,
    since_ms INTEGER NOT NULL DEFAULT 0, slo_ms INTEGER,
    UNIQUE (device, request, retry, attempt)
)"""


class Book(Protocol):
    """A database. One thread uses it at a time; it may be used by another one after `shut`."""

    def open(self) -> None:
        """Create what is not there. Raises UserError if that cannot work."""
        ...

    def insert(self, rows: Sequence[Attempt]) -> None:
        """Insert all rows or, with an exception, none; one that is there already is left.

        Another row of the same key moves up to the next free number of an attempt. A row takes
        the place of the one that told it lost, whichever comes first: `place` says how.
        """
        ...

    def rows(self, since_ms: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield what there is since a moment, oldest first, in the order of COLUMNS."""
        ...

    def sums(
        self, by: Sequence[str], since_ms: int = 0, until_ms: int = FOREVER_MS
    ) -> list[tuple[Any, ...]]:
        """Return keys and SUMS of what began in [since_ms, until_ms), in the keys' order.

        by: of tier, device, day, hour. Any thread may ask, of a book that no other one uses.
        """
        ...

    def shut(self) -> None:
        """Let go of the connection; the next use makes a new one."""
        ...


def sums_query(by: Sequence[str], since: str, until: str) -> str:
    """Return the question of `Book.sums`; since, until: the places of its values."""
    places = ", ".join(map(str, range(1, len(by) + 1)))
    return f"""
SELECT {", ".join(_KEYS[name] for name in by)}, COUNT(*), COUNT(DISTINCT device || '/' || request),
    SUM(CASE WHEN outcome = 'ok' THEN 1 ELSE 0 END), SUM(input_tokens), SUM(output_tokens),
    CAST(SUM(cost_ud) AS BIGINT), SUM(CASE WHEN estimated THEN 1 ELSE 0 END)
FROM attempt WHERE time_ms >= {since} AND time_ms < {until}
GROUP BY {places} ORDER BY {places}"""


def place(row: Attempt, there: Sequence[Sequence[Any]]) -> tuple[int | None, bool]:
    """Return the number of an attempt under which a row goes in, and what it does there.

    there: the rows of the same device, request and try, one of which has the row's number. None:
    it is there already, be it as what was taken for lost. True: it replaces the row of that
    number, which was taken for lost and was not. Else the number is the first free one.
    """
    for other in there:
        pairs = enumerate(zip(row, other, strict=True))
        if all(a == b for position, (a, b) in pairs if position != PLACE):
            return None, False
    for other in there:
        if (other[_TIME], other[_TIER]) == (row.time_ms, row.tier):
            if row.outcome == LOST:
                return None, False
            if other[_OUTCOME] == LOST:
                return other[PLACE], True
    return 1 + max(other[PLACE] for other in there), False
