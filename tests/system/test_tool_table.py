"""Each row of tools.txt, on the board: valid arguments are taken, each invalid one is named."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from host.boards import load_board
from host.emulator import World
from host.emulator.i2c import RegisterDevice
from host.image import FIRMWARE_DIR, agent_program, board_files
from tests.system.offline_board import FRIDAY_7_UTC

Args = dict[str, Any]
Call = tuple[str, Args]
MAIN = agent_program("""
import asyncio, json
from firmware.app import make
from firmware.guard import Guard
from firmware.store import Store

store = Store()
app = make(store, Guard(store))

async def drive():
    with open("/calls") as f:
        for line in f:
            tool, args, who = json.loads(line)
            print("RESULT", json.dumps(await app.tools.run(tool, args, who, "test")))
    print("END")

async def main():
    await asyncio.gather(app.run(), drive())

asyncio.run(main())
""")
ROWS: dict[str, tuple[str, list[list[Any]]]] = {}
for _line in (FIRMWARE_DIR / "tools.txt").read_text().splitlines():
    _, _who, _row = _line.split(" ", 2)
    ROWS[json.loads(_row)[0]] = (_who, json.loads(_row)[2])
TOOLS = [name for name, (who, _) in ROWS.items() if who != "-"]

STEP = {"tool": "gpio_read", "args": {"pin": 4}}
# Arguments that the table cannot tell: with the lowest of the others, and with the highest.
KNOWN: dict[str, tuple[Args, Args]] = {
    "pwm_write": ({"pin": 18}, {"pin": 18}),
    "adc_read": ({"pin": 34}, {"pin": 39}),
    "servo_write": ({"pin": 19}, {"pin": 19}),
    "neopixel_write": ({"pin": 16}, {"pin": 16}),
    "dht_read": ({"pin": 15, "model": "dht11"}, {"pin": 5, "model": "dht22"}),
    "ds18x20_read": ({"pin": 14}, {"pin": 14}),
    "device_set": ({"pin": 23}, {"pin": 23, "options": {}}),
    "rule_set": (
        {"name": "a", "when": {"every_s": 1}, "do": [STEP]},
        {"when": {"boot": True}, "if": [{"time": "00:00-24:00"}], "do": [STEP] * 24},
    ),
    "script_set": ({"steps": [STEP]}, {"steps": [STEP] * 24, "params": ["a" * 24]}),
    "script_run": ({}, {"args": {"a" * 24: 1}}),
    "set_timezone": ({"timezone": "UTC0"}, {"timezone": "America/Argentina/Buenos_Aires"}),
}
PINS = {"sda": 21, "scl": 22}
UNREACHABLE = {"ask": "could not reach my model"}  # no network here


def valid(tool: str, high: bool) -> Args:
    """Return arguments at one end of what the table allows, the optional ones at the high end."""
    return made(ROWS[tool][1], high) | KNOWN.get(tool, ({}, {}))[high]


def made(specs: list[list[Any]], high: bool) -> Args:
    args: Args = {}
    for key, kind, *limits in specs:
        name = key.rstrip("?")
        if name == key or high:
            args[name] = {
                "pin": lambda name=name: PINS.get(name, 2),
                "int": lambda limits=limits: limits[high],
                "num": lambda limits=limits: limits[high],
                "str": lambda limits=limits: "a" * (limits[0] if high else 1),
                "enum": lambda limits=limits: limits[0].split("|")[-high],
                "bool": lambda: high,
                "hex": lambda limits=limits: "00" * (limits[0] if high else 1),
                "obj": dict,
                "list": list,
                "any": lambda: "anything",
            }[kind]()
    return args


def wrong(spec: list[Any], depth: int = 0) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield values that an argument must not have, and what the error must say."""
    key, kind, *limits = spec
    name = key.rstrip("?")
    bad: list[Any] = []
    says = (name,)
    if kind == "pin":
        yield from ((n, (f"pin {n} is ", ": ")) for n in (99, 7, -1))
        if limits[0] == 1:
            yield 34, ("pin 34 is input only", "outputs: 2, 4")
        if limits[0] == 2:
            yield 2, ("pin 2 is no ADC pin", "32, 33")
        yield from ((n, (f"no pin is called {n}",)) for n in ("nowhere", 2.5, True, [], {}))
    elif kind in ("int", "num"):
        bad = ["x", True, [], {}, limits[0] - 1, limits[1] + 1, 1e300]
        if kind == "int" and limits[1] > limits[0]:
            bad.append(limits[0] + 0.5)
        says = (name, f" {limits[0]} to {limits[1]}")
    elif kind == "str":
        bad = [5, True, [], "", "x" * (limits[0] + 1)]
        says = (name, f" 1 to {limits[0]} characters")
    elif kind == "enum":
        bad = [5, True, [], "", "nonsense", limits[0]]
        says = (name, limits[0])
    elif kind == "bool":
        bad = [0, 1, "yes", []]
        says = (name, "true or false")
    elif kind == "hex":
        bad = [5, True, [], "", "0", "zz", "00" * (limits[0] + 1)]
        says = (name, f" 1 to {limits[0]} bytes")
    elif kind == "list":
        bad = [5, "x", {}]
        says = (name, "a list")
        if limits and depth < 2:
            for item, text in wrong(limits[0], depth + 1):
                # An error of a pin names it, and not its place.
                yield [item], text if "pin" in text[0] else (f"{limits[0][0]} 1", *text)
    elif kind == "obj":
        bad = [5, "x", []]
        says = (name, "an object")
        if limits and depth < 2:
            fields = ROWS[limits[0]][1] if isinstance(limits[0], str) else limits[0]
            for field in fields:
                for value, text in wrong(field, depth + 1):
                    yield made(fields, False) | {field[0].rstrip("?"): value}, text
            yield made(fields, False) | {"colour": 1}, (name, "colour")
    yield from ((value, says) for value in bad)


