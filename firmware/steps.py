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
from firmware.tools import ToolError

MAX_DEPTH = 3  # a script that runs a script that runs a script
_MAX_RUN = const(300)  # steps of one run
_MAX_RUN_MS = const(3600000)


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
            result = await self.script(args["name"], args.get("args", {}))
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

    async def script(self, name, args):
        """Run a script within this run. Returns its last result, or an error."""
        try:
            script = self._app.scripts.get(name)
            if self.depth >= MAX_DEPTH:
                raise ToolError("scripts run scripts at most %d deep" % MAX_DEPTH)
            names = {}
            for param in script["params"]:
                if args.get(param) is None:
                    raise ToolError("%s needs %s" % (name, param))
                names[param] = args[param]
            run = Run(self._app, "script " + name, names, self.depth + 1)
            await run.steps(script["steps"])
            return run.done[-1]["result"] if run.done else {}
        except (ToolError, OSError) as e:
            return {"error": "%s: %s" % (name, e)}

    def holds(self, conditions):
        """True if each comparison holds now."""
        for condition in conditions:
            if not self._holds(condition):
                return False
        return True

    def _holds(self, condition):
        app = self._app
        if "time" in condition:
            if not app.clock.is_set():
                return False
            start, end = window(condition["time"])
            hour, minute = app.clock.local()[3:5]
            now = hour * 60 + minute
            return start <= now < end if start < end else now >= start or now < end
        if "pin" in condition:
            left = app.pins.read(app.tools.pin(condition["pin"]))
        elif "memory" in condition:
            left = app.memory.get(condition["memory"])
        else:
            left = self._value(condition["value"])
        if "is" in condition:
            return left == condition["is"]
        if "not" in condition:
            return left != condition["not"]
        try:
            left = float(left)
            return left > condition["above"] if "above" in condition else left < condition["below"]
        except (TypeError, ValueError):
            return False  # nothing to compare: no value yet, or a text

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


def window(span):
    """Return (start, end) in minutes of "22:00-06:00". Raises ToolError."""
    try:
        return [int(t[:-3]) * 60 + int(t[-2:]) for t in span.split("-", 1) if t[-3] == ":"][:2]
    except (ValueError, IndexError, AttributeError):
        raise ToolError('a time window is "22:00-06:00"')
