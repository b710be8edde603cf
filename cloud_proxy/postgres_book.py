"""The ledger's rows in Postgres: several proxies share it.

The ledger's thread has an event loop of its own for this, so that nothing here is on the hot path.
"""

# pyright: basic, reportMissingImports=false

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import asyncpg

from cloud_proxy.books import COLUMNS, NAMES, SCHEMA, next_number, same_but_number, values_of
from cloud_proxy.errors import UserError
from cloud_proxy.metering import Attempt

_PLACES = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
_INSERT = f"INSERT INTO attempt ({NAMES}) VALUES ({_PLACES}) ON CONFLICT DO NOTHING"
_SAME_KEY = f"SELECT {NAMES} FROM attempt WHERE device = $1 AND request = $2 AND retry = $3"
_SINCE = f"SELECT {NAMES} FROM attempt WHERE time_ms >= $1 ORDER BY time_ms, device, request"
_CREATING = 0x11A9E7  # an advisory lock: proxies that start at once create the table once
_TIMEOUT_S = 5

T = TypeVar("T")


class PostgresBook:
    """Rows in the database of a connection string."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._runner: asyncio.Runner | None = None
        self._connection: Any = None

    def open(self) -> None:
        """Create the table. Raises UserError if that cannot work."""
        try:
            self._run(self._create())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
            why = str(e) or type(e).__name__
            hint = "psql the connection string by hand, and mend [shared] postgres"
            raise UserError("the ledger in Postgres cannot be written", why, hint) from e
        finally:
            self.shut()

    def insert(self, rows: Sequence[Attempt]) -> None:
        """Insert all rows or, with an exception, none; one that is there already is left."""
        try:
            self._run(self._insert(rows))
        except BaseException:
            self.shut()
            raise

    def rows(self, since_ms: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield what there is since a moment, oldest first."""
        try:
            yield from map(tuple, self._run(self._select(since_ms)))
        finally:
            self.shut()

    def shut(self) -> None:
        """Let go of the connection and of the loop."""
        runner, self._runner = self._runner, None
        connection, self._connection = self._connection, None
        if runner:
            if connection is not None:
                connection.terminate()
            runner.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(work)

    async def _opened(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S
            )
        return self._connection

    async def _create(self) -> None:
        database = await self._opened()
        async with database.transaction():
            await database.execute(f"SELECT pg_advisory_xact_lock({_CREATING})")
            await database.execute(SCHEMA.format(flag="BOOLEAN"))

    async def _insert(self, rows: Sequence[Attempt]) -> None:
        database = await self._opened()
        async with database.transaction():
            for row in rows:
                # sends no round trip more than it must: conflicts are rare
                if await database.execute(_INSERT, *values_of(row)) == "INSERT 0 0":
                    await _make_room(database, row)

    async def _select(self, since_ms: int) -> list[Any]:
        return await (await self._opened()).fetch(_SINCE, since_ms)


async def _make_room(database: Any, row: Attempt) -> None:
    there = await database.fetch(_SAME_KEY, row.device, row.request, row.retry)
    if not any(same_but_number(values_of(row), tuple(other)) for other in there):
        moved = replace(row, attempt=next_number([tuple(other) for other in there]))
        await database.execute(_INSERT, *values_of(moved))
