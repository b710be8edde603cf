"""Steps: what rules do and what scripts are made of, and the tools that only steps have.

    {"tool": name, "args": {}, "as": name}    call a tool; "as" binds its result
    {"repeat": n, "do": [steps]}
    {"if": [comparisons], "do": [steps], "else": [steps]}

"$pin" is the parameter pin, "$t.temperature_c" a field of the result bound as t, "$last.value" one
of the last result; "{t.value}" and "{t.value:off|on}" stand for it within a text. A comparison is
{"pin": n, "is": 1}, {"memory": key, "is": text}, {"time": "22:00-06:00"} or {"value": "$t.field",
"above": x}, with is, not, above or below; a list of them holds if each one does. tools.txt says
what each may have in it.

A script is {"description", "params": [names], "steps": [steps]}. A model sees each as a tool.
"""

import asyncio

from micropython import const

from firmware import wire
from firmware.clock import Alarm
from firmware.tools import ToolError, known

_MAX_DEPTH = const(3)  # a script that runs a script that runs a script
_MAX_RUN = const(300)  # steps of one run
_MAX_RUN_MS = const(3660000)  # an hour, the longest delay, and what is around it
_MAX_DONE = const(8)
_ANSWER_MS = const(4000)


class Run:
    """One run of the steps of a rule or a script, and of the scripts within.

    by: its cause for the journal, "rule blink". names: values of parameters. done: [{"tool",
    "args", "result"}], the last ones. result: of a script.
    """

    def __init__(self, app, by, names):
        self._app = app
        self._by = by
        self._names = names
        self._depth = 0
        self._left = _MAX_RUN
        self._until = app.clock.uptime_ms() + _MAX_RUN_MS
        self.done = []
        self.result = {}

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
                times = self._value(step["repeat"])
                if not isinstance(times, int):
                    raise ToolError("step %d: repeat must be a number" % number)
                for _ in range(times):
                    await self.steps(step["do"])
            else:
                branch = "do" if self.holds(step["if"]) else "else"
                await self.steps(step.get(branch, ()))

    async def _call(self, step, number):
        tool = step["tool"]
        args = self._value(step.get("args", {}), tool == "ask")
        if tool == "script_run":
            result = await self.script(args["name"], args.get("args", {}))
        else:
            result = await self._app.tools.run(tool, args, "s", self._by)
        self.done.append({"tool": tool, "args": args, "result": result})
        del self.done[:-_MAX_DONE]
        if "error" in result:
            raise ToolError("step %d (%s): %s" % (number, tool, result["error"]))
        self._names["last"] = result
        if "as" in step:
            self._names[step["as"]] = result

    async def script(self, name, args):
        """Run a script within this run. Returns its last result, or an error, which ends all."""
        try:
            script = known(self._app.tools.scripts, name)
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ToolError("scripts run scripts at most %d deep" % _MAX_DEPTH)
            names = {}
            for param in script["params"]:
                if args.get(param) is None:
                    raise ToolError("%s needs %s" % (name, param))
                names[param] = args[param]
            outer, self._names = self._names, names
            await self.steps(script["steps"])
            self._names = outer
            self._depth -= 1
            return names.get("last", {})
        except ValueError as e:
            return {"error": str(e)}

    def holds(self, conditions):
        """True if each comparison holds now."""
        app = self._app
        for condition in conditions:
            condition = self._value(condition)
            if "time" in condition:
                now = (app.clock.words() or "")[11:16]  # without a clock it is no time
                start, _, end = condition["time"].partition("-")
                good = start <= now < end if start < end else now >= start or "" < now < end
            else:
                if "pin" in condition:
                    left = app.pins.read(app.tools.pin(condition["pin"]))
                elif "memory" in condition:
                    left = app.memory.get(condition["memory"])
                else:
                    left = condition["value"]
                if "is" in condition:
                    good = left == condition["is"]
                elif "not" in condition:
                    good = left != condition["not"]
                else:
                    try:
                        left = float(left)
                        good = (
                            left > condition["above"]
                            if "above" in condition
                            else left < condition["below"]
                        )
                    except (TypeError, ValueError):
                        good = False  # nothing to compare: no value yet, or a text
            if not good:
                return False
        return True

    def _value(self, value, quoted=False):
        """Return a value with what its references stand for, as JSON within texts if quoted."""
        if isinstance(value, dict):
            values = {}
            for key in value:
                values[key] = self._value(value[key], quoted)
            return values
        if isinstance(value, str):
            if value[:1] == "$":
                if not quoted:
                    return wire.look_up(value[1:], self._names)
                value = "{%s}" % value[1:]
            return wire.fill(value, self._names, quoted)
        return value


async def script_run(app, name, args=None):
    """Run; one that takes long goes on while the conversation does too."""
    if name in app.tools.running:
        raise ToolError(name + " is running already")
    run = Run(app, "script " + name, {})
    ended = Alarm()
    app.tools.running[name] = asyncio.create_task(_run(app, run, name, args or {}, ended))
    if await ended.wait(_ANSWER_MS):
        return run.result
    return {"name": name, "running": True}


async def _run(app, run, name, args, ended):
    try:
        run.result = await run.script(name, args)
        if "error" in run.result:
            app.event({"e": "script", "name": name, "why": run.result["error"]})
    finally:
        app.tools.running.pop(name, None)
        ended.set()


async def delay(app, ms):
    """Wait."""
    await asyncio.sleep_ms(ms)
    return {"ms": ms}


def notify(app, text):
    """Tell the person."""
    app.event({"e": "notify", "text": text})
    return {"text": text}


async def ask(app, prompt):
    """Ask the model one question; its answer is the text."""
    answer = await app.agent.ask(prompt)
    if not answer["ok"]:
        raise ToolError(answer["text"])
    return {"text": answer["text"]}


def emit(app, event, value=None, tag=None):
    """Tell other boards: those that listen to this one, or all of a tag."""
    app.emit(event, value, tag)
    return {"event": event}
