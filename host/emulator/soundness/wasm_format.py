"""WebAssembly's binary format: bytes to sections, functions and instructions, and back again.

Every instruction keeps its own encoding, because linkers pad some integers to five bytes: what was
not changed is written back byte for byte.

Source: WebAssembly Core Specification, chapter 5 "Binary Format", and the exception-handling
proposal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import opcodes as op
from .leb128 import Reader, UnsupportedModule, check, sleb, uleb

_HEADER = b"\0asm\x01\0\0\0"
_TYPES, _IMPORTS, _FUNCTIONS, MEMORIES, GLOBALS, _CODE = 1, 2, 3, 5, 6, 10
_BLOCK_TYPES = (op.EMPTY, op.I32, op.I64, op.F32, op.F64, op.EXNREF)


@dataclass(frozen=True, slots=True)
class Instr:
    """One instruction.

    op: the opcode, or (0xFC << 8 | sub-opcode). args: its immediates. raw: its encoding, which is
    what is written. catches: the labels a try_table's clauses jump to, counted from outside the
    try_table; else empty.
    """

    op: int
    args: tuple[int, ...]
    raw: bytes
    catches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FuncType:
    """A signature: encoded value types."""

    params: tuple[int, ...]
    results: tuple[int, ...]


@dataclass(slots=True)
class Function:
    """A function with a body."""

    index: int  # imports are counted
    type: FuncType
    local_runs: list[tuple[int, int]]  # (how many, type) of the locals after the parameters
    body: list[Instr]  # without the last END

    @property
    def local_types(self) -> list[int]:
        """Types of all locals, the parameters first."""
        return [
            *self.type.params,
            *(kind for count, kind in self.local_runs for _ in range(count)),
        ]


@dataclass(slots=True)
class Module:
    """A module: its sections in order, as (id, payload), and the parts that are worked on."""

    sections: list[tuple[int, bytes]]
    types: list[FuncType]
    imports: list[FuncType]
    functions: list[Function] = field(default_factory=list["Function"])

    def function(self, index: int) -> Function:
        """Return the function with that index, imports counted."""
        return self.functions[index - len(self.imports)]

    def signature(self, call: Instr) -> FuncType:
        """Return the type of what a call or call_indirect calls."""
        index = call.args[0]
        if call.op == op.CALL_INDIRECT:
            return self.types[index]
        return self.imports[index] if index < len(self.imports) else self.function(index).type

    def section(self, number: int) -> bytes:
        """Return the payload of the only section with that id."""
        found = [payload for section, payload in self.sections if section == number]
        check(len(found) == 1, f"there are {len(found)} sections with id {number} instead of one")
        return found[0]

    def replace_section(self, number: int, old: bytes, new: bytes) -> None:
        """Put `new` in place of the section's payload, which must be `old`."""
        check(
            self.section(number) == old,
            f"section {number} is {self.section(number)!r}, not {old!r}",
        )
        self.sections = [(s, new if s == number else payload) for s, payload in self.sections]


def make(opcode: int, *args: int) -> Instr:
    """Make an instruction. Immediates of constants are signed, all others unsigned."""
    number = sleb if opcode in (op.I32_CONST, op.I64_CONST) else uleb
    prefix = bytes((opcode,)) if opcode < op.PREFIX_FC else bytes((op.PREFIX_FC, opcode & 0xFF))
    return Instr(opcode, args, prefix + b"".join(map(number, args)))


def decode(wasm: bytes) -> Module:
    """Decode a module. Raises UnsupportedModule for what is damaged or not understood."""
    check(wasm[:8] == _HEADER, "it does not start as a WebAssembly 1.0 module does")
    reader = Reader(wasm, 8)
    sections: list[tuple[int, bytes]] = []
    while reader.at < len(wasm):
        sections.append((reader.byte(), reader.take(reader.uint())))
    module = Module(sections, [], [])
    types = Reader(module.section(_TYPES))
    module.types = [_read_type(types) for _ in range(types.uint())]
    imports = Reader(module.section(_IMPORTS))
    module.imports = [module.types[_read_import(imports)] for _ in range(imports.uint())]
    declared = Reader(module.section(_FUNCTIONS))
    signatures = [module.types[declared.uint()] for _ in range(declared.uint())]
    code = Reader(module.section(_CODE))
    check(code.uint() == len(signatures), "it declares and defines different numbers of functions")
    for index, signature in enumerate(signatures, start=len(module.imports)):
        module.functions.append(_read_function(Reader(code.take(code.uint())), index, signature))
    return module


def encode(module: Module) -> bytes:
    """Write a module. One that was not changed comes out byte for byte as it was read."""
    out = bytearray(_HEADER)
    for number, payload in module.sections:
        if number == _CODE:
            bodies = [_write_function(function) for function in module.functions]
            payload = uleb(len(bodies)) + b"".join(bodies)
        out += bytes((number,)) + uleb(len(payload)) + payload
    return bytes(out)


def _read_type(reader: Reader) -> FuncType:
    check(reader.byte() == 0x60, "a type is not a plain function type")
    signature = FuncType(tuple(reader.take(reader.uint())), tuple(reader.take(reader.uint())))
    check(len(signature.results) <= 1, "a function returns more than one value")
    return signature


def _read_import(reader: Reader) -> int:
    reader.take(reader.uint())  # module
    reader.take(reader.uint())  # name
    check(reader.byte() == 0, "it imports something that is not a function")
    return reader.uint()


def _read_function(body: Reader, index: int, signature: FuncType) -> Function:
    runs = [(body.uint(), body.byte()) for _ in range(body.uint())]
    instrs: list[Instr] = []
    while body.at < len(body.data):
        instrs.append(_read_instr(body))
    check(bool(instrs) and instrs.pop().op == op.END, f"function {index} does not end with `end`")
    return Function(index, signature, runs, instrs)


def _write_function(function: Function) -> bytes:
    runs = b"".join([uleb(count) + bytes((kind,)) for count, kind in function.local_runs])
    code = b"".join([instr.raw for instr in function.body])
    body = uleb(len(function.local_runs)) + runs + code + bytes((op.END,))
    return uleb(len(body)) + body


def _read_instr(code: Reader) -> Instr:
    start = code.at
    opcode = code.byte()
    catches: tuple[int, ...] = ()
    if opcode == op.PREFIX_FC:
        opcode = op.PREFIX_FC << 8 | code.uint()
    if opcode in op.UNSIGNED_ARGS:
        args = tuple([code.uint() for _ in range(op.UNSIGNED_ARGS[opcode])])
    elif opcode in op.STRUCTURED:
        args = (code.byte(),)
        check(args[0] in _BLOCK_TYPES, f"block type {args[0]:#x} is not known")
        if opcode == op.TRY_TABLE:
            catches = tuple([_read_catch(code) for _ in range(code.uint())])
    elif opcode in (op.I32_CONST, op.I64_CONST):
        args = (code.sint(),)
    elif opcode in (op.F32_CONST, op.F64_CONST):
        args = tuple(code.take(4 if opcode == op.F32_CONST else 8))
    elif opcode == op.BR_TABLE:
        args = tuple([code.uint() for _ in range(code.uint() + 1)])
    else:
        raise UnsupportedModule(f"instruction {opcode:#x} is not known")
    return Instr(opcode, args, code.data[start : code.at], catches)


def _read_catch(code: Reader) -> int:
    kind = code.byte()  # catch, catch_ref, catch_all, catch_all_ref
    check(kind <= 3, f"catch clause {kind} is not known")
    if kind < 2:
        code.uint()  # the tag: whatever is thrown may go to any clause
    return code.uint()
