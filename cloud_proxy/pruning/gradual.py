"""Prune and quantise weights while they are trained, so that the others can make up for it.

The chosen parameters of a module read as masked and rounded; gradients pass to what is kept as if
nothing was rounded (straight through). The mask grows by a cubic ramp and follows the magnitudes.
Source of the ramp: Zhu and Gupta, "To Prune, or Not to Prune", 2017.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .masks import removed
from .quantise import DENSE4_TOP, INT8_TOP, SPARSE4_TOP

_TOPS = {"sparse4": SPARSE4_TOP, "dense4": DENSE4_TOP, "int8": INT8_TOP}


@dataclass(frozen=True, slots=True)
class Target:
    """What becomes of a matrix. sparsity: 0..1; kind: as in packed.py; group: columns a scale."""

    sparsity: float = 0.0
    kind: str = "sparse4"
    group: int = 32


def rounded(weight: Tensor, group: int, top: int) -> Tensor:
    """Return the matrix as quantise.py would give it back: (rows, columns)."""
    rows, columns = weight.shape
    filled = nn.functional.pad(weight, (0, -columns % group)).view(rows, -1, group)
    scale = (filled.abs().amax(-1, keepdim=True) / top).half().float()
    zero = scale < 6.2e-5
    codes = (filled / scale.masked_fill(zero, 1)).round().clamp(-top, top).masked_fill(zero, 0)
    return (codes * scale).view(rows, -1)[:, :columns]


class _Thinned(nn.Module):
    """A parametrisation: weight -> masked and, once `exact`, rounded weight."""

    mask: Tensor

    def __init__(self, weight: Tensor, target: Target) -> None:
        super().__init__()
        self.group = weight.shape[1] if target.kind == "int8" else target.group
        self.top, self.exact = _TOPS[target.kind], False
        self.register_buffer("mask", torch.ones_like(weight, dtype=torch.bool))

    def forward(self, weight: Tensor) -> Tensor:
        kept = weight * self.mask
        if not self.exact:
            return kept
        with torch.no_grad():
            error = rounded(kept, self.group, self.top) - kept
        return kept + error


class Gradual:
    """Gradual pruning and rounding of parameters of a module; see the file's head.

    module: holds the parameters directly, as an nn.Linear or nn.ParameterDict does. targets: by
    the parameter's name. steps: of the training to come; the mask reaches its target after the
    share `ramp` of them, rounding begins there.

        gradual = Gradual(net.weights, targets, steps)
        for at in range(steps):
            gradual.step(at)
            ...                     # forward, backward, optimiser
        gradual.finish()
    """

    def __init__(
        self, module: nn.Module, targets: Mapping[str, Target], steps: int, ramp: float = 0.5
    ) -> None:
        """Attach to the parameters; the optimiser may be made before or after."""
        self._module, self._targets = module, dict(targets)
        self._ramp = max(1, round(steps * ramp))
        self._every = max(1, self._ramp // 100)
        self._parts: dict[str, _Thinned] = {}
        for name, target in self._targets.items():
            part = _Thinned(_parameter(module, name), target)
            parametrize.register_parametrization(module, name, part)
            self._parts[name] = part

    def parameters(self) -> dict[str, Tensor]:
        """Return what an optimiser moves: the weights behind the masks, by name."""
        lists: Any = self._module.parametrizations
        return {name: lists[name].original for name in self._parts}

    def masks(self) -> dict[str, Tensor]:
        """Return the masks by name; they change in place as the steps go on."""
        return {name: part.mask for name, part in self._parts.items()}

    def step(self, at: int) -> None:
        """Set the masks for training step `at`, from 0. Sorts each matrix 100 times."""
        for part in self._parts.values():
            part.exact = at >= self._ramp
        if at > self._ramp or (at % self._every and at != self._ramp):
            return
        share = 1 - (1 - at / self._ramp) ** 3
        for name, part in self._parts.items():
            if self._targets[name].sparsity:
                part.mask.copy_(_kept(self._latent(name), self._targets[name].sparsity * share))

    def finish(self) -> None:
        """Leave the parameters masked and rounded, as they will be packed, and let go."""
        for name, part in self._parts.items():
            part.mask.copy_(part.mask & _kept(self._latent(name), self._targets[name].sparsity))
            part.exact = True
            parametrize.remove_parametrizations(self._module, name, leave_parametrized=True)

    def _latent(self, name: str) -> Tensor:
        lists: Any = self._module.parametrizations
        return lists[name].original.detach()


def _parameter(module: nn.Module, name: str) -> Tensor:
    parameter = dict(module.named_parameters(recurse=False)).get(name)
    if parameter is None or parameter.ndim != 2:
        raise ValueError(f"{name} is not a matrix of this module")
    return parameter


def _kept(weight: Tensor, sparsity: float) -> Tensor:
    count = removed(sparsity, weight.numel())
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    if count:
        mask[weight.abs().flatten().argsort(stable=True)[:count]] = False
    return mask.view_as(weight)
