"""Budget sums in Postgres: a row an account, changed only while it stays within its limit."""

# pyright: basic, reportMissingImports=false

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloud_proxy.budgets import Account
from cloud_proxy.postgres_book import ERRORS, open_pool
from cloud_proxy.shared_store import SharedStore

KILL = "kill"  # an account that exists while nothing may be spent
_CREATING = 0x11A9E8  # an advisory lock, as in postgres_book
_SCHEMA = """
CREATE TABLE IF NOT EXISTS budget (key TEXT PRIMARY KEY, ud BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS settled (
    batch TEXT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now()
)"""
_BATCH = "INSERT INTO settled (batch) VALUES ($1) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM settled WHERE at < now() - interval '1 hour'"
_ADD_WITHIN = """
INSERT INTO budget AS b (key, ud) SELECT $1, $2::bigint WHERE $2::bigint <= $3::bigint
ON CONFLICT (key) DO UPDATE SET ud = b.ud + excluded.ud WHERE b.ud + excluded.ud <= $3::bigint
RETURNING ud"""
_ADD = """
INSERT INTO budget AS b (key, ud) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET ud = b.ud + excluded.ud"""
_RAISE = """
INSERT INTO budget AS b (key, ud) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET ud = GREATEST(b.ud, excluded.ud)"""
_SUM = "SELECT ud FROM budget WHERE key = $1"
_CONNECTIONS = 8


class _Exceeds(Exception):
    """An account would exceed its limit: the transaction is taken back."""


class PostgresStore(SharedStore):
    """Sums in the database of a connection string."""

    errors = ERRORS

    def __init__(self, dsn: str, killed: Callable[[], bool]) -> None:
        super().__init__(killed)
        self._dsn = dsn
        self._pool: Any = None

    async def connect(self) -> None:
        """Connect and create the table."""
        self._pool = await open_pool(self._dsn, _CONNECTIONS, _CREATING, _SCHEMA)

    async def add_within(self, accounts: Sequence[Account], ud: int) -> dict[str, int] | None:
        """Add to every account or, if one would exceed its limit, to none."""
        sums: dict[str, int] = {}
        try:
            async with self._pool.acquire() as database, database.transaction():
                # one order for all proxies: no two wait for each other's row
                for account in sorted(accounts, key=lambda account: account.key):
                    args = (account.key, ud, account.limit_ud)
                    sum_ud = await database.fetchval(_ADD_WITHIN, *args)
                    if sum_ud is None:
                        self.learn(account.key, await database.fetchval(_SUM, account.key) or 0)
                        raise _Exceeds
                    sums[account.key] = sum_ud
        except _Exceeds:
            return None
        return sums

    async def add(self, batch: str, sums: dict[str, int]) -> None:
        """Add to accounts by key, all or none, and once."""
        async with self._pool.acquire() as database, database.transaction():
            await database.execute(_FORGET)
            if await database.execute(_BATCH, batch) == "INSERT 0 1":
                await database.executemany(_ADD, sorted(sums.items()))

    async def look(self) -> bool:
        """Return whether the shared kill switch is on."""
        return await self._pool.fetchval(_SUM, KILL) is not None

    async def switch(self, on: bool) -> None:
        """Put the shared kill switch."""
        if on:
            await self._pool.execute(_ADD, KILL, 0)
        else:
            await self._pool.execute("DELETE FROM budget WHERE key = $1", KILL)

    async def raise_to(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, that are lower."""
        async with self._pool.acquire() as database, database.transaction():
            await database.executemany(_RAISE, sorted(sums.items()))

    async def hang_up(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()
