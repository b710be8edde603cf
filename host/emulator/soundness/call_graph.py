"""Which calls may end in a garbage collection."""

from __future__ import annotations

from . import opcodes as op
from .wasm_format import Instr, Module


def collecting_functions(module: Module) -> set[int]:
    """Return the indices of all functions from which an indirect call can be reached.

    The collector runs finalisers, so it makes an indirect call itself: whatever can reach the
    collector is in this set. Imported functions are not: the host never calls back into the VM.
    """
    callers: dict[int, set[int]] = {}
    found: set[int] = set()
    for function in module.functions:
        for instr in function.body:
            if instr.op == op.CALL:
                callers.setdefault(instr.args[0], set()).add(function.index)
            elif instr.op == op.CALL_INDIRECT:
                found.add(function.index)
    fresh = list(found)
    while fresh:
        new = callers.get(fresh.pop(), set()) - found
        found |= new
        fresh += new
    return found


def may_collect(instr: Instr, collecting: set[int]) -> bool:
    """Return whether this instruction may run the collector."""
    return instr.op == op.CALL_INDIRECT or (instr.op == op.CALL and instr.args[0] in collecting)
