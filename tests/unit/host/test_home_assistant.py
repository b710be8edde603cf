"""What Home Assistant is told: entities, states, and what becomes of what it wants."""

import json
from dataclasses import replace
from importlib import import_module

import pytest

from host import home_assistant as ha
from host.home_assistant import Thing
from host.home_assistant_readings import Readings

INFO = {"board": "esp32-devkit", "fw": "0.1.0", "chip": "esp32"}
THINGS = ha.things(
    {
        "pump": "relay on gpio 5",
        "porch light": "lamp on gpio 18",
        "doorbell": "button on gpio 4",
        "flap": "servo on gpio 19",
        "gate": "sensor on gpio 35",
        "soil": "sensor on gpio 34 mV",
        "attic": "sensor on gpio 25 °C",
        "bath": "sensor on gpio 26 %RH",
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
        "gate": "binary_sensor", "soil": "sensor", "attic": "sensor", "bath": "sensor",
        "bell": "switch",
    }  # fmt: skip


def test_an_announcement_has_what_home_assistant_asks_for():
    body = announced(latest="0.2.0")
    assert body["o"]["name"] and body["dev"]["ids"] == ["limpet_kitchen"]
    ids = [entity["unique_id"] for entity in body["cmps"].values()]
    assert len(set(ids)) == len(ids) and all(entity["p"] for entity in body["cmps"].values())
    assert {"ask", "answer", "heap_free", "uptime_s", "update"} <= body["cmps"].keys()
    assert {"topic": "limpet/v1/kitchen/up/status"} in body["availability"]


MEASURES = {
    "millivolts": ("mV", "voltage", "mV", ["adc_read"]),
    "volts are told in millivolts": ("V", "voltage", "mV", ["adc_read"]),
    "what a board cannot know is told in millivolts": ("lux", "voltage", "mV", ["adc_read"]),
    "degrees": ("°C", "temperature", "°C", ["ds18x20_read", "dht_read", "dht_read"]),
    "degrees of America": (" F ", "temperature", "°C", ["ds18x20_read", "dht_read", "dht_read"]),
    "humidity": ("%RH", "humidity", "%", ["dht_read", "dht_read"]),
}


@pytest.mark.parametrize("unit, sort, told_in, tools", MEASURES.values(), ids=MEASURES)
def test_a_sensor_with_a_unit_measures(unit, sort, told_in, tools):
    thing = Thing("s", "sensor", 4, unit)
    entity = json.loads(ha.discovery("k", INFO, [thing]))["cmps"]["gpio4"]
    assert (entity["p"], entity["device_class"]) == ("sensor", sort)
    assert (entity["unit_of_measurement"], entity["state_class"]) == (told_in, "measurement")
    assert "command_topic" not in entity
    assert [way.tool for way in thing.ways] == tools


def ok(call, **result):
    return {"ok": True, "res": [{**call, "result": result}]}


def failed(why="nobody there"):
    return {"ok": False, "err": "failed", "why": why}


ATTIC = Thing("attic", "sensor", 25, "°C")
STATE = "limpet-ha/k/gpio25/state"


def begun(thing=ATTIC, announced=()):
    readings = Readings("k")
    [known] = readings.known([thing], dict.fromkeys(announced, "sensor"))
    return readings, known


def test_ways_to_read_are_tried_until_one_answers_and_that_one_is_kept():
    readings, thing = begun()
    call = readings.due(thing, 100.0)
    assert call == {"tool": "ds18x20_read", "args": {"pin": 25}}
    call, told = readings.take(thing, failed())
    assert call == {"tool": "dht_read", "args": {"pin": 25, "model": "dht22"}} and not told
    assert readings.take(thing, ok(call, temperature_c=21.5, humidity_pct=40.0)) == (None, "")
    [thing] = readings.known([ATTIC], {})
    assert thing.more == ("humidity_pct",)
    assert readings.states == {STATE: "21.5", "limpet-ha/k/gpio25_humidity_pct/state": "40.0"}
    assert readings.due(thing, 104.9) is None
    assert readings.due(thing, 105.0) == call
    cmps = json.loads(ha.discovery("k", INFO, [thing]))["cmps"]
    assert cmps["gpio25_humidity_pct"]["name"] == "attic humidity"


def test_who_does_not_answer_is_told_once_and_unknown_until_it_does():
    readings, thing = begun()
    told = []
    for look in range(2):
        call = readings.due(thing, 100.0 * look)
        while call:
            call, words = readings.take(thing, failed())
            told.append(words)
    assert [words for words in told if words] == ["attic: nobody there"]
    assert readings.states == {STATE: "None"}
    call = readings.due(thing, 300.0)
    readings.take(thing, ok(call, temperature_c=3))
    assert readings.states == {STATE: "3"}


IGNORED = {
    "a board that is busy": {"ok": False, "err": "busy"},
    "a command that came late": {"ok": False, "err": "expired"},
    "a result of another tool": ok({"tool": "adc_read"}, mv=5),
}


@pytest.mark.parametrize("body", IGNORED.values(), ids=IGNORED)
def test_says_nothing_of_the_sensor(body):
    readings, thing = begun()
    call = readings.due(thing, 0.0)
    assert readings.take(thing, body) == (None, "") and not readings.states
    assert readings.due(thing, 9.0) == call


@pytest.mark.parametrize("value", ["21", None, True, float("nan"), float("inf"), [1]])
def test_what_is_no_number_is_no_state(value):
    readings, thing = begun()
    readings.take(thing, ok(readings.due(thing, 0.0), temperature_c=value))
    assert readings.states == {STATE: "None"}


def test_what_was_found_before_stays_when_a_bridge_starts_anew():
    assert begun(announced=["gpio25", "gpio25_humidity_pct"])[1].more == ("humidity_pct",)
    assert begun(announced=["gpio25", "gpio25_mv"])[1].more == ()
    readings, thing = begun(announced=["gpio25_humidity_pct"])
    readings.take(thing, ok(readings.due(thing, 0.0), temperature_c=3))  # a DS18x20 by now
    assert readings.known([ATTIC], {})[0].more == ()


def test_a_thing_that_is_gone_has_no_state_left():
    readings, thing = begun()
    readings.take(thing, ok(readings.due(thing, 0.0), temperature_c=3))
    assert readings.known([], {}) == [] and not readings.states


def test_only_a_release_can_be_installed():
    told = announced(latest="0.2.0")["cmps"]["update"]
    assert "command_topic" not in told and "payload_install" not in told
    install = announced(latest="0.2.0", installs=True)["cmps"]["update"]
    assert install["command_topic"] == "limpet-ha/kitchen/update/set"
    assert "update" not in announced()["cmps"]


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("homeassistant/device/limpet_kitchen/config", "kitchen"),
        ("homeassistant/device/limpet_/config", ""),
        ("homeassistant/device/limpet_a b/config", ""),
        ("homeassistant/device/limpetkitchen/config", ""),
        ("homeassistant/device/other/config", ""),
        ("homeassistant/device/limpet_kitchen/state", ""),
    ],
)
def test_who_is_announced(topic, device):
    assert ha.announced(topic) == device


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
@pytest.mark.parametrize("installs", [False, True], ids=["to look at", "to install"])
def test_home_assistant_itself_takes(gone, installs):
    """Go the way of Home Assistant's own discovery, with its own functions."""
    why = "homeassistant is not installed"
    discovery = pytest.importorskip("homeassistant.components.mqtt.discovery", reason=why)
    known = [*THINGS, replace(ATTIC, pin=27, more=("humidity_pct",))]
    body = json.loads(
        ha.discovery("kitchen", INFO, known, latest="0.2.0", installs=installs, gone=gone)
    )
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


STATES = {
    "to look at": ha.update_state("0.1.0", "0.2.0"),
    "waits": ha.update_state("0.1.0", "0.2.0", False),
    "has begun": ha.update_state("0.1.0", "0.2.0", True),
    "is under way": ha.update_state("0.1.0", "0.2.0", True, 100),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_home_assistant_takes_the_state_of_an_update_that(state):
    why = "homeassistant is not installed"
    update = pytest.importorskip("homeassistant.components.mqtt.update", reason=why)
    body = json.loads(state)
    assert update.MQTT_JSON_UPDATE_SCHEMA(dict(body)) == body
