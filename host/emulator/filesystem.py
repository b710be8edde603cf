"""The LittleFS volume on the flash chip, as the ESP32 port of MicroPython makes and mounts it."""

import threading
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from littlefs import lfs as _lfs
from littlefs.errors import LittleFSError

from host.emulator.exits import PowerCut
from host.emulator.flash import BLOCK, FlashChip

lfs: Any = _lfs  # its type stubs leave half of the parameters out
lfs.FILENAME_ENCODING = "utf-8"  # as MicroPython's names are; it would take ASCII alone

# What the ESP32 port passes to VfsLfs2; littlefs-python's own default disk version is newer
# than what MicroPython v1.20 accepts.
_CONFIG = {
    "block_size": BLOCK,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "block_cycles": 100,
    "disk_version": 0x00020000,
}
TYPE_FILE, TYPE_DIR = 1, 2
_LISTED = ("", "firmware", "lib")
_LARGE = 1024  # bytes of a file that many boards may have alike
_KEPT_BYTES = 65536  # of what the board read last


class FileSystem:
    """Files on a flash chip. Errors are LittleFSError; PowerCut once the chip lost its supply.

    One lock covers all calls: the board's thread and people outside may both use it. Only the
    low-level calls of littlefs-python are used: its file objects close twice after an error.
    """

    def __init__(self, chip: FlashChip) -> None:
        self.chip = chip
        self._lock = threading.RLock()
        self._fs: Any = None
        self._config: Any = None
        self._stats: dict[str, tuple[int, int] | int] = {}  # name -> answer or error of `stat`
        self._folders: dict[str, dict[str, tuple[int, int]]] = {}  # name -> what is in it
        self._texts: OrderedDict[str, bytes] = OrderedDict()  # name -> content, as last read

    def mount(self) -> None:
        """Mount the volume, and format the chip first if there is none on it."""
        with self._lock:
            if self._fs is not None:
                return
            if self.chip.is_cut:  # else a cut that is to come stays to come, over a reset too
                self.chip.restore()
            config = lfs.LFSConfig(context=self.chip, block_count=self.chip.blocks, **_CONFIG)
            fs = lfs.LFSFilesystem()
            try:
                lfs.mount(fs, config)
            except LittleFSError:
                lfs.format(fs, config)
                lfs.mount(fs, config)
            self._fs, self._config = fs, config

    def drop(self) -> None:
        """Forget the mounted volume without writing anything, as a power cut does."""
        with self._lock:
            self._fs = self._config = None
            self._forget_all()

    # -- the chip below, for a program that uses the partition as a block device -----------------

    def read_raw(self, offset: int, size: int) -> bytes:
        """Return bytes of the chip. Raises LittleFSError beyond its end."""
        with self._lock:
            self._check(offset, size)
            parts = _by_block(offset, size)
            return b"".join(self.chip.read(None, block, at, length) for block, at, length in parts)

    def write_raw(self, offset: int, data: bytes) -> None:
        """Program bytes of the chip; the volume is mounted anew when it is next used."""
        with self._raw_change(offset, len(data)):
            done = 0
            for block, at, length in _by_block(offset, len(data)):
                self.chip.prog(None, block, at, data[done : done + length])
                done += length

    def erase_raw(self, block: int) -> None:
        """Erase a block of the chip, as above."""
        with self._raw_change(block * BLOCK, BLOCK):
            self.chip.erase(None, block)

    def flip(self, block: int, bit: int) -> None:
        """Turn a bit of the chip over, see FlashChip.flip; what was read of it is forgotten."""
        with self._lock:
            self.chip.flip(block, bit)
            self._forget_all()

    @contextmanager
    def _raw_change(self, offset: int, size: int) -> Generator[None]:
        with self._lock:
            self._check(offset, size)
            self.drop()
            yield
            if self.chip.is_cut:
                raise PowerCut("the supply failed during a flash operation")

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or offset + size > self.chip.blocks * BLOCK:
            raise LittleFSError(int(LittleFSError.Error.LFS_ERR_INVAL))

    @contextmanager
    def _volume(self, opened: Any = None) -> Generator[Any]:
        with self._lock:
            if self._fs is None:
                self.mount()
            if opened is not None and opened is not self._fs:
                raise LittleFSError(int(LittleFSError.Error.LFS_ERR_BADF))
            try:
                yield self._fs
            except LittleFSError:
                if not self.chip.is_cut:
                    raise
            if self.chip.is_cut:
                raise PowerCut("the supply failed during a flash operation")

    def stat(self, path: str) -> tuple[int, int]:
        """Return (TYPE_FILE or TYPE_DIR, size in bytes)."""
        name = _plain(path)
        known = self._stats.get(name)
        if known is None or self.chip.is_cut or path.endswith("/"):
            known = self._look(path, name)
        if isinstance(known, int):
            raise LittleFSError(known)
        return known

    def _look(self, path: str, name: str) -> tuple[int, int] | int:
        with self._volume() as fs:
            entries = self._entries(name.rpartition("/")[0]) if name else None
            if entries is None:
                try:
                    found = lfs.stat(fs, path)
                    known = found.type, found.size
                except LittleFSError as error:
                    known = error.code
            else:
                known = entries.get(name, int(LittleFSError.Error.LFS_ERR_NOENT))
            self._stats[name] = known
            return known
        raise AssertionError

    def _entries(self, folder: str) -> dict[str, tuple[int, int]] | None:
        """Return what is in a folder that programs are imported from, None for any other.

        A look at a missing file costs as much as a list of them all, and imports miss often.
        """
        if folder not in _LISTED:
            return None
        if folder not in self._folders:
            try:
                names = self.names(folder or "/")
            except LittleFSError as error:
                if error.code != LittleFSError.Error.LFS_ERR_NOENT:
                    return None
                names = []
            self._folders[folder] = {
                f"{folder}/{name}".lstrip("/"): (kind, size) for name, kind, size in names
            }
        return self._folders[folder]

    def content(self, path: str) -> bytes:
        """Return a file's content, from memory if it was read before and not changed since."""
        name = _plain(path)
        known = self._texts.get(name)
        if known is not None and not self.chip.is_cut:
            return known
        with self._lock:
            known = self._texts[name] = self.read(path)
            while sum(map(len, self._texts.values())) > _KEPT_BYTES:
                self._texts.popitem(last=False)
        return known

    def forget(self, *paths: str) -> None:
        """Forget what is known of these: they are being written."""
        for path in paths:
            name = _plain(path)
            known = self._stats.pop(name, None)
            self._texts.pop(name, None)
            self._folders.pop(name.rpartition("/")[0], None)
            self._folders.pop(name, None)
            if isinstance(known, tuple) and known[0] == TYPE_DIR:
                self._forget_all()

    def _forget_all(self) -> None:
        self._stats.clear()
        self._texts.clear()
        self._folders.clear()

    def names(self, path: str) -> list[tuple[str, int, int]]:
        """Return (name, type, size) for each entry of a folder, without . and .. ."""
        entries: list[tuple[str, int, int]] = []
        with self._volume() as fs:
            handle = lfs.dir_open(fs, path)
            try:
                while (entry := lfs.dir_read(fs, handle)) is not None:
                    if entry.name not in (".", ".."):
                        entries.append((entry.name, entry.type, entry.size))
            finally:
                lfs.dir_close(fs, handle)
        return entries

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        with self._volume() as fs:
            self.forget(path)
            lfs.mkdir(fs, path)

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder."""
        with self._volume() as fs:
            self.forget(path)
            lfs.remove(fs, path)

    def rename(self, old: str, new: str) -> None:
        """Rename, replacing what is at `new`."""
        with self._volume() as fs:
            if self.stat(old)[0] == TYPE_DIR:
                self._forget_all()
            self.forget(old, new)
            lfs.rename(fs, old, new)

    def usage(self) -> tuple[int, int]:
        """Return (blocks in all, blocks in use); a block is 4096 bytes."""
        with self._volume() as fs:
            return self.chip.blocks, lfs.fs_size(fs)
        raise AssertionError

    def open(self, path: str, mode: str | int) -> "OpenFile":
        """Open a file; mode as littlefs-python takes it: r, w, x, with +, or flags."""
        with self._volume() as fs:
            if mode != "r":
                self.forget(path)
            return OpenFile(self, lfs.file_open(fs, path, mode), path if mode != "r" else None)
        raise AssertionError

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        file = self.open(path, "r")
        try:
            return file.read(file.size())
        finally:
            file.close()

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content, making the folders above it."""
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts)):
            folder = "/" + "/".join(parts[:depth])
            try:
                self.mkdir(folder)
            except LittleFSError as error:
                if error.code != LittleFSError.Error.LFS_ERR_EXIST:
                    raise
        file = self.open(path, "w")
        file.write(data)
        file.close()

    def exists(self, path: str) -> bool:
        """Return whether a file or folder is there."""
        try:
            self.stat(path)
        except LittleFSError:
            return False
        return True


