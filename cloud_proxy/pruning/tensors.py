"""Files of named arrays in the safetensors layout, with numpy alone.

Eight bytes of length, a JSON header with type, shape and place of each array, then the arrays.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
    "BF16": "<u2",  # no such type in numpy; `TensorFile` widens it to float32
}
_NAMES = {np.dtype(code).str: name for name, code in _TYPES.items() if name != "BF16"}
_HEADER_LIMIT = 100_000_000


class DamagedFile(ValueError):
    """The file is not one of named arrays, or was cut or altered."""


class TensorFile(Mapping[str, NDArray[Any]]):
    """A file's arrays by name, read when they are asked for; `metadata` is its text fields.

    Arrays are read-only views of the mapped file; BF16 comes as a float32 copy.
    Raises DamagedFile if the header does not fit the file, OSError if it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Map the file and check its header against its length."""
        self.path = path
        if path.stat().st_size < 10:
            raise DamagedFile(f"{path}: too short")
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        (length,) = struct.unpack("<Q", self._bytes[:8].tobytes())
        if length > min(_HEADER_LIMIT, self._bytes.size - 8):
            raise DamagedFile(f"{path}: not a safetensors file, or cut")
        try:
            header = json.loads(self._bytes[8 : 8 + length].tobytes())
            self.metadata: dict[str, str] = dict(header.pop("__metadata__", {}))
            self._entries = {name: self._entry(entry) for name, entry in header.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            raise DamagedFile(f"{path}: its header cannot be read ({e})") from e
        self._start = 8 + length
        end = max((stop for *_, stop in self._entries.values()), default=0)
        if self._start + end != self._bytes.size:
            raise DamagedFile(f"{path}: {self._bytes.size} bytes, {self._start + end} expected")

    @staticmethod
    def _entry(entry: dict[str, Any]) -> tuple[str, tuple[int, ...], int, int]:
        shape = tuple(int(n) for n in entry["shape"])
        start, stop = (int(n) for n in entry["data_offsets"])
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(_TYPES[entry["dtype"]]).itemsize
        if min((*shape, start), default=0) < 0 or stop - start != size:
            raise ValueError("an array's shape and place differ")
        return entry["dtype"], shape, start, stop

    def __getitem__(self, name: str) -> NDArray[Any]:
        dtype, shape, start, stop = self._entries[name]
        flat = self._bytes[self._start + start : self._start + stop].view(_TYPES[dtype])
        if dtype == "BF16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat.reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def write(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write the arrays, all or nothing; the same content gives the same bytes.

    Raises TypeError for an array of a type that safetensors has not.
    """
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    at = 0
    order = sorted(
        arrays, key=lambda name: (-arrays[name].dtype.itemsize, name)
    )  # keeps alignment
    for name in order:
        array = arrays[name]
        if array.dtype.str not in _NAMES:
            raise TypeError(f"{name}: {array.dtype} has no place in a safetensors file")
        header[name] = {
            "dtype": _NAMES[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(arrays[name]).tobytes())
    os.replace(part, path)
