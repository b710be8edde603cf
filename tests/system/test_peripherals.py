"""The peripheral tools over the whole line: what a call answers, and what is seen outside."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from firmware import wire
from host.emulator import Board
from host.emulator.i2c import RegisterDevice
from host.lab import Lab
from tests.system.scripted_proxy import ScriptedProxy, final

Wire = Callable[[Board], Any]
Seen = Callable[[Board], Any]
Call = Callable[..., dict[str, Any]]
OUTSIDE = "28ff000000000a"
SETTINGS = {
    "llm": {"ttl_s": 5, "try_s": 5},
    "limits": {"calls_per_hour": 10_000, "calls_per_day": 10_000, "pin_per_minute": 10_000},
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(settings=SETTINGS, proxy=False) as lab:
        yield lab


@pytest.fixture(scope="module")
def call(lab: Lab) -> Iterator[Call]:
    """Have the model call one tool; returns the tool's result."""
    proxy = ScriptedProxy(lab)

    def call(tool: str, **args: Any) -> dict[str, Any]:
        calls = [{"tool": tool, "args": args}]
        proxy.script = lambda request: [final(request, say="done", calls=calls)]
        answer = lab.person.ask(tool, timeout_s=20)
        assert "calls" in answer, answer
        result = answer["calls"][0]["result"]
        assert answer["ok"] == ("error" not in result), answer
        return result

    yield call
    assert lab.board.boots == 1, lab.board.serial.text
    assert "Traceback" not in lab.board.serial.text, lab.board.serial.text
    proxy.close()


def nothing(board: Board) -> None:
    pass


def several(board: Board) -> None:
    board.ds18x20(14).set(t=21.5)
    board.ds18x20(14).set(t=-3.25, rom=OUTSIDE)


def pulse_us(board: Board, pin: int) -> int:
    pwm = board.pwm_on(pin)
    return round(pwm.duty_u16 / 65536 * 1_000_000 / pwm.frequency_hz)


def sensor(address: int) -> Wire:
    registers = {0x00: 0x19, 0x01: 0x80, 0xD0: 0x60}
    return lambda board: board.i2c(sda=21, scl=22).attach(address, RegisterDevice(registers))


def written(board: Board) -> Any:
    device = board.i2c(sda=21, scl=22).devices[0x4A]
    assert isinstance(device, RegisterDevice)
    return device.written


