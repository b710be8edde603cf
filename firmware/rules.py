"""Rules: a trigger and steps that run on the board, with or without a network.

A rule is {"when": trigger, "do": [{"tool", "args"}], "on": bool} and, for {"in_s": n}, "due": the
Unix time it was promised for, so that a reboot does not postpone it. Triggers:
    {"every_s": n}                      n seconds after the rule was set, and every n seconds
    {"in_s": n}                         once; the rule is gone afterwards
    {"at": "08:15", "days": "mon,tue"}  local time; without days every day
"""

import asyncio

from micropython import const

from firmware import clock as clock_module
from firmware.tools import ToolError

_MAX_RULES = const(20)
_MAX_S = const(31622400)  # a year and a day
_LONGEST_SLEEP_MS = const(3600000)  # also keeps the uptime from missing a wrap of the ticks
_CLOCK_CHECK_MS = const(
    30000
)  # how often rules that need the time of day look whether it is known


class Rules:
    """The rules of one board and the scheduler that fires them."""

    def __init__(self, app):
        self._app = app
        self._rules = app.store.load("rules", {})
        self._due = {}  # name -> uptime in ms of the next firing
        self._changed = asyncio.Event()
        for name in self._rules:
            self._schedule(name)

    def check_when(self, when):
        """Return a trigger if it is one of those above. Raises ToolError that says which are."""
        if isinstance(when, dict):
            keys = sorted(when)
            if keys == ["every_s"] or keys == ["in_s"]:
                seconds = when[keys[0]]
                if isinstance(seconds, int) and 1 <= seconds <= _MAX_S:
                    return when
            elif keys == ["at"] or keys == ["at", "days"]:
                if _valid_at(when["at"]) and clock_module.valid_days(when.get("days", "")):
                    return when
        raise ToolError(
            'when must be {"every_s": n}, {"in_s": n} or {"at": "HH:MM", "days": "mon,tue"}, '
            "n from 1 to %d seconds" % _MAX_S
        )

    def set(self, name, when, do):
        """Store a rule with checked parts and return its name, made up if None."""
        rules = dict(self._rules)
        if name is None:
            number = 1
            while "rule%d" % number in rules:
                number += 1
            name = "rule%d" % number
        if name not in rules and len(rules) >= _MAX_RULES:
            raise ToolError("there are %d rules, the most: delete one first" % _MAX_RULES)
        rule = {"when": when, "do": do, "on": True}
        if "in_s" in when and self._app.clock.is_set():
            rule["due"] = self._app.clock.unix_s() + when["in_s"]
        rules[name] = rule
        self._keep(rules)
        self._schedule(name)
        self._changed.set()
        return name

    def delete(self, name):
        """Remove a rule. Raises ToolError if there is none of that name."""
        self._get(name)
        rules = dict(self._rules)
        del rules[name]
        self._keep(rules)
        self._due.pop(name, None)
        self._changed.set()

    def enable(self, name, enabled):
        """Switch a rule on or off. Raises ToolError if there is none of that name."""
        rule = dict(self._get(name))
        rule["on"] = enabled
        rules = dict(self._rules)
        rules[name] = rule
        self._keep(rules)
        self._schedule(name)
        self._changed.set()

    def words(self):
        """Return {name: "every 10 s: gpio_toggle pin 2"} of all rules."""
        return {name: _describe(rule) for name, rule in self._rules.items()}

    async def run(self):
        """Fire rules for ever."""
        while True:
            now = self._app.clock.uptime_ms()
            for name in sorted(self._due, key=self._due.get):
                if self._due.get(name, now + 1) <= now:
                    await self._fire(name, now)
            wait = _LONGEST_SLEEP_MS
            if self._due:
                wait = min(wait, max(0, min(self._due.values()) - self._app.clock.uptime_ms()))
            if any("at" in self._rules[n]["when"] and n not in self._due for n in self._rules):
                wait = min(wait, _CLOCK_CHECK_MS)
                for name in self._rules:
                    if name not in self._due:
                        self._schedule(name)
            try:
                await asyncio.wait_for_ms(self._changed.wait(), wait)
                self._changed.clear()
            except asyncio.TimeoutError:
                pass  # something is due

    async def _fire(self, name, now):
        rule = self._rules[name]
        if "in_s" in rule["when"]:
            # Forget it first: a crash in its steps must not make it fire at every boot.
            self.delete(name)
        elif "every_s" in rule["when"]:
            period = rule["when"]["every_s"] * 1000
            self._due[name] += period
            if self._due[name] <= now:  # the board was busy: skip what was missed, keep the phase
                self._due[name] += (now - self._due[name]) // period * period + period
        else:
            self._schedule(name)
        done = []
        for step in rule["do"]:
            result = await self._app.tools.run(step["tool"], step["args"], "s", "rule " + name)
            done.append({"tool": step["tool"], "args": step["args"], "result": result})
            if "error" in result:
                break
            await asyncio.sleep_ms(0)
        self._app.event({"e": "rule", "name": name, "res": done})

    def _schedule(self, name):
        rule = self._rules[name]
        when = rule["when"]
        clock = self._app.clock
        self._due.pop(name, None)
        if not rule["on"]:
            return
        if "every_s" in when:
            wait_s = when["every_s"]
        elif "in_s" in when:
            wait_s = when["in_s"]
            if "due" in rule and clock.is_set():
                wait_s = min(wait_s, max(0, rule["due"] - clock.unix_s()))
        elif clock.is_set():
            wait_s = clock_module.seconds_until(clock.local(), when["at"], when.get("days", ""))
        else:
            return  # not before somebody has set the clock
        self._due[name] = clock.uptime_ms() + wait_s * 1000

    def _get(self, name):
        if name not in self._rules:
            raise ToolError("there is no rule %s; rules: %s" % (name, ", ".join(self._rules)))
        return self._rules[name]

    def _keep(self, rules):
        self._app.store.save("rules", rules)  # first: what cannot be saved does not run either
        self._rules = rules


def _valid_at(at):
    return (
        isinstance(at, str)
        and len(at) == 5
        and at[2] == ":"
        and at[:2].isdigit()
        and at[3:].isdigit()
        and int(at[:2]) < 24
        and int(at[3:]) < 60
    )


def _describe(rule):
    when = rule["when"]
    if "every_s" in when:
        text = "every %d s" % when["every_s"]
    elif "in_s" in when:
        text = "once in %d s" % when["in_s"]
    else:
        text = "at %s %s" % (when["at"], when.get("days", "every day"))
    steps = [
        step["tool"] + "".join([" %s %s" % (k, v) for k, v in step["args"].items()])
        for step in rule["do"]
    ]
    return text + ": " + ", ".join(steps) + ("" if rule["on"] else " (off)")
