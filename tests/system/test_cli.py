"""`limpet` as a person runs it: what it prints, how it ends, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host.broker import Broker

LIMPET = (sys.executable, "-m", "host.cli")
QUIET = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}


def limpet(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LIMPET, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=QUIET,
        stdin=subprocess.DEVNULL,
        **kwargs,  # type: ignore[call-overload]
    )


def open_limpet(*arguments: str) -> "subprocess.Popen[str]":
    """Start limpet as a terminal would: Ctrl-C reaches it, also where our caller ignores it."""
    return subprocess.Popen(
        [*LIMPET, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=QUIET,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def end(process: "subprocess.Popen[str]") -> str:
    """Press Ctrl-C and return what it still says on stderr."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=30)[1]
    finally:
        process.kill()
        process.wait()


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("broker", ["default", "iotcore"])
def test_the_demo_tells_the_whole_story(broker: str) -> None:
    done = limpet("demo", *([] if broker == "default" else ["--broker", broker]))
    assert done.returncode == 0, done.stderr
    for words in ("turn on the led on pin 2", "Pin 2 is on", "gpio 5", "7 requests", "▇", "edge"):
        assert words in done.stdout, words
    last = done.stdout.split("7 next")[1]
    assert "limpet demo -i" in last and "limpet flash --board esp32-devkit" in last
    assert "Traceback" not in done.stdout + done.stderr


PROGRAM = """
import sys, time
start = time.ticks_ms()
time.sleep(3600)
print("an hour:", time.ticks_diff(time.ticks_ms(), start) // 1000, "s")
sys.exit(3)
"""


def test_a_program_prints_exactly_what_it_prints_and_ends_with_its_own_code(
    tmp_path: Path,
) -> None:
    file = tmp_path / "hour.py"
    file.write_text(PROGRAM)
    done = limpet("emulate", "--fast", str(file))
    assert (done.stdout, done.returncode) == ("an hour: 3600 s\n", 3)


def test_boards_as_json() -> None:
    done = limpet("boards", "--json")
    assert "esp32-devkit" in [board["name"] for board in json.loads(done.stdout)]


MISUSE = {
    "a command that is none": (["fly"], 2, "No such command"),
    "a broker that is none": (["demo", "--broker", "amqtt"], 2, "mosquitto or iotcore"),
    "a program that is not there": (["emulate", "nope.py"], 1, "hint:"),
    "a board that is not there": (["emulate", "--board", "arduino"], 1, "no board is called"),
    "an address that is none": (["emulate", "--broker", "here"], 1, "HOST:PORT"),
}


@pytest.mark.parametrize("arguments, code, words", MISUSE.values(), ids=MISUSE)
def test_misuse_gets_words_and_no_traceback(arguments: list[str], code: int, words: str) -> None:
    done = limpet(*arguments)
    assert done.returncode == code
    assert words in done.stderr and "Traceback" not in done.stderr


def test_the_agent_runs_against_any_broker_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    storage = tmp_path / "kitchen.flash"
    with Broker.open() as broker:
        where = f"{broker.host}:{broker.port}"
        process = open_limpet(
            "emulate", "--broker", where, "--name", "kitchen", "--storage", str(storage)
        )
        assert process.stdout
        for line in process.stdout:
            if "online as kitchen" in line:
                break
        rest = end(process)
    assert "switched off" in rest and "Traceback" not in rest
    assert storage.stat().st_size > 0


def test_ctrl_c_in_the_demo_leaves_no_process() -> None:
    process = open_limpet("demo")
    assert process.stdout
    for line in process.stdout:
        if "board" in line:
            break
    children = children_of(process.pid)
    assert len(children) >= 2
    rest = end(process)
    assert process.returncode != 0 and "Traceback" not in rest
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
