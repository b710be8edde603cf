"""The door between wasm and Python: the module's 26 imported functions, bound once.

Each call is handed to the `Imports` of the VM that runs on the calling thread. wasmtime's own
callback wrapper is not used: it keeps a raised exception in one global for the whole process,
which boards on several threads would mix up, and it is several times slower.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import wasmtime
from wasmtime import _ffi  # pyright: ignore[reportPrivateUsage]

ffi: Any = _ffi  # the C API; its pointers have no types

_pointer: Any = ctypes.POINTER
_SIZE, _ADDRESS = ctypes.c_size_t, ctypes.c_void_p
_Callback: Any = ctypes.CFUNCTYPE(_SIZE, _ADDRESS, _ADDRESS, _pointer(ctypes.c_int32), _SIZE)
_WideCallback: Any = ctypes.CFUNCTYPE(_SIZE, _ADDRESS, _ADDRESS, _pointer(ctypes.c_int64), _SIZE)
_UNWOUND = ctypes.create_string_buffer(b"unwound by the host")

Handler = Callable[..., "int | None"]


class Calls:
    """What one VM answers to its imports, and the exception that unwinds it, if any."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self.handlers = handlers
        self.unwinding: BaseException | None = None


_running = threading.local()
_keep: list[Any] = []  # C holds pointers to these callbacks for as long as the process lives


def bind(calls: Calls) -> None:
    """Say whose imports this thread's VM calls from now on."""
    _running.calls = calls


def _trap() -> int:
    trap = ffi.wasmtime_trap_new(_UNWOUND, len(_UNWOUND))
    return ctypes.cast(trap, ctypes.c_void_p).value or 0


def _trampoline(name: str, params: list[str], has_result: bool) -> Any:
    # Parameters and result share one array of 16-byte slots. Addressed as words of the parameters'
    # own size they become Python ints at once; a wasm i32 leaves the rest of its slot undefined.
    wide = "i64" in params
    callback_type = _WideCallback if wide else _Callback
    slots = [2 * i if wide else 4 * i for i in range(len(params))]
    narrow = [kind == "i32" for kind in params]

    def call(_env: int, _caller: int, raw: Any, _count: int) -> int:
        calls: Calls = _running.calls
        try:
            if wide:
                arguments = [
                    raw[slot] & 0xFFFFFFFF if is_i32 else raw[slot]
                    for slot, is_i32 in zip(slots, narrow, strict=True)
                ]
            else:
                arguments = [raw[slot] for slot in slots]
            result = calls.handlers[name](*arguments)
            if has_result:
                raw[0] = result
            return 0
        except BaseException as error:  # must not cross C: the VM's run() raises it again
            calls.unwinding = error
            return _trap()

    return callback_type(call)


@cache
def _linker(engine: wasmtime.Engine, module: wasmtime.Module) -> wasmtime.Linker:
    linker = wasmtime.Linker(engine)
    for item in module.imports:
        kind = item.type
        assert isinstance(kind, wasmtime.FuncType)
        name = item.name or ""
        callback = _trampoline(name, [str(p) for p in kind.params], bool(kind.results))
        _keep.append(callback)
        space = item.module.encode()
        error = ffi.wasmtime_linker_define_func_unchecked(
            linker.ptr(),
            ctypes.create_string_buffer(space),
            len(space),
            ctypes.create_string_buffer(name.encode()),
            len(name),
            kind.ptr(),
            ctypes.cast(callback, ffi.wasmtime_func_unchecked_callback_t),
            None,
            ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        )
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)  # pyright: ignore
    return linker


_link_lock = threading.Lock()


def instantiate(
    engine: wasmtime.Engine, module: wasmtime.Module, store: wasmtime.Store
) -> wasmtime.Instance:
    """Return a new instance of the VM in `store`."""
    with _link_lock:
        linker = _linker(engine, module)
    return linker.instantiate(store, module)
