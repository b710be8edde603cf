"""Scripts: tools composed of steps, kept on the board, run without a model and without a network.

A script is {"description", "params": [names], "steps": [...]}. A model sees each as a tool.
"""

import asyncio
import json

from micropython import const

from firmware import steps as steps_module
from firmware.tools import ToolError

_MAX_SCRIPTS = const(12)
_MAX_BYTES = const(3072)  # of JSON, all together
_MAX_DEPTH = const(3)  # a script that runs a script that runs a script
_ANSWER_MS = const(4000)  # a longer run goes on while the conversation does too


class Scripts:
    """The scripts of one board, and those that run."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("scripts", {})
        self._running = {}  # name -> task

    def set(self, name, description, params, steps):
        """Store a checked script. Raises ToolError."""
        app = self._app
        if app.tools.who(name) or not _is_name(name):
            raise ToolError("a script's name is a-z, 0-9 and _, and not a tool's")
        if not all(_is_name(p) for p in params):
            raise ToolError("params must be names of a-z, 0-9 and _")
        scripts = dict(self.all)
        scripts[name] = {"description": description, "params": params, "steps": steps}
        if len(scripts) > _MAX_SCRIPTS or len(json.dumps(scripts)) > _MAX_BYTES:
            raise ToolError(
                "scripts are full (%d, %d bytes): delete one first" % (_MAX_SCRIPTS, _MAX_BYTES)
            )
        before, self.all = self.all, scripts
        try:  # with itself in place, so that a script that runs itself is found out
            steps_module.check(app, steps, params)
            self.check_depth(name)
            app.store.save("scripts", scripts)
        except (ToolError, OSError):
            self.all = before
            raise
        app.tools.refresh()

    def delete(self, name):
        """Remove a script, and stop it if it runs. Raises ToolError if there is none."""
        self.get(name)
        scripts = dict(self.all)
        del scripts[name]
        self._app.store.save("scripts", scripts)
        self.all = scripts
        self.cancel(name)
        self._app.tools.refresh()

    def get(self, name):
        """Return a script. Raises ToolError if there is none of that name."""
        if name not in self.all:
            raise ToolError("there is no script %s; scripts: %s" % (name, ", ".join(self.all)))
        return self.all[name]

    def check_depth(self, name, depth=1):
        """Raise ToolError if a script runs scripts too deep, or one that is not there."""
        if depth > _MAX_DEPTH:
            raise ToolError("scripts run scripts at most %d deep" % _MAX_DEPTH)
        todo = list(self.get(name)["steps"])
        while todo:
            step = todo.pop()
            if step.get("tool") == "script_run":
                self.check_depth(step["args"]["name"], depth + 1)
            todo.extend(step.get("do", ()))
            todo.extend(step.get("else", ()))

    async def start(self, name, args, by):
        """Run a script for a conversation: its result, or that it goes on running."""
        if name in self._running:
            raise ToolError(name + " is running already")
        outcome = []
        ended = asyncio.Event()
        self._running[name] = asyncio.create_task(self._watch(name, args, by, outcome, ended))
        try:
            await asyncio.wait_for_ms(ended.wait(), _ANSWER_MS)
        except asyncio.TimeoutError:
            return {"name": name, "running": True}
        return outcome[0]

    async def run(self, name, args, within):
        """Run a script as a step of the Run `within`. Returns its last result, or an error."""
        try:
            script = self.get(name)
            if within.depth >= _MAX_DEPTH:
                raise ToolError("scripts run scripts at most %d deep" % _MAX_DEPTH)
            names = {}
            for param in script["params"]:
                if args.get(param) is None:
                    raise ToolError("%s needs %s" % (name, param))
                names[param] = args[param]
            run = steps_module.Run(self._app, "script " + name, names, within.depth + 1)
            await run.steps(script["steps"])
            return run.done[-1]["result"] if run.done else {}
        except (ToolError, OSError) as e:
            return {"error": "%s: %s" % (name, e)}

    def cancel(self, name=None):
        """Stop one running script, or all. Returns the names of those stopped."""
        names = [n for n in self._running if name is None or n == name]
        for n in names:
            self._running.pop(n).cancel()
        return names

    async def _watch(self, name, args, by, outcome, ended):
        try:
            run = steps_module.Run(self._app, by, {})
            outcome.append(await self.run(name, args, run))
            if "error" in outcome[0]:
                self._app.event({"e": "script", "name": name, "why": outcome[0]["error"]})
        finally:
            self._running.pop(name, None)
            ended.set()


def _is_name(text):
    return (
        isinstance(text, str)
        and 0 < len(text) <= 24
        and all(c in "abcdefghijklmnopqrstuvwxyz0123456789_" for c in text)
    )
