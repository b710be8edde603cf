"""Steps: what rules do and what scripts are made of.

    {"tool": name, "args": {}, "as": name}    call a tool; "as" binds its result
    {"repeat": n, "do": [steps]}              n from 1 to 100
    {"if": [comparisons], "do": [steps], "else": [steps]}

"$pin" as an argument is the parameter pin, "$t.temperature_c" a field of the result bound as t,
"$last.value" one of the last result; "{t.value}" stands for it within a text. A comparison is
{"pin": n, "is": 1}, {"memory": key, "is": text}, {"time": "22:00-06:00"} or {"value": "$t.field",
"above": x}, with is, not, above or below; a list of them holds if each one does.
"""

from micropython import const

from firmware import wire
from firmware.pins import PinError
from firmware.tools import ToolError

_MAX_WRITTEN = const(24)  # steps of one rule or script, as written
_MAX_NESTED = const(3)
_MAX_RUN = const(300)  # steps of one run
_MAX_RUN_MS = const(3600000)
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
            _window(condition["time"])
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
    if _is_int(args.get("pin")):
        app.pins.check(args["pin"], "w" in app.tools.who(step["tool"]))
    if step["tool"] == "script_run":
        app.scripts.check_depth(args["name"])


def _check_reference(text, names):
    name = text[1:].split(".", 1)[0] if isinstance(text, str) else ""
    if name not in names:
        raise ToolError("%s stands for nothing; known: $%s" % (text, ", $".join(names)))


class Run:
    """One run of the steps of a rule or a script.

    by: its cause for the journal, "rule blink". names: values of parameters. depth: how many
    scripts it is within. done: [{"tool", "args", "result"}], the last ones.
    """

    def __init__(self, app, by, names, depth=0):
        self._app = app
        self._by = by
        self._names = names
        self.depth = depth
        self._left = _MAX_RUN
        self._until = app.clock.uptime_ms() + _MAX_RUN_MS
        self.done = []

    async def steps(self, steps):
        """Carry out steps in order. Raises ToolError that names the step that failed."""
        number = 0
        for step in steps:
            number += 1
            self._left -= 1
            if self._left < 0 or self._app.clock.uptime_ms() > self._until:
                raise ToolError("stopped after %d steps or an hour" % _MAX_RUN)
            if "tool" in step:
                await self._call(step, number)
            elif "repeat" in step:
                for _ in range(step["repeat"]):
                    await self.steps(step["do"])
            else:
                branch = "do" if self.holds(step["if"]) else "else"
                await self.steps(step.get(branch, ()))

    async def _call(self, step, number):
        tool = step["tool"]
        args = {k: self._value(v) for k, v in step.get("args", {}).items()}
        if tool == "script_run":
            result = await self._app.scripts.run(args["name"], args.get("args", {}), self)
        else:
            result = await self._app.tools.run(tool, args, "s", self._by)
        if len(self.done) >= wire.MAX_CALLS:
            self.done.pop(0)
        self.done.append({"tool": tool, "args": args, "result": result})
        if "error" in result:
            raise ToolError("step %d (%s): %s" % (number, tool, result["error"]))
        self._names["last"] = result
        if "as" in step:
            self._names[step["as"]] = result

    def holds(self, conditions):
        """True if each comparison holds now."""
        for condition in conditions:
            if "time" in condition:
                if not self._within(condition["time"]):
                    return False
                continue
            if "pin" in condition:
                left = self._app.pins.read(self._app.tools.pin(condition["pin"]))
            elif "memory" in condition:
                left = self._app.memory.get(condition["memory"])
            else:
                left = self._value(condition["value"])
            if not _compare(left, condition):
                return False
        return True

    def _within(self, span):
        if not self._app.clock.is_set():
            return False
        start, end = _window(span)
        hour, minute = self._app.clock.local()[3:5]
        now = hour * 60 + minute
        return start <= now < end if start < end else now >= start or now < end

    def _value(self, value):
        if isinstance(value, dict):  # the arguments of a script
            return {k: self._value(v) for k, v in value.items()}
        if isinstance(value, str):
            if value[:1] == "$":
                return self._look_up(value[1:])
            if "{" in value:
                parts = value.split("{")
                for i in range(1, len(parts)):
                    name, closed, rest = parts[i].partition("}")
                    parts[i] = str(self._look_up(name)) + rest if closed else "{" + parts[i]
                return "".join(parts)
        return value

    def _look_up(self, path):
        name, dot, field = path.partition(".")
        value = self._names.get(name)
        return value.get(field) if dot and isinstance(value, dict) else value


def _compare(left, condition):
    if "is" in condition:
        return left == condition["is"]
    if "not" in condition:
        return left != condition["not"]
    try:
        if "above" in condition:
            return float(left) > condition["above"]
        return float(left) < condition["below"]
    except (TypeError, ValueError):
        return False  # nothing to compare: no value yet, or a text


def _window(span):
    """Return (start, end) in minutes of "22:00-06:00". Raises ToolError."""
    try:
        return [int(t[:-3]) * 60 + int(t[-2:]) for t in span.split("-", 1) if t[-3] == ":"][:2]
    except (ValueError, IndexError, AttributeError):
        raise ToolError('a time window is "22:00-06:00"')


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)
