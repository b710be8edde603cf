"""`limpet fleet`: lists of boards, several boot loaders at once, a run that is taken up again."""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from host import flash_tool, flash_volume, fleet_list
from host.boards import load_board
from host.errors import UserError
from host.flash_layout import parse_base
from host.fleet_list import Wanted
from host.image_build import files_region
from host.keys import read_keys, with_keys
from tests.base_images import FOUR_MB, base_image
from tests.boot_loader import boot_loader

pytest.importorskip("serial", reason="pyserial is not installed: make setup")

from host import fleet_flash, labels  # noqa: E402

AUDIT = """
import sys
def heard(event, args):
    if event == "subprocess.Popen":
        with open({!r}, "a") as file:
            print(args[1], file=file)
sys.addaudithook(heard)
"""
CSV = """device,board,port,broker.host,broker.port,wifi.ssid,wifi.password,tags
north,esp32-devkit,{0},10.0.0.2,8883,home,correct horse,green house
south,esp32-devkit,{1},10.0.0.2,,home,correct horse,
"""
TOML = """
[common]
broker = {{host = "10.0.0.2"}}
wifi.ssid = "home"
wifi.password = "correct horse"
[[board]]
device = "north"
port = "{0}"
broker.port = 8883
tags = ["green", "house"]
broker.host = "10.0.0.2"
[[board]]
device = "south"
port = "{1}"
"""
NORTH = {
    "device": "north",
    "broker": {"host": "10.0.0.2", "port": 8883},
    "wifi": {"ssid": "home", "password": "correct horse"},
    "tags": ["green", "house"],
}


