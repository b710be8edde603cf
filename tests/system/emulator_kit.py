"""What the emulator's tests share: a board that runs a program, and its console."""

import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from host.emulator import Board, World

LIMIT_S = 20.0  # of the wall's time, for anything that should take milliseconds


@contextmanager
def running(program: str, *, realtime: bool = False, **options: object) -> Iterator[Board]:
    """Start a board with `program` as main.py; the board is switched off at the end."""
    with World(realtime=realtime, seed=1) as world:
        board = world.board(files={"/main.py": source(program)}, **options)  # type: ignore[arg-type]
        board.start()
        yield board


def source(program: str) -> bytes:
    """Return an indented program as a file's content."""
    return textwrap.dedent(program).encode()


def run_to_end(program: str, *, hours: float = 24 * 30, **options: object) -> Board:
    """Run `program` in fast-forward until it ends, and return the board, switched off."""
    with World(seed=1) as world:
        board = world.board(files={"/main.py": source(program)}, **options)  # type: ignore[arg-type]
        board.start()
        world.run(hours=hours)
        if board.state == "running":
            raise AssertionError(f"still running; it printed:\n{board.serial.text}")
    return board


def printed(program: str, **options: object) -> str:
    """Run `program` to its end and return what it printed; it must not fail."""
    board = run_to_end(program, **options)  # type: ignore[arg-type]
    assert (board.state, board.exit) == ("stopped", 0), board.serial.text
    return board.serial.text


def await_text(board: Board, text: str) -> None:
    """Return once a board that follows the wall has printed `text`."""
    seen = threading.Event()
    board.serial.on_output = lambda _: seen.set() if text in board.serial.text else None
    if text not in board.serial.text:
        assert seen.wait(LIMIT_S), board.serial.text
