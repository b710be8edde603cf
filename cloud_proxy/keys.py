"""Keys of those who ask over HTTP: a file with a name and a hash a line, and never a key.

A key is 256 random bits, so that one round of SHA-256 is as good as many: there is nothing to
guess. Taking a line out revokes it, within a second.
"""

import hashlib
import os
import secrets
import time
from pathlib import Path

from cloud_proxy.errors import UserError
from firmware import wire

_PREFIX = "lk_"
_LOOK_AGAIN_S = 1.0


class Keys:
    """The keys in a file, which may change while we run."""

    def __init__(self, file: Path) -> None:
        """Raises UserError if the file cannot be read."""
        self._file = file
        self._changed_ns = 0
        self._looked_s = 0.0
        self._names = self._read()

    def name(self, key: str) -> str | None:
        """Return whose key it is, or None."""
        now_s = time.monotonic()
        if now_s - self._looked_s > _LOOK_AGAIN_S:
            self._looked_s = now_s
            self._refresh()
        return self._names.get(digest(key))

    def _refresh(self) -> None:
        try:
            if self._file.stat().st_mtime_ns != self._changed_ns:
                self._names = self._read()
        except (OSError, UserError):
            pass  # it is being replaced: what was known holds until it is back

    def _read(self) -> dict[str, str]:
        try:
            self._changed_ns = self._file.stat().st_mtime_ns
            lines = self._file.read_text("utf-8").splitlines()
        except (OSError, UnicodeError) as e:
            hint = f"limpet-proxy key NAME --keys {self._file}"
            raise UserError(f"the keys in {self._file} cannot be read", str(e), hint) from e
        names: dict[str, str] = {}
        for line in lines:
            name, _, hashed = line.partition(" ")
            if hashed and not line.startswith("#"):
                names[hashed.strip()] = name
        return names


def digest(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def add(file: Path, name: str) -> str:
    """Make a key for a name, note its hash in the file, and return it: nobody can say it again.

    Raises UserError for a name that no device can have, or a file that cannot be written.
    """
    if not wire.valid_name(name):
        why = "1 to 32 of a-z, 0-9, - and _ are"
        raise UserError(f"{name[:40]!r} is no device's name", why, "limpet-proxy key pump-2")
    key = _PREFIX + secrets.token_urlsafe(32)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(opened, "a", encoding="utf-8") as out:
            out.write(f"{name} {digest(key)}\n")
    except OSError as e:
        raise UserError(f"{file} cannot be written", str(e), "name another with --keys") from e
    return key
