"""WebAssembly's binary format: bytes to sections, functions and instructions, and back again.

Only what the MicroPython module uses is understood; anything else is refused by name. Integers are remembered with
their width, because linkers pad some of them to five bytes: what was not changed is written back byte for byte.

Source: WebAssembly Core Specification, chapter 5 "Binary Format", and the exception-handling proposal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class UnsupportedModule(ValueError):
    """The bytes are not the one module this room knows how to rewrite."""


def check(condition: bool, message: str) -> None:
    """Raise UnsupportedModule(message) unless the condition holds."""
    if not condition:
        raise UnsupportedModule(message)


# Value types and the empty block type, as they are encoded.
I32, I64, F32, F64, EXNREF, EMPTY = 0x7F, 0x7E, 0x7D, 0x7C, 0x69, 0x40

# Opcodes that the analysis has to tell apart.
UNREACHABLE, NOP, BLOCK, LOOP, IF, ELSE = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
THROW, THROW_REF, END, BR, BR_IF, BR_TABLE, RETURN = 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
CALL, CALL_INDIRECT, DROP, SELECT, TRY_TABLE = 0x10, 0x11, 0x1A, 0x1B, 0x1F
LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET = 0x20, 0x21, 0x22, 0x23, 0x24
I32_LOAD, I32_STORE, I64_STORE, I32_CONST, I64_CONST = 0x28, 0x36, 0x37, 0x41, 0x42
I32_ADD, I32_SUB, I32_AND, I32_OR, I32_SHR_U = 0x6A, 0x6B, 0x71, 0x72, 0x76
PREFIX_FC = 0xFC

# Sections, and the kinds of external things.
TYPES, IMPORTS, FUNCTIONS, MEMORIES, GLOBALS, CODE = 1, 2, 3, 5, 6, 10


@dataclass(slots=True)
class Instr:
    """One instruction.

    op: the opcode, or (0xFC << 8 | sub-opcode). args: its immediates as integers. raw: its encoding, which is what is
    written back. catches: (kind, tag or None, label) per clause of a try_table, else ().
    """

    op: int
    args: tuple[int, ...]
    raw: bytes
    catches: tuple[tuple[int, int | None, int], ...] = ()


@dataclass(slots=True)
class FuncType:
    """A function's signature: encoded value types."""

    params: tuple[int, ...]
    results: tuple[int, ...]


@dataclass(slots=True)
class Function:
    """A function with a body. index counts the imports; locals are the types after the parameters."""

    index: int
    type: FuncType
    local_runs: list[tuple[int, int]]  # (how many, type), as encoded
    body: list[Instr]  # without the last END

    @property
    def local_types(self) -> list[int]:
        """Types of all locals, parameters first."""
        types = list(self.type.params)
        for count, kind in self.local_runs:
            types += [kind] * count
        return types


@dataclass(slots=True)
class Module:
    """A module: its sections in order as (id, payload), and those parts that are worked on, decoded."""

    sections: list[tuple[int, bytes]]
    types: list[FuncType]
    imports: list[tuple[str, str, int]]  # imported functions: (module, name, type index)
    functions: list[Function] = field(default_factory=lambda: [])

    def function(self, index: int) -> Function:
        """Return the function of that index, imports counted."""
        return self.functions[index - len(self.imports)]

    def signature(self, index: int) -> FuncType:
        """Return the type of the function of that index, be it imported or not."""
        if index < len(self.imports):
            return self.types[self.imports[index][2]]
        return self.function(index).type

    def section(self, number: int) -> bytes:
        """Return the payload of the one section with that id."""
        return next(payload for section, payload in self.sections if section == number)

    def replace_section(self, number: int, payload: bytes) -> None:
        """Put another payload into the one section with that id."""
        self.sections = [(s, payload if s == number else old) for s, old in self.sections]


def uleb(value: int) -> bytes:
    """Encode an unsigned integer in the fewest bytes."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """Encode a signed integer in the fewest bytes."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


