"""The emulated heap: what MicroPython's collector manages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeapStats:
    """Bytes. The shims' own share is taken out, so it reads as on a chip with such a heap.

    used: live objects and garbage not yet collected. peak: the highest `used` seen at a wait.
    """

    total: int
    used: int
    free: int
    peak: int


# py/gc.c splits what it is given: 8 bytes of allocation table for each 32 blocks of 16 bytes and
# their 4 bytes of finaliser table, with a gap of one byte; so the pool grows in steps of 64.
STEP, _GAP, _BLOCK = 64, 1, 16
_BITS_PER_TABLE_BYTE = 524


def pool_bytes(heap_bytes: int) -> int:
    """Return how much of a heap of this size can be allocated."""
    return (heap_bytes - _GAP) * 8 // _BITS_PER_TABLE_BYTE * STEP


def heap_bytes_for(wanted: int, shim_cost: int) -> int:
    """Return the size to ask of the VM so that a heap of `wanted` bytes remains beside the shims.

    The pool is that of the wanted heap plus the shims' cost, a multiple of the step.
    """
    table_bytes = -(-(pool_bytes(wanted) + shim_cost) // STEP)
    size = -(-table_bytes * _BITS_PER_TABLE_BYTE // 8) + _GAP
    return -(-size // _BLOCK) * _BLOCK  # the collector rounds its end down to a block
