"""JSON on the hot path: orjson, and Python's own where orjson is stricter than what is sent."""

import json
from typing import Any

import orjson


def encode(value: Any) -> bytes:
    """Return compact JSON. Half of a character, which UTF-8 lacks, goes out as its escape."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decode(data: bytes | str) -> Any:
    """Return what a JSON text says. Raises ValueError, or RecursionError.

    Upstreams cut characters in half: Python takes that. Whole numbers of over 64 bits are rounded.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data)
