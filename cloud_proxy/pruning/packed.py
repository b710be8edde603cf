"""The packed file: pruned INT4 matrices as bitmap + codes + scales, in the safetensors layout.

Each tensor T has a row in the metadata field `tensors`: {"kind", "shape", "group"}, and arrays:

| kind | arrays |
|---|---|
| sparse4 | T.mask U8: a bit a weight, row by row, highest bit first, 1 where it is not zero |
| | T.code U8: four bits a kept weight, low half first: 0..7 are 1..8, 8..15 are -1..-8 |
| | T.scale F16 (rows, groups) |
| dense4 | T.code U8: four bits a weight, two's complement, low half first; T.scale as above |
| int8 | T.code I8 (rows, columns); T.scale F16 (rows, 1) |
| plain | T as it is: F16 or F32 |

A weight is code * scale of its group of `group` columns. `about` is the owner's own JSON. `sha256`
covers every array and the other fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .quantise import Array, Codes, Scales, dense4, dequantise, groups_of, int8, sparse4
from .tensors import DamagedFile, TensorFile, write

FORMAT = "limpet-packed-1"
Stored = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Quantised:
    """A matrix as integers. kind: sparse4, dense4 or int8; codes: (rows, columns)."""

    kind: str
    group: int
    codes: Codes
    scales: Scales

    def weight(self) -> Array:
        """Return the float32 matrix that these integers stand for."""
        return dequantise(self.codes, self.scales, self.group)


def quantised(weight: Array, kind: str, group: int = 32) -> Quantised:
    """Return a matrix in one of the kinds. group: columns a scale, for the INT4 kinds."""
    if kind == "int8":
        return Quantised(kind, max(1, weight.shape[1]), *int8(weight))
    made = {"sparse4": sparse4, "dense4": dense4}[kind](weight, group)
    return Quantised(kind, group, *made)


def save(path: Path, tensors: Mapping[str, Quantised | Stored], about: Any) -> None:
    """Write a packed file. tensors: Quantised, or float16/float32 arrays stored as they are."""
    arrays: dict[str, Stored] = {}
    rows: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, Quantised):
            shape, group = tensor.codes.shape, tensor.group
            rows[name] = {"kind": tensor.kind, "shape": list(shape), "group": group}
            for part, array in _PACK[tensor.kind](tensor.codes).items():
                arrays[f"{name}.{part}"] = array
            arrays[f"{name}.scale"] = tensor.scales
        else:
            if tensor.dtype.str not in ("<f2", "<f4"):
                raise TypeError(f"{name}: a plain tensor is float16 or float32")
            rows[name] = {"kind": "plain", "shape": list(tensor.shape), "group": 0}
            arrays[name] = tensor
    metadata = {
        "format": FORMAT,
        "tensors": json.dumps(rows, sort_keys=True),
        "about": json.dumps(about, sort_keys=True),
    }
    write(path, arrays, {**metadata, "sha256": _digest(arrays, metadata)})


def load(path: Path) -> tuple[dict[str, Quantised | Stored], Any]:
    """Return what `save` was given: the tensors and `about`.

    Raises DamagedFile unless every byte and count is what it must be, OSError if it cannot be
    read.
    """
    file = TensorFile(path)
    metadata = dict(file.metadata)
    if metadata.get("format") != FORMAT:
        raise DamagedFile(f"{path}: not a packed file of format {FORMAT}")
    if metadata.pop("sha256", "") != _digest(file, metadata):
        raise DamagedFile(f"{path}: the checksum does not match its content")
    tensors: dict[str, Quantised | Stored] = {}
    try:
        for name, row in json.loads(metadata["tensors"]).items():
            tensors[name] = _tensor(file, name, row)
        about = json.loads(metadata["about"])
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise DamagedFile(f"{path}: {e}") from e
    return tensors, about


def weights(tensors: Mapping[str, Quantised | Stored]) -> dict[str, Array]:
    """Return every tensor as float32."""
    return {
        name: tensor.weight() if isinstance(tensor, Quantised) else tensor.astype(np.float32)
        for name, tensor in tensors.items()
    }


def bits_per_weight(tensors: Mapping[str, Quantised | Stored]) -> dict[str, float]:
    """Return for each matrix in integers the bits a weight with bitmap and scales."""
    found: dict[str, float] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, Quantised) and tensor.codes.size:
            arrays = [*_PACK[tensor.kind](tensor.codes).values(), tensor.scales]
            found[name] = sum(array.nbytes for array in arrays) * 8 / tensor.codes.size
    return found


def plain_bytes(tensors: Mapping[str, Quantised | Stored], names: set[str]) -> int:
    """Return the bytes of those named that are stored as they are."""
    return sum(t.nbytes for n, t in tensors.items() if n in names and not isinstance(t, Quantised))


def _tensor(file: TensorFile, name: str, row: dict[str, Any]) -> Quantised | Stored:
    kind, shape = row["kind"], tuple(row["shape"])
    if kind == "plain":
        if file[name].shape != shape:
            raise ValueError(f"{name} has not the shape it says")
        return np.array(file[name])
    rows, columns = shape
    scales = np.array(file[name + ".scale"])
    if scales.shape != (rows, groups_of(columns, row["group"])) or scales.dtype != np.float16:
        raise ValueError(f"{name} has not the scales it says")
    codes = _UNPACK[kind](file, name, rows * columns).reshape(shape)
    return Quantised(kind, row["group"], codes, scales)


def _nibbles(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pack values of 0..15 two a byte, low half first."""
    even = np.append(values, np.zeros(values.size % 2, np.uint8))
    return even[0::2] | even[1::2] << np.uint8(4)


