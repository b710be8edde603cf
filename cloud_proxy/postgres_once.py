"""Claims on requests in Postgres: a row each, taken by one statement."""

# pyright: basic, reportMissingImports=false

from typing import Any

from cloud_proxy.once import ALIVE_S, KEPT_S, Claim, Once
from cloud_proxy.postgres_book import BEAT, ERRORS, open_pool

_CREATING = 0x11A9E9  # an advisory lock, as in postgres_book
# Not logged: what a crash of Postgres takes along are replies that a retry will seldom ask for.
_SCHEMA = """
CREATE UNLOGGED TABLE IF NOT EXISTS asked (
    key TEXT PRIMARY KEY, proxy TEXT NOT NULL, reply BYTEA, at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS asked_at ON asked (at)"""
_TAKE = f"""
INSERT INTO asked AS a (key, proxy) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE
SET proxy = excluded.proxy, reply = NULL, at = now()
WHERE a.at < now() - interval '{KEPT_S} s' OR a.reply IS NULL AND (
    a.proxy = excluded.proxy OR NOT EXISTS (
        SELECT FROM proxy p WHERE p.name = a.proxy AND p.seen > now() - interval '{ALIVE_S} s'))
RETURNING true"""
_REPLY = "SELECT reply FROM asked WHERE key = $1"
_KEEP = """
INSERT INTO asked (key, proxy, reply) SELECT k, $1, r FROM unnest($2::text[], $3::bytea[]) u(k, r)
ON CONFLICT (key) DO UPDATE SET proxy = $1, reply = excluded.reply, at = now()"""
_LET_GO = "DELETE FROM asked WHERE key = ANY($1::text[])"
_FORGET = f"DELETE FROM asked WHERE at < now() - interval '{2 * KEPT_S} s'"
_CONNECTIONS = 4
_FORGET_EVERY = 60  # beats


class PostgresOnce(Once):
    """Claims in the database of a connection string. The table `proxy` is postgres_book's."""

    errors = ERRORS

    def __init__(self, dsn: str, proxy: str) -> None:
        super().__init__(proxy)
        self._dsn = dsn
        self._pool: Any = None
        self._beats = 0

    async def connect(self) -> None:
        """Connect and create the table."""
        self._pool = await open_pool(self._dsn, _CONNECTIONS, _CREATING, _SCHEMA)

    async def take(self, key: str) -> Claim:
        """Claim a request unless it was answered, or a proxy that lives is at it."""
        if await self._pool.fetchval(_TAKE, key, self.proxy):
            return None
        return await self._pool.fetchval(_REPLY, key) or b""

    async def keep(self, ends: dict[str, bytes | None]) -> None:
        """Note how requests ended."""
        kept = {key: reply for key, reply in ends.items() if reply is not None}
        if kept:
            await self._pool.execute(_KEEP, self.proxy, list(kept), list(kept.values()))
        if gone := [key for key in ends if key not in kept]:
            await self._pool.execute(_LET_GO, gone)

    async def beat(self) -> None:
        """Say that we live; forget what is old."""
        await self._pool.execute(BEAT, self.proxy)
        self._beats += 1
        if self._beats % _FORGET_EVERY == 0:
            await self._pool.execute(_FORGET)

    async def hang_up(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()
