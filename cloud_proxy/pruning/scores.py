"""How much each weight matters, and SparseGPT, which also mends what it leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .masks import Mask, per_matrix, per_row, removed
from .quantise import Array

Gram = NDArray[np.float32]


def magnitude(weight: Array) -> Array:
    """Return |weight|."""
    return np.abs(weight)


def wanda(weight: Array, input_norm: Array) -> Array:
    """Return |weight| * input_norm.

    weight: (out, in). input_norm: (in,), L2 norm of each input channel over the calibration
    tokens. Raises ValueError if the widths differ. Source: Sun et al., "A Simple and Effective
    Pruning Approach for Large Language Models", 2024.
    """
    if input_norm.shape != (weight.shape[1],):
        raise ValueError(f"{weight.shape[1]} input channels, {input_norm.shape} norms")
    return np.abs(weight) * input_norm


def norms(gram: Gram) -> Array:
    """Return the L2 norm of each input channel; gram: (in, in), X @ X.T over the tokens."""
    return np.sqrt(np.maximum(np.diagonal(gram), 0))


def sparsegpt(
    weight: Array, gram: Gram, sparsity: float, block: int = 128, damp: float = 0.01
) -> Array:
    """Return a pruned copy whose kept weights make up for the removed ones.

    Columns are taken left to right; the error of each removed weight is spread over the columns
    to its right by the inverse of the Gram matrix. In each block the weights with the lowest
    weight^2 / inverse diagonal^2 go; the count over the matrix is exact.

    weight: (out, in). gram: (in, in), X @ X.T. damp: share of the mean diagonal added to it.
    Source: Frantar and Alistarh, "SparseGPT", 2023.
    """
    left = weight.astype(np.float32).copy()
    columns = left.shape[1]
    dead = np.diagonal(gram) <= 0
    inverse = _inverse_factor(gram, dead, damp)
    left[:, dead] = 0
    gone = 0
    for start in range(0, columns, block):
        stop = min(columns, start + block)
        part, factor = left[:, start:stop], inverse[start:stop, start:stop]
        due = removed(sparsity, weight.shape[0] * stop) - gone
        mask = _lowest((part / np.diagonal(factor)) ** 2, due)
        gone += due
        errors = np.zeros_like(part)
        for i in range(stop - start):
            wrong = np.where(mask[:, i], part[:, i], 0) / factor[i, i]
            errors[:, i] = wrong
            part[:, i:] -= wrong[:, None] * factor[i, i:]
            part[mask[:, i], i] = 0
        left[:, stop:] -= errors @ inverse[start:stop, stop:]
    return left


def _lowest(scores: Array, count: int) -> Mask:
    mask = np.zeros(scores.size, bool)
    if count > 0:
        mask[np.argpartition(scores, count - 1, axis=None)[:count]] = True
    return mask.reshape(scores.shape)


def _inverse_factor(gram: Gram, dead: Mask, damp: float) -> Array:
    """Return the upper Cholesky factor of the damped inverse: (in, in)."""
    full = gram.astype(np.float64)
    full[dead, dead] = 1
    add = damp * float(np.mean(np.diagonal(full)))
    full[np.diag_indices_from(full)] += add
    inverse = np.linalg.inv(full)
    return np.linalg.cholesky((inverse + inverse.T) / 2).T.astype(np.float32)


def prune(weight: Array, gram: Gram | None, sparsity: float, score: str) -> Array:
    """Return a copy with that share of its weights zero. score: magnitude, wanda or sparsegpt.

    Magnitude compares over the matrix, Wanda within each row. Raises ValueError for an unknown
    score, or without the Gram matrix where one is needed.
    """
    if score == "magnitude":
        return np.where(per_matrix(magnitude(weight), sparsity), np.float32(0), weight)
    if gram is None:
        raise ValueError(f"{score} needs the Gram matrix of the inputs")
    if score == "wanda":
        return np.where(per_row(wanda(weight, norms(gram)), sparsity), np.float32(0), weight)
    if score == "sparsegpt":
        return sparsegpt(weight, gram, sparsity)
    raise ValueError(f"{score} is no score; magnitude, wanda or sparsegpt")


SCORES = ("magnitude", "wanda", "sparsegpt")
