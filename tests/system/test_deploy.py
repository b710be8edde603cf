"""`limpet deploy` on the serial line of an emulated board, through the real mpremote."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

from host.boards import load_board
from host.broker import Broker
from host.emulator import Board, SerialPort, World
from host.errors import UserError
from host.image import agent_sources, board_files, compile_agent, compile_mpy, slot_files

pytest.importorskip("serial", reason="pyserial is not installed: make setup")
pytest.importorskip("mpremote", reason="mpremote is not installed: make setup")

from host import deploy as deploying  # noqa: E402

LIMPET = (sys.executable, "-m", "host.cli")
DEVKIT = load_board("esp32-devkit")
OURS = {PurePosixPath(path).name: data for path, data in slot_files("a").items()}


def version(name: str) -> dict[str, bytes]:
    """Return the agent by file name, of a version that its first row on the console tells."""
    changed = agent_sources()["app"].replace('VERSION = const("', f'VERSION = const("{name}.')
    return OURS | {"app.mpy": compile_agent("app", changed)}


def hashes(files: dict[str, bytes], folder: str) -> dict[str, str]:
    return {f"{folder}/{name}": sha256(data).hexdigest() for name, data in files.items()}


NEW = version("7")
RUNS_A = hashes(OURS, "/firmware")
OLD_B = hashes(OURS | {"gone.mpy": b""}, "/b/firmware")
PLANS: dict[str, tuple[str, dict[str, str], str, str, set[str], int, tuple[str, ...]]] = {
    "nothing when the board has this agent": ("", hashes(NEW, "/firmware"), "a", "a", set(), 0, ()),
    "what changed, and copies of the rest": ("", RUNS_A, "a", "b", {"app.mpy"}, len(NEW) - 1, ()),
    "less where the other slot has most of it": (
        "a",
        RUNS_A | OLD_B,
        "a",
        "b",
        {"app.mpy"},
        0,
        ("/b/firmware/gone.mpy",),
    ),
    "slot a when b runs": ("b", RUNS_A | OLD_B, "b", "a", {"app.mpy"}, 0, ()),
    "slot b again when it was on trial": ("b1", RUNS_A | OLD_B, "a", "b", {"app.mpy"}, 0, ("/b/firmware/gone.mpy",)),
    "slot b when b is wanted but gone": ("b", RUNS_A, "a", "b", {"app.mpy"}, len(NEW) - 1, ()),
}  # fmt: skip


@pytest.mark.parametrize("selector, there, active, target, written, copied, removed", PLANS.values(), ids=PLANS)  # fmt: skip
def test_it_writes(
    selector: str,
    there: dict[str, str],
    active: str,
    target: str,
    written: set[str],
    copied: int,
    removed: tuple[str, ...],
) -> None:
    steps = deploying.plan(selector, there, NEW)
    assert (steps.active, steps.target, steps.removed) == (active, target, removed)
    assert {PurePosixPath(path).name for path in steps.written} == written
    assert len(steps.copied) == copied


def test_a_board_without_an_agent_is_not_deployed_to() -> None:
    with pytest.raises(UserError, match="has no agent"):
        deploying.plan("", {"/main.py": ""}, NEW)


@contextmanager
def online_board(broker: Broker) -> Iterator[Board]:
    settings = {"device": "attic", "broker": {"host": broker.host, "port": broker.port}}
    with World(realtime=True, seed=1) as world:
        board = world.board(files=board_files(DEVKIT, settings), repl=True)
        board.start()
        world.wait_for(lambda: "online as attic" in board.serial.text, 30)
        yield board


@contextmanager
def online_port(broker: Broker) -> Iterator[tuple[Board, str]]:
    with online_board(broker) as board, SerialPort(board.serial) as port:
        yield board, port.path


def test_a_cable_that_is_pulled_leaves_the_old_agent_and_the_same_command_goes_on(
    broker: Broker,
) -> None:
    with online_board(broker) as board:
        with ExitStack() as cable:
            port = cable.enter_context(SerialPort(board.serial))
            with pytest.raises(UserError, match="went away|cannot be opened|no board answers"):
                deploying.deploy(
                    port.path,
                    lambda what, done, total: cable.close() if done == 2 else None,
                    lambda _: None,
                    OURS | {"app.mpy": NEW["app.mpy"], "agent.mpy": b"1", "wire.mpy": b"2"},
                )
        assert board.files.read("/slot") == b"a"
        with SerialPort(board.serial) as port:
            device, steps = deploying.deploy(port.path, lambda *_: None, lambda _: None, NEW)
        assert device == "attic"
        assert set(steps.written) <= {"/b/firmware/app.mpy"}  # nothing, if it came before the end
        assert "limpet 7." in board.serial.text and board.files.read("/slot") == b"b"


def test_a_new_agent_comes_by_the_command_and_the_old_one_stays_beside_it(broker: Broker) -> None:
    with online_port(broker) as (board, port):
        board.files.write("/firmware/app.mpy", NEW["app.mpy"])  # what ran until now
        board.files.write("/firmware/stale.mpy", b"")
        done = subprocess.run([*LIMPET, "deploy", "--port", port], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "attic\n"), done.stderr
        assert board.files.read("/slot") == b"b"
        assert {p: board.files.read(p) for p in slot_files("b")} == slot_files("b")
        assert board.files.read("/firmware/app.mpy") == NEW["app.mpy"]
        board.serial.clear()
        again = subprocess.run([*LIMPET, "deploy", "--port", port], capture_output=True, text=True)
        assert again.returncode == 0 and "has this agent" in again.stderr, again.stderr
        assert "limpet 0." in board.serial.text and board.files.read("/slot") == b"b"


def test_a_new_agent_that_fails_gives_way_to_the_old_one(broker: Broker) -> None:
    broken = OURS | {"app.mpy": compile_mpy(b"raise ValueError('not today')", "app.py")}
    seen: list[tuple[str, int, int]] = []
    with online_port(broker) as (board, port):
        with pytest.raises(UserError, match="the old one runs again") as caught:
            deploying.deploy(port, lambda *row: seen.append(row), lambda _: None, broken)
        assert "not today" in caught.value.why
        assert ("writing", 1, 1) in seen
        assert board.files.read("/slot") == b"a"
        assert board.files.read("/firmware/app.mpy") == OURS["app.mpy"]


def test_what_the_board_cannot_load_or_hold_is_refused_before_the_switch(broker: Broker) -> None:
    with online_port(broker) as (board, port):
        old = OURS | {"app.mpy": b"M\x05\x00\x1f"}
        for new, words in ((old, "cannot load"), (OURS | {"big.txt": bytes(3 << 20)}, "is full")):
            with pytest.raises(UserError, match=words):
                deploying.deploy(port, lambda *_: None, lambda _: None, new)
        assert not board.files.exists("/slot")
        assert "/b/firmware/app.mpy" not in board.files.ls()


def test_a_port_that_is_not_there_gets_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [*LIMPET, "deploy", "--port", str(tmp_path / "none")], capture_output=True, text=True
    )
    assert done.returncode == 1 and "cannot be opened" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
