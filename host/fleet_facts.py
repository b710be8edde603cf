"""What the broker keeps of each device: presence, birth, settings wanted and had, crash, update.

Nothing here is asked of a device or of a server: these are retained messages, and what is not
among them is not known.
"""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from firmware import wire
from host import signing
from host.fleet_where import Where
from host.operator import Operator

_SMALL = (wire.STATUS, wire.CRASH, wire.DESIRED, wire.REPORTED, wire.PROGRESS)
_FEW = 200  # devices; more are found faster among all
_TYPES = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}
_BIRTH = [item.rstrip("!").split(":") for item in str(wire.FIELDS[wire.INFO]).split()]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


@dataclass
class Device:
    """One device as the broker knows it; None where it keeps nothing.

    odd: kind of a message -> why it is none of the contract.
    """

    name: str
    online: bool | None = None
    info: dict[str, Any] | None = None
    crash: dict[str, Any] | None = None
    desired: dict[str, Any] | None = None
    desired_payload: bytes = b""  # as it came, with its MAC
    reported: dict[str, Any] | None = None
    job: dict[str, Any] | None = None
    is_reborn: bool = False  # it came online, and its new birth message has not come yet
    odd: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, kind: str, payload: bytes) -> None:
        """Note a message of one of the kinds above; an empty one takes back what was kept."""
        self.odd.pop(kind, None)
        try:
            if kind == wire.STATUS:
                before = self.online
                self.online = {b"online": True, b"offline": False, b"": None}[payload]
                self.is_reborn = before is False and self.online is True
            elif kind in _PLACES:
                if kind == wire.INFO:
                    self.is_reborn = False
                if kind == wire.DESIRED:
                    self.desired_payload = payload
                setattr(self, _PLACES[kind], _object(kind, payload) if payload else None)
        except KeyError:
            self.odd[kind] = "neither online nor offline"
        except ValueError as e:
            self.odd[kind] = str(e)

    @property
    def drift(self) -> bool | None:
        """Whether the device has other settings than are wanted; None where none are wanted."""
        if self.desired is None:
            return None
        reported = self.reported or {}
        return reported.get("v") != self.desired.get("v") or bool(reported.get("err"))

    def facts(self) -> dict[str, object]:
        """Return a value for each of fleet_where.FIELDS, None for what is not known."""
        info = self.info or {}
        return {
            "device": self.name,
            "online": self.online,
            "fw": info.get("fw"),
            "board": info.get("board"),
            "chip": info.get("chip"),
            "tag": info.get("tags", [] if self.info else None),
            "tool": info.get("tools"),
            "tz": info.get("tz"),
            "persona": info.get("persona"),
            "crash": self.crash is not None,
            "drift": self.drift,
            "config": (self.reported or {}).get("v"),
            "job": (self.job or {}).get("state"),
        }


_PLACES = {
    wire.INFO: "info",
    wire.CRASH: "crash",
    wire.DESIRED: "desired",
    wire.REPORTED: "reported",
    wire.PROGRESS: "job",
}


def _object(kind: str, payload: bytes) -> dict[str, Any]:
    """Return a body. Raises ValueError: a device may say anything, also to us."""
    if kind == wire.DESIRED:
        payload = payload[signing.MAC_DIGITS :]
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as e:
        if kind == wire.CRASH:  # a text is a crash too
            return {"text": payload.decode("utf-8", "replace")}
        raise ValueError("not JSON") from e
    if not isinstance(body, dict):
        raise ValueError("not an object")
    body = cast("dict[str, Any]", body)
    if kind == wire.INFO:  # not wire.decode: it looks at each letter of a large catalogue
        for name, wanted in _BIRTH:
            if name in body and type(body[name]) is not _TYPES[wanted]:
                raise ValueError(f"{name} must be {wanted}")
        rows = cast("list[Any]", body.get("tools", []))
        body["tools"] = [str(cast("list[Any]", row)[0]) for row in rows if _is_row(row)]
    return body


def _is_row(row: object) -> bool:
    return isinstance(row, list) and bool(row)  # pyright: ignore[reportUnknownArgumentType]


class Fleet:
    """The devices that a broker tells of, by name; its methods may be called from any thread.

    changed: called with a device after each message of its, in the thread that heard it.
    """

    def __init__(self, changed: Callable[[Device], None] | None = None) -> None:
        self.changed = changed
        self.strangers: set[str] = set()  # names that no device can have
        self._devices: dict[str, Device] = {}
        self._lock = threading.Lock()

    def take(self, topic: str, payload: bytes) -> None:
        """Note a message that came."""
        try:
            name, kind = wire.split(topic)
        except wire.WireError:
            return
        if kind not in _PLACES and kind != wire.STATUS:
            return
        with self._lock:
            if not wire.valid_name(name):
                self.strangers.add(name)
                return
            device = self._devices.get(name) or self._devices.setdefault(name, Device(name))
            device.take(kind, payload)
        if self.changed:
            self.changed(device)

    def devices(self) -> list[Device]:
        """Return those of whom the broker keeps something, by name."""
        with self._lock:
            known = sorted(self._devices.values(), key=lambda device: device.name)
        return [device for device in known if device != Device(device.name)]

    def find(self, name: str) -> Device:
        """Return a device, one of which nothing is known if need be."""
        with self._lock:
            return self._devices.get(name) or Device(name)


def look(operator: Operator, fleet: Fleet, names: Sequence[str] = ()) -> None:
    """Fill a fleet that hears the operator, with those devices or with all; it stays up to date.

    The large birth messages are asked for by name, some hundred at a time: no broker's queue for
    us overflows, however many devices there are.
    """
    asked = names if 0 < len(names) <= _FEW else ["+"]
    operator.subscribe([f"{wire.ROOT}{name}/{kind}" for name in asked for kind in _SMALL])
    births = names or [device.name for device in fleet.devices()]
    operator.subscribe([wire.topic(name, wire.INFO) for name in births])


def look_at_new(operator: Operator, names: Iterable[str], asked: set[str]) -> None:
    """Ask for the birth messages of those that were not asked for, by name as `look` does."""
    new = [name for name in names if name not in asked]
    if new:
        asked.update(new)
        operator.subscribe([wire.topic(name, wire.INFO) for name in new])


def matching(devices: Iterable[Device], where: Where | None) -> list[Device]:
    """Return those that are known to match."""
    return [device for device in devices if where is None or where(device.facts())]
