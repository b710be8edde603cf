"""`limpet provision`: give a board its settings over the serial line, without flashing it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host.device_prompt import Prompt
from host.device_settings import check_settings, new_psk
from host.errors import UserError
from host.keys import add_psks, ensure_keys, with_keys

_SCAN = """
import json, network
wlan = network.WLAN()
wlan.active(True)
print(json.dumps([(row[0].decode("utf-8", "replace"), row[3]) for row in wlan.scan()]))
"""


def make_settings(
    device: str,
    broker: str,
    ssid: str,
    password: str,
    psk_file: Path | None = None,
    key_file: Path | None = None,
) -> dict[str, Any]:
    """Return settings, checked. broker: HOST or HOST:PORT.

    key_file: the device's keys in it go into the settings; new ones if it has none. psk_file: its
    key for TLS goes into the settings, and into this file as mosquitto's psk_file has it, where
    it replaces the device's older one; without a key_file it is a new one. Raises UserError.
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
    psk = new_psk(device)
    if key_file:
        keys = ensure_keys(key_file, [device])[device]
        psk = f"{device}:{keys.psk}"
        settings = with_keys(settings, keys)
    if psk_file:
        settings["broker"]["tls"] = psk
        add_psks(psk_file, [psk])
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


def write_settings(
    port: str,
    settings: dict[str, Any],
    restart: bool = True,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Put settings onto the board at a port, by write-new and rename, and start it anew.

    restart: False leaves the start to the caller. files: what the settings name, by path. All of
    it passes in files that only this user can read, never as an argument. Raises UserError.
    """
    check_settings(settings)
    with Prompt(port, restart) as prompt:
        fresh = {f"{path}.new": data for path, data in (files or {}).items()}
        prompt.write({**fresh, "/settings.new": json.dumps(settings).encode()})
        moves = {f"{path}.new": path for path in files or {}}
        prompt.rename({**moves, "/settings.new": "/settings.json"})
