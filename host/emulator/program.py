"""Run one MicroPython file on an emulated board, as `python FILE` would."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from host.emulator.board import Board
from host.emulator.serial_port import SerialPort
from host.emulator.trace import Trace
from host.emulator.world import World

_LOOK_S = 0.01


def run_program(
    path: Path | str,
    *,
    board: str = "esp32-devkit",
    realtime: bool = True,
    traces: Sequence[Path] = (),
    pty: bool = False,
) -> int:
    """Run `path` as a board's main.py to its end and return its exit code.

    Standard output gets exactly what the program prints, standard error the traceback of an
    uncaught exception. realtime False: sleeps take no time. A crash of the VM returns 70. traces:
    files that what it did is written to when it ends, also by Ctrl-C; see `Trace.write`. pty:
    put the serial line on a device file, named on standard error; a prompt follows the program.
    """
    source = Path(path).read_bytes()
    with World(realtime=realtime) as world:
        running = world.board(board, name=Path(path).stem, files={"/main.py": source}, repl=pty)
        running.serial.on_output = _to_stdout
        running.serial.on_trace = _to_stderr
        if not pty:
            running.serial.end_input()
        trace = Trace(running) if traces else None
        running.start()
        try:
            if pty:
                serve_pty(running)
            while running.state == "running":
                if realtime:
                    running.join()
                else:
                    world.run(hours=1)
        finally:
            if trace:
                for target in traces:
                    trace.write(target)
        if isinstance(running.exit, int):
            return running.exit
        print(running.exit, file=sys.stderr)
        return 70


def serve_pty(board: Board) -> None:
    """Put a running board's serial line on a device file until the board ends.

    Says on standard error where, once the board has booted: what is typed earlier is not heard.
    """
    with SerialPort(board.serial) as port:
        while board.state == "running" and not board.is_booted:
            time.sleep(_LOOK_S)
        print(f"serial port {port.path}; try: mpremote connect {port.path} ls", file=sys.stderr)
        board.join()


def _to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _to_stderr(data: bytes) -> None:
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()
