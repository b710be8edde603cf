"""Tools that keep and run scripts, and what checks steps before they are stored.

scripts.py says what a script is, steps.py what steps and comparisons are.
"""

import asyncio
import json

from micropython import const

from firmware import steps as steps_module
from firmware.tools import ToolError, known, room

_MAX_SCRIPTS = const(12)
_MAX_BYTES = const(3072)  # of JSON, all together
_ANSWER_MS = const(4000)
_MAX_WRITTEN = const(24)  # steps of one rule or script, as written
_MAX_NESTED = const(3)
_REPEAT = ("repeat", "int", 1, 100)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_OPERATORS = ("is", "not", "above", "below")
_SOURCES = ("pin", "memory", "value", "time")


def script_set(app, name, steps, description="", params=()):
    """Store."""
    for word in [name] + list(params):
        if not isinstance(word, str) or word.strip(_LETTERS) or not 0 < len(word) <= 24:
            raise ToolError("names are a-z, 0-9 and _, of 1 to 24 characters")
    if app.tools.row(name)[1]:
        raise ToolError("a script's name is no tool's")
    check(app, steps, params)
    script = {"description": description, "params": params, "steps": steps}
    room(app.scripts.all, name, _MAX_SCRIPTS)
    scripts = dict(app.scripts.all)
    scripts[name] = script
    if len(json.dumps(scripts)) > _MAX_BYTES:
        raise ToolError("scripts are full (%d bytes): delete one first" % _MAX_BYTES)
    _check_depth(scripts, name)  # it may run itself now
    app.scripts.change(name, script)
    return {"name": name}


async def script_run(app, name, args=None):
    """Run; one that takes long goes on while the conversation does too."""
    if name in app.scripts.running:
        raise ToolError(name + " is running already")
    outcome = []
    ended = asyncio.Event()
    app.scripts.running[name] = asyncio.create_task(_run(app, name, args or {}, outcome, ended))
    try:
        await asyncio.wait_for_ms(ended.wait(), _ANSWER_MS)
    except asyncio.TimeoutError:
        return {"name": name, "running": True}
    return outcome[0]


async def _run(app, name, args, outcome, ended):
    try:
        outcome.append(await steps_module.Run(app, "script " + name, {}).script(name, args))
        if "error" in outcome[0]:
            app.event({"e": "script", "name": name, "why": outcome[0]["error"]})
    finally:
        app.scripts.running.pop(name, None)
        ended.set()


def script_list(app):
    """List."""
    return {
        "scripts": {
            n: s["description"] or ", ".join(s["params"]) for n, s in app.scripts.all.items()
        }
    }


def script_delete(app, name):
    """Delete."""
    app.scripts.get(name)
    app.scripts.change(name, None)
    return {"name": name}


def check(app, steps, names=(), nested=0):
    """Return how many steps there are if all are right. Raises ToolError that names the step.

    names: parameters and results that "$name" may stand for.
    """
    if not isinstance(steps, list) or not steps or nested > _MAX_NESTED:
        raise ToolError("steps must be a list, nested at most %d deep" % _MAX_NESTED)
    names = list(names) + ["last"]
    count = 0
    for step in steps:
        count += 1
        try:
            if not isinstance(step, dict):
                raise ToolError("it is not an object")
            if "tool" in step:
                _check_call(app, step, names)
                if "as" in step:
                    names.append(step["as"])
            elif "repeat" in step or "if" in step:
                if "if" in step:
                    check_conditions(app, step["if"], names)
                else:
                    step["repeat"] = app.tools.fit("step", _REPEAT, step["repeat"])
                count += check(app, step.get("do"), names, nested + 1)
                if "else" in step:
                    count += check(app, step["else"], names, nested + 1)
            else:
                raise ToolError("it has no tool, repeat or if")
        except ValueError as e:
            raise ToolError("step %d: %s" % (count, e))
    if count > _MAX_WRITTEN:
        raise ToolError("%d steps, at most %d" % (count, _MAX_WRITTEN))
    return count


def check_conditions(app, conditions, names):
    """Raise ToolError unless conditions is a list of comparisons."""
    if not isinstance(conditions, list) or not conditions:
        raise ToolError("if must be a list of comparisons")
    for condition in conditions:
        sources = [k for k in condition if k in _SOURCES] if isinstance(condition, dict) else ()
        operators = [k for k in condition if k in _OPERATORS] if sources else ()
        timed = "time" in sources
        if len(sources) != 1 or len(operators) != (0 if timed else 1):
            raise ToolError(
                "a comparison is one of pin, memory, value with one of is, not, above, below, "
                'or {"time": "22:00-06:00"}'
            )
        if timed:
            steps_module.window(condition["time"])
        elif "pin" in condition:
            app.pins.check(app.tools.pin(condition["pin"]))
        elif "value" in condition:
            _check_reference(condition["value"], names)


def _check_call(app, step, names):
    args = step.get("args", {})
    if not isinstance(args, dict):
        raise ToolError("args must be an object")
    inner = args.get("args")  # of a script
    for value in list(args.values()) + (list(inner.values()) if isinstance(inner, dict) else []):
        if isinstance(value, str) and value[:1] == "$":
            _check_reference(value, names)
    args = app.tools.check(step["tool"], args, "c")
    if step["tool"] == "script_run":
        _check_depth(app.scripts.all, args["name"])


def _check_reference(text, names):
    name = text[1:].split(".", 1)[0] if isinstance(text, str) else ""
    if name not in names:
        raise ToolError("%s stands for nothing; known: $%s" % (text, ", $".join(names)))


def _check_depth(scripts, name, depth=1):
    """Raise ToolError if a script runs scripts too deep, or one that is not there."""
    if depth > steps_module.MAX_DEPTH:
        raise ToolError("scripts run scripts at most %d deep" % steps_module.MAX_DEPTH)
    todo = list(known(scripts, name)["steps"])
    while todo:
        step = todo.pop()
        if step.get("tool") == "script_run":
            _check_depth(scripts, step["args"]["name"], depth + 1)
        todo += step.get("do", [])
        todo += step.get("else", [])
