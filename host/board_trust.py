"""Whom a board trusts: its broker by a certificate on its flash, and who signs its updates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host.errors import UserError

_MOST_BYTES = 8192
_TIME_SERVER = "pool.ntp.org"  # certificates have dates, and a board wakes up without one


@dataclass(frozen=True)
class Trust:
    """files: {path on the board: the certificate}, or {}. update_key: in hex, or ""."""

    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    update_key: str = ""

    def named(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings that use it; what they say themselves stays."""
        made = dict(settings)
        for path in self.files:
            made["broker"] = {"tls": path, **made["broker"]}
            made.setdefault("ntp", _TIME_SERVER)
        if self.update_key:
            made.setdefault("update_key", self.update_key)
        return made


def read_trust(ca: Path | None, update_key: Path | None) -> Trust:
    """Return what is in these files. Raises UserError.

    ca: PEM or DER. update_key: what `limpet update keygen` printed.
    """
    return Trust(_certificate(ca) if ca else {}, _public(update_key) if update_key else "")


def _certificate(path: Path) -> dict[str, bytes]:
    try:
        data = path.read_bytes()
    except OSError as e:
        raise _none(path, str(e)) from e
    if b"PRIVATE KEY-----" in data:
        raise _none(path, "it has a private key in it, which must not leave its place")
    if len(data) > _MOST_BYTES:
        raise _none(path, f"it has {len(data)} bytes, {_MOST_BYTES} are the most")
    if b"-----BEGIN CERTIFICATE-----" in data:
        return {"/ca.pem": data}
    if data[:2] == b"\x30\x82":  # a long sequence, as each certificate is
        return {"/ca.der": data}
    raise _none(path, "it begins as neither PEM nor DER does")


def _none(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is no certificate for a board", why, "--ca ca.pem, as limpet broker setup made it"
    )


def _public(path: Path) -> str:
    try:
        text = path.read_text().strip()
    except (OSError, ValueError) as e:
        text = str(e)
    if not re.fullmatch("[0-9a-f]{512}", text):
        raise UserError(
            f"{path} has no public key",
            "it must hold 512 hex digits, and nothing else",
            f"limpet update keygen -o update.pem > {path}",
        )
    return text
