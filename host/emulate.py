"""`limpet emulate`: one emulated board in the terminal."""

from pathlib import Path

from rich.console import Console

from host.boards import load_board
from host.emulator import World, run_program
from host.errors import UserError
from host.image import board_files
from host.lab import fresh_seed


def run_agent(board_name: str, broker: str, device: str, storage: Path | None) -> None:
    """Boot the agent and show its console until Ctrl-C."""
    host, _, port = broker.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(
            f"{broker} is no broker's address", "it must be HOST:PORT", "--broker 127.0.0.1:1883"
        )
    settings = {
        "device": device,
        "broker": {"host": host, "port": int(port)},
        "wifi": {"ssid": "limpet-lab", "password": "tidepool"},
    }
    files = board_files(load_board(board_name), settings)
    talk = Console(stderr=True)
    talk.print(f"{device} on {board_name}, broker {broker}; Ctrl-C ends it", highlight=False)
    with World(realtime=True, seed=fresh_seed()) as world:
        # The agent of today on the flash of yesterday: what it has stored is not among the files.
        board = world.board(board_name, name=device, files=files, overwrite=True, storage=storage)
        board.serial.on_line = print_line
        board.start()
        try:
            board.join()
        except KeyboardInterrupt:
            talk.print("switched off")
            return
        raise UserError(
            f"the board ended: {board.exit}", "its console says why", "see above, mend, run again"
        )


def run_file(file: Path, board_name: str, fast: bool) -> int:
    """Run one program to its end and return its exit code."""
    if not file.is_file():
        raise UserError(f"there is no file {file}", "FILE.py must exist", "check the path")
    return run_program(file, board=board_name, realtime=not fast)


def print_line(line: str) -> None:
    """Print a line of the board's console at once."""
    print(line, flush=True)
