"""The prompt on the serial line, Ctrl-C, and the real mpremote on a device file."""

import os
import pty
import select
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from host.emulator import Board, SerialPort, World
from tests.system.emulator_kit import LIMIT_S, await_text, running

RAW = "raw REPL; CTRL-B to exit\r\n>"
TALK = {
    "an expression shows its value": ("1 + 1\r", "1 + 1\r\n2\n>>> "),
    "an assignment shows nothing": ("a = 5\r", "a = 5\r\n>>> "),
    "names last from line to line": ("a * 2\r", "a * 2\r\n10\n>>> "),
    "a block is indented, and ends with a line that is empty": (
        "for i in range(2):\rprint(i)\r\x7f\r",
        "for i in range(2):\r\n...     print(i)\r\n...     \b\b\b\b\x1b[K\r\n0\n1\n>>> ",
    ),
    "or after two that are blank": (
        "if 1:\r3\r\r\r\r",
        "if 1:\r\n...     3\r\n...     \r\n...     \r\n... \r\n3\n>>> ",
    ),
    "who indents himself is not helped": (
        "if 1:\r    if 2:\r        4\r\r",
        "if 1:\r\n...     \b\b\b   if 2:\r\n...         4\r\n... \r\n4\n>>> ",
    ),
    "Ctrl-C leaves a block": ("def f():\r\x03", "def f():\r\n...     \r\n>>> "),
    "brackets go on in the next line": ("(1 +\r2)\r", "(1 +\r\n... 2)\r\n3\n>>> "),
    "a bracket in a text does not": ("'('\r", "'('\r\n'('\n>>> "),
    "an error shows its traceback": (
        "1/0\r",
        "1/0\r\nTraceback (most recent call last):\r\n"
        '  File "<stdin>", line 1, in <module>\r\nZeroDivisionError: divide by zero\r\n>>> ',
    ),
    "what is no program": (
        "1+\r",
        '1+\r\nTraceback (most recent call last):\r\n  File "<stdin>", line 1\r\n'
        "SyntaxError: invalid syntax\r\n>>> ",
    ),
    "backspace takes the last letter": ("12\x7f3\r", "12\b\x1b[K3\r\n13\n>>> "),
    "up brings back the line before": ("\x1b[A\r", "13\r\n13\n>>> "),
    "up and down go through the history": (
        "'b'\r'c'\r\x1b[A\x1b[A\x1b[B\r",
        "'b'\r\n'b'\n>>> 'c'\r\n'c'\n>>> 'c'\b\b\b'b'\b\b\b'c'\r\n'c'\n>>> ",
    ),
    "down below the last line is empty again": ("\x10\x0e5\r", "'c'\b\b\b\x1b[K5\r\n5\n>>> "),
    "left and right, and letters between": (
        "14\x1b[D23\x1b[C5\r",
        "14\b24\b34\b45\r\n12345\n>>> ",
    ),
    "home, end, delete": (
        "x678\x1b[H\x1b[3~\x1b[4~9\r",
        "x678\b\b\b\b\x1b[K678\b\b\b6789\r\n6789\n>>> ",
    ),
    "Ctrl-A, Ctrl-E, Ctrl-K, Ctrl-U": (
        "123456\x01\x05\x02\x02\x0b\x06\x15\x1b[F9\r",
        "123456\x1b[6D123456\b\b\x1b[K\b\b\b\b\x1b[K9\r\n9\n>>> ",
    ),
    "a key that the prompt does not know does nothing": ("\x1b[5~\x1b[Z\x1bx8\r", "8\r\n8\n>>> "),
    "tab completes a name": (
        "long_name = 6\rlo\t + 1\r",
        "long_name = 6\r\n>>> long_name + 1\r\n7\n>>> ",
    ),
    "tab completes what is in a module": (
        "import binascii\rbinascii.unh\t\r",
        "import binascii\r\n>>> binascii.unhexlify\r\n<function>\n>>> ",
    ),
    "tab shows what could follow": (
        "import errno\rerrno.EAL\t, errno.EA\t\x03",
        "import errno\r\n>>> errno.EALREADY, errno.EA\nEACCES          EADDRINUSE      "
        "EAGAIN          EALREADY\n>>> errno.EALREADY, errno.EA\r\n>>> ",
    ),
    "tab after a word that nothing begins with": ("zzz\t\x03", "zzz\r\n>>> "),
    "tab completes a module to import": ("import nt\t\x03", "import ntptime\r\n>>> "),
    "tab completes import": ("imp\t\x03", "import \r\n>>> "),
    "tab after a blank is four": ("5 \t+ 5\r", "5     + 5\r\n10\n>>> "),
    "Ctrl-C forgets the line": ("wrong\x03", "wrong\r\n>>> "),
    "Ctrl-E takes a program as it is": (
        "\x05x = 1\rprint(x)\r\x04",
        "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== x = 1\r\n=== print(x)\r\n"
        "=== \r\n1\n>>> ",
    ),
    "Ctrl-A goes to the raw prompt": ("\x01", "\r\n" + RAW),
    "a raw program": ("print(2)\x04", "OK2\n\x04\x04>"),
    "a raw program that fails": (
        "oops\x04",
        'OK\x04Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
        "NameError: name 'oops' isn't defined\r\n\x04>",
    ),
    "Ctrl-C empties what is typed": ("print(\x03print(3)\x04", "OK3\n\x04\x04>"),
    "a pasted program": ("\x05A\x01print(4)\x04", "R\x01\x00\x04\x01\x044\n\x04\x04>"),
    "a paste of more than a window": (
        "\x05A\x01#" + "x" * 1022 + "\n" + "print(5)\x04",
        "R\x01\x00\x04\x01\x01\x045\n\x04\x04>",
    ),
    "an unknown way to paste": ("\x05B\x01", "R\x00>"),
    "Ctrl-D at an empty raw prompt is a soft reset": ("\x04", "OK\r\nMPY: soft reboot\r\n" + RAW),
    "and what was defined is gone": (
        "a\x04",
        'OK\x04Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
        "NameError: name 'a' isn't defined\r\n\x04>",
    ),
    "it is a soft reset to the program too": (
        "import machine; print(machine.reset_cause())\x04",
        "OK5\n\x04\x04>",
    ),
}


