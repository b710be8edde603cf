"""Tools of the board itself: its state, what it remembers, and what is wired to it."""

import gc

import network

from firmware.tools import ToolError, known


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
    link = app.link
    wlan = network.WLAN()
    parts = {
        "heap": {"heap_free": gc.mem_free()},
        "link": {
            "link": "up" if link.up else "down",
            "reconnects": link.reconnects,
            "events_lost": app.events_lost,
            "rssi_dbm": wlan.status("rssi") if wlan.isconnected() else None,
        },
        "rules": {"rules": len(app.rules.all)},
    }
    if scope in parts:
        return parts[scope]
    status = {"uptime_s": app.clock.uptime_ms() // 1000}
    for part in parts.values():
        status.update(part)
    return status


def memory_set(app, key, value):
    """Remember; raises ValueError when the memory, which travels with each request, is full."""
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
    memory_set(app, key, None)
    return {"key": key}


def device_set(app, name, kind, pin, options=()):
    """Name a thing; pins.py says what it is."""
    things = app.pins.things
    app.pins.check(pin, kind not in ("button", "sensor"))
    thing = {"kind": kind, "pin": pin}
    thing.update(options)
    rival = thing.get("not_with")
    if rival and (rival == name or rival not in things):
        raise ToolError("not_with must name another thing")
    other = app.pins.at(pin)[0]
    if other not in ("", name):
        raise ToolError("gpio %d is the %s already" % (pin, other))
    app.pins.change(name, thing)
    return {"name": name, "kind": kind, "pin": pin}


def device_list(app):
    """List."""
    devices = {}
    for name, thing in app.pins.things.items():
        words = "%(kind)s on gpio %(pin)d " % thing + thing.get("unit", "")
        devices[name] = words.strip()
    return {"devices": devices}


def device_delete(app, name):
    """Forget."""
    known(app.pins.things, name)
    app.pins.change(name, None)
    return {"name": name}
