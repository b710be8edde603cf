"""`limpet fleet ls|show|why|crash|logs` against a real broker and devices of the protocol's level."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from host.broker import Broker, free_port
from tests.system.fleet_kit import Client, birth, device
from tests.system.fleet_run_kit import Run, end, environment, follow, line


@pytest.fixture
def env(broker: Broker, tmp_path: Path) -> dict[str, str]:
    return environment(broker, tmp_path)


@pytest.fixture
def fleet(env: dict[str, str]) -> Run:
    return Run(env)


@pytest.fixture
def port(broker: Broker) -> int:
    return broker.port


@pytest.fixture
def three(port: int) -> Iterator[dict[str, Client]]:
    """kitchen and cellar, both prod, one with older firmware; attic, which has lost its power."""
    with ExitStack() as stack:
        made = {
            "kitchen": device(port, "kitchen", tags=["prod"], fw="0.3.0"),
            "cellar": device(port, "cellar", tags=["prod", "cold"], fw="0.2.9"),
            "attic": device(port, "attic", fw="0.2.10"),
        }
        for name in ("kitchen", "cellar"):
            stack.enter_context(made[name])
        with Client(port, "watcher") as watcher:
            watcher.subscribe("limpet/v1/attic/up/status")
            made["attic"].vanish()
            watcher.wait_for(
                lambda: watcher.heard[-1:] == [("limpet/v1/attic/up/status", b"offline")]
            )
        yield made


def test_the_list_has_each_device_once_and_says_who_is_offline(
    fleet: Run, three: dict[str, Client]
) -> None:
    lines = fleet("ls").splitlines()
    assert [line.split()[0] for line in lines] == ["DEVICE", "attic", "cellar", "kitchen"]
    assert "offline" in lines[1] and "online" in lines[2] and "0.2.9" in lines[2]
    assert "prod,cold" in lines[2]
    assert "3 of 3 devices: 2 online, 1 offline" in fleet.done.stderr


SELECTED = {
    "the old of prod that are online": ("fw<0.3 and tag=prod and online", ["cellar"]),
    "who is offline": ("offline", ["attic"]),
    "a pattern of names": ("device~*tc*", ["kitchen"]),
    "nobody": ("tag=test", []),
}


@pytest.mark.parametrize("where, names", SELECTED.values(), ids=SELECTED)
def test_an_expression_selects_devices(
    fleet: Run, three: dict[str, Client], where: str, names: list[str]
) -> None:
    assert fleet.names(where) == names


def test_what_cannot_be_read_is_pointed_at_before_the_broker_is_asked(fleet: Run) -> None:
    fleet.env = fleet.env | {"LIMPET_BROKER": "127.0.0.1:1"}
    fleet("ls", "--where", "fw<0.3 and tagg=prod", code=1)
    assert fleet.done.stderr.splitlines()[2:4] == [
        "       fw<0.3 and tagg=prod",
        "                  ^",
    ]


def test_a_device_that_was_seen_online_here_is_said_to_have_been(fleet: Run, port: int) -> None:
    with device(port, "kitchen"):
        assert fleet.json("ls")[0]["online"] is True
        with Client(port, "watcher") as watcher:
            watcher.publish("x", b"")
            watcher.client.publish("limpet/v1/kitchen/up/status", b"offline", 1, True)
            row = fleet.json("ls")[0]
    assert row["online"] is False and row["last_seen"] and row["offline_by"] >= row["last_seen"]
    assert "offline since" in fleet("show", "kitchen")


def test_a_device_that_nobody_saw_online_claims_no_time(fleet: Run, port: int) -> None:
    with Client(port, "kitchen") as board:
        board.publish("up/status", b"offline", retain=True)
        board.publish("up/info", birth(), retain=True)
    row = fleet.json("ls")[0]
    assert row["last_seen"] is None and row["offline_by"]


def test_garbage_is_shown_as_such_and_obeyed_by_no_terminal(fleet: Run, port: int) -> None:
    with device(port, "kitchen", fw="\x1b[2J0.3") as board, Client(port, "Bad Name") as bad:
        board.publish("up/crash", b"\x1b]0;owned\x07 boom", retain=True)
        board.publish("up/reported", b"[1]", retain=True)
        bad.publish("up/status", b"online", retain=True)
        for page in (("ls",), ("show", "kitchen"), ("crash",)):
            assert "\x1b" not in fleet(*page)
        assert fleet.json("show", "kitchen")["odd"] == {"up/reported": "not an object"}
        assert "garbage" in fleet("ls") and "1 names under" in fleet.done.stderr
    cleared = fleet.json("ls")
    assert [row["device"] for row in cleared] == ["kitchen"]


DESIRED = b"0" * 64 + json.dumps({"v": 3, "set": {"llm.ttl_s": 9}}).encode()
WHY = {
    "a device that is well": ([], 0, "nothing is wrong"),
    "a crash": ([("up/crash", {"text": "ValueError: no"})], 1, "ValueError: no"),
    "settings that wait": ([("down/desired", DESIRED)], 1, "settings 3 are wanted, none reported"),
    "settings that it refused": (
        [("down/desired", DESIRED), ("up/reported", {"v": 3, "set": {}, "err": "no such field"})],
        1,
        "no such field",
    ),
    "settings that it has": (
        [("down/desired", DESIRED), ("up/reported", {"v": 3, "set": {"llm.ttl_s": 9}})],
        0,
        "nothing is wrong",
    ),
    "a birth that is none": ([("up/info", {"fw": 3})], 1, "fw must be str"),
    "presence that is neither": ([("up/status", b"maybe")], 1, "neither online nor offline"),
    "gone": ([("up/status", b"offline")], 1, "the broker misses it"),
}


@pytest.mark.parametrize("said, code, words", WHY.values(), ids=WHY)
def test_why(fleet: Run, port: int, said: list[tuple[str, Any]], code: int, words: str) -> None:
    with device(port, "kitchen") as board:
        for kind, body in said:
            board.publish(kind, body, retain=True)
        assert words in fleet("why", "kitchen", code=code)


def test_why_knows_a_copied_flash_an_odd_version_and_a_name_that_was_mistyped(
    fleet: Run, port: int
) -> None:
    with ExitStack() as stack:
        for name in ("a1", "a2", "a3"):
            stack.enter_context(device(port, name, nonce=name))
        stack.enter_context(device(port, "b1", nonce="a1", fw="0.1"))
        said = fleet("why", "b1", code=1)
        assert "boot nonce of a1" in said and "most others have 0.3.0" in said
        assert "there is b1" in fleet("why", "b11", code=1)
        fleet("show", "b11", code=1)
        assert "limpet fleet why b11" in fleet.done.stderr


def test_crashes_of_those_selected(fleet: Run, three: dict[str, Client]) -> None:
    for name in ("kitchen", "cellar"):
        three[name].publish("up/crash", {"text": f"at {name}\nline 2"}, retain=True)
    found = fleet.json("crash", "--where", "fw<0.3")
    assert found == [{"device": "cellar", "crash": {"text": "at cellar\nline 2"}}]
    assert fleet("crash").splitlines() == [
        *("cellar:", "  at cellar", "  line 2"),
        *("kitchen:", "  at kitchen", "  line 2"),
    ]
    three["kitchen"].publish("up/crash", b"", retain=True)
    assert len(fleet.json("crash")) == 1


def test_watching_tells_each_change_and_of_new_devices(
    env: dict[str, str], port: int, three: dict[str, Client]
) -> None:
    process = follow(env, "ls", "--watch", "--json", "--where", "fw<0.3 or device=new")
    try:
        assert [line(process)["device"] for _ in range(2)] == ["attic", "cellar"]
        three["cellar"].publish("up/status", b"offline", retain=True)
        found = line(process)
        assert (found["device"], found["online"], found["matches"]) == ("cellar", False, True)
        three["cellar"].publish("up/info", birth(fw="0.3.1"), retain=True)
        found = line(process)
        assert (found["device"], found["fw"], found["matches"]) == ("cellar", "0.3.1", False)
        with device(port, "new", tags=["late"]):
            while (found := line(process))["tag"] is None:
                assert found["device"] == "new"
            assert found["tag"] == ["late"]
    finally:
        end(process)


def test_logs_follow_what_the_chosen_devices_say(
    env: dict[str, str], three: dict[str, Client]
) -> None:
    process = follow(env, "logs", "-f", "--json", "--where", "tag=cold")
    try:
        assert line(process) | {"t": 0} == {
            "t": 0,
            "device": "cellar",
            "kind": "up/status",
            "body": "online",
        }
        three["kitchen"].publish("up/chat", {"id": "1", "text": "not this one"})
        three["cellar"].publish("up/chat", {"id": "1", "text": "on", "ok": True})
        three["cellar"].publish("up/event", {"e": "rule", "name": "fan"})
        assert line(process)["body"]["text"] == "on"
        assert line(process)["body"] == {"e": "rule", "name": "fan"}
    finally:
        end(process)


def test_logs_without_following_end_after_what_is_kept(
    fleet: Run, three: dict[str, Client]
) -> None:
    three["cellar"].publish("up/crash", b"boom", retain=True)
    lines = fleet("logs", "cellar").splitlines()
    assert [row.split(maxsplit=2)[2].split() for row in lines] == [
        ["status", "online"],
        ["crash", "boom"],
    ]


BROKERS = {
    "nobody there": (["--broker", f"127.0.0.1:{free_port()}"], "no broker at"),
    "no address": (["--broker", "http://broker"], "is no broker's address"),
    "a password in the command line": (["--broker", "mqtt://a:secret@b"], "can be read by others"),
    "no such password file": (["--password-file", "/nowhere"], "holds no password"),
    "no such CA": (["--ca", "/nowhere"], "is no CA certificate"),
    "TLS where there is none": (["--broker", "mqtts://127.0.0.1:{port}"], "no broker at"),
}


@pytest.mark.parametrize("arguments, words", BROKERS.values(), ids=BROKERS)
def test_a_broker_that_cannot_be_used_is_said(
    fleet: Run, port: int, arguments: list[str], words: str
) -> None:
    fleet("ls", *(argument.format(port=port) for argument in arguments), code=1)
    said = fleet.done.stderr
    assert said.startswith("error: ") and words in said and "secret" not in said


def test_a_broker_that_drops_messages_loses_no_device_of_the_list(tmp_path: Path) -> None:
    """mosquitto keeps 1,000 messages for a client; births are larger than its socket's buffer."""
    from host.broker import find_mosquitto

    if not find_mosquitto():
        pytest.skip("needs mosquitto")
    with Broker("mosquitto", free_port(), ["max_queued_messages 500"]) as broker:
        broker.start()
        count = 3000
        with Client(broker.port, "all") as every:
            tools = [["tool", "x" * 5000, []]]
            for i in range(count):
                every.client.publish(f"limpet/v1/d{i}/up/status", b"online", 0, True)
                body = json.dumps(birth(tools=tools)).encode()
                every.client.publish(f"limpet/v1/d{i}/up/info", body, 0, True)
            every.publish("x", b"")
        env = {"LIMPET_BROKER": f"127.0.0.1:{broker.port}", "LIMPET_CACHE": str(tmp_path)}
        rows = Run(os.environ | env).json("ls")
    assert len(rows) == count and all(row["tool"] == ["tool"] for row in rows)


def test_the_embedded_broker_serves_as_well(tmp_path: Path) -> None:
    with Broker.open(kind="iotcore") as broker:
        env = {"LIMPET_BROKER": f"127.0.0.1:{broker.port}", "LIMPET_CACHE": str(tmp_path)}
        with device(broker.port, "kitchen", tags=["prod"]):
            rows = Run(os.environ | env).json("ls", "--where", "tag=prod and online")
    assert [row["device"] for row in rows] == ["kitchen"]