@pytest.fixture(scope="module")
def prompt() -> Iterator[tuple[World, Board]]:
    with World(seed=1) as world:
        board = world.board(files={"/main.py": b"print('main ran')"}, repl=True)
        board.start()
        world.run(ms=10)
        yield world, board


def test_the_prompt_follows_the_program(prompt: tuple[World, Board]):
    first, second, hint, last = prompt[1].serial.text.split("\n")
    assert (first, last) == ("main ran", ">>> ")
    assert second.startswith("MicroPython v1.27")
    assert hint == 'Type "help()" for more information.\r'


def test_at_the_prompt(prompt: tuple[World, Board], subtests: pytest.Subtests):
    """The rows are one conversation."""
    world, board = prompt
    for row, (typed, answer) in TALK.items():
        with subtests.test(row):
            board.serial.clear()
            board.serial.write(typed.encode())
            world.run(ms=10)
            assert board.serial.text == answer


WAITS = {
    "sleeps": "time.sleep(1000)",
    "polls": "select.poll().poll(-1)",
    "reads its input": "sys.stdin.readline()",
    "loops": "while True: pass",
    "runs asyncio": "asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 99))",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_ctrl_c_interrupts_a_program_that(wait: str):
    program = f"""
        import asyncio, select, sys, time
        try:
            print("on")
            {wait}
        except KeyboardInterrupt:
            print("off")
        raise KeyboardInterrupt
        """
    with running(program, realtime=True) as board:
        await_text(board, "on")
        board.serial.write(b"\x03")
        board.join(LIMIT_S)
        assert (board.exit, board.serial.text) == (
            1,
            "on\noff\nTraceback (most recent call last):\n"
            '  File "main.py", line 8, in <module>\nKeyboardInterrupt: \n',
        )


def test_a_program_may_take_ctrl_c_as_a_byte():
    program = """
        import micropython, sys
        micropython.kbd_intr(-1)
        print("on")
        print(sys.stdin.buffer.read(2))
        """
    with running(program, realtime=True) as board:
        await_text(board, "on")
        board.serial.write(b"\x03\x04")
        board.join(LIMIT_S)
        assert board.serial.text == "on\nb'\\x03\\x04'\n"


class Terminal:
    """A board with its prompt on a device file, and mpremote to talk to it."""

    def __init__(self, board: Board, path: str) -> None:
        self.board = board
        self.path = path

    def mpremote(self, *words: str) -> tuple[int, str]:
        """Run mpremote's commands; return its exit code and what it said."""
        command = [sys.executable, "-m", "mpremote", "connect", self.path, *words]
        env = os.environ | {"PYTHONUNBUFFERED": "1"}  # else its words come in another order
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=env)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    if find_spec("mpremote") is None:
        pytest.skip("mpremote is not installed: make setup")
    with World(realtime=True, seed=1) as world:
        board = world.board(files={"/main.py": b"while True: pass"}, repl=True)
        with SerialPort(board.serial) as port:
            board.start()
            world.wait_for(lambda: board.is_booted, LIMIT_S)
            yield Terminal(board, port.path)