@pytest.mark.parametrize("name, text", {"csv": CSV, "toml": TOML}.items(), ids=("CSV", "TOML"))
def test_a_list_is_read_from(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"list.{name}"
    path.write_text(text.format("P1", ""))
    north, south = fleet_list.read_list(path)
    assert (north.board, north.port, north.settings) == ("esp32-devkit", "P1", NORTH)
    assert (south.device, south.port) == ("south", "") and "port" not in south.settings["broker"]


BAD = {
    "a name that is twice there": (CSV.replace("south", "north"), "twice: north"),
    "a name that is none": (CSV.replace("south", "So uth"), "row 2"),
    "a password of 7 letters": (CSV.replace("correct horse,\n", "1234567,\n"), "8 to 63"),
    "a field that there is not": (CSV.replace("wifi.ssid", "wifi.name"), "no such field"),
    "a board that there is not": (CSV.replace("h,esp32-devkit,{1}", "h,esp8266,{1}"), "esp8266"),
    "a cell too many": (CSV + "east,,,,,,,,,\n", "cells"),
    "no rows": (CSV.split("\n")[0], "no rows"),
}


@pytest.mark.parametrize("text, words", BAD.values(), ids=BAD)
def test_a_list_is_refused_for(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text.format("", ""))
    with pytest.raises(UserError) as caught:
        fleet_list.read_list(path)
    assert words in str(caught.value)


def rows(*pairs: tuple[str, str]) -> list[Wanted]:
    return [Wanted(device, "esp32-devkit", port, {}) for device, port in pairs]


PLANS: dict[str, tuple[list[Wanted], dict[str, str], dict[str, str], list[tuple[str, str]]]] = {
    "the next names go to what is plugged in": (
        rows(("a", ""), ("b", ""), ("c", "")), {"a": "m1"}, {"P1": "m2", "P2": "m3"}, [("b", "P1"), ("c", "P2")],
    ),
    "a board that is done keeps its name while it is plugged in": (
        rows(("a", ""), ("b", "")), {"a": "m1"}, {"P1": "m1"}, [],
    ),
    "a row that names a port has it": (
        rows(("a", ""), ("b", "P1")), {}, {"P1": "m1", "P2": "m2"}, [("b", "P1"), ("a", "P2")],
    ),
    "a row whose port is empty waits": (rows(("a", "P9"), ("b", "")), {}, {"P1": "m1"}, [("b", "P1")]),
}  # fmt: skip


@pytest.mark.parametrize("wanted, done, chips, pairs", PLANS.values(), ids=PLANS)
def test_of_a_list(
    wanted: list[Wanted], done: dict[str, str], chips: dict[str, str], pairs: list[tuple[str, str]]
) -> None:
    assert [(row.device, port) for row, port in fleet_flash.plan(wanted, done, chips)] == pairs


def test_two_boards_at_once_and_the_one_that_failed_again(tmp_path: Path) -> None:
    pytest.importorskip("esptool", reason="esptool is not installed: make setup")
    pytest.importorskip("esp32_mock_bootloader", reason="esp32-mock-bootloader is not installed")
    path = tmp_path / "list.csv"
    vfs = ("vfs", 1, 0x81, 0x200000, 0x40000)
    for name in ("esp32-devkit", "esp32s3-devkitc"):
        (tmp_path / name).write_bytes(base_image(load_board(name), (*FOUR_MB, vfs)))

    # Each process says what it starts, for arguments can be read by everybody.
    (tmp_path / "sitecustomize.py").write_text(AUDIT.format(str(tmp_path / "started")))
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(board: str) -> tuple[int, dict[str, str], str]:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "host.cli", "fleet", "flash", str(path), "--json"),
                *("--firmware", str(tmp_path / board), "--erase", "--no-wait"),
            ],
            capture_output=True,
            text=True,
            env=os.environ | {"NO_COLOR": "1", "PYTHONPATH": paths},
        )
        assert "Traceback" not in done.stderr and "correct horse" not in done.stderr, done.stderr
        found = json.loads(done.stdout)
        return done.returncode, {row["device"]: row["error"] for row in found}, done.stderr

    with ExitStack() as chips:
        north, wrong = (chips.enter_context(boot_loader(chip)) for chip in ("esp32", "esp32s3"))
        path.write_text(CSV.format(north.url, wrong.url))
        code, errors, said = run("esp32-devkit")
        assert code == 1 and errors["north"] == "" and "ESP32-S3" in errors["south"]
        assert "1 of 2 left" in said
        state = json.loads((tmp_path / "list.csv.done.json").read_text())
        path.write_text(
            path.read_text()
            .replace("south,esp32-", "south,esp32s3-")
            .replace("s3-devkit,", "s3-devkitc,")
        )
        assert run("esp32s3-devkitc")[:2] == (0, {"south": ""})
        assert run("esp32-devkit")[:2] == (0, {})
        own = read_keys(tmp_path / "list.csv.keys.toml")
        settings = with_keys(NORTH, own["north"])
        base = parse_base((tmp_path / "esp32-devkit").read_bytes(), load_board("esp32-devkit"))
        files = files_region(load_board("esp32-devkit"), settings, base, 4 << 20)
        (tmp_path / "wanted").write_bytes(flash_volume.used(files.data))
        where = (f"{files.offset:#x}", str(tmp_path / "wanted"))
        flash_tool.run(north.url, ["verify-flash", *where], lambda what, percent: None)
        started = (tmp_path / "started").read_text()
        assert "esptool" in started and "--settings" in started
        secrets = [value for keys in own.values() for value in asdict(keys).values()]
        assert set(own) == {"north", "south"}
        assert not [value for value in (*secrets, "correct horse") if value in started + said]
        assert list(state) == ["north"] and re.fullmatch(
            "([0-9a-f]{2}:){5}[0-9a-f]{2}", state["north"]
        )


def test_labels_have_names_chips_and_codes_that_fit() -> None:
    segno = pytest.importorskip("segno", reason="segno is not installed: make setup")
    boards = {f"board-{number}": f"24:0a:c4:00:00:{number:02x}" for number in range(28)}
    page = labels.sheet(boards)
    assert page.count("<path") == 28 and 'height="594mm"' in page
    first = page.split("<path")[1].split("/>")[0]
    dark = sum(map(sum, segno.make_qr("limpet/v1/board-0/down/chat", error="m").matrix))
    assert first.count("M") == dark
    assert "board-27" in page and "24:0a:c4:00:00:1b" in page
