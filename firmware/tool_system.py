"""Tools of the board itself: its state, what it remembers, and what is wired to it."""

import gc

from micropython import const

from firmware.tools import ToolError, known, room

_MAX_KEYS = const(24)
_MAX_CHARS = const(1200)  # of all keys and values: they travel with each request
_MAX_THINGS = const(16)
_SCOPES = {
    "heap": ("heap_free",),
    "link": ("link", "reconnects", "events_lost"),
    "rules": ("rules",),
}


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
    status = {
        "uptime_s": app.clock.uptime_ms() // 1000,
        "heap_free": gc.mem_free(),
        "rules": len(app.rules.all),
        "link": "up" if app.link.up else "down",
        "reconnects": app.link.reconnects,
        "events_lost": app.events_lost,
    }
    asked = _SCOPES.get(scope, status)
    return {key: status[key] for key in asked}


def memory_set(app, key, value):
    """Remember; raises ToolError when the memory is full."""
    room(app.memory, key, _MAX_KEYS)
    others = [len(k) + len(v) for k, v in app.memory.items() if k != key]
    if sum(others) + len(key) + len(value) > _MAX_CHARS:
        raise ToolError("memory is full (%d characters): forget something first" % _MAX_CHARS)
    app.memory = app.store.change("memory", app.memory, key, value)
    return {"key": key, "value": value}


def memory_get(app, key):
    """Recall."""
    return {"key": key, "value": known(app.memory, key)}


def memory_list(app):
    """List."""
    return {"items": app.memory}


def memory_delete(app, key):
    """Forget."""
    known(app.memory, key)
    app.memory = app.store.change("memory", app.memory, key, None)
    return {"key": key}


def device_set(app, name, kind, pin, options=()):
    """Name a thing; devices.py says what it is."""
    things = app.devices.all
    app.pins.check(pin, kind not in ("button", "sensor"))
    thing = {"kind": kind, "pin": pin}
    thing.update(options)
    rival = thing.get("not_with")
    if rival and (rival == name or rival not in things):
        raise ToolError("not_with must name another thing")
    other = app.devices.at(pin)[0]
    if other not in (None, name):
        raise ToolError("gpio %d is the %s already" % (pin, other))
    room(things, name, _MAX_THINGS)
    app.devices.change(name, thing)
    return {"name": name, "kind": kind, "pin": pin}


def device_list(app):
    """List."""
    return {
        "devices": {n: "%s on gpio %d" % (t["kind"], t["pin"]) for n, t in app.devices.all.items()}
    }


def device_delete(app, name):
    """Forget."""
    known(app.devices.all, name)
    app.devices.change(name, None)
    return {"name": name}
