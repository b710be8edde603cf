"""The certificate by which a board knows its broker: a file on its flash, and what names it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.errors import UserError

_MOST_BYTES = 8192
_TIME_SERVER = "pool.ntp.org"  # certificates have dates, and a board wakes up without one


@dataclass(frozen=True)
class BoardCa:
    """What goes onto the board, and where."""

    path: str
    data: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """Return {path on the board: content}."""
        return {self.path: self.data}

    def named(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings that use it; what they say themselves of TLS and time stays."""
        broker = {"tls": self.path} | settings["broker"]
        return {"ntp": _TIME_SERVER} | dict(settings) | {"broker": broker}


def read_ca(path: Path) -> BoardCa:
    """Return the certificate in a file, PEM or DER. Raises UserError for what is none."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise _none(path, str(e)) from e
    if b"PRIVATE KEY-----" in data:
        raise _none(path, "it has a private key in it, which must not leave its place")
    if len(data) > _MOST_BYTES:
        raise _none(path, f"it has {len(data)} bytes, {_MOST_BYTES} are the most")
    if b"-----BEGIN CERTIFICATE-----" in data:
        return BoardCa("/ca.pem", data)
    if data[:2] == b"\x30\x82":  # a long sequence, as each certificate is
        return BoardCa("/ca.der", data)
    raise _none(path, "it begins as neither PEM nor DER does")


def _none(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is no certificate for a board", why, "--ca ca.pem, as limpet broker setup made it"
    )
