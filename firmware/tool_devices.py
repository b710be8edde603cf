"""Tools that name what is wired to the board."""


def device_set(app, name, kind, pin, options=None):
    """Name a thing."""
    app.devices.set(name, kind, pin, options or {})
    return {"name": name, "kind": kind, "pin": pin}


def device_list(app):
    """List."""
    return {
        "devices": {n: "%s on gpio %d" % (t["kind"], t["pin"]) for n, t in app.devices.all.items()}
    }


def device_delete(app, name):
    """Forget."""
    app.devices.delete(name)
    return {"name": name}
