"""`limpet fleet metrics`: a fleet's facts as Prometheus reads them.

What boards say becomes labels only where it is one of a few: names that anybody could make up
without end are counted as "other", so a hostile board cannot fill Prometheus.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from firmware import wire
from host.fleet_facts import Device, Fleet, matching
from host.fleet_where import Where

_MOST = 64  # label sets of a metric
_EVENTS = frozenset({"rule", "missed", "script", "emit", "notify", "boot", "refused"})
_STATES = {True: "online", False: "offline", None: "not heard"}
_OTHER = "other"
_Sums = Counter[tuple[str, ...]]


class FleetMetrics(Collector):
    """Sums since the start, and what the broker keeps now.

    where: which devices count; None: all. per_device: tell each one's presence too, for fleets
    that Prometheus can hold.
    """

    def __init__(self, where: Where | None = None, per_device: bool = False) -> None:
        self.fleet = Fleet()
        self._where, self._per_device = where, per_device
        self._lock = threading.Lock()
        self._events, self._answers, self._tokens, self._cost = _Sums(), _Sums(), _Sums(), _Sums()
        self._broken = 0

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message: an operator is to call this, from any thread."""
        self.fleet.take(topic, payload)
        with suppress(wire.WireError):
            name, kind = wire.split(topic)
            if kind not in (wire.EVENT, wire.ANSWER) or not wire.valid_name(name):
                return
            if self._where and not self._where(self.fleet.find(name).facts()):
                return
            with self._lock:
                try:
                    self._count(kind, json.loads(payload))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    self._broken += 1

    def _count(self, kind: str, body: dict[str, Any]) -> None:
        if kind == wire.EVENT:
            event = str(body["e"])
            self._events[(event if event in _EVENTS else _OTHER,)] += 1
            return
        self._answers["yes" if body["ok"] is True else "no",] += 1
        use = cast("dict[str, Any]", body.get("use") or {})
        tier = str(use.get("tier", ""))[:32] or "none"
        for field, sums in (("in", self._tokens), ("out", self._tokens), ("ud", self._cost)):
            value = use.get(field)
            if type(value) is int and 0 < value < 10**9:
                key = (tier,) if field == "ud" else (tier, {"in": "input"}.get(field, "output"))
                _add(sums, key, value)

    def collect(self) -> Iterator[Metric]:
        """Yield every family, for prometheus_client."""
        devices = matching(self.fleet.devices(), self._where)
        words = "Devices by presence, firmware and board"
        yield _gauge("limpet_fleet_devices", words, ("presence", "fw", "board"), _kinds(devices))
        tags = _sums(devices, lambda d: [(tag,) for tag in _tags(d)])
        yield _gauge("limpet_fleet_tagged", "Devices online by tag", ("tag",), tags)
        crashed = sum(device.crash is not None for device in devices)
        words = "Devices whose last crash is kept"
        yield GaugeMetricFamily("limpet_fleet_crashed", words, value=crashed)
        drifted = sum(device.drift is True for device in devices)
        words = "Devices with other settings than wanted"
        yield GaugeMetricFamily("limpet_fleet_drifted", words, value=drifted)
        jobs = _sums(devices, lambda d: [(str(d.job.get("state")),)] if d.job else [])
        yield _gauge("limpet_fleet_jobs", "Devices by the state of their update", ("state",), jobs)
        if self._per_device:
            here = GaugeMetricFamily("limpet_device_online", "1: online", labels=["device"])
            for device in devices:
                here.add_metric([device.name], int(device.online is True))
            yield here
        with self._lock:
            yield _counter("limpet_fleet_events", "Events of boards", ("kind",), self._events)
            yield _counter("limpet_fleet_answers", "Answers of boards", ("ok",), self._answers)
            labels = ("tier", "kind")
            yield _counter("limpet_fleet_tokens", "Tokens of answers", labels, self._tokens)
            cost = "Cost of answers"
            yield _counter("limpet_fleet_cost_microdollars", cost, ("tier",), self._cost)
            yield CounterMetricFamily(
                "limpet_fleet_broken", "Messages of boards that are none", value=self._broken
            )


def _tags(device: Device) -> list[str]:
    tags = cast("list[Any]", (device.info or {}).get("tags") or [])
    return [str(tag) for tag in tags] if device.online else []


def _kinds(devices: Iterable[Device]) -> _Sums:
    def kind(device: Device) -> list[tuple[str, ...]]:
        info = device.info or {}
        return [(_STATES[device.online], str(info.get("fw", "")), str(info.get("board", "")))]

    return _sums(devices, kind)


def _sums(devices: Iterable[Device], keys: Callable[[Device], list[tuple[str, ...]]]) -> _Sums:
    sums = _Sums()
    for device in devices:
        for key in keys(device):
            _add(sums, tuple(part[:64] for part in key), 1)
    return sums


def _add(sums: _Sums, key: tuple[str, ...], value: int) -> None:
    if key not in sums and len(sums) >= _MOST:
        key = (_OTHER,) * len(key)
    sums[key] += value


def _gauge(name: str, words: str, labels: tuple[str, ...], sums: _Sums) -> Metric:
    return _filled(GaugeMetricFamily(name, words, labels=labels), sums)


def _counter(name: str, words: str, labels: tuple[str, ...], sums: _Sums) -> Metric:
    return _filled(CounterMetricFamily(name, words, labels=labels), sums)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, sums: Mapping[tuple[str, ...], int]
) -> Metric:
    for key, value in sums.items():
        family.add_metric(list(key), value)
    return family
