"""One decoder layer: what goes into its projections, what is left of it when pruned."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from .llama import PROJECTIONS, Config, layer, rotations
from .quantise import Array
from .scores import prune

_ROWS = 4  # windows that go through a layer at a time


def through(w: Mapping[str, Tensor], x: Tensor, config: Config) -> Tensor:
    """Return x behind the layer: (windows, tokens, width)."""
    turned = rotations(config, 0, x.shape[1])
    with torch.inference_mode():
        return torch.cat([layer(w, rows, config, turned) for rows in x.split(_ROWS)])


def observed(
    w: Mapping[str, Tensor], x: Tensor, config: Config
) -> tuple[Tensor, dict[str, Array]]:
    """Return x behind the layer, and the Gram matrix X @ X.T of each input over all tokens.

    The inputs are named as in `llama.PROJECTIONS`; every token counts once, none is padding.
    """
    grams: dict[str, Tensor] = {}
    seen: set[str] = set()

    def tap(name: str, value: Tensor) -> None:
        key = PROJECTIONS[name][1]
        if key in seen:
            return
        seen.add(key)
        flat = value.flatten(0, -2)
        grams[key] = grams.get(key, 0) + flat.T @ flat

    turned, out = rotations(config, 0, x.shape[1]), list[Tensor]()
    with torch.inference_mode():
        for rows in x.split(_ROWS):
            seen.clear()
            out.append(layer(w, rows, config, turned, tap=tap))
        return torch.cat(out), {key: gram.numpy() for key, gram in grams.items()}


def matrices(w: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return the layer's projections by name: (out, in)."""
    return {name: w[name + ".weight"].numpy() for name in PROJECTIONS}


def pruned(
    w: Mapping[str, Tensor],
    grams: Mapping[str, Array],
    shares: Mapping[str, float],
    score: str,
    factors: Mapping[str, Array] | None = None,
) -> dict[str, Tensor]:
    """Return the layer with its projections pruned; shares: sparsity by projection.

    factors: `scores.inverse_factor` of the Gram matrices by input, for SparseGPT, where they are
    at hand.
    """
    made = dict(w)
    for name, weight in matrices(w).items():
        key = PROJECTIONS[name][1]
        left = prune(weight, grams[key], shares[name], score, (factors or {}).get(key))
        made[name + ".weight"] = torch.from_numpy(np.ascontiguousarray(left, dtype=np.float32))
    return made
