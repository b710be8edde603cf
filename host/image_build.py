"""`limpet image build`: the files of a board as one image, alone, merged, or for a web page."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host import flash_volume
from host.boards import BoardSpec
from host.emulator import World
from host.emulator.vm_module import load_module
from host.errors import UserError
from host.flash_layout import Base, parse_base
from host.image import board_files, firmware_files

_BOOT_S = 60.0  # of the wall's time
_BOOT_LINE = "limpet "  # what the agent prints first


@dataclass(frozen=True)
class Region:
    """Bytes for one place of the flash. offset: from flash 0."""

    name: str
    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """Return the first byte after it."""
        return self.offset + len(self.data)


def files_region(
    board: BoardSpec,
    settings: Mapping[str, Any] | None,
    base: Base | None = None,
    flash_bytes: int | None = None,
    kept: Mapping[str, bytes] | None = None,
) -> Region:
    """Return the whole file system of a new board, which was booted on the emulator.

    settings: None for an image that many boards get, which is then provisioned over serial. base:
    says where the files begin; MicroPython's usual layout otherwise. kept: files of a board that
    are to stay, by path.
    """
    if flash_bytes:
        board = board.model_copy(update={"flash_mb": flash_bytes >> 20})
    size = board.flash_mb << 20
    offset, length = base.files_at(size) if base else (board.vfs_offset, size - board.vfs_offset)
    files = board_files(board, settings or {})
    if settings is None:
        del files["/settings.json"]
    files |= kept or {}
    if base:
        for path, content in firmware_files().items():
            if path.endswith(".mpy"):
                base.check_bytecode(content)
    image = flash_volume.pack(files, length)
    boots(board, image)
    return Region("files", offset, image)


def fitting(board: BoardSpec, image: bytes) -> BoardSpec:
    """Return the board with a file system of an image's size."""
    return board.model_copy(update={"vfs_offset": (board.flash_mb << 20) - len(image)})


def given_region(path: Path, board: BoardSpec, offset: int, size: int) -> Region:
    """Return the file system that `image build` wrote to a file, which was booted again.

    offset, size: where the board's flash has it. Raises UserError.
    """
    image, _ = read_image(path)
    if len(image) != size:
        raise UserError(
            f"{path} is for another flash",
            f"it has {len(image) >> 10} KB, the board has {size >> 10} KB for files",
            "limpet flash --settings FILE, which builds one for this flash",
        )
    boots(board, image)
    return Region("files", offset, image)


def read_image(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the file system in a file, and the settings in that, or {}. Raises UserError."""
    try:
        image = path.read_bytes()
        return image, json.loads(flash_volume.unpack(image).get("/settings.json", b"{}"))
    except (OSError, ValueError) as e:
        raise UserError(f"{path} cannot be read", str(e), "limpet image build writes one") from e


def boots(board: BoardSpec, image: bytes) -> None:
    """Raise UserError unless the emulator boots the agent from these very bytes."""
    load_module()  # the first time takes longer than a board may take to boot
    with tempfile.TemporaryDirectory(prefix="limpet-image-") as folder, World(seed=1) as world:
        storage = Path(folder, "flash")
        storage.write_bytes(image)
        emulated = world.board(fitting(board, image), storage=storage)
        emulated.start()
        ends = (_BOOT_LINE, "Traceback")
        with suppress(TimeoutError):
            world.wait_for(lambda: any(end in emulated.serial.text for end in ends), _BOOT_S)
        text = emulated.serial.text
    if _BOOT_LINE not in text:
        said = text.strip() or "nothing"
        raise UserError("the image does not boot on the emulator", f"it said: {said}", "report it")


def merged(regions: list[Region]) -> bytes:
    """Return one image for flash 0 on, with 0xFF between the regions."""
    image = bytearray()
    for region in sorted(regions, key=lambda r: r.offset):
        if region.offset < len(image):
            raise AssertionError(f"{region.name} overlaps what is before it")
        image += b"\xff" * (region.offset - len(image)) + region.data
    return bytes(image)


def base_region(base: Base) -> Region:
    """Return MicroPython itself as a region."""
    return Region("base", base.offset, base.data)


def load_base(path: Path, board: BoardSpec) -> Base:
    """Return the base image in a file, checked."""
    try:
        return parse_base(path.read_bytes(), board)
    except OSError as e:
        raise UserError(f"{path} cannot be read", str(e), "name a MicroPython .bin file") from e


def write_web(folder: Path, board: BoardSpec, base: Base, version: str) -> list[Path]:
    """Write what ESP Web Tools takes: a manifest and its parts, without settings or keys.

    The board that gets it waits for `limpet provision`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = files_region(board, None, base)
    parts = [base_region(base), Region(files.name, files.offset, flash_volume.used(files.data))]
    written: list[Path] = []
    for part in parts:
        written.append(folder / f"{board.name}-{part.name}.bin")
        written[-1].write_bytes(part.data)
    manifest = {
        "name": f"Limpet on {board.title}",
        "version": version,
        "new_install_prompt_erase": True,
        "builds": [
            {
                "chipFamily": board.silicon.title,
                "parts": [
                    {"path": path.name, "offset": part.offset}
                    for path, part in zip(written, parts, strict=True)
                ],
            }
        ],
    }
    written.append(folder / "manifest.json")
    written[-1].write_text(json.dumps(manifest, indent=2) + "\n")
    return written