@cache
def invalid() -> list[tuple[Call, tuple[str, ...]]]:
    """Return calls with one wrong argument each, and what the error must say."""
    cases: list[tuple[Call, tuple[str, ...]]] = []
    for tool in TOOLS:
        good = valid(tool, False)
        for spec in ROWS[tool][1]:
            key = spec[0].rstrip("?")
            for value, text in wrong(spec):
                if isinstance(value, dict) and isinstance(good.get(key), dict):
                    value = good[key] | value
                cases.append(((tool, good | {key: value}), text))
            if key == spec[0]:
                rest = {name: value for name, value in good.items() if name != key}
                cases.append(((tool, rest), (f"needs {key}",)))
        cases.append(((tool, good | {"colour": 1}), ("no argument colour",)))
    return cases


def run(calls: list[Call], seconds: float) -> list[Args]:
    """Return what each call gives back, all in one boot."""
    with World(unix_s=FRIDAY_7_UTC) as world:
        settings = {
            "device": "lonely",
            "broker": {"host": "127.0.0.1", "port": 9},
            "limits": {"pin_per_minute": 10_000},
        }
        lines = [json.dumps([*call, "m" if "m" in ROWS[call[0]][0] else "s"]) for call in calls]
        files = board_files(load_board("esp32-devkit"), settings)
        files |= {"/main.py": MAIN, "/calls": "\n".join(lines).encode()}
        board = world.board(files=files)
        board.dht(15).model = "dht11"
        board.dht(15).set(t=20, h=50)
        board.dht(5).set(t=20, h=50)
        board.ds18x20(14).set(t=20)
        for address in (8, 119):
            board.i2c(21, 22).attach(address, RegisterDevice())
        board.start()
        world.run(seconds=seconds)
        text = board.serial.text
        assert "END" in text and board.boots == 1, text[-500:]
        return [json.loads(line[7:]) for line in text.splitlines() if line.startswith("RESULT ")]


@pytest.mark.parametrize("high", [False, True], ids=["the lowest values", "the highest values"])
def test_each_tool_is_carried_out_with(high: bool) -> None:
    order = sorted(TOOLS, key=lambda name: name.endswith("_delete"))
    results = run([(tool, valid(tool, high)) for tool in order], 2 * 3600)
    failed = {
        tool: result["error"]
        for tool, result in zip(order, results, strict=True)
        if "error" in result and UNREACHABLE.get(tool, "?") not in result["error"]
    }
    assert failed == {}


def test_each_wrong_argument_is_refused_by_its_name() -> None:
    cases = invalid()
    results = run([call for call, _ in cases], 600)
    for (call, text), result in zip(cases, results, strict=True):
        error = result.get("error", "taken")
        assert all(part in error for part in text), f"{call}: {error}"


def test_the_cases_reach_each_argument_of_each_tool() -> None:
    reached = {
        (tool, key)
        for (tool, args), _ in invalid()
        for key in args
        if args[key] != valid(tool, False).get(key)
    }
    for tool in TOOLS:
        for key, kind, *_ in ROWS[tool][1]:
            name = key.rstrip("?")
            assert kind == "any" or (tool, name) in reached, (tool, name)
