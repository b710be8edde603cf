"""Tools that tell about the board itself."""

import gc

from firmware.tools import ToolError


def get_time(app):
    """Tell the local time."""
    words = app.clock.words()
    if words is None:
        raise ToolError("the clock is not set yet")
    return {"time": words, "timezone": "UTC"}


def get_status(app):
    """Tell how the board is."""
    return {
        "uptime_s": app.clock.uptime_ms() // 1000,
        "heap_free": gc.mem_free(),
        "rules": len(app.rules.words()),
        "link": "up" if app.link.up else "down",
        "reconnects": app.link.reconnects,
        "events_lost": app.events_lost,
    }
