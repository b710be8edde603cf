"""Train what is left of a pruned layer to give what the dense layer gave, one at a time.

The masks stay. The layer sees the inputs of the pruned model and aims at the outputs of the
dense one, so that it also makes up for what earlier layers lost.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .gradual import rounded
from .layers import through
from .llama import PROJECTIONS, Config, layer, rotations
from .quantise import SPARSE4_TOP


def reconstructed(
    thin: Mapping[str, Tensor],
    x: Tensor,
    target: Tensor,
    config: Config,
    *,
    steps: int,
    group: int = 0,
    rate: float = 5e-4,
    batch: int = 2,
    seed: int = 1,
) -> dict[str, Tensor]:
    """Return the layer with its kept weights trained, or as it was if that did not come nearer.

    thin: the pruned layer. x, target: (windows, tokens, width), its inputs in the pruned model
    and the dense model's outputs. steps: of Adam, each on `batch` windows. group: columns a
    scale where INT4 follows, so that training sees the rounding; 0 for none. rate: the highest,
    falling as a cosine.
    """
    masks = {name: thin[name + ".weight"] != 0 for name in PROJECTIONS}
    kept = {name: nn.Parameter(thin[name + ".weight"].clone()) for name in PROJECTIONS}
    optimiser = torch.optim.Adam(kept.values(), lr=rate)
    turned, draw = rotations(config, 0, x.shape[1]), torch.Generator().manual_seed(seed)
    # Tensors made in inference mode cannot be trained on.
    x, target = x.clone(), target.clone()
    scale = target.square().mean()

    def now() -> dict[str, Tensor]:
        made = dict(thin)
        for name, weight in kept.items():
            masked = weight * masks[name]
            if group:
                with torch.no_grad():
                    error = rounded(masked, group, SPARSE4_TOP) - masked
                masked = masked + error
            made[name + ".weight"] = masked
        return made

    for step in range(steps):
        rows = torch.randint(len(x), (batch,), generator=draw)
        for part in optimiser.param_groups:
            part["lr"] = rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        loss = (layer(now(), x[rows], config, turned) - target[rows]).square().mean() / scale
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        after = now()
    before = {**thin}
    if group:
        for name in PROJECTIONS:
            before[name + ".weight"] = rounded(thin[name + ".weight"], group, SPARSE4_TOP)
    nearer = _apart(after, x, target, config) < _apart(before, x, target, config)
    return after if nearer else dict(thin)


def _apart(w: Mapping[str, Tensor], x: Tensor, target: Tensor, config: Config) -> float:
    return float((through(w, x, config) - target).square().mean())
