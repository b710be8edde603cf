"""Named things: "the pump" is the relay on gpio 5, and what must hold for it whoever switches it.

A thing is {"kind", "pin"} and its options:
    inverted      true: 0 switches it on
    safe          0 or 1, what it is set to when the board starts
    max_on_s      it is switched off after so long
    min_off_s     it stays off at least so long
    not_with      the name of a thing that must be off while this one is on
    unit          of what it measures, for people
"""

import asyncio

from micropython import const

from firmware.pins import PinError

_IDLE_MS = const(3600000)


class Devices:
    """The things of one board, and the guards that the pins ask before they switch."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("devices", {})
        self._on_since = {}  # pin -> uptime in ms
        self._off_since = {}
        self._changed = asyncio.Event()

    def change(self, name, thing):
        """Store a thing that tool_system has checked, None to forget it. Raises OSError."""
        self.all = self._app.store.change("devices", self.all, name, thing)

    def start(self):
        """Bring every thing that has a safe state into it: the board has just started."""
        for thing in self.all.values():
            if "safe" in thing:
                self._app.pins.write(thing["pin"], thing["safe"])

    def at(self, pin):
        """Return (name, thing) of what is wired to a pin, (None, None) if nothing is known."""
        for name, thing in self.all.items():
            if thing["pin"] == pin:
                return name, thing
        return None, None

    def allow(self, pin, value):
        """Raise PinError if a guard forbids that the thing on a pin is switched so."""
        name, thing = self.at(pin)
        if not value or not thing:
            return
        for other, rival in self.all.items():
            exclusive = other == thing.get("not_with") or name == rival.get("not_with")
            if exclusive and self._app.pins.is_on(rival["pin"]):
                raise PinError("%s must not be on together with %s" % (name, other))
        since = self._off_since.get(pin)
        if since is not None and pin not in self._on_since:
            rest_ms = since + thing.get("min_off_s", 0) * 1000 - self._app.clock.uptime_ms()
            if rest_ms > 0:
                raise PinError("%s stays off for another %d s" % (name, rest_ms // 1000 + 1))

    def switched(self, pin, value):
        """Note that a pin was switched; the guards count from here."""
        now = self._app.clock.uptime_ms()
        if value:
            self._on_since.setdefault(pin, now)
        elif self._on_since.pop(pin, None) is not None:
            self._off_since[pin] = now
        self._changed.set()

    async def run(self):
        """Switch things off that were on for long enough, for ever."""
        while True:
            self._changed.clear()
            wait_ms = _IDLE_MS
            now = self._app.clock.uptime_ms()
            for pin in list(self._on_since):
                name, thing = self.at(pin)
                if thing and "max_on_s" in thing:
                    left_ms = self._on_since[pin] + thing["max_on_s"] * 1000 - now
                    if left_ms > 0:
                        wait_ms = min(wait_ms, left_ms)
                    else:
                        args = {"pin": pin, "value": 0}
                        await self._app.tools.run("gpio_write", args, "s", "guard " + name)
            try:
                await asyncio.wait_for_ms(self._changed.wait(), wait_ms)
            except asyncio.TimeoutError:
                pass  # something has been on for long enough
