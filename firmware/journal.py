"""The journal: why each pin is as it is. The last entries, in memory."""

from micropython import const

_MAX_ENTRIES = const(24)


class Journal:
    """A ring of (time, cause, tool, arguments, result).

    clock: see clock.Clock. time: Unix seconds, or seconds of uptime while the clock is not set.
    """

    def __init__(self, clock):
        self._clock = clock
        self.entries = []

    def add(self, by, tool, args, result):
        """Note one call. by: its cause, "chat <id>" or "rule <name>"."""
        clock = self._clock
        now = clock.unix_s() if clock.is_set() else clock.uptime_ms() // 1000
        if len(self.entries) >= _MAX_ENTRIES:
            self.entries.pop(0)
        self.entries.append((now, by, tool, args, result))