I2C = {"sda": 21, "scl": 22}
# name: (what is wired, tool, arguments, result, what is seen outside, what that must be)
GOOD: dict[str, tuple[Wire, str, dict[str, Any], dict[str, Any], Seen, Any]] = {
    "pwm at 40 %": (
        nothing,
        "pwm_write",
        {"pin": 18, "duty_pct": 40},
        {"pin": 18, "duty_pct": 40, "freq_hz": 1000},
        lambda b: (b.pwm_on(18).frequency_hz, round(b.pwm_on(18).duty_pct, 1)),
        (1000, 40.0),
    ),
    "pwm at a frequency and a part of a per cent": (
        nothing,
        "pwm_write",
        {"pin": 18, "duty_pct": 0.5, "freq_hz": 40000},
        {"pin": 18, "duty_pct": 0.5, "freq_hz": 40000},
        lambda b: (b.pwm_on(18).frequency_hz, round(b.pwm_on(18).duty_pct, 1)),
        (40000, 0.5),
    ),
    "pwm full on": (
        nothing,
        "pwm_write",
        {"pin": 18, "duty_pct": 100, "freq_hz": 1},
        {"pin": 18, "duty_pct": 100, "freq_hz": 1},
        lambda b: b.pwm_on(18).duty_u16,
        65535,
    ),
    "adc of a battery": (
        lambda b: b.adc(34).set_mv(1234.5),
        "adc_read",
        {"pin": 34},
        {"pin": 34, "mv": 1234},
        nothing,
        None,
    ),
    "servo to the left": (
        nothing,
        "servo_write",
        {"pin": 19, "angle_deg": 0},
        {"pin": 19, "angle_deg": 0},
        lambda b: (b.pwm_on(19).frequency_hz, pulse_us(b, 19)),
        (50, 500),
    ),
    "servo to the middle": (
        nothing,
        "servo_write",
        {"pin": 19, "angle_deg": 90},
        {"pin": 19, "angle_deg": 90},
        lambda b: (b.pwm_on(19).frequency_hz, pulse_us(b, 19)),
        (50, 1500),
    ),
    "servo to the right": (
        nothing,
        "servo_write",
        {"pin": 19, "angle_deg": 180},
        {"pin": 19, "angle_deg": 180},
        lambda b: pulse_us(b, 19),
        2500,
    ),
    "one neopixel": (
        nothing,
        "neopixel_write",
        {"pin": 16, "r": 255, "g": 1, "b": 20},
        {"pin": 16, "r": 255, "g": 1, "b": 20, "count": 1},
        lambda b: b.neopixel(16).pixels,
        [(255, 1, 20)],
    ),
    "a strip of neopixels": (
        nothing,
        "neopixel_write",
        {"pin": 17, "r": 0, "g": 0, "b": 9, "count": 64},
        {"pin": 17, "r": 0, "g": 0, "b": 9, "count": 64},
        lambda b: b.neopixel(17).pixels,
        [(0, 0, 9)] * 64,
    ),
    "dht22": (
        lambda b: b.dht(5).set(t=31.0, h=40.0),
        "dht_read",
        {"pin": 5, "model": "dht22"},
        {"pin": 5, "temperature_c": 31.0, "humidity_pct": 40.0},
        nothing,
        None,
    ),
    "dht22 in the frost": (
        lambda b: b.dht(5).set(t=-12.3, h=99.9),
        "dht_read",
        {"pin": 5, "model": "dht22"},
        {"pin": 5, "temperature_c": -12.3, "humidity_pct": 99.9},
        nothing,
        None,
    ),
    "dht11": (
        lambda b: (setattr(b.dht(15), "model", "dht11"), b.dht(15).set(t=23, h=55)),
        "dht_read",
        {"pin": 15, "model": "dht11"},
        {"pin": 15, "temperature_c": 23, "humidity_pct": 55},
        nothing,
        None,
    ),
    "one ds18x20": (
        lambda b: b.ds18x20(4).set(t=-10.0625),
        "ds18x20_read",
        {"pin": 4},
        {"pin": 4, "temperature_c": -10.06},
        nothing,
        None,
    ),
    "several ds18x20": (
        several,
        "ds18x20_read",
        {"pin": 14},
        {
            "pin": 14,
            "temperature_c": 21.5,
            "all": {"280e00000000000d": 21.5, "28ff000000000a36": -3.25},
        },
        nothing,
        None,
    ),
    "i2c scan": (
        sensor(0x48),
        "i2c_scan",
        I2C,
        {"addresses": [0x48]},
        lambda b: (b.pin(21).mode, b.pin(22).mode),
        ("open_drain", "open_drain"),
    ),
    "i2c read": (
        sensor(0x49),
        "i2c_read",
        I2C | {"address": 0x49, "length": 2},
        {"data_hex": "1980"},
        nothing,
        None,
    ),
    "i2c write": (
        sensor(0x4A),
        "i2c_write",
        I2C | {"address": 0x4A, "data_hex": "05A1ff"},
        {"written": 3},
        written,
        [(0x05, 0xA1), (0x06, 0xFF)],
    ),
    "i2c write and read": (
        sensor(0x4B),
        "i2c_write_read",
        I2C | {"address": 0x4B, "write_hex": "d0", "length": 1},
        {"data_hex": "60"},
        nothing,
        None,
    ),
}


@pytest.mark.parametrize(
    ("wired", "tool", "args", "result", "look", "seen"), GOOD.values(), ids=GOOD
)
def test_a_tool_answers(
    lab: Lab,
    call: Call,
    wired: Wire,
    tool: str,
    args: dict[str, Any],
    result: dict[str, Any],
    look: Seen,
    seen: Any,
):
    wired(lab.board)
    assert call(tool, **args) == result
    assert look(lab.board) == seen


def garbled_dht(board: Board) -> None:
    board.dht(12).set(t=20, h=50)
    board.dht(12).garble()


def unplugged_dht(board: Board) -> None:
    board.dht(12).set(t=20, h=50)
    board.dht(12).unplug()


def garbled_ds18x20(board: Board) -> None:
    board.ds18x20(13).set(t=20)
    board.ds18x20(13).garble()


def unplugged_ds18x20(board: Board) -> None:
    board.ds18x20(13).set(t=20)
    board.ds18x20(13).unplug()


def shorted_bus(board: Board) -> None:
    board.i2c(25, 26).attach(0x20, RegisterDevice())
    board.i2c(25, 26).short()


def a_dht11(board: Board) -> None:
    board.dht(27).model = "dht11"
    board.dht(27).set(t=20, h=50)


