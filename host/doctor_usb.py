"""What this machine has plugged in, and who uses it: for `limpet doctor`. Linux has most of it."""

import os
from pathlib import Path

# USB ids that boards carry -> what it is, and the driver Linux gives it.
BRIDGES = {
    0x10C4: ("a Silicon Labs CP210x", "cp210x"),
    0x1A86: ("a WCH CH340 or CH9102", "ch341"),
    0x0403: ("an FTDI bridge", "ftdi_sio"),
    0x303A: ("an Espressif chip", "cdc_acm"),
}


def without_port(usb: Path = Path("/sys/bus/usb/devices")) -> list[tuple[str, str]]:
    """Return (what it is, its driver) of each bridge that is plugged in and has no serial port."""
    found: list[tuple[str, str]] = []
    for device in sorted(usb.glob("*/idVendor")):
        try:
            vendor = int(device.read_text(), 16)
        except (OSError, ValueError):
            continue
        if vendor in BRIDGES and not list(device.parent.glob("*:*/tty*")):
            found.append(BRIDGES[vendor])
    return found


def holders(port: str, processes: Path = Path("/proc")) -> list[str]:
    """Return "name (pid)" of the other programs that have a port open, as far as can be seen."""
    wanted = os.path.realpath(port)
    found: list[str] = []
    for process in processes.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            held = {os.path.realpath(row) for row in (process / "fd").iterdir()}
            if wanted in held:
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
        except OSError:
            continue  # another user's, or gone
    return found


def group_of(port: str) -> str:
    """Return the name of the group that may use a port, or its number."""
    number = os.stat(port).st_gid
    try:
        import grp

        return grp.getgrgid(number).gr_name
    except (ImportError, KeyError):
        return str(number)
