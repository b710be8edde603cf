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
_BAUD = 115200
_READ_S = 0.2
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


class Line:
    """An open serial line. What came before it was opened is not there to be read."""

    def __init__(self, port: str) -> None:
        """Open it. Raises UserError that explains why that failed."""
        self.port = port
        self.rest = ""  # what came after the last end of a row
        try:
            self._line = serial.serial_for_url(port, _BAUD, timeout=_READ_S)
        except (OSError, ValueError) as e:
            raise explain(str(e), port, "BOARD") from e

    def write(self, data: bytes) -> None:
        """Send bytes. Raises UserError if the port is gone."""
        try:
            self._line.write(data)
        except OSError as e:
            raise self._gone(e) from e

    def restart(self) -> None:
        """Have the board start anew, whatever it does. Raises UserError if the port is gone."""
        self.write(_RESTART)

    def read(self) -> str:
        """Return what came, "" if that is nothing for 0.2 s. Raises UserError if it is gone."""
        try:
            return self._line.read(self._line.in_waiting or 1).decode(errors="replace")
        except (OSError, TypeError) as e:
            raise self._gone(e) from e

    def rows(self, timeout_s: float) -> Iterator[str]:
        """Yield each row that ends within this time, stripped. Raises UserError as `read`."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            self.rest += self.read()
            while "\n" in self.rest:
                row, _, self.rest = self.rest.partition("\n")
                yield row.strip()

    def _gone(self, why: Exception) -> UserError:
        return explain(f"{why} device disconnected", self.port, "BOARD")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._line.close()


def await_agent(
    port: str, timeout_s: float, tell: Callable[[str], None], restart: bool = False
) -> str:
    """Return the device name once the agent on a port is online, "" if it waits for settings.

    tell: gets each line. restart: have it start first. If it started and the timeout is over, it
    has no network: its name too. Raises UserError that explains what the board says instead.
    """
    last, safe = "", False
    device: str | None = None
    with Line(port) as line:
        if restart:
            line.restart()
        for row in line.rows(timeout_s):
            last = row or last
            tell(row)
            if _BAD.search(row):
                raise explain(row, port, "BOARD")
            device = found[3] if (found := BOOT.match(row)) else device
            safe = safe or bool(_SAFE.match(row))
            online = ONLINE.match(row)
            if online or (safe and device is not None):
                return online[1] if online else device or ""
    if device is not None:
        return device
    raise UserError(
        "the agent does not say that it started",
        f"the board's last line: {last}" if last else "the board says nothing at all",
        "tap RESET; then limpet flash again, with --erase if it stays so",
    )
