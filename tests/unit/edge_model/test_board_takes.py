"""Every call of the hand-written sets and of the generator passes the checks of a real board."""

import json
import random
import re

from cloud_proxy.edge_model.evaluate import SETS, cases
from cloud_proxy.edge_model.generator.sample import sample
from host.boards import load_board
from host.emulator import World
from host.image import agent_program, board_files

MAIN = agent_program("""
import json
from firmware import tool_rules
from firmware.app import make
from firmware.guard import Guard
from firmware.store import Store

store = Store()
app = make(store, Guard(store))
app.memory = {"pump": "gpio 5"}
with open("/calls") as f:
    for line in f:
        tool, args = json.loads(line)
        try:
            args = app.tools.check(tool, args, "m")[2]
            if tool == "rule_set":
                tool_rules._check_when(app, args["when"])
                tool_rules._check_if(args.get("if", ()), ("value",))
            steps = args.get("do", args.get("steps"))
            if steps:
                tool_rules._check(app, {}, steps, ())
            print("TAKEN")
        except ValueError as e:
            print("REFUSED", e)
print("END")
""")
# Refusals that depend on the board's wiring and store, which the model does not know.
LOCAL = re.compile(r"pin \d+ is |there is no \S+; there are: ")


def refused(calls):
    """Return (call, why) of those that a board would not take whatever is wired to it."""
    settings = {"device": "lonely", "broker": {"host": "127.0.0.1", "port": 9}}
    files = board_files(load_board("esp32-devkit"), settings) | {
        "/main.py": MAIN,
        "/calls": "\n".join(json.dumps(call) for call in calls).encode(),
    }
    with World() as world:
        board = world.board(files=files)
        board.start()
        world.run(seconds=60)
        text = board.serial.text
    assert "END" in text, text[-500:]
    lines = [line for line in text.splitlines() if line.startswith(("TAKEN", "REFUSED"))]
    assert len(lines) == len(calls)
    return [
        (call, line)
        for call, line in zip(calls, lines, strict=True)
        if line != "TAKEN" and not LOCAL.search(line)
    ]


def test_what_the_sets_expect_is_what_a_board_takes():
    calls = [
        (call["tool"], call["args"])
        for path in SETS.values()
        for case in cases(path)
        for call in case.calls
    ]
    assert refused(calls) == []


def test_what_the_generator_teaches_is_what_a_board_takes():
    rng = random.Random(11)
    calls = [(call.tool, call.args) for _ in range(1500) for call in sample(rng).outcome.calls]
    assert refused(calls) == []


def test_a_call_that_a_board_would_refuse_is_found():
    wrong = [
        ("rule_set", {"when": {"at": "25:00"}, "do": []}),
        ("script_set", {"name": "a b", "steps": [{"tool": "gpio_read", "args": {"pin": 4}}]}),
        ("gpio_write", {"pin": 4, "value": 7}),
    ]
    found = [call for call, _ in refused([*wrong, ("gpio_read", {"pin": 4})])]
    assert found == [wrong[0], wrong[2]]  # a name is checked when a script is stored
