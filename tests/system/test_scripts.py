"""Scripts and named things on the emulated board, under the real heap limit, with no network."""

from typing import Any

import pytest

from host.emulator import World
from tests.system.offline_board import FRIDAY_7_UTC, Call, OfflineBoard


def put(pin: Any, value: Any) -> dict[str, Any]:
    return {"tool": "gpio_write", "args": {"pin": pin, "value": value}}


def script(name: str, *steps: dict[str, Any], params: tuple[str, ...] = ()) -> Call:
    return "script_set", {"name": name, "params": list(params), "steps": list(steps)}


def wait(ms: int) -> dict[str, Any]:
    return {"tool": "delay", "args": {"ms": ms}}


def call(name: str, **args: Any) -> Call:
    return "script_run", {"name": name, "args": args}


# calls, what pin 2 did, what is in the last result
CASES: dict[str, tuple[list[Call], list[int], Any]] = {
    "steps in order": (
        [script("pulse", put(2, 1), wait(100), put(2, 0)), call("pulse")],
        [1, 0],
        {"pin": 2, "value": 0},
    ),
    "parameters": (
        [script("set_to", put("$which", "$level"), params=("which", "level")),
         call("set_to", which=2, level=1)],
        [1],
        {"pin": 2, "value": 1},
    ),
    "called as a tool of its own": (
        [script("set_to", put(2, "$level"), params=("level",)), ("set_to", {"level": 1})],
        [1],
        {"pin": 2, "value": 1},
    ),
    "repeat": (
        [script("three", {"repeat": 3, "do": [{"tool": "gpio_toggle", "args": {"pin": 2}}]}),
         call("three")],
        [1, 0, 1],
        {"pin": 2, "value": 1},
    ),
    "repeat as often as a parameter says": (
        [script("times", {"repeat": "$n", "do": [{"tool": "gpio_toggle", "args": {"pin": 2}}]},
                params=("n",)),
         call("times", n=2)],
        [1, 0],
        {"pin": 2, "value": 0},
    ),
    "repeat as often as a word says": (
        [script("times", {"repeat": "$n", "do": [put(2, 1)]}, params=("n",)), call("times", n="x")],
        [],
        "step 1: repeat must be a number",
    ),
    "if a parameter's pin is as a parameter says": (
        [script("follow", {"if": [{"pin": "$p", "is": "$level"}], "do": [put(2, 1)]},
                params=("p", "level")),
         call("follow", p=4, level=1), call("follow", p=4, level=0)],
        [1],
        {"pin": 2, "value": 1},
    ),
    "if it is between two times of day": (
        [script("day", {"if": [{"time": "6:30-8:00"}], "do": [put(2, 1)]},
                {"if": [{"time": "22:00-7:30"}], "do": [put(2, 0)]},
                {"if": [{"time": "9:00-17:00"}], "do": [put(2, 1)]}),
         call("day")],
        [1, 0],
        {"pin": 2, "value": 0},
    ),
    "if on a bound result": (
        [script("follow", {"tool": "gpio_read", "args": {"pin": 4}, "as": "door"},
                {"if": [{"value": "$door.value", "is": 0}], "do": [put(2, 1)],
                 "else": [put(2, 0)]}),
         call("follow")],
        [1],
        {"pin": 2, "value": 1},
    ),
    "if on the last result": (
        [script("twice", put(2, 1), {"if": [{"value": "$last.value", "above": 0}],
                                     "do": [put(2, 0)]}),
         call("twice")],
        [1, 0],
        {"pin": 2, "value": 0},
    ),
    "a script that runs a script": (
        [script("inner", put("$p", 1), params=("p",)),
         script("outer", {"tool": "script_run", "args": {"name": "inner", "args": {"p": "$q"}}},
                params=("q",)),
         call("outer", q=2)],
        [1],
        {"pin": 2, "value": 1},
    ),
    "a missing parameter": (
        [script("set_to", put(2, "$level"), params=("level",)), call("set_to")],
        [],
        "set_to needs level",
    ),
    "a parameter out of range": (
        [script("set_to", put(2, "$level"), params=("level",)), call("set_to", level=7)],
        [],
        "step 1 (gpio_write): gpio_write: value must be",
    ),
    "a failing step stops the rest and is named": (
        [script("bad", put(2, 1), {"tool": "memory_get", "args": {"key": "x"}}, put(2, 0)),
         call("bad")],
        [1],
        "step 2 (memory_get)",
    ),
    "a long one goes on after the answer": (
        [script("slow", put(2, 1), wait(30000), put(2, 0)), call("slow")],
        [1, 0],
        {"name": "slow", "running": True},
    ),
    "deleting a running one stops it": (
        [script("slow", put(2, 1), wait(30000), put(2, 0)), call("slow"),
         ("script_delete", {"name": "slow"})],
        [1],
        {"name": "slow"},
    ),
    "one that is not there": ([call("nope")], [], "there is no nope"),
    "one that runs itself": (
        [script("ouroboros", {"tool": "script_run", "args": {"name": "ouroboros"}})],
        [],
        "at most 3 deep",
    ),
    "a tool's name": ([script("gpio_read", put(2, 1))], [], "no tool"),
    "a name that is none": ([script("Water Plants", put(2, 1))], [], "a-z"),
    "a pin of the flash": ([script("bad", put(7, 1))], [], "flash chip"),
    "a parameter that is none": ([script("bad", put("$p", 1))], [], "stands for nothing"),
    "a step that is none": (
        [script("bad", put(2, 1), {"do": [put(2, 1)]})], [], "step 2: it needs tool, or do with"),
    "a step without what to do": ([script("bad", {"repeat": 3})], [], "step 1: it needs tool"),
    "a step of a wrong form within another": (
        [script("bad", put(2, 1), {"repeat": 2, "do": [{"repeat": 101, "do": [put(2, 1)]}]})], [],
        "script_set: step 2: step 1: repeat must be a number from 1 to 100"),
    "a step with more than steps have": (
        [script("bad", {"tool": "gpio_read", "pin": 2})], [], "step 1: step has no argument pin"),
    "a step that is no object": (
        [("script_set", {"name": "bad", "steps": ["on"]})], [], "step 1: step must be an object"),
    "arguments out of range in the second step": (
        [script("bad", put(2, 1), put(2, 3))], [], "step 2: gpio_write: value must be a number"),
    "a comparison of a wrong form": (
        [script("bad", {"if": [{"value": 1, "above": "x"}], "do": [put(2, 1)]})], [],
        "step 1: comparison 1: above must be a number"),
    "a comparison of two things": (
        [script("bad", {"if": [{"pin": 4, "memory": "x"}], "do": [put(2, 1)]})], [],
        "step 1: a comparison is pin, memory or value"),
    "a time that is none": (
        [script("bad", {"if": [{"time": "at night"}], "do": [put(2, 1)]})], [], '"22:00-06:00"'),
    "a comparison with what is not there": (
        [script("bad", {"if": [{"value": "$x", "is": 1}], "do": [put(2, 1)]})], [],
        "$x stands for nothing; known: $last"),
    "more than there is room for": (
        [script(f"s{n}", *[put(2, 1)] * 24) for n in range(3)], [], "scripts may take 3072 bytes"),
    "too many steps": ([script("bad", *[put(2, 1)] * 30)], [], "a list of 1 to 24"),
    "nested too deep": (
        [script("bad", {"repeat": 1, "do": [{"repeat": 1, "do": [{"repeat": 1, "do": [
            {"repeat": 1, "do": [put(2, 1)]}]}]}]})],
        [],
        "nested at most 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("calls, levels, result", CASES.values(), ids=CASES)
def test_a_script(calls: list[Call], levels: list[int], result: Any) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, calls).start()
        world.run(seconds=60)
        last = board.results[-1]
        assert [level for _, level in board.levels(2)] == levels, board.results
        if isinstance(result, str):
            assert result in last["error"]
        else:
            assert last == result


# steps, what a person is told while pin 4 is off
TOLD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a field": ([], "Pin {t.pin} is {t.value}."),
    "a choice": ([], "The door is {t.value:closed|open}."),
    "the last result": ([wait(5)], "Waited {last.ms} ms."),
    "all fields": ([], "Read: {t}."),
    "a field that is not there": ([], "It is {t.colour}."),
    "a brace before no name": ([], 'a {b} {"c": 1}'),
}
SAID = {
    "a field": "Pin 4 is 0.",
    "a choice": "The door is closed.",
    "the last result": "Waited 5 ms.",
    "all fields": "Read: pin: 4, value: 0.",
    "a field that is not there": "It is ?.",
    "a brace before no name": 'a {b} {"c": 1}',
}


