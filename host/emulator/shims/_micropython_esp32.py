# ruff: noqa: F821  (the build puts in what is not defined here)
# micropython: the VM's own, and what its build leaves out.
from _port import port
from micropython import (  # noqa: F401
    const,
    heap_lock,
    heap_unlock,
    mem_info,
    opt_level,
    qstr_info,
    schedule,
    stack_use,
)


def kbd_intr(char):
    port(char + 1, OP_INTERRUPT_CHAR)


def alloc_emergency_exception_buf(size):
    pass  # the VM's interrupt handlers run as scheduled callbacks, where memory can be allocated
