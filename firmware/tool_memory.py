"""Tools that keep facts and names across reboots."""

from firmware.tools import ToolError

_MAX_KEYS = 24
_MAX_CHARS = 1200  # of all keys and values: they travel with each request


def memory_set(app, key, value):
    """Remember; raises ToolError when the memory is full."""
    memory = dict(app.memory)
    memory[key] = value
    if len(memory) > _MAX_KEYS or sum([len(k) + len(v) for k, v in memory.items()]) > _MAX_CHARS:
        raise ToolError(
            "memory is full (%d keys, %d characters): forget something first"
            % (_MAX_KEYS, _MAX_CHARS)
        )
    app.save_memory(memory)
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
    memory = dict(app.memory)
    del memory[key]
    app.save_memory(memory)
    return {"key": key}
