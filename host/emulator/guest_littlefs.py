"""One VfsLfs2: LittleFS on a device of the guest's."""

from dataclasses import dataclass
from typing import Any

from littlefs.errors import LittleFSError

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.filesystem import lfs
from host.emulator.guest_volumes import (
    ERASE,
    PROGRAM,
    READ,
    SYNC,
    Answer,
    Errand,
    GuestVolume,
    Request,
)
from host.emulator.memory import GuestMemory

_BLOCK_CYCLES = 100
_DISK_VERSION = 0x00020000
_SMALLEST_BLOCK = 128  # LittleFS asserts it
_MTIME = 1  # the attribute in which MicroPython keeps a file's time, in ns since 1970
_WRITES = 2  # LFS_O_WRONLY
_CHANGES = 0x500  # LFS_O_CREAT or LFS_O_TRUNC: changed by being opened


class _Device:
    """The block device as littlefs-python calls it, which cannot be told that a read failed.

    After such a read it gets zeros, nothing is written any more, and the call fails at its end.
    """

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def read(self, _config: Any, block: int, offset: int, size: int) -> bytes:
        errand = self._errand
        code = errand.read_error or errand.ask(Request(READ, block, offset, size))
        errand.read_error = code
        return bytes(size) if code else errand.data

    def prog(self, _config: Any, block: int, offset: int, data: bytes) -> int:
        return self._write(Request(PROGRAM, block, offset, len(data), bytes(data)))

    def erase(self, _config: Any, block: int) -> int:
        return self._write(Request(ERASE, block))

    def sync(self, _config: Any) -> int:
        return self._write(Request(SYNC, 0))

    def _write(self, request: Request) -> int:
        return self._errand.read_error or self._errand.ask(request)


@dataclass
class _File:
    handle: Any
    path: str
    may_write: bool
    is_changed: bool


class LittleFsVolume(GuestVolume):
    """One VfsLfs2."""

    def __init__(
        self, memory: GuestMemory, box: int, geometry: tuple[int, ...], keeps_time: bool
    ) -> None:
        block_size, blocks, read_size, prog_size, lookahead = geometry
        cache = min(block_size, 4 * max(read_size, prog_size))
        if block_size < _SMALLEST_BLOCK or blocks < 1 or lookahead < 1 or lookahead % 8:
            raise GuestError(errnos.EINVAL)
        if not (0 < read_size <= cache and 0 < prog_size <= cache):
            raise GuestError(errnos.EINVAL)
        if cache % read_size or cache % prog_size or block_size % cache:
            raise GuestError(errnos.EINVAL)
        super().__init__(memory, box)
        self._keeps_time = keeps_time
        self._block_size, self._blocks = block_size, blocks
        self._config = lfs.LFSConfig(
            context=_Device(self.errand),
            block_size=block_size,
            block_count=blocks,
            read_size=read_size,
            prog_size=prog_size,
            cache_size=cache,
            lookahead_size=lookahead,
            block_cycles=_BLOCK_CYCLES,
            disk_version=_DISK_VERSION,
        )
        self._fs = lfs.LFSFilesystem()
        self._files: dict[int, _File] = {}

    # -- the calls, on the volume's thread -----------------------------------------------------

    def format(self) -> Answer:
        """Make a file system."""
        lfs.format(self._fs, self._config)
        return ()

    def mount(self) -> Answer:
        """Find the file system that is there."""
        lfs.mount(self._fs, self._config)
        return ()

    def stat(self, path: str) -> Answer:
        """Answer (type, size, seconds since 1970)."""
        found = lfs.stat(self._fs, path)
        try:
            time_ns = int.from_bytes(lfs.getattr(self._fs, path, _MTIME), "little")
        except LittleFSError:
            time_ns = 0
        return found.type, found.size, time_ns // 1_000_000_000

    def usage(self) -> Answer:
        """Answer (bytes of a block, blocks, blocks in use)."""
        return self._block_size, self._blocks, lfs.fs_size(self._fs)

    def change(self, change: str, _time_ns: int, *paths: str) -> Answer:
        """Do mkdir, remove, rmdir or rename."""
        getattr(lfs, "remove" if change == "rmdir" else change)(self._fs, *paths)
        return ()

    def open(self, path: str, flags: int, _time_ns: int) -> Answer:
        """Answer the number of an open file."""
        handle = lfs.file_open(self._fs, path, flags)
        number = max(self._files, default=0) + 1
        may_write = bool(flags & _WRITES)
        self._files[number] = _File(handle, path, may_write, may_write and bool(flags & _CHANGES))
        return (number,)

    def read(self, number: int, address: int, size: int) -> Answer:
        """Store bytes; answer how many."""
        data = lfs.file_read(self._fs, self._file(number).handle, size)
        self._memory.write(address, data)
        return (len(data),)

    def write(self, number: int, data: bytes) -> Answer:
        """Answer how many bytes were written."""
        file = self._file(number)
        file.is_changed = True
        return (lfs.file_write(self._fs, file.handle, data),)

    def seek(self, number: int, offset: int, whence: int) -> Answer:
        """Answer (position, length)."""
        handle = self._file(number).handle
        position = lfs.file_seek(self._fs, handle, offset, whence)
        return position, lfs.file_size(self._fs, handle)

    def sync(self, number: int, time_ns: int) -> Answer:
        """Put what was written onto the device."""
        file = self._file(number)
        lfs.file_sync(self._fs, file.handle)
        self._note_time(file, time_ns)
        return ()

    def close(self, number: int, time_ns: int) -> Answer:
        """Sync and close; the file is gone even if this fails."""
        file = self._file(number)
        del self._files[number]
        lfs.file_close(self._fs, file.handle)
        self._note_time(file, time_ns)
        return ()

    def _note_time(self, file: _File, time_ns: int) -> None:
        if file.is_changed and self._keeps_time:
            try:
                lfs.setattr(self._fs, file.path, _MTIME, time_ns.to_bytes(8, "little"))
            except LittleFSError as error:
                if error.code != LittleFSError.Error.LFS_ERR_NOENT:  # renamed meanwhile
                    raise
        file.is_changed = False

    def _file(self, number: int) -> _File:
        found = self._files.get(number)
        if found is None:
            raise GuestError(errnos.EBADF)
        return found

    def list(self, path: str) -> Answer:
        """Answer the number of a listing of a folder, as it is now."""
        entries: list[tuple[str, int, int]] = []
        handle = lfs.dir_open(self._fs, path)
        try:
            while (entry := lfs.dir_read(self._fs, handle)) is not None:
                if entry.name not in (".", ".."):
                    entries.append((entry.name, entry.type, entry.size))
        finally:
            lfs.dir_close(self._fs, handle)
        return self._listed(entries)
