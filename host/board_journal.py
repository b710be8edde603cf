"""A board's journal in words: what did what to the world outside, when and why.

A line of it is a checksum and JSON, as firmware/store.py writes it:
    7d0b12ac [time, times, "rule pump", "gpio_write", {"pin": 5, "value": 1}, {"value": 1}]
"""

import binascii
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from host.device_prompt import Prompt

PATHS = ("/data/journal.old", "/data/journal")
_LINE = re.compile(r"^([0-9a-f]{8}) (\[.*\])$")
_FIRST_DATE = 1_000_000_000  # less is uptime: nobody had set the clock


def decode(line: str) -> dict[str, Any] | None:
    """Return a line's fields, or None if it is none or its checksum is wrong.

    Fields: time (Unix seconds, or seconds after a start), times, why, tool, args, result.
    """
    found = _LINE.match(line.strip())
    if not found or int(found[1], 16) != binascii.crc32(found[2].encode()):
        return None
    try:
        values = json.loads(found[2])
    except ValueError:
        return None
    names = ("time", "times", "why", "tool", "args", "result")
    if not isinstance(values, list) or len(cast("list[Any]", values)) != len(names):
        return None
    return dict(zip(names, cast("list[Any]", values), strict=True))


def words(entry: dict[str, Any]) -> str:
    """Return an entry as a sentence; dates are UTC."""
    at, times = entry["time"], entry["times"]
    when = f"{at} s after a start"
    if at >= _FIRST_DATE:
        when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    asked = ", ".join(f"{name} {_short(value)}" for name, value in entry["args"].items())
    result: dict[str, Any] = entry["result"]
    did = ", ".join(f"{name} {_short(value)}" for name, value in result.items()) or "done"
    often = f" ({times} times)" if times > 1 else ""
    return f"{when}  {entry['why']}: {entry['tool']}({asked}) -> {did}{often}"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def entries(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the entries among lines; what fails its checksum is left out, as the board does."""
    return [entry for line in lines if (entry := decode(line))]


def read(port: str, restart: bool = True) -> list[dict[str, Any]]:
    """Return the journal of the board at a port, oldest first; the agent starts anew after it.

    What it has not written yet, a minute at most, is not in it. Raises UserError.
    """
    with Prompt(port, restart) as prompt:
        digests = prompt.digests()
        files = prompt.read({path: digests[path] for path in PATHS if path in digests})
    text = b"\n".join(files[path] for path in PATHS if path in files)
    return entries(text.decode(errors="replace").splitlines())
