"""Ends what boards with pre-shared keys have open: mosquitto asks for the key at the door alone.

Where a password is changed mosquitto ends the connection itself. With a pre-shared key we come in
once under the board's name, by its new key, and the broker drops who was there under that name.
"""

import subprocess
import time
from pathlib import Path

from host import broker_config as config

_READ_ANEW_S = 20.0  # a mosquitto that was told reads its files when it can
_ANSWER_S = 5.0
_WELCOME = b"\x20\x02\x00\x00"
_BYE = b"\xe0\x00"


def oust(folder: Path, name: str, psk: str) -> bool:
    """Return whether the mosquitto of this machine let us in, and so nobody else is under a name.

    psk: hex, the key that the folder has now. It needs the openssl command.
    """
    text = (folder / config.CONFIG).read_text()
    _, port, *bind = next(row for row in text.splitlines() if row.startswith("listener ")).split()
    host = bind[0] if bind else "127.0.0.1"
    door = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    deadline_s = time.monotonic() + _READ_ANEW_S
    while not _comes_in(door, name, psk):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


def _comes_in(door: str, name: str, psk: str) -> bool:
    variable = b"\0\4MQTT\4\2\0\x3c" + len(name).to_bytes(2, "big") + name.encode()
    try:
        process = subprocess.Popen(
            [
                *("openssl", "s_client", "-quiet", "-tls1_2", "-connect", door),
                *("-psk_identity", name, "-psk", psk),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    packet = bytes([0x10, len(variable)]) + variable
    try:
        said, _ = process.communicate(packet + _BYE, timeout=_ANSWER_S)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        process.kill()
        said, _ = process.communicate()
    return said.startswith(_WELCOME)
