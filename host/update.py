"""Updates over the air: a release is built, signed, and handed out block by block.

docs/update.md says how a board takes one. A release is a folder: job.json says what it is, files/
has the agent, job.signed is what is retained on each board's down/job.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from firmware import wire
from host import rsa
from host.errors import UserError
from host.image import slot_files

BLOCK_BYTES = 1024
SIGNATURE_DIGITS = rsa.BITS // 4
_LAST = "app.mpy"  # without it a slot is none
_JOB, _SIGNED, _FILES = "job.json", "job.signed", "files"


@dataclass(frozen=True)
class Release:
    """An agent as an update. body: of the job, as it is signed. files: by name."""

    body: bytes
    files: Mapping[str, bytes]

    @property
    def job(self) -> dict[str, Any]:
        """The job, see wire.FIELDS."""
        return wire.decode(wire.JOB, self.body)

    def block(self, request: bytes) -> bytes | None:
        """Return what to publish on down/blob for a request on up/blob, None if it is not ours."""
        try:
            wanted = wire.decode(wire.WANTED, request)
        except wire.WireError:
            return None
        data, at = self.files.get(str(wanted["f"])), wanted["o"]
        if wanted["id"] != self.job["id"] or data is None or not isinstance(at, int):
            return None
        if not 0 <= at < len(data):
            return None
        return f"{wanted['id']} {wanted['f']} {at}\n".encode() + data[at : at + BLOCK_BYTES]


def build(
    fw: str,
    n: int | None = None,
    boards: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Release:
    """Return a release of this limpet's agent.

    fw: what people call it. n: larger than of each release before; default: Unix seconds. boards:
    names of board files, none: all. files: another agent, by name. Raises UserError if a board
    could not take it.
    """
    if files is None:
        files = {PurePosixPath(path).name: data for path, data in slot_files("a").items()}
    n = int(time.time()) if n is None else n
    order = sorted(files, key=lambda name: (name == _LAST, name))
    job: dict[str, Any] = {
        "id": f"{fw}-{n}".replace(" ", "_"),
        "n": n,
        "fw": fw,
        "mpy": files[_LAST][:2].hex(),
        "files": [[name, len(files[name]), _digest(files[name])] for name in order],
    }
    if boards:
        job["boards"] = list(boards)
    body = wire.encode(job)
    if len(body) + SIGNATURE_DIGITS > wire.MAX_IN or any("/" in name for name in files):
        raise UserError(
            "a board cannot take this release",
            f"its job has {len(body) + SIGNATURE_DIGITS} bytes, at most {wire.MAX_IN} arrive",
            "fewer files, or fewer boards",
        )
    return Release(body, dict(files))


def signed(body: bytes, key: rsa.PrivateKey) -> bytes:
    """Return the payload for down/job."""
    return key.sign(body).hex().encode() + body


def is_signed(payload: bytes, public_hex: str) -> bool:
    """Return whether a payload for down/job was signed with a key, as boards see it."""
    try:
        signature = bytes.fromhex(payload[:SIGNATURE_DIGITS].decode())
    except ValueError:
        return False
    return rsa.verify(public_hex, payload[SIGNATURE_DIGITS:], signature)


def write(release: Release, folder: Path) -> None:
    """Write a release that is not signed yet into a folder."""
    (folder / _FILES).mkdir(parents=True, exist_ok=True)
    for name, data in release.files.items():
        (folder / _FILES / name).write_bytes(data)
    (folder / _SIGNED).unlink(missing_ok=True)
    (folder / _JOB).write_bytes(release.body)


def read(folder: Path) -> Release:
    """Return the release in a folder. Raises UserError if its files are not those of its job."""
    try:
        body = (folder / _JOB).read_bytes()
        rows = json.loads(body)["files"]
        files = {name: (folder / _FILES / name).read_bytes() for name, _, _ in rows}
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UserError(f"{folder} is no release", str(e), "limpet update build") from e
    for name, size, digest in rows:
        if (len(files[name]), _digest(files[name])) != (size, digest):
            raise UserError(
                f"{name} is not the file of this release",
                "its hash differs from the one in job.json",
                "limpet update build",
            )
    return Release(body, files)


def sign(folder: Path, key: rsa.PrivateKey) -> Path:
    """Sign the release in a folder; return the file with what goes on down/job."""
    path = folder / _SIGNED
    path.write_bytes(signed(read(folder).body, key))
    return path


def read_signed(folder: Path) -> bytes:
    """Return what goes on down/job. Raises UserError if the release is not signed as it is."""
    release = read(folder)
    try:
        payload = (folder / _SIGNED).read_bytes()
    except OSError as e:
        raise UserError(f"{folder} is not signed", str(e), "limpet update sign") from e
    if payload[SIGNATURE_DIGITS:] != release.body:
        raise UserError(
            f"{folder} was signed before it was built", "job.signed is older", "limpet update sign"
        )
    return payload


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
