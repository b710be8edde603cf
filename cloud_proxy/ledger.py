"""The ledger: one row an attempt, in SQLite, written off the hot path and never dropped."""

import json
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, astuple, fields, replace
from pathlib import Path
from typing import Any

from cloud_proxy.errors import UserError
from cloud_proxy.metering import Attempt

log = logging.getLogger("limpet.ledger")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    time_ms INTEGER NOT NULL, device TEXT NOT NULL, request TEXT NOT NULL,
    retry INTEGER NOT NULL, attempt INTEGER NOT NULL, tier TEXT NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL, cost_ud INTEGER NOT NULL, price_version TEXT NOT NULL,
    ttft_ms INTEGER, total_ms INTEGER NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL,
    since_ms INTEGER NOT NULL DEFAULT 0, slo_ms INTEGER,
    UNIQUE (device, request, retry, attempt)
)"""
COLUMNS = tuple(field.name for field in fields(Attempt))
_NAMES = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO attempt ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
# What ledgers of earlier versions lack.
_ADDED = {"since_ms": "INTEGER NOT NULL DEFAULT 0", "slo_ms": "INTEGER"}
_KEY = "device = ? AND request = ? AND retry = ?"

_LINGER_S = 0.02  # rows that come within one another's company share a commit
_MAX_BATCH = 1000  # rows
_BUSY_TIMEOUT_S = 5.0
_REPLAY_EVERY_S = 5.0
_CLOSE_TIMEOUT_S = 30.0


class Ledger:
    """Rows go in through `record` at any time; one thread writes them.

    What the database does not take goes into a spool beside it, `<file>.spool.jsonl`, and from
    there into the database as soon as that works again, be it in a later run.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.spool = file.with_name(file.name + ".spool.jsonl")
        self._queue: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None  # of the writing thread
        self._inode = 0
        self._kept: list[Attempt] = []  # taken by neither database nor spool, for now

    def open(self) -> None:
        """Create what is not there and start to write. Raises UserError if that cannot work."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._connect().close()
        except (OSError, sqlite3.Error) as e:
            raise UserError(
                f"the ledger {self.file} cannot be written",
                str(e),
                "choose another file with --ledger, or mend its permissions",
            ) from e
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    def record(self, attempt: Attempt) -> None:
        """Hand over a row; returns at once."""
        self._queue.put(attempt)

    def spent(self, since_s: int) -> list[tuple[str, int, int]]:
        """Return (device, hour as Unix time, micro-dollars) since a moment; call it after `open`.

        What a crash left in the spool is counted too.
        """
        query = (
            "SELECT device, time_ms / 3600000 * 3600, SUM(cost_ud) FROM attempt"
            " WHERE time_ms >= ? GROUP BY 1, 2"
        )
        with closing(self._connect()) as database:
            sums = list(database.execute(query, (since_s * 1000,)))
        for row in _read_spool(self.spool)[0]:
            if row.time_ms >= since_s * 1000:
                sums.append((row.device, row.time_ms // 3_600_000 * 3600, row.cost_ud))
        return sums

    def waiting(self) -> int:
        """Return how many rows are neither in the database nor in the spool yet."""
        return self._queue.qsize() + len(self._kept)

    def close(self) -> None:
        """Write what was handed over, then stop."""
        if self._thread:
            self._queue.put(None)
            self._thread.join(_CLOSE_TIMEOUT_S)
            self._thread = None

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.file, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_SCHEMA)
        there = {row[1] for row in database.execute("PRAGMA table_info(attempt)")}
        for name in _ADDED.keys() - there:
            database.execute(f"ALTER TABLE attempt ADD COLUMN {name} {_ADDED[name]}")
        return database

    def _write(self) -> None:
        last_replay_s = 0.0
        going_on = True
        while going_on:
            batch, going_on = self._next_batch()
            now_s = time.monotonic()
            if now_s - last_replay_s >= _REPLAY_EVERY_S or not going_on:
                last_replay_s = now_s
                self._replay()
            if batch:
                self._store(batch)
        self._shut()

    def _next_batch(self) -> tuple[list[Attempt], bool]:
        """Return the rows that wait, and False after the last ones."""
        try:
            first = self._queue.get(timeout=_REPLAY_EVERY_S)
        except queue.Empty:
            return [], True
        if first is None:
            return [], False
        batch = [first]
        deadline_s = time.monotonic() + _LINGER_S
        while len(batch) < _MAX_BATCH:
            try:
                row = self._queue.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                break
            if row is None:
                return batch, False
            batch.append(row)
        return batch, True

    def _store(self, batch: list[Attempt]) -> None:
        try:
            self._insert(batch)
        except Exception as e:  # this thread must live on, whatever a row or the disk is like
            log.error("ledger: %d rows go to the spool: %s", len(batch), e)
            self._to_spool(batch)

    def _insert(self, batch: Iterable[Attempt]) -> None:
        try:
            database = self._opened()
            database.execute("BEGIN IMMEDIATE")
            for row in batch:
                _insert_one(database, row)
            database.execute("COMMIT")
        except BaseException:
            self._shut()
            raise

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, made anew if the file was moved away or replaced."""
        file = self.file.stat() if self.file.exists() else None
        if self._database is None or file is None or file.st_ino != self._inode:
            self._shut()
            self._database = self._connect()
            self._inode = self.file.stat().st_ino
        return self._database

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _to_spool(self, batch: list[Attempt]) -> None:
        rows = self._kept + batch
        try:
            with self.spool.open("a", encoding="utf-8") as spool:
                spool.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
                spool.flush()
                os.fsync(spool.fileno())
            self._kept = []
        except OSError as e:
            log.error("ledger: %d rows are kept in memory, the spool fails too: %s", len(rows), e)
            self._kept = rows

    def _replay(self) -> None:
        """Bring what is spooled into the database if that works; twice does no harm."""
        if not self._kept and not self.spool.exists():
            return
        try:
            spooled, unreadable = _read_spool(self.spool)
            rows = self._kept + spooled
            self._insert(rows)
            if unreadable:  # a line that a crash cut: kept for a person
                with self.spool.with_suffix(".unreadable").open("a", encoding="utf-8") as aside:
                    aside.writelines(line + "\n" for line in unreadable)
            self.spool.unlink(missing_ok=True)
            self._kept = []
            log.warning("ledger: %d spooled rows were brought in", len(rows))
        except Exception as e:  # as above
            log.error("ledger: the spool has to wait: %s", e)


def _insert_one(database: sqlite3.Connection, row: Attempt) -> None:
    """Insert a row; one that is there already is left, another one of the same key moves up."""
    try:
        database.execute(_INSERT, astuple(row))
    except sqlite3.IntegrityError:
        key = (row.device, row.request, row.retry)
        there = database.execute(f"SELECT {_NAMES} FROM attempt WHERE {_KEY}", key).fetchall()
        place = COLUMNS.index("attempt")
        if not any(_same_but(place, astuple(row), other) for other in there):
            number = 1 + max(other[place] for other in there)
            database.execute(_INSERT, astuple(replace(row, attempt=number)))


def _same_but(place: int, one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one[:place] + one[place + 1 :] == other[:place] + other[place + 1 :]


def _read_spool(spool: Path) -> tuple[list[Attempt], list[str]]:
    """Return the rows of a spool, and the lines of it that are none."""
    rows: list[Attempt] = []
    unreadable: list[str] = []
    if spool.exists():
        for line in spool.read_text("utf-8").splitlines():
            try:
                rows.append(Attempt(**json.loads(line)))
            except (ValueError, TypeError):
                unreadable.append(line)
                log.error("ledger: a line of %s cannot be read", spool)
    return rows, unreadable
