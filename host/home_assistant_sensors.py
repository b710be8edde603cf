"""How a board reads a sensor that is wired to a pin, and what Home Assistant calls that. No I/O.

A board measures volts, and what a DS18x20 or a DHT tells. Which of these a sensor is says the unit
that `device_set` was given; a sensor without a unit is on or off.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
MEASURES: Mapping[str, Json] = {  # field of a tool's result: what it measures
    "temperature_c": {"device_class": "temperature", "unit_of_measurement": "°C"},
    "humidity_pct": {"device_class": "humidity", "unit_of_measurement": "%"},
    "mv": {"device_class": "voltage", "unit_of_measurement": "mV"},
}
NOTHING = "None"  # Home Assistant's word for a state that is not known
_TEMPERATURES = frozenset({"°c", "c", "degc", "celsius", "°f", "f", "degf", "k"})
_HUMIDITIES = frozenset({"%rh", "% rh", "rh", "rh%"})


@dataclass(frozen=True, slots=True)
class Way:
    """A tool that may read a sensor. fields: of its result, the one that was meant first."""

    tool: str
    args: Mapping[str, str]
    fields: tuple[str, ...]

    def call(self, pin: int) -> Json:
        """Return the call."""
        return {"tool": self.tool, "args": {"pin": pin, **self.args}}


def _dht(*fields: str) -> list[Way]:
    return [Way("dht_read", {"model": model}, fields) for model in ("dht22", "dht11")]


_TEMPERATURE = (
    Way("ds18x20_read", {}, ("temperature_c",)),
    *_dht("temperature_c", "humidity_pct"),
)
_HUMIDITY = (*_dht("humidity_pct", "temperature_c"),)
_VOLTAGE = (Way("adc_read", {}, ("mv",)),)


def ways(unit: str) -> tuple[Way, ...]:
    """Return how a sensor with a unit may be read, the likeliest first; () without one."""
    wanted = unit.strip().lower()
    if wanted in _TEMPERATURES:
        return _TEMPERATURE
    if wanted in _HUMIDITIES:
        return _HUMIDITY
    return _VOLTAGE if wanted else ()


def number(value: object) -> str:
    """Return a measured value as a state; NOTHING for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    return str(value)
