"""`limpet provision`: give a board its settings over the serial line, without flashing it."""

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from host.device_prompt import Prompt
from host.device_settings import check_settings, new_psk
from host.errors import UserError

_SCAN = """
import json, network
wlan = network.WLAN()
wlan.active(True)
print(json.dumps([(row[0].decode("utf-8", "replace"), row[3]) for row in wlan.scan()]))
"""


def make_settings(
    device: str, broker: str, ssid: str, password: str, psk_file: Path | None = None
) -> dict[str, Any]:
    """Return settings, checked. broker: HOST or HOST:PORT.

    psk_file: a new key for TLS goes into the settings, and into this file as mosquitto's psk_file
    has it, where it replaces the device's older one. Raises UserError.
    """
    host, _, port = broker.partition(":")
    settings: dict[str, Any] = {"device": device, "broker": {"host": host}}
    if port:
        if not port.isdigit():
            raise UserError(
                f"{broker} is no broker's address", "it is HOST or HOST:PORT", "say it again"
            )
        settings["broker"]["port"] = int(port)
    if ssid:
        settings["wifi"] = {"ssid": ssid, "password": password}
    check_settings(settings)
    if psk_file:
        settings["broker"]["tls"] = new_psk(device)
        _add_key(psk_file, settings["broker"]["tls"])
    return settings


def networks(port: str) -> list[tuple[str, int]]:
    """Return the Wi-Fi networks that the board at a port hears, (name, dBm), the loudest first.

    The agent starts anew after it. Raises UserError.
    """
    with Prompt(port) as prompt:
        heard: list[tuple[str, int]] = prompt.evaluate(_SCAN)
    loudest: dict[str, int] = {}
    for name, dbm in heard:
        if name:
            loudest[name] = max(dbm, loudest.get(name, dbm))
    return sorted(loudest.items(), key=lambda row: -row[1])


def _add_key(path: Path, key: str) -> None:
    device = key.partition(":")[0]
    old = path.read_text().splitlines() if path.is_file() else []
    rows = [row for row in old if row.partition(":")[0] != device]
    write_secret(path, "".join(f"{row}\n" for row in [*rows, key]).encode())


def write_secret(path: Path, data: bytes) -> None:
    """Write a file by write-new and rename, for this user alone; an older one's rights stay.

    Raises UserError where that cannot be: a broker must be able to read its keys afterwards.
    """
    old = path.stat() if path.exists() else None
    handle, name = -1, ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if old:
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as e:
        if name:
            Path(name).unlink(missing_ok=True)
        raise UserError(
            f"{path} cannot be written", str(e), "run it as the user who owns that file, or root"
        ) from e


def write_settings(port: str, settings: dict[str, Any], restart: bool = True) -> None:
    """Put settings onto the board at a port, by write-new and rename, and start it anew.

    restart: False leaves the start to the caller. They pass in a file that only this user can
    read, never as an argument. Raises UserError.
    """
    check_settings(settings)
    with Prompt(port, restart) as prompt:
        prompt.write({"/settings.new": json.dumps(settings).encode()})
        prompt.rename({"/settings.new": "/settings.json"})
