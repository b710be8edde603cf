"""The repairs that hold for this one build only, by function index, offset and constant.

Each says which instructions it expects and refuses to touch anything else.
"""

from __future__ import annotations

from . import opcodes as op
from .leb128 import check, sleb
from .wasm_format import GLOBALS, MEMORIES, Function, Instr, Module, make

# Functions of this build, imports counted.
GC_COLLECT = 1271
GC_COLLECT_CALLERS = (54, 920)  # gc_alloc, and gc.collect() in Python
_MARK_ROOTS = 51  # gc_collect_root: marks what a range of words points to
_SWEEP = 52  # gc_collect_end: marks what is left and frees the rest
_INIT_STACK = 1263  # main: tells MicroPython where the stack starts and how deep it may get
_INIT_ALLOCATOR = 1295  # malloc's first call

# The collector's state: words at fixed offsets from one address.
_STATE, _BLOCK_KINDS, _POOL_START = 66772, 608, 620
_TAIL = 2  # the kind of a block that is not the first of its object
_BLOCK_BYTES = 16

_PAGE_BYTES = 65536
_OLD_PAGES, _NEW_PAGES = 3, 5
_OLD_STACK_TOP = 136576  # also where malloc's first region starts
_OLD_STACK_LIMIT, _NEW_STACK_LIMIT = 40000, 62000  # bytes at which Python code gets a RuntimeError
_POISON = 0xDB


def _expect(function: Function, at: int, expected: list[Instr]) -> None:
    found = function.body[at : at + len(expected)]
    check(
        found == expected,
        f"function {function.index} has other code at {at} than the known release",
    )


def follow_interior_pointers(module: Module) -> None:
    """Let the collector keep an object alive that only a pointer into its middle refers to.

    The compiler may keep `object + 4` and forget `object`. A word on the stack is rounded down to
    a block, and from there the search goes back to the first block of the object.
    """
    function = module.function(_MARK_ROOTS)
    pointer, pool_end, pool_start = 4, 2, 3  # locals
    _expect(
        function,
        12,
        [
            make(op.LOCAL_GET, 0),
            make(op.I32_LOAD, 2, 0),
            make(op.LOCAL_TEE, pointer),
            make(op.I32_CONST, 15),
            make(op.I32_AND),
            make(op.BR_IF, 0),  # not the start of a block: ignore it
            make(op.LOCAL_GET, pointer),
            make(op.LOCAL_GET, pool_start),
            make(op.I32_LT_U),
            make(op.BR_IF, 0),
            make(op.LOCAL_GET, pointer),
            make(op.LOCAL_GET, pool_end),
            make(op.I32_GE_U),
            make(op.BR_IF, 0),
        ],
    )
    back_to_first_block = [
        make(op.BLOCK, op.EMPTY),
        make(op.LOOP, op.EMPTY),
        # kinds[offset >> 6] >> (offset >> 3 & 6) & 3, offset = pointer - start: two bits a block
        make(op.I32_CONST, _STATE),
        make(op.I32_LOAD, 2, _BLOCK_KINDS),
        *_pool_offset(pointer, pool_start, 6),
        make(op.I32_ADD),
        make(op.I32_LOAD8_U, 0, 0),
        *_pool_offset(pointer, pool_start, 3),
        make(op.I32_CONST, 6),
        make(op.I32_AND),
        make(op.I32_SHR_U),
        make(op.I32_CONST, 3),
        make(op.I32_AND),
        make(op.I32_CONST, _TAIL),
        make(op.I32_NE),
        make(op.BR_IF, 1),
        make(op.LOCAL_GET, pointer),
        make(op.I32_CONST, _BLOCK_BYTES),
        make(op.I32_SUB),
        make(op.LOCAL_SET, pointer),
        make(op.BR, 0),
        make(op.END),
        make(op.END),
    ]
    function.body[26:26] = back_to_first_block
    function.body[14:18] = [
        make(op.I32_CONST, -_BLOCK_BYTES),
        make(op.I32_AND),
        make(op.LOCAL_SET, pointer),
    ]


def _pool_offset(pointer: int, pool_start: int, shift: int) -> list[Instr]:
    """Return code that pushes (pointer - pool_start) >> shift."""
    return [
        make(op.LOCAL_GET, pointer),
        make(op.LOCAL_GET, pool_start),
        make(op.I32_SUB),
        make(op.I32_CONST, shift),
        make(op.I32_SHR_U),
    ]


def enlarge_stack(module: Module) -> None:
    """Move the C stack to two new pages behind malloc's first region; let Python go deeper.

    Where it was, right above the static data, an overflow overwrites those data in silence, and
    the frames added by `spill` fill it more.
    """
    allocator = module.function(_INIT_ALLOCATOR)
    region = [make(op.I32_CONST, _OLD_PAGES * _PAGE_BYTES), make(op.I32_CONST, _OLD_STACK_TOP)]
    _expect(
        allocator, 50, region
    )  # malloc starts with [old stack top, end of the old pages): it stays below us
    module.replace_section(MEMORIES, bytes((1, 0, _OLD_PAGES)), bytes((1, 0, _NEW_PAGES)))

    def globals_with(stack_top: int) -> bytes:
        mutable_i32 = bytes((op.I32, 1, op.I32_CONST)) + sleb(stack_top) + bytes((op.END,))
        zero = bytes((op.I32, 0, op.I32_CONST, 0, op.END))
        return bytes((2,)) + mutable_i32 + zero

    top = _NEW_PAGES * _PAGE_BYTES
    module.replace_section(GLOBALS, globals_with(_OLD_STACK_TOP), globals_with(top))
    start = module.function(_INIT_STACK)
    _expect(start, 0, [make(op.I32_CONST, _OLD_STACK_LIMIT), make(op.CALL, 410)])
    start.body[0] = make(op.I32_CONST, _NEW_STACK_LIMIT)


def poison_freed_blocks(module: Module) -> None:
    """Overwrite every block that a sweep frees, so that a test notices whoever still uses it."""
    function = module.function(_SWEEP)
    block, kind_bits = 1, 9  # locals: the block's number; 3 when it becomes free
    _expect(
        function,
        465,
        [
            make(op.LOCAL_GET, 8),
            make(op.LOCAL_GET, 7),
            make(op.LOCAL_GET, kind_bits),
            make(op.LOCAL_GET, 10),
            make(op.I32_SHL),
            make(op.I32_CONST, -1),
            make(op.I32_XOR),
            make(op.I32_AND),
            make(op.I32_STORE8, 0, 0),
        ],
    )
    function.body[474:474] = [
        make(op.LOCAL_GET, kind_bits),
        make(op.I32_CONST, 3),
        make(op.I32_EQ),
        make(op.IF, op.EMPTY),
        make(op.I32_CONST, _STATE),
        make(op.I32_LOAD, 2, _POOL_START),
        make(op.LOCAL_GET, block),
        make(op.I32_CONST, 4),
        make(op.I32_SHL),
        make(op.I32_ADD),
        make(op.I32_CONST, _POISON),
        make(op.I32_CONST, _BLOCK_BYTES),
        make(op.MEMORY_FILL, 0),
        make(op.END),
    ]
