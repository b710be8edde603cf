"""Checks steps and comparisons before they are stored; steps.py says what they are."""

from firmware import steps as steps_module
from firmware.pins import PinError
from firmware.tools import ToolError

_MAX_WRITTEN = 24  # steps of one rule or script, as written
_MAX_NESTED = 3
_OPERATORS = ("is", "not", "above", "below")
_SOURCES = ("pin", "memory", "value", "time")


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
                elif not _is_int(step["repeat"]) or not 1 <= step["repeat"] <= 100:
                    raise ToolError("repeat must be 1 to 100")
                count += check(app, step.get("do"), names, nested + 1)
                if "else" in step:
                    count += check(app, step["else"], names, nested + 1)
            else:
                raise ToolError("it has no tool, repeat or if")
        except (ToolError, PinError) as e:
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
        check_depth(app, args["name"])


def _check_reference(text, names):
    name = text[1:].split(".", 1)[0] if isinstance(text, str) else ""
    if name not in names:
        raise ToolError("%s stands for nothing; known: $%s" % (text, ", $".join(names)))


def check_depth(app, name, depth=1):
    """Raise ToolError if a script runs scripts too deep, or one that is not there."""
    if depth > steps_module.MAX_DEPTH:
        raise ToolError("scripts run scripts at most %d deep" % steps_module.MAX_DEPTH)
    todo = list(app.scripts.get(name)["steps"])
    while todo:
        step = todo.pop()
        if step.get("tool") == "script_run":
            check_depth(app, step["args"]["name"], depth + 1)
        todo.extend(step.get("do", ()))
        todo.extend(step.get("else", ()))


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)
