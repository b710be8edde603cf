"""Sentences and the calls they must give, through the shipped weights."""

import json

import pytest

from cloud_proxy.edge_model import EdgeModel, ask_json

PUMP = {"pump": "gpio 5"}
HOUSE = {"heater": "gpio 26", "porch light": "relay on pin 22", "name": "Carla"}


def call(tool, **args):
    return {"tool": tool, "args": args}


def on(pin):
    return call("gpio_write", pin=pin, value=1)


def off(pin):
    return call("gpio_write", pin=pin, value=0)


def rule(when, *do):
    return call("rule_set", when=when, do=list(do))


def dht22(pin):
    args = {"pin": pin, "model": "dht22"}
    return {"tool": "dht_read", "args": args, "field": "temperature_c"}


CALLS = {
    "turn on the led on pin 2": [on(2)],
    "is pin 2 on?": [call("gpio_read", pin=2)],
    "remember that the pump is on gpio 5": [call("memory_set", key="pump", value="gpio 5")],
    "what do you remember?": [call("memory_list")],
    "blink pin 2 every 10 seconds": [rule({"every_s": 10}, call("gpio_toggle", pin=2))],
    "in 20 minutes turn pin 2 off": [rule({"in_s": 1200}, off(2))],
    "please turn on the led on pin 4": [on(4)],
    "switch gpio 12 off": [off(12)],
    "Turn off the light on pin 13, please": [off(13)],
    "set pin 5 high": [on(5)],
    "toggle gpio 4": [call("gpio_toggle", pin=4)],
    "turn on pin nineteen": [on(19)],
    "is gpio 15 high or low?": [call("gpio_read", pin=15)],
    "set pin 18 to 40 percent": [call("pwm_write", pin=18, duty_pct=40)],
    "dim the led on pin 2 to 10%": [call("pwm_write", pin=2, duty_pct=10)],
    "read the voltage on pin 34": [call("adc_read", pin=34)],
    "turn the servo on pin 12 to 90 degrees": [call("servo_write", pin=12, angle_deg=90)],
    "set the led strip on gpio 16 to red": [call("neopixel_write", pin=16, r=255, g=0, b=0)],
    "read the dht22 on pin 4": [call("dht_read", pin=4, model="dht22")],
    "read the ds18b20 on gpio 4": [call("ds18x20_read", pin=4)],
    "scan i2c with sda on 21 and scl on 22": [call("i2c_scan", sda=21, scl=22)],
    "please remember the heater is connected to pin 26": [
        call("memory_set", key="heater", value="pin 26")
    ],
    "every 5 minutes toggle pin 9": [rule({"every_s": 300}, call("gpio_toggle", pin=9))],
    "in half an hour switch on pin 16": [rule({"in_s": 1800}, on(16))],
    "at 6:45 pm switch on pin 26": [rule({"at": "18:45"}, on(26))],
    "every weekday at 6:45 turn on the heater on pin 26": [
        rule({"at": "06:45", "days": "mon,tue,wed,thu,fri"}, on(26))
    ],
    "list the rules": [call("rule_list")],
    "delete the rule blink": [call("rule_delete", name="blink")],
    "disable rule blink": [call("rule_enable", name="blink", enabled=False)],
    "what time is it?": [call("get_time")],
    "set the timezone to Europe/Berlin": [call("set_timezone", timezone="Europe/Berlin")],
    "show me your status": [call("get_status")],
    "be a bit more friendly": [call("set_persona", persona="friendly")],
    "show me all pins": [call("gpio_read_all")],
    "turn on 2 and 4": [on(2), on(4)],
    "turn on pins 12, 13 and 14": [on(12), on(13), on(14)],
    "turn off 18 and 19": [off(18), off(19)],
}

CALLS |= {
    "a tool called water_plants that turns 5 on, waits 30 seconds, then turns it off": [
        call("script_set", name="water_plants", steps=[on(5), call("delay", ms=30000), off(5)])
    ],
    "create a script named morning: turn on pin 12, wait 5 minutes, turn off pin 12": [
        call("script_set", name="morning", steps=[on(12), call("delay", ms=300000), off(12)])
    ],
    "run water_plants": [call("script_run", name="water_plants")],
    "delete the script water_plants": [call("script_delete", name="water_plants")],
    "list the scripts": [call("script_list")],
    "every day at 7 am run water_plants": [
        rule({"at": "07:00"}, call("script_run", name="water_plants"))
    ],
    "add a lamp called desk on gpio 4": [call("device_set", name="desk", kind="lamp", pin=4)],
    "list the devices": [call("device_list")],
    "delete the device desk": [call("device_delete", name="desk")],
    "whenever 27 drops low tell me the door opened": [
        rule({"pin": 27, "edge": "falling"}, call("notify", text="the door opened"))
    ],
    "if the dht22 on 5 goes above 30 turn on 18": [rule({"read": dht22(5), "above": 30}, on(18))],
    "on event door_open turn on pin 5": [rule({"event": "door_open"}, on(5))],
    "when pin 4 goes high emit door_open": [
        rule({"pin": 4, "edge": "rising"}, call("emit", event="door_open"))
    ],
    "at boot turn on pin 2": [rule({"boot": True}, on(2))],
    "cron 0 7 * * 1-5 turn on pin 4": [rule({"cron": "0 7 * * 1-5"}, on(4))],
    "on the 1st of every month at 8 am turn on pin 5": [rule({"cron": "0 8 1 * *"}, on(5))],
    "every day at 7 turn on 25 for 15 minutes": [
        rule({"at": "07:00"}, on(25), call("delay", ms=900000), off(25))
    ],
    "read 2 bytes from address 0x48 on sda 21 scl 22": [
        call("i2c_read", sda=21, scl=22, address=72, length=2)
    ],
    "write 0xff to address 0x20 on sda 21 scl 22": [
        call("i2c_write", sda=21, scl=22, address=32, data_hex="ff")
    ],
    "set the neopixels on gpio 16 to 10 20 30": [call("neopixel_write", pin=16, r=10, g=20, b=30)],
    "set 5 high then read 34": [on(5), call("gpio_read", pin=34)],
    "trun on pin 5": [on(5)],
    "swich gpio 12 off": [off(12)],
}

