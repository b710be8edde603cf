"""The optimiser of the training: Muon for the linear layers, AdamW for what is looked up.

Muon makes a matrix of near-equal singular values of each layer's averaged gradient, so that every
direction learns at one pace. Source: Jordan et al., "Muon: An optimizer for hidden layers", 2024.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_MOMENTUM = 0.95
_LOOK_UP = 0.5  # the learning rate of what is looked up, as a share of Muon's
_PARTS = {"qkv": 3, "cross_kv": 2}  # layers that stand side by side in one matrix
_AT_ONCE = 6  # matrices that are levelled together: so many stay in the cache
_ROUNDS = ((3.4445, -4.7750, 2.0315),) * 5  # of the polynomial that pulls singular values to 1


def level(matrices: Tensor) -> Tensor:
    """Return matrices with the singular vectors of the given ones and singular values near 1.

    matrices: (count, rows, columns).
    """
    tall = matrices.shape[1] > matrices.shape[2]
    made: list[Tensor] = []
    for x in (matrices.mT if tall else matrices).split(_AT_ONCE):
        x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        for a, b, c in _ROUNDS:
            square = x @ x.mT
            square = torch.baddbmm(square, square, square, beta=b, alpha=c)
            x = torch.baddbmm(x, square, x, beta=a)
        made.append(x)
    whole = torch.cat(made)
    return whole.mT if tall else whole


class Optimiser:
    """Steps all parameters of an edge network; `rate` is Muon's learning rate.

    named: parameters by their names in network.py. masks: parameter name to the weights that may
    move, for pruned layers.
    """

    def __init__(self, named: Mapping[str, Tensor], masks: Mapping[str, Tensor] | None = None):
        """Sort the parameters: linear layers into square or oblong blocks, the rest to AdamW."""
        lines = {n: p for n, p in named.items() if p.ndim == 2 and not n.endswith("_embed")}
        self._parameters = list(named.values())
        self._lines = list(lines.values())
        self._parts = [_PARTS.get(name.split(".")[-1], 1) for name in lines]
        self._masks = [(masks or {}).get(name) for name in lines]
        self._means = [torch.zeros_like(p) for p in self._lines]
        others = [p for n, p in named.items() if n not in lines]
        self._adam = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0, fused=True)

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def state(self) -> tuple[list[Tensor], dict[str, object]]:
        """Return what `resume` needs."""
        return self._means, self._adam.state_dict()

    def resume(self, state: tuple[list[Tensor], dict[str, object]]) -> None:
        """Go on from a `state`."""
        self._means = state[0]
        self._adam.load_state_dict(state[1])

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter by its gradient."""
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for group in self._adam.param_groups:
            group["lr"] = rate * _LOOK_UP
        self._adam.step()
        shapes: dict[tuple[int, int], list[tuple[int, Tensor]]] = {}
        for n, (parameter, mean) in enumerate(zip(self._lines, self._means, strict=True)):
            gradient = parameter.grad
            assert gradient is not None
            mean.lerp_(gradient, 1 - _MOMENTUM)
            for block in gradient.lerp(mean, _MOMENTUM).chunk(self._parts[n]):
                shapes.setdefault((block.shape[0], block.shape[1]), []).append((n, block))
        moves: list[list[Tensor]] = [[] for _ in self._lines]
        for (rows, columns), blocks in shapes.items():
            size = max(1.0, rows / columns) ** 0.5
            made = level(torch.stack([block for _, block in blocks]))
            for (n, _), move in zip(blocks, made, strict=True):
                moves[n].append(move * size)
        for parameter, move, mask in zip(self._lines, moves, self._masks, strict=True):
            whole = torch.cat(move)
            parameter.sub_(whole * mask if mask is not None else whole, alpha=rate)
