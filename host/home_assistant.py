"""What Home Assistant hears of a board, and what it says back: topics and payloads, no I/O.

A board is one retained message, a device with its entities (Home Assistant 2024.11 and later, MQTT
discovery by device). The entities' own topics are under limpet-ha/, where no board can write:
    limpet-ha/<device>/<entity>/state      what it is
    limpet-ha/<device>/<entity>/set        what a person wants
    limpet-ha/<device>/answer/attributes   a long answer, for a state has 255 characters
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware import wire
from host import home_assistant_sensors as sensors

PREFIX = "homeassistant"  # Home Assistant's own default
ROOT = "limpet-ha/"
BRIDGE = ROOT + "status"  # whether states are kept up to date: "online", or the will "offline"
MAX_STATE = 255  # characters, Home Assistant's bound
MAX_NAME = 64
INSTALL = "install"  # what an update entity wants
_PLATFORMS = {"button": "binary_sensor", "servo": "number"}
_ICONS = {
    **{"led": "mdi:led-on", "lamp": "mdi:lightbulb", "relay": "mdi:electric-switch"},
    **{"pump": "mdi:water-pump", "valve": "mdi:valve", "fan": "mdi:fan", "heater": "mdi:radiator"},
}
_ON = {"ON": 1, "OFF": 0}
_DIAGNOSTICS = {  # field of get_status: its name, and what it is measured in
    "heap_free": ("Free memory", {"unit_of_measurement": "B", "device_class": "data_size"}),
    "uptime_s": ("Uptime", {"unit_of_measurement": "s", "device_class": "duration"}),
    "rssi_dbm": ("Wi-Fi", {"unit_of_measurement": "dBm", "device_class": "signal_strength"}),
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """A named thing of a board. kind, unit: as device_set has them.

    more: what a sensor was found to measure beside what its unit says, as sensors.MEASURES.
    """

    name: str
    kind: str
    pin: int
    unit: str = ""
    more: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        """Return its name in topics and ids, which holds however people rename it."""
        return f"gpio{self.pin}"

    @property
    def platform(self) -> str:
        """Return which sort of entity it is."""
        if self.kind == "sensor":
            return "sensor" if self.ways else "binary_sensor"
        return _PLATFORMS.get(self.kind, "switch")

    @property
    def ways(self) -> tuple[sensors.Way, ...]:
        """Return how its board may read it; () for what is on or off."""
        return sensors.ways(self.unit) if self.kind == "sensor" else ()

    def part(self, field: str) -> str:
        """Return the entity of one of the fields that it measures."""
        return f"{self.entity}_{field}" if field in self.more else self.entity

    @property
    def platforms(self) -> dict[str, str]:
        """Return entity -> platform of all that it is."""
        return {self.entity: self.platform} | {self.part(f): "sensor" for f in self.more}


def things(devices: Mapping[str, Any]) -> list[Thing]:
    """Return what device_list tells, {name: "sensor on gpio 34 mV"}; what is none is left."""
    found: list[Thing] = []
    for name, told in devices.items():
        kind, _, rest = str(told).partition(" on gpio ")
        pin, _, unit = rest.partition(" ")
        if pin.isdecimal():
            clean = "".join(c for c in name if c.isprintable())[:MAX_NAME]
            found.append(Thing(clean, kind, int(pin), unit.strip()))
    return found


def config_topic(device: str, prefix: str = PREFIX) -> str:
    """Return where a device is announced, retained; an empty message takes it back."""
    return f"{prefix}/device/limpet_{device}/config"


def announced(name: str, prefix: str = PREFIX) -> str:
    """Return which board is announced on a topic, "" if none is."""
    start, end = config_topic(" ", prefix).split(" ")
    device = name.removeprefix(start).removesuffix(end)
    return device if config_topic(device, prefix) == name and wire.valid_name(device) else ""


def topic(device: str, entity: str, what: str) -> str:
    """Return a topic of an entity; what: state, set, attributes."""
    return f"{ROOT}{device}/{entity}/{what}"


def discovery(
    device: str,
    info: Mapping[str, Any],
    known: Iterable[Thing],
    *,
    latest: str = "",
    installs: bool = False,
    gone: Mapping[str, str] | None = None,
) -> bytes:
    """Return a device's announcement.

    info: its birth message. latest: the newest firmware, "" if nobody knows. installs: whether
    it can be installed from there. gone: entity -> platform of what it had and has not any more.
    """
    entities: Json = {}
    for thing in known:
        entities[thing.entity] = _entity(device, thing)
        for field in thing.more:
            part = thing.part(field)
            name = f"{thing.name} {sensors.MEASURES[field]['device_class']}"
            entities[part] = _measured(device, part, name, field)
    for field, (name, more) in _DIAGNOSTICS.items():
        entities[field] = {
            **_own(device, "sensor", field, name),
            "state_topic": topic(device, field, "state"),
            "entity_category": "diagnostic",
            "state_class": "measurement",
            **more,
        }
    entities["ask"] = {
        **_own(device, "text", "ask", "Say something"),
        "command_topic": topic(device, "ask", "set"),
        "max": MAX_STATE,
        "icon": "mdi:chat",
    }
    entities["answer"] = {
        **_own(device, "sensor", "answer", "Answer"),
        "state_topic": topic(device, "answer", "state"),
        "json_attributes_topic": topic(device, "answer", "attributes"),
        "icon": "mdi:chat-outline",
    }
    if latest:
        entities["update"] = {
            **_own(device, "update", "update", "Firmware"),
            "state_topic": topic(device, "update", "state"),
            "entity_category": "config" if installs else "diagnostic",
        }
        if installs:
            command = topic(device, "update", "set")
            entities["update"] |= {"command_topic": command, "payload_install": INSTALL}
    for entity, platform in (gone or {}).items():
        entities.setdefault(entity, {"p": platform})
    body = {
        "dev": {
            "ids": [f"limpet_{device}"],
            "name": device,
            "mf": "Limpet",
            "mdl": str(info.get("board", "")),
            "sw": str(info.get("fw", "")),
            "hw": str(info.get("chip", "")),
        },
        "o": {"name": "limpet"},
        "availability": [
            {"topic": wire.topic(device, wire.STATUS)},
            {"topic": BRIDGE},
        ],
        "availability_mode": "all",
        "cmps": entities,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _own(device: str, platform: str, entity: str, name: str) -> Json:
    return {"p": platform, "unique_id": f"limpet_{device}_{entity}", "name": name, "qos": 1}


def _measured(device: str, entity: str, name: str, field: str) -> Json:
    return {
        **_own(device, "sensor", entity, name),
        "state_topic": topic(device, entity, "state"),
        "state_class": "measurement",
        **sensors.MEASURES[field],
    }


def _entity(device: str, thing: Thing) -> Json:
    if thing.ways:
        return _measured(device, thing.entity, thing.name, thing.ways[0].fields[0])
    entity = _own(device, thing.platform, thing.entity, thing.name)
    if thing.platform == "number":  # what a servo does is not read back
        entity |= {"min": 0, "max": 180, "unit_of_measurement": "°", "optimistic": True}
    else:
        entity["state_topic"] = topic(device, thing.entity, "state")
    if thing.platform != "binary_sensor":
        entity["command_topic"] = topic(device, thing.entity, "set")
    if thing.kind in _ICONS:
        entity["icon"] = _ICONS[thing.kind]
    return entity


def platforms(announcement: bytes) -> dict[str, str]:
    """Return entity -> platform of an announcement that a broker kept; {} for none of ours."""
    try:
        entities = json.loads(announcement)["cmps"]
        return {str(entity): str(fields["p"]) for entity, fields in entities.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def states(
    device: str, known: Iterable[Thing], pins: Mapping[str, Any], status: Mapping[str, Any]
) -> dict[str, str]:
    """Return topic -> state. pins: as gpio_read_all tells them; status: as get_status does."""
    told: dict[str, str] = {}
    for thing in known:
        level = pins.get(str(thing.pin))
        if level in (0, 1) and thing.platform in ("switch", "binary_sensor"):
            told[topic(device, thing.entity, "state")] = "ON" if level else "OFF"
    for field in _DIAGNOSTICS:
        if type(status.get(field)) is int:
            told[topic(device, field, "state")] = str(status[field])
    return told


def update_state(
    installed: str, latest: str, under_way: bool | None = None, percent: int | None = None
) -> str:
    """Return the state of the update entity. under_way: None where nothing can be installed."""
    state: Json = {"installed_version": installed, "latest_version": latest}
    if under_way is not None:
        state |= {"in_progress": under_way, "update_percentage": percent}
    return json.dumps(state)


def answer(text: str, ok: bool) -> tuple[str, bytes]:
    """Return an answer as a state, cut where it is too long, and its attributes, whole."""
    short = text if len(text) <= MAX_STATE else text[: MAX_STATE - 1] + "…"
    return short, json.dumps({"text": text, "ok": ok}).encode()


def wanted(name: str) -> tuple[str, str] | None:
    """Return (device, entity) of a topic that says what a person wants; None of another."""
    match name.split("/"):
        case [root, device, entity, "set"] if root + "/" == ROOT and wire.valid_name(device):
            return device, entity
        case _:
            return None


def call(thing: Thing, payload: bytes) -> Json:
    """Return the tool call that does what a person wants of a thing. Raises ValueError."""
    said = payload[:64].decode("utf-8", "replace")
    if thing.platform == "switch" and said in _ON:
        return {"tool": "gpio_write", "args": {"pin": thing.pin, "value": _ON[said]}}
    if thing.platform == "number":
        angle = float(said)
        if 0 <= angle <= 180:
            return {"tool": "servo_write", "args": {"pin": thing.pin, "angle_deg": angle}}
    raise ValueError(f"{thing.name}: a {thing.kind} cannot be {said[:32]!r}")
