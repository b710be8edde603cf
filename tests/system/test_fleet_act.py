"""`limpet fleet cmd|set|ask|script|rule|resume` against a real broker and boards of the protocol's level."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from host import signing
from host.broker import Broker
from host.keys import Keys, ensure_keys
from tests.system.fleet_kit import LIMIT_S, Board, Client, device
from tests.system.fleet_run_kit import LIMPET, Run, environment, follow

NAMES = ("attic", "cellar", "kitchen")
QUICK = ("--ttl", "10")  # seconds, and 5 more, until a silent board is given up


@pytest.fixture
def fleet(broker: Broker, tmp_path: Path) -> Run:
    return Run(environment(broker, tmp_path))


@pytest.fixture
def keys(fleet: Run) -> dict[str, Keys]:
    return ensure_keys(Path(fleet.env["LIMPET_KEYS"]), [*NAMES, "away"])


@pytest.fixture
def boards(broker: Broker, keys: dict[str, Keys]) -> Iterator[dict[str, Board]]:
    with ExitStack() as stack:
        made = {
            name: stack.enter_context(
                Board(broker.port, name, keys[name].cmd_key, nonce=f"{i:08x}", tags=[f"t{i}", "x"])
            )
            for i, name in enumerate(NAMES)
        }
        yield made


def states(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["device"]: row["state"] for row in rows}


def test_a_command_is_carried_out_by_those_who_are_meant(
    fleet: Run, boards: dict[str, Board]
) -> None:
    rows = fleet.json("cmd", "gpio_write", "pin=5", "value=1", "--where", "tag=t0 or tag=t1")
    assert states(rows) == {"attic": "ok", "cellar": "ok"}
    call = {"tool": "gpio_write", "args": {"pin": 5, "value": 1}}
    assert boards["attic"].calls == boards["cellar"].calls == [call]
    assert boards["kitchen"].calls == [] and not boards["kitchen"].refused
    assert rows[0]["result"] == [{**call, "result": {"ok": 1}}]


def test_a_dry_run_says_who_and_sends_nothing(fleet: Run, boards: dict[str, Board]) -> None:
    assert fleet("cmd", "get_status", "--all", "--dry-run").split() == list(NAMES)
    assert "3 devices, nothing sent" in fleet.done.stderr
    assert not any(board.heard for board in boards.values())


def test_each_board_has_a_row_of_its_own_and_the_exit_code_tells_of_all(
    fleet: Run, broker: Broker, keys: dict[str, Keys], boards: dict[str, Board]
) -> None:
    def refuse(call: dict[str, Any]) -> Any:
        raise ValueError("pin 5 is forbidden")

    boards["cellar"].obey = refuse
    boards["attic"].mute = True
    with device(broker.port, "stranger"), Client(broker.port, "all") as every:
        every.send("limpet/v1/away/up/status", b"offline", retain=True)
        rows = fleet.json("cmd", "gpio_write", "pin=5", "--all", *QUICK, code=1)
    assert states(rows) == {
        "attic": "no answer",
        "away": "offline",
        "cellar": "failed",
        "kitchen": "ok",
        "stranger": "failed",
    }
    whys = {row["device"]: row["why"] for row in rows}
    assert "pin 5 is forbidden" in whys["cellar"] and whys["stranger"] == "no key"
    assert "nobody knows" in whys["attic"]
    assert "1 failed" not in fleet.done.stderr and "2 failed, 1 no answer" in fleet.done.stderr


def test_one_who_says_online_but_listens_nowhere_was_not_reached(
    fleet: Run, broker: Broker, keys: dict[str, Keys]
) -> None:
    with device(broker.port, "away"):
        rows = fleet.json("cmd", "get_status", "--device", "away", code=1)
    assert states(rows) == {"away": "offline"} and "nobody listens" in rows[0]["why"]


def test_no_more_than_the_cap_are_under_way_at_once(
    fleet: Run, broker: Broker, tmp_path: Path
) -> None:
    names = [f"b{i:02}" for i in range(12)]
    own = ensure_keys(Path(fleet.env["LIMPET_KEYS"]), names)
    with ExitStack() as stack:
        made = [stack.enter_context(Board(broker.port, n, own[n].cmd_key)) for n in names]
        watcher = stack.enter_context(Client(broker.port, "watcher"))
        watcher.subscribe("limpet/v1/+/down/cmd", "limpet/v1/+/up/res")
        assert len(fleet.json("cmd", "get_status", "--all", "--cap", "3")) == 12
        watcher.wait_for(lambda: len(watcher.heard) == 24, "12 commands and results")
        flying = most = 0
        for topic, _ in watcher.heard:
            flying += 1 if topic.endswith("cmd") else -1
            most = max(most, flying)
        assert most <= 3 and all(len(board.calls) == 1 for board in made)


def test_who_is_offline_is_waited_for_if_wanted(
    fleet: Run, broker: Broker, keys: dict[str, Keys], boards: dict[str, Board]
) -> None:
    with Client(broker.port, "all") as every:
        every.send("limpet/v1/away/up/status", b"offline", retain=True)
        every.subscribe("limpet/v1/+/up/res")
        process = follow(fleet.env, "cmd", "get_status", "--all", "--wait", "60", "--json")
        every.wait_for(lambda: len(every.heard) == 3, "the results of those who are there")
        with Board(broker.port, "away", keys["away"].cmd_key):
            out, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0 and set(states(json.loads(out)).values()) == {"ok"}


def test_ctrl_c_ends_in_peace_and_resume_does_what_is_left_and_nothing_twice(
    fleet: Run, broker: Broker, keys: dict[str, Keys], boards: dict[str, Board]
) -> None:
    boards["kitchen"].mute = True
    process = follow(fleet.env, "cmd", "gpio_toggle", "pin=5", "--all", "--ttl", "600")
    assert process.stdout
    assert sorted(process.stdout.readline().split()[0] for _ in range(2)) == ["attic", "cellar"]
    boards["kitchen"].wait_for(lambda: bool(boards["kitchen"].heard), "the command")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130 and "Traceback" not in said
    job = fleet.json("jobs")[0]
    assert f"limpet fleet resume {job['id']}" in said
    assert job["counts"] == {"ok": 2, "sent": 1}
    command = boards["kitchen"].heard[-1]

    resumed = follow(fleet.env, "resume", job["id"], "--json")
    kitchen = boards["kitchen"]
    kitchen.wait_for(lambda: kitchen.heard.count(command) == 2, "the same bytes again")
    resumed.send_signal(signal.SIGINT)
    resumed.communicate(timeout=LIMIT_S)
    assert [len(board.calls) for board in boards.values()] == [1, 1, 1]


def test_after_a_restart_nobody_knows_and_it_is_done_again_only_if_wanted(
    fleet: Run, broker: Broker, keys: dict[str, Keys]
) -> None:
    with Board(broker.port, "away", keys["away"].cmd_key, nonce="00000001") as board:
        board.mute = True
        rows = fleet.json("cmd", "gpio_toggle", "pin=5", "-d", "away", *QUICK, code=1)
        assert states(rows) == {"away": "no answer"} and len(board.calls) == 1
    with Board(broker.port, "away", keys["away"].cmd_key, nonce="00000002") as board:
        assert states(fleet.json("resume", code=1)) == {"away": "no answer"}
        assert not board.calls
        assert states(fleet.json("resume", "--unknown")) == {"away": "ok"}
        assert len(board.calls) == 1


def test_what_was_signed_for_one_board_or_boot_is_dead_for_others(
    fleet: Run, broker: Broker, keys: dict[str, Keys], boards: dict[str, Board]
) -> None:
    with Client(broker.port, "rogue") as rogue:
        rogue.subscribe("limpet/v1/+/down/cmd")
        fleet("cmd", "gpio_write", "pin=5", "--device", "kitchen")
        rogue.wait_for(lambda: bool(rogue.heard))
        topic, payload = rogue.heard[0]
        rogue.send(topic, payload)  # the same session
        rogue.send("limpet/v1/cellar/down/cmd", payload)  # another board
        rogue.send(topic, payload[64:])  # without its MAC
        for name in ("kitchen", "cellar"):
            board, count = boards[name], 2 if name == "kitchen" else 1
            board.wait_for(lambda board=board, count=count: len(board.refused) == count)
        assert len(boards["kitchen"].calls) == 1 and not boards["cellar"].calls


def test_settings_are_wished_for_added_up_and_reported(
    fleet: Run, boards: dict[str, Board]
) -> None:
    assert states(fleet.json("set", "llm.ttl_s=20", "--all")) == dict.fromkeys(NAMES, "ok")
    rows = fleet.json("set", 'tags=["prod"]', "persona=null", "--device", "kitchen")
    assert rows[0]["result"] == {"llm.ttl_s": 20, "tags": ["prod"], "persona": None}
    shown = fleet.json("show", "kitchen")
    assert shown["desired"]["v"] == shown["reported"]["v"] == 2 and shown["drift"] is False


def test_a_wish_waits_for_who_is_away_and_is_not_called_done(
    fleet: Run, broker: Broker, keys: dict[str, Keys]
) -> None:
    with Client(broker.port, "all") as every:
        every.send("limpet/v1/away/up/status", b"offline", retain=True)
    assert states(fleet.json("set", "llm.ttl_s=20", "--all", code=1)) == {"away": "pending"}
    assert fleet.names("drift") == ["away"]
    with Board(broker.port, "away", keys["away"].cmd_key) as board:
        board.wait_for(lambda: bool(board.heard), "what is desired")
        with Client(broker.port, "watcher") as watcher:
            watcher.subscribe("limpet/v1/away/up/reported")
            watcher.wait_for(lambda: bool(watcher.heard), "its report")
        assert fleet.names("drift") == []


def test_a_wish_that_a_board_refuses_has_failed(fleet: Run, boards: dict[str, Board]) -> None:
    rows = fleet.json("set", "llm.odd=1", "--device", "kitchen", code=1)
    assert states(rows) == {"kitchen": "failed"} and rows[0]["why"] == "no field llm.odd"
    assert "no field llm.odd" in fleet("why", "kitchen", code=1)


def test_a_wish_that_somebody_forged_is_not_added_to(
    fleet: Run, broker: Broker, keys: dict[str, Keys], boards: dict[str, Board]
) -> None:
    forged = signing.desired(signing.new_key(), "kitchen", v=99, set={"tags": ["theirs"]})
    with Client(broker.port, "rogue") as rogue:
        rogue.send("limpet/v1/kitchen/down/desired", forged, retain=True)
    rows = fleet.json("set", "llm.ttl_s=20", "--device", "kitchen")
    assert rows[0]["result"] == {"llm.ttl_s": 20}


def test_a_sentence_to_a_group_is_answered_by_each(fleet: Run, boards: dict[str, Board]) -> None:
    fleet.env = fleet.env | {"LIMPET_KEYS": "/nowhere"}  # none are needed
    lines = fleet("ask", "how warm is it?", "--where", "tag=x").splitlines()
    assert sorted(line.split()[0] for line in lines) == list(NAMES)
    assert all("ok" in line and "how warm is it?" in line for line in lines)


FILES = {
    "a rule in JSON": ("rule", "r.json", '{"name": "n", "when": {"every_s": 9}, "do": []}', 1),
    "two scripts in a list": ("script", "s.json", '[{"name": "a"}, {"name": "b"}]', 2),
    "a rule in TOML": ("rule", "r.toml", '[[rule]]\nname = "n"\n[rule.when]\nevery_s = 9\n', 1),
}


@pytest.mark.parametrize("what, name, text, count", FILES.values(), ids=FILES)
def test_rules_and_scripts_are_pushed_from_files(
    fleet: Run,
    boards: dict[str, Board],
    tmp_path: Path,
    what: str,
    name: str,
    text: str,
    count: int,
) -> None:
    (tmp_path / name).write_text(text)
    rows = fleet.json(what, "push", str(tmp_path / name), "--device", "kitchen")
    assert states(rows) == {"kitchen": "ok"}
    assert [call["tool"] for call in boards["kitchen"].calls] == [f"{what}_set"] * count


LONG = json.dumps([{"name": f"r{i}", "when": "x" * 600} for i in range(6)])
WRONG = {
    "nobody is named": (("cmd", "get_status"), "no board is named"),
    "nobody matches": (("cmd", "get_status", "--where", "tag=none"), "no board is meant"),
    "an argument without a value": (("cmd", "get_status", "pin", "--all"), "not NAME=VALUE"),
    "a setting that could cut it off": (
        ("set", "wifi.ssid=x", "--all"),
        "cannot be set from afar",
    ),
    "a name that is none": (("cmd", "get_status", "-d", "My Board"), "no device's name"),
    "no keys": (("cmd", "get_status", "--all", "--keys", "none"), "none has no keys"),
    "no file": (("rule", "push", "none.json", "--all"), "cannot be read"),
    "a file with nothing in it": (("rule", "push", "empty.json", "--all"), "has none"),
    "a file that no board takes": (("rule", "push", "long.json", "--all"), "this is no command"),
    "no job": (("resume", "abcd"), "there is no job abcd"),
    "a job that is a path": (("resume", "../x"), "there is no job"),
}


@pytest.mark.parametrize("arguments, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_said_and_nothing_is_sent(
    fleet: Run,
    boards: dict[str, Board],
    tmp_path: Path,
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty.json").write_text("[]")
    (tmp_path / "long.json").write_text(LONG)
    monkeypatch.chdir(tmp_path)
    root = str(Path(__file__).parent.parent.parent)
    done = subprocess.run(
        [*LIMPET, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=fleet.env | {"PYTHONPATH": root},
    )
    assert done.returncode in (1, 2) and words in done.stderr and "Traceback" not in done.stderr
    assert not any(board.heard for board in boards.values())


def test_no_key_is_said_anywhere(
    fleet: Run, keys: dict[str, Keys], boards: dict[str, Board], tmp_path: Path
) -> None:
    fleet.json("cmd", "get_status", "--all")
    fleet.json("set", "llm.ttl_s=20", "--all")
    said = (
        fleet.done.stdout
        + fleet.done.stderr
        + "".join(path.read_text() for path in (tmp_path / "cache").rglob("*.json"))
    )
    assert not [name for name in NAMES if keys[name].cmd_key in said]
