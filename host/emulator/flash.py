"""The flash chip: blocks that are erased to 0xFF and programmed, counted, and cut off at will."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

BLOCK = 4096
_ERASED = b"\xff"


@dataclass
class FlashCounters:
    """Operations since the chip was made; erases: how often each block was erased."""

    reads: int = 0
    programs: int = 0
    erases: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def writes(self) -> int:
        """Programs and erases together: the operations that a power cut may interrupt."""
        return self.programs + sum(self.erases.values())


class FlashChip:
    """`blocks` blocks of 4096 bytes, in memory or in the file `storage`, which is made if absent.

    Also what littlefs-python calls for each operation (its "user context"). Blocks never written
    take no memory; those of `base`, {block: content}, are shared until they change. `cut_after(n)`
    lets n more programs and erases through, then the supply fails: that operation does not happen,
    or if torn only its first part does, and nothing after it. endurance: erases that each block
    stands; from then on one bit of it stays 0. None: any number.
    """

    def __init__(
        self,
        blocks: int,
        storage: Path | None = None,
        seed: int = 0,
        base: Mapping[int, bytes] | None = None,
    ) -> None:
        self.blocks = blocks
        self.counters = FlashCounters()
        self.is_cut = False
        self.endurance: int | None = None
        self._left: int | None = None
        self._torn = False
        self._random = random.Random(seed)
        self._content: dict[int, bytes | bytearray] = dict(base or {})
        self._file: IO[bytes] | None = self._open(storage) if storage else None

    def _open(self, path: Path) -> IO[bytes]:
        size = self.blocks * BLOCK
        if path.exists() and path.stat().st_size:
            image = path.read_bytes()
            if len(image) != size:
                raise ValueError(f"{path} has {len(image)} bytes, this board's flash has {size}")
            self.load(image)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_ERASED * size)
        return path.open("r+b", buffering=0)

    def load(self, image: bytes) -> None:
        """Replace the content in memory; not a storage file's."""
        self._content.clear()
        for block in range(self.blocks):
            content = image[block * BLOCK : (block + 1) * BLOCK]
            if content.count(_ERASED) != BLOCK:
                self._content[block] = bytearray(content)

    def wipe(self) -> None:
        """Erase all of it, a storage file's content too; not counted as wear."""
        self._content.clear()
        if self._file:
            self._file.seek(0)
            self._file.write(_ERASED * (self.blocks * BLOCK))

    def cut_after(self, operations: int | None, torn: bool = False) -> None:
        """Fail the supply at the program or erase after `operations` more; None calls it off."""
        self._left = operations
        self._torn = torn

    def flip(self, block: int, bit: int) -> None:
        """Turn one of a block's 32,768 bits over, as radiation or a weak cell does."""
        offset = bit // 8
        old = self._content.get(block, _ERASED * BLOCK)[offset]
        self._store(block, offset, bytes([old ^ 1 << bit % 8]))

    def restore(self) -> None:
        """Give the chip its supply back."""
        self.is_cut = False
        self._left = None

    def image(self) -> bytes:
        """Return the whole content."""
        empty = _ERASED * BLOCK
        return b"".join(bytes(self._content.get(b, empty)) for b in range(self.blocks))

    def content(self) -> dict[int, bytes]:
        """Return {block: content} of those that were ever written."""
        return {block: bytes(content) for block, content in self._content.items()}

    def close(self) -> None:
        """Let go of the storage file."""
        if self._file:
            self._file.close()
            self._file = None

    # The four calls of LittleFS. An exception would not pass through its C code, so a cut chip
    # answers "I/O error" and the file system above looks at is_cut.

    def read(self, _config: Any, block: int, offset: int, size: int) -> bytes:
        """Return `size` bytes of a block."""
        self.counters.reads += 1
        content = self._content.get(block)
        if content is None:
            return _ERASED * size
        return bytes(content[offset : offset + size])

    def prog(self, _config: Any, block: int, offset: int, data: bytes) -> int:
        """Program bytes of an erased block: a 1 may become a 0, never the reverse."""
        if not self._powered():
            if self._tear():
                part = data[: self._random.randrange(len(data))]
                self._program(block, offset, part)
            return -5
        self.counters.programs += 1
        self._program(block, offset, data)
        return 0

    def erase(self, _config: Any, block: int) -> int:
        """Set a block to 0xFF."""
        if not self._powered():
            if self._tear():
                keep = self._random.randrange(BLOCK)
                old = self._content.get(block, _ERASED * BLOCK)
                self._store(block, 0, _ERASED * keep + bytes(old[keep:]))
            return -5
        self.counters.erases[block] = self.counters.erases.get(block, 0) + 1
        self._store(block, 0, _ERASED * BLOCK)
        if self.endurance is not None and self.counters.erases[block] > self.endurance:
            self.flip(block, random.Random(block).randrange(8 * BLOCK))
        return 0

    def sync(self, _config: Any) -> int:
        """Nothing is buffered here."""
        return -5 if self.is_cut else 0

    def _powered(self) -> bool:
        if self.is_cut:
            self._torn = False
            return False
        if self._left is None:
            return True
        if self._left > 0:
            self._left -= 1
            return True
        self.is_cut = True
        return False

    def _tear(self) -> bool:
        torn, self._torn = self._torn, False
        return torn

    def _program(self, block: int, offset: int, data: bytes) -> None:
        content = self._content.get(block)
        if content is None:
            self._store(block, offset, data)
            return
        old = int.from_bytes(content[offset : offset + len(data)])
        both = old & int.from_bytes(data)
        self._store(block, offset, both.to_bytes(len(data)))

    def _store(self, block: int, offset: int, data: bytes) -> None:
        content = self._content.get(block)
        if not isinstance(content, bytearray):
            content = self._content[block] = bytearray(content or _ERASED * BLOCK)
        content[offset : offset + len(data)] = data
        if self._file:
            self._file.seek(block * BLOCK + offset)
            self._file.write(data)
