# sys: the VM's own, with what it says of the chip, and a stdout that tells text from bytes.
import io
import sys as _vm
from collections import namedtuple
from sys import (  # noqa: F401
    argv,
    byteorder,
    exit,
    maxsize,
    modules,
    path,
    platform,
    print_exception,
    ps1,
    ps2,
    stderr,
    stdin,
    version,
    version_info,
)

_now = _vm.implementation
implementation = namedtuple("", ("name", "version", "_machine", "_mpy"))(
    _now.name, _now.version, "Generic ESP32 module with ESP32", _now._mpy
)


class _Stdout(io.IOBase):
    def __init__(self):
        self.write = _vm.stdout.write
        self.buffer = open("\x01stdout", "wb")

    def fileno(self):
        return 1

    def flush(self):
        pass

    def close(self):
        pass


stdout = _Stdout()
