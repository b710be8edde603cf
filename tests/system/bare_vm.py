"""The smallest host MicroPython runs on: a script and files in, text out, nothing else.

It shares no code with the emulator, so that what it shows about the VM is about the VM alone.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import wasmtime

_PLENTY = 1 << 62  # fuel, and epochs until a deadline
_OK, _EBADF, _EINVAL, _ENOENT, _ENOSYS = 0, 8, 28, 44, 52
_DIRECTORY, _REGULAR_FILE, _CHARACTER_DEVICE = 3, 4, 2
_ROOT_FD = 3  # the one folder that the guest is given, as "/"


class _Exit(Exception):
    """The guest called proc_exit."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. trap: what broke the VM itself, "" if nothing did."""

    stdout: str
    stderr: str
    status: int
    trap: str


def run(
    engine: wasmtime.Engine,
    module: wasmtime.Module,
    code: str,
    *,
    files: Mapping[str, bytes] | None = None,
    heap: str = "128k",
    fuel: int = _PLENTY,
) -> Outcome:
    """Run Python code in a fresh VM to its end.

    files: what `import` and `open` find, by name, in one flat folder. heap: the value of -X
    heapsize. fuel: wasm instructions, about, after which the run ends with a trap, if the engine
    counts them.
    """
    return _BareVm({"main.py": code.encode(), **(files or {})}, heap).run(engine, module, fuel)


