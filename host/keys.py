"""The key file: what each board proves itself with, and what proves a command to it.

TOML, a table for each device:
    [kitchen]
    password = "..."   to the broker, where the user is the device's name
    psk = "..."        64 hex digits: the key of a broker that wants a pre-shared one instead
    cmd_key = "..."    64 hex digits: signs commands; neither the broker nor the proxy has it
Whoever can read it can speak for these boards and command them: it is for its owner alone.
"""

import json
import os
import secrets
import stat
import tomllib
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from firmware.wire import valid_name
from host.errors import UserError
from host.secret_file import locked, write_secret
from host.signing import new_key

_HEAD = "# Keys of boards, by limpet: whoever can read this can speak for them and command them.\n"
_HEX = frozenset("0123456789abcdef")
_MOST_PASSWORD = 128  # bytes, as settings.txt has it


@dataclass(frozen=True)
class Keys:
    """The secrets of one device."""

    password: str
    psk: str
    cmd_key: str


def new_keys() -> Keys:
    """Return keys that nobody has."""
    return Keys(secrets.token_urlsafe(24), secrets.token_hex(32), new_key())


def read_keys(path: Path) -> dict[str, Keys]:
    """Return {device: its keys}, {} without the file.

    Raises UserError if it is damaged, or if others than its owner can read it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise UserError(
                    f"{path} can be read by others", f"its mode is {mode:o}", f"chmod 600 {path}"
                )
            tables = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise _damaged(path, str(e)) from e
    return {device: _checked(path, device, table) for device, table in tables.items()}


@contextmanager
def changing(path: Path) -> Generator[dict[str, Keys]]:
    """Yield {device: its keys} to be changed in place, and write them when the block ends well.

    Others who change the file wait meanwhile; who reads it sees it as it was or as it is, never
    between. Raises UserError as `read_keys`, and if it cannot be written.
    """
    with locked(path):
        keys = read_keys(path)
        before = dict(keys)
        yield keys
        if keys != before:
            write_secret(path, _text(keys).encode())


def ensure_keys(path: Path, devices: Iterable[str]) -> dict[str, Keys]:
    """Return the keys of these devices; those that have none get some. Raises UserError."""
    with changing(path) as keys:
        return {device: keys.setdefault(device, new_keys()) for device in devices}


def with_keys(settings: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """Return a board's settings with its keys; what they say themselves of user and key stays."""
    broker = dict(settings["broker"])
    if not broker.keys() & {"user", "password"}:
        broker |= {"user": settings["device"], "password": keys.password}
    return {"cmd_key": keys.cmd_key, **settings, "broker": broker}


def add_psks(path: Path, psks: Iterable[str]) -> None:
    """Put rows, "name:hex", into a mosquitto psk_file; a name's older one goes. UserError."""
    rows = {row.partition(":")[0]: row for row in psks}
    with locked(path):
        old = path.read_text().splitlines() if path.is_file() else []
        kept = [row for row in old if row.partition(":")[0] not in rows]
        write_secret(path, "".join(f"{row}\n" for row in [*kept, *rows.values()]).encode())


def _checked(path: Path, device: str, table: object) -> Keys:
    names = tuple(Keys.__dataclass_fields__)
    if not valid_name(device):
        raise _damaged(path, f"{device!r} is no device's name")
    own = cast("dict[str, object]", table) if isinstance(table, dict) else {}
    if set(own) != set(names) or not all(isinstance(value, str) for value in own.values()):
        raise _damaged(path, f"[{device}] must have {', '.join(names)}, each a string")
    found = Keys(**cast("dict[str, str]", own))
    if not found.password.isprintable() or not 0 < len(found.password.encode()) <= _MOST_PASSWORD:
        raise _damaged(path, f"password of {device} must have 1 to {_MOST_PASSWORD} bytes")
    for name in ("psk", "cmd_key"):
        value = str(own[name])
        if len(value) != 64 or not set(value) <= _HEX:
            raise _damaged(path, f"{name} of {device} must be 64 hex digits")
    return found


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is no key file", why, "mend it, or bring it back from a copy of yours"
    )


def _text(keys: Mapping[str, Keys]) -> str:
    parts = [_HEAD]
    for device, own in keys.items():
        parts.append(f"\n[{device}]\n")
        # A string of JSON is one of TOML too.
        values = asdict(own).items()
        parts += (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values)
    return "".join(parts)
