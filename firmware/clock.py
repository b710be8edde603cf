"""Time on a board: an uptime that never jumps, and a local time that may not be known yet."""

import asyncio
import time

from firmware.tools import ToolError

_2025_S = 788918400  # of the ESP32, whose clock counts from 2000; one never set is at 0
# The wall clock counts from 1970 on some ports and from 2000 on others.
EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Uptime in milliseconds over any number of wraps of ticks_ms, and the wall clock.

    store: keeps the time zone, document "zone": {"name", "rule"}.
    """

    def __init__(self, store):
        self._store = store
        self._ticks = time.ticks_ms()
        self._uptime_ms = 0
        kept = store.load("zone", {})
        self.zone_name = kept.get("name", "UTC")
        self._rule = kept.get("rule", "UTC0")
        self._zone = None  # made when it is needed

    def uptime_ms(self):
        """Return milliseconds since boot. Call it at least once in six days."""
        now = time.ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._uptime_ms

    def is_set(self):
        """True once the wall clock shows a date that can be true."""
        return time.time() > _2025_S

    def unix_s(self):
        """Return seconds since 1970-01-01 UTC; meaningless unless is_set()."""
        return int(time.time()) + EPOCH_S

    def now_s(self):
        """Return Unix seconds, or seconds of uptime while the clock is not set."""
        return self.unix_s() if self.is_set() else self.uptime_ms() // 1000

    def local(self):
        """Return (year, month, day, hour, minute, second, weekday 0=Monday) in the zone."""
        return self.local_at(self.unix_s())

    def local_at(self, unix_s):
        """Return what `local` shows at a moment."""
        return time.gmtime(unix_s + self.offset_s(unix_s) - EPOCH_S)[:7]

    def zone(self):
        """Return the zones.Zone of this board."""
        if not self._zone:
            from firmware import zones  # only boards with a zone or a schedule pay for it

            self._zone = zones.Zone(self._rule)
        return self._zone

    def offset_s(self, unix_s):
        """Return the seconds that local time is ahead of UTC at a moment."""
        return 0 if self._rule == "UTC0" else self.zone().offset_s(unix_s)

    def words(self):
        """Return the local time as "2026-11-22 18:45:09", or None while it is not known."""
        if self.is_set():
            return "%04d-%02d-%02d %02d:%02d:%02d" % self.local()[:6]

    def set_zone(self, name):
        """Take an IANA zone name or a POSIX rule, and keep it. Raises ToolError for others."""
        from firmware import zones

        rule = zones.find(name) or name
        try:
            zone = zones.Zone(rule)
        except (ValueError, IndexError):
            raise ToolError("no time zone is called %s; say one like Europe/Paris" % name)
        self._store.save("zone", {"name": name, "rule": rule})
        self.zone_name = name
        self._rule = rule
        self._zone = zone


class Alarm:
    """What one task waits for, so long at most. asyncio.wait_for makes a task for each wait."""

    def __init__(self):
        self._task = None  # that waits
        self._came = False

    def set(self):
        """End the wait, or the next one. Not for interrupts: a chip would sleep on."""
        self._came = True
        task, self._task = self._task, None
        if task:
            task.cancel()

    async def wait(self, ms):
        """Return whether `set` was called since the last wait, or within so many milliseconds."""
        if not self._came:
            self._task = asyncio.current_task()
            try:
                await asyncio.sleep_ms(ms)
            except asyncio.CancelledError:
                if not self._came:  # somebody else's
                    raise
            finally:
                self._task = None
        came, self._came = self._came, False
        return came
