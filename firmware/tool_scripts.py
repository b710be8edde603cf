"""Tools that keep and run scripts."""


def script_set(app, name, steps, description="", params=()):
    """Store."""
    app.scripts.set(name, description, list(params), steps)
    return {"name": name}


async def script_run(app, name, args=None):
    """Run."""
    return await app.scripts.start(name, args or {}, "script " + name)


def script_list(app):
    """List."""
    return {
        "scripts": {
            n: s["description"] or ", ".join(s["params"]) for n, s in app.scripts.all.items()
        }
    }


def script_delete(app, name):
    """Delete."""
    app.scripts.delete(name)
    return {"name": name}
