# ruff: noqa: F821  (the build puts in what is not defined here)
# gc: the shims' own share is left out of what is allocated, as it is in what is free.
import gc as _vm
from gc import collect, disable, enable, isenabled, mem_free, threshold  # noqa: F401

from _port import port


def mem_alloc():
    return _vm.mem_alloc() - port(0, OP_SHIM_COST)