def test_texts_are_filled_from_results() -> None:
    read = {"tool": "gpio_read", "args": {"pin": 4}, "as": "t"}
    calls: list[Call] = []
    for number, (steps, text) in enumerate(TOLD.values()):
        tell = {"tool": "notify", "args": {"text": text}}
        calls += [script(f"s{number}", read, *steps, tell), call(f"s{number}")]
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, calls).start()
        told = [event["text"] for event in board.events("notify")]
        assert dict(zip(TOLD, told, strict=True)) == SAID, board.results


def test_scripts_within_a_script_share_its_bound_of_steps() -> None:
    calls = [
        script("inner", {"repeat": 100, "do": [put(2, 1)]}),
        script("outer", {"repeat": 4, "do": [{"tool": "script_run", "args": {"name": "inner"}}]}),
        call("outer"),
    ]
    settings = {"limits": {"pin_per_minute": 1000}}
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, calls, settings).start()
        assert "stopped after 300 steps" in board.results[-1]["error"]


def test_scripts_deeper_than_three_are_refused() -> None:
    calls = [script("s1", put(2, 1))]
    for n in (2, 3, 4):
        calls.append(script(f"s{n}", {"tool": "script_run", "args": {"name": f"s{n - 1}"}}))
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, [*calls, call("s3")]).start()
        assert "3 deep" in board.results[3]["error"]
        assert board.results[4] == {"pin": 2, "value": 1}


