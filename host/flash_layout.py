"""A base image, MicroPython for a chip: is it one, is it whole, what is where.

Sources: Espressif's documents of the application image format and of the partition table.
"""

import hashlib
import re
import struct
from dataclasses import dataclass

from host.boards import BoardSpec
from host.errors import UserError

_TABLE = 0x8000  # of the flash
_TABLE_BYTES = 0xC00
_IMAGE_MAGIC = 0xE9
_ENTRY = struct.Struct("<2sBBII16sI")
_APP = 0
_VERSION = re.compile(rb"v(\d+)\.(\d+)\.(\d+)[^ \0]{0,40} on \d{4}-\d\d-\d\d")
_MPY_6_SINCE = (1, 19)  # MicroPython's first release that loads .mpy files of version 6


@dataclass(frozen=True)
class Partition:
    """One row of the table. Offset and size are bytes; kind and subtype any 8-bit number."""

    name: str
    kind: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Return the first byte after it."""
        return self.offset + self.size


@dataclass(frozen=True)
class Base:
    """A base image that was checked. version: of MicroPython, () if it does not say."""

    data: bytes
    offset: int
    partitions: tuple[Partition, ...]
    version: tuple[int, ...]

    def files_at(self, flash_bytes: int) -> tuple[int, int]:
        """Return (offset, size) of the file system on a flash of this size, in bytes.

        The partition "vfs", or what is left after the last one where there is none, as MicroPython
        has it since 1.26. Raises UserError if nothing is left or the table needs a larger flash.
        """
        end = max(part.end for part in self.partitions)
        vfs = [part for part in self.partitions if part.name == "vfs"]
        offset, size = (vfs[0].offset, vfs[0].size) if vfs else (end, flash_bytes - end)
        if max(end, offset + size) > flash_bytes or size < 16 * 4096:
            raise UserError(
                f"the base image does not fit {flash_bytes >> 20} MB of flash",
                f"its partitions end at {end:#x}, its files at {offset + size:#x}",
                "take the image for this board's flash size",
            )
        return offset, size

    def check_bytecode(self, mpy: bytes) -> None:
        """Raise UserError if MicroPython in this image cannot load such a .mpy file."""
        if mpy[0:2] != b"M\x06" or (self.version and self.version < _MPY_6_SINCE):
            found = ".".join(map(str, self.version)) or "unknown"
            raise UserError(
                f"MicroPython {found} cannot load the agent",
                f"its bytecode is of version {mpy[1]}, which takes MicroPython 1.19 or newer",
                "take a newer image",
            )


def parse_base(data: bytes, board: BoardSpec) -> Base:
    """Return a base image for a board, checked: boot loader, table, application, chip.

    Raises UserError that says which part is wrong.
    """
    start = board.base_offset
    _check_image(data, 0, board, "boot loader")
    partitions = _table(data[_TABLE - start : _TABLE - start + _TABLE_BYTES])
    apps = [part for part in partitions if part.kind == _APP]
    if not apps:
        raise _bad("its partition table has no application")
    app = min(apps, key=lambda part: part.offset)
    _check_image(data, app.offset - start, board, "application")
    end = max(part.end for part in partitions)
    if start + len(data) > end:
        raise _bad(f"it is longer than its partitions, which end at {end:#x}")
    said = _VERSION.search(data, app.offset - start)
    version = tuple(map(int, said.groups())) if said else ()
    return Base(data, start, partitions, version)


def _check_image(data: bytes, at: int, board: BoardSpec, part: str) -> None:
    """Check one image within data: magic, chip, segments, checksum and digest."""
    if len(data) < at + 24:
        raise _bad(f"it ends before its {part}")
    magic, segments = data[at], data[at + 1]
    if magic != _IMAGE_MAGIC:
        raise _bad(f"its {part} begins with {magic:#04x}, not with {_IMAGE_MAGIC:#04x}")
    (chip_id,) = struct.unpack_from("<H", data, at + 12)
    if chip_id != board.silicon.image_id:
        raise UserError(
            f"this image is not for an {board.silicon.title}",
            f"its {part} names chip {chip_id}, {board.name} has {board.silicon.image_id}",
            f"take {board.firmware} for it, or name another --board",
        )
    end, checksum = at + 24, 0xEF
    for _ in range(segments):
        if end + 8 > len(data):
            raise _bad(f"its {part} is cut off")
        (size,) = struct.unpack_from("<I", data, end + 4)
        checksum ^= _xor(data[end + 8 : end + 8 + size])
        end += 8 + size
    end += 16 - (end - at) % 16
    if end > len(data):
        raise _bad(f"its {part} is cut off")
    if data[end - 1] != checksum:
        raise _bad(f"the checksum of its {part} is wrong")
    if data[at + 23] == 1 and data[end : end + 32] != hashlib.sha256(data[at:end]).digest():
        raise _bad(f"the SHA-256 of its {part} is wrong")


def _xor(data: bytes) -> int:
    """Return all bytes XORed, by halves: a megabyte in one step each."""
    while len(data) > 1:
        half = len(data) // 2
        mixed = int.from_bytes(data[:half]) ^ int.from_bytes(data[half : 2 * half])
        data = mixed.to_bytes(half) + data[2 * half :]
    return data[0] if data else 0


def _table(data: bytes) -> tuple[Partition, ...]:
    found: list[Partition] = []
    for at in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, subtype, offset, size, name, _ = _ENTRY.unpack_from(data, at)
        if magic == b"\xeb\xeb":
            if data[at + 16 : at + 32] != hashlib.md5(data[:at], usedforsecurity=False).digest():
                raise _bad("the MD5 of its partition table is wrong")
            break
        if magic != b"\xaa\x50":
            break
        text = name.rstrip(b"\0").decode("ascii", "replace")
        found.append(Partition(text, kind, subtype, offset, size))
    ordered = sorted(found, key=lambda part: part.offset)
    for one, other in zip(ordered, ordered[1:], strict=False):
        if other.offset < one.end:
            raise _bad(f"its partitions {one.name} and {other.name} overlap")
    if not found:
        raise _bad("it has no partition table")
    return tuple(found)


def _bad(why: str) -> UserError:
    return UserError("this is no MicroPython image that can be written", why, "download it again")
