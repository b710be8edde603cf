"""What the sensors of one board were read as, and how each is read: no I/O.

A unit says what a sensor measures, not which chip it is: the ways to read it are tried in order
until one answers, and again from the next one when it answers no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from host import home_assistant as ha
from host import home_assistant_sensors as sensors

FAILED = "failed"  # of a command: a call went wrong
_EVERY_S = 5.0  # a sensor is read, at most


@dataclass
class _Sensor:
    """way: the one of its thing's to try. failed: how many did in a row."""

    unit: str
    way: int = 0
    failed: int = 0
    more: tuple[str, ...] = ()
    asked_s: float = float("-inf")
    is_silent: bool = False  # and that was told


@dataclass
class Readings:
    """The sensors of a board. states: topic -> state of what was read."""

    device: str
    states: dict[str, str] = field(default_factory=dict[str, str])
    _sensors: dict[str, _Sensor] = field(default_factory=dict[str, _Sensor])

    def known(self, things: list[ha.Thing], announced: Mapping[str, str]) -> list[ha.Thing]:
        """Return things with what reading them has shown; others than these are forgotten.

        announced: entity -> platform as it is now: what a DHT was found to measure beside is
        taken for true until it is read, for Home Assistant forgets an entity's settings with it.
        """
        before, self._sensors = self._sensors, {}
        found: list[ha.Thing] = []
        for thing in things:
            if thing.ways:
                sensor = before.get(thing.entity)
                if sensor is None or sensor.unit != thing.unit:
                    beside = {f for way in thing.ways for f in way.fields[1:]}
                    more = (f for f in sorted(beside) if f"{thing.entity}_{f}" in announced)
                    sensor = _Sensor(thing.unit, more=(*more,))
                self._sensors[thing.entity] = sensor
                thing = replace(thing, more=sensor.more)
            found.append(thing)
        topics = {ha.topic(self.device, e, "state") for t in found for e in t.platforms}
        self.states = {topic: state for topic, state in self.states.items() if topic in topics}
        return found

    def due(self, thing: ha.Thing, look_s: float) -> ha.Json | None:
        """Return the call that reads a thing, None if it is no sensor or was read a moment ago.

        look_s: when the look at the board began that it belongs to.
        """
        sensor = self._sensors.get(thing.entity)
        if sensor is None or look_s < sensor.asked_s + _EVERY_S:
            return None
        sensor.asked_s = look_s
        return thing.ways[sensor.way].call(thing.pin)

    def take(self, thing: ha.Thing, body: Mapping[str, Any]) -> tuple[ha.Json | None, str]:
        """Take the result of a call; return the call to make next, if any, and what to tell.

        Raises KeyError, TypeError or IndexError for what is no result.
        """
        sensor = self._sensors[thing.entity]
        way = thing.ways[sensor.way]
        if body["ok"]:
            told = body["res"][-1]
            if told["tool"] != way.tool:  # of what was there before
                return None, ""
            result: Mapping[str, Any] = told["result"]
            sensor.failed, sensor.is_silent, sensor.more = 0, False, way.fields[1:]
            self._note(replace(thing, more=sensor.more), way, result)
            return None, ""
        if body.get("err") != FAILED:  # the board had no time for it
            return None, ""
        sensor.way, sensor.failed = (sensor.way + 1) % len(thing.ways), sensor.failed + 1
        if sensor.failed < len(thing.ways):
            return thing.ways[sensor.way].call(thing.pin), ""
        sensor.failed = 0
        self._note(thing, way, {})
        was_silent, sensor.is_silent = sensor.is_silent, True
        return None, "" if was_silent else f"{thing.name}: {body.get('why') or body.get('err')}"

    def _note(self, thing: ha.Thing, way: sensors.Way, result: Mapping[str, Any]) -> None:
        for told in {way.fields[0], *thing.more}:
            topic = ha.topic(self.device, thing.part(told), "state")
            self.states[topic] = sensors.number(result.get(told))