class OpenFile:
    """One open file. What was written is on the flash after `sync` or `close`, not before.

    written: its path if it may be written.
    """

    def __init__(self, files: FileSystem, handle: Any, written: str | None) -> None:
        self._files = files
        self._volume_then = files._fs  # pyright: ignore[reportPrivateUsage]
        self._written = written
        self._handle: Any = handle

    @contextmanager
    def _volume(self) -> Generator[Any]:
        with self._files._volume(self._volume_then) as fs:  # pyright: ignore[reportPrivateUsage]
            yield fs

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        with self._volume() as fs:
            return bytes(lfs.file_read(fs, self._handle, size))
        raise AssertionError

    def write(self, data: bytes) -> int:
        """Write at the position; return how many bytes."""
        with self._volume() as fs:
            return lfs.file_write(fs, self._handle, data)
        raise AssertionError

    def seek(self, offset: int, whence: int) -> int:
        """Move the position (whence 0 start, 1 here, 2 end); return it."""
        with self._volume() as fs:
            return lfs.file_seek(fs, self._handle, offset, whence)
        raise AssertionError

    def size(self) -> int:
        """Return the file's length in bytes."""
        with self._volume() as fs:
            return lfs.file_size(fs, self._handle)
        raise AssertionError

    def sync(self) -> None:
        """Put what was written onto the flash."""
        with self._volume() as fs:
            self._forget()
            lfs.file_sync(fs, self._handle)

    def close(self) -> None:
        """Sync and close. The handle is gone even if this raises."""
        handle: Any = self._handle
        self._handle = None
        with self._volume() as fs:
            self._forget()
            lfs.file_close(fs, handle)

    def _forget(self) -> None:
        if self._written is not None:
            self._files.forget(self._written)


