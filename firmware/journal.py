"""The journal: what each call did to the world outside, and why.

A line on the flash is a checksum and JSON, of which `why` makes words:
    7d0b12ac [time, times, "rule pump", "gpio_write", {"pin": 5, "value": 1}, {"value": 1}]
Calls that differ in nothing but what they read back share a line until it is written. The flash
is written once a minute at most; what came since is lost when the power goes. A full file is
renamed to journal.old, over the one before.
"""

import json
import os

from micropython import const

from firmware.store import DIR, seal

PATH = DIR + "journal"
_MAX_WAITING = const(24)  # lines
_MAX_RESULT = const(240)  # characters; of a longer one nothing is kept
_MAX_BYTES = const(8192)  # of a file


class Journal:
    """The lines that wait for the flash. clock, store: see Clock, Store.

    time in a line: Unix seconds, or seconds of uptime while the clock is not set.
    """

    def __init__(self, clock, store):
        self._clock = clock
        self._store = store
        self._waiting = []  # (time, times, cause with tool and arguments, result), oldest first

    def add(self, by, tool, args, result):
        """Note one call. by: its cause, "chat <id>" or "rule <name>"."""
        clock = self._clock
        now = clock.unix_s() if clock.is_set() else clock.uptime_ms() // 1000
        cause = json.dumps((by, tool, args))[1:-1]
        result = json.dumps(result)
        times = 1
        waiting = self._waiting
        for entry in waiting:
            if entry[2] == cause and ('"error"' in entry[3]) == ('"error"' in result):
                times += entry[1]
                waiting.remove(entry)
                break
        waiting.append((now, times, cause, result if len(result) <= _MAX_RESULT else "{}"))
        del waiting[:-_MAX_WAITING]

    def lines(self):
        """Return what waits as lines of JSON."""
        return [b"[%d,%d,%s,%s]" % entry for entry in self._waiting]

    def flush(self):
        """Write what waits; a full flash leaves it waiting."""
        lines = self.lines()
        if not lines:
            return
        try:
            with open(PATH, "ab") as f:
                for line in lines:
                    f.write(b"\n" + seal(line) + b" " + line)
                full = f.tell() > _MAX_BYTES
            self._waiting = []
            self._store.writes += 1
            if full:
                os.rename(PATH, PATH + ".old")
        except OSError:
            pass
