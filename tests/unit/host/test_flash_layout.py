"""What a base image must be before anything of it is written."""

from collections.abc import Callable

import pytest

from host.boards import board_names, load_board
from host.errors import UserError
from host.flash_layout import parse_base
from tests.base_images import FOUR_MB, WITH_VFS, Row, application, base_image, table

BOARD = load_board("esp32-devkit")
GOOD = base_image(BOARD)
MB = 1 << 20
OTA: tuple[Row, ...] = (
    FOUR_MB[0],
    ("otadata", 1, 0, 0xF000, 0x1000),
    ("ota_0", 0, 0x10, 0x10000, 0x180000),
    ("ota_1", 0, 0x11, 0x190000, 0x180000),
)
ODD: tuple[Row, ...] = (*FOUR_MB, ("secret", 0x99, 0xFE, 0x200000, 0x10000))
WHERE = {
    "no vfs entry: from the last partition to the end": (FOUR_MB, 4, (0x200000, 0x200000)),
    "no vfs entry on a larger flash": (FOUR_MB, 16, (0x200000, 14 * MB)),
    "two slots of MicroPython": (OTA, 4, (0x310000, 0xF0000)),
    "a vfs entry is honoured": (WITH_VFS, 16, (0x200000, 0x200000)),
    "a partition of a type of somebody's own": (ODD, 4, (0x210000, 0x1F0000)),
}


@pytest.mark.parametrize("rows, flash_mb, where", WHERE.values(), ids=WHERE)
def test_where_the_files_go(rows: tuple[Row, ...], flash_mb: int, where: tuple[int, int]) -> None:
    base = parse_base(base_image(BOARD, rows), BOARD)
    assert base.files_at(flash_mb * MB) == where
    assert base.version == (1, 27, 0)


@pytest.mark.parametrize("name", board_names())
def test_an_image_for_each_board_is_taken(name: str) -> None:
    board = load_board(name)
    assert parse_base(base_image(board), board).files_at(board.flash_mb * MB)[0] == 0x200000


def put(at: int, data: bytes) -> Callable[[], bytes]:
    start = at - BOARD.base_offset
    return lambda: GOOD[:start] + data + GOOD[start + len(data) :]


OVERLAP: tuple[Row, ...] = (*FOUR_MB, ("vfs", 1, 0x81, 0x1F0000, 0x200000))
BAD = {
    "a web page": (lambda: b"<html>not found</html>" * 9, "boot loader begins with 0x3c"),
    "an empty file": (lambda: b"", "it ends before its boot loader"),
    "for another chip": (lambda: base_image(BOARD, chip_id=5), "names chip 5"),
    "an application for another chip": (put(0x10000, application(9, b"x" * 64)), "names chip 9"),
    "cut in the boot loader": (lambda: GOOD[:300], "its boot loader is cut off"),
    "cut before the table": (lambda: GOOD[:0x6000], "no partition table"),
    "cut in the application": (lambda: GOOD[:-40], "its application is cut off"),
    "cut before the application": (lambda: GOOD[: 0x10000 - 0x1000], "before its application"),
    "a bit that flipped in the application": (put(0x10100, b"\0"), "the checksum of its app"),
    "a bit that flipped in the table": (put(0x8006, b"\1"), "the MD5 of its partition table"),
    "a digest that is another": (lambda: GOOD[:-1] + b"\0", "the SHA-256 of its application"),
    "partitions that overlap": (put(0x8000, table(OVERLAP)), "factory and vfs overlap"),
    "no application in the table": (put(0x8000, table(FOUR_MB[:2])), "has no application"),
    "longer than its partitions": (
        lambda: GOOD.ljust(0x200000, b"\0"),
        "longer than its partitions",
    ),
}


@pytest.mark.parametrize("make, words", BAD.values(), ids=BAD)
def test_what_is_no_base_image_is_refused(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_base(make(), BOARD)
    assert words in str(caught.value)


def test_a_flash_that_is_too_small_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit 2 MB"):
        parse_base(GOOD, BOARD).files_at(2 * MB)


VERSIONS = {
    "a newer one": (b"MicroPython v1.29.1 on 2026-09-01;", True),
    "a preview": (b"MicroPython v1.28.0-preview.12.gabc on 2026-01-01;", True),
    "one that does not say": (b"some bytes", True),
    "one with older bytecode": (b"MicroPython v1.18 on 2022-01-17; v1.18.0 on 2022-01-17", False),
}


@pytest.mark.parametrize("banner, loads", VERSIONS.values(), ids=VERSIONS)
def test_bytecode_that_the_image_cannot_load_is_refused(banner: bytes, loads: bool) -> None:
    base = parse_base(base_image(BOARD, banner=banner), BOARD)
    if loads:
        base.check_bytecode(b"M\x06\x00\x1f")
        return
    with pytest.raises(UserError, match="cannot load the agent"):
        base.check_bytecode(b"M\x06\x00\x1f")
