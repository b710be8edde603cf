"""Tools that name what is wired to the board; devices.py says what a thing is."""

from firmware.tools import ToolError

_MAX_THINGS = 16
_MAX_S = 86400
_OPTIONS = {"inverted": (0, 1), "safe": (0, 1), "max_on_s": (1, _MAX_S), "min_off_s": (1, _MAX_S)}


def device_set(app, name, kind, pin, options=None):
    """Name a thing."""
    things = app.devices.all
    thing = {"kind": kind, "pin": app.pins.check(pin, kind not in ("button", "sensor"))}
    for key, value in (options or {}).items():
        if key in _OPTIONS:
            low, high = _OPTIONS[key]
            if isinstance(value, bool):
                value = int(value)
            if not isinstance(value, int) or not low <= value <= high:
                raise ToolError("%s must be %d to %d" % (key, low, high))
        elif key == "not_with":
            if value not in things or value == name:
                raise ToolError("not_with must name another thing")
        elif key != "unit" or not isinstance(value, str) or len(value) > 8:
            raise ToolError("there is no option " + str(key)[:24])
        thing[key] = value
    for other in things:
        if other != name and things[other]["pin"] == pin:
            raise ToolError("gpio %d is the %s already" % (pin, other))
    if name not in things and len(things) >= _MAX_THINGS:
        raise ToolError("there are %d things, the most: delete one first" % _MAX_THINGS)
    app.devices.change(name, thing)
    return {"name": name, "kind": kind, "pin": pin}


def device_list(app):
    """List."""
    return {
        "devices": {n: "%s on gpio %d" % (t["kind"], t["pin"]) for n, t in app.devices.all.items()}
    }


def device_delete(app, name):
    """Forget."""
    if name not in app.devices.all:
        raise ToolError("nothing is called %s; names: %s" % (name, ", ".join(app.devices.all)))
    app.devices.change(name, None)
    return {"name": name}
