"""Tools of rules and scripts alone: wait, tell, ask."""

import asyncio

from firmware.tools import ToolError


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
