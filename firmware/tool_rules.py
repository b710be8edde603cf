"""Tools that make, list and remove rules; rules.py says what a rule is and runs them."""

from micropython import const

from firmware import schedule, tool_scripts
from firmware.tools import ToolError, known, room

_MAX_RULES = const(24)
_KINDS = ("every_s", "in_s", "at", "cron", "pin", "read", "event", "boot")


def rule_set(app, when, do, name=None, **more):
    """Store a rule; a rule of the same name is replaced."""
    rules = app.rules.all
    _check_when(app, when)
    rule = {"when": when, "do": do, "on": True}
    if more.get("if"):
        rule["if"] = more["if"]
        tool_scripts.check_conditions(app, rule["if"], ("value",))
    tool_scripts.check(app, do, ("value",))
    if name is None:
        number = 1
        while "rule%d" % number in rules:
            number += 1
        name = "rule%d" % number
    room(rules, name, _MAX_RULES)
    if "in_s" in when and app.clock.is_set():
        rule["due"] = app.clock.unix_s() + when["in_s"]  # a reboot must not postpone it
    app.rules.change(name, rule)
    return {"name": name}


def rule_list(app):
    """List, in words."""
    return {"rules": {name: _describe(rule) for name, rule in app.rules.all.items()}}


def rule_delete(app, name):
    """Delete."""
    known(app.rules.all, name)
    app.rules.change(name, None)
    return {"name": name}


def rule_enable(app, name, enabled):
    """Switch on or off."""
    rule = dict(known(app.rules.all, name))
    rule["on"] = enabled
    app.rules.change(name, rule)
    return {"name": name, "enabled": enabled}


def _check_when(app, when):
    """Raise ToolError unless a trigger, whose values are right each by itself, is one."""
    kinds = [k for k in when if k in _KINDS]
    if len(kinds) != 1:
        raise ToolError("when must have one of " + ", ".join(_KINDS))
    kind = kinds[0]
    if kind in ("at", "cron"):
        try:
            schedule.parse(when)
        except ValueError as e:
            raise ToolError("%s: %s" % (kind, e))
    elif kind == "read":
        read = when["read"]
        app.tools.check(read["tool"], read.get("args", {}), "s")
        if "w" in app.tools.row(read["tool"])[1]:
            raise ToolError("read must be a tool that only reads")
        if ("above" in when) == ("below" in when):
            raise ToolError("read needs above or below")


def _describe(rule):
    steps = [
        (step.get("tool") or ("repeat" if "repeat" in step else "if"))
        + _words(step.get("args", {}))
        for step in rule["do"]
    ]
    when = _words(rule["when"])[1:]
    return when + ": " + ", ".join(steps) + ("" if rule["on"] else " (off)")


def _words(values):
    return "".join([" %s %s" % item for item in values.items()])
