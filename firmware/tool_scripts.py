"""Tools that keep and run scripts; scripts.py says what a script is and runs it."""

import asyncio
import json

from firmware import steps as steps_module
from firmware import tool_steps
from firmware.tools import ToolError

_MAX_SCRIPTS = 12
_MAX_BYTES = 3072  # of JSON, all together
_ANSWER_MS = 4000


def script_set(app, name, steps, description="", params=()):
    """Store."""
    scripts = app.scripts.all
    if app.tools.who(name) or not all(_is_name(n) for n in [name] + list(params)):
        raise ToolError("names are a-z, 0-9 and _, and a script's is no tool's")
    tool_steps.check(app, steps, params)
    script = {"description": description, "params": params, "steps": steps}
    size = len(json.dumps(scripts)) + len(json.dumps(script))
    if size > _MAX_BYTES or name not in scripts and len(scripts) >= _MAX_SCRIPTS:
        raise ToolError(
            "scripts are full (%d, %d bytes): delete one first" % (_MAX_SCRIPTS, _MAX_BYTES)
        )
    before = scripts.get(name)
    scripts[name] = script
    try:  # with itself in place, so that a script that runs itself is found out
        tool_steps.check_depth(app, name)
    finally:
        if before:
            scripts[name] = before
        else:
            del scripts[name]
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


def _is_name(text):
    return (
        isinstance(text, str)
        and 0 < len(text) <= 24
        and all(c in "abcdefghijklmnopqrstuvwxyz0123456789_" for c in text)
    )
