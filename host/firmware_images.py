"""MicroPython's official images: where they are, what they must hash to, what was fetched before.

Their makers publish no hashes, so locks pin our own: boards/firmware.lock, and before it the
person's own file, firmware.lock in the cache folder, which `--firmware FILE --sha256` and the
first download of an image without a hash add to.
"""

import hashlib
import re
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host.boards import BOARDS_DIR
from host.cache import cache_dir, write_atomic
from host.errors import UserError

SITE = "https://micropython.org/resources/firmware"
_SHIPPED = BOARDS_DIR / "firmware.lock"
_TIMEOUT_S = 30
_CHUNK = 65536
_IMAGE = b"\xe9"  # the first byte of what a boot loader starts
_MAX_BYTES = 16 << 20
_FILE = re.compile(r"[A-Z0-9_]+(-[A-Z0-9_]+)?-\d{8}-v[0-9.]+\.bin")

Progress = Callable[[int, int], None]  # bytes so far, bytes in all or 0


@dataclass(frozen=True)
class Locked:
    """One row of a lock: the image's file name, and its SHA-256 in hex or "" if none is pinned."""

    file: str
    sha256: str


def locked(firmware: str) -> Locked:
    """Return the image that is locked for MicroPython's board name; the person's own lock wins.

    Raises UserError if there is none or a lock is damaged.
    """
    for path in (own_lock(), _SHIPPED):
        row = _read(path).get(firmware)
        if row:
            return row
    raise UserError(
        f"no image is locked for {firmware}",
        f"{_SHIPPED.name} has none",
        "limpet flash --firmware FILE --sha256 HEX",
    )


def own_lock() -> Path:
    """Return the path of the person's own lock, which need not exist."""
    return cache_dir() / "firmware.lock"


def pin(firmware: str, file: str, sha256: str) -> None:
    """Add an image to the person's own lock, or replace it there."""
    rows = _read(own_lock()) | {firmware: Locked(file, sha256.lower())}
    text = "".join(
        f'[{name}]\nfile = "{row.file}"\nsha256 = "{row.sha256}"\n\n' for name, row in rows.items()
    )
    write_atomic(own_lock(), text.encode())


def pin_file(firmware: str, file: str, sha256: str, data: bytes) -> None:
    """Pin a person's own image and keep it; one whose name is not official is left unpinned."""
    if _FILE.fullmatch(file):
        write_atomic(cache_dir() / "firmware" / file, data)
        pin(firmware, file, sha256)


def fetch(
    firmware: str, progress: Progress, site: str = SITE, tell: Callable[[str], None] = print
) -> Path:
    """Return the locked image of a board as a file, from the cache or downloaded.

    Nothing that differs from its hash is kept or returned. The first download of an image that no
    hash is pinned for is trusted: it is pinned in the person's own lock, and `tell` gets the hash,
    to be compared with somebody else's. Raises UserError.
    """
    row = locked(firmware)
    path = cache_dir() / "firmware" / row.file
    if path.is_file() and row.sha256:
        if _sha256(path.read_bytes()) == row.sha256:
            return path
        path.unlink()  # damaged on the disk: fetched again
    data = path.read_bytes() if path.is_file() else _download(f"{site}/{row.file}", progress)
    found = _sha256(data)
    if row.sha256 and found != row.sha256:
        raise UserError(
            f"{row.file} is not the image that is locked",
            f"SHA-256 {found}, expected {row.sha256}; {len(data)} bytes came",
            "try another network, or a file of yours: limpet flash --firmware FILE --sha256 HEX",
        )
    if data[:1] != _IMAGE:
        raise UserError(
            f"{row.file} could not be fetched",
            f"what {site} gave begins as no image does: {data[:20]!r}",
            "log in to this network, or fetch it elsewhere: limpet flash --firmware FILE",
        )
    write_atomic(path, data)
    if not row.sha256:
        pin(firmware, row.file, found)
        tell(f"trusted at first use: {row.file} has SHA-256 {found}, pinned in {own_lock()}")
    return path


def take(path: Path, sha256: str | None) -> bytes:
    """Return a person's own image. Raises UserError if it cannot be read or the hash differs."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UserError(f"{path} cannot be read", str(e), "name a MicroPython .bin file") from e
    if sha256 is not None and _sha256(data) != sha256.lower():
        raise UserError(
            f"{path} is not the file that --sha256 names",
            f"it has {_sha256(data)}",
            "download it again, or correct the hash",
        )
    return data


def _read(path: Path) -> dict[str, Locked]:
    if not path.is_file():
        return {}
    try:
        rows = tomllib.loads(path.read_text())
        found = {name: Locked(str(row["file"]), str(row["sha256"])) for name, row in rows.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as e:
        raise UserError(f"{path} is no lock", repr(e), f"mend it or remove it: {path}") from e
    for name, row in found.items():
        if not _FILE.fullmatch(row.file) or not re.fullmatch("([0-9a-f]{64})?", row.sha256):
            raise UserError(f"{path} is no lock", f"[{name}] has {row}", f"mend {path}")
    return found


def _download(url: str, progress: Progress) -> bytes:
    got = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:
            total = int(reply.headers.get("Content-Length") or 0)
            while part := reply.read(_CHUNK):
                got += part
                progress(len(got), total)
                if len(got) > _MAX_BYTES:
                    raise OSError("it is larger than any flash")
        if total and len(got) != total:
            raise OSError(f"{len(got)} of {total} bytes came")
    except (OSError, ValueError) as e:
        if isinstance(e, urllib.error.HTTPError):
            e.close()
        raise UserError(
            f"{url.rpartition('/')[2]} could not be fetched",
            f"{url}: {e}",
            "limpet flash --firmware FILE, with a file that you fetched elsewhere",
        ) from e
    return bytes(got)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
