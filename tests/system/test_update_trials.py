"""Trials of an update from afar: what a new agent may do wrong, and that the old one runs then."""

from collections.abc import Iterator

import pytest

from host import update
from host.lab import Lab
from tests.system.update_kit import KEY, Server, agent, await_version, version


@pytest.fixture
def server() -> Iterator[Server]:
    with Lab(proxy=False, settings={"update_key": KEY.public_hex}) as lab, Server(lab) as server:
        yield server


# What is wrong with the new agent: its modules, by name.
BAD: dict[str, dict[str, str | bytes | None]] = {
    "raises while it is loaded": {"app": "raise ValueError('broken')"},
    "imports what is not there": {"app": "import nothing_of_that_name"},
    "hangs while it is loaded": {"app": "import time\nwhile True: time.sleep(1)"},
    "hangs while it runs": {"app": "import time\ndef run(trial):\n    while True: time.sleep(1)"},
    "takes all memory": {"app": "all = bytearray(1000000)"},
    "resets itself": {"app": "import machine\nmachine.reset()"},
    "sleeps": {"app": "import machine\ndef run(trial): machine.deepsleep(1000)"},
    "has a tool that cannot be loaded": {"tool_bus": "import nothing_of_that_name"},
    "has a part of another MicroPython": {"console": b"M\x03\x00\x1f"},
    "lacks a part": {"agent": None},
}


@pytest.mark.parametrize("parts", BAD.values(), ids=BAD)
def test_the_old_agent_runs_again_when_the_new_one(
    server: Server, parts: dict[str, str | bytes | None]
) -> None:
    job = server.offer(update.build("7", 7, files=agent("7", **parts)))
    server.state(job, "trial")
    for _ in range(120):
        if any(state["state"] == "failed" for state in server.states):
            break
        server.lab.world.run(seconds=10)
    server.state(job, "failed")
    assert server.lab.board.files.read("/slot") == b"a" and server.lab.board.boots <= 4
    # It is not tried again, and a better one is taken.
    better = server.offer(update.build("8", 8, files=agent("8")))
    server.state(better, "done")
    await_version(server, "8")


def test_an_agent_that_never_finds_its_broker_gives_way_to_the_old_one(server: Server) -> None:
    job = server.offer(update.build("7", 7, files=agent("7")))
    server.state(job, "trial")
    server.lab.world.wifi.down()
    server.lab.world.run(minutes=14)
    assert server.lab.board.files.read("/slot") == b"b1"
    server.lab.world.run(minutes=20)
    assert server.lab.board.files.read("/slot") == b"a"
    server.lab.world.wifi.up()
    for _ in range(60):
        if any(state["state"] == "failed" for state in server.states):
            break
        server.lab.world.run(seconds=10)
    server.state(job, "failed")


def test_three_resets_in_a_trial_bring_the_old_agent_back(server: Server) -> None:
    job = server.offer(update.build("7", 7, files=agent("7")))
    server.state(job, "trial")
    server.lab.world.wifi.down()
    slots = []
    for _ in range(3):
        server.lab.world.run(seconds=20)
        slots.append(server.lab.board.files.read("/slot"))
        server.lab.board.reset()
    assert slots == [b"b1", b"a", b"a"]
    server.lab.world.wifi.up()
    server.state(job, "failed")
    assert server.lab.board.files.read("/slot") == b"a"
    await_version(server, "0")


def test_what_was_tried_or_is_old_is_not_taken_in_safe_mode_either(server: Server) -> None:
    server.state(server.offer(update.build("7", 7, files=agent("7"))), "done")
    broken = server.offer(update.build("8", 8, files=agent("8", app="raise ValueError")))
    server.state(broken, "failed")
    asked = len(server.asked)
    server.lab.world.wifi.down()  # so that no start is a good one
    while "safe mode" not in server.lab.board.serial.text:
        assert server.lab.board.boots < 20
        server.lab.board.reset()
        server.lab.world.run(seconds=5)
    server.lab.world.wifi.up()
    old = server.offer(update.build("6", 6, files=agent("6")))
    assert "older" in server.state(old, "failed")["why"]
    assert len(server.asked) == asked and version(server) == "7"
    server.state(server.offer(update.build("9", 9, files=agent("9"))), "done")  # that may mend it
    await_version(server, "9")


def test_a_trial_needs_no_proxy_and_a_short_outage_ends_none(server: Server) -> None:
    job = server.offer(update.build("7", 7, files=agent("7")))
    server.state(job, "trial")
    server.lab.broker.stop()
    server.lab.world.run(minutes=5)
    server.lab.end_outage()
    server.state(job, "done")
    assert server.lab.board.files.read("/slot") == b"b"
