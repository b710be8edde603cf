"""Which locals are needed after an instruction, and which are already in memory before it.

Sets of locals are integers: bit n stands for local n.

Source: any compiler textbook, "live variables" and "available expressions".
"""

from __future__ import annotations

from . import opcodes as op
from .control_flow import Flow
from .wasm_format import Instr


def live_after(body: list[Instr], graph: Flow, at: list[int]) -> dict[int, int]:
    """Return, per position, the locals that may be read after it before they are set again.

    For a call inside a try_table that includes what the code that catches may read.
    """
    size = len(body)
    before = [0] * (size + 1)
    wanted = dict.fromkeys(at, 0)
    changed = True
    while changed:
        changed = False
        for i in range(size - 1, -1, -1):
            live = before[i + 1] if graph.falls[i] else 0
            for target in graph.jumps.get(i, ()):
                live |= before[target]
            if i in wanted:
                wanted[i] = live
            instr = body[i]
            if instr.op == op.LOCAL_GET:
                live |= 1 << instr.args[0]
            elif instr.op in (op.LOCAL_SET, op.LOCAL_TEE):
                live &= ~(1 << instr.args[0])
            if live != before[i]:
                before[i] = live
                changed = changed or body[i].op == op.LOOP  # only a loop is reached from behind
    return wanted


def not_yet_saved(
    body: list[Instr], graph: Flow, needed: dict[int, int], spoils: dict[int, int]
) -> dict[int, int]:
    """Return, per call in `needed`, those of its locals whose slot may not be up to date.

    needed: {call: locals that must be in their slots while it runs}. spoils: {position: locals it
    gives a new value}. A slot is good if it is on every path to the call; an exception carries the
    state after the call's own saves.
    """
    size = len(body)
    everything = (1 << max((bits.bit_length() for bits in needed.values()), default=0)) - 1
    saved = [everything] * (size + 1)
    saved[0] = 0
    changed = True
    while changed:
        changed = False
        for i in range(size):
            after = (saved[i] | needed.get(i, 0)) & ~spoils.get(i, 0)
            if graph.falls[i]:
                saved[i + 1] &= after
            for target in graph.jumps.get(i, ()):
                if saved[target] & ~after:
                    saved[target] &= after
                    changed = changed or target <= i
    return {call: bits & ~saved[call] for call, bits in needed.items()}
