"""esptool as a program of its own: it is under the GPL, and its errors end a process, not ours."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

_SILENT_S = 45.0  # esptool prints more often than that, whatever it does
_PERCENT = re.compile(r"([0-9.]+)%")

Progress = Callable[[str, float], None]  # what is done, and how much of it, 0 to 100


class ToolFailed(Exception):
    """esptool ended with an error, or fell silent; its text is all that it printed."""


def run(
    port: str, arguments: Sequence[str], progress: Progress, silent_s: float = _SILENT_S
) -> str:
    """Run one command of esptool and return what it printed. Raises ToolFailed.

    The port is free again when this returns: the process has ended, by force if need be.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "esptool", "--port", port, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    printed: list[str] = []
    fell_silent = threading.Event()

    def give_up() -> None:
        fell_silent.set()
        process.kill()

    def watch() -> threading.Timer:
        timer = threading.Timer(silent_s, give_up)
        timer.daemon = True
        timer.start()
        return timer

    silent_s = _SILENT_S
    timer = watch()
    try:
        assert process.stdout
        for line in process.stdout:
            timer.cancel()
            timer = watch()
            printed.append(line)
            percent = _PERCENT.search(line)
            if percent:
                progress(line.split(" at ")[0].split(" from ")[0].strip(), float(percent[1]))
        process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    text = "".join(printed)
    if fell_silent.is_set():
        raise ToolFailed(text + f"\nsilent for {silent_s:.0f} s")
    if process.returncode:
        raise ToolFailed(text)
    return text
