"""`limpet provision` on the serial line of an emulated board, through the real mpremote."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from host.boards import load_board
from host.emulator import SerialPort, World
from host.errors import UserError
from host.image import board_files
from host.keys import read_keys

provision = pytest.importorskip("host.provision", reason="pyserial is not installed: make setup")
LIMPET = (sys.executable, "-m", "host.cli")
SETTINGS = {"device": "attic", "broker": {"host": "127.0.0.1", "port": 9}}
WAITING = "safe mode: /settings.json is missing"


@pytest.mark.skipif(find_spec("mpremote") is None, reason="mpremote is not installed: make setup")
def test_a_board_that_waits_for_settings_gets_them_twice(tmp_path: Path) -> None:
    files = board_files(load_board("esp32-devkit"), {})
    del files["/settings.json"]
    given = tmp_path / "attic.json"
    with World(realtime=True, seed=1) as world:
        board = world.board(files=files, repl=True)
        (tmp_path / "ca").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n")
        made = subprocess.run(
            [*LIMPET, "update", "keygen", "-o", tmp_path / "update.pem"], capture_output=True
        )
        (tmp_path / "update.pub").write_bytes(made.stdout)
        trust = ("--ca", tmp_path / "ca", "--update-key", tmp_path / "update.pub")
        with SerialPort(board.serial) as port:
            board.start()
            world.wait_for(lambda: WAITING in board.serial.text, 20)
            for name in ("attic", "cellar"):
                given.write_text(json.dumps(SETTINGS | {"device": name}))
                done = subprocess.run(
                    [
                        *(*LIMPET, "provision", "--port", port.path, "--settings", given),
                        *("--no-wait", *(trust if name == "cellar" else ())),
                    ],
                    capture_output=True,
                    text=True,
                    timeout=90,
                )
                assert (done.returncode, done.stdout) == (0, f"{name}\n"), done.stderr
                world.wait_for(lambda n=name: f"as {n}" in board.serial.text, 20)  # type: ignore[misc]
                assert json.loads(board.files.read("/settings.json"))["device"] == name
            assert not board.files.exists("/settings.new")
            settings = json.loads(board.files.read("/settings.json"))
            assert settings["broker"]["tls"] == "/ca.pem"
            assert settings["update_key"] == made.stdout.decode().strip()
            assert board.files.read("/ca.pem") == (tmp_path / "ca").read_bytes()


@pytest.mark.skipif(find_spec("mpremote") is None, reason="mpremote is not installed: make setup")
def test_the_board_says_which_networks_it_hears_and_the_loudest_is_offered() -> None:
    files = board_files(load_board("esp32-devkit"), {})
    del files["/settings.json"]
    with World(realtime=True, seed=1) as world:
        world.wifi.ssid = "tide pool"
        board = world.board(files=files, repl=True)
        with SerialPort(board.serial) as port:
            board.start()
            world.wait_for(lambda: WAITING in board.serial.text, 20)
            done = subprocess.run(
                [*LIMPET, "provision", "--port", port.path, "--no-wait"],
                capture_output=True,
                text=True,
                input="\ncorrect horse\n10.0.0.2\nattic\n",
                start_new_session=True,  # nobody at a terminal
                timeout=90,
            )
            assert (done.returncode, done.stdout) == (0, "attic\n"), done.stderr
            assert "dBm  tide pool" in done.stderr and "correct horse" not in done.stderr
            wifi = json.loads(board.files.read("/settings.json"))["wifi"]
            assert wifi == {"ssid": "tide pool", "password": "correct horse"}


def test_a_key_is_made_and_replaces_the_older_one(tmp_path: Path) -> None:
    keys = tmp_path / "psk"
    keys.write_text("other:00ff\n")
    first = provision.make_settings("attic", "10.0.0.2:8883", "home", "correct horse", keys)
    second = provision.make_settings("attic", "10.0.0.2:8883", "home", "correct horse", keys)
    assert first["broker"]["tls"] != second["broker"]["tls"]
    assert keys.read_text() == f"other:00ff\n{second['broker']['tls']}\n"


def test_a_board_gets_the_keys_that_its_key_file_has(tmp_path: Path) -> None:
    keys, psks = tmp_path / "keys.toml", tmp_path / "psk"
    first = provision.make_settings("attic", "10.0.0.2", "home", "correct horse", psks, keys)
    second = provision.make_settings("attic", "10.0.0.2", "home", "correct horse", psks, keys)
    own = read_keys(keys)["attic"]
    broker = {"user": "attic", "password": own.password, "tls": f"attic:{own.psk}"}
    assert first == second and first["broker"] == {"host": "10.0.0.2", **broker}
    assert first["cmd_key"] == own.cmd_key and psks.read_text() == f"attic:{own.psk}\n"


def test_a_key_file_is_replaced_whole_and_keeps_its_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "psk"
    keys.write_text("other:00ff\n")
    keys.chmod(0o640)
    reader = keys.open()  # a broker that reads it meanwhile sees the old one, whole
    provision.make_settings("attic", "10.0.0.2", "", "", keys)
    assert reader.read() == "other:00ff\n" and keys.stat().st_mode & 0o777 == 0o640
    reader.close()
    before = keys.read_bytes()

    def cut(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(UserError, match="No space left"):
        provision.make_settings("cellar", "10.0.0.2", "", "", keys)
    assert keys.read_bytes() == before and list(tmp_path.iterdir()) == [keys]


WRONG = {
    "a password of 7 bytes": ("attic", "h", "home", "1234567", "none or 8 to 63"),
    "an SSID of 33 bytes": ("attic", "h", "é" * 16 + "a", "", "has 33 bytes"),
    "a port that is none": ("attic", "h:mqtt", "home", "", "HOST or HOST:PORT"),
    "a name with a space": ("my attic", "h", "home", "", "is not 1 to 32"),
}


@pytest.mark.parametrize("device, broker, ssid, password, words", WRONG.values(), ids=WRONG)
def test_what_cannot_work_is_refused_before_the_board_is_touched(
    device: str, broker: str, ssid: str, password: str, words: str
) -> None:
    with pytest.raises(UserError) as caught:
        provision.make_settings(device, broker, ssid, password)
    assert words in str(caught.value)


@pytest.mark.skipif(find_spec("mpremote") is None, reason="mpremote is not installed: make setup")
def test_a_port_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="/dev/ttyNONE"):
        provision.write_settings("/dev/ttyNONE", SETTINGS)


def test_a_key_for_a_settings_file_is_refused_instead_of_forgotten(tmp_path: Path) -> None:
    given, keys = tmp_path / "attic.json", tmp_path / "psk"
    given.write_text(json.dumps(SETTINGS))
    done = subprocess.run(
        [*LIMPET, "provision", "--settings", given, "--psk-file", keys],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2 and "broker.tls" in done.stderr and not keys.exists()
