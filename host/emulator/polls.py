"""select.poll's other half: sets of file numbers that the board waits on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from host.emulator.clock import Clock
from host.emulator.descriptors import ERROR, HANGUP, Descriptor, GuestError, Table
from host.emulator.waker import Sockets, Watched

INTERRUPTED = 1 << 28
_MORE = 1 << 24
_INVALID = 32  # POLLNVAL


@dataclass
class _Set:
    """One poll set. `bits`: of each file number. The rest is made from it, see `Polls._see`."""

    bits: dict[int, int] = field(default_factory=dict[int, int])
    ready: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    seen: int = -1  # the table's changes when the rest was made; -1: it is to be made
    sockets: Sockets | None = None
    numbers: dict[int, int] = field(default_factory=dict[int, int])  # real -> the guest's
    others: list[tuple[int, int, Descriptor | None]] = field(default_factory=list)  # pyright: ignore


class Polls:
    """Poll sets by number. A file number that was closed meanwhile is ready with POLLNVAL."""

    def __init__(self, clock: Clock, descriptors: Table) -> None:
        self._clock = clock
        self._open = descriptors
        self._sets = [_Set()]
        self._used = self._sets[0]

    def new(self) -> int:
        """Make an empty set and return its number, 1 or more."""
        self._sets.append(_Set())
        return len(self._sets) - 1

    def use(self, poll: int) -> None:
        """Let the other calls mean this set."""
        self._used = self._sets[poll]

    def put(self, number: int, bits: int) -> None:
        """Watch a file number for these bits."""
        self._used.bits[number] = bits
        self._used.seen = -1

    def drop(self, number: int) -> None:
        """Watch it no more."""
        self._used.bits.pop(number, None)
        self._used.seen = -1

    def wait(self, timeout_ms: int) -> int:
        """Wait; return the first that is ready, 0 after the timeout, INTERRUPTED by an interrupt.

        What is ready is number << 8 | bits, and _MORE if `next` has more.
        """
        clock = self._clock
        watched = self._see(self._used)
        deadline_us = clock.now_us + timeout_ms * 1000
        found = self._collect(watched)
        if not found:
            if timeout_ms == 0:
                clock.read()
                return 0
            clock.wait(deadline_us, watched.sockets, self._any_other(watched))
            found = self._collect(self._see(watched))
        watched.ready = found
        if found:
            return self.next()
        return 0 if clock.now_us >= deadline_us else INTERRUPTED

    def next(self) -> int:
        """Return the next one that is ready, as `wait` does, or 0."""
        ready = self._used.ready
        if not ready:
            return 0
        number, bits = ready.pop(0)
        return number << 8 | bits | (_MORE if ready else 0)

    def _see(self, found: _Set) -> _Set:
        """Sort out what the file numbers of a set stand for, if that may have changed."""
        if found.seen == self._open.changes:
            return found
        found.seen = self._open.changes
        found.numbers, found.others = {}, []
        real: list[Watched] = []
        for number, bits in found.bits.items():
            try:
                descriptor = self._open[number]
            except GuestError:
                found.others.append((number, bits, None))
                continue
            watched = descriptor.watched(bits)
            if watched:
                real.append(watched)
            if watched and descriptor.is_plain:
                found.numbers[watched[0].fileno()] = number
            else:
                found.others.append((number, bits, descriptor))
        found.sockets = Sockets(real) if real else None
        return found

    def _collect(self, watched: _Set) -> list[tuple[int, int]]:
        ready: list[tuple[int, int]] = []
        for number, bits, descriptor in watched.others:
            now = descriptor.ready(bits) if descriptor else _INVALID
            if now:
                ready.append((number, now))
        if watched.sockets:
            for real, now in watched.sockets.poll(0):
                number = watched.numbers.get(real, -1)
                now &= watched.bits.get(number, 0) | ERROR | HANGUP
                if now and number >= 0:
                    ready.append((number, now))
        if len(ready) > 1:
            order = list(watched.bits)
            ready.sort(key=lambda entry: order.index(entry[0]))
        return ready

    def _any_other(self, watched: _Set) -> Callable[[], bool] | None:
        """Return a check for what is ready without being a socket, or None if all are sockets.

        It holds too when the set is to be sorted out again.
        """
        others, seen, table = watched.others, watched.seen, self._open
        if not others:
            return None
        return lambda: (
            table.changes != seen or any(d is None or d.ready(bits) for _, bits, d in others)
        )
