"""Which weights go: exact counts from scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .quantise import Array

Mask = NDArray[np.bool_]


def removed(sparsity: float, size: int) -> int:
    """Return how many of `size` weights go at a sparsity of 0..1."""
    if not 0 <= sparsity <= 1:
        raise ValueError(f"a sparsity is 0..1, not {sparsity}")
    return round(sparsity * size)


def per_matrix(scores: Array, sparsity: float) -> Mask:
    """Return True where a weight goes: the lowest scores of the whole matrix, an exact count."""
    count = removed(sparsity, scores.size)
    mask = np.zeros(scores.size, bool)
    mask[np.argsort(scores, axis=None, kind="stable")[:count]] = True
    return mask.reshape(scores.shape)


def per_row(scores: Array, sparsity: float) -> Mask:
    """Return True where a weight goes: the lowest scores of each row.

    Rows lose the same number, or one more where the count does not divide: those rows whose next
    weight matters least. The count over the matrix is exact.
    """
    rows = scores.shape[0]
    each, more = divmod(removed(sparsity, scores.size), rows)
    order = np.argsort(scores, axis=1, kind="stable")
    mask = np.zeros(scores.shape, bool)
    np.put_along_axis(mask, order[:, :each], True, axis=1)
    if more:
        following = np.take_along_axis(scores, order[:, each : each + 1], axis=1)[:, 0]
        chosen = np.argsort(following, kind="stable")[:more]
        mask[chosen, order[chosen, each]] = True
    return mask
