"""The guard: counts starts that came to nothing, feeds the watchdog, minds the BOOT button.

Document "boot" is [starts in a row that failed, bites of the watchdog]. A start counts as failed
until `good`; after _MAX_FAILED of them the board is in safe mode until somebody says "/safe off".
"""

import asyncio

from machine import WDT, WDT_RESET, Pin, reset, reset_cause
from micropython import const

_MAX_FAILED = const(3)
_GOOD_MS = const(60000)
_BITE_MS = const(60000)  # a name server that is silent blocks everything for 20 s
_FEED_MS = const(30000)
_WINDOW_MS = const(59500)  # a minute, less the jitter of a rule that fires each second
_FLUSH_MS = const(60000)  # the journal: bounds the wear of the flash
_HELD = const(20)  # looks at the button, of _LOOK_MS: 10 s
_LOOK_MS = const(500)


class Guard:
    """The guard of this boot; store: where it counts.

    safe: why this is safe mode, or "". bites: of the watchdog. leaving: a restart is wished.
    due: task -> uptime in ms; the watchdog bites when that has passed. wake: have `run` look.
    """

    def __init__(self, store):
        self._store = store
        self.due = {}
        self.wake = asyncio.ThreadSafeFlag()
        self.leaving = False
        self.safe = ""
        self.failed, self.bites = store.load("boot", [0, 0])
        bitten = reset_cause() == WDT_RESET
        if self.failed >= _MAX_FAILED:
            self.safe = "the last %d starts failed" % self.failed
        if bitten or not self.safe:
            self.bites += bitten
            self._save(self.failed + (not self.safe))
        self._dog = WDT(timeout=_BITE_MS)
        self._window = None

    def refuse(self, app, pin):
        """Count an action on a pin and return None, or why there must be none now."""
        window = app.clock.uptime_ms() // _WINDOW_MS
        if window != self._window:
            self._window = window
            self._actions = {}  # pin -> how many in the window
        count = self._actions.get(pin, 0)
        limit = app.settings["limits.pin_per_minute"]
        if count >= limit:
            return "%d actions a minute on pin %d is the limit" % (limit, pin)
        self._actions[pin] = count + 1

    def good(self):
        """This start was a good one: the broker answered, or a minute has passed."""
        if self.failed and not self.safe:
            self._save(0)

    def restart(self):
        """Restart in a moment, out of safe mode."""
        self.safe = ""
        self.good()
        self.leaving = True
        self.wake.set()

    async def run(self, app):
        """Watch for ever."""
        number = app.board.get("button")
        if number is not None:
            button = Pin(number, Pin.IN, Pin.PULL_UP)
            button.irq(lambda _: self.wake.set(), Pin.IRQ_FALLING)
        flushed = 0
        while True:
            now = app.clock.uptime_ms()
            if now - flushed >= _FLUSH_MS:
                flushed = now
                app.journal.flush()
            if now >= _GOOD_MS:
                self.good()
            if all([due > now for due in self.due.values()]):
                self._dog.feed()
            try:
                await asyncio.wait_for_ms(self.wake.wait(), _FEED_MS)
            except asyncio.TimeoutError:
                continue
            for _ in range(_HELD):
                await asyncio.sleep_ms(_LOOK_MS)
                if self.leaving:
                    app.journal.flush()
                    reset()
                if button.value():
                    break
            else:
                app.hear({"id": "serial", "text": "/factory-reset confirm"})

    def _save(self, failed):
        self.failed = failed
        self._store.keep("boot", [failed, self.bites])
