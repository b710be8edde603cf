"""How sparse each matrix becomes when the whole has a budget.

A method ranks groups of matrices by importance; the spread around the budget is its own. The
groups are layers (one decoder layer, all its projections), blocks (attention or MLP of a layer)
or single projections. Whatever a method says is clipped and shifted until the budget holds
exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import lsa
from .quantise import Array
from .scores import norms, wanda

Shares = NDArray[np.float64]
LEVELS = ("layer", "block", "projection")
HIGHEST = 0.99  # no matrix loses more, so that none goes blind
_OUTLIER = 5  # times the layer's mean score, OWL's M
_LSA_BETA = (0.06, 0.02, 0.04, 0.02, 0.04, 0.1, 0.15, 0.12)  # for a sparsity of .1, .2, .. .8


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is known of one matrix before anything is pruned.

    layer: from 0. block: "attention", "mlp" or what else it belongs to. error: LSA's (lsa.error).
    outliers: share of Wanda scores above 5 times the layer's mean. median: of its Wanda scores.
    alpha: exponent of its spectrum's tail. damage: held-out loss when its layer alone is pruned
    to a sparsity, less the dense loss; empty where it was not measured.
    """

    name: str
    layer: int
    block: str
    size: int
    error: float = 0.0
    outliers: float = 0.0
    median: float = 0.0
    alpha: float = 0.0
    damage: tuple[tuple[float, float], ...] = ()


def describe(
    layer: int,
    weights: Mapping[str, Array],
    grams: Mapping[str, Array],
    blocks: Mapping[str, str],
    tokens: int,
) -> list[Matrix]:
    """Return what the methods need to know of one layer's matrices.

    weights: (out, in) by name. grams: (in, in) of their inputs by the same names, summed over
    `tokens` tokens.
    """
    scored = {name: wanda(weight, norms(grams[name])) for name, weight in weights.items()}
    mean = sum(s.sum(dtype=np.float64) for s in scored.values()) / sum(
        s.size for s in scored.values()
    )
    return [
        Matrix(
            name,
            layer,
            blocks[name],
            weight.size,
            error=lsa.error(weight, grams[name], tokens),
            outliers=float((scored[name] > _OUTLIER * mean).mean()),
            median=float(np.median(scored[name])),
            alpha=hill(weight),
        )
        for name, weight in weights.items()
    ]


