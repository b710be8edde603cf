"""The ledger's rows in Postgres: several proxies share it.

The ledger's thread has an event loop of its own for this, so that nothing here is on the hot path.
"""

# pyright: basic, reportMissingImports=false

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import asyncpg

from cloud_proxy.books import COLUMNS, FOREVER_MS, NAMES, SCHEMA, place, sums_query
from cloud_proxy.errors import UserError
from cloud_proxy.metering import Attempt

# That mean that the database cannot be reached; the last is what asyncpg raises of a connection
# that broke while it was used.
ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_PLACES = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
_INSERT = f"INSERT INTO attempt ({NAMES}) VALUES ({_PLACES}) ON CONFLICT DO NOTHING"
_SAME_KEY = f"SELECT {NAMES} FROM attempt WHERE device = $1 AND request = $2 AND retry = $3"
_SINCE = f"SELECT {NAMES} FROM attempt WHERE time_ms >= $1 ORDER BY time_ms, device, request"
_DELETE = "DELETE FROM attempt WHERE device = $1 AND request = $2 AND retry = $3 AND attempt = $4"
# What has begun and has no row yet, and the proxies that are alive; see postgres_begun.
_BEGUN_SCHEMA = """
CREATE TABLE IF NOT EXISTS begun (
    proxy TEXT NOT NULL, key TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (proxy, key)
);
CREATE TABLE IF NOT EXISTS proxy (name TEXT PRIMARY KEY, seen TIMESTAMPTZ NOT NULL)"""
# A proxy says that it lives.
BEAT = """
INSERT INTO proxy (name, seen) VALUES ($1, now()) ON CONFLICT (name) DO UPDATE SET seen = now()"""
_ENDED = "DELETE FROM begun WHERE proxy = $1 AND key = ANY($2::text[])"
_CREATING = 0x11A9E7  # an advisory lock: proxies that start at once create the table once
_TIMEOUT_S = 5

T = TypeVar("T")


class PostgresBook:
    """Rows in the database of a connection string."""

    def __init__(self, dsn: str, proxy: str = "") -> None:
        """proxy: under whose name its attempts were told to have begun; "": nobody's."""
        self._dsn = dsn
        self._proxy = proxy
        self._runner: asyncio.Runner | None = None
        self._connection: Any = None

    def open(self) -> None:
        """Create the table. Raises UserError if that cannot work."""
        try:
            self._run(self._create())
        except (OSError, *ERRORS) as e:
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

    def sums(
        self, by: Sequence[str], since_ms: int = 0, until_ms: int = FOREVER_MS
    ) -> list[tuple[Any, ...]]:
        """Return keys and sums of what began in a time."""
        try:
            return self._run(self._sums(by, since_ms, until_ms))
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
            await database.execute(_BEGUN_SCHEMA)

    async def _insert(self, rows: Sequence[Attempt]) -> None:
        database = await self._opened()
        async with database.transaction():
            await insert_rows(database, rows)
            if self._proxy:
                keys = [begun_key(row) for row in rows]
                await database.execute(_ENDED, self._proxy, keys)

    async def _sums(self, by: Sequence[str], since_ms: int, until_ms: int) -> list[Any]:
        query = sums_query(by, "$1", "$2")
        return [*map(tuple, await (await self._opened()).fetch(query, since_ms, until_ms))]

    async def _select(self, since_ms: int) -> list[Any]:
        return await (await self._opened()).fetch(_SINCE, since_ms)


async def open_pool(dsn: str, connections: int, creating: int, schema: str) -> Any:
    """Return a pool of connections for the hot path, once the schema is there.

    creating: an advisory lock of this schema's own. Raises one of ERRORS, OSError.
    """
    pool = await asyncpg.create_pool(
        dsn, min_size=1, max_size=connections, timeout=2, command_timeout=2, reset=_leave
    )
    async with pool.acquire() as database, database.transaction():
        await database.execute(f"SELECT pg_advisory_xact_lock({creating})")
        await database.execute(schema)
    return pool


async def _leave(_: Any) -> None:
    """Leave a connection as it is when it goes back to a pool: we change nothing about it.

    Resetting it would be a round trip of its own.
    """


def begun_key(row: Attempt) -> str:
    """Return what tells an attempt from every other one of a proxy."""
    return f"{row.device}/{row.request}/{row.retry}/{row.attempt}/{row.time_ms}"


async def insert_rows(database: Any, rows: Sequence[Attempt]) -> None:
    """Insert rows within a transaction, as `Book.insert` promises."""
    for row in rows:
        # sends no round trip more than it must: conflicts are rare
        if await database.execute(_INSERT, *row) == "INSERT 0 0":
            await _make_room(database, row)


async def _make_room(database: Any, row: Attempt) -> None:
    key = (row.device, row.request, row.retry)
    there = [tuple(other) for other in await database.fetch(_SAME_KEY, *key)]
    number, replaces = place(row, there)
    if replaces:
        await database.execute(_DELETE, *key, number)
    if number is not None:
        await database.execute(_INSERT, *row._replace(attempt=number))
