"""The GPIO block without a VM."""

import pytest

from host.board_chips import CHIPS
from host.emulator import pins as p
from host.emulator.clock import Clock
from host.emulator.descriptors import GuestError
from host.emulator.timeline import Timeline

ESP32 = CHIPS["esp32"]


@pytest.fixture
def calls() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def block(calls: list[tuple[int, int]]) -> p.Pins:
    clock = Clock(Timeline(), lambda: False)
    return p.Pins(clock, lambda function, argument: calls.append((function, argument)), ESP32)


EDGES = {
    "rising only": (p.RISING, [1, 0, 1], 2),
    "falling only": (p.FALLING, [1, 0, 1], 1),
    "both": (p.RISING | p.FALLING, [1, 0, 1], 3),
    "no change": (p.RISING | p.FALLING, [0, 0], 0),
    "off": (0, [1, 0], 0),
}


@pytest.mark.parametrize(("trigger", "levels", "count"), EDGES.values(), ids=EDGES)
def test_edges_that_interrupt(
    block: p.Pins, calls: list[tuple[int, int]], trigger: int, levels: list[int], count: int
):
    block.configure(4, p.IN, 0)
    block[4].handle(trigger, 0x100, 0x200)
    for level in levels:
        block[4].drive(level)
    assert calls == [(0x100, 0x200)] * count


def test_keep_leaves_mode_and_pull(block: p.Pins):
    block.configure(4, p.IN, p.PULL_UP)
    block.configure(4, p.KEEP, p.KEEP)
    assert (block[4].mode, block[4].pull, block[4].value) == ("in", "up", 1)


def test_reset_forgets_the_program_but_not_what_is_wired(block: p.Pins):
    block.configure(4, p.OUT, 0)
    block[4].set_latch(1)
    block[5].drive(1)
    block.reset()
    assert (block[4].mode, block[4].value, block[5].value) == (None, 0, 1)


def test_an_input_only_pin_is_no_output(block: p.Pins):
    with pytest.raises(GuestError):
        block.configure(34, p.OUT, 0)
    block.configure(34, p.IN, 0)


def test_a_change_is_told(block: p.Pins):
    seen: list[tuple[int, int]] = []
    block[2].on_change = lambda pin, _time_us, level: seen.append((pin.number, level))
    block[2].drive(1)
    block[2].drive(None)
    assert seen == [(2, 1), (2, 0)]