class Reader:
    """A cursor over bytes. Reading past the end raises UnsupportedModule."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        """Read one byte."""
        check(self.at < len(self.data), "the module ends in the middle of something")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, count: int) -> bytes:
        """Read that many bytes."""
        check(self.at + count <= len(self.data), "the module ends in the middle of something")
        self.at += count
        return self.data[self.at - count : self.at]

    def uint(self) -> int:
        """Read an unsigned LEB128 integer."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sint(self) -> int:
        """Read a signed LEB128 integer."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def name(self) -> str:
        """Read a length and that many bytes of UTF-8."""
        return self.take(self.uint()).decode()


# How many unsigned integers follow each opcode; opcodes with other immediates are handled by name in read_instr.
_UINT_ARGS: dict[int, int] = (
    dict.fromkeys((UNREACHABLE, NOP, ELSE, THROW_REF, END, RETURN, DROP, SELECT), 0)
    | dict.fromkeys((THROW, BR, BR_IF, CALL), 1)
    | dict.fromkeys((LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET), 1)
    | dict.fromkeys((CALL_INDIRECT, *range(0x28, 0x3F)), 2)  # type and table; alignment and offset
    | dict.fromkeys((0x3F, 0x40), 1)  # memory.size, memory.grow
    | dict.fromkeys(range(0x45, 0xC5), 0)  # comparisons, arithmetic, conversions, sign extensions
)
_FC_ARGS = dict.fromkeys(range(8), 0) | {10: 2, 11: 1}  # trunc_sat, memory.copy, memory.fill


def read_instr(code: Reader) -> Instr:
    """Read one instruction."""
    start = code.at
    op = code.byte()
    catches: tuple[tuple[int, int | None, int], ...] = ()
    if op in _UINT_ARGS:
        args = tuple([code.uint() for _ in range(_UINT_ARGS[op])])
    elif op in (BLOCK, LOOP, IF, TRY_TABLE):
        args = (code.byte(),)
        check(args[0] in (EMPTY, I32, I64, F32, F64, EXNREF), f"block type {args[0]:#x} is not known")
        if op == TRY_TABLE:
            catches = tuple([_read_catch(code) for _ in range(code.uint())])
    elif op in (I32_CONST, I64_CONST):
        args = (code.sint(),)
    elif op == 0x43:  # f32.const
        args = (int.from_bytes(code.take(4), "little"),)
    elif op == 0x44:  # f64.const
        args = (int.from_bytes(code.take(8), "little"),)
    elif op == BR_TABLE:
        args = tuple([code.uint() for _ in range(code.uint() + 1)])
    elif op == PREFIX_FC:
        sub = code.uint()
        check(sub in _FC_ARGS, f"instruction 0xfc {sub} is not known")
        op = PREFIX_FC << 8 | sub
        args = tuple([code.uint() for _ in range(_FC_ARGS[sub])])
    else:
        raise UnsupportedModule(f"instruction {op:#x} at offset {start} is not known")
    return Instr(op, args, code.data[start : code.at], catches)


def _read_catch(code: Reader) -> tuple[int, int | None, int]:
    """Read one clause of a try_table. Kinds: 0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref."""
    kind = code.byte()
    check(kind <= 3, f"catch clause {kind} is not known")
    tag = code.uint() if kind < 2 else None
    return kind, tag, code.uint()


def decode(wasm: bytes) -> Module:
    """Decode a module. Raises UnsupportedModule for anything that is not understood."""
    check(wasm[:8] == b"\0asm\x01\0\0\0", "this is not a WebAssembly 1.0 module")
    reader = Reader(wasm, 8)
    sections: list[tuple[int, bytes]] = []
    while reader.at < len(wasm):
        number = reader.byte()
        sections.append((number, reader.take(reader.uint())))
    module = Module(sections, [], [])
    module.types = _read_types(Reader(module.section(TYPES)))
    module.imports = _read_imports(Reader(module.section(IMPORTS)))
    declared = Reader(module.section(FUNCTIONS))
    signatures = [module.types[declared.uint()] for _ in range(declared.uint())]
    code = Reader(module.section(CODE))
    check(code.uint() == len(signatures), "the code section has another number of functions than declared")
    for offset, signature in enumerate(signatures):
        body = Reader(code.take(code.uint()))
        runs = [(body.uint(), body.byte()) for _ in range(body.uint())]
        instrs: list[Instr] = []
        while body.at < len(body.data):
            instrs.append(read_instr(body))
        check(bool(instrs) and instrs.pop().op == END, "a function does not end with `end`")
        module.functions.append(Function(len(module.imports) + offset, signature, runs, instrs))
    return module


def _read_types(reader: Reader) -> list[FuncType]:
    types: list[FuncType] = []
    for _ in range(reader.uint()):
        check(reader.byte() == 0x60, "a type is not a plain function type")
        params = tuple(reader.take(reader.uint()))
        results = tuple(reader.take(reader.uint()))
        check(len(results) <= 1, "a function returns more than one value")
        types.append(FuncType(params, results))
    return types


def _read_imports(reader: Reader) -> list[tuple[str, str, int]]:
    imports: list[tuple[str, str, int]] = []
    for _ in range(reader.uint()):
        module, name = reader.name(), reader.name()
        check(reader.byte() == 0, f"import {module}.{name} is not a function")
        imports.append((module, name, reader.uint()))
    return imports


def encode(module: Module) -> bytes:
    """Write a module. A module that was decoded and not changed comes out byte for byte as it went in."""
    out = bytearray(b"\0asm\x01\0\0\0")
    for number, payload in module.sections:
        if number == CODE:
            payload = uleb(len(module.functions)) + b"".join(map(encode_function, module.functions))
        out += bytes((number,)) + uleb(len(payload)) + payload
    return bytes(out)


def encode_function(function: Function) -> bytes:
    """Write one function of the code section, with its length in front."""
    runs = b"".join(uleb(count) + bytes((kind,)) for count, kind in function.local_runs)
    code = b"".join([instr.raw for instr in function.body])
    body = uleb(len(function.local_runs)) + runs + code + bytes((END,))
    return uleb(len(body)) + body


def instr(op: int, *args: int) -> Instr:
    """Make an instruction; the immediates of a constant are signed, all others unsigned."""
    number = sleb if op in (I32_CONST, I64_CONST) else uleb
    return Instr(op, args, bytes((op,)) + b"".join(map(number, args)))


def with_labels_shifted(instrs: Iterable[Instr]) -> list[Instr]:
    """Placeholder."""
    return list(instrs)
