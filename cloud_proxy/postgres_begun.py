"""Attempts that have begun, in Postgres: when a proxy is gone any other gives them their rows.

Each proxy says every second that it lives. What one that is silent had begun goes into the ledger
as lost, once, in one transaction. If it was only stalled, its own rows take the place of those.
"""

# pyright: basic, reportMissingImports=false

import asyncio
import json
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg

from cloud_proxy import tasks
from cloud_proxy.journal import as_json
from cloud_proxy.metering import Attempt
from cloud_proxy.postgres_book import BEAT, ERRORS, begun_key, insert_rows

log = logging.getLogger("limpet.ledger")

DEAD_AFTER_S = 10
_BEAT_S = 1.0
_ANSWER_TIMEOUT_S = 0.5  # then the journal on this machine's disk has to do
_TIMEOUT_S = 5
_BEGIN = "INSERT INTO begun (proxy, key, row) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_BEGIN_MANY = """
INSERT INTO begun (proxy, key, row) SELECT $1, * FROM unnest($2::text[], $3::text[])
ON CONFLICT DO NOTHING"""
_SILENT = f"""
SELECT name FROM proxy WHERE seen < now() - interval '{DEAD_AFTER_S} s' FOR UPDATE SKIP LOCKED"""
_TAKE = "DELETE FROM begun WHERE proxy = $1 RETURNING row"
_FORGET_OLD = "DELETE FROM proxy WHERE seen < now() - interval '1 hour'"
_FORGET = "DELETE FROM proxy WHERE name = $1"
_ERRORS = (OSError, *ERRORS)  # the first: a timeout too


class PostgresBegun:
    """Tells the database what this proxy begins; those that come together share a commit.

    otherwise: where an attempt is noted while the database cannot be reached.
    """

    def __init__(self, dsn: str, proxy: str, otherwise: Callable[[Attempt], None]) -> None:
        self._dsn = dsn
        self._proxy = proxy
        self._otherwise = otherwise
        self._writing: Any = None  # a connection; None while the database cannot be reached
        self._beating: Any = None
        self._waiting: list[tuple[Attempt, asyncio.Future[None]]] = []
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin. The tables are there; a database that is not makes us wait, and no more."""
        with suppress(*_ERRORS):
            await self._beat()
        self._tasks = [
            asyncio.create_task(self._write(), name="begun.write"),
            asyncio.create_task(self._live(), name="begun.live"),
        ]

    async def began(self, row: Attempt) -> None:
        """Return once the attempt is in the books; raises CancelledError alone."""
        if self._writing is None:
            self._otherwise(row)
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        self._woken.set()
        await done

    async def close(self) -> None:
        """Say that this proxy is gone in good order; the ledger must be closed."""
        await tasks.end(self._tasks)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                if self._beating:
                    # what is still begun has its row in the spool, or was cancelled on its way
                    await self._beating.execute(_TAKE, self._proxy)
                    await self._beating.execute(_FORGET, self._proxy)
        except _ERRORS as e:
            log.warning("ledger: the others will take this proxy for killed: %s", e)
        self._writing = _hang_up(self._writing)
        self._beating = _hang_up(self._beating)

    async def _write(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            batch, self._waiting = self._waiting, []
            try:
                async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                    keys = [begun_key(row) for row, _ in batch]
                    texts = [as_json(row).decode() for row, _ in batch]
                    if len(batch) == 1:
                        await self._writing.execute(_BEGIN, self._proxy, keys[0], texts[0])
                    else:
                        await self._writing.execute(_BEGIN_MANY, self._proxy, keys, texts)
            except (*_ERRORS, AttributeError) as e:  # the last: hung up meanwhile
                log.error("ledger: %d attempts begin on this machine's word: %s", len(batch), e)
                self._writing = _hang_up(self._writing)
                for row, _ in batch:
                    self._otherwise(row)
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _live(self) -> None:
        heard = True
        while True:
            await asyncio.sleep(_BEAT_S * random.uniform(0.8, 1.0))
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._beat()
                    await self._sweep()
                heard = True
            except _ERRORS as e:
                if heard:  # said once
                    why = str(e) or type(e).__name__
                    log.error("ledger: nobody hears that this proxy lives: %s", why)
                heard = False
                self._beating = _hang_up(self._beating)

    async def _beat(self) -> None:
        if self._beating is None:
            self._beating = await asyncpg.connect(
                self._dsn, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S
            )
        await self._beating.execute(BEAT, self._proxy)
        if self._writing is None:
            # a row that Postgres takes with it when it crashes is on nobody's conscience: waiting
            # for its disk would be paid by every request
            self._writing = await asyncpg.connect(
                self._dsn,
                timeout=_TIMEOUT_S,
                server_settings={"synchronous_commit": "off"},
            )

    async def _sweep(self) -> None:
        """Give what silent proxies had begun its rows; one proxy does, whoever comes first."""
        database = self._beating
        async with database.transaction():
            for (name,) in await database.fetch(_SILENT):
                rows = [Attempt(**json.loads(row)) for (row,) in await database.fetch(_TAKE, name)]
                await insert_rows(database, rows)
                if rows:
                    log.warning("ledger: %s is gone; %d of its attempts are lost", name, len(rows))
            await database.execute(_FORGET_OLD)


def _hang_up(connection: Any) -> None:
    if connection is not None:
        connection.terminate()
