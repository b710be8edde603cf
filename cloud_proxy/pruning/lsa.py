"""The reconstruction error that LSA gives a linear layer: what removing half of it greedily costs.

Source: Yang et al., "Layer-wise Sparsity Allocation for Large Language Models based on Minimal
Linear Reconstruction Error", ICLR 2026.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .masks import Mask
from .quantise import Array

Real = NDArray[np.float32] | NDArray[np.float64]
GROUP = 128


def greedy(
    weight: Real, gram: Real, group: int = GROUP, share: float = 0.5
) -> tuple[NDArray[np.float64], Mask]:
    """Remove weights one by one, a row at a time, where the output changes least.

    In each group of input channels the share of them goes. The error of a row is
    ||(w - m*w) X||^2 over all it lost, earlier groups included.

    weight: (out, in). gram: (in, in), H with w H w^T the squared output; scale it as you like,
    LSA takes 2/n X X^T. Returns the error of each row (out,), float64, and True where a weight
    went.
    """
    rows, columns = int(weight.shape[0]), int(weight.shape[1])
    error = np.zeros(rows)
    gone = np.zeros(weight.shape, bool)
    scores = (weight * weight) * np.diagonal(gram)
    every = np.arange(rows)
    for start in range(0, columns, group):
        here = slice(start, min(columns, start + group))
        w, h = weight[:, here], gram[here, here]
        cost = np.array(scores[:, here])
        lost, twice = np.zeros_like(w), 2 * w
        for _ in range(int(w.shape[1] * share)):
            i = np.argmin(cost, axis=1)
            error += cost[every, i]
            removed = w[every, i]
            lost[every, i] = removed
            gone[every, start + i] = True
            change = h[i]
            change *= removed[:, None]
            change *= twice
            cost += change
            cost[every, i] = np.inf
        scores[:, here.stop :] += 2 * weight[:, here.stop :] * (lost @ gram[here, here.stop :])
    return error, gone


def error(weight: Array, gram: Array, tokens: int) -> float:
    """Return LSA's error of a linear layer: the mean over its rows, with H = 2/tokens X X^T.

    gram: (in, in), X @ X.T over that many tokens.
    """
    rows, _ = greedy(weight.astype(np.float64), gram.astype(np.float64) * (2 / tokens))
    return float(rows.mean())
