"""The 24 WASI functions that the VM imports, answered by the emulated board.

Error numbers are the ESP32's where the C library only passes them on; see errnos.py.
"""

import random
import struct
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from littlefs.errors import LittleFSError

from host.emulator import errnos
from host.emulator.clock import Clock
from host.emulator.descriptors import DIRECTORY, Descriptor, GuestError, Table
from host.emulator.exits import ProgramExit
from host.emulator.files import GuestFiles
from host.emulator.memory import GuestMemory
from host.emulator.toil import Toil
from host.emulator.window import Window

_REALTIME = 0
_NS_PER_US = 1000
_SUBSCRIPTION, _EVENT = 48, 32
_ROOT = b"/"
_FAILURES = (GuestError, LittleFSError, OSError, ValueError, KeyError)


def error_number(error: Exception) -> int:
    """Return the ESP32's number for what went wrong in a call of the guest."""
    if isinstance(error, GuestError):
        return error.number
    if isinstance(error, LittleFSError):
        return errnos.from_littlefs(error)
    if isinstance(error, OSError):
        return errnos.from_os_error(error)
    return errnos.EINVAL


def _answer(call: Callable[..., None]) -> Callable[..., int]:
    """Make a call return 0, or the error number of what it raised."""

    @wraps(call)
    def answered(*arguments: int) -> int:
        try:
            call(*arguments)
        except _FAILURES as error:
            return error_number(error)
        return 0

    return answered


