"""What lies on the operand stack while a call may collect, and which locals never hold a pointer.

A function is walked once as a validator would. Each stack entry remembers which instruction made
it and where its value comes from. Unreachable code is skipped: no call in it is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import opcodes as op
from .call_graph import may_collect
from .leb128 import check
from .wasm_format import Function, Instr, Module

# An origin is the number of the local that a value was copied from, perhaps plus or minus a
# constant; or one of these.
_CONSTANT, _NO_POINTER, _ANYWHERE = -1, -2, -3
_STACK_POINTER = 0  # the global


@dataclass(slots=True)
class _Entry:
    """A value on the operand stack."""

    type: int
    made_at: int  # behind this instruction the value is on top of the stack
    origin: int = _ANYWHERE
    exact: bool = False  # a copy of the local `origin`, nothing added
    calls: list[int] = field(
        default_factory=list[int]
    )  # collecting calls it has lain below so far


@dataclass(slots=True)
class _Frame:
    """An open block: its type, and how high the stack was when it began."""

    result: int
    height: int


@dataclass(slots=True)
class Held:
    """A value that is on the operand stack during `calls`.

    local: the local that holds it too all the while, or None, and then a local.tee behind
    instruction `made_at` has to put it into a new local of that type.
    """

    local: int | None
    type: int
    made_at: int
    calls: list[int]


@dataclass(slots=True)
class StackWalk:
    """What a walk found out.

    calls: the reachable calls that may collect. held: what may be a pointer and lies below their
    arguments. never_pointers: the locals that never hold a pointer.
    """

    calls: list[int]
    held: list[Held]
    never_pointers: set[int]


def walk(module: Module, function: Function, collecting: set[int]) -> StackWalk:
    """Walk a function. collecting: indices of the functions that may collect."""
    walker = _Walker(module, function, collecting)
    dead = 0  # blocks open since the code became unreachable, that one included
    for at, instr in enumerate(function.body):
        if dead > 1 or (dead and instr.op not in (op.ELSE, op.END)):
            dead += (instr.op in op.STRUCTURED) - (instr.op == op.END)
            continue
        walker.step(at, instr)
        dead = int(instr.op in op.NEVER_FALLS_THROUGH)
    walker.unwind()  # the function's result
    never = walker.never_pointers()
    held = [held for origin, held in walker.held if origin not in never]
    return StackWalk(walker.calls, held, never)


class _Walker:
    def __init__(self, module: Module, function: Function, collecting: set[int]) -> None:
        self.module = module
        self.body = function.body
        self.collecting = collecting
        self.first_local = len(function.type.params)
        self.types = function.local_types
        self.stack: list[_Entry] = []
        self.frames = [_Frame((*function.type.results, op.EMPTY)[0], 0)]
        self.calls: list[int] = []
        self.held: list[tuple[int, Held]] = []  # with the value's origin
        self.given: dict[int, set[int]] = {}  # local: origins of the values it is given
        self.last_given: dict[int, int] = {}  # local: where that happened last

    def never_pointers(self) -> set[int]:
        """Assume it of every local but parameters; take back what an assignment contradicts."""
        never = {local for local in range(self.first_local, len(self.types))}
        while True:
            harmless = never | {_CONSTANT, _NO_POINTER}
            wrong = {local for local in never if not self.given.get(local, set()) <= harmless}
            if not wrong:
                return never
            never -= wrong

    def push(
        self, kind: int | None, at: int, origin: int = _ANYWHERE, exact: bool = False
    ) -> None:
        if kind is not None and kind != op.EMPTY:
            self.stack.append(_Entry(kind, at, origin, exact))

    def pop(self) -> _Entry:
        check(
            len(self.stack) > self.frames[-1].height,
            "an instruction finds the operand stack empty",
        )
        entry = self.stack.pop()
        if entry.calls:
            local = entry.origin
            kept = entry.exact and self.last_given.get(local, -1) <= entry.made_at
            held = Held(local if kept else None, entry.type, entry.made_at, entry.calls)
            self.held.append((local, held))
        return entry

    def unwind(self) -> None:
        """Drop what the innermost block has put on the stack."""
        while len(self.stack) > self.frames[-1].height:
            self.pop()

    def step(self, at: int, instr: Instr) -> None:
        """Do to the stack what one instruction does."""
        opcode = instr.op
        if opcode == op.LOCAL_GET:
            self.push(self.types[instr.args[0]], at, instr.args[0], exact=True)
        elif opcode in (op.LOCAL_SET, op.LOCAL_TEE):
            self.give(at, instr.args[0], keep=opcode == op.LOCAL_TEE)
        elif opcode in op.CALLS:
            self.call(at, instr)
        elif opcode in (op.I32_ADD, op.I32_SUB, op.I32_AND):
            right, left = self.pop(), self.pop()
            self.push(op.I32, at, self.origin_of(opcode, left, right))
        elif opcode == op.SELECT:
            for _ in range(2):
                self.pop()
            self.push(self.pop().type, at)
        elif opcode in op.STRUCTURED:
            if opcode == op.IF:
                self.pop()
            self.frames.append(_Frame(instr.args[0], len(self.stack)))
        elif opcode in (op.ELSE, op.END):
            self.unwind()
            if opcode == op.END:
                self.push(self.frames.pop().result, at)
        elif opcode == op.BR_IF:
            self.pop()
        elif opcode in op.NEVER_FALLS_THROUGH:
            self.unwind()
        else:
            pops, pushes = op.EFFECTS[opcode]
            for _ in range(pops):
                self.pop()
            self.push(pushes, at, self.origin_of_result(instr))

    def give(self, at: int, local: int, keep: bool) -> None:
        """Handle local.set and, with keep, local.tee."""
        origin = self.pop().origin
        self.given.setdefault(local, set()).add(origin)
        self.last_given[local] = at
        if keep:
            harmless = origin in (_CONSTANT, _NO_POINTER)
            self.push(self.types[local], at, origin if harmless else local, exact=not harmless)

    def call(self, at: int, instr: Instr) -> None:
        """Handle call and call_indirect; the arguments are the callee's to keep alive."""
        signature = self.module.signature(instr)
        for _ in range(len(signature.params) + (instr.op == op.CALL_INDIRECT)):
            self.pop()
        if may_collect(instr, self.collecting):
            self.calls.append(at)
            for entry in self.stack:
                if entry.type in (op.I32, op.I64) and entry.origin not in (_CONSTANT, _NO_POINTER):
                    entry.calls.append(at)
        for kind in signature.results:
            self.push(kind, at)

    def origin_of(self, opcode: int, left: _Entry, right: _Entry) -> int:
        """Return the origin of a sum, a difference or a bitwise and."""
        if opcode == op.I32_AND:
            masks = [self.body[e.made_at] for e in (left, right)]
            small = any(m.op == op.I32_CONST and 0 <= m.args[0] < 65536 for m in masks)
            return _NO_POINTER if small else _ANYWHERE
        if right.origin == _CONSTANT:
            return left.origin
        return right.origin if left.origin == _CONSTANT and opcode == op.I32_ADD else _ANYWHERE

    def origin_of_result(self, instr: Instr) -> int:
        """Return the origin of the result of any other instruction."""
        if instr.op in (op.I32_CONST, op.I64_CONST):
            return _CONSTANT
        stack_pointer = instr.op == op.GLOBAL_GET and instr.args[0] == _STACK_POINTER
        return _NO_POINTER if stack_pointer or instr.op in op.SMALL_RESULTS else _ANYWHERE
