"""When this machine saw each device online: a will has no date, so nobody else can tell.

One JSON file a broker in the cache folder: name -> [last seen online, then first seen offline],
Unix seconds, 0 for never.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from host.cache import cache_dir, write_atomic
from host.fleet_facts import Device


class Seen:
    """The notes about one broker's devices."""

    def __init__(self, broker: str) -> None:
        """Read them; what cannot be read is forgotten."""
        name = hashlib.sha256(broker.encode()).hexdigest()[:16]
        self._path = cache_dir() / "fleet" / f"{name}.json"
        self._notes: dict[str, list[int]] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            data: dict[str, Any] = json.loads(self._path.read_bytes())
            self._notes = {str(k): [int(v[0]), int(v[1])] for k, v in data.items()}

    def note(self, devices: Iterable[Device], now_s: float) -> None:
        """Note what is seen now."""
        for device in devices:
            entry = self._notes.get(device.name, [0, 0])
            if device.online:
                self._notes[device.name] = [int(now_s), 0]
            elif device.online is False and not entry[1]:
                self._notes[device.name] = [entry[0], int(now_s)]

    def save(self) -> None:
        """Keep the notes; where none can be kept the next run knows less."""
        with suppress(OSError):
            write_atomic(self._path, json.dumps(self._notes).encode())

    def times(self, name: str) -> tuple[int, int]:
        """Return when it was last seen online, and after that first offline; 0 for never."""
        online, offline = self._notes.get(name, (0, 0))
        return online, offline

    def state(self, device: Device, now_s: float) -> str:
        """Return the presence of a device in words that claim no more than is known."""
        if device.online:
            return "online"
        if device.online is None:
            return "not heard"
        online, offline = self.times(device.name)
        if online and offline - online <= _CLOSE_S:
            return f"offline since {_ago(now_s - offline)} ago"
        if online:
            return f"offline, seen {_ago(now_s - online)} ago"
        return f"offline for {_ago(now_s - offline)} or more" if offline else "offline"


_CLOSE_S = 90  # between the two times: then it is one


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