def test_scripts_survive_a_reboot_and_run_from_rules() -> None:
    rule = {"when": {"boot": True}, "do": [{"tool": "script_run", "args": {"name": "pulse"}}]}
    with World(unix_s=FRIDAY_7_UTC) as world:
        calls = [script("pulse", put(2, 1), wait(100), put(2, 0)), ("rule_set", rule)]
        board = OfflineBoard(world, calls).start()
        board.restart()
        assert [level for _, level in board.levels(2)][-2:] == [1, 0]


def thing(name: str, pin: int, **options: Any) -> Call:
    return "device_set", {"name": name, "kind": "relay", "pin": pin, "options": options}


# calls, what pins 2 and 4 are afterwards, what is in the last result
THINGS: dict[str, tuple[list[Call], tuple[int, int], Any]] = {
    "a thing's name stands for its pin": (
        [thing("pump", 2), ("gpio_write", {"pin": "pump", "value": 1})],
        (1, 0),
        {"pin": 2, "value": 1},
    ),
    "inverted: on is 0": (
        [thing("pump", 2, inverted=True), ("gpio_write", {"pin": "pump", "value": 0})],
        (1, 0),
        {"pin": 2, "value": 0},
    ),
    "read back as on and off, not as levels": (
        [thing("pump", 2, inverted=True), ("gpio_write", {"pin": "pump", "value": 1}),
         ("gpio_read", {"pin": "pump"})],
        (0, 0),
        {"pin": 2, "value": 1},
    ),
    "an interlock refuses": (
        [thing("up", 2), thing("down", 4, not_with="up"), ("gpio_write", {"pin": "up", "value": 1}),
         ("gpio_write", {"pin": "down", "value": 1})],
        (1, 0),
        "down must not be on together with up",
    ),
    "an interlock binds both": (
        [thing("up", 2), thing("down", 4, not_with="up"),
         ("gpio_write", {"pin": "down", "value": 1}), ("gpio_write", {"pin": "up", "value": 1})],
        (0, 1),
        "up must not be on together with down",
    ),
    "a rest between two times on": (
        [thing("pump", 2, min_off_s=60), ("gpio_write", {"pin": 2, "value": 1}),
         ("gpio_write", {"pin": 2, "value": 0}), ("gpio_write", {"pin": 2, "value": 1})],
        (0, 0),
        "stays off for another",
    ),
    "an option that is none": ([thing("pump", 2, colour=1)], (0, 0), "options has no argument colour"),
    "a pin of the flash": ([thing("pump", 7)], (0, 0), "flash chip"),
    "a pin that is taken": ([thing("pump", 2), thing("lamp", 2)], (0, 0), "is the pump already"),
    "a name for nothing": (
        [("gpio_write", {"pin": "fountain", "value": 1})], (0, 0), "no pin is called fountain"),
}  # fmt: skip


@pytest.mark.parametrize("calls, levels, result", THINGS.values(), ids=THINGS)
def test_a_named_thing(calls: list[Call], levels: tuple[int, int], result: Any) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, calls).start()
        last = board.results[-1]
        assert (board.board.pin(2).value or 0, board.board.pin(4).value or 0) == levels
        if isinstance(result, str):
            assert result in last["error"]
        else:
            assert last == result


def test_a_pump_is_switched_off_after_its_longest_time_whoever_switched_it_on() -> None:
    rule = {"when": {"in_s": 10}, "do": [put("pump", 1)]}
    with World(unix_s=FRIDAY_7_UTC) as world:
        calls = [thing("pump", 2, max_on_s=20), ("rule_set", rule)]
        board = OfflineBoard(world, calls).start()
        world.run(minutes=2)
        assert board.levels(2) == [(10, 1), (30, 0)]


def test_a_safe_state_is_set_when_the_board_starts() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, [thing("valve", 2, inverted=True, safe=0)]).start()
        board.restart()
        assert board.board.pin(2).value == 1


SCOPES = {
    "heap": {"heap_free"},
    "link": {"link", "reconnects", "events_lost", "rssi_dbm"},
    "rules": {"rules"},
}


def test_a_status_of_a_scope_tells_that_and_no_more() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, [("get_status", {"scope": scope}) for scope in SCOPES]).start()
        assert [set(result) for result in board.results] == list(SCOPES.values())


@pytest.mark.parametrize("word", ["stop", "/stop", "Stop!"])
def test_a_person_stops_a_script_that_runs_without_a_model(word: str) -> None:
    with World() as world:
        lonely = OfflineBoard(
            world,
            [script("slow", put(2, 1), wait(30000), put(2, 0)), ("script_run", {"name": "slow"})],
        ).start()
        world.run(seconds=5)
        lonely.board.serial.write(word.encode() + b"\n")
        world.run(seconds=60)
        assert "stopped: slow" in lonely.board.serial.text
        assert [level for _, level in lonely.levels(2)][-1] == 1
        lonely.board.serial.write(word.encode() + b"\n")
        world.run(seconds=2)
        assert "no script runs" in lonely.board.serial.text
