"""The guard: counts starts that came to nothing, feeds the watchdog, minds the BOOT button.

Document "boot" is [starts in a row that failed, bites of the watchdog]. A start counts as failed
until `good`; after _MAX_FAILED of them the board is in safe mode until somebody says "/safe off".
"""

import asyncio
import os
import sys

from machine import WDT, WDT_RESET, Pin, reset, reset_cause
from micropython import const

from firmware import tools
from firmware.clock import Alarm
from firmware.store import replace

_MAX_FAILED = const(3)
_GOOD_MS = const(60000)
_CALM_MS = const(3600000)  # a start that the watchdog made is good no earlier
_BITE_MS = const(150000)  # a name server that is silent blocks everything for 20 s
_ALONE_MS = const(900000)  # without the broker, on trial
_FEED_MS = const(60000)  # each time rules mind the clock too
_FLUSH_MS = const(60000)  # the journal: bounds the wear of the flash
_HELD = const(20)  # looks at the button, of _LOOK_MS: 10 s
_LOOK_MS = const(500)
_HERE = __file__.rsplit("/", 1)[0]  # the folder of this slot


class Guard:
    """The guard of this boot; store: where it counts. trial: see `app.run`, "" once confirmed.

    safe: why this is safe mode, or "". bites: of the watchdog. leaving: a restart is wished.
    due: task -> uptime in ms; the watchdog bites when that has passed. wake: have `run` look.
    """

    def __init__(self, store, trial=""):
        self._store = store
        self.trial = trial
        self.due = {}
        self.wake = Alarm()
        self.leaving = False
        self.safe = ""
        # Whom an update from afar has brought must reach the broker to be confirmed.
        self._afar = trial and store.load("job", [0])[-1] == trial
        self.failed, self.bites = store.load("boot", [0, 0])
        self._bitten = reset_cause() == WDT_RESET
        if self.failed >= _MAX_FAILED:
            self.safe = "the last %d starts failed" % self.failed
        if self._bitten or not self.safe:
            self.bites += self._bitten
            self._save(self.failed + (not self.safe))
        self._dog = WDT(timeout=_BITE_MS)

    def good(self):
        """This start was a good one: the broker answered, or a minute has passed."""
        if self.trial:
            try:
                for name in os.listdir(_HERE):
                    module = "firmware." + name[:-4]
                    if name[-4:] == ".mpy" and module not in sys.modules:
                        __import__(module)
                        tools.unload(module[9:])
            except Exception as e:  # a part is broken: nobody may rely on this agent
                sys.print_exception(e)
                reset()
            try:
                replace("/slot", self.trial)
                self.trial = ""
            except OSError:
                pass  # a full flash: it is tried again
        if self.failed and not self.safe and not self._bitten:
            self._save(0)

    def switch(self):
        """Have the next start try the other slot, as main.py does. Raises OSError."""
        self._save(0)  # what failed so far is no fault of the other one
        replace("/slot", "a2" if _HERE[:2] == "/b" else "b2")

    def restart(self):
        """Restart in a moment, out of safe mode."""
        self._save(0)
        self.leaving = True
        self.wake.set()

    async def run(self, app):
        """Watch for ever."""
        button = app.board.get("button")
        if button is not None:
            button = Pin(button, Pin.IN, Pin.PULL_UP)
            button.irq(lambda _: app.edge.set(), Pin.IRQ_FALLING)
        flushed = 0
        while True:
            now = app.clock.uptime_ms()
            if now - flushed >= _FLUSH_MS:
                flushed = now
                self._store.flush()
            app.rules.mind_clock()
            if now >= _CALM_MS:
                self._bitten = False
            if now >= _GOOD_MS and not (self._afar and self.trial):
                self.good()
            elif now >= _ALONE_MS:
                reset()
            if min(self.due.values(), default=now + 1) > now:
                self._dog.feed()
            if not await self.wake.wait(_FEED_MS):
                continue
            for _ in range(_HELD):
                await asyncio.sleep_ms(_LOOK_MS)
                if self.leaving:
                    self._store.flush()
                    reset()
                if not button or button.value():
                    break
            else:
                app.hear({"id": "serial", "text": "/factory-reset confirm"})

    def _save(self, failed):
        self.failed = failed
        self._store.keep("boot", [failed, self.bites])
