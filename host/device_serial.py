"""A board's serial line: which ports there are, and what the agent says after a start."""

import re
import time
from collections.abc import Callable

import serial
from serial.tools import list_ports

from host.errors import UserError
from host.flash_messages import explain

_BOOT = re.compile(r"^limpet (\S+) on (\S+) as ?(\S*)$")
_ONLINE = re.compile(r"^online as (\S+)")
_SAFE = re.compile(r"^safe mode: (.*)")
_BAD = re.compile(r"invalid header|[Ff]ilesystem appears to be corrupted|[Bb]rownout")
# USB ids of the bridges and chips that boards carry: Silicon Labs, WCH, FTDI, Espressif.
_VENDORS = (0x10C4, 0x1A86, 0x0403, 0x303A)
_BAUD = 115200


def find_port() -> str:
    """Return the one port that looks like a board. Raises UserError for none or several."""
    ports = [port.device for port in list_ports.comports() if port.vid in _VENDORS]
    if len(ports) == 1:
        return ports[0]
    if ports:
        raise UserError(
            "several boards are plugged in",
            ", ".join(ports),
            f"limpet flash --port {ports[0]}",
        )
    raise UserError(
        "no board is plugged in",
        "no USB port has a serial bridge or an Espressif chip",
        "try another cable, some only charge; or name it: limpet flash --port PORT",
    )


def await_agent(port: str, timeout_s: float, tell: Callable[[str], None]) -> str:
    """Return the device name once the agent on a port is online, "" if it waits for settings.

    tell: gets each line. If it started and the timeout is over, it has no network: its name too.
    Raises UserError that explains what the board says instead.
    """
    try:
        line = serial.serial_for_url(port, _BAUD, timeout=0.2)
    except (OSError, ValueError) as e:
        raise explain(str(e), port, "BOARD") from e
    seen, text, safe = "", "", False
    device: str | None = None
    deadline_s = time.monotonic() + timeout_s
    with line:
        while time.monotonic() < deadline_s:
            try:
                text += line.read(line.in_waiting or 1).decode(errors="replace")
            except (OSError, TypeError) as e:
                raise explain(f"{e} device disconnected", port, "BOARD") from e
            while "\n" in text:
                row, _, text = text.partition("\n")
                row = row.strip()
                seen += row + "\n"
                tell(row)
                if _BAD.search(row):
                    raise explain(row, port, "BOARD")
                device = found[3] if (found := _BOOT.match(row)) else device
                safe = safe or bool(_SAFE.match(row))
                online = _ONLINE.match(row)
                if online or (safe and device is not None):
                    return online[1] if online else device or ""
    if device is not None:
        return device
    last = seen.strip().splitlines()
    raise UserError(
        "the agent does not say that it started",
        f"the board's last line: {last[-1]}" if last else "the board says nothing at all",
        "tap RESET; then limpet flash again, with --erase if it stays so",
    )
