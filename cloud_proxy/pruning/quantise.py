"""Integers for weights: INT8 with a scale a row, INT4 with a scale a group of input channels.

A kept weight of a pruned matrix is never zero, as the bitmap says where the zeros are; so its four
bits hold -8..-1 and 1..8. Without a bitmap they hold -7..7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Codes = NDArray[np.int8]
Scales = NDArray[np.float16]

INT8_TOP, SPARSE4_TOP, DENSE4_TOP = 127, 8, 7


def groups_of(columns: int, group: int) -> int:
    """Return how many groups of `group` columns a row has; the last may be shorter."""
    if group < 1:
        raise ValueError(f"a group has at least 1 column, not {group}")
    return -(-columns // group)


def quantise(weight: Array, group: int, top: int) -> tuple[Codes, Scales]:
    """Return integers of -top..top and one scale for each group of a row.

    weight: (rows, columns), finite. Returns codes (rows, columns) and scales (rows, groups); the
    largest weight of a group gets the code top or -top, so quantising the result again changes
    nothing. Raises ValueError for what float16 scales cannot hold.
    """
    if weight.ndim != 2 or not np.isfinite(weight).all():
        raise ValueError("quantise takes a matrix of finite numbers")
    rows, columns = weight.shape
    count = groups_of(columns, group)
    starts = np.arange(count) * group
    largest = np.maximum.reduceat(np.abs(weight), starts, axis=1) if columns else None
    scales = np.zeros((rows, count), np.float16)
    if largest is not None:
        if largest.max(initial=0) > 65504 * top:
            raise ValueError("a weight is too large for a float16 scale")
        scales = (largest / top).astype(np.float16)
        scales[scales < 6.2e-5] = 0  # float16 loses digits below; such a group counts as zero
    divisor = np.where(scales == 0, np.float16(1), scales).astype(np.float32)
    codes = np.rint(weight / spread(divisor, columns, group))
    codes[spread(scales == 0, columns, group)] = 0
    return np.clip(codes, -top, top).astype(np.int8), scales


def spread(per_group: NDArray[Any], columns: int, group: int) -> NDArray[Any]:
    """Return (rows, groups) repeated to (rows, columns)."""
    return np.repeat(per_group, group, axis=1)[:, :columns]


def dequantise(codes: Codes, scales: Scales, group: int) -> Array:
    """Return codes * scales as float32: (rows, columns)."""
    return codes.astype(np.float32) * spread(scales.astype(np.float32), codes.shape[1], group)


def sparse4(weight: Array, group: int = 32) -> tuple[Codes, Scales]:
    """Return a pruned matrix in INT4; a weight smaller than half a step becomes zero too."""
    return quantise(weight, group, SPARSE4_TOP)


def dense4(weight: Array, group: int = 32) -> tuple[Codes, Scales]:
    """Return a matrix in INT4 with all its weights."""
    return quantise(weight, group, DENSE4_TOP)


def int8(weight: Array) -> tuple[Codes, Scales]:
    """Return a matrix in INT8, one scale a row."""
    return quantise(weight, max(1, weight.shape[1]), INT8_TOP)
