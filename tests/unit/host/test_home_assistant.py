"""What Home Assistant is told: entities, states, and what becomes of what it wants."""

import json
from importlib import import_module

import pytest

from host import home_assistant as ha
from host.home_assistant import Thing

INFO = {"board": "esp32-devkit", "fw": "0.1.0", "chip": "esp32"}
THINGS = ha.things(
    {
        "pump": "relay on gpio 5",
        "porch light": "lamp on gpio 18",
        "doorbell": "button on gpio 4",
        "flap": "servo on gpio 19",
        "soil": "sensor on gpio 34",
        "odd": "what is this?",
        "bell\x07\n": "other on gpio 21",
    }
)


def announced(**more):
    return json.loads(ha.discovery("kitchen", INFO, THINGS, **more))


def test_each_named_thing_is_an_entity_of_its_sort():
    entities = announced()["cmps"]
    sorts = {e["name"]: e["p"] for name, e in entities.items() if name.startswith("gpio")}
    assert sorts == {
        "pump": "switch", "porch light": "switch", "doorbell": "binary_sensor", "flap": "number",
        "soil": "binary_sensor", "bell": "switch",
    }  # fmt: skip


def test_an_announcement_has_what_home_assistant_asks_for():
    body = announced(latest="0.2.0")
    assert body["o"]["name"] and body["dev"]["ids"] == ["limpet_kitchen"]
    ids = [entity["unique_id"] for entity in body["cmps"].values()]
    assert len(set(ids)) == len(ids) and all(entity["p"] for entity in body["cmps"].values())
    assert {"ask", "answer", "heap_free", "uptime_s", "update"} <= body["cmps"].keys()
    assert {"topic": "limpet/v1/kitchen/up/status"} in body["availability"]


def test_a_renamed_thing_keeps_its_id():
    before = ha.discovery("k", INFO, [Thing("pump", "relay", 5)])
    after = ha.discovery("k", INFO, [Thing("cellar pump", "relay", 5)])
    ids = [json.loads(body)["cmps"]["gpio5"]["unique_id"] for body in (before, after)]
    assert ids[0] == ids[1]


def test_what_is_gone_is_named_by_its_platform_alone():
    assert announced(gone={"gpio2": "switch", "gpio5": "switch"})["cmps"]["gpio2"] == {
        "p": "switch"
    }
    assert announced(gone={"gpio5": "switch"})["cmps"]["gpio5"]["name"] == "pump"  # it is there


def test_states_are_what_the_board_tells():
    told = ha.states("kitchen", THINGS, {"5": 1, "18": 0, "4": "x"}, {"heap_free": 70_000, "x": 1})
    assert told == {
        "limpet-ha/kitchen/gpio5/state": "ON",
        "limpet-ha/kitchen/gpio18/state": "OFF",
        "limpet-ha/kitchen/heap_free/state": "70000",
    }


def test_a_long_answer_is_cut_as_a_state_and_whole_as_an_attribute():
    state, attributes = ha.answer("é" * 300, ok=True)
    assert len(state) == ha.MAX_STATE and json.loads(attributes)["text"] == "é" * 300


@pytest.mark.parametrize(
    ("thing", "payload", "made"),
    [
        ("pump", b"ON", {"tool": "gpio_write", "args": {"pin": 5, "value": 1}}),
        ("pump", b"OFF", {"tool": "gpio_write", "args": {"pin": 5, "value": 0}}),
        ("flap", b"42.5", {"tool": "servo_write", "args": {"pin": 19, "angle_deg": 42.5}}),
        ("pump", b"on", None),
        ("pump", b"", None),
        ("pump", b"\xff" * 5000, None),
        ("doorbell", b"ON", None),
        ("flap", b"181", None),
        ("flap", b"nan", None),
        ("flap", b"ON", None),
    ],
)
def test_what_is_wanted_of(thing, payload, made):
    [found] = [known for known in THINGS if known.name == thing]
    if made is None:
        with pytest.raises(ValueError):
            ha.call(found, payload)
    else:
        assert ha.call(found, payload) == made


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("limpet-ha/kitchen/gpio5/set", ("kitchen", "gpio5")),
        ("limpet-ha/kitchen/gpio5/state", None),
        ("limpet-ha/Kitchen!/gpio5/set", None),
        ("limpet-ha/kitchen/a/b/set", None),
        ("homeassistant/status", None),
    ],
)
def test_whose_wish_a_topic_is(topic, found):
    assert ha.wanted(topic) == found


@pytest.mark.parametrize("kept", [b"", b"{}", b"[]", b'{"cmps":[]}', b'{"cmps":{"a":1}}', b"\xff"])
def test_a_kept_message_of_somebody_else_has_no_platforms(kept):
    assert ha.platforms(kept) == {}


@pytest.mark.parametrize("gone", [{}, {"gpio2": "switch"}], ids=["as it is", "with one gone"])
def test_home_assistant_itself_takes(gone):
    """Go the way of Home Assistant's own discovery, with its own functions."""
    why = "homeassistant is not installed"
    discovery = pytest.importorskip("homeassistant.components.mqtt.discovery", reason=why)
    body = announced(latest="0.2.0", gone=gone)
    discovery._replace_all_abbreviations(body)
    discovery.DEVICE_DISCOVERY_SCHEMA(body)
    entities = body.pop("components")
    for name, entity in entities.items():
        kind = entity.pop("platform")
        if name not in gone:
            config = discovery.MQTTDiscoveryPayload(entity)
            discovery._merge_common_device_options(config, body)
            platform = import_module(f"homeassistant.components.mqtt.{kind}")
            checked = platform.DISCOVERY_SCHEMA(config)
            assert checked["unique_id"] == f"limpet_kitchen_{name}"
            assert len(checked["availability"]) == 2 and checked["qos"] == 1
