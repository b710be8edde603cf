"""Tools that keep rules and scripts; rules.py says what a rule is, steps.py what steps are."""

from micropython import const

from firmware import wire
from firmware.tools import ToolError, known, room

_MAX_RULES = const(24)
_MAX_SCRIPTS = const(12)
_MAX_STEPS = const(24)  # of one rule or script, as written
_MAX_NESTED = const(3)  # steps in steps; scripts in scripts
_KINDS = "every_s, in_s, at, cron, pin, read, event, boot"  # holds no other key of "when"


def rule_set(app, when, do, name=None, **more):
    """Store a rule; a rule of the same name is replaced."""
    rules = app.rules.all
    _check_when(app, when)
    rule = {"when": when, "do": do, "on": True}
    if more.get("if"):
        rule["if"] = more["if"]
        _check_if(rule["if"], ("value",))
    _check(app, app.tools.scripts, do, ("value",))
    if name is None:
        number = 1
        while "rule%d" % number in rules:
            number += 1
        name = "rule%d" % number
    room(rules, name, _MAX_RULES)
    span_s = when.get("in_s") or when.get("every_s")
    if span_s and app.clock.is_set():
        rule["due"] = app.clock.unix_s() + span_s  # a reboot must not postpone it
    app.rules.change(name, rule)
    return {"name": name}


def rule_list(app):
    """List, in words."""
    rules = {}
    for name, rule in app.rules.all.items():
        words = _words(rule["when"])[1:]
        for step in rule["do"]:
            words += ", " + step.get("tool", "steps") + _words(step.get("args", {}))
        rules[name] = words if rule["on"] else words + " (off)"
    return {"rules": rules}


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


def script_set(app, name, steps, description="", params=()):
    """Store a script; one of the same name is stopped and replaced."""
    for word in [name] + list(params):
        if not wire.valid_name("_" + word):
            raise ToolError("names are of a-z, 0-9, - and _")
    if app.tools.row(name)[1]:
        raise ToolError("a script's name is no tool's")
    scripts = dict(app.tools.scripts)
    room(scripts, name, _MAX_SCRIPTS)
    scripts[name] = {"description": description, "params": params, "steps": steps}
    _check(app, scripts, steps, params)
    return _change(app, name, scripts[name])


def script_list(app):
    """List."""
    scripts = {}
    for name, script in app.tools.scripts.items():
        scripts[name] = script["description"] or ", ".join(script["params"])
    return {"scripts": scripts}


def script_delete(app, name):
    """Delete, and stop."""
    known(app.tools.scripts, name)
    return _change(app, name, None)


def _change(app, name, script):
    tools = app.tools
    tools.scripts = app.store.change("scripts", tools.scripts, name, script)
    task = tools.running.pop(name, None)
    if task:
        task.cancel()
    tools.refresh()
    app.announce()
    return {"name": name}


def _check_when(app, when):
    """Raise ToolError unless a trigger, whose values are right each by itself, is one."""
    kinds = []
    for key in when:
        if key in _KINDS:
            kinds.append(key)
    if len(kinds) != 1:
        raise ToolError("when must have one of " + _KINDS)
    if "at" in when or "cron" in when:
        from firmware import schedule  # large, and only rules by the clock need it

        try:
            if not schedule.following(when, app.clock.unix_s(), app.clock.zone()):
                raise ValueError("that day never comes")
        except ValueError as e:
            raise ToolError("%s: %s" % (kinds[0], e))
    elif "read" in when:
        read = when["read"]
        if "w" in app.tools.check(read["tool"], read.get("args", {}), "s")[1]:
            raise ToolError("read must be a tool that only reads")
        if ("above" in when) == ("below" in when):
            raise ToolError("read needs above or below")


def _check(app, scripts, steps, names, depth=1, nested=0):
    """Return how many steps there are if all can be done. Raises ToolError that names the step.

    steps: right by what tools.txt says. names: of parameters and results that "$name" may stand
    for. depth, nested: how many scripts, steps they are within.
    """
    names = list(names) + ["last"]
    count = 0
    for step in steps:
        count += 1
        try:
            if "tool" in step:
                args = step.get("args", {})
                _check_names(args, names)
                app.tools.check(step["tool"], args, "s", True)
                if step["tool"] == "script_run":
                    script = known(scripts, args["name"])
                    if depth >= _MAX_NESTED:
                        raise ToolError("scripts run scripts at most %d deep" % _MAX_NESTED)
                    _check(app, scripts, script["steps"], script["params"], depth + 1)
                if "as" in step:
                    names.append(step["as"])
                continue
            if not step.get("do") or ("if" in step) == ("repeat" in step):
                raise ToolError("it needs tool, or do with repeat or if")
            _check_names(step.get("repeat"), names)
            _check_if(step.get("if", ()), names)
            for branch in (step["do"], step.get("else")):
                if branch:
                    count += _check(app, scripts, branch, names, depth, nested + 1)
        except ValueError as e:
            raise ToolError("step %d: %s" % (count, e))
    if not 0 < count <= _MAX_STEPS or nested > _MAX_NESTED:
        raise ToolError(
            "steps must be a list of 1 to %d, nested at most %d deep" % (_MAX_STEPS, _MAX_NESTED)
        )
    return count


def _check_if(conditions, names):
    """Raise ToolError unless each is a comparison; make "9:00-17:00" "09:00-17:00"."""
    for condition in conditions:
        try:
            left = ("pin" in condition) + ("memory" in condition) + ("value" in condition)
            timed = "time" in condition
            if timed:
                span = condition["time"].replace("-", ":").split(":")
                condition["time"] = "%02d:%02d-%02d:%02d" % tuple(map(int, span))
            if left + timed != 1 or len(condition) + timed != 2:
                raise ValueError
        except (TypeError, ValueError):
            raise ToolError(
                "a comparison is pin, memory or value with is, not, above or below, "
                'or {"time": "22:00-06:00"}'
            )
        _check_names(condition, names)


def _check_names(value, names):
    if isinstance(value, dict):
        for part in value.values():
            _check_names(part, names)
    elif isinstance(value, str) and value[:1] == "$" and value[1:].split(".")[0] not in names:
        raise ToolError("%s stands for nothing; known: $%s" % (value, ", $".join(names)))


def _words(values):
    words = ""
    for item in values.items():
        words += " %s %s" % item
    return words
