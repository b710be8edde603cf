"""Databases that keep the ledger's rows: what one must do, and the columns that all have."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Protocol

from cloud_proxy.metering import Attempt

COLUMNS = tuple(field.name for field in fields(Attempt))
NAMES = ", ".join(COLUMNS)
PLACE = COLUMNS.index("attempt")
values_of = attrgetter(*COLUMNS)  # a row's values in the order of COLUMNS

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

        Another row of the same key moves up to the next free number of an attempt.
        """
        ...

    def rows(self, since_ms: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield what there is since a moment, oldest first, in the order of COLUMNS."""
        ...

    def shut(self) -> None:
        """Let go of the connection; the next use makes a new one."""
        ...


def same_but_number(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether two rows are the same apart from the number of the attempt."""
    pairs = enumerate(zip(one, other, strict=True))
    return all(a == b for place, (a, b) in pairs if place != PLACE)


def next_number(there: Sequence[Sequence[Any]]) -> int:
    """Return the first free number of an attempt beside the rows of the same key."""
    return 1 + max(row[PLACE] for row in there)