class Wasi:
    """One VM's system calls."""

    def __init__(
        self,
        arguments: Sequence[str],
        clock: Clock,
        descriptors: Table,
        files: GuestFiles,
        wall_epoch_us: int,
        chance: random.Random,
        port: Descriptor,
        toil: Toil,
    ) -> None:
        self.memory: GuestMemory
        self._window: Window
        self._arguments = [a.encode() + b"\0" for a in arguments]
        self._clock = clock
        # What to add to the clock's time for CLOCK_REALTIME and for CLOCK_MONOTONIC.
        self.bases_us = (wall_epoch_us, -clock.now_us)
        self._open = descriptors
        self._files = files
        self._random = chance
        self._port = port
        self._toil = toil

    def attach(self, memory: GuestMemory) -> None:
        """Work on this VM's memory from now on."""
        self.memory = memory
        self._window = Window(memory)
        self._toil.attach(memory)

    def handlers(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by their import names."""
        plain = ("clock_time_get", "poll_oneoff", "proc_exit", "sched_yield", "fd_prestat_get")
        return {name: getattr(self, name) for name in plain} | {
            name: _answer(getattr(self, name)) for name in _ANSWERED.split()
        }

    # -- program, time, chance ---------------------------------------------------------------

    def args_sizes_get(self, count_at: int, size_at: int) -> None:
        """Say how many arguments there are and how long they are together."""
        self.memory.put_u32(count_at, len(self._arguments))
        self.memory.put_u32(size_at, sum(map(len, self._arguments)))

    def args_get(self, pointers_at: int, text_at: int) -> None:
        """Store the arguments."""
        for i, argument in enumerate(self._arguments):
            self.memory.put_u32(pointers_at + 4 * i, text_at)
            self.memory.write(text_at, argument)
            text_at += len(argument)

    def environ_sizes_get(self, count_at: int, size_at: int) -> None:
        """There is no environment on a board."""
        self.memory.put_u32(count_at, 0)
        self.memory.put_u32(size_at, 0)

    def environ_get(self, _pointers_at: int, _text_at: int) -> None:
        """Store no environment."""

    def clock_time_get(self, clock_id: int, _precision: int, time_at: int) -> int:
        """Store the virtual time in nanoseconds: since this boot, or since 1970."""
        now_us = self._clock.read()
        base_us = self.bases_us[clock_id != _REALTIME]
        self.memory.put_u64(time_at, (now_us + base_us) * _NS_PER_US)
        return 0

    def random_get(self, buffer_at: int, size: int) -> None:
        """Store bytes of the board's seeded generator."""
        self.memory.write(buffer_at, self._random.randbytes(size))

    def sched_yield(self) -> int:
        """Let a little time pass; or let Toil see what was done, see cell.py."""
        if self._toil.is_over:
            self._toil.end_slice()
        else:
            self._clock.read()
        return 0

    def proc_exit(self, code: int) -> None:
        """End the program."""
        raise ProgramExit(code)

    def poll_oneoff(self, subscriptions: int, events: int, count: int, stored_at: int) -> int:
        """Wait for a time or for file numbers.

        Only the C library's own short waits come here (sleep_us, a readiness check with no
        timeout): the shims wait through the port, which IRQ handlers can interrupt.
        """
        stored = 0
        deadline_us: int | None = None
        clocks: list[int] = []
        for i in range(count):
            raw = self.memory.read(subscriptions + i * _SUBSCRIPTION, _SUBSCRIPTION)
            userdata, tag = struct.unpack_from("<QB", raw)
            if tag == 0:
                at_us = self._due_us(raw)
                deadline_us = at_us if deadline_us is None else min(deadline_us, at_us)
                clocks.append(userdata)
                continue
            bit = 1 if tag == 1 else 4
            found = self._open[struct.unpack_from("<I", raw, 16)[0]].ready(bit)
            if found:
                self._store_event(events + stored * _EVENT, userdata, tag, found)
                stored += 1
        if not stored:
            while deadline_us is not None and self._clock.now_us < deadline_us:
                self._clock.wait(deadline_us)
            for userdata in clocks:
                self._store_event(events + stored * _EVENT, userdata, 0, 0)
                stored += 1
        self.memory.put_u32(stored_at, stored)
        return 0

    def _due_us(self, subscription: bytes) -> int:
        clock_id, timeout_ns, _, flags = struct.unpack_from("<IxxxxQQH", subscription, 16)
        timeout_us = timeout_ns // _NS_PER_US
        if not flags & 1:
            return self._clock.now_us + timeout_us
        return timeout_us - self.bases_us[clock_id != _REALTIME]

    def _store_event(self, at: int, userdata: int, tag: int, bits: int) -> None:
        hangup = 1 if bits & 0x18 else 0
        self.memory.write(at, struct.pack("<QHBxxxxxQHxxxxxx", userdata, 0, tag, 1, hangup))

    # -- file numbers ------------------------------------------------------------------------

    def fd_prestat_get(self, number: int, buffer_at: int) -> int:
        """Say that file number 3 is the folder "/" and that there is no other."""
        if number != Table.ROOT:
            return errnos.WASI_EBADF
        self.memory.put_u32(buffer_at, 0)
        self.memory.put_u32(buffer_at + 4, len(_ROOT))
        return 0

    def fd_prestat_dir_name(self, _number: int, path_at: int, size: int) -> None:
        """Store the name of the folder that is open from the start."""
        self.memory.write(path_at, _ROOT[:size])

    def fd_fdstat_get(self, number: int, stat_at: int) -> None:
        """Store what kind of thing a file number is; everything is allowed with it."""
        every_right = (1 << 64) - 1
        kind = DIRECTORY if number == Table.ROOT else self._open[number].kind
        self.memory.write(stat_at, struct.pack("<BxHxxxxQQ", kind, 0, every_right, every_right))

    def fd_read(self, number: int, vectors: int, count: int, stored_at: int) -> None:
        """Read into the first of the buffers that has room; MicroPython passes one."""
        self._toil.calls += 1
        descriptor = self._open[number]
        self._window.close()
        total = 0
        for i in range(count):
            address = self.memory.u32(vectors + 8 * i)
            size = self.memory.u32(vectors + 8 * i + 4)
            data = descriptor.read(size)
            self.memory.write(address, data)
            total += len(data)
            if len(data) < size:
                break
        self._window.show(number, descriptor)
        self.memory.put_u32(stored_at, total)

    def fd_write(self, number: int, vectors: int, count: int, stored_at: int) -> None:
        """Write the buffers one after the other."""
        self._toil.calls += 1
        descriptor = self._open[number]
        total = 0
        for i in range(count):
            address = self.memory.u32(vectors + 8 * i)
            size = self.memory.u32(vectors + 8 * i + 4)
            if size:
                total += descriptor.write(self.memory.read(address, size))
        self.memory.put_u32(stored_at, total)

    def fd_seek(self, number: int, offset: int, whence: int, position_at: int) -> None:
        """Move a file's position. On the port's file number this is a call of the host."""
        self._toil.calls += 1
        descriptor = self._open[number]
        if descriptor is not self._port:
            self._window.close()
        self.memory.put_u64(position_at, descriptor.seek(offset, whence))

    def fd_sync(self, number: int) -> None:
        """Put a file onto the flash."""
        self._open[number].sync()

    def fd_close(self, number: int) -> None:
        """Close a file number."""
        self._window.close()
        self._open.close(number)

    def fd_readdir(
        self, number: int, buffer_at: int, size: int, cookie: int, used_at: int
    ) -> None:
        """Store a folder's entries from the cookie on, the last one cut off where it must be."""
        out = bytearray()
        for i, (name, kind) in enumerate(self._files.entries(self._open[number])):
            if i < cookie or len(out) >= size:
                continue
            raw = name.encode()
            out += struct.pack("<QQIBxxx", i + 1, i + 1, len(raw), kind) + raw
        self.memory.write(buffer_at, out[:size])
        self.memory.put_u32(used_at, min(size, len(out)))

    # -- paths -------------------------------------------------------------------------------

    def path_open(
        self,
        _folder: int,
        _lookup: int,
        path_at: int,
        size: int,
        flags: int,
        rights: int,
        _inherited: int,
        fd_flags: int,
        number_at: int,
    ) -> None:
        """Open a file, a folder or the port."""
        found = self._files.open(self._path(path_at, size), flags, rights, fd_flags)
        self.memory.put_u32(number_at, self._open.add(found))

    def path_filestat_get(
        self, _folder: int, _look: int, path_at: int, size: int, at: int
    ) -> None:
        """Store what is at a path: kind and size; LittleFS keeps no owner and no links."""
        kind, length = self._files.stat(self._path(path_at, size))
        self.memory.write(at, struct.pack("<QQBxxxxxxxQQQQQ", 0, 0, kind, 0, length, 0, 0, 0))

    def path_create_directory(self, _folder: int, path_at: int, size: int) -> None:
        """Make a folder."""
        self._files.volume.mkdir(self._path(path_at, size))

    def path_remove_directory(self, _folder: int, path_at: int, size: int) -> None:
        """Remove an empty folder."""
        self._files.volume.remove(self._path(path_at, size))

    def path_unlink_file(self, _folder: int, path_at: int, size: int) -> None:
        """Remove a file; as on LittleFS an empty folder goes the same way."""
        self._files.volume.remove(self._path(path_at, size))

    def path_rename(self, _f: int, old_at: int, old: int, _t: int, new_at: int, new: int) -> None:
        """Rename, replacing what is at the new path."""
        self._files.volume.rename(self._path(old_at, old), self._path(new_at, new))

    def path_readlink(self, *_arguments: int) -> None:
        """There are no links."""
        raise GuestError(errnos.EINVAL)

    def _path(self, at: int, size: int) -> str:
        return self.memory.text(at, size)


_ANSWERED = (
    "args_get args_sizes_get environ_get environ_sizes_get random_get fd_close fd_fdstat_get "
    "fd_prestat_dir_name fd_read fd_readdir fd_seek fd_sync fd_write path_create_directory "
    "path_filestat_get path_open path_readlink path_remove_directory path_rename path_unlink_file"
)