def hill(weight: Array) -> float:
    """Return the exponent of the tail of the weight's spectrum, its upper half (Hill's estimator).

    Source: Lu et al., "AlphaPruning", 2024.
    """
    wide = weight.astype(np.float64)
    values = np.linalg.eigvalsh(wide @ wide.T if wide.shape[0] < wide.shape[1] else wide.T @ wide)[
        ::-1
    ]
    tail = values[: max(2, len(values) // 2)]
    logs = np.log(np.maximum(tail, 1e-30) / max(tail[-1], 1e-30))
    return 1.0 + len(tail) / max(float(logs.sum()), 1e-12)


def budget(shares: Shares, sizes: Shares, sparsity: float, highest: float = HIGHEST) -> Shares:
    """Return the shares clipped to 0..highest and shifted until their mean by size fits.

    Raises ValueError for a sparsity outside 0..highest.
    """
    if not 0 <= sparsity <= highest:
        raise ValueError(f"a sparsity is 0..{highest}, not {sparsity}")
    low, high = -1.0 - float(np.max(shares)), 1.0 + highest - float(np.min(shares))
    for _ in range(80):
        shift = (low + high) / 2
        mean = float(np.average(np.clip(shares + shift, 0, highest), weights=sizes))
        low, high = (shift, high) if mean < sparsity else (low, shift)
    return np.clip(shares + high, 0, highest)


def around(importance: Shares, sparsity: float, spread: float) -> Shares:
    """Return shares of sparsity +- spread, the most important group the least sparse."""
    span = float(np.ptp(importance)) or 1.0
    d: Shares = (importance - importance.min()) * (2 * spread / span)
    return d.mean() - d + sparsity


def lsa_beta(sparsity: float) -> float:
    """Return the published spread for a sparsity, interpolated between tenths."""
    return float(np.interp(sparsity, np.arange(1, 9) / 10, _LSA_BETA))


def allocate(
    method: str,
    matrices: Sequence[Matrix],
    sparsity: float,
    level: str = "layer",
    spread: float = 0,
) -> dict[str, float]:
    """Return a sparsity for each matrix by name, with exactly the budget over all.

    method: a key of METHODS. level: one of LEVELS. spread: how far groups may be from the
    budget; 0 takes the method's own. Raises ValueError for what there is not, or where the
    method lacks a measurement.
    """
    if method not in METHODS:
        raise ValueError(f"{method} is no allocation; one of {', '.join(METHODS)}")
    if level not in LEVELS:
        raise ValueError(f"{level} is no level; one of {', '.join(LEVELS)}")
    groups = _groups(matrices, level)
    sizes = np.array([sum(m.size for m in group) for group in groups], dtype=np.float64)
    shares = budget(METHODS[method](_Ask(groups, sizes, sparsity, level, spread)), sizes, sparsity)
    return {
        m.name: float(share) for group, share in zip(groups, shares, strict=True) for m in group
    }


@dataclass(frozen=True, slots=True)
class _Ask:
    groups: list[list[Matrix]]
    sizes: Shares
    sparsity: float
    level: str
    spread: float

    def mean(self, value: Callable[[Matrix], float]) -> Shares:
        """Return a value of each group, the plain mean over its matrices."""
        return np.array([float(np.mean([value(m) for m in g])) for g in self.groups])

    def weighted(self, value: Callable[[Matrix], float]) -> Shares:
        """Return a value of each group, by size."""
        return np.array(
            [np.average([value(m) for m in g], weights=[m.size for m in g]) for g in self.groups]
        )


def _groups(matrices: Sequence[Matrix], level: str) -> list[list[Matrix]]:
    keys: dict[tuple[object, ...], list[Matrix]] = {}
    for m in matrices:
        key = {"layer": (m.layer,), "block": (m.layer, m.block), "projection": (m.name,)}[level]
        keys.setdefault(key, []).append(m)
    return list(keys.values())


def _uniform(ask: _Ask) -> Shares:
    return np.full(len(ask.groups), ask.sparsity)


def _owl(ask: _Ask) -> Shares:
    """Many outliers: keep more. Source: Yin et al., "Outlier Weighed Layerwise Sparsity", 2024."""
    return around(ask.weighted(lambda m: m.outliers), ask.sparsity, ask.spread or 0.08)


def _dlp(ask: _Ask) -> Shares:
    """A high median score counts as unimportant. Source: Chen et al., "DLP", 2025."""
    median = ask.mean(lambda m: m.median)
    return around(1 - median / max(median.sum(), 1e-30), ask.sparsity, ask.spread or 0.15)


def _alpha(ask: _Ask) -> Shares:
    """A heavy-tailed spectrum is well trained: keep more. Source: see `hill`."""
    return around(-ask.mean(lambda m: m.alpha), ask.sparsity, ask.spread or 0.2 * ask.sparsity)


def _ramp(ask: _Ask) -> Shares:
    """Sparser with depth, in equal steps; half the steepest ramp that fits.

    Source: Huang et al., "Determining Layer-wise Sparsity Through a Theoretical Perspective",
    2025.
    """
    depth = ask.mean(lambda m: m.layer)
    return around(-depth, ask.sparsity, ask.spread or 0.5 * min(ask.sparsity, 1 - ask.sparsity))


def _lsa(ask: _Ask) -> Shares:
    """As the authors' code does: a high error counts as unimportant, so that it is pruned more."""
    errors = ask.mean(lambda m: m.error)
    importance = 1 - errors / max(errors.sum(), 1e-30)
    if ask.level == "layer":
        return around(importance, ask.sparsity, ask.spread or lsa_beta(ask.sparsity))
    d = ask.sparsity - around(importance, ask.sparsity, ask.spread or 0.08)
    return ask.sparsity - d * ask.sizes.mean() / ask.sizes


def _lsa_reversed(ask: _Ask) -> Shares:
    return 2 * ask.sparsity - _lsa(ask)


def _lsa_measured(ask: _Ask) -> Shares:
    """LSA with the sign that the measured damage has: + where high errors hurt least."""
    return (_lsa if lsa_sign([m for g in ask.groups for m in g]) > 0 else _lsa_reversed)(ask)


def lsa_sign(matrices: Sequence[Matrix]) -> int:
    """Return 1 if layers with a high error are the ones that hurt less when pruned, else -1.

    By rank correlation over the layers. Raises ValueError if no damage was measured.
    """
    layers = _groups(matrices, "layer")
    errors = [np.mean([m.error for m in layer]) for layer in layers]
    damage = [sum(loss for _, loss in _curve(layer)) for layer in layers]
    ranks = [np.argsort(np.argsort(values)) for values in (errors, damage)]
    return 1 if float(np.corrcoef(ranks[0], ranks[1])[0, 1]) < 0 else -1


def _sensitivity(ask: _Ask) -> Shares:
    """Spend sparsity where a weight more costs the least measured loss.

    Each group's damage is a convex curve through what was measured; the steepest parts are taken
    last.
    """
    steps: list[tuple[float, int, float]] = []
    shares = np.zeros(len(ask.groups))
    for at, group in enumerate(ask.groups):
        hull = _convex(_fine(_curve(group)))
        for (x0, y0), (x1, y1) in zip(hull, hull[1:], strict=False):
            steps.append(((y1 - y0) / ((x1 - x0) * ask.sizes[at]), at, x1 - x0))
    left = ask.sparsity * ask.sizes.sum()
    for _, at, width in sorted(steps):
        taken = min(width, left / ask.sizes[at])
        shares[at] += taken
        left -= taken * ask.sizes[at]
    return shares


def _curve(group: Sequence[Matrix]) -> list[tuple[float, float]]:
    """Return the damage of a group's layer, never falling; a layer's matrices share one curve."""
    if not group[0].damage:
        raise ValueError("this allocation needs the measured damage of each layer")
    highest, curve = 0.0, list[tuple[float, float]]()
    for sparsity, loss in sorted(group[0].damage):
        highest = max(highest, loss)
        curve.append((sparsity, highest))
    return curve


def _fine(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the curve at every hundredth: a cube up to the first point, then exponentials."""
    xs: Shares = np.array([x for x, _ in curve])
    ys: Shares = np.array([y for _, y in curve])
    logs = np.log(np.maximum(ys, 1e-9))
    points = [(0.0, 0.0)]
    for x in (step / 100 for step in range(1, round(100 * float(xs[-1])) + 1)):
        y = ys[0] * (x / xs[0]) ** 3 if x < xs[0] else np.exp(np.interp(x, xs, logs))
        points.append((x, float(y)))
    return points


def _convex(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the lower convex hull of points sorted by x."""
    hull: list[tuple[float, float]] = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (y1 - y0) * (x - x0) < (y - y0) * (x1 - x0):
                break
            hull.pop()
        hull.append((x, y))
    return hull


METHODS: dict[str, Callable[[_Ask], Shares]] = {
    "uniform": _uniform,
    "owl": _owl,
    "dlp": _dlp,
    "alpha": _alpha,
    "ramp": _ramp,
    "lsa": _lsa,
    "lsa-reversed": _lsa_reversed,
    "lsa-measured": _lsa_measured,
    "sensitivity": _sensitivity,
}
MEASURED = ("lsa-measured", "sensitivity")  # these need the damage
