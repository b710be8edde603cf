"""A pruned language model on disk: config.json, tokenizer.json, packed layers, rest.packed.

numpy alone reads it, says what it weighs and exports it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import packed, tensors


def layer_file(index: int) -> str:
    """Return the name of the packed file of a layer."""
    return f"layer-{index:03d}.packed"


def footprint(folder: Path, layers: int) -> dict[str, Any]:
    """Return what a packed folder weighs: zeros, bits a weight, bytes, what stays dense."""
    zeros = total = stored = 0
    by_layer: list[float] = []
    for index in range(layers):
        contents, _ = packed.load(folder / layer_file(index))
        weights = {n: v for n, v in packed.weights(contents).items() if v.ndim == 2}
        gone = sum(int((v == 0).sum()) for v in weights.values())
        size = sum(v.size for v in weights.values())
        zeros, total = zeros + gone, total + size
        by_layer.append(round(gone / size, 4))
        bits = packed.bits_per_weight(contents)
        plain = 8 * packed.plain_bytes(contents, set(weights))
        stored += sum(bits[n] * v.size for n, v in weights.items() if n in bits) + plain
    rest, _ = packed.load(folder / "rest.packed")
    dense = sum(v.size for v in packed.weights(rest).values())
    return {
        "zeros": round(zeros / total, 5),
        "pruned_weights": total,
        "bits_per_pruned_weight": round(stored / total, 3),
        "dense_weights": dense,
        "bytes_on_disk": sum(f.stat().st_size for f in folder.glob("*.packed")),
        "bytes_float16": 2 * (total + dense),
        "bytes_in_memory": 4 * (total + dense),
        "sparsity_by_layer": by_layer,
    }


def export_hf(folder: Path, to: Path, tell: Callable[[str, int, int], None]) -> None:
    """Write a packed folder as float16 safetensors for `transformers`, one shard a layer."""
    config = json.loads((folder / "config.json").read_text())
    to.mkdir(parents=True, exist_ok=True)
    count, where, size = config["num_hidden_layers"], dict[str, str](), 0
    for at in range(count + 1):
        source = folder / (layer_file(at) if at < count else "rest.packed")
        contents = packed.weights(packed.load(source)[0])
        prefix = f"model.layers.{at}." if at < count else "model."
        arrays = {
            name if name == "lm_head.weight" else prefix + name: value.astype(np.float16)
            for name, value in contents.items()
        }
        file = f"model-{at + 1:05d}-of-{count + 1:05d}.safetensors"
        tensors.write(to / file, arrays, {"format": "pt"})
        where |= dict.fromkeys(arrays, file)
        size += sum(array.nbytes for array in arrays.values())
        tell("exporting shards", at + 1, count + 1)
    index = {"metadata": {"total_size": size}, "weight_map": where}
    (to / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    for name in ("config.json", "tokenizer.json"):
        (to / name).write_bytes((folder / name).read_bytes())
