"""A pin's history as text."""

import pytest

from host.pin_chart import axis, draw

CASES = {
    "never driven": ([], 0, 4, "▁▁▁▁"),
    "on halfway": ([(2.0, 1)], 0, 4, "▁▁▇▇"),
    "on before the window": ([(0.0, 1)], 10, 14, "▇▇▇▇"),
    "off again": ([(1.0, 1), (3.0, 0)], 0, 4, "▁▇▇▁"),
    "too quick to draw": ([(1.1, 1), (1.2, 0)], 0, 4, "▁▒▁▁"),
    "after the window": ([(9.0, 1)], 0, 4, "▁▁▁▁"),
}


@pytest.mark.parametrize("history, start, end, line", CASES.values(), ids=CASES)
def test_draw(history: list[tuple[float, int]], start: float, end: float, line: str) -> None:
    assert draw(history, start, end, 4) == line


def test_the_axis_is_as_wide_as_the_line() -> None:
    text = axis(0, 1202, 60)
    assert len(text) == 60 and text.startswith("0:00") and text.endswith("20:02")


def test_the_axis_rounds_to_whole_seconds_and_carries() -> None:
    assert axis(59.7, 1259.8, 60).startswith("1:00") and axis(59.7, 1259.8, 60).endswith("21:00")
