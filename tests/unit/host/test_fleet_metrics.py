"""A fleet's facts for Prometheus, what hostile boards make of them, and the dashboard."""

import json
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from cloud_proxy.health import new as new_health
from cloud_proxy.metering import Attempt
from cloud_proxy.meters import Meters
from firmware import wire
from host.fleet_metrics import FleetMetrics
from host.fleet_where import parse

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"
BIRTH = {"v": 1, "fw": "0.1.0", "board": "esp32-devkit", "chip": "esp32", "nonce": "00",
         "hash": "h", "tools": [], "pins": [], "tags": ["prod"]}  # fmt: skip


def say(metrics, device, kind, body):
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    metrics.heard(wire.topic(device, kind), payload)


def page(metrics):
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return generate_latest(registry).decode()


def fleet_of(number, **more):
    metrics = FleetMetrics(**more)
    for n in range(number):
        say(metrics, f"d{n}", wire.INFO, BIRTH)
        say(metrics, f"d{n}", wire.STATUS, b"online" if n else b"offline")
    return metrics


def test_devices_are_counted_by_presence_firmware_and_board():
    text = page(fleet_of(3))
    labels = 'board="esp32-devkit",fw="0.1.0",presence='
    assert f'limpet_fleet_devices{{{labels}"online"}} 2.0' in text
    assert f'limpet_fleet_devices{{{labels}"offline"}} 1.0' in text
    assert 'limpet_fleet_tagged{tag="prod"} 2.0' in text
    assert "limpet_device_online" not in text


def test_each_device_is_told_if_that_is_wanted():
    text = page(fleet_of(2, per_device=True))
    assert 'limpet_device_online{device="d0"} 0.0' in text
    assert 'limpet_device_online{device="d1"} 1.0' in text


def test_events_answers_tokens_and_cost_are_summed():
    metrics = fleet_of(2)
    say(metrics, "d1", wire.EVENT, {"e": "rule", "name": "night"})
    use = {"tier": "groq", "in": 100, "out": 20, "ud": 140}
    for ok in (True, True, False):
        say(metrics, "d1", wire.ANSWER, {"id": "1", "text": "done", "ok": ok, "use": use})
    text = page(metrics)
    assert 'limpet_fleet_events_total{kind="rule"} 1.0' in text
    assert 'limpet_fleet_answers_total{ok="yes"} 2.0' in text
    assert 'limpet_fleet_tokens_total{kind="input",tier="groq"} 300.0' in text
    assert 'limpet_fleet_cost_microdollars_total{tier="groq"} 420.0' in text


def test_only_the_devices_that_are_chosen_count():
    metrics = fleet_of(3, where=parse("device=d1"))
    for device in ("d1", "d2"):
        say(metrics, device, wire.EVENT, {"e": "rule"})
    text = page(metrics)
    assert 'presence="online"} 1.0' in text and 'kind="rule"} 1.0' in text


def test_a_hostile_board_neither_breaks_nor_fills_the_page():
    metrics = fleet_of(1)
    before = len(page(metrics))
    for n in range(5000):
        say(metrics, f"x{n}", wire.INFO, BIRTH | {"fw": f"9.{n}", "tags": [f"t{n}"]})
        say(metrics, f"x{n}", wire.STATUS, b"online")
        say(metrics, "d0", wire.EVENT, {"e": f"made-up-{n}"})
        say(metrics, "d0", wire.ANSWER, {"ok": 1, "use": {"tier": f"t{n}", "in": 5, "ud": 10**12}})
    for body in (b"", b"[", b"[]", b"{}", b"\xff", {"e": []}, {"ok": True, "use": [1]}):
        say(metrics, "d0", wire.EVENT, body)
        say(metrics, "d0", wire.ANSWER, body)
    text = page(metrics)
    assert len(text) < before + 30_000
    assert 'limpet_fleet_events_total{kind="other"} 5001.0' in text  # {"e": []} too
    assert not re.search(r'fw="9\.4999"|made-up|cost_microdollars_total\{', text)
    assert float(re.search(r"limpet_fleet_broken_total (\d\S*)", text)[1]) > 5


def test_the_dashboard_asks_for_nothing_that_nobody_tells():
    metrics = fleet_of(2)
    say(metrics, "d1", "up/job", {"state": "done"})
    say(metrics, "d1", wire.EVENT, {"e": "rule"})
    use = {"tier": "groq", "in": 1, "out": 1, "ud": 1}
    say(metrics, "d1", wire.ANSWER, {"id": "1", "text": "t", "ok": True, "use": use})
    meters = Meters({"groq": new_health(100.0)}, {})
    meters.count(Attempt(0, "d1", "r", 0, 0, "groq", "m", 5, 3, 0, False, 7, "v", 3, 12, "ok", "",
                         since_ms=3, slo_ms=100))  # fmt: skip
    told = set(re.findall(r"^(limpet_\w+)", page(metrics) + meters.page().decode(), re.M))
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"limpet_\w+", target["expr"])
    }
    assert len(panels) > 10 and asked and asked <= told, asked - told
