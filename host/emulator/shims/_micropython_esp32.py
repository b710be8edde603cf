# micropython: the VM's own, and what its build leaves out.
from micropython import (  # noqa: F401
    const,
    heap_lock,
    heap_unlock,
    kbd_intr,
    mem_info,
    opt_level,
    qstr_info,
    schedule,
    stack_use,
)


def alloc_emergency_exception_buf(size):
    pass  # the VM's interrupt handlers run as scheduled callbacks, where memory can be allocated
