"""What goes wrong on a board itself, each as a switch; and the page that lists all faults."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from host.emulator import Board, World
from host.emulator.flash import BLOCK
from tests.system.emulator_kit import source

ROOT = Path(__file__).parents[2]

# Counts its starts in a file, and what it kept in the RTC; says both, the cause and the year.
STARTS = """
    import machine, os, time
    def count():
        try:
            with open("/count") as f:
                return int(f.read())
        except (OSError, ValueError):
            return 0
    kept = machine.RTC().memory()
    print(count(), kept, machine.reset_cause(), time.gmtime()[0])
    machine.RTC().memory(b"kept")
    with open("/count.new", "w") as f:
        f.write(str(count() + 1))
    os.rename("/count.new", "/count")
    unsynced = open("/unsynced", "w")
    unsynced.write("x")
    if machine.reset_cause() != machine.WDT_RESET:
        machine.WDT(timeout=5000)
        while GOES_ON:
            time.sleep(1)
            machine.WDT().feed()
    while True:
        time.sleep(1)
    """


def button(board: Board) -> None:
    board.reset()


def supply(board: Board) -> None:
    board.power_cut()
    board.start()


RESTARTS: dict[str, tuple[Callable[[Board], object], str, str]] = {
    "its reset button": (button, "True", "1 b'kept' 2 2026"),
    "a power cut": (supply, "True", "1 b'' 1 2026"),
    "a brown-out": (Board.brown_out, "True", "1 b'' 1 2026"),
    "its watchdog": (lambda board: None, "False", "1 b'kept' 3 2026"),
}


@pytest.mark.parametrize(("fault", "goes_on", "said"), RESTARTS.values(), ids=RESTARTS)
def test_a_board_starts_again_by(
    fault: Callable[[Board], object], goes_on: str, said: str
) -> None:
    program = STARTS.replace("GOES_ON", goes_on)
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=4)
        fault(board)
        world.run(seconds=4)
        lines = [line for line in board.serial.lines if line[:1].isdigit()]
        assert lines == ["0 b'' 1 2026", said] and board.boots == 2
        assert ("Brownout detector was triggered" in board.serial.text) == (
            fault is Board.brown_out
        )


def test_a_brown_out_of_a_board_that_is_off_does_nothing() -> None:
    with World() as world:
        board = world.board(files={"/main.py": b"print('on')"})
        board.brown_out()
        world.run(seconds=1)
        assert (board.state, board.serial.text) == ("off", "")


READER = b"""
import time
while True:
    time.sleep(1)
    try:
        with open("/tide") as f:
            print(f.read().count("x"))
    except OSError as e:
        print(e)
"""


def test_a_bit_that_turns_over_is_read_so_until_it_is_written_again() -> None:
    tide = b"x" * 3 * BLOCK
    with World() as world:
        board = world.board(files={"/main.py": READER, "/tide": tide})
        board.start()
        world.run(seconds=1.5)
        whole = next(n for n, data in board.flash.content().items() if data == b"x" * BLOCK)
        board.volume.flip(whole, 8 * 100)
        world.run(seconds=1)
        board.files.write("/tide", tide)
        world.run(seconds=1)
        assert board.serial.lines == [f"{3 * BLOCK}", f"{3 * BLOCK - 1}", f"{3 * BLOCK}"]


def test_each_bit_of_a_folders_block_may_turn_over_and_the_volume_is_there() -> None:
    """LittleFS keeps two copies of what a folder holds, with a checksum."""
    with World() as world:
        for bit in range(0, 2048, 97):
            board = world.board(name=f"bit {bit}", files={"/main.py": READER, "/tide": b"xx"})
            board.volume.flip(1, bit)
            board.start()
            world.run(seconds=1.5)
            # As it was last, or before the last change: without a letter, a file, or both files.
            known = (["2"], ["0"], ["[Errno 2] ENOENT"], [])
            assert board.serial.lines in known and board.exit in (None, 0)


def test_blocks_that_wear_out_are_left_and_nothing_is_lost() -> None:
    program = """
        import os
        for n in range(1500):
            with open("/state.new", "wb") as f:
                f.write(b"%05d" % n * 1000)
            os.rename("/state.new", "/state")
            with open("/state", "rb") as f:
                assert f.read() == b"%05d" % n * 1000, n
        print("well")
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.flash.endurance = 3
        board.start()
        world.run(minutes=1)
        erases = board.flash.counters.erases
        assert board.serial.text == "well\n", board.serial.text[-300:]
        assert max(erases.values()) > 3  # some did wear out


def test_the_date_jumps_when_somebody_sets_it() -> None:
    program = b"import time\nwhile True:\n    print(time.gmtime()[0])\n    time.sleep(1)\n"
    with World(unix_s=1_800_000_000) as world:
        board = world.board(files={"/main.py": program})
        board.start()
        world.run(seconds=0.5)
        board.rtc.set_unix_s(1_900_000_000)
        world.run(seconds=1)
        board.rtc.sync()
        world.run(seconds=1)
        assert board.serial.lines == ["2027", "2030", "2027"]


TABLE = re.findall(
    r"`(tests/system/\w+\.py)::(\w+)`", (ROOT / "docs/emulator.md").read_text("utf-8")
)


def test_each_fault_of_the_docs_has_its_test() -> None:
    assert len(TABLE) >= 20
    for file, test in TABLE:
        assert f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
