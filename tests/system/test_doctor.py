"""`limpet doctor`: what it finds on this machine, on a board that runs, and on one that does not."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host import doctor_usb
from host.boards import load_board
from host.broker import Broker, free_port
from host.emulator import Board, SerialPort, World
from host.image import board_files

pytest.importorskip("serial", reason="pyserial is not installed: make setup")

DEVKIT = load_board("esp32-devkit")


@contextmanager
def running(settings: dict[str, object] | None, until: str) -> Iterator[tuple[Board, str]]:
    files = board_files(DEVKIT, settings or {})
    if settings is None:
        del files["/settings.json"]
    with World(realtime=True, seed=1) as world:
        board = world.board(files=files, repl=True)
        with SerialPort(board.serial) as port:
            board.start()
            world.wait_for(lambda: until in board.serial.text, 60)
            yield board, port.path


def doctor(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Return the exit code and {check: finding}."""
    done = subprocess.run(
        [sys.executable, "-m", "host.cli", "doctor", "--json", *words],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, {row["check"]: row for row in json.loads(done.stdout)}


def test_a_board_that_works_is_well(broker: Broker) -> None:
    where = {"host": broker.host, "port": broker.port}
    wifi = {"ssid": "home", "password": "correct horse"}
    with running({"device": "attic", "broker": where, "wifi": wifi}, "online as attic") as (
        _,
        port,
    ):
        code, found = doctor("--port", port, "--broker", f"{broker.host}:{broker.port}")
    states = {check: row["state"] for check, row in found.items()}
    states.pop("tools")  # this machine may lack one
    assert states == {"chip": "hint"} | dict.fromkeys(
        ("port", "permission", "agent", "image", "settings", "wifi", "link", "broker"), "ok"
    )
    assert code == (found["tools"]["state"] == "problem")
    assert found["wifi"]["says"].endswith("dBm") and "up for" in found["agent"]["says"]


def test_a_board_without_settings_and_a_broker_that_is_gone_are_problems() -> None:
    with running(None, "safe mode") as (_, port):
        code, found = doctor("--port", port, "--broker", f"127.0.0.1:{free_port()}")
    assert code == 1
    assert (
        found["settings"]["state"] == "problem" and "limpet provision" in found["settings"]["hint"]
    )
    assert found["link"]["state"] == "problem"
    assert found["broker"]["state"] == "problem" and "refused" in found["broker"]["says"]


def test_a_port_that_is_not_there_is_a_problem_and_the_rest_is_not_looked_at(
    tmp_path: Path,
) -> None:
    code, found = doctor("--port", str(tmp_path / "ttyUSB0"))
    assert code == 1 and found["port"]["state"] == "problem" and "cable" in found["port"]["hint"]
    assert {row["state"] for check, row in found.items() if check not in ("tools", "port")} == {
        "hint"
    }


def test_a_program_that_holds_the_port_is_named() -> None:
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=slave)
    os.close(slave)
    try:
        code, found = doctor("--port", path)
    finally:
        holder.kill()
        holder.wait()
        os.close(master)
    assert code == 1 and f"({holder.pid})" in found["permission"]["says"]


def test_a_board_that_says_nothing_is_asked_for_its_chip() -> None:
    pytest.importorskip("esp32_mock_bootloader", reason="esp32-mock-bootloader is not installed")
    from tests.boot_loader import boot_loader

    with boot_loader("esp32s3") as chip:
        code, found = doctor("--port", chip.url)
    assert code == 1 and "ESP32-S3, 4 MB" in found["chip"]["says"], found
    assert found["agent"]["state"] == "hint" and "limpet flash" in found["image"]["hint"]


DEVICES = {
    "a bridge with its driver": ("10c4", True, []),
    "a bridge whose driver is missing": ("1a86", False, ["ch341"]),
    "an Espressif chip without one": ("303A", False, ["cdc_acm"]),
    "a keyboard": ("046d", False, []),
}


@pytest.mark.parametrize("vendor, has_port, drivers", DEVICES.values(), ids=DEVICES)
def test_a_missing_driver_is_seen_for(
    vendor: str, has_port: bool, drivers: list[str], tmp_path: Path
) -> None:
    device = tmp_path / "1-1"
    (device / "1-1:1.0" / ("ttyUSB0" if has_port else "input")).mkdir(parents=True)
    (device / "idVendor").write_text(f"{vendor}\n")
    assert [driver for _, driver in doctor_usb.without_port(tmp_path)] == drivers
