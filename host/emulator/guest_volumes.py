"""LittleFS on block devices that the program has written in Python, as VfsLfs2 does on a chip.

LittleFS runs here, the device's methods run in the guest, and the host cannot call the guest. So
each call of the file system runs on a thread of the volume. When LittleFS wants a block, that
thread stops, and the guest's call of the host returns with the request: the shim serves it and
calls again with the answer. Guest and thread never run at the same time.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from littlefs.errors import LittleFSError

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.filesystem import lfs
from host.emulator.memory import GuestMemory

READ, PROGRAM, ERASE, SYNC = 1, 2, 3, 4  # what a request asks of the block device; 0: none
_BLOCK_CYCLES = 100
_DISK_VERSION = 0x00020000
_SMALLEST_BLOCK = 128  # LittleFS asserts it
_MTIME = 1  # the attribute in which MicroPython keeps a file's time, in ns since 1970
_WRITES = 2  # LFS_O_WRONLY
_CHANGES = 0x500  # LFS_O_CREAT or LFS_O_TRUNC: changed by being opened
_EBUSY, _EIO = 16, 5

Answer = tuple[int, ...] | bytes


@dataclass
class _Request:
    kind: int
    block: int
    offset: int = 0
    size: int = 0
    data: bytes = b""


class _Errand:
    """A thread that does one piece of work after the other, and stops where it asks something."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: Callable[[], Answer] | None = None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._is_over = False
        self.is_busy = False
        self.request: _Request | None = None
        self.code, self.data = 0, b""
        self.read_error = 0  # of a read that failed since `begin`
        self.answer: Answer = ()
        self.error: Exception | None = None

    def begin(self, work: Callable[[], Answer]) -> None:
        """Do it as far as the first request, or to the end: then `request` is None."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._work, self.is_busy, self.error = work, True, None
        self._swap()

    def go_on(self, code: int, data: bytes) -> None:
        """Go on with what the device has answered: 0 or a negative error, and bytes."""
        self.code, self.data = code, data
        self._swap()

    def _swap(self) -> None:
        self.request = None
        self._go.release()
        self._stopped.acquire()

    def ask(self, request: _Request) -> int:
        """Have the device asked; on the thread."""
        if self._is_over:
            return -_EIO
        self.request = request
        self._stopped.release()
        self._go.acquire()
        return -_EIO if self._is_over else self.code

    def _run(self) -> None:
        self._go.acquire()
        while not self._is_over:
            work, self._work = self._work, None
            self.read_error = 0
            try:
                self.answer = work() if work else ()
            except (LittleFSError, GuestError, ValueError) as error:
                self.error = error
            if self.read_error:
                self.error = GuestError(-self.read_error)
            self.is_busy = False
            self.request = None
            self._stopped.release()
            if not self._is_over:
                self._go.acquire()

    def end(self) -> None:
        """End the thread; a request under way fails."""
        self._is_over = True
        self._go.release()
        if self._thread:
            self._thread.join()


class _Device:
    """The block device as littlefs-python calls it, which cannot be told that a read failed.

    After such a read it gets zeros, nothing is written any more, and the call fails at its end.
    """

    def __init__(self, errand: _Errand) -> None:
        self._errand = errand

    def read(self, _config: Any, block: int, offset: int, size: int) -> bytes:
        errand = self._errand
        code = errand.read_error or errand.ask(_Request(READ, block, offset, size))
        errand.read_error = code
        return bytes(size) if code else errand.data

    def prog(self, _config: Any, block: int, offset: int, data: bytes) -> int:
        return self._write(_Request(PROGRAM, block, offset, len(data), bytes(data)))

    def erase(self, _config: Any, block: int) -> int:
        return self._write(_Request(ERASE, block))

    def sync(self, _config: Any) -> int:
        return self._write(_Request(SYNC, 0))

    def _write(self, request: _Request) -> int:
        return self._errand.read_error or self._errand.ask(request)


@dataclass
class _File:
    handle: Any
    path: str
    may_write: bool
    is_changed: bool


class GuestVolume:
    """One VfsLfs2. Each method begins a call; `step` says how it goes on.

    box: the address of four words and a name in the guest, through which answers go.
    """

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
        self._memory = memory
        self._box = box
        self._errand = _Errand("littlefs of the program")
        self._keeps_time = keeps_time
        self._block_size, self._blocks = block_size, blocks
        self._config = lfs.LFSConfig(
            context=_Device(self._errand),
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
        self._listings: dict[int, list[tuple[str, int, int]]] = {}

    def begin(self, work: Callable[[], Answer]) -> int:
        """Begin a call; return what it asks of the device, 0: it is done.

        Its answer, or the request, lies in the box then. Raises what the call raises.
        """
        if self._errand.is_busy:
            raise GuestError(_EBUSY)  # from a handler or the device's own methods
        self._errand.begin(work)
        return self._step()

    def go_on(self, code: int, address: int) -> int:
        """Answer the request and go on as `begin`. address: of the bytes that were read."""
        request = self._errand.request
        if request is None:
            raise GuestError(errnos.EINVAL)
        has_data = request.kind == READ and not code
        self._errand.go_on(code, self._memory.read(address, request.size) if has_data else b"")
        return self._step()

    def fetch(self, address: int) -> None:
        """Store the bytes that the request wants programmed."""
        request = self._errand.request
        if request:
            self._memory.write(address, request.data)

    def _step(self) -> int:
        request = self._errand.request
        if request:
            words = struct.pack("<III", request.block, request.offset, request.size)
            self._memory.write(self._box, words)
            return request.kind
        if self._errand.error:
            raise self._errand.error
        answer = self._errand.answer
        if isinstance(answer, tuple):
            answer = struct.pack(f"<{len(answer)}I", *answer)
        self._memory.write(self._box, answer)
        return 0

    def end(self) -> None:
        """Let go of the thread."""
        self._errand.end()

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

    def change(self, change: str, *paths: str) -> Answer:
        """Do mkdir, remove or rename."""
        getattr(lfs, change)(self._fs, *paths)
        return ()

    def open(self, path: str, flags: int) -> Answer:
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
        number = max(self._listings, default=0) + 1
        self._listings[number] = entries[::-1]
        return (number,)

    def next(self, number: int) -> Answer:
        """Answer the next entry: type, size, length of the name, which follows; 0 at the end."""
        entries = self._listings.get(number)
        if not entries:
            self._listings.pop(number, None)
            return (0,)
        name, kind, size = entries.pop()
        raw = name.encode()
        return struct.pack("<IIII", kind, size, len(raw), 0) + raw