CALLS |= {
    "dim the led on gpio 2 to 5 per cent": [call("pwm_write", pin=2, duty_pct=5)],
    "remind me in 20 minutes to take the pizza out": [
        rule({"in_s": 1200}, call("notify", text="take the pizza out"))
    ],
    "tell me every hour that I should drink": [
        rule({"every_s": 3600}, call("notify", text="I should drink"))
    ],
    "once a day at 6 in the morning turn on 12": [rule({"at": "06:00"}, on(12))],
    "delete the rule coffee": [call("rule_delete", name="coffee")],
    "disable the siesta rule": [call("rule_enable", name="siesta", enabled=False)],
    "switch on the fan, it's on pin 25": [on(25)],
    "turn of the led on pin 2": [off(2)],
    "remember that my name is Waldo": [call("memory_set", key="name", value="Waldo")],
}

NAMED = {
    "turn on the pump": (PUMP, [on(5)]),
    "turn the pump off please": (PUMP, [off(5)]),
    "is the pump on?": (PUMP, [call("gpio_read", pin=5)]),
    "toggle the Porch Light": (HOUSE, [call("gpio_toggle", pin=22)]),
    "switch the heater on": (HOUSE, [on(26)]),
    "where is the pump?": (PUMP, [call("memory_get", key="pump")]),
    "forget the pump": (PUMP, [call("memory_delete", key="pump")]),
    "in 5 minutes turn off the heater": (HOUSE, [rule({"in_s": 300}, off(26))]),
}

SILENT = {
    "who won the world cup?": "Sorry",
    "what is the capital of France": "Sorry",
    "tell me a joke": "Sorry",
    "what is 12 times 7": "Sorry",
    "do not turn on pin 2": "leave it",
    "never switch on pin 12": "leave it",
    "turn on the led": "Which pin is the led on?",
    "turn on the pump": "Which pin is the pump on?",
    "dim pin 5": "percent",
    "scan the i2c bus": "SDA",
    "make a script": "called",
    "run a script": "Which script",
    "turn on pin 5 tomorrow at 7": "Sorry",
    "turn on pin 5 next monday at 7": "Sorry",
    "don't run the script party": "leave it",
    "high five": "Sorry",
    "what is the value of gold": "Sorry",
    "show me the devices at the apple store": "Sorry",
    "is gpio 12 safe at boot": "Sorry",
    "hello": "Hello",
    "thank you": "welcome",
    "what can you do?": "switch",
}


def rows(answer):
    return [{"tool": c.tool, "args": c.args} for c in answer.calls]


@pytest.mark.parametrize("sentence, calls", CALLS.items(), ids=CALLS)
def test_a_sentence_gives_its_calls(model: EdgeModel, sentence, calls):
    answer = model.answer(sentence)
    assert rows(answer) == calls, answer.say
    assert 0 <= answer.confidence <= 1


@pytest.mark.parametrize("sentence", NAMED)
def test_a_remembered_name_stands_for_its_pin(model: EdgeModel, sentence):
    memory, calls = NAMED[sentence]
    answer = model.answer(sentence, memory=memory)
    assert rows(answer) == calls, answer.say


@pytest.mark.parametrize("sentence", SILENT)
def test_it_declines_or_asks_back(model: EdgeModel, sentence):
    answer = model.answer(sentence)
    assert answer.calls == ()
    assert SILENT[sentence] in answer.say


def test_an_unknown_name_asks_back_although_others_are_known(model: EdgeModel):
    answer = model.answer("turn on the pump", memory={"heater": "gpio 26"})
    assert answer.calls == ()
    assert answer.say == "Which pin is the pump on?"


def test_only_announced_tools_are_called(model: EdgeModel):
    assert model.answer("turn on pin 2", tools={"gpio_write"}).calls
    refused = model.answer("turn on pin 2", tools={"gpio_read", "get_time"})
    assert refused.calls == () and "gpio_write" in refused.say


def test_the_tools_inside_a_rule_are_filtered_too(model: EdgeModel):
    answer = model.answer("blink pin 2 every 10 seconds", tools={"rule_set", "gpio_write"})
    assert answer.calls == () and "gpio_toggle" in answer.say


def test_the_command_line_gets_one_json_line(model: EdgeModel):
    line = ask_json(model, "turn on pin 2")
    assert "\n" not in line
    answer = json.loads(line)
    assert answer["calls"] == [on(2)]
    assert answer["say"] == "Pin {0.pin} is {0.value:off|on}."
    assert 0 < answer["confidence"] <= 1
