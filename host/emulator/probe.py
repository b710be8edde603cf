"""Run a small program in a bare VM: no files, no time, only `host.call(name, text)`."""

from collections.abc import Callable, Mapping

from host.emulator import errnos
from host.emulator.exits import ProgramExit
from host.emulator.imports import Handler
from host.emulator.memory import GuestMemory
from host.emulator.vm import Vm

ProbeCall = Callable[[GuestMemory, str], None]

_UNUSED = (
    "random_get fd_close fd_fdstat_get fd_prestat_get fd_prestat_dir_name fd_read fd_readdir "
    "fd_seek fd_sync path_create_directory path_filestat_get path_open path_readlink "
    "path_remove_directory path_rename path_unlink_file poll_oneoff"
)


def _refuse(*_: int) -> int:
    return errnos.WASI_EBADF


class ProbeError(Exception):
    """The probe program failed; the text is what it printed."""


class _Bare:
    """The few imports that a program needs to start, print, call the host and exit."""

    def __init__(self, program: str, calls: Mapping[str, ProbeCall]) -> None:
        self.memory: GuestMemory
        self.printed = b""
        self._words = [w.encode() + b"\0" for w in ("micropython", "-c", program)]
        self._calls = calls

    def handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = dict.fromkeys(_UNUSED.split(), _refuse)
        mine = "args_sizes_get args_get environ_sizes_get clock_time_get fd_write host_call"
        for name in (*mine.split(), "environ_get", "proc_exit"):
            table[name] = getattr(self, name)
        table["sched_yield"] = lambda: 0
        table["host_result_cap"] = lambda: 64
        return table

    def environ_get(self, _pointers_at: int, _text_at: int) -> int:
        return 0

    def args_sizes_get(self, count_at: int, size_at: int) -> int:
        self.memory.put_u32(count_at, len(self._words))
        self.memory.put_u32(size_at, sum(map(len, self._words)))
        return 0

    def args_get(self, pointers_at: int, text_at: int) -> int:
        for i, word in enumerate(self._words):
            self.memory.put_u32(pointers_at + 4 * i, text_at)
            self.memory.write(text_at, word)
            text_at += len(word)
        return 0

    def environ_sizes_get(self, count_at: int, size_at: int) -> int:
        self.memory.put_u32(count_at, 0)
        self.memory.put_u32(size_at, 0)
        return 0

    def clock_time_get(self, _clock: int, _precision: int, time_at: int) -> int:
        self.memory.put_u64(time_at, 0)
        return 0

    def fd_write(self, _number: int, vectors: int, count: int, stored_at: int) -> int:
        total = 0
        for i in range(count):
            size = self.memory.u32(vectors + 8 * i + 4)
            self.printed += self.memory.read(self.memory.u32(vectors + 8 * i), size)
            total += size
        self.memory.put_u32(stored_at, total)
        return 0

    def host_call(self, name_at: int, name: int, text_at: int, text: int, *_: int) -> int:
        call = self._calls[self.memory.text(name_at, name)]
        call(self.memory, self.memory.text(text_at, text))
        return 0

    def proc_exit(self, code: int) -> None:
        raise ProgramExit(code)


def run_probe(program: str, calls: Mapping[str, ProbeCall]) -> None:
    """Run `program`; `host.call(name, text)` in it calls calls[name](memory, text).

    Raises ProbeError if the program ends with an error.
    """
    bare = _Bare(program, calls)
    vm = Vm(bare.handlers())
    bare.memory = vm.memory
    try:
        vm.run()
    except ProgramExit as ended:
        if ended.code:
            raise ProbeError(bare.printed.decode()) from None
    finally:
        vm.close()
