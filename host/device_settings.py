"""What is put into a board's /settings.json, checked here as the board will check it."""

import json
import secrets
from pathlib import Path
from typing import Any, cast

from firmware.wire import valid_name
from host.errors import UserError

ROWS = Path(__file__).parent.parent / "firmware" / "settings.txt"
_TYPES: dict[str, type] = {"str": str, "int": int, "bool": bool, "list": list}
SECRET = ("password", "tls", "cmd_key")


def new_name() -> str:
    """Return a device name that no other board has, as good as certainly."""
    return f"limpet-{secrets.token_hex(3)}"


def new_psk(device: str) -> str:
    """Return a pre-shared key for TLS as the board's broker.tls: "name:64 hex digits"."""
    return f"{device}:{secrets.token_hex(32)}"


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings in a JSON file. Raises UserError for what the board would not take."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as e:
        raise UserError(f"{path} holds no settings", str(e), "it must be a JSON object") from e
    check_settings(data)
    return data


def check_settings(data: Any) -> None:
    """Raise UserError that names the field which the board would not take.

    Wi-Fi: an SSID has 1 to 32 bytes, a password none or 8 to 63; the radio counts bytes.
    """
    if not isinstance(data, dict):
        raise _wrong("settings", "an object is expected")
    flat = _flat(cast("dict[str, Any]", data))
    rows: list[list[Any]] = json.loads(ROWS.read_text())
    names = {row[0] for row in rows}
    for name in flat:
        if name not in names:
            raise _wrong(name, f"there is no such field; there are {', '.join(sorted(names))}")
    for name, default, kind, *limits in rows:
        if name not in flat:
            if default is None:
                raise _wrong(name, "it is missing")
            continue
        value = flat[name]
        if type(value) is not _TYPES[kind]:
            raise _wrong(name, f"it must be {kind}")
        if isinstance(value, str) and len(value.encode()) > limits[0]:
            raise _wrong(name, f"it has {len(value.encode())} bytes, {limits[0]} are the most")
        if kind == "int" and not limits[0] <= value <= limits[1]:
            raise _wrong(name, f"it must be {limits[0]} to {limits[1]}")
    for name in (flat["device"], *flat.get("tags", [])):
        if not isinstance(name, str) or not valid_name(name):
            raise _wrong("device or tags", f"{name!r} is not 1 to 32 of a-z, 0-9, - and _")
    password = str(flat.get("wifi.password", "")).encode()
    if password and not 8 <= len(password) <= 63:
        raise _wrong("wifi.password", f"it has {len(password)} bytes; Wi-Fi takes none or 8 to 63")


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        inner = cast("dict[str, Any]", value) if isinstance(value, dict) else None
        flat |= {key: value} if inner is None else {f"{key}.{n}": v for n, v in inner.items()}
    return flat


def without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return settings for people to look at: what is secret is shown as ***."""
    shown: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            shown[key] = without_secrets(cast("dict[str, Any]", value))
        else:
            shown[key] = "***" if key in SECRET and value else value
    return shown


def _wrong(field: str, why: str) -> UserError:
    return UserError(f"{field} cannot be set so", why, "mend it and run the same command again")
