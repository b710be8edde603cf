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
Any trigger takes "min_s": it fires at most once in so many seconds.

A schedule ("at", "cron") takes "catch_up": "skip" (default) forgets what was due while the board
was off, "once" makes up for it, once. On a board that is on, what is due for more than 90 s, as
after the clock was put forward, is told as missed. A clock put back by up to three hours fires
nothing again; put back further, it was wrong, and schedules count anew. None fires because the
clock was set. A rule that is due while its steps still run is not fired: the event at their end
counts these. Steps under way end as they would when their rule is deleted.
"""

import asyncio

from micropython import const

from firmware.clock import Alarm

_LONGEST_SLEEP_MS = const(3600000)
_UNSET_SLEEP_MS = const(10000)  # for the clock to be set
_LATE_S = const(90)  # a schedule that is due for longer was missed
_BACK_S = const(10800)  # a clock put back by more was wrong
_SET_S = const(100000000)  # seconds of uptime become Unix time
_MAX_HEARD = const(16)
_DEBOUNCE_MS = const(30)
_STUCK_MS = const(7500000)  # what is read may be a script, of an hour; then the watchdog bites
_POLL_S = const(10)
_TOLD = const(-1)


class Rules:
    """The rules of one board and the scheduler that fires them."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("rules", {})
        self._due = {}  # name -> uptime in ms of the next look
        self._planned = {}  # name -> Unix time of a schedule
        self._beyond = {}  # name -> uptime in ms since when a read is, _TOLD once it has fired
        self._rests = {}  # name -> uptime in ms until which "min_s" keeps it quiet
        self._running = {}  # name -> how often it was due meanwhile
        self._heard = []  # what `hear` took since the last look
        self.wake = Alarm()
        self._pins = []  # each machine.Pin with our handler
        self._ahead = 0  # seconds from uptime to Unix time, 0 while that is not known
        owed = app.store.load("owed", {})
        for name, rule in self.all.items():
            if rule["when"].get("catch_up") == "once":
                self._planned[name] = owed.get(name)
            self._aim(name)
        self._watch()

    def change(self, name, rule):
        """Store a rule that tool_rules has checked, None to remove it. Raises OSError."""
        # The flash comes first: what cannot be saved does not run either.
        self.all = self._app.store.change("rules", self.all, name, rule)
        for kept in (self._due, self._planned, self._beyond, self._rests):
            kept.pop(name, None)
        self._aim(name)
        self._watch()
        self._app.sources_changed()
        self.wake.set()

    def reschedule(self, anew=True):
        """Look at all schedules again: the clock was set; anew: or the time zone."""
        if anew:
            self._planned.clear()
        for name in self.all:
            self._aim(name)
        self.wake.set()

    def mind_clock(self):
        """Look at schedules again if the clock was put. Call it more often than each _LATE_S."""
        clock = self._app.clock
        ahead = clock.now_s() - clock.uptime_ms() // 1000
        moved = ahead - self._ahead
        if not -2 < moved < 2:  # else both were cut to seconds, or the chip's clocks drift
            self._ahead = ahead
            if -_BACK_S <= moved <= _SET_S:
                for name in self._planned:
                    self._aim(name)
                self.wake.set()
            else:
                self.reschedule(moved < 0)

    def sources(self):
        """Return the devices and tags whose events rules listen to."""
        found = set()
        for rule in self.all.values():
            if "from" in rule["when"]:
                found.add(rule["when"]["from"])
        return found

    def hear(self, key, sources, value, kind="event"):
        """Take an event of another board, or the new level of a pin.

        sources: the device and the tag that it came from; what the edge may be called.
        """
        if len(self._heard) < _MAX_HEARD:
            self._heard.append((key, sources, value, kind))
        else:
            self._app.events_lost += 1
        self._app.edge.set()

    async def run(self):
        """Fire rules for ever."""
        clock = self._app.clock
        for name in sorted(self.all):
            if self.all[name]["on"] and "boot" in self.all[name]["when"]:
                self._fire(name, True)
        while True:
            while self._heard:
                self._match(*self._heard.pop(0))
                await asyncio.sleep_ms(0)  # let it run: the next one may be for the same rule
            now = clock.uptime_ms()
            self._app.guard.due["rules"] = now + _STUCK_MS
            self.mind_clock()
            until = now + (_LONGEST_SLEEP_MS if clock.is_set() else _UNSET_SLEEP_MS)
            while self._due:
                name = min(self._due, key=self._due.get)
                if self._due[name] > now:
                    until = min(until, self._due[name])
                    break
                await self._look(name, now)
            await self.wake.wait(until - clock.uptime_ms())

    async def _look(self, name, now):
        """Deal with a rule whose time to be looked at has come."""
        when = self.all[name]["when"]
        due = self._due.pop(name)
        if "read" in when:
            self._due[name] = now + when.get("poll_s", _POLL_S) * 1000
            await self._read(name, when, now)
        elif "every_s" in when:
            period = when["every_s"] * 1000
            # A board that was busy skips what it missed and keeps the phase.
            self._due[name] = due + ((now - due) // period + 1) * period
            self._fire(name, None)
        elif "in_s" in when:
            self._fire(name, None)
        else:
            now_s = self._app.clock.unix_s()
            due = self._planned.get(name, now_s + 1)
            if now_s >= due:
                del self._planned[name]
                if now_s - due <= _LATE_S or when.get("catch_up") == "once":
                    self._fire(name, due)
                else:
                    self._missed(name, "%d s ago" % (now_s - due))
            self._aim(name)

    async def _read(self, name, when, now):
        read = when["read"]
        result = await self._app.tools.run(read["tool"], read.get("args", {}), "s", "rule " + name)
        value = result.get(read["field"])
        if not isinstance(value, (int, float)):
            return  # the sensor does not answer now
        since = self._beyond.get(name)
        over = value - when["above"] if "above" in when else when["below"] - value
        if since is not None:
            over += when.get("hysteresis", 0)
        if over <= 0:
            self._beyond.pop(name, None)
            return
        if since is None:
            since = self._beyond[name] = now
        if since != _TOLD and now - since >= when.get("for_s", 0) * 1000:
            self._beyond[name] = _TOLD
            self._fire(name, value)

    def _match(self, key, sources, value, kind):
        which = "from" if kind == "event" else "edge"
        for name in sorted(self.all):
            rule = self.all[name]
            when = rule["when"]
            if rule["on"] and when.get(kind) == key and when.get(which, sources[0]) in sources:
                self._fire(name, value)

    def _fire(self, name, value):
        rule = self.all.get(name)  # it may be gone since its sensor was asked
        if not rule or self._app.clock.uptime_ms() < self._rests.get(name, 0):
            return
        if name in self._running:
            self._running[name] += 1
            return
        if "in_s" in rule["when"]:  # forget it first: a crash in it must not fire at every boot
            try:
                self.change(name, None)
            except OSError:
                pass  # a full flash: it is done now, and again after a restart
        self._running[name] = 0
        asyncio.create_task(self._do(name, rule, value))

    async def _do(self, name, rule, value):
        from firmware.steps import Run  # only boards whose rules fire pay for it

        run = Run(self._app, "rule " + name, {"value": value})
        event = {"e": "rule", "name": name}
        try:
            if "if" in rule and not run.holds(rule["if"]):
                return
            rest_ms = rule["when"].get("min_s", 0) * 1000
            self._rests[name] = self._app.clock.uptime_ms() + rest_ms
            await run.steps(rule["do"])
        except Exception as e:
            event["why"] = str(e)
        finally:
            missed = self._running.pop(name)
            if missed:
                self._missed(name, "%d times while it ran" % missed)
        event["res"] = run.done
        self._app.event(event)

    def _missed(self, name, why):
        """Account for what was due and is not done."""
        self._app.store.note("rule " + name, "missed", {"why": why}, {})
        self._app.event({"e": "missed", "name": name, "why": why})

    def _aim(self, name):
        """Find out when a rule is to be looked at next."""
        rule = self.all.get(name)
        if not rule or not rule["on"]:
            return
        when = rule["when"]
        clock = self._app.clock
        now_s = clock.now_s()
        wait_s = when.get("every_s") or when.get("in_s") or 0
        if wait_s:
            if "due" in rule and clock.is_set():  # a restart neither postpones nor repeats it
                left_s = rule["due"] - now_s
                wait_s = min(wait_s, left_s) if "in_s" in when else left_s % wait_s or wait_s
            elif name in self._due:
                return
        elif "at" in when or "cron" in when:
            if not clock.is_set():
                return
            due = self._planned.get(name)
            if not due:
                from firmware import schedule  # only boards with such rules pay for it

                due = self._planned[name] = schedule.following(when, now_s, clock.zone())
                if when.get("catch_up") == "once":
                    self._app.store.keep("owed", self._planned)
            wait_s = due - now_s
        elif "read" not in when:
            return
        self._due[name] = clock.uptime_ms() + wait_s * 1000

    def _watch(self):
        """Have the pins of rules, and no others, call us on their edges."""
        for pin in self._pins:
            pin.irq(handler=None)
        self._pins = []
        for rule in self.all.values():
            if rule["on"] and "pin" in rule["when"]:
                number = rule["when"]["pin"]
                pin = self._app.pins.input(number)
                pin.irq(handler=self._watcher(number, pin), trigger=3)
                self._pins.append(pin)

    def _watcher(self, number, pin):
        seen = pin.value()
        quiet_ms = 0  # uptime until which the contact bounces

        def on_edge(_):
            nonlocal seen, quiet_ms
            now = self._app.clock.uptime_ms()
            if now < quiet_ms:
                return
            quiet_ms = now + _DEBOUNCE_MS
            level = pin.value()
            while True:  # twice if the edge before this one fell into the bouncing
                seen = 1 - seen
                self.hear(number, ("both", "rising" if seen else "falling"), seen, "pin")
                if seen == level:
                    return

        return on_edge
