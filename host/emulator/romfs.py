"""Write a ROMFS image: the read-only file system MicroPython executes .mpy files from in place.

Format (MicroPython's extmod/vfs_rom.c): records of kind, length and payload, where kind and
length are big-endian base-128 numbers. The volume is one record that holds the others.
"""

from collections.abc import Mapping

_VOLUME = 0x14A6B1
_VERBATIM, _FOLDER, _FILE = 2, 4, 5

Tree = Mapping[str, "bytes | Tree"]


def _number(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | (value & 0x7F))
    return bytes(reversed(digits))


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _entries(tree: Tree) -> bytes:
    out = b""
    for name, content in sorted(tree.items()):
        title = _number(len(name.encode())) + name.encode()
        if isinstance(content, bytes):
            out += _record(_FILE, title + _record(_VERBATIM, content))
        else:
            out += _record(_FOLDER, title + _entries(content))
    return out


def build(tree: Tree) -> bytes:
    """Return the image of {name: file content or {name: ...}}."""
    return _record(_VOLUME, _entries(tree))
