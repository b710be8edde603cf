"""Tools that keep facts and names across reboots."""

from firmware.tools import ToolError

_MAX_KEYS = 24
_MAX_CHARS = 1200  # of all keys and values: they travel with each request


def memory_set(app, key, value):
    """Remember; raises ToolError when the memory is full."""
    others = [(k, v) for k, v in app.memory.items() if k != key] + [(key, value)]
    if len(others) > _MAX_KEYS or sum([len(k) + len(v) for k, v in others]) > _MAX_CHARS:
        raise ToolError(
            "memory is full (%d keys, %d characters): forget something first"
            % (_MAX_KEYS, _MAX_CHARS)
        )
    app.memory = app.store.change("memory", app.memory, key, value)
    return {"key": key, "value": value}


def memory_get(app, key):
    """Recall."""
    if key not in app.memory:
        raise ToolError("nothing is remembered as " + key)
    return {"key": key, "value": app.memory[key]}


def memory_list(app):
    """List."""
    return {"items": app.memory}


def memory_delete(app, key):
    """Forget."""
    memory_get(app, key)
    app.memory = app.store.change("memory", app.memory, key, None)
    return {"key": key}
