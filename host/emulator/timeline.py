"""How far the boards of a world may go in virtual time: a fixed limit, or the wall's pace."""

import threading
import time
from collections.abc import Callable


class Timeline:
    """Microseconds of virtual time since the world began.

    Held: time stands at a limit that only `hold` moves; a board runs up to it and waits there.
    Following: the limit moves with the wall clock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held_us: int | None = 0
        self._base_us = 0
        self._base_wall_ns = 0
        self.floor_us = 0  # where time last stopped following the wall: no board is behind that
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_held(self) -> bool:
        """Whether time stands still at the limit."""
        return self._held_us is not None

    def limit_us(self) -> int:
        """Return the time up to which boards may run now."""
        held = self._held_us
        if held is not None:
            return held
        return self._base_us + (time.monotonic_ns() - self._base_wall_ns) // 1000

    def hold(self, at_us: int | None = None) -> int:
        """Hold time at `at_us`, or where it is now; return the limit. Time never goes back."""
        with self._lock:
            now = self.limit_us()
            if self._held_us is None:
                self.floor_us = now
            self._held_us = now if at_us is None else max(now, at_us)
            limit = self._held_us
        self._tell()
        return limit

    def move(self, limit_us: int, floor_us: int) -> None:
        """Hold time at `limit_us` without telling anyone: all who listen are parked."""
        with self._lock:
            self._held_us = limit_us
            self.floor_us = floor_us

    def follow_wall(self) -> None:
        """Let time run with the wall clock, from where it is."""
        with self._lock:
            if self._held_us is None:
                return
            self._base_us = self._held_us
            self._base_wall_ns = time.monotonic_ns()
            self._held_us = None
        self._tell()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called, from any thread, when the limit jumps or the mode changes."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()
