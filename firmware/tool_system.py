"""Tools that tell about the board itself."""

import gc

from firmware.tools import ToolError


def get_time(app):
    """Tell the local time."""
    words = app.clock.words()
    if words is None:
        raise ToolError("the clock is not set yet")
    return {"time": words, "timezone": app.clock.zone_name}


def set_timezone(app, timezone):
    """Set the zone of schedules and of the time that people see."""
    app.clock.set_zone(timezone)
    app.rules.reschedule()
    app.announce()
    return {"timezone": timezone}


def set_persona(app, persona):
    """Set the tone that the model is asked for."""
    app.store.save("persona", {"persona": persona})
    app.persona = persona
    app.announce()
    return {"persona": persona}


def get_status(app, scope=None):
    """Tell how the board is."""
    gc.collect()
    return {
        "uptime_s": app.clock.uptime_ms() // 1000,
        "heap_free": gc.mem_free(),
        "rules": len(app.rules.all),
        "link": "up" if app.link.up else "down",
        "reconnects": app.link.reconnects,
        "events_lost": app.events_lost,
    }
