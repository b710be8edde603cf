"""Base images made by hand: the smallest that have a boot loader, a partition table, an application."""

import hashlib
import struct
from collections.abc import Sequence

from host.boards import BoardSpec

Row = tuple[str, int, int, int, int]  # name, kind, subtype, offset, size
FOUR_MB: tuple[Row, ...] = (
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
)
WITH_VFS: tuple[Row, ...] = (*FOUR_MB, ("vfs", 1, 0x81, 0x200000, 0x200000))
BANNER = b"MicroPython v1.27.0 on 2025-12-09; "


def application(chip_id: int, content: bytes) -> bytes:
    """Return an image with one segment, its checksum and its SHA-256."""
    content += b"\0" * (-len(content) % 4)
    header = struct.pack("<BBBBI4sH9xB", 0xE9, 1, 2, 0x20, 0x40080000, b"\xee" * 4, chip_id, 0)
    header = header[:23] + b"\1"
    data = header + struct.pack("<II", 0x3F400020, len(content)) + content
    checksum = 0xEF
    for byte in content:
        checksum ^= byte
    data += b"\0" * (15 - len(data) % 16) + bytes([checksum])
    return data + hashlib.sha256(data).digest()


def table(rows: Sequence[Row] = FOUR_MB, md5: bool = True) -> bytes:
    """Return a partition table."""
    data = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, name.encode(), 0)
        for name, kind, subtype, offset, size in rows
    )
    if md5:
        data += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(data, usedforsecurity=False).digest()
    return data + b"\xff" * (0xC00 - len(data))


def base_image(
    board: BoardSpec,
    rows: Sequence[Row] = FOUR_MB,
    banner: bytes = BANNER,
    chip_id: int | None = None,
) -> bytes:
    """Return a whole base image for a board's chip."""
    chip = board.silicon.image_id if chip_id is None else chip_id
    start = board.base_offset
    data = application(chip, b"the second stage of a boot loader" * 20)
    data = data.ljust(0x8000 - start, b"\xff") + table(rows)
    return data.ljust(0x10000 - start, b"\xff") + application(chip, banner * 300)
