"""From a bare board to a talking agent: what esptool wrote is what starts and says hello."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from host import flash_tool, flash_volume
from host.boards import load_board
from host.broker import Broker, find_mosquitto, free_port
from host.emulator import World
from host.keys import read_keys
from tests.base_images import base_image
from tests.boot_loader import boot_loader
from tests.desk_board import DeskBoard

pytest.importorskip("esptool", reason="esptool is not installed: pip install 'limpet[flash]'")
pytest.importorskip("esp32_mock_bootloader", reason="esp32-mock-bootloader is not installed")

DEVKIT = load_board("esp32-devkit")
LIMIT_S = 240
PAGE = Path(__file__).parent.parent.parent / "docs" / "flash.md"


def limpet(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "host.cli", *words],
        capture_output=True,
        text=True,
        input=said,
        start_new_session=True,  # nobody at a terminal
        timeout=LIMIT_S,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
    )


def plain(text: str, port: str) -> list[str]:
    """Return the rows of an output without what differs from board to board."""
    text = re.sub(r"(..:){5}..", "MAC", text.replace(port, "PORT"))
    rows = [re.sub(r"[0-9]+", "N", row.strip()) for row in text.splitlines() if row.strip()]
    return [row for row in rows if not row.startswith("limpet N.N.N on ")]


def emulated_says(image: Path, words: str) -> None:
    """Have `limpet emulate --image` say these words, then end it."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "host.cli", "emulate", "--image", str(image)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        assert process.stdout
        heard = next((row for row in process.stdout if row.startswith(words)), None)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
        timer.cancel()
    assert heard and process.returncode == 0, said


def test_the_image_that_was_emulated_is_flashed_starts_and_says_where_it_is(
    tmp_path: Path,
) -> None:
    image, merged, micropython = (tmp_path / name for name in ("k.bin", "all.bin", "mp.bin"))
    micropython.write_bytes(base_image(DEVKIT))
    with (
        Broker.open() as broker,
        World(realtime=True, seed=1) as world,
        boot_loader("esp32") as chip,
        DeskBoard(DEVKIT, chip.port, world, tmp_path) as desk,
    ):
        world.wifi.ssid, world.wifi.password = "home", "correct horse"
        settings = {
            "device": "kitchen",
            "broker": {"host": "127.0.0.1", "port": broker.port},
            "wifi": {"ssid": "home", "password": "correct horse"},
        }
        (tmp_path / "kitchen.json").write_text(json.dumps(settings))
        for out, more in ((image, ()), (merged, ("--merged", "--base", str(micropython)))):
            told = ("--settings", str(tmp_path / "kitchen.json"))
            built = limpet("image", "build", "-o", str(out), *told, *more)
            assert built.returncode == 0, built.stderr
        before = image.read_bytes()
        # Emulate first,
        emulated_says(image, "online as kitchen")
        assert image.read_bytes() == before
        # flash the same image next.
        flash = ("flash", "--port", desk.url, "--firmware", str(micropython), "--erase")
        done = limpet(*flash, "--image", str(image))
        assert (done.returncode, done.stdout) == (0, "kitchen\n"), done.stderr
        assert desk.board
        # The page shows what was printed; the row before "online" is lost if the port opens late.
        assert f"kitchen is at {desk.board.wifi.address}, " in done.stderr
        shown = re.findall(r"```\n(/dev/ttyUSB0: .*?)```", PAGE.read_text("utf-8"), re.DOTALL)[0]
        told = [row for row in plain(shown, "/dev/ttyUSB0") if row != "kitchen"]  # on stdout
        assert told == plain(done.stderr, desk.url)
        # The flash holds, byte for byte, the merged image; so says the mock of its own, too.
        written = bytes(desk.written.flash)
        assert written == merged.read_bytes().ljust(len(written), b"\xff")
        assert written.endswith(before)
        verify = ["verify-flash", "0", str(merged)]
        flash_tool.run(f"socket://127.0.0.1:{chip.port}", verify, lambda what, percent: None)
        # And it answers where the last line says.
        pins = limpet("console", "/pins", "--port", desk.url)
        assert (pins.returncode, pins.stdout) == (0, "all off\n"), pins.stderr


@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")
def test_a_board_with_keys_is_let_in_by_a_broker_that_has_them(tmp_path: Path) -> None:
    micropython, keys = tmp_path / "mp.bin", tmp_path / "limpet.keys.toml"
    micropython.write_bytes(base_image(DEVKIT))
    port, service = free_port(), free_port()
    folder = tmp_path / "limpet-broker"
    rights = ("--run-as", "root") if os.geteuid() == 0 else ()
    for words in (
        ("setup", "--host", "broker.lan", "--bind", "127.0.0.1", "--port", str(port), *rights),
        ("add", "kitchen"),
    ):
        more = ("--service-port", str(service)) if words[0] == "setup" else ()
        made = limpet("broker", *words, *more, "--dir", str(folder), "--keys", str(keys))
        assert made.returncode == 0, made.stderr
    with (
        subprocess.Popen([str(find_mosquitto()), "-c", str(folder / "mosquitto.conf")]) as broker,
        World(realtime=True, seed=1) as world,
        boot_loader("esp32") as chip,
        DeskBoard(DEVKIT, chip.port, world, tmp_path) as desk,
    ):
        desk.hosts.update({"broker.lan": "127.0.0.1", "pool.ntp.org": None})
        try:
            done = limpet(
                *("flash", "--port", desk.url, "--firmware", str(micropython), "--erase"),
                *("--name", "kitchen", "--broker", f"broker.lan:{port}", "--ssid", "home"),
                *("--keys", str(keys), "--ca", str(tmp_path / "ca.pem")),
                said="correct horse\n",
            )
        finally:
            broker.terminate()
    assert (done.returncode, done.stdout) == (0, "kitchen\n"), done.stderr
    assert "online as kitchen" in done.stderr and "kitchen is at " in done.stderr
    own = read_keys(keys)["kitchen"]
    assert own.password not in done.stderr and own.cmd_key not in done.stderr
    assert desk.board
    settings = json.loads(desk.board.files.read("/settings.json"))
    assert settings["cmd_key"] == own.cmd_key and settings["broker"]["password"] == own.password
    assert desk.board.files.read("/ca.pem") == (tmp_path / "ca.pem").read_bytes()


WRONG = {
    "for another flash": (flash_volume.pack({"/x": b"x"}, 1 << 20), "is for another flash"),
    "that is none": (bytes(1 << 20), "no file system"),
}


@pytest.mark.parametrize("content, words", WRONG.values(), ids=WRONG)
def test_an_image_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    image, micropython = tmp_path / "k.bin", tmp_path / "mp.bin"
    micropython.write_bytes(base_image(DEVKIT))
    image.write_bytes(content)
    with boot_loader("esp32") as chip:
        port = f"socket://127.0.0.1:{chip.port}"
        flash = ("flash", "--port", port, "--firmware", str(micropython), "--erase", "--no-wait")
        done = limpet(*flash, "--image", str(image))
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
