"""How much each weight matters, and SparseGPT, which also mends what it leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .masks import per_matrix, per_row, removed
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
    weight: Array, gram: Gram, sparsity: float, block: int = 128, factor: Array | None = None
) -> Array:
    """Return a pruned copy whose kept weights make up for the removed ones.

    Columns are taken left to right; the error of each removed weight is spread over the columns
    to its right by the inverse of the Gram matrix. In each block the weights with the lowest
    weight^2 / inverse diagonal^2 go; the count over the matrix is exact.

    weight: (out, in). gram: (in, in), X @ X.T. factor: `inverse_factor(gram)` where it is at hand.
    Source: Frantar and Alistarh, "SparseGPT", 2023.
    """
    left = np.array(weight, dtype=np.float32)
    columns = left.shape[1]
    inverse = inverse_factor(gram) if factor is None else factor
    left[:, np.diagonal(gram) <= 0] = 0
    gone = 0
    for start in range(0, columns, block):
        stop = min(columns, start + block)
        part, local = np.array(left[:, start:stop].T, order="C"), inverse[start:stop, start:stop]
        due = removed(sparsity, weight.shape[0] * stop) - gone
        gone += due
        mask = per_matrix((part / np.diagonal(local)[:, None]) ** 2, due / part.size)
        errors = np.zeros_like(part)
        for i in range(stop - start):
            errors[i] = np.where(mask[i], part[i], 0) / local[i, i]
            part[i:] -= local[i, i:, None] * errors[i]
            part[i, mask[i]] = 0
        left[:, start:stop] = part.T
        left[:, stop:] -= errors.T @ inverse[start:stop, stop:]
    return left


def inverse_factor(gram: Gram, damp: float = 0.3) -> Array:
    """Return the upper Cholesky factor of the damped Gram matrix's inverse: (in, in).

    damp: the share of itself that each channel's diagonal gains; more fits the calibration less
    closely. (The authors add 1% of the mean diagonal, which a few thousand tokens overfit.) A
    channel that is never there counts as 1.
    """
    full = gram.astype(np.float64)
    dead = np.diagonal(full) <= 0
    full[dead, dead] = 1
    full[np.diag_indices_from(full)] *= 1 + damp
    inverse = np.linalg.inv(full)
    return np.ascontiguousarray(np.linalg.cholesky((inverse + inverse.T) / 2).T, dtype=np.float32)


def prune(
    weight: Array, gram: Gram | None, sparsity: float, score: str, factor: Array | None = None
) -> Array:
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
        return sparsegpt(weight, gram, sparsity, factor=factor)
    raise ValueError(f"{score} is no score; magnitude, wanda or sparsegpt")


SCORES = ("magnitude", "wanda", "sparsegpt")
