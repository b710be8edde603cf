"""What the allocations need to know of a model, a layer at a time, kept on disk once found."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from . import llama
from .allocation import Matrix, describe
from .layers import matrices, observed, pruned, through
from .quantise import Array
from .sources import Source
from .tensors import write

Progress = Callable[[str, int, int], None]  # what, done, of how many
DAMAGE_AT = (0.5, 0.7, 0.9)


def measure(
    source: Source, tokens: Tensor, work: Path, tell: Progress, grams: bool = False
) -> list[Matrix]:
    """Return what is known of every matrix after one pass of the dense model over the tokens.

    tokens: (windows, length). work: a folder for what was found; layers found there are not
    measured again. grams: keep each layer's Gram matrices in it too, see `gram_file`.
    """
    work.mkdir(parents=True, exist_ok=True)
    files = [work / f"measured-{index:03d}.json" for index in range(source.config.layers)]
    kept = [gram_file(work, index) for index in range(source.config.layers)]
    if not all(f.exists() for f in files) or (grams and not all(k.exists() for k in kept)):
        x = llama.embed(source.rest(), tokens)
        for index, file in enumerate(files):
            w = source.layer(index)
            if file.exists() and (not grams or kept[index].exists()):
                x = through(w, x, source.config)
            else:
                x, found = observed(w, x, source.config)
                if grams:
                    write(kept[index], found, {})
                _save(file, _described(index, w, found, tokens.numel()))
            tell("measuring layers", index + 1, len(files))
    return [m for file in files for m in _load(file)]


def _described(
    index: int, w: dict[str, Tensor], grams: dict[str, Array], tokens: int
) -> list[Matrix]:
    weights = {f"{index}.{name}": weight for name, weight in matrices(w).items()}
    by_matrix = {f"{index}.{n}": grams[key] for n, (_, key) in llama.PROJECTIONS.items()}
    blocks = {f"{index}.{n}": block for n, (block, _) in llama.PROJECTIONS.items()}
    return describe(index, weights, by_matrix, blocks, tokens)


def damage(
    source: Source,
    found: list[Matrix],
    tokens: Tensor,
    held: Tensor,
    work: Path,
    tell: Progress,
    at: tuple[float, ...] = DAMAGE_AT,
) -> list[Matrix]:
    """Return the matrices with the held-out loss that pruning their layer alone costs (Wanda).

    held: (windows, length), not of the calibration. The hidden states of all variants go through
    the layers together, so each layer is read once; their memory is layers x sparsities x held
    tokens.
    """
    file = work / "damage.json"
    if not file.exists():
        rest, config = source.rest(), source.config
        x, dense = llama.embed(rest, tokens), llama.embed(rest, held)
        variants: dict[tuple[int, float], Tensor] = {}
        for index in range(config.layers):
            w = source.layer(index)
            variants = {key: through(w, h, config) for key, h in variants.items()}
            x, grams = observed(w, x, config)
            for sparsity in at:
                thin = pruned(w, grams, dict.fromkeys(llama.PROJECTIONS, sparsity), "wanda")
                variants[index, sparsity] = through(thin, dense, config)
            dense = through(w, dense, config)
            tell("measuring damage", index + 1, config.layers)
        base = float(llama.losses(rest, dense, held, config).mean())
        rows = [[*key, _loss(rest, h, held, config) - base] for key, h in variants.items()]
        _write(file, rows)
    curves: dict[int, list[tuple[float, float]]] = {}
    for index, sparsity, loss in json.loads(file.read_text()):
        curves.setdefault(index, []).append((sparsity, loss))
    return [replace(m, damage=tuple(sorted(curves[m.layer]))) for m in found]


def _loss(rest: llama.Weights, x: Tensor, tokens: Tensor, config: llama.Config) -> float:
    return float(llama.losses(rest, x, tokens, config).mean())


def gram_file(work: Path, index: int) -> Path:
    """Return where `measure` keeps a layer's Gram matrices."""
    return work / f"gram-{index:03d}.safetensors"


def _save(file: Path, found: Iterable[Matrix]) -> None:
    _write(file, [asdict(m) for m in found])


def _load(file: Path) -> list[Matrix]:
    rows = json.loads(file.read_text())
    return [Matrix(**{**row, "damage": tuple(map(tuple, row["damage"]))}) for row in rows]


def _write(file: Path, content: object) -> None:
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps(content, default=float))
    part.replace(file)


def perplexity(source: Source, tokens: Tensor, tell: Progress) -> float:
    """Return e to the mean loss a token: (windows, length). One layer is in memory at a time."""
    rest = source.rest()
    x = llama.embed(rest, tokens)
    for index in range(source.config.layers):
        x = through(source.layer(index), x, source.config)
        tell("evaluating layers", index + 1, source.config.layers)
    return float(np.exp(_loss(rest, x, tokens, source.config)))
