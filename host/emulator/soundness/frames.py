"""Give a function a frame in linear memory and store there what the collector has to see."""

from __future__ import annotations

from dataclasses import dataclass

from . import opcodes as op
from .control_flow import Flow, flow
from .leb128 import check
from .liveness import live_after, not_yet_saved
from .stack_walk import walk
from .wasm_format import Function, Instr, Module, make

_STACK_POINTER = 0  # the global
_UNSCANNED = 4  # bytes at the top of main's frame that the collector does not look at


@dataclass(slots=True)
class Plan:
    """What to change in a function.

    saves: {call: locals to store before it}. tees: {position: new local that takes the value made
    there}. new_locals: types of the new locals, numbered after the old ones.
    """

    saves: dict[int, list[int]]
    tees: dict[int, int]
    new_locals: list[int]


def spill(module: Module, function: Function, collecting: set[int]) -> int:
    """Rewrite a function so that no pointer is missed. Returns how many stores that took."""
    graph = flow(function.body)
    plan = _plan(module, function, graph, collecting)
    if not plan.saves:
        return 0
    _check_stack_pointer_restored(function, graph)
    _apply(function, plan)
    return sum(map(len, plan.saves.values()))


def _plan(module: Module, function: Function, graph: Flow, collecting: set[int]) -> Plan:
    body = function.body
    found = walk(module, function, collecting)
    types = function.local_types
    first_new = len(types)
    pointers = sum(
        1 << local
        for local, kind in enumerate(types)
        if kind in (op.I32, op.I64) and local not in found.never_pointers
    )
    needed = {call: live & pointers for call, live in live_after(body, graph, found.calls).items()}
    spoils = {
        at: 1 << instr.args[0]
        for at, instr in enumerate(body)
        if instr.op in (op.LOCAL_SET, op.LOCAL_TEE)
    }
    tees: dict[int, int] = {}
    for held in found.held:
        local = held.local
        if local is None:
            local = tees[held.made_at] = len(types)
            types.append(held.type)
            spoils[held.made_at] = spoils.get(held.made_at, 0) | 1 << local
        for call in held.calls:
            needed[call] |= 1 << local
    missing = not_yet_saved(body, graph, needed, spoils)
    saves = {call: _members(bits) for call, bits in missing.items() if bits}
    return Plan(saves, tees, types[first_new:])


def _members(bits: int) -> list[int]:
    """Return the numbers of the bits that are set."""
    return [n for n in range(bits.bit_length()) if bits >> n & 1]


def _check_stack_pointer_restored(function: Function, graph: Flow) -> None:
    """Refuse a function that calls after a catch before it has restored the stack pointer."""
    for start in graph.catches:
        for instr in function.body[start + 1 :]:
            if instr.op == op.THROW_REF:
                break
            if instr.op == op.GLOBAL_SET:
                check(instr.args[0] == _STACK_POINTER, "a handler sets an unexpected global")
                break
            plain = instr.op in (op.LOCAL_GET, op.LOCAL_SET)
            check(plain, f"function {function.index} catches without restoring the stack pointer")


def _apply(function: Function, plan: Plan) -> None:
    types = function.local_types + plan.new_locals
    frame = len(types)  # the local that holds the frame's address
    saved = sorted({local for locals in plan.saves.values() for local in locals})
    saved.sort(key=lambda local: types[local] != op.I64)  # 8-byte slots first: all are aligned
    slots: dict[int, int] = {}
    size = 0
    for local in saved:
        slots[local] = size
        size += 8 if types[local] == op.I64 else 4
    size = (size + _UNSCANNED + 15) & -16

    def save(local: int) -> list[Instr]:
        wide = types[local] == op.I64
        store = (
            make(op.I64_STORE, 3, slots[local]) if wide else make(op.I32_STORE, 2, slots[local])
        )
        return [make(op.LOCAL_GET, frame), make(op.LOCAL_GET, local), store]

    body = [
        make(op.GLOBAL_GET, _STACK_POINTER),
        make(op.I32_CONST, size),
        make(op.I32_SUB),
        make(op.LOCAL_TEE, frame),
        make(op.GLOBAL_SET, _STACK_POINTER),
        make(op.BLOCK, *(function.type.results or (op.EMPTY,))),
    ]
    depth = 0
    for at, instr in enumerate(function.body):
        depth += (instr.op in op.STRUCTURED) - (instr.op == op.END)
        for local in plan.saves.get(at, ()):
            body += save(local)
        body.append(make(op.BR, depth) if instr.op == op.RETURN else instr)
        if at in plan.tees:
            body.append(make(op.LOCAL_TEE, plan.tees[at]))
    body += [
        make(op.END),
        make(op.LOCAL_GET, frame),
        make(op.I32_CONST, size),
        make(op.I32_ADD),
        make(op.GLOBAL_SET, _STACK_POINTER),
    ]
    function.body = body
    function.local_runs += [(1, kind) for kind in (*plan.new_locals, op.I32)]
