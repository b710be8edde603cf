"""A board's serial line: which ports there are, its rows, what the agent says after a start."""

import re
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import serial
from serial.tools import list_ports

from host.errors import UserError
from host.flash_messages import explain

ONLINE = re.compile(r"^online as (\S+)")
BOOT = re.compile(r"^limpet (\S+) on (\S+) as ?(\S*)$")
_SAFE = re.compile(r"^safe mode: (.*)")
_BAD = re.compile(r"invalid header|[Ff]ilesystem appears to be corrupted|[Bb]rownout")
# USB ids of the bridges and chips that boards carry: Silicon Labs, WCH, FTDI, Espressif.
VENDORS = (0x10C4, 0x1A86, 0x0403, 0x303A)
# What MicroPython and the chip's ROM say at any start.
_ROUTINE = re.compile(
    r"^(>>>|MicroPython v|Type \"help|MPY: |raw REPL|ets [A-Z]|ESP-ROM:|Build:|rst:0x|configsip:|"
    r"clk_drv:|mode:|load:0x|entry 0x|SPIWP:|Saved PC:)"
)
_BAUD = 115200
_READ_S = 0.2
_BACK_S = 10.0  # a chip with its own USB leaves the computer at a reset, and comes back
_MISSED_S = 5.0
# Enter, Ctrl-C, Ctrl-B, Ctrl-D: whatever runs ends, and from the prompt MicroPython starts anew.
_RESTART = b"\r\x03\x02\x04"


def find_port() -> str:
    """Return the one port that looks like a board. Raises UserError for none or several."""
    ports = [port.device for port in list_ports.comports() if port.vid in VENDORS]
    if len(ports) == 1:
        return ports[0]
    if ports:
        raise UserError(
            "several boards are plugged in",
            ", ".join(ports),
            f"the same command with --port {ports[0]}",
        )
    raise UserError(
        "no board is plugged in",
        "no USB port has a serial bridge or an Espressif chip",
        "try another cable, some only charge; or name it with --port PORT",
    )


class PortGone(UserError):
    """The port cannot be opened, or went away."""


class Line:
    """An open serial line. What came before it was opened is not there to be read."""

    def __init__(self, port: str) -> None:
        """Open it. Raises PortGone that explains why that failed."""
        self.port = port
        self.rest = ""  # what came after the last end of a row
        try:
            self._line = serial.serial_for_url(port, _BAUD, timeout=_READ_S)
        except (OSError, ValueError) as e:
            raise _gone(str(e), port) from e

    def write(self, data: bytes) -> None:
        """Send bytes. Raises PortGone."""
        try:
            self._line.write(data)
        except OSError as e:
            raise _gone(f"{e} device disconnected", self.port) from e

    def restart(self) -> None:
        """Have the board start anew, whatever it does. Raises PortGone."""
        self.write(_RESTART)

    def read(self) -> str:
        """Return what came, "" if that is nothing for 0.2 s. Raises PortGone."""
        try:
            return self._line.read(self._line.in_waiting or 1).decode(errors="replace")
        except (OSError, TypeError) as e:
            raise _gone(f"{e} device disconnected", self.port) from e

    def rows(self, timeout_s: float) -> Iterator[str]:
        """Yield each row that ends within this time, stripped. Raises PortGone."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            self.rest += self.read()
            while "\n" in self.rest:
                row, _, self.rest = self.rest.partition("\n")
                yield row.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._line.close()


def _gone(why: str, port: str) -> PortGone:
    told = explain(why, port, "BOARD")
    return PortGone(told.what, told.why, told.fix)


def await_agent(
    port: str,
    timeout_s: float,
    tell: Callable[[str], None],
    restart: bool = False,
    was_reset: bool = False,
    verbose: bool = False,
) -> str:
    """Return the device name once the agent on a port is online, "" if it waits for settings.

    tell: gets each line; without verbose not those that come at any start. restart: have it start
    first. was_reset: it was right before, so its port may be away for 10 s, and if the start is
    missed it is started again. If it started and the timeout is over, it has no network: its name
    too. Raises UserError that explains what the board says instead.
    """
    start = _Start(tell, verbose)
    until_s = time.monotonic() + timeout_s
    back_until_s = time.monotonic() + _BACK_S * was_reset
    while True:
        try:
            with Line(port) as line:
                if restart:
                    line.restart()
                    restart = False
                if was_reset and not start.follow(line, min(_MISSED_S, timeout_s)):
                    line.restart()
                start.follow(line, until_s - time.monotonic(), to_the_end=True)
            break
        except PortGone:
            if time.monotonic() > min(back_until_s, until_s):
                raise
            time.sleep(_READ_S)
    if start.device is not None:
        return start.device
    raise UserError(
        "the agent does not say that it started",
        f"the board's last line: {start.last}" if start.last else "the board says nothing at all",
        "tap RESET; then limpet flash again, with --erase if it stays so",
    )


class _Start:
    """What a board has said of its start. device: its name, "" if it has none, None: unknown."""

    def __init__(self, tell: Callable[[str], None], verbose: bool) -> None:
        self.device: str | None = None
        self.last = ""
        self._tell, self._verbose = tell, verbose
        self._over = self._safe = False

    def follow(self, line: Line, timeout_s: float, to_the_end: bool = False) -> bool:
        """Return whether the agent has started, once it has; to_the_end: once it is online too."""
        if self._over or (self.device is not None and not to_the_end):
            return True
        for row in line.rows(timeout_s):
            self._read(row, line.port)
            if self._over or (self.device is not None and not to_the_end):
                return True
        return self.device is not None

    def _read(self, row: str, port: str) -> None:
        self.last = row or self.last
        if self._verbose or (row and not _ROUTINE.match(row)):
            self._tell(row)
        if _BAD.search(row):
            raise explain(row, port, "BOARD")
        if found := BOOT.match(row):
            self.device = found[3]
        self._safe = self._safe or bool(_SAFE.match(row))
        if online := ONLINE.match(row):
            self.device = online[1]
        self._over = bool(online) or (self._safe and self.device is not None)
