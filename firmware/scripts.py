"""Scripts: tools composed of steps, kept on the board, run without a model and without a network.

A script is {"description", "params": [names], "steps": [...]}. A model sees each as a tool.
"""

import asyncio

from micropython import const

from firmware.tools import ToolError

_ANSWER_MS = const(4000)  # a longer run goes on while the conversation does too


class Scripts:
    """The scripts of one board, and those that run."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("scripts", {})
        self._running = {}  # name -> task

    def change(self, name, script):
        """Store a script that tool_scripts has checked, None to remove it. Raises OSError."""
        scripts = dict(self.all)
        scripts.pop(name, None)
        if script:
            scripts[name] = script
        self._app.store.save("scripts", scripts)
        self.all = scripts
        self.cancel(name)
        self._app.tools.refresh()
        self._app.announce()

    def get(self, name):
        """Return a script. Raises ToolError if there is none of that name."""
        if name not in self.all:
            raise ToolError("there is no script %s; scripts: %s" % (name, ", ".join(self.all)))
        return self.all[name]

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
        from firmware.steps import MAX_DEPTH, Run  # only boards that run scripts pay for it

        try:
            script = self.get(name)
            if within.depth >= MAX_DEPTH:
                raise ToolError("scripts run scripts at most %d deep" % MAX_DEPTH)
            names = {}
            for param in script["params"]:
                if args.get(param) is None:
                    raise ToolError("%s needs %s" % (name, param))
                names[param] = args[param]
            run = Run(self._app, "script " + name, names, within.depth + 1)
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
        from firmware.steps import Run

        try:
            run = Run(self._app, by, {})
            outcome.append(await self.run(name, args, run))
            if "error" in outcome[0]:
                self._app.event({"e": "script", "name": name, "why": outcome[0]["error"]})
        finally:
            self._running.pop(name, None)
            ended.set()
