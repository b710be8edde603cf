"""One MicroPython VM: a wasm instance that runs from start to exit on the calling thread."""

import ctypes
from collections.abc import Callable
from typing import Any

import wasmtime
from wasmtime import _ffi  # pyright: ignore[reportPrivateUsage]

from host.emulator import imports
from host.emulator.memory import GuestMemory
from host.emulator.vm_module import load_module

ffi: Any = _ffi  # the C API; its pointers have no types
_PLENTY_OF_FUEL = 1 << 62
_CONTINUE = 0  # wasmtime's "go on after this tick"
_pointer: Any = ctypes.POINTER
_EpochCallback: Any = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    _pointer(ffi.wasmtime_context_t),
    ctypes.c_void_p,
    _pointer(ctypes.c_uint64),
    _pointer(ffi.wasmtime_update_deadline_kind_t),
)
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))
_STOPPED = ctypes.create_string_buffer(b"unwound by the host\0")


class VmCrash(Exception):
    """The VM itself failed (a wasm trap): no Python exception, no clean-up, the board is dead."""


class Vm:
    """A fresh instance. handlers: its imports by name. on_tick: see `nudge_all`.

    counts_fuel: have `fuel` tell how many instructions were executed.
    """

    def __init__(
        self,
        handlers: dict[str, imports.Handler],
        on_tick: Callable[[], None] = lambda: None,
        *,
        counts_fuel: bool = False,
    ) -> None:
        self._engine, module = load_module(fuel=counts_fuel)
        self._store = wasmtime.Store(self._engine)
        self._calls = imports.Calls(handlers)
        self._on_tick = on_tick
        self._counts_fuel = counts_fuel
        if counts_fuel:
            self._store.set_fuel(_PLENTY_OF_FUEL)
        self._store.set_epoch_deadline(1)
        self._callback = _EpochCallback(self._tick)
        ffi.wasmtime_store_epoch_deadline_callback(
            self._store.ptr(), self._callback, None, _NO_FINALIZER
        )
        instance = imports.instantiate(self._engine, module, self._store)
        exports = instance.exports(self._store)
        memory = exports["memory"]
        start = exports["_start"]
        assert isinstance(memory, wasmtime.Memory) and isinstance(start, wasmtime.Func)
        self._start = start
        self.memory = GuestMemory(memory, self._store)

    def run(self) -> None:
        """Run to the end. Raises what a host call raised (BoardExit), or VmCrash."""
        imports.bind(self._calls)
        try:
            self._start(self._store)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            unwinding = self._calls.unwinding
            if unwinding is not None:
                raise unwinding from None
            raise VmCrash(_first_line(error)) from None

    @property
    def fuel(self) -> int:
        """Instructions of the VM's machine code executed so far; 0 if they are not counted."""
        return _PLENTY_OF_FUEL - self._store.get_fuel() if self._counts_fuel else 0

    def close(self) -> None:
        """Free the instance and its memory."""
        self._store.close()

    def nudge_all(self) -> None:
        """Have `on_tick` called soon on the thread of each VM that is computing.

        It may raise a BoardExit, which unwinds that VM. Callable from any thread.
        """
        self._engine.increment_epoch()

    def _tick(self, _context: Any, _data: Any, delta: Any, kind: Any) -> int:
        try:
            delta[0] = 1
            kind[0] = _CONTINUE
            self._on_tick()
            return 0
        except BaseException as error:  # must not cross C: run() raises it again
            self._calls.unwinding = error
            return ctypes.cast(ffi.wasmtime_error_new(_STOPPED), ctypes.c_void_p).value or 0


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if "wasm trap" in line]
    return (causes or lines or ["the VM failed"])[-1].removeprefix("1: ")