def test_mpremote_copies_lists_and_runs(terminal: Terminal, tmp_path: Path):
    here, back, run = tmp_path / "here.bin", tmp_path / "back.bin", tmp_path / "run.py"
    here.write_bytes(bytes(range(256)) * 8)
    run.write_text("import os\nprint(sorted(os.listdir()), os.stat('lib/there.bin')[6])")
    code, said = terminal.mpremote(
        *("mkdir", ":lib", "+", "cp", str(here), ":lib/there.bin", "+", "ls", ":lib"),
        *("+", "cp", ":lib/there.bin", str(back), "+", "run", str(run)),
        *("+", "exec", "print(6 * 7)", "+", "rm", ":lib/there.bin", "+", "eval", "1 / 4"),
    )
    assert code == 0, said
    assert "        2048 there.bin\n" in said
    assert said.endswith("['lib', 'main.py'] 2048\n42\nrm :lib/there.bin\n0.25\n")
    assert back.read_bytes() == here.read_bytes()
    assert not terminal.board.files.exists("/lib/there.bin")


def test_mpremote_mounts_a_folder_of_the_desktop(terminal: Terminal, tmp_path: Path):
    (tmp_path / "far.py").write_text("print('hello from', __name__)\nopen('log', 'w').write('x')")
    code, said = terminal.mpremote("mount", str(tmp_path), "exec", "import far")
    assert code == 0 and said.endswith("hello from far\n"), said
    assert (tmp_path / "log").read_text() == "x"


class Keyboard:
    """Someone at a terminal in which mpremote runs."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)  # mpremote does so too, some time after it has said hello
        self.said = ""
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def type(self, keys: str, until: str) -> None:
        """Type, and read until it says this after what was said before.

        Ctrl-C is typed again now and then: a board that boots does not hear it.
        """
        seen = len(self.said)
        os.write(self._master, keys.encode())
        deadline_s = time.monotonic() + LIMIT_S
        while until not in self.said[seen:]:
            if not select.select([self._master], [], [], 1.0)[0]:
                if time.monotonic() > deadline_s:
                    raise AssertionError(f"no {until!r} after {keys!r}: {self.said[seen:]!r}")
                if keys == "\x03":
                    os.write(self._master, b"\x03")
                continue
            try:
                self.said += os.read(self._master, 4096).decode("utf-8", "replace")
            except OSError:  # the other end is gone
                assert until in self.said[seen:], self.said[seen:]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


KEYS = (
    ("\r", "\r\n>>> "),
    ("print(6 * 7)\r", "\r\n42\r\n>>> "),
    ("\x1b[A\r", "\r\n42\r\n>>> "),  # up
    ("for i in range(3):\rprint(i)\r\x7f\r", "0\r\n1\r\n2\r\n>>> "),
    ("while True: pass\r\r", "... \r\n"),
    ("\x03", "KeyboardInterrupt: \r\n>>> "),
    ("\x05", "=== "),
    ("def f():\r    return 'pasted'\rprint(f())\r\x04", "\r\npasted\r\n>>> "),
    ("\x04", "MPY: soft reboot\r\n"),
    ("\x03", "KeyboardInterrupt: \r\n"),  # main.py loops
    ("\r", "\r\n>>> "),
    ("f\r", "NameError: name 'f' isn't defined\r\n>>> "),
)


def test_someone_types_in_mpremotes_repl(terminal: Terminal):
    keyboard = Keyboard(
        sys.executable, "-m", "mpremote", "connect", terminal.path, "resume", "repl"
    )
    try:
        keyboard.type("", "Ctrl-]")
        keyboard.type("\x03", ">>> ")  # main.py loops, or did before another test
        for keys, until in KEYS:
            keyboard.type(keys, until)
        keyboard.type("\x1d", "")
        assert keyboard.process.wait(LIMIT_S) == 0
    finally:
        keyboard.close()


def test_mpremote_shows_a_traceback(terminal: Terminal):
    code, said = terminal.mpremote("resume", "exec", "def f(): return {}['no']", "exec", "f()")
    assert code == 1
    assert said.splitlines()[-4:] == [
        "Traceback (most recent call last):",
        '  File "<stdin>", line 1, in <module>',
        '  File "<stdin>", line 1, in f',
        "KeyError: no",
    ]
