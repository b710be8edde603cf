"""The ledger: one row an attempt, written off the hot path and never dropped."""

import json
import logging
import os
import threading
import time
from collections import Counter, deque
from pathlib import Path

from cloud_proxy.books import SUMS, Book
from cloud_proxy.errors import UserError
from cloud_proxy.journal import Journal
from cloud_proxy.metering import Attempt
from cloud_proxy.sqlite_book import SqliteBook

log = logging.getLogger("limpet.ledger")

_COST = SUMS.index("cost_ud")
_HOUR_MS = 3_600_000
_LINGER_S = 0.1  # rows that come within one another's company share a commit
_REPLAY_EVERY_S = 5.0
_CLOSE_TIMEOUT_S = 30.0


class Ledger:
    """Rows go in through `record` at any time; one thread writes them.

    `began` comes before: an attempt that got no row because its proxy was killed has one, with the
    outcome "lost", after the next start. What the database does not take goes into a spool beside
    it, `<file>.spool.jsonl`, and from there into the database as soon as that works again, be it
    in a later run.
    """

    def __init__(self, file: Path, book: Book | None = None) -> None:
        """book: where the rows go; default: SQLite in the file."""
        self.file = file
        self.book = book or SqliteBook(file)
        self.spool = file.with_name(file.name + ".spool.jsonl")
        self._journal = Journal(file.with_name(file.name + ".begun.jsonl"))
        self._waiting: deque[Attempt] = deque()
        self._storing = 0  # rows that were taken from there and are not kept yet
        self._woken = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._kept: list[Attempt] = []  # taken by neither database nor spool, for now

    def open(self) -> None:
        """Create what is not there and start to write. Raises UserError if that cannot work."""
        self.book.open()
        self._find_lost()
        self._closing = False
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    def began(self, attempt: Attempt) -> None:
        """Note that an attempt begins; its row as it is if nothing more is heard of it."""
        self._journal.began(attempt)

    def record(self, attempt: Attempt) -> None:
        """Hand over a row; returns at once."""
        self._waiting.append(attempt)
        if not self._woken.is_set():
            self._woken.set()

    def spent(self, since_s: int, book: Book | None = None) -> list[tuple[str, int, int]]:
        """Return (device, hour as Unix time, micro-dollars) since a moment; call it after `open`.

        What a crash left in the spool is counted too. book: another way to the same rows, for a
        thread that asks while rows are written.
        """
        since_ms = since_s * 1000
        sums: Counter[tuple[str, int]] = Counter()
        for device, hour, *told in (book or self.book).sums(("device", "hour"), since_ms):
            sums[device, hour * 3600] += told[_COST]
        for row in _read_spool(self.spool)[0]:
            if row.time_ms >= since_ms:
                sums[row.device, row.time_ms // _HOUR_MS * 3600] += row.cost_ud
        return [(device, hour_s, ud) for (device, hour_s), ud in sums.items()]

    def waiting(self) -> int:
        """Return how many rows are neither in the database nor in the spool yet."""
        return len(self._waiting) + self._storing + len(self._kept)

    def close(self) -> None:
        """Write what was handed over, then stop."""
        if self._thread:
            self._closing = True
            self._woken.set()
            self._thread.join(_CLOSE_TIMEOUT_S)
            self._thread = None
            self._journal.close()

    def _find_lost(self) -> None:
        """Give those that an earlier run had begun their rows, unless they have them."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lost = self._journal.lost()
            if lost:
                log.warning("ledger: a proxy was killed; it had begun %d attempts", len(lost))
                self._store(lost)
                self.book.shut()  # another thread goes on
            self._journal.open()
        except OSError as e:
            hint = "choose another file with --ledger, or mend its permissions"
            raise UserError(f"no file can be made beside {self.file}", str(e), hint) from e

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
                self._storing = 0
        self.book.shut()

    def _next_batch(self) -> tuple[list[Attempt], bool]:
        """Return the rows that wait, and False after the last ones.

        One wake-up a batch: each one takes the interpreter away from the event loop for a while.
        """
        self._woken.wait(_REPLAY_EVERY_S)
        self._woken.clear()
        closing_now = self._closing
        if not closing_now:
            time.sleep(_LINGER_S)
        self._storing = len(self._waiting)
        batch = [self._waiting.popleft() for _ in range(self._storing)]
        return batch, not closing_now

    def _store(self, batch: list[Attempt]) -> None:
        try:
            self.book.insert(batch)
            self._journal.settled(batch)
        except Exception as e:  # this thread must live on, whatever a row or the disk is like
            log.error("ledger: %d rows go to the spool: %s", len(batch), e)
            self._to_spool(batch)

    def _to_spool(self, batch: list[Attempt]) -> None:
        rows = self._kept + batch
        try:
            with self.spool.open("a", encoding="utf-8") as spool:
                spool.writelines(json.dumps(row._asdict()) + "\n" for row in rows)
                spool.flush()
                os.fsync(spool.fileno())
            self._kept = []
            self._journal.settled(rows)
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
            self.book.insert(rows)
            if unreadable:  # a line that a crash cut: kept for a person
                with self.spool.with_suffix(".unreadable").open("a", encoding="utf-8") as aside:
                    aside.writelines(line + "\n" for line in unreadable)
            self.spool.unlink(missing_ok=True)
            self._journal.settled(self._kept)
            self._kept = []
            log.warning("ledger: %d spooled rows were brought in", len(rows))
        except Exception as e:  # as above
            log.error("ledger: the spool has to wait: %s", e)


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
