"""The ledger's rows in a SQLite file: one proxy, no server to run."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from cloud_proxy.books import COLUMNS, FOREVER_MS, NAMES, SCHEMA, place, sums_query
from cloud_proxy.errors import UserError
from cloud_proxy.metering import Attempt

_AT_ONCE = 50  # rows; SQLite before 3.32 takes 999 values in a statement
# What ledgers of earlier versions lack.
_ADDED = {"since_ms": "INTEGER NOT NULL DEFAULT 0", "slo_ms": "INTEGER"}
_ABSENT = {"since_ms": "0", "slo_ms": "NULL"}
_KEY = "device = ? AND request = ? AND retry = ?"
_BUSY_TIMEOUT_S = 5.0


class SqliteBook:
    """Rows in a file, in WAL mode."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._inode = 0

    def open(self) -> None:
        """Create what is not there. Raises UserError if that cannot work."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._connect().close()
        except (OSError, sqlite3.Error) as e:
            raise UserError(
                f"the ledger {self._file} cannot be written",
                str(e),
                "choose another file with --ledger, or mend its permissions",
            ) from e

    def insert(self, rows: Sequence[Attempt]) -> None:
        """Insert all rows or, with an exception, none; one that is there already is left."""
        try:
            database = self._opened()
            database.execute("BEGIN IMMEDIATE")
            try:
                _insert(database, rows)
            except sqlite3.IntegrityError:  # some are there already: one by one
                database.execute("ROLLBACK")
                database.execute("BEGIN IMMEDIATE")
                for row in rows:
                    _insert_one(database, row)
            database.execute("COMMIT")
        except BaseException:
            self.shut()
            raise

    def rows(self, since_ms: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield what there is since a moment, oldest first; the file is left as it is."""
        with closing(sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S)) as database:
            there = _columns(database)
            names = [n if n in there or n not in _ADDED else _ABSENT[n] for n in COLUMNS]
            query = f"SELECT {', '.join(names)} FROM attempt WHERE time_ms >= ? ORDER BY rowid"
            yield from database.execute(query, (since_ms,))

    def sums(
        self, by: Sequence[str], since_ms: int = 0, until_ms: int = FOREVER_MS
    ) -> list[tuple[Any, ...]]:
        """Return keys and sums of what began in a time."""
        with closing(sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S)) as database:
            return database.execute(sums_query(by, "?", "?"), (since_ms, until_ms)).fetchall()

    def shut(self) -> None:
        """Let go of the connection."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(SCHEMA.format(flag="INTEGER"))
        for name in _ADDED.keys() - _columns(database):
            database.execute(f"ALTER TABLE attempt ADD COLUMN {name} {_ADDED[name]}")
        return database

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, made anew if the file was moved away or replaced."""
        file = self._file.stat() if self._file.exists() else None
        if self._database is None or file is None or file.st_ino != self._inode:
            self.shut()
            self._database = self._connect()
            self._inode = self._file.stat().st_ino
        return self._database


def _columns(database: sqlite3.Connection) -> set[str]:
    return {row[1] for row in database.execute("PRAGMA table_info(attempt)")}


@cache
def _insertion(rows: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS))})"
    return f"INSERT INTO attempt ({NAMES}) VALUES {', '.join([row] * rows)}"


def _insert(database: sqlite3.Connection, rows: Sequence[Attempt]) -> None:
    """Insert rows, many in one statement: at each one the interpreter is let go and taken back."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        database.execute(_insertion(len(some)), tuple(chain.from_iterable(some)))


def _insert_one(database: sqlite3.Connection, row: Attempt) -> None:
    try:
        _insert(database, [row])
    except sqlite3.IntegrityError:
        key = (row.device, row.request, row.retry)
        there = database.execute(f"SELECT {NAMES} FROM attempt WHERE {_KEY}", key).fetchall()
        number, replaces = place(row, there)
        if replaces:
            database.execute(f"DELETE FROM attempt WHERE {_KEY} AND attempt = ?", (*key, number))
        if number is not None:
            _insert(database, [row._replace(attempt=number)])
