"""The cell: a page of the guest's memory in which host and guest share what is asked for most.

A call of the host costs some microseconds. So three answers lie where the VM finds them itself:
the time, as long as nothing is due; what is ahead in the file that is being read; whether the
console has input. `install` puts the page behind the C stack and lets the C library's two
functions look there before they call the host.

Words of 8 bytes: NOW, STOP (the guest may take the time by itself while it stays below it), what
to add to NOW for CLOCK_REALTIME and for CLOCK_MONOTONIC, INPUT. Words of 4 bytes: FILE, the file
number that is read ahead, and from where to where its bytes lie in memory; JUMPS, how many jumps
of bytecode are left until the VM calls the host, so that a loop that never calls it is noticed.
"""

from __future__ import annotations

import hashlib

from host.emulator.soundness import opcodes as op
from host.emulator.soundness.leb128 import check
from host.emulator.soundness.wasm_format import MEMORIES, Instr, decode, encode, make

READ_COST_US = 1  # what reading the clock takes, so that a busy loop gets on

_PAGE = 65536
_PAGES = 5  # that the module has; ours is the next one
CELL = _PAGES * _PAGE
NOW, STOP, REALTIME, MONOTONIC, INPUT, WORDS = 0, 1, 2, 3, 4, 5  # indices of 8-byte words
FILE = CELL + 8 * WORDS
JUMPS = FILE + 12
FUEL_A_JUMP, FUEL_A_CALL = 10, 1  # what counting a jump, and calling the host, adds to the fuel
WINDOW, WINDOW_BYTES = CELL + 64, 32768  # where the bytes ahead lie

# The C library's wrappers of two imports: (function, import, parameters).
_CLOCK_TIME_GET = (1328, 6, 3)
_FD_READ = (1333, 11, 4)
_SCHED_YIELD = 25
# Where the bytecode's loop, after each jump, looks whether a callback is to be run: the function,
# and the three instructions at an index of its body. Nothing else is on the operand stack there.
_LOOP, _AFTER_A_JUMP = 1010, 13211

_I64_ADD, _I64_MUL, _I64_LT_U, _I32_EQZ = 0x7C, 0x7E, 0x54, 0x45
_I32_LOAD16_U = 0x2F


def install(wasm: bytes) -> bytes:
    """Return the module with the cell. Raises UnsupportedModule if it is not the known one."""
    module = decode(wasm)
    module.replace_section(MEMORIES, bytes((1, 0, _PAGES)), bytes((1, 0, _PAGES + 1)))
    for (index, imported, params), first, local in (
        (_CLOCK_TIME_GET, _TAKE_TIME, op.I64),
        (_FD_READ, _TAKE_BYTES, op.I32),
    ):
        function = module.function(index)
        wrapper = [make(op.LOCAL_GET, n) for n in range(params)]
        wrapper += [make(op.CALL, imported), make(op.I32_CONST, 0xFFFF), make(op.I32_AND)]
        check(
            [(i.op, i.args) for i in function.body] == [(i.op, i.args) for i in wrapper]
            and not function.local_runs,
            f"function {index} is not the C library's call of import {imported}",
        )
        function.local_runs.append((1, local))
        function.body[:0] = first
    loop = module.function(_LOOP)
    look = [(i.op, len(i.args)) for i in loop.body[_AFTER_A_JUMP : _AFTER_A_JUMP + 3]]
    check(
        look == [(op.I32_CONST, 1), (_I32_LOAD16_U, 2), (op.BR_IF, 1)]
        and loop.body[_AFTER_A_JUMP - 1].op == op.END,
        f"function {_LOOP} does not look for callbacks where it did",
    )
    loop.local_runs.append((1, op.I32))
    loop.body[_AFTER_A_JUMP:_AFTER_A_JUMP] = _count_a_jump(len(loop.local_types) - 1)
    return encode(module)


def fingerprint() -> str:
    """Return what changes when `install` does something else."""
    code = b"".join(instr.raw for instr in _TAKE_TIME + _TAKE_BYTES + _count_a_jump(0))
    return hashlib.sha256(code).hexdigest()[:16]


def _load(kind: int, address: int) -> list[Instr]:
    return [make(op.I32_CONST, 0), make(kind, 3 if kind == op.I64_LOAD else 2, address)]


def _count_a_jump(local: int) -> list[Instr]:
    """Return code that takes one from JUMPS, and calls the host when none is left."""
    return [
        make(op.I32_CONST, 0),
        *_load(op.I32_LOAD, JUMPS),
        make(op.I32_CONST, 1),
        make(op.I32_SUB),
        make(op.LOCAL_TEE, local),
        make(op.I32_STORE, 2, JUMPS),
        make(op.LOCAL_GET, local),
        make(_I32_EQZ),
        make(op.IF, op.EMPTY),
        make(op.CALL, _SCHED_YIELD),
        make(op.DROP),
        make(op.END),
    ]


# clock_time_get(0: which clock, 1: precision, 2: where the nanoseconds go); 3: the new NOW
_TAKE_TIME = [
    *_load(op.I64_LOAD, CELL + 8 * NOW),
    make(op.I64_CONST, READ_COST_US),
    make(_I64_ADD),
    make(op.LOCAL_TEE, 3),
    *_load(op.I64_LOAD, CELL + 8 * STOP),
    make(_I64_LT_U),
    make(op.LOCAL_GET, 0),
    make(op.I32_CONST, 2),
    make(op.I32_LT_U),
    make(op.I32_AND),
    make(op.IF, op.EMPTY),
    make(op.I32_CONST, 0),
    make(op.LOCAL_GET, 3),
    make(op.I64_STORE, 3, CELL + 8 * NOW),
    make(op.LOCAL_GET, 2),
    make(op.LOCAL_GET, 3),
    make(op.LOCAL_GET, 0),
    make(op.I32_CONST, 3),
    make(op.I32_SHL),
    make(op.I64_LOAD, 3, CELL + 8 * REALTIME),
    make(_I64_ADD),
    make(op.I64_CONST, 1000),
    make(_I64_MUL),
    make(op.I64_STORE, 3, 0),
    make(op.I32_CONST, 0),
    make(op.RETURN),
    make(op.END),
]

# fd_read(0: file number, 1: where a buffer's address and size are, 2: how many buffers, 3: where
# the number of bytes goes); 4: the address behind what is taken
_TAKE_BYTES = [
    make(op.LOCAL_GET, 0),
    *_load(op.I32_LOAD, FILE),
    make(op.I32_EQ),
    make(op.IF, op.EMPTY),
    *_load(op.I32_LOAD, FILE + 8),
    *_load(op.I32_LOAD, FILE + 4),
    make(op.LOCAL_GET, 1),
    make(op.I32_LOAD, 2, 4),
    make(op.I32_ADD),
    make(op.LOCAL_TEE, 4),
    make(op.I32_GE_U),
    make(op.IF, op.EMPTY),
    make(op.LOCAL_GET, 1),
    make(op.I32_LOAD, 2, 0),
    *_load(op.I32_LOAD, FILE + 4),
    make(op.LOCAL_GET, 1),
    make(op.I32_LOAD, 2, 4),
    make(op.MEMORY_COPY, 0, 0),
    make(op.I32_CONST, 0),
    make(op.LOCAL_GET, 4),
    make(op.I32_STORE, 2, FILE + 4),
    make(op.LOCAL_GET, 3),
    make(op.LOCAL_GET, 1),
    make(op.I32_LOAD, 2, 4),
    make(op.I32_STORE, 2, 0),
    make(op.I32_CONST, 0),
    make(op.RETURN),
    make(op.END),
    make(op.END),
]
