"""Which places of a program are told to depend on 64-bit floats, and that the firmware has none."""

from pathlib import Path

import pytest

from host.emulator.float_check import float_risks

FIRMWARE = sorted((Path(__file__).parents[3] / "firmware").glob("*.py"))
PLACES = {
    "a short literal": ("x = 0.1", []),
    "a literal with eight digits": ("\nx = 3.1415927", [2]),
    "infinity": ("x = 1e400", []),
    "a date divided": ("import time\nx = time.time() / 60", [2]),
    "a date divided to a whole number": ("import time\nx = time.time() // 60", []),
    "ticks and half a millisecond": ("x = ticks_ms() + 0.5", [1]),
    "the same as a whole number": ("x = ticks_ms() + 1", []),
    "a date made a float": ("x = float(time.time())", [1]),
    "microseconds a day, divided": ("x = 86400000000 / 7", [1]),
    "a small number, divided": ("x = 4095 / 7", []),
}


@pytest.mark.parametrize(("source", "lines"), PLACES.values(), ids=PLACES)
def test_a_place_that_may_differ_is(source: str, lines: list[int]):
    assert [risk.line for risk in float_risks(source)] == lines


@pytest.mark.parametrize("path", FIRMWARE, ids=lambda path: path.name)
def test_the_firmware_does_not_depend_on_64_bits(path: Path):
    assert float_risks(path.read_text("utf-8")) == []