class _BareVm:
    def __init__(self, files: Mapping[str, bytes], heap: str) -> None:
        self.files = files
        self.args = ["micropython", "-X", f"heapsize={heap}", "main.py"]
        self.output = {1: bytearray(), 2: bytearray()}
        self.open_files: dict[int, list[int | bytes]] = {}  # fd: [position, content]
        self.status = 0
        self.now_ns = 0

    def run(self, engine: wasmtime.Engine, module: wasmtime.Module, fuel: int) -> Outcome:
        self.store = wasmtime.Store(engine)
        self.store.set_epoch_deadline(_PLENTY)
        with contextlib.suppress(wasmtime.WasmtimeError):  # this engine may not count it
            self.store.set_fuel(fuel)
        linker = wasmtime.Linker(engine)
        for wanted in module.imports:
            signature = wanted.type
            assert isinstance(signature, wasmtime.FuncType)
            linker.define_func(
                wanted.module, wanted.name, signature, self.handler(wanted.name, signature)
            )
        exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = exports["memory"]
        trap = ""
        try:
            exports["_start"](self.store)
        except _Exit:
            pass
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            trap = str(error).strip().splitlines()[-1].strip()
        text = [bytes(self.output[fd]).decode(errors="replace") for fd in (1, 2)]
        return Outcome(text[0], text[1], self.status, trap)

    def handler(self, name: str, signature: wasmtime.FuncType) -> Callable[..., int | None]:
        own = getattr(self, name, None)
        if own is not None:
            return own
        return lambda *_: _ENOSYS if signature.results else None

    # Memory.

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.memory.read(self.store, at, at + size))

    def write(self, at: int, data: bytes) -> int:
        self.memory.write(self.store, data, at)
        return _OK

    def vectors(self, at: int, count: int) -> list[tuple[int, int]]:
        return [struct.unpack("<II", self.read(at + 8 * n, 8)) for n in range(count)]

    # Arguments, environment, clock, end.

    def args_sizes_get(self, count_at: int, size_at: int) -> int:
        self.write(count_at, struct.pack("<I", len(self.args)))
        return self.write(size_at, struct.pack("<I", sum(len(a) + 1 for a in self.args)))

    def args_get(self, pointers_at: int, text_at: int) -> int:
        for n, argument in enumerate(self.args):
            self.write(pointers_at + 4 * n, struct.pack("<I", text_at))
            self.write(text_at, argument.encode() + b"\0")
            text_at += len(argument) + 1
        return _OK

    def environ_sizes_get(self, count_at: int, size_at: int) -> int:
        return self.write(count_at, bytes(4)) or self.write(size_at, bytes(4))

    def environ_get(self, _pointers_at: int, _text_at: int) -> int:
        return _OK

    def clock_time_get(self, _clock: int, _precision: int, at: int) -> int:
        self.now_ns += 1_000_000
        return self.write(at, struct.pack("<Q", self.now_ns))

    def poll_oneoff(self, _wanted_at: int, events_at: int, count: int, done_at: int) -> int:
        self.write(events_at, bytes(32 * count))
        return self.write(done_at, struct.pack("<I", count))

    def proc_exit(self, status: int) -> None:
        self.status = status
        raise _Exit

    def host_result_cap(self) -> int:
        return 2048

    # Files.

    def fd_prestat_get(self, fd: int, at: int) -> int:
        return self.write(at, struct.pack("<II", 0, 1)) if fd == _ROOT_FD else _EBADF

    def fd_prestat_dir_name(self, _fd: int, at: int, _size: int) -> int:
        return self.write(at, b"/")

    def fd_fdstat_get(self, fd: int, at: int) -> int:
        kind = _DIRECTORY if fd == _ROOT_FD else _REGULAR_FILE
        kind = _CHARACTER_DEVICE if fd < _ROOT_FD else kind
        every_right = 0xFFFF_FFFF
        return self.write(at, struct.pack("<BxHxxxxQQ", kind, 0, every_right, every_right))

    def path_filestat_get(self, _fd: int, _flags: int, name_at: int, size: int, at: int) -> int:
        name = self.read(name_at, size).decode().removeprefix("./")
        if name in ("", "."):
            return self.write(at, struct.pack("<QQB7xQQQQQ", 1, 1, _DIRECTORY, 1, 0, 0, 0, 0))
        if name not in self.files:
            return _ENOENT
        content = len(self.files[name])
        return self.write(at, struct.pack("<QQB7xQQQQQ", 1, 2, _REGULAR_FILE, 1, content, 0, 0, 0))

    def path_readlink(self, *_: int) -> int:
        return _EINVAL  # it is not a link

    def path_open(
        self,
        _fd: int,
        _lookup: int,
        name_at: int,
        size: int,
        _open_flags: int,
        _rights: int,
        _inherited: int,
        _fd_flags: int,
        fd_at: int,
    ) -> int:
        name = self.read(name_at, size).decode().removeprefix("./")
        if name not in self.files:
            return _ENOENT
        fd = max(self.open_files, default=_ROOT_FD) + 1
        self.open_files[fd] = [0, self.files[name]]
        return self.write(fd_at, struct.pack("<I", fd))

    def fd_read(self, fd: int, vectors_at: int, count: int, done_at: int) -> int:
        done = 0
        if fd >= _ROOT_FD:
            if fd not in self.open_files:
                return _EBADF
            position, content = self.open_files[fd]
            for at, size in self.vectors(vectors_at, count):
                chunk = content[position + done : position + done + size]
                self.write(at, chunk)
                done += len(chunk)
            self.open_files[fd][0] = position + done
        return self.write(done_at, struct.pack("<I", done))

    def fd_write(self, fd: int, vectors_at: int, count: int, done_at: int) -> int:
        data = b"".join(self.read(at, size) for at, size in self.vectors(vectors_at, count))
        self.output.get(fd, bytearray()).extend(data)
        return self.write(done_at, struct.pack("<I", len(data)))

    def fd_seek(self, fd: int, offset: int, whence: int, at: int) -> int:
        if fd not in self.open_files:
            return _EBADF
        position, content = self.open_files[fd]
        self.open_files[fd][0] = (0, position, len(content))[whence] + offset
        return self.write(at, struct.pack("<Q", self.open_files[fd][0]))

    def fd_close(self, fd: int) -> int:
        return _OK if self.open_files.pop(fd, None) else _EBADF
