"""Tools that make, list and remove rules; rules.py says what a rule is and runs them."""

from firmware import schedule, tool_steps
from firmware.tools import ToolError

_MAX_RULES = 24
_MAX_S = 31622400  # a year and a day
_KINDS = ("every_s", "in_s", "at", "cron", "pin", "read", "event", "boot")
_OPTIONS = "days edge above below hysteresis for_s poll_s from min_s catch_up".split()


def rule_set(app, when, do, name=None, **more):
    """Store a rule; a rule of the same name is replaced."""
    rules = app.rules.all
    rule = {"when": _check_when(app, when), "do": do, "on": True}
    if more.get("if"):
        rule["if"] = more["if"]
        tool_steps.check_conditions(app, rule["if"], ("value",))
    tool_steps.check(app, do, ("value",))
    if name is None:
        number = 1
        while "rule%d" % number in rules:
            number += 1
        name = "rule%d" % number
    if name not in rules and len(rules) >= _MAX_RULES:
        raise ToolError("there are %d rules, the most: delete one first" % _MAX_RULES)
    if "in_s" in when and app.clock.is_set():
        rule["due"] = app.clock.unix_s() + when["in_s"]  # a reboot must not postpone it
    app.rules.change(name, rule)
    return {"name": name}


def rule_list(app):
    """List, in words."""
    return {"rules": {name: _describe(rule) for name, rule in app.rules.all.items()}}


def rule_delete(app, name):
    """Delete."""
    _get(app, name)
    app.rules.change(name, None)
    return {"name": name}


def rule_enable(app, name, enabled):
    """Switch on or off."""
    rule = dict(_get(app, name))
    rule["on"] = enabled
    app.rules.change(name, rule)
    return {"name": name, "enabled": enabled}


def _get(app, name):
    if name not in app.rules.all:
        raise ToolError("no rule is called %s; rules: %s" % (name, ", ".join(app.rules.all)))
    return app.rules.all[name]


def _check_when(app, when):
    """Return a trigger if it is a right one. Raises ToolError that says what is wrong."""
    kinds = [k for k in when if k in _KINDS]
    if len(kinds) != 1:
        raise ToolError("when must have one of " + ", ".join(_KINDS))
    kind = kinds[0]
    value = when[kind]
    for key in when:
        if key != kind and key not in _OPTIONS:
            raise ToolError("when has no " + str(key)[:24])
        if key[-2:] == "_s" and not (_is_int(when[key]) and 1 <= when[key] <= _MAX_S):
            raise ToolError("%s must be 1 to %d" % (key, _MAX_S))
    if when.get("catch_up", "skip") not in ("skip", "once"):
        raise ToolError("catch_up must be skip or once")
    if kind in ("at", "cron"):
        try:
            schedule.parse(when)
        except (ValueError, AttributeError) as e:
            raise ToolError("%s: %s" % (kind, e))
    elif kind == "pin":
        when["pin"] = app.pins.check(app.tools.pin(value))
        if when.setdefault("edge", "both") not in ("rising", "falling", "both"):
            raise ToolError("edge must be rising, falling or both")
    elif kind == "read":
        _check_read(app, when, value)
    elif kind == "event" and (not isinstance(value, str) or not 0 < len(value) <= 24):
        raise ToolError("event must be a name of 1 to 24 characters")
    return when


def _check_read(app, when, read):
    if not isinstance(read, dict) or "field" not in read:
        raise ToolError('read must be {"tool", "args", "field"}')
    app.tools.check(read.get("tool"), read.get("args", {}), "s")
    if "w" in app.tools.who(read["tool"]):
        raise ToolError("read must be a tool that only reads")
    limits = [when[k] for k in ("above", "below") if k in when]
    limits.append(when.get("hysteresis", 0))
    if len(limits) != 2 or not all(isinstance(n, (int, float)) for n in limits):
        raise ToolError("read needs above or below, a number")


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _describe(rule):
    when = " ".join(["%s %s" % (k, v) for k, v in rule["when"].items()])
    steps = []
    for step in rule["do"]:
        if "tool" in step:
            args = [" %s %s" % (k, v) for k, v in step.get("args", {}).items()]
            steps.append(step["tool"] + "".join(args))
        else:
            steps.append("repeat" if "repeat" in step else "if")
    return when + ": " + ", ".join(steps) + ("" if rule["on"] else " (off)")