def a_dht22(board: Board) -> None:
    board.dht(23).set(t=20, h=50)


BUS = {"sda": 21, "scl": 22, "address": 0x50}
# name: (what is wired, tool, arguments, what the error says)
BAD: dict[str, tuple[Wire, str, dict[str, Any], str]] = {
    "a pin of the flash chip": (
        nothing,
        "pwm_write",
        {"pin": 7, "duty_pct": 1},
        "pin 7 is wired to the flash chip on esp32; usable: 2, 4, 5, ",
    ),
    "pwm on an input": (
        nothing,
        "pwm_write",
        {"pin": 34, "duty_pct": 1},
        "pin 34 is input only on esp32; outputs: 2, 4, 5, ",
    ),
    "over 100 %": (
        nothing,
        "pwm_write",
        {"pin": 18, "duty_pct": 101},
        "pwm_write: duty_pct must be a number from 0 to 100",
    ),
    "a frequency beyond": (
        nothing,
        "pwm_write",
        {"pin": 18, "duty_pct": 1, "freq_hz": 40001},
        "pwm_write: freq_hz must be a number from 1 to 40000",
    ),
    "no adc": (
        nothing,
        "adc_read",
        {"pin": 2},
        "pin 2 is no ADC pin on esp32; adc: 32, 33, 34, 35, 36, 39",
    ),
    "adc on a pin that is not there": (nothing, "adc_read", {"pin": 99}, "pin 99 is not there"),
    "a servo turned too far": (
        nothing,
        "servo_write",
        {"pin": 19, "angle_deg": 181},
        "servo_write: angle_deg must be a number from 0 to 180",
    ),
    "a colour beyond": (
        nothing,
        "neopixel_write",
        {"pin": 16, "r": 256, "g": 0, "b": 0},
        "neopixel_write: r must be a number from 0 to 255",
    ),
    "too many pixels": (
        nothing,
        "neopixel_write",
        {"pin": 16, "r": 0, "g": 0, "b": 0, "count": 65},
        "neopixel_write: count must be a number from 1 to 64",
    ),
    "neopixels on an input": (
        nothing,
        "neopixel_write",
        {"pin": 39, "r": 0, "g": 0, "b": 0},
        "pin 39 is input only",
    ),
    "a model that is none": (
        nothing,
        "dht_read",
        {"pin": 5, "model": "bme280"},
        "dht_read: model must be one of dht11|dht22",
    ),
    "a dht on an input": (
        nothing,
        "dht_read",
        {"pin": 34, "model": "dht22"},
        "pin 34 is input only",
    ),
    "a dht that is not there": (
        unplugged_dht,
        "dht_read",
        {"pin": 12, "model": "dht22"},
        "no dht22 answers well on pin 12 ([Errno 116] ETIMEDOUT): check model, wiring, pull-up",
    ),
    "a dht that is garbled": (
        garbled_dht,
        "dht_read",
        {"pin": 12, "model": "dht22"},
        "no dht22 answers well on pin 12 (checksum error): check model, wiring, pull-up",
    ),
    "a dht11 taken for a dht22": (
        a_dht11,
        "dht_read",
        {"pin": 27, "model": "dht22"},
        "no dht22 answers well on pin 27 (humidity 1280): check model",
    ),
    "a dht22 taken for a dht11": (
        a_dht22,
        "dht_read",
        {"pin": 23, "model": "dht11"},
        "no dht11 answers well on pin 23 (humidity 1): check model",
    ),
    "a ds18x20 that is not there": (
        unplugged_ds18x20,
        "ds18x20_read",
        {"pin": 13},
        "no ds18x20 answers well on pin 13 (silence): check model, wiring, pull-up",
    ),
    "a ds18x20 that is garbled": (
        garbled_ds18x20,
        "ds18x20_read",
        {"pin": 13},
        "no ds18x20 answers well on pin 13 (CRC error): check",
    ),
    "an address where nobody is": (
        sensor(0x4C),
        "i2c_read",
        BUS | {"length": 1},
        "I2C address 80 (0x50): [Errno 19] ENODEV; try i2c_scan",
    ),
    "a write where nobody is": (
        sensor(0x4D),
        "i2c_write",
        BUS | {"data_hex": "00"},
        "I2C address 80 (0x50): [Errno 19] ENODEV; try i2c_scan",
    ),
    "a bus without pull-ups": (
        nothing,
        "i2c_scan",
        {"sda": 32, "scl": 33},
        "sda or scl is held low: check the wiring and pull-ups",
    ),
    "a bus that is shorted": (
        shorted_bus,
        "i2c_write",
        {"sda": 25, "scl": 26, "address": 0x20, "data_hex": "00"},
        "sda or scl is held low",
    ),
    "a bus on an input": (nothing, "i2c_scan", {"sda": 21, "scl": 36}, "pin 36 is input only"),
    "a bus on the flash chip": (
        nothing,
        "i2c_scan",
        {"sda": 6, "scl": 22},
        "pin 6 is wired to the flash chip",
    ),
    "a reserved address": (
        nothing,
        "i2c_read",
        I2C | {"address": 3, "length": 1},
        "i2c_read: address must be a number from 8 to 119",
    ),
    "33 bytes to read": (
        nothing,
        "i2c_read",
        BUS | {"length": 33},
        "i2c_read: length must be a number from 1 to 32",
    ),
    "no bytes to write": (
        nothing,
        "i2c_write",
        BUS | {"data_hex": ""},
        "i2c_write: data_hex must be 1 to 32 bytes in hex",
    ),
    "half a byte to write": (
        nothing,
        "i2c_write",
        BUS | {"data_hex": "abc"},
        "i2c_write: data_hex must be 1 to 32 bytes in hex",
    ),
    "bytes that are no hex": (
        nothing,
        "i2c_write",
        BUS | {"data_hex": "0xzz"},
        "i2c_write: data_hex must be 1 to 32 bytes in hex",
    ),
    "bytes that are a number": (
        nothing,
        "i2c_write_read",
        BUS | {"write_hex": 12, "length": 1},
        "i2c_write_read: write_hex must be 1 to 2 bytes in hex",
    ),
    "33 bytes to write": (
        nothing,
        "i2c_write",
        BUS | {"data_hex": "00" * 33},
        "i2c_write: data_hex must be 1 to 32 bytes in hex",
    ),
}


