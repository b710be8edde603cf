"""What has begun and is not in the ledger yet: a killed proxy's attempts are found here."""

import json
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from cloud_proxy.fast_json import encode
from cloud_proxy.metering import Attempt

log = logging.getLogger("limpet.ledger")

_LONGEST_BYTES = 1_048_576  # then it is written anew, with what is still open

Key = tuple[str, str, int, int, int]  # an attempt, among those of one proxy


def key_of(row: Attempt) -> Key:
    """Return what tells an attempt from every other one of a proxy."""
    return row.device, row.request, row.retry, row.attempt, row.time_ms


def as_json(row: Attempt) -> bytes:
    """Return a row as one line, without its end."""
    return encode(row._asdict())


class Journal:
    """A line an attempt, written before the tier is asked: as if the attempt had been lost.

    The kernel has the line when `began` returns, so it outlives the process (not a power cut, nor
    does a SQLite ledger in WAL mode promise that for its last rows). Lines are never marked as
    done: at the next start the ledger tells which attempts got their row.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: dict[Key, bytes] = {}
        self._fd = -1
        self._size = 0
        self._longest = _LONGEST_BYTES
        self._lock = threading.Lock()  # the event loop begins, the ledger's thread settles

    def lost(self) -> list[Attempt]:
        """Return what an earlier run had begun: rows for the ledger, some of which it may have.

        A last line that a kill cut is none: its attempt did not leave.
        """
        rows: list[Attempt] = []
        if self._file.exists():
            for line in self._file.read_text("utf-8", "replace").splitlines():
                try:
                    rows.append(Attempt(**json.loads(line)))
                except (ValueError, TypeError):
                    log.error("ledger: a line of %s cannot be read", self._file)
        return rows

    def open(self) -> None:
        """Begin anew, with nothing. Raises OSError."""
        self._fd = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        self._size = 0

    def began(self, row: Attempt) -> None:
        """Note that an attempt begins; at once. A full disk is logged: requests go on."""
        line = as_json(row) + b"\n"
        with self._lock:
            self._open[key_of(row)] = line
            try:
                self._size += os.write(self._fd, line)
            except OSError as e:
                log.error("ledger: a kill would now lose an attempt: %s", e)

    def settled(self, rows: Iterable[Attempt]) -> None:
        """Note that these have their rows in the ledger or in its spool."""
        with self._lock:
            for row in rows:
                self._open.pop(key_of(row), None)
            try:
                if not self._open and self._fd >= 0:
                    os.ftruncate(self._fd, 0)
                    self._size = 0
                elif self._size > self._longest:
                    self._begin_anew()
            except OSError as e:
                log.error("ledger: %s cannot be shortened: %s", self._file, e)

    def close(self) -> None:
        """Remove the file if nothing is open in it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            if not self._open:
                self._file.unlink(missing_ok=True)

    def _begin_anew(self) -> None:
        fresh = self._file.with_suffix(".new")
        kept = b"".join(self._open.values())
        fresh.write_bytes(kept)
        fd = os.open(fresh, os.O_WRONLY | os.O_APPEND)
        os.replace(fresh, self._file)
        os.close(self._fd)
        self._fd, self._size = fd, len(kept)
        self._longest = max(_LONGEST_BYTES, 2 * len(kept))
