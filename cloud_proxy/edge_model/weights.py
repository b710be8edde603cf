"""The weights file: int8 rows in an .npz, or pruned and packed (see pruning/packed.py)."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cloud_proxy.pruning import packed

from .network import Array, Shape
from .table import SYMBOLS

DEFAULT = Path(__file__).with_name("weights.packed")
FORMAT = 1


class DamagedModel(ValueError):
    """The weights file is not one, is cut, altered, or made for another table of tools."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a weights file holds.

    threshold: the confidence under which no call is made; about: how it was trained.
    """

    shape: Shape
    weights: dict[str, Array]
    threshold: float
    about: dict[str, Any]


def quantise(weight: Array) -> tuple[NDArray[np.int8], Array]:
    """Return a matrix as int8 and one scale a row, so that int8 * scale is near it.

    weight: (rows, columns).
    """
    scale = np.abs(weight).max(axis=1, keepdims=True) / 127
    scale = np.where(scale == 0, 1, scale).astype(np.float16).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale.astype(np.float32)


def save(
    path: Path, shape: Shape, weights: Mapping[str, Array], threshold: float, about: dict[str, Any]
) -> None:
    """Write matrices as NAME (int8) and NAME.scale (float16 a row), vectors as float16."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, weight in weights.items():
        if weight.ndim == 2:
            arrays[name], scale = quantise(weight)
            arrays[name + ".scale"] = scale[:, 0].astype(np.float16)
        else:
            arrays[name] = weight.astype(np.float16)
    meta = {
        "format": FORMAT,
        "shape": shape.as_dict(),
        "symbols": list(SYMBOLS),
        "threshold": threshold,
    }
    write(path, arrays, {**meta, "about": about})


def save_packed(
    path: Path,
    shape: Shape,
    weights: Mapping[str, Array],
    kinds: Mapping[str, tuple[str, int]],
    threshold: float,
    about: dict[str, Any],
) -> None:
    """Write the packed kind of file. kinds: name to kind and group (packed.py); else float16."""
    meta = {
        "shape": shape.as_dict(),
        "symbols": list(SYMBOLS),
        "threshold": threshold,
        "about": about,
    }
    tensors = {
        name: packed.quantised(weight, *kinds[name])
        if name in kinds
        else weight.astype(np.float16)
        for name, weight in weights.items()
    }
    packed.save(path, tensors, meta)


def write(path: Path, arrays: Mapping[str, NDArray[Any]], meta: dict[str, Any]) -> None:
    """Write arrays and meta with the checksum over both; the same content gives the same bytes."""
    meta = {**meta, "sha256": _digest(arrays, meta)}
    packed = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    contents: dict[str, Any] = {"META": packed, **arrays}
    np.savez(buffer, **contents)
    path.write_bytes(buffer.getvalue())


def raw(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the meta of a file as they are stored.

    Raises DamagedModel, or OSError if unreadable.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop("META").tobytes())
        if meta.pop("sha256") != _digest(arrays, meta):
            raise DamagedModel(f"{path}: the checksum does not match its content")
    except DamagedModel:
        raise
    except (
        ValueError,
        KeyError,
        EOFError,
        AttributeError,
        TypeError,
        NotImplementedError,
        zipfile.BadZipFile,
    ) as e:
        raise DamagedModel(f"{path}: not a weights file of the edge model ({e})") from e
    return arrays, meta


def load(path: Path | None = None) -> Stored:
    """Return what a weights file of either kind holds, as float32.

    Raises DamagedModel, OSError.
    """
    path = path or DEFAULT
    weights, meta = contents(path)
    if tuple(meta.get("symbols", ())) != SYMBOLS:
        raise DamagedModel(f"{path}: made for another version of the tool table")
    try:
        about = dict(meta["about"])
        return Stored(Shape(**meta["shape"]), weights, float(meta["threshold"]), about)
    except (KeyError, TypeError, ValueError) as e:
        raise DamagedModel(f"{path}: {e}") from e


def contents(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the float32 weights and the meta of a file of either kind, for any tool table.

    Raises DamagedModel, OSError.
    """
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    return _from_npz(path) if zipped else _from_packed(path)


def _from_npz(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays, meta = raw(path)
    if meta.get("format") != FORMAT:
        raise DamagedModel(f"{path}: made for another version of the tool table")
    weights: dict[str, Array] = {}
    for name, array in arrays.items():
        if name + ".scale" in arrays:
            weights[name] = (
                array.astype(np.float32) * arrays[name + ".scale"].astype(np.float32)[:, None]
            )
        elif not name.endswith(".scale"):
            weights[name] = array.astype(np.float32)
    return weights, meta


def _from_packed(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    try:
        tensors, meta = packed.load(path)
    except packed.DamagedFile as e:
        raise DamagedModel(str(e)) from e
    if not isinstance(meta, dict):
        raise DamagedModel(f"{path}: not a weights file of the edge model")
    return packed.weights(tensors), cast(dict[str, Any], meta)


def _digest(arrays: Mapping[str, NDArray[Any]], meta: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
