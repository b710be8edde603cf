"""`limpet flash`: what is to be done with a board, as steps, and doing them."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from host import flash_tool, flash_volume
from host.boards import BoardSpec
from host.cache import cache_dir
from host.errors import UserError
from host.flash_messages import explain, is_known
from host.flash_tool import Progress, ToolFailed
from host.image_build import Region
from host.secret_file import write_secret

_BLOCK = 4096
# What the agent brings itself; everything else on a board is its owner's.
_OURS = ("/boot.py", "/main.py", "/board.json", "/slot", "/slot.new", "/firmware/", "/b/")


@dataclass(frozen=True)
class Found:
    """What answered on a port. chip: as esptool names it."""

    chip: str
    flash_bytes: int
    mac: str


@dataclass(frozen=True)
class Step:
    """One run of esptool. regions: the files that follow `arguments`, each after its offset."""

    what: str
    arguments: tuple[str, ...]
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True)
class Port:
    """Where the board is, and how fast it is spoken to."""

    name: str
    baud: int
    board: BoardSpec
    progress: Progress

    def run(self, *arguments: str) -> str:
        """Run esptool here and return what it printed. Raises UserError that explains."""
        try:
            return flash_tool.run(self.name, ["--baud", str(self.baud), *arguments], self.progress)
        except ToolFailed as e:
            raise explain(str(e), self.name, self.board.name) from e


def detect(port: Port) -> Found:
    """Return what is on a port. Raises UserError, also where the answer cannot be understood."""
    text = port.run("flash-id")
    chip = re.search(r"Connected to (ESP\S+) on", text)
    size = re.search(r"Detected flash size:\s*(\d+)(MB|KB)", text)
    mac = re.search(r"^MAC:\s+(\S+)", text, re.M)
    if not (chip and size and mac):
        if is_known(text):
            raise explain(text, port.name, port.board.name)
        raise UserError(
            f"{port.name} answers, but not as expected",
            "chip, flash size or MAC is missing in what esptool says",
            "run the same command again; python -m esptool flash-id shows what it says",
        )
    unit = 1 << 20 if size[2] == "MB" else 1 << 10
    return Found(chip[1], int(size[1]) * unit, mac[1])


def plan(
    board: BoardSpec, found: Found, regions: Sequence[Region], erase: bool = False
) -> list[Step]:
    """Return the steps that put these regions onto the chip that was found.

    Raises UserError for a wrong chip, regions that overlap, and what is beyond the flash.
    """
    if found.chip != board.silicon.title:
        raise UserError(
            f"this board is no {board.title}",
            f"its chip is an {found.chip}, not an {board.silicon.title}",
            f"limpet flash --board, with a board of chip {found.chip}: see limpet boards",
        )
    ordered = sorted(regions, key=lambda region: region.offset)
    for one, other in zip(ordered, ordered[1:], strict=False):
        if one.end > other.offset:
            raise UserError(
                f"{one.name} and {other.name} overlap",
                f"{one.name} ends at {one.end:#x}, {other.name} begins at {other.offset:#x}",
                "take the base image for this board's flash size",
            )
    for region in ordered:
        if region.end > found.flash_bytes or region.offset % _BLOCK:
            raise UserError(
                f"{region.name} does not fit the flash",
                f"it is to lie from {region.offset:#x} to {region.end:#x}; the board has "
                f"{found.flash_bytes >> 20} MB",
                "take the base image for this board's flash size",
            )
    steps = [Step("erase", ("erase-flash",))] if erase else []
    # Kept as they are: the header's flash size is what the digest in the image was made over.
    keep = ("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep")
    return [*steps, Step("write", ("write-flash", *keep), tuple(ordered))]


def apply(steps: Sequence[Step], port: Port) -> None:
    """Do the steps; each region's MD5 was compared when this returns. Raises UserError."""
    with tempfile.TemporaryDirectory(prefix="limpet-flash-") as folder:
        for step in steps:
            arguments = list(step.arguments)
            for region in step.regions:
                path = Path(folder, f"{region.name}.bin")
                path.write_bytes(region.data)
                arguments += [f"{region.offset:#x}", str(path)]
            text = port.run(*arguments)
            verified = text.count("Hash of data verified")
            if verified != len(step.regions):
                raise explain("digest mismatch", port.name, port.board.name)


def owned(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those files of a board that are its owner's: settings, rules, scripts, memory."""
    return {path: data for path, data in files.items() if not path.startswith(_OURS)}


def keep(port: Port, found: Found, offset: int, size: int) -> dict[str, bytes]:
    """Return the owner's files of the board, {} if it never had the agent.

    They are read from the flash, and kept in the cache under the chip's MAC until `forget`: a
    write that broke off leaves a flash that cannot be read. Raises UserError for files of
    another program.
    """
    saved = _saved(found)
    try:
        files = flash_volume.unpack(_read(port, offset, size))
    except UserError as e:
        if "no file system" not in e.what:
            raise
        files = {}
    if "/board.json" not in files:
        if set(files) - {"/boot.py"}:  # which MicroPython makes by itself
            raise UserError(
                "the board has files of another program",
                ", ".join(sorted(files)[:5]),
                "save them with mpremote, then limpet flash --erase",
            )
        if not saved.is_file():
            return {}
        files = flash_volume.unpack(saved.read_bytes())
    kept = owned(files)
    saved.parent.mkdir(mode=0o700, exist_ok=True)
    write_secret(saved, flash_volume.pack(kept, size))
    return kept


def forget(found: Found) -> None:
    """Remove what `keep` kept: the board has it again."""
    _saved(found).unlink(missing_ok=True)


def _saved(found: Found) -> Path:
    return cache_dir() / "kept" / f"{found.mac.replace(':', '')}.bin"


def _read(port: Port, offset: int, size: int) -> bytes:
    with tempfile.TemporaryDirectory(prefix="limpet-read-") as folder:
        path = Path(folder, "flash.bin")
        where = ("read-flash", f"{offset:#x}", f"{size:#x}", str(path))
        try:
            port.run(*where)
        except UserError:
            port.run("--no-stub", *where)  # slower, and understood where the stub is not
        return path.read_bytes()
