"""A board's file system as bytes: made on this machine as MicroPython would make it there."""

from collections.abc import Mapping

from littlefs.errors import LittleFSError

from host.emulator.board_files import BoardFiles
from host.emulator.filesystem import FileSystem
from host.emulator.flash import BLOCK, FlashChip
from host.errors import UserError


def pack(files: Mapping[str, bytes], size: int) -> bytes:
    """Return a LittleFS image of exactly `size` bytes that holds these files.

    It was mounted anew and read back. Raises UserError if the files do not fit.
    """
    chip = FlashChip(size // BLOCK)
    volume = FileSystem(chip)
    try:
        for path in sorted(files):
            volume.write(path, files[path])
    except LittleFSError as e:
        total = sum(map(len, files.values()))
        raise UserError(
            f"{total} bytes of files do not fit {size // 1024} KB of flash",
            str(e),
            "leave some out",
        ) from e
    image = chip.image()
    if unpack(image) != dict(files):
        raise AssertionError("an image does not hold what was put into it")
    return image


def unpack(image: bytes) -> dict[str, bytes]:
    """Return the files of an image: {path: content}. Raises UserError if it is none."""
    chip = FlashChip(len(image) // BLOCK)
    chip.load(image)
    try:
        files = BoardFiles(FileSystem(chip))
        found = {path: files.read(path) for path in files.ls()}
    except (LittleFSError, OSError) as e:
        raise _none(image, str(e)) from e
    if chip.counters.writes:  # what cannot be mounted is formatted, as on the board
        raise _none(image, "it cannot be mounted with this block count")
    return found


def _none(image: bytes, why: str) -> UserError:
    return UserError(
        "this is no file system of a board",
        f"of {len(image) // BLOCK} blocks: {why}",
        "check where it was read from, and its size",
    )


def used(image: bytes) -> bytes:
    """Return the image up to its last block that holds anything; the rest need not be written."""
    return image[: -(-len(image.rstrip(b"\xff")) // BLOCK) * BLOCK]
