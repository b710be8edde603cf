"""Time on a board: an uptime that never jumps, and a local time that may not be known yet."""

import time

from micropython import const

_SET_AFTER = const(2025)  # a year before this one means that nobody has set the clock
_EPOCH_GAP_S = 946684800  # 1970-01-01 to 2000-01-01, the ESP32's epoch
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Clock:
    """Uptime in milliseconds over any number of wraps of ticks_ms, and the wall clock."""

    def __init__(self):
        self._ticks = time.ticks_ms()
        self._uptime_ms = 0
        # The wall clock counts from 1970 on some ports and from 2000 on others.
        self._to_unix_s = _EPOCH_GAP_S if time.gmtime(0)[0] == 2000 else 0

    def uptime_ms(self):
        """Return milliseconds since boot. Call it at least once in six days."""
        now = time.ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._uptime_ms

    def is_set(self):
        """True once the wall clock shows a date that can be true."""
        return time.gmtime()[0] >= _SET_AFTER

    def unix_s(self):
        """Return seconds since 1970-01-01 UTC; meaningless unless is_set()."""
        return int(time.time()) + self._to_unix_s

    def local(self):
        """Return (year, month, day, hour, minute, second, weekday 0=Monday)."""
        return time.gmtime()[:7]

    def words(self):
        """Return the local time as "2026-11-22 18:45:09", or None while it is not known."""
        if not self.is_set():
            return None
        return "%04d-%02d-%02d %02d:%02d:%02d" % self.local()[:6]


def seconds_until(local, at, days):
    """Return the seconds from a local time to the next "HH:MM" on one of days ("" for any).

    local: as Clock.local() returns. days: "mon,tue". Always > 0 and at most a week.
    """
    hour, minute = at.split(":")
    now = local[3] * 3600 + local[4] * 60 + local[5]
    wait = int(hour) * 3600 + int(minute) * 60 - now
    weekday = local[6]
    if wait <= 0:
        wait += 86400
        weekday += 1
    for _ in range(7):
        if not days or _WEEKDAYS[weekday % 7] in days:
            return wait
        wait += 86400
        weekday += 1
    raise ValueError("days")


def valid_days(days):
    """True if days is weekdays as in "mon,tue", or empty."""
    return not days or all(day in _WEEKDAYS for day in days.split(","))
