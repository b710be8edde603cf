"""WebAssembly's instructions: numbers, immediates, and what they do to the operand stack.

Only instructions that the MicroPython module may hold are listed; the decoder refuses all others.

Source: WebAssembly Core Specification, chapter 5.4 "Instructions", and the exception-handling
proposal.
"""

from __future__ import annotations

# Value types, and the block type of a block without a result, as they are encoded.
I32, I64, F32, F64, EXNREF, EMPTY = 0x7F, 0x7E, 0x7D, 0x7C, 0x69, 0x40

UNREACHABLE, NOP, BLOCK, LOOP, IF, ELSE = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
THROW, THROW_REF, END, BR, BR_IF, BR_TABLE, RETURN = 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
CALL, CALL_INDIRECT, DROP, SELECT, TRY_TABLE = 0x10, 0x11, 0x1A, 0x1B, 0x1F
LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET = 0x20, 0x21, 0x22, 0x23, 0x24
I32_LOAD, I64_LOAD, I32_LOAD8_U = 0x28, 0x29, 0x2D
I32_STORE, I64_STORE, I32_STORE8, MEMORY_SIZE, MEMORY_GROW = 0x36, 0x37, 0x3A, 0x3F, 0x40
I32_CONST, I64_CONST, F32_CONST, F64_CONST = 0x41, 0x42, 0x43, 0x44
I32_EQ, I32_NE, I32_LT_U, I32_GE_U = 0x46, 0x47, 0x49, 0x4F
I32_ADD, I32_SUB, I32_AND, I32_XOR, I32_SHL, I32_SHR_U = 0x6A, 0x6B, 0x71, 0x73, 0x74, 0x76
PREFIX_FC = 0xFC
MEMORY_COPY, MEMORY_FILL = PREFIX_FC << 8 | 10, PREFIX_FC << 8 | 11

STRUCTURED = frozenset({BLOCK, LOOP, IF, TRY_TABLE})
CALLS = frozenset({CALL, CALL_INDIRECT})
NEVER_FALLS_THROUGH = frozenset({UNREACHABLE, THROW, THROW_REF, BR, BR_TABLE, RETURN})

# How many unsigned integers follow an opcode. Block types, constants, br_table and 0xFC are read
# by name.
UNSIGNED_ARGS: dict[int, int] = {
    **dict.fromkeys((UNREACHABLE, NOP, ELSE, THROW_REF, END, RETURN, DROP, SELECT), 0),
    **dict.fromkeys((THROW, BR, BR_IF, CALL), 1),
    **dict.fromkeys((LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET), 1),
    **dict.fromkeys((CALL_INDIRECT, *range(0x28, 0x3F)), 2),  # type, table; alignment, offset
    **dict.fromkeys((MEMORY_SIZE, MEMORY_GROW), 1),
    **dict.fromkeys(range(0x45, 0xC5), 0),
    **{PREFIX_FC << 8 | sub: 0 for sub in range(8)},
    MEMORY_COPY: 2,
    MEMORY_FILL: 1,
}


def _effects() -> dict[int, tuple[int, int | None]]:
    """Return {opcode: (operands popped, type pushed or None)} where that is fixed."""
    table: dict[int, tuple[int, int | None]] = {
        NOP: (0, None),
        DROP: (1, None),
        GLOBAL_GET: (0, I32),  # both globals of the module are i32
        GLOBAL_SET: (1, None),
        MEMORY_SIZE: (0, I32),
        MEMORY_GROW: (1, I32),
        MEMORY_COPY: (3, None),
        MEMORY_FILL: (3, None),
    }

    def put(first: int, last: int, pops: int, pushes: int | None) -> None:
        for op in range(first, last + 1):
            table[op] = (pops, pushes)

    for op, kind in zip(range(I32_CONST, F64_CONST + 1), (I32, I64, F32, F64), strict=True):
        put(op, op, 0, kind)
    for op, kind in zip(range(0x28, 0x2C), (I32, I64, F32, F64), strict=True):
        put(op, op, 1, kind)  # full-width loads
    put(0x2C, 0x2F, 1, I32)  # i32 loads of 8 and 16 bits
    put(0x30, 0x35, 1, I64)  # i64 loads of 8, 16 and 32 bits
    put(0x36, 0x3E, 2, None)  # stores
    put(0x45, 0x66, 2, I32)  # comparisons
    put(0x45, 0x45, 1, I32)  # i32.eqz
    put(0x50, 0x50, 1, I32)  # i64.eqz
    put(0x67, 0x69, 1, I32)  # i32 clz ctz popcnt
    put(0x6A, 0x78, 2, I32)
    put(0x79, 0x7B, 1, I64)  # i64 clz ctz popcnt
    put(0x7C, 0x8A, 2, I64)
    put(0x8B, 0x91, 1, F32)
    put(0x92, 0x98, 2, F32)
    put(0x99, 0x9F, 1, F64)
    put(0xA0, 0xA6, 2, F64)
    put(0xA7, 0xAB, 1, I32)  # wrap and truncations
    put(0xAC, 0xB1, 1, I64)
    put(0xB2, 0xB6, 1, F32)
    put(0xB7, 0xBB, 1, F64)
    for op, kind in zip(range(0xBC, 0xC0), (I32, I64, F32, F64), strict=True):
        put(op, op, 1, kind)  # reinterpretations
    put(0xC0, 0xC1, 1, I32)  # sign extensions
    put(0xC2, 0xC4, 1, I64)
    put(PREFIX_FC << 8, PREFIX_FC << 8 | 3, 1, I32)  # saturating truncations
    put(PREFIX_FC << 8 | 4, PREFIX_FC << 8 | 7, 1, I64)
    return table


EFFECTS = _effects()

# Instructions whose result can never be an address in the heap, which lies above 65,535:
# comparisons, bit counts, loads and extensions of 8 and 16 bits, and constants.
SMALL_RESULTS = frozenset(
    (I32_CONST, I64_CONST, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, 0xC0, 0xC1, 0xC2, 0xC3)
    + tuple(range(0x45, 0x6A))
    + (0x79, 0x7A, 0x7B)
)