@pytest.mark.parametrize(("wired", "tool", "args", "error"), BAD.values(), ids=BAD)
def test_a_tool_says_what_is_wrong(
    lab: Lab, call: Call, wired: Wire, tool: str, args: dict[str, Any], error: str
):
    wired(lab.board)
    assert call(tool, **args)["error"].startswith(error)


PWM_ON = ("pwm_write", {"pin": 18, "duty_pct": 50})
PWM_OFF = ("pwm_write", {"pin": 18, "duty_pct": 0})
WRITE = ("gpio_write", {"pin": 18, "value": 1})
WRITE_0 = ("gpio_write", {"pin": 18, "value": 0})
READ = ("gpio_read", {"pin": 18})
READ_ALL = ("gpio_read_all", {})
TOGGLE = ("gpio_toggle", {"pin": 18})
SERVO = ("servo_write", {"pin": 18, "angle_deg": 90})
PIXELS = ("neopixel_write", {"pin": 18, "r": 1, "g": 2, "b": 3})
DHT = ("dht_read", {"pin": 18, "model": "dht22"})
SCAN = ("i2c_scan", {"sda": 18, "scl": 19})


def outside(board: Board) -> tuple[str | None, int, int]:
    """Return the mode and level of pin 18, and the frequency of its PWM."""
    return board.pin(18).mode, board.pin(18).value, board.pwm_on(18).frequency_hz


# name: (calls in order, a part of the last result, what pin 18 looks like from outside)
ROLES: dict[str, tuple[list[tuple[str, dict[str, Any]]], Any, tuple[Any, ...]]] = {
    "pwm, then written": ([PWM_ON, WRITE], ("value", 1), ("out", 1, 0)),
    "pwm, then switched off": ([PWM_ON, WRITE_0], ("value", 0), ("out", 0, 0)),
    "pwm, then toggled": ([PWM_ON, TOGGLE], ("value", 0), ("out", 0, 0)),
    "pwm at 0, then toggled": ([PWM_OFF, TOGGLE], ("value", 1), ("out", 1, 0)),
    "pwm goes on while it is read": ([PWM_ON, READ], ("value", 1), ("out", 0, 1000)),
    "pwm at 0 reads 0": ([PWM_OFF, READ], ("value", 0), ("out", 0, 1000)),
    "pwm goes on while all pins are read": ([PWM_ON, READ_ALL], None, ("out", 0, 1000)),
    "pwm, then a servo": ([PWM_ON, SERVO], None, ("out", 0, 50)),
    "written, then pwm": ([WRITE, PWM_ON], None, ("out", 1, 1000)),
    "pwm, then neopixels": ([PWM_ON, PIXELS], ("count", 1), ("out", 0, 0)),
    "a pin that pulses is lent to nobody": (
        [PWM_ON, DHT],
        ("error", "pin 18 is on as an output: switch it off first"),
        ("out", 0, 1000),
    ),
    "a pin that is on is lent to nobody": (
        [WRITE, SCAN],
        ("error", "pin 18 is on as an output: switch it off first"),
        ("out", 1, 0),
    ),
    "an output that is off becomes a bus": (
        [WRITE_0, SCAN],
        ("addresses", [0x30]),
        ("open_drain", 1, 0),
    ),
    "pwm at 0 becomes a bus": ([PWM_OFF, SCAN], ("addresses", [0x30]), ("open_drain", 1, 0)),
    "a bus, then written": ([SCAN, WRITE_0], ("value", 0), ("out", 0, 0)),
    "a bus, then read": ([SCAN, READ], ("value", 1), ("in", 1, 0)),
}


