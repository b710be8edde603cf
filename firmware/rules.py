"""Rules: a trigger, conditions and steps that run on the board, with or without a network.

A rule is {"when": trigger, "if": [comparisons], "do": [steps], "on": bool}; steps.py says what
steps and comparisons are. Triggers:
    {"every_s": n}                          every n seconds, counted from when the rule was set
    {"in_s": n}                             once; the rule is gone afterwards
    {"at": "08:15", "days": "mon,tue"}      local time; without days every day
    {"cron": "*/5 * * * *"}                 local time; schedule.py says what happens at DST
    {"pin": n, "edge": "rising|falling|both"}
    {"read": {"tool", "args", "field"}, "above"|"below": x}   and "hysteresis", "for_s", "poll_s"
    {"event": name, "from": device or tag}  what another board emits; without from any of ours
    {"boot": true}                          once after each start
Any trigger takes "min_s": it fires at most once in so many seconds. A schedule takes "catch_up":
"skip" (default) forgets what was due while the board was off, "once" makes up for it, once. A
schedule set before the clock is known does not fire when the clock is set.
"""

import asyncio

from micropython import const

_LONGEST_SLEEP_MS = const(600000)  # for jumps of the clock, and wraps of the ticks
_LATE_S = const(90)  # a schedule that is due for longer was missed
_MAX_HEARD = const(16)
_DEBOUNCE_MS = const(30)
_POLL_S = const(10)
_TOLD = const(-1)


