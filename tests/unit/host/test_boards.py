"""Board files: those that ship hold, and each mistake is named by file and field."""

import tomllib
from pathlib import Path

import pytest

from host.boards import BOARDS_DIR, board_names, load_board, new_board
from host.errors import UserError

DEVKIT = (BOARDS_DIR / "esp32-devkit.toml").read_text()
WRONG = {
    "a chip that is none": ('chip = "esp32"', 'chip = "esp8266"', "chip: esp8266 is not one of"),
    "the offset of another chip": (
        "0x1000 ",
        "0x0 ",
        "base_offset: a base image starts at 0x1000",
    ),
    "a flash of odd size": ("flash_mb = 4", "flash_mb = 5", "flash_mb: 5 is not"),
    "files between two blocks": ("0x200000", "0x200100", "vfs_offset: 0x200100 is no multiple"),
    "files beyond the flash": ("0x200000", "0x400000", "vfs_offset: 0x400000 is no multiple"),
    "a pin that the chip has not": (
        "usable = [2,",
        "usable = [2, 40,",
        "pins.usable: 40 not on ESP32",
    ),
    "a pin that is listed twice": (
        "usable = [2,",
        "usable = [2, 2,",
        "pins.usable: a pin is listed",
    ),
    "a pin that is usable and forbidden": (
        "usable = [2,",
        "usable = [2, 6,",
        "pins.forbidden: 6 in",
    ),
    "an input that is called an output": (
        "input_only = [34, 35, 36, 39]",
        "input_only = [34, 35, 36]",
        "pins.input_only: 39 missing",
    ),
    "an ADC where there is none": (
        "adc = [32",
        "adc = [5, 32",
        "pins.adc: 5 not usable, or no ADC",
    ),
    "a pin without a reason": (
        '"20" = "not brought out"\n',
        "",
        "pins.forbidden: no reason for 20",
    ),
    "a range that is none": ('"6-11"', '"six"', "pins.forbidden: a key is a number"),
    "half a bus": ("i2c = { sda = 21, scl = 22 }", "i2c = { sda = 21 }", "pins.i2c: it has sda"),
    "an LED on a forbidden pin": ("[led]\npin = 2", "[led]\npin = 6", "led.pin: 6 is not in"),
    "a field that is none": ("heap_kb", "hepa_kb", "hepa_kb: Extra inputs"),
    "a field that is missing": ('firmware = "ESP32_GENERIC"', "", "firmware: Field required"),
    "a word for a number": ("heap_kb = 128", 'heap_kb = "much"', "heap_kb: Input should be"),
    "no TOML": ("[pins]", "[pins", "describes no board"),
    "another board's name": ('"esp32-devkit"', '"esp32"', "name: esp32 is not what the file"),
}


@pytest.mark.parametrize("name", board_names())
def test_a_board_that_ships_holds(name: str) -> None:
    board = load_board(name)
    assert board.name == name and board.vfs_bytes >= 2 * 1024 * 1024
    assert not set(board.for_chip()["outputs"]) & board.silicon.input_only


@pytest.mark.parametrize("old, new, words", WRONG.values(), ids=WRONG)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in DEVKIT
    file = tmp_path / "esp32-devkit.toml"
    file.write_text(DEVKIT.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_board(str(file))
    assert words in str(caught.value) and "esp32-devkit.toml" in str(caught.value)


def test_a_board_of_ones_own_starts_as_a_copy_and_is_not_overwritten(tmp_path: Path) -> None:
    path = new_board("greenhouse", "esp32c3-xiao", tmp_path)
    made = load_board(str(path))
    assert (made.name, made.pins) == ("greenhouse", load_board("esp32c3-xiao").pins)
    assert tomllib.loads(path.read_text())["chip"] == "esp32c3"
    for name in ("greenhouse", "Green House"):
        with pytest.raises(UserError):
            new_board(name, "esp32c3-xiao", tmp_path)