@pytest.mark.parametrize(("calls", "last", "seen"), ROLES.values(), ids=ROLES)
def test_a_pin_changes_its_role(
    lab: Lab, call: Call, calls: list[tuple[str, dict[str, Any]]], last: Any, seen: Any
):
    call("gpio_write", pin=18, value=0)
    lab.board.pwm_on(18)
    result: dict[str, Any] = {}
    bus = lab.board.i2c(18, 19)
    if SCAN in calls and not bus.devices:
        bus.attach(0x30, RegisterDevice())
    call("gpio_write", pin=19, value=0)
    for tool, args in calls:
        result = call(tool, **args)
    assert outside(lab.board) == seen
    assert last is None or result[last[0]] == last[1]


def test_an_adc_pin_that_was_an_output_measures_once_it_is_off(lab: Lab, call: Call):
    lab.board.adc(33).set_mv(700)
    call("gpio_write", pin=33, value=1)
    assert "switch it off first" in call("adc_read", pin=33)["error"]
    assert lab.board.pin(33).value == 1
    call("gpio_write", pin=33, value=0)
    assert call("adc_read", pin=33) == {"pin": 33, "mv": 700}
    assert lab.board.pin(33).mode == "in"


def test_a_sensor_that_comes_back_is_read_again(lab: Lab, call: Call):
    dht = lab.board.dht(4)
    for _ in range(2):
        dht.unplug()
        assert "ETIMEDOUT" in call("dht_read", pin=4, model="dht22")["error"]
        dht.plug()
        assert call("dht_read", pin=4, model="dht22")["humidity_pct"] == 50


ANNOUNCED = {
    "pwm_write": ["pin", "duty_pct", "freq_hz?"],
    "adc_read": ["pin"],
    "servo_write": ["pin", "angle_deg"],
    "neopixel_write": ["pin", "r", "g", "b", "count?"],
    "dht_read": ["pin", "model"],
    "ds18x20_read": ["pin"],
    "i2c_scan": ["sda", "scl"],
    "i2c_read": ["sda", "scl", "address", "length"],
    "i2c_write": ["sda", "scl", "address", "data_hex"],
    "i2c_write_read": ["sda", "scl", "address", "write_hex", "length"],
}


def test_the_catalogue_announces_them(lab: Lab):
    rows = {row[0]: [argument[0] for argument in row[2]] for row in lab.person.info["tools"]}
    assert ANNOUNCED.items() <= rows.items()
    assert len(wire.encode(lab.person.info)) <= wire.MAX_OUT


def test_a_hundred_calls_leave_the_heap_where_it_was(lab: Lab, call: Call):
    lab.board.dht(5).set(t=20, h=50)
    bus = lab.board.i2c(21, 22)
    if 0x48 not in bus.devices:
        bus.attach(0x48, RegisterDevice())
    calls = [
        ("pwm_write", {"pin": 18, "duty_pct": 10}),
        ("neopixel_write", {"pin": 17, "r": 1, "g": 1, "b": 1, "count": 64}),
        ("dht_read", {"pin": 5, "model": "dht22"}),
        ("i2c_write_read", I2C | {"address": 0x48, "write_hex": "00", "length": 32}),
    ]
    free: list[int] = []
    for _ in range(25):
        for tool, args in calls:
            result = call(tool, **args)
            assert "error" not in result, result
        free.append(call("get_status")["heap_free"])
    # A collection may miss garbage that something on the stack looks like: the best of five tells.
    assert max(free[-5:]) > max(free[5:10]) - 1024, free