class Rules:
    """The rules of one board and the scheduler that fires them."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("rules", {})
        self._owed = app.store.load("owed", {})  # name -> Unix time, of "catch_up": "once"
        self._due = {}  # name -> uptime in ms of the next look
        self._due_unix = {}  # name -> Unix time of a schedule
        self._beyond = {}  # name -> uptime in ms since when a read is, _TOLD once it has fired
        self._rests = {}  # name -> uptime in ms until which "min_s" keeps it quiet
        self._running = set()
        self._heard = []  # (kind, key, value) of pins and events since the last look
        self._wake = asyncio.ThreadSafeFlag()
        self._watched = {}  # pin number -> machine.Pin with our handler
        for name in self.all:
            self._schedule(name)

    def change(self, name, rule):
        """Store a rule that tool_rules has checked, None to remove it. Raises OSError."""
        # The flash comes first: what cannot be saved does not run either.
        self.all = self._app.store.change("rules", self.all, name, rule)
        self._owe(name, None)
        self._beyond.pop(name, None)
        self._schedule(name)
        self._app.sources_changed()

    def reschedule(self):
        """Look at all schedules anew: the time zone has changed."""
        self._due_unix.clear()
        for name in self.all:
            self._schedule(name)

    def sources(self):
        """Return the devices and tags whose events rules listen to, sorted."""
        found = {r["when"]["from"] for r in self.all.values() if r["when"].get("from")}
        return sorted(found)

    def hear(self, what, sources, value):
        """Take an event of another board, or the new level of a pin (then sources is None).

        sources: the device and the tag that it came from.
        """
        if len(self._heard) < _MAX_HEARD:
            self._heard.append((what, sources, value))
        self._wake.set()

    async def run(self):
        """Fire rules for ever."""
        for name in sorted(self.all):
            if self.all[name]["on"] and "boot" in self.all[name]["when"]:
                self._fire(name, True)
        while True:
            while self._heard:
                self._match(*self._heard.pop(0))
            now = self._app.clock.uptime_ms()
            for name in sorted(self._due, key=self._due.get):
                if self._due.get(name, now + 1) <= now:
                    await self._look(name, now)
            wait_ms = _LONGEST_SLEEP_MS
            if self._due:
                wait_ms = min(wait_ms, min(self._due.values()) - self._app.clock.uptime_ms())
            if wait_ms > 0:
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), wait_ms)
                except asyncio.TimeoutError:
                    pass  # something is due
            await asyncio.sleep_ms(0)

    async def _look(self, name, now):
        """Deal with a rule whose time to be looked at has come."""
        when = self.all[name]["when"]
        due = self._due.pop(name)
        if "every_s" in when:
            period = when["every_s"] * 1000
            # A board that was busy skips what it missed and keeps the phase.
            self._due[name] = due + ((now - due) // period + 1) * period
            self._fire(name, None)
        elif "in_s" in when:
            self._fire(name, None)
        elif "read" in when:
            self._due[name] = now + when.get("poll_s", _POLL_S) * 1000
            await self._read(name, when, now)
        else:
            due = self._due_unix.get(name)
            now_s = self._app.clock.unix_s()
            if due is not None and now_s >= due:
                if now_s - due <= _LATE_S or when.get("catch_up") == "once":
                    self._fire(name, due)
                else:
                    self._app.event({"e": "missed", "name": name})
                self._due_unix.pop(name)
                self._owe(name, None)
            self._schedule(name)

    async def _read(self, name, when, now):
        read = when["read"]
        result = await self._app.tools.run(read["tool"], read.get("args", {}), "s", "rule " + name)
        value = result.get(read["field"])
        if not isinstance(value, (int, float)):
            return  # the sensor does not answer now
        since = self._beyond.get(name)
        slack = 0 if since is None else when.get("hysteresis", 0)
        over = value - when["above"] if "above" in when else when["below"] - value
        if over + slack <= 0:
            self._beyond.pop(name, None)
            return
        if since is None:
            since = self._beyond[name] = now
        if since != _TOLD and now - since >= when.get("for_s", 0) * 1000:
            self._beyond[name] = _TOLD
            self._fire(name, value)

    def _match(self, key, sources, value):
        for name in sorted(self.all):
            rule = self.all[name]
            when = rule["when"]
            if not rule["on"]:
                continue
            if sources is None:
                edges = ("both", "rising" if value else "falling")
                if when.get("pin") == key and when.get("edge", "both") in edges:
                    self._fire(name, value)
            elif when.get("event") == key and when.get("from", sources[0]) in sources:
                self._fire(name, value)

    def _fire(self, name, value):
        now = self._app.clock.uptime_ms()
        rule = self.all.get(name)  # it may be gone since its sensor was asked
        if not rule or name in self._running or now < self._rests.get(name, 0):
            return
        self._rests[name] = now + rule["when"].get("min_s", 0) * 1000
        if "in_s" in rule["when"]:  # forget it first: a crash in it must not fire at every boot
            self.change(name, None)
        self._running.add(name)
        asyncio.create_task(self._carry_out(name, rule, value))

    async def _carry_out(self, name, rule, value):
        from firmware.steps import Run  # only boards whose rules fire pay for it

        run = Run(self._app, "rule " + name, {"value": value})
        event = {"e": "rule", "name": name}
        try:
            if "if" in rule and not run.holds(rule["if"]):
                return
            await run.steps(rule["do"])
        except ValueError as e:
            event["why"] = str(e)
        finally:
            self._running.discard(name)
        event["res"] = run.done
        self._app.event(event)

    def _schedule(self, name):
        """Find out when a rule is to be looked at next."""
        self._due.pop(name, None)
        self._watch_pins()
        self._wake.set()
        rule = self.all.get(name)
        if not rule or not rule["on"]:
            self._due_unix.pop(name, None)
            self._rests.pop(name, None)
            return
        when = rule["when"]
        clock = self._app.clock
        now = clock.uptime_ms()
        if "every_s" in when:
            self._due[name] = now + when["every_s"] * 1000
        elif "in_s" in when:
            wait_s = when["in_s"]
            if "due" in rule and clock.is_set():
                wait_s = min(wait_s, max(0, rule["due"] - clock.unix_s()))
            self._due[name] = now + wait_s * 1000
        elif "read" in when:
            self._due[name] = now
        elif "at" in when or "cron" in when:
            wait_s = 30  # until somebody sets the clock
            if clock.is_set():
                wait_s = _LONGEST_SLEEP_MS // 1000
                due = self._due_unix.get(name) or self._owed.get(name)  # from before a reboot
                if due is None:
                    from firmware import schedule  # only boards with such rules pay for it

                    due = schedule.following(schedule.parse(when), clock.unix_s(), clock.zone())
                    if when.get("catch_up") == "once":
                        self._owe(name, due)
                if due is not None:
                    self._due_unix[name] = due
                    wait_s = min(wait_s, max(0, due - clock.unix_s()))
            self._due[name] = now + wait_s * 1000

    def _owe(self, name, due):
        if self._owed.get(name) != due:
            try:
                self._owed = self._app.store.change("owed", self._owed, name, due)
            except OSError:
                pass  # a full flash: what is missed while off is then not made up for

    def _watch_pins(self):
        """Have the pins of rules, and no others, call us on their edges."""
        wanted = {r["when"]["pin"] for r in self.all.values() if r["on"] and "pin" in r["when"]}
        for number in list(self._watched):
            if number not in wanted:
                self._watched.pop(number).irq(handler=None)
        for number in wanted:
            if number not in self._watched:
                pin = self._app.pins.input(number)
                pin.irq(handler=self._edge_handler(number, pin), trigger=3)
                self._watched[number] = pin

    def _edge_handler(self, number, pin):
        seen = [pin.value(), None]  # level, uptime in ms of the last edge taken

        def on_edge(_):
            level = pin.value()
            now = self._app.clock.uptime_ms()
            if seen[1] is not None and now - seen[1] < _DEBOUNCE_MS:
                return
            if level == seen[0]:  # the edge before this one fell into the bouncing
                self.hear(number, None, 1 - level)
            self.hear(number, None, level)
            seen[0] = level
            seen[1] = now

        return on_edge
