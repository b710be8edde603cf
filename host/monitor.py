"""`limpet monitor`: what a board says, made plain; it stays when the board or the cable goes."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from host import board_journal
from host.device_serial import BOOT, ONLINE, Line
from host.errors import UserError
from host.flash_messages import explain, is_known
from host.image import agent_names

_AGAIN_S = 0.5  # between two looks whether a port is back
_READ_S = 1.0
_RESET = re.compile(r"rst:0x[0-9a-fA-F]+ \((\w+)\)")
_CAUSES = {
    "POWERON_RESET": "power on",
    "POWERON": "power on",
    "SW_RESET": "its program reset it",
    "SW_CPU_RESET": "its program reset it",
    "RTC_SW_SYS_RST": "its program reset it",
    "RTC_SW_CPU_RST": "its program reset it",
    "DEEPSLEEP_RESET": "deep sleep is over",
    "DSLEEP": "deep sleep is over",
    "RTCWDT_BROWN_OUT_RESET": "its supply broke down",
    "USB_UART_CHIP_RESET": "the USB host reset it",
    "EXT_CPU_RESET": "the RESET button",
}
_PANIC = re.compile(r"^Guru Meditation Error|^abort\(\) was called")


@dataclass(frozen=True)
class Heard:
    """One row. kind: "console", "start", "online", "reset", "journal", "trouble" or "port"."""

    kind: str
    text: str
    hint: str = ""


def read_row(row: str, port: str) -> Heard:
    """Return what a row of the console means."""
    entry = board_journal.decode(row)
    if entry:
        return Heard("journal", board_journal.words(entry))
    reset = _RESET.search(row)
    if reset:
        watchdog = "the watchdog" if "WDT" in reset[1] else reset[1]
        return Heard("reset", row, f"it starts: {_CAUSES.get(reset[1], watchdog)}")
    if _PANIC.match(row):
        return Heard("trouble", row, "MicroPython itself failed; limpet flash brings another")
    if is_known(row):
        error = explain(row, port, "BOARD")
        return Heard("trouble", row, f"{error.what}: {error.fix}")
    if row.startswith("safe mode: "):
        hint = "limpet provision" if "provision" in row else "limpet console '/safe off'"
        return Heard("trouble", row, hint)
    row = agent_names().words(row)  # those of this release, as limpet deploy and flash bring it
    kind = "start" if BOOT.match(row) else "online" if ONLINE.match(row) else "console"
    return Heard(kind, row)


def follow(port: str, tell: Callable[[Heard], None], restart: bool = False) -> None:
    """Tell each row of the board at a port, for ever; ends by KeyboardInterrupt.

    restart: have the board start first. A port that goes away is waited for. Raises UserError if
    it cannot be opened at first.
    """
    line: Line | None = Line(port)
    if restart:
        line.restart()
    tell(Heard("port", f"{port} is open"))
    while True:
        try:
            if line is None:
                line = Line(port)
                tell(Heard("port", f"{port} is back"))
            with line:
                while True:
                    for row in line.rows(_READ_S):
                        if row:
                            tell(read_row(row, port))
        except UserError:
            if line is not None:
                tell(Heard("port", f"{port} went away; waiting for it"))
                line = None
            time.sleep(_AGAIN_S)
