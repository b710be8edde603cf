"""`limpet fleet` and boards that run the real firmware: what is said to be done is done."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.emulator import Board
from host.image import board_files
from host.keys import Keys, ensure_keys
from host.lab import Lab
from tests.system.fleet_run_kit import Run, environment
from tests.system.test_fleet_act import states

BOARDS = ("cellar", "kitchen")
BOOT_S = 60.0  # of the wall's time, on a busy machine


class Site:
    """Two boards, a broker, no proxy, and an operator with a key file."""

    def __init__(self, folder: Path) -> None:
        self.keys: dict[str, Keys] = ensure_keys(folder / "keys.toml", BOARDS)
        own = {"cmd_key": self.keys["kitchen"].cmd_key, "tags": ["prod"]}
        self.lab = Lab(device="kitchen", proxy=False, settings=own)
        self.fleet = Run(environment(self.lab.broker, folder))
        broker = {"host": self.lab.broker.host, "port": self.lab.broker.port}
        wifi = {"ssid": "limpet-lab", "password": "tidepool"}
        settings = {"device": "cellar", "cmd_key": self.keys["cellar"].cmd_key}
        files = board_files(self.lab.spec, settings | {"broker": broker, "wifi": wifi})
        self.boards: dict[str, Board] = {
            "kitchen": self.lab.board,
            "cellar": self.lab.world.board("esp32-devkit", name="cellar", files=files),
        }
        self.boards["cellar"].start()
        self.await_online("cellar", 1)

    def await_online(self, name: str, times: int) -> None:
        serial = self.boards[name].serial
        hello = f"{name} to be online {times} times"
        self.lab.world.wait_for(lambda: serial.text.count("online as ") >= times, BOOT_S, hello)

    def await_(self, where: str, names: list[str]) -> None:
        """Return once an expression selects these: births travel after the board says online."""
        for _ in range(60):
            if self.fleet.names(where) == names:
                return
        raise AssertionError(f"{where}: {self.fleet.names(where)}, not {names}")

    def restart(self, name: str) -> None:
        times = self.boards[name].serial.text.count("online as ")
        self.boards[name].power_cut()
        self.boards[name].start()
        self.await_online(name, times + 1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    try:
        made.await_("online and fw>=0.1 and tool=gpio_write", list(BOARDS))
        yield made
    finally:
        made.lab.close()


def test_boards_are_listed_as_they_are(site: Site) -> None:
    assert site.fleet.names("tag=prod and chip=esp32 and board=esp32-devkit") == ["kitchen"]
    assert "nothing is wrong" in site.fleet("why", "kitchen")
    assert "up/info" not in site.fleet("show", "cellar")


def test_a_command_turns_the_pin_of_those_who_are_meant(site: Site) -> None:
    rows = site.fleet.json("cmd", "gpio_write", "pin=2", "value=1", "--where", "tag=prod")
    assert states(rows) == {"kitchen": "ok"}
    assert site.boards["kitchen"].pin(2).value == 1 and not site.boards["cellar"].pin(2).value


def test_what_the_pin_policy_forbids_fails_with_the_boards_own_words(site: Site) -> None:
    rows = site.fleet.json("cmd", "gpio_write", "pin=6", "value=1", "--all", code=1)
    assert set(states(rows).values()) == {"failed"}
    assert all("pin" in row["why"] for row in rows)


def test_settings_are_wished_for_held_over_a_restart_and_taken_back(site: Site) -> None:
    fleet = site.fleet
    rows = fleet.json("set", 'tags=["prod","floor-2"]', "llm.ttl_s=20", "--all")
    assert set(states(rows).values()) == {"ok"}
    site.await_("tag=floor-2 and not drift", list(BOARDS))
    site.restart("kitchen")
    site.await_("tag=floor-2 and online and not drift", list(BOARDS))
    rows = fleet.json("set", "tags=null", "--device", "cellar")
    assert rows[0]["result"]["tags"] == [] and rows[0]["result"]["llm.ttl_s"] == 20
    site.await_("tag=floor-2", ["kitchen"])


def test_what_a_board_refuses_stays_a_drift_until_it_is_mended(site: Site) -> None:
    rows = site.fleet.json("set", "llm.ttl_s=99999", "--device", "cellar", code=1)
    assert states(rows) == {"cellar": "failed"} and "llm.ttl_s" in rows[0]["why"]
    assert site.fleet.names("drift") == ["cellar"]
    assert "llm.ttl_s" in site.fleet("why", "cellar", code=1)
    assert states(site.fleet.json("set", "llm.ttl_s=null", "-d", "cellar")) == {"cellar": "ok"}
    assert site.fleet.names("drift") == []


def test_a_rule_pushed_to_a_group_is_on_each_board(site: Site, tmp_path: Path) -> None:
    rule: dict[str, Any] = {"name": "blink", "when": {"every_s": 3600}}
    rule["do"] = [{"tool": "gpio_toggle", "args": {"pin": 2}}]
    file = tmp_path / "blink.json"
    file.write_text(json.dumps(rule))
    assert set(states(site.fleet.json("rule", "push", str(file), "--all")).values()) == {"ok"}
    rows = site.fleet.json("cmd", "rule_list", "--all")
    assert all("blink" in json.dumps(row["result"]) for row in rows) and len(rows) == 2


def test_a_sentence_is_answered_by_each_board_itself(site: Site) -> None:
    lines = site.fleet("ask", "/pins", "--all").splitlines()
    assert [line.split()[:2] for line in sorted(lines)] == [[name, "ok"] for name in BOARDS]


def test_a_board_without_power_is_not_reached_and_is_said_to_be_offline(site: Site) -> None:
    site.boards["cellar"].power_cut()
    try:
        site.await_("offline", ["cellar"])
        rows = site.fleet.json("cmd", "get_status", "--all", code=1)
        assert states(rows) == {"cellar": "offline", "kitchen": "ok"}
    finally:
        times = site.boards["cellar"].serial.text.count("online as ")
        site.boards["cellar"].start()
        site.await_online("cellar", times + 1)
    site.await_("online", list(BOARDS))
    assert set(states(site.fleet.json("resume")).values()) == {"ok"}
