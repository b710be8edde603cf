"""select.poll's other half: sets of file numbers that the board waits on."""

from collections.abc import Callable

from host.emulator.clock import Clock
from host.emulator.descriptors import GuestError, Table
from host.emulator.waker import Watched

INTERRUPTED = 0xFFFF
_INVALID = 32  # POLLNVAL


class Polls:
    """Poll sets by number. A file number that was closed meanwhile is ready with POLLNVAL."""

    def __init__(self, clock: Clock, descriptors: Table) -> None:
        self._clock = clock
        self._open = descriptors
        self._sets: list[dict[int, int]] = []
        self._ready: list[list[tuple[int, int]]] = []

    def new(self) -> int:
        """Make an empty set and return its number."""
        self._sets.append({})
        self._ready.append([])
        return len(self._sets) - 1

    def put(self, poll: int, number: int, bits: int) -> None:
        """Watch a file number for these bits."""
        self._sets[poll][number] = bits

    def drop(self, poll: int, number: int) -> None:
        """Watch it no more."""
        self._sets[poll].pop(number, None)

    def wait(self, poll: int, timeout_ms: int | None) -> int:
        """Wait; return how many are ready, 0 after the timeout, INTERRUPTED after an interrupt."""
        clock = self._clock
        deadline_us = None if timeout_ms is None else clock.now_us + timeout_ms * 1000
        found = self._collect(poll)
        if not found and timeout_ms != 0:
            clock.wait(deadline_us, self._watched(poll), self._any_console(poll))
            found = self._collect(poll)
        elif not found:
            clock.read()
        self._ready[poll] = found
        if found:
            return len(found)
        if deadline_us is not None and clock.now_us >= deadline_us:
            return 0
        return INTERRUPTED

    def next(self, poll: int) -> int:
        """Return the next ready one as number << 8 | bits, or 0 when there are no more."""
        if not self._ready[poll]:
            return 0
        number, bits = self._ready[poll].pop(0)
        return number << 8 | bits

    def _collect(self, poll: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for number, bits in self._sets[poll].items():
            try:
                now = self._open[number].ready(bits)
            except GuestError:
                now = _INVALID
            if now:
                found.append((number, now))
        return found

    def _watched(self, poll: int) -> list[Watched]:
        watched: list[Watched] = []
        for number, bits in self._sets[poll].items():
            real = self._open[number].watched(bits)
            if real:
                watched.append(real)
        return watched

    def _any_console(self, poll: int) -> Callable[[], bool] | None:
        """Return a check for what is ready without being a socket, or None if all are sockets."""
        others = [
            (self._open[number], bits)
            for number, bits in self._sets[poll].items()
            if self._open[number].watched(bits) is None
        ]
        if not others:
            return None
        return lambda: any(descriptor.ready(bits) for descriptor, bits in others)
