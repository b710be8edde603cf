"""`limpet emulate`: one emulated board in the terminal."""

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from host.boards import load_board
from host.emulator import Board, Trace, World, run_program
from host.emulator.program import serve_pty
from host.errors import UserError
from host.image import board_files
from host.image_build import fitting, read_image
from host.lab import fresh_seed

_TRACES = (".vcd", ".svg", ".html")
_AFTER_2001_S = 1_000_000_000  # Unix time; a smaller number is uptime


def run_agent(
    board_name: str,
    broker: str,
    device: str,
    storage: Path | None,
    traces: Sequence[Path] = (),
    pty: bool = False,
) -> None:
    """Boot the agent and show its console until Ctrl-C, then write the traces.

    pty: put its serial line on a device file too.
    """
    check_traces(traces)
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
    with World(realtime=True, seed=fresh_seed()) as world:
        # The agent of today on the flash of yesterday: what it has stored is not among the files.
        board = world.board(
            board_name, name=device, files=files, overwrite=True, storage=storage, repl=pty
        )
        _run(board, f"{device} on {board_name}, broker {broker}", traces, pty)


def run_image(
    board_name: str, image: Path, traces: Sequence[Path] = (), pty: bool = False
) -> None:
    """Boot a copy of what `limpet image build -o` wrote, and go on as `run_agent` does."""
    check_traces(traces)
    content, settings = read_image(image)
    device, broker = str(settings.get("device", "")), settings.get("broker", {})
    where = f"{broker.get('host', 'none')}:{broker.get('port', 1883)}"
    with (
        tempfile.TemporaryDirectory(prefix="limpet-emulate-") as folder,
        World(realtime=True, seed=fresh_seed()) as world,
    ):
        storage = Path(folder, "flash")
        storage.write_bytes(content)
        spec = fitting(load_board(board_name), content)
        board = world.board(spec, name=device or None, storage=storage, repl=pty)
        _run(board, f"{device or image} on {board_name}, broker {where}", traces, pty)


def _run(board: Board, what: str, traces: Sequence[Path], pty: bool) -> None:
    talk = Console(stderr=True)
    talk.print(f"{what}; Ctrl-C ends it", highlight=False)
    board.serial.on_line = print_line
    trace = Trace(board)
    board.start()
    try:
        serve_pty(board) if pty else board.join()
    except KeyboardInterrupt:
        talk.print("switched off")
        return
    finally:
        if traces:
            note_journal(trace, board)
        for target in traces:
            trace.write(target)
            talk.print(f"wrote {target}", highlight=False)
    raise UserError(
        f"the board ended: {board.exit}", "its console says why", "see above, mend, run again"
    )


def note_journal(trace: Trace, board: Board) -> None:
    """Add what the agent's rules did, from the journal on the board's flash.

    It is written there once a minute: what came since is not in it.
    """
    now_unix_s = board.rtc.unix_us() / 1e6
    for path in ("/data/journal.old", "/data/journal"):
        if not board.files.exists(path):
            continue
        for line in board.files.read(path).splitlines():
            with suppress(ValueError):  # a line that was torn by a power cut
                time_s, times, by, tool, args, result = json.loads(line[9:])
                if by.startswith("rule ") and time_s > _AFTER_2001_S:
                    text = f"{by}: {tool} {json.dumps(args)} -> {json.dumps(result)}"
                    at_s = board.now_s - now_unix_s + time_s
                    trace.note(board, "rule", text + f" ({times} times)" * (times > 1), at_s)


def check_traces(traces: Sequence[Path]) -> None:
    """Raise UserError for a file that no trace can be written to."""
    for target in traces:
        if target.suffix not in _TRACES:
            raise UserError(
                f"a trace cannot be written to {target}",
                f"its ending says how: {', '.join(_TRACES)}",
                "--trace out.vcd --trace out.html",
            )


def run_file(
    file: Path, board_name: str, fast: bool, traces: Sequence[Path] = (), pty: bool = False
) -> int:
    """Run one program to its end and return its exit code."""
    check_traces(traces)
    if not file.is_file():
        raise UserError(f"there is no file {file}", "FILE.py must exist", "check the path")
    if pty and fast:
        raise UserError(
            "--pty goes with the wall's time", "a terminal is in no hurry", "leave --fast out"
        )
    return run_program(file, board=board_name, realtime=not fast, traces=traces, pty=pty)


def print_line(line: str) -> None:
    """Print a line of the board's console at once."""
    print(line, flush=True)