def _by_block(offset: int, size: int) -> Generator[tuple[int, int, int]]:
    """Yield (block, offset in it, length) of a stretch of the chip."""
    while size:
        block, at = divmod(offset, BLOCK)
        length = min(size, BLOCK - at)
        yield block, at, length
        offset += length
        size -= length


def volume_blocks(blocks: int, files: Mapping[str, bytes]) -> dict[int, bytes]:
    """Return {block: content} of a chip's new volume that holds `files`, in their order.

    Volumes that begin with the same files, up to the last large one, share what these take: the
    boards of a fleet differ in their settings.
    """
    items = list(files.items())
    ends = [i + 1 for i, (_, data) in enumerate(items) if len(data) >= _LARGE]
    split = ends[-1] if ends else 0
    shared = _begin(blocks, tuple(items[:split]))
    return _write(blocks, shared, items[split:]) if items[split:] else shared


@lru_cache(maxsize=64)
def _begin(blocks: int, files: tuple[tuple[str, bytes], ...]) -> dict[int, bytes]:
    return _write(blocks, {}, files)


def _write(
    blocks: int, base: Mapping[int, bytes], files: Sequence[tuple[str, bytes]]
) -> dict[int, bytes]:
    chip = FlashChip(blocks, base=base)
    volume = FileSystem(chip)
    for path, data in files:
        volume.write(path, data)
    return chip.content()


def _plain(path: str) -> str:
    """Return the one name of a file that has many: without leading, double and "." parts."""
    if "//" not in path and "." not in path.replace(".mpy", "").replace(".py", ""):
        return path.strip("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
