"""Replies: templates over results, and questions for what is missing."""

import pytest

from cloud_proxy.edge_model.grammar import Call, Outcome
from cloud_proxy.edge_model.say import INTENTS, say
from cloud_proxy.edge_model.table import INTENTS as SYMBOLS
from cloud_proxy.edge_model.table import TOOLS


def rule(when, *steps):
    do = [{"tool": tool, "args": args} for tool, args in steps]
    return Outcome("call", (Call("rule_set", {"when": when, "do": do}),))


ON = ("gpio_write", {"pin": 5, "value": 1})
TOGGLE = ("gpio_toggle", {"pin": 2})
DHT = {"tool": "dht_read", "args": {"pin": 4, "model": "dht22"}, "field": "temperature_c"}
INNER = [{"tool": "gpio_toggle", "args": {"pin": 2}}, {"tool": "delay", "args": {"ms": 2000}}]
STEPS = [{"repeat": 3, "do": INNER}]
BUS = {"sda": 21, "scl": 22, "address": 72}
READ = ("i2c_write_read", {**BUS, "write_hex": "00", "length": 2})
SAID = {
    "a rule by interval": (
        rule({"every_s": 10}, TOGGLE),
        "Every 10 seconds I will toggle pin 2 (rule {0.name}).",
    ),
    "a rule after an hour": (
        rule({"in_s": 3600}, ON),
        "In 1 hour I will turn pin 5 on (rule {0.name}).",
    ),
    "a rule by time": (
        rule({"at": "07:00"}, ON),
        "Every day at 07:00 I will turn pin 5 on (rule {0.name}).",
    ),
    "a rule on weekdays": (
        rule({"at": "07:00", "days": "mon,tue,wed,thu,fri"}, ON),
        "On weekdays at 07:00 I will turn pin 5 on (rule {0.name}).",
    ),
    "a rule by edge with two steps": (
        rule({"pin": 4, "edge": "rising"}, ON, TOGGLE),
        "When pin 4 goes high I will turn pin 5 on and toggle pin 2 (rule {0.name}).",
    ),
    "a rule by sensor": (
        rule({"read": DHT, "above": 30}, ON),
        "When the temperature on pin 4 goes above 30 degrees C I will turn pin 5 on "
        "(rule {0.name}).",
    ),
    "a rule by event": (
        rule({"event": "motion", "from": "hall"}, ON),
        "On the event motion from hall I will turn pin 5 on (rule {0.name}).",
    ),
    "a rule after each start": (
        rule({"boot": True}, ("notify", {"text": "back {0}"})),
        'After each start I will tell you "back (0)" (rule {0.name}).',
    ),
    "a rule by cron": (
        rule({"cron": "0 7 1 * *"}, TOGGLE),
        "By the schedule 0 7 1 * * I will toggle pin 2 (rule {0.name}).",
    ),
    "a rule with a pause": (
        rule({"pin": 4, "edge": "falling"}, ON, ("delay", {"ms": 500}), TOGGLE),
        "When pin 4 goes low I will turn pin 5 on, wait 500 ms and toggle pin 2 (rule {0.name}).",
    ),
    "a rule that speaks I2C": (
        rule({"every_s": 60}, ("i2c_write", {**BUS, "data_hex": "01"}), READ, ("i2c_scan", BUS)),
        "Every 1 minute I will write 01 to I2C device 72, read 2 bytes from I2C device 72 and "
        "scan the I2C bus on pins 21 and 22 (rule {0.name}).",
    ),
    "a script": (
        Outcome("call", (Call("script_set", {"name": "wave", "steps": STEPS}),)),
        "I have stored {0.name}: 3 times toggle pin 2 and wait 2 seconds.",
    ),
    "a run of a script": (
        Outcome("call", (Call("script_run", {"name": "wave"}),)),
        "I run wave.",
    ),
    "a script without a name": (
        Outcome("ask", (), "script_set", "name"),
        "What shall the script be called?",
    ),
    "two calls number their results": (
        Outcome("call", (Call(*ON), Call("gpio_read", {"pin": 2}))),
        "Pin {0.pin} is {0.value:off|on}. Pin {1.pin} is {1.value:off|on}.",
    ),
    "a missing pin": (Outcome("ask", (), "gpio_write", "pin"), "Which pin?"),
    "a missing pin with a name": (
        Outcome("ask", (), "gpio_write", "pin", "pump"),
        "Which pin is the pump on?",
    ),
}


@pytest.mark.parametrize("outcome, text", SAID.values(), ids=SAID)
def test_it_says(outcome, text):
    assert say(outcome) == text


def test_every_tool_and_every_intent_has_words():
    for tool in set(TOOLS) - {"rule_set", "script_set"}:
        if not TOOLS[tool].talk:
            continue
        assert say(Outcome("call", (Call(tool, {}),)))
    assert set(SYMBOLS) <= set(INTENTS)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_missing_argument_is_asked_for(tool):
    for arg in (*TOOLS[tool].required, *TOOLS[tool].optional):
        assert say(Outcome("ask", (), tool, arg.key)).endswith((".", "?"))
