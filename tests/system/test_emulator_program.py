"""run_program: one file, its own output, its own exit code."""

from pathlib import Path

import pytest

from host.emulator import run_program
from tests.system.emulator_kit import source

CASES = {
    "prints": ("print('hi', end='')", 0, "hi", ""),
    "exits with a code": ("import sys\nprint(1)\nsys.exit(7)", 7, "1\n", ""),
    "fails": (
        "print('before')\n1/0",
        1,
        "before\n",
        'Traceback (most recent call last):\n  File "main.py", line 2, in <module>\n'
        "ZeroDivisionError: divide by zero\n",
    ),
    "sleeps for an hour": ("import time\ntime.sleep(3600)\nprint('up')", 0, "up\n", ""),
    "finds its input ended": ("import sys\nprint(repr(sys.stdin.read()))", 0, "''\n", ""),
    "prints bytes": ("import sys\nsys.stdout.buffer.write(b'\\xff\\x00\\n')", 0, None, ""),
}


@pytest.mark.parametrize(("program", "code", "out", "err"), CASES.values(), ids=CASES)
def test_a_program_that(
    program: str,
    code: int,
    out: str | None,
    err: str,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
):
    file = tmp_path / "blink.py"
    file.write_bytes(source(program))
    assert run_program(file, realtime=False) == code
    seen = capfdbinary.readouterr()
    assert seen.out == (b"\xff\x00\n" if out is None else out.encode())
    assert seen.err == err.encode()


def test_a_trace_ends_when_the_program_ends(tmp_path: Path):
    file, trace = tmp_path / "nap.py", tmp_path / "nap.vcd"
    file.write_bytes(b"import time\nprint(1)\ntime.sleep(2)")
    assert run_program(file, realtime=False, traces=[trace]) == 0
    assert trace.read_text().splitlines()[-1].startswith("#2000")
