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


# The collector keeps 3 bits beside each block of 16 bytes.
_BLOCK_BITS, _TABLE_BITS = 128, 3


def heap_bytes_for(wanted: int, shim_cost: int) -> int:
    """Return the size to ask of the VM so that `wanted` bytes of heap remain beside the shims."""
    extra = shim_cost + -(-shim_cost * _TABLE_BITS // _BLOCK_BITS)
    return wanted + -(-extra // 16) * 16
