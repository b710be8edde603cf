"""Where orders are kept: a file beside the ledger, or a server that several proxies share.

What is kept is a text and a number that grows with each change, so that none is lost when two
operators change it at once.
"""

# pyright: basic, reportMissingImports=false

import asyncio
import json
import os
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

NOTHING = (0, "")
_TIMEOUT_S = 2.0


class OrderStore(ABC):
    """A text with its number. shared: whether others may change it; then it is looked at."""

    shared = True
    errors: tuple[type[Exception], ...] = ()  # that mean that it cannot be reached

    @abstractmethod
    async def open(self) -> None:
        """Connect. Raises OSError or one of `errors`."""

    @abstractmethod
    async def read(self, known: int = -1) -> tuple[int, str] | None:
        """Return number and text, (0, "") if nothing is kept, None if `known` is the number."""

    @abstractmethod
    async def replace(self, known: int, text: str) -> bool:
        """Keep a text under the next number; False if it is another that is known meanwhile."""

    @abstractmethod
    async def close(self) -> None:
        """Hang up."""


class FileOrders(OrderStore):
    """A file of one proxy, replaced as a whole; it survives a power cut at any moment."""

    shared = False

    def __init__(self, file: Path) -> None:
        self.file = file

    async def open(self) -> None:
        """Nothing is to be done."""

    async def read(self, known: int = -1) -> tuple[int, str] | None:
        """Return number and text."""
        if not self.file.exists():
            return None if known == 0 else NOTHING
        try:
            body = json.loads(self.file.read_text("utf-8"))
            number, orders = int(body["number"]), body["orders"]
        except (KeyError, TypeError) as e:
            raise ValueError(f"{self.file.name} is not what limpet-proxy writes") from e
        return None if number == known else (number, json.dumps(orders))

    async def replace(self, known: int, text: str) -> bool:
        """Write-new and rename."""
        if await self.read(known) is not None:
            return False
        body = {"number": known + 1, "orders": json.loads(text)}
        await asyncio.to_thread(self._write, json.dumps(body, indent=1).encode())
        return True

    def _write(self, data: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
        try:
            with os.fdopen(handle, "wb") as new:
                new.write(data)
                new.flush()
                os.fsync(new.fileno())
            os.replace(name, self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self.file.parent, os.O_RDONLY)  # the rename too has to survive
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def close(self) -> None:
        """Nothing is to be done."""


class PostgresOrders(OrderStore):
    """A row in the database that has the ledger."""

    _CREATING = 0x11A9E9  # an advisory lock, as in postgres_book
    _SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    name TEXT PRIMARY KEY, number BIGINT NOT NULL, body TEXT NOT NULL
)"""
    _READ = (
        "SELECT number, CASE WHEN number <> $1 THEN body END FROM orders WHERE name = 'budgets'"
    )
    _REPLACE = """
INSERT INTO orders AS o (name, number, body) VALUES ('budgets', $1::bigint + 1, $2)
ON CONFLICT (name) DO UPDATE SET number = excluded.number, body = excluded.body
WHERE o.number = $1::bigint RETURNING number"""

    def __init__(self, dsn: str) -> None:
        from cloud_proxy.postgres_book import ERRORS

        self.errors = ERRORS
        self._dsn = dsn
        self._pool: Any = None

    async def open(self) -> None:
        """Connect and create the table."""
        from cloud_proxy.postgres_book import open_pool

        self._pool = await open_pool(self._dsn, 1, self._CREATING, self._SCHEMA)

    async def read(self, known: int = -1) -> tuple[int, str] | None:
        """Return number and text."""
        row = await self._pool.fetchrow(self._READ, known)
        if row is None:
            return NOTHING if known != 0 else None
        return None if row[1] is None else (row[0], row[1])

    async def replace(self, known: int, text: str) -> bool:
        """Put the row, if it is as it is known."""
        return await self._pool.fetchval(self._REPLACE, known, text) is not None

    async def close(self) -> None:
        """Hang up."""
        if self._pool is not None:
            self._pool.terminate()


class RedisOrders(OrderStore):
    """A hash in the Redis that has the sums, where no Postgres is shared."""

    _KEY = "limpet:orders"
    # KEYS: the hash. ARGV: the number that is known, the text.
    _REPLACE = """
if (redis.call('HGET', KEYS[1], 'number') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'number', tonumber(ARGV[1]) + 1, 'body', ARGV[2])
return 1
"""

    def __init__(self, url: str) -> None:
        import redis.asyncio as redis
        from redis.exceptions import RedisError

        self.errors = (RedisError,)
        self._client: Any = redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._replace: Any = self._client.register_script(self._REPLACE)

    async def open(self) -> None:
        """See whether it answers."""
        await self._client.ping()

    async def read(self, known: int = -1) -> tuple[int, str] | None:
        """Return number and text."""
        number = int(await self._client.hget(self._KEY, "number") or 0)
        if number == known:
            return None
        told, body = await self._client.hmget(self._KEY, "number", "body")
        return (int(told), body.decode()) if told else NOTHING

    async def replace(self, known: int, text: str) -> bool:
        """Put the hash, if it is as it is known."""
        return bool(await self._replace(keys=[self._KEY], args=[known, text]))

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()