def _halves(packed: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    if packed.dtype != np.uint8 or packed.size != -(-count // 2):
        raise ValueError(f"{packed.size} bytes of codes for {count} weights")
    halves = np.stack((packed & np.uint8(15), packed >> np.uint8(4)), axis=1)
    return halves.ravel()[:count]


def _pack_sparse4(codes: Codes) -> dict[str, Stored]:
    kept = codes[codes != 0]
    values = (np.abs(kept) - 1 + 8 * (kept < 0)).astype(np.uint8)
    return {"mask": np.packbits(codes.ravel() != 0), "code": _nibbles(values)}


def _unpack_sparse4(file: TensorFile, name: str, count: int) -> Codes:
    bits = file[name + ".mask"]
    if bits.dtype != np.uint8 or bits.size != -(-count // 8):
        raise ValueError(f"{name} has not the bitmap it says")
    mask = np.unpackbits(bits)[:count].astype(bool)
    values = _halves(file[name + ".code"], int(mask.sum())).astype(np.int8)
    codes = np.zeros(count, np.int8)
    codes[mask] = np.where(values < 8, values + 1, 7 - values)
    return codes


def _pack_dense4(codes: Codes) -> dict[str, Stored]:
    return {"code": _nibbles(codes.ravel().view(np.uint8) & np.uint8(15))}


def _unpack_dense4(file: TensorFile, name: str, count: int) -> Codes:
    values = _halves(file[name + ".code"], count).astype(np.int8)
    return np.where(values < 8, values, values - 16).astype(np.int8)


def _unpack_int8(file: TensorFile, name: str, count: int) -> Codes:
    codes = np.array(file[name + ".code"])
    if codes.dtype != np.int8 or codes.size != count:
        raise ValueError(f"{name} has not the codes it says")
    return codes


_PACK: dict[str, Callable[[Codes], dict[str, Stored]]] = {
    "sparse4": _pack_sparse4,
    "dense4": _pack_dense4,
    "int8": lambda codes: {"code": codes},
}
_UNPACK: dict[str, Callable[[TensorFile, str, int], Codes]] = {
    "sparse4": _unpack_sparse4,
    "dense4": _unpack_dense4,
    "int8": _unpack_int8,
}


def _digest(arrays: Mapping[str, Stored], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(metadata), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
