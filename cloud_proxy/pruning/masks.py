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
    if count:
        mask[np.argpartition(scores, count - 1, axis=None)[:count]] = True
    return mask.reshape(scores.shape)


def per_row(scores: Array, sparsity: float) -> Mask:
    """Return True where a weight goes: the lowest scores of each row.

    Rows lose the same number, or one more where the count does not divide: those rows whose next
    weight matters least. The count over the matrix is exact.
    """
    rows, columns = int(scores.shape[0]), int(scores.shape[1])
    each, more = divmod(removed(sparsity, scores.size), rows)
    if each == columns:
        return np.ones(scores.shape, bool)
    limit = np.sort(scores, axis=1)[:, each]
    mask = scores < limit[:, None]
    for row in np.flatnonzero(mask.sum(axis=1) != each):  # equal scores around the limit
        mask[row] = False
        mask[row, np.argsort(scores[row], kind="stable")[:each]] = True
    chosen = np.argsort(limit, kind="stable")[:more]
    left = (scores[chosen] == limit[chosen, None]) & ~mask[chosen]
    mask[chosen, left.argmax(axis=1)] = True
    return mask
