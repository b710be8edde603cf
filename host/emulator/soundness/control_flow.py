"""Where a function can go after each of its instructions."""

from __future__ import annotations

from dataclasses import dataclass

from . import opcodes as op
from .wasm_format import Instr


@dataclass(slots=True)
class Flow:
    """A control-flow graph over instruction numbers; len(body) stands for the way out.

    falls: per instruction, whether the next one can follow. jumps: the other instructions that can
    follow. catches: the instructions at which an exception can be caught that started from inside
    the function.
    """

    falls: list[bool]
    jumps: dict[int, tuple[int, ...]]
    catches: set[int]


def flow(body: list[Instr]) -> Flow:
    """Return a function's control-flow graph.

    A branch out of a block leads to its `end`, a branch to a loop to the `loop`. A call or throw
    inside a try_table has an edge to every clause around it, since what it throws is not known.
    """
    ends = _matching_ends(body)
    graph = Flow([instr.op not in op.NEVER_FALLS_THROUGH for instr in body], {}, set())
    labels = [len(body)]  # where each open label leads, innermost last
    handlers: list[tuple[int, ...]] = [()]  # where an exception can go, per open label
    for at, instr in enumerate(body):
        opcode = instr.op
        if opcode in (op.BR, op.BR_IF, op.BR_TABLE):
            graph.jumps[at] = tuple({labels[-1 - depth] for depth in instr.args})
        elif opcode == op.RETURN:
            graph.jumps[at] = (len(body),)
        elif opcode in (op.CALL, op.CALL_INDIRECT, op.THROW, op.THROW_REF):
            if handlers[-1]:
                graph.jumps[at] = handlers[-1]
        elif opcode == op.IF:
            graph.jumps[at] = (_after_then(body, ends[at]),)
        elif opcode == op.ELSE:
            graph.falls[at] = False  # it is reached from the end of `then`
            graph.jumps[at] = (labels[-1],)
        if opcode in op.STRUCTURED:
            clauses = tuple([labels[-1 - depth] for depth in instr.catches])
            graph.catches.update(clauses)
            handlers.append(handlers[-1] + clauses)
            labels.append(at if opcode == op.LOOP else ends[at][-1])
        elif opcode == op.END:
            labels.pop()
            handlers.pop()
    return graph


def _matching_ends(body: list[Instr]) -> dict[int, list[int]]:
    """Return where each block, loop, if and try_table has its `else`, if any, and its `end`."""
    ends: dict[int, list[int]] = {}
    opened: list[int] = []
    for at, instr in enumerate(body):
        if instr.op in op.STRUCTURED:
            opened.append(at)
            ends[at] = []
        elif instr.op == op.ELSE:
            ends[opened[-1]].append(at)
        elif instr.op == op.END:
            ends[opened.pop()].append(at)
    return ends


def _after_then(body: list[Instr], ends: list[int]) -> int:
    """Return where an `if` goes when false: behind its `else`, or to its `end`."""
    return ends[0] + 1 if body[ends[0]].op == op.ELSE else ends[0]
