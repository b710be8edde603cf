# ruff: noqa: F821  (the build puts in what is not defined here)
# os as on the ESP32: the VM's own, and what a LittleFS volume adds.
from collections import namedtuple

import uos as _vm
from _lfs2 import VfsFat, VfsLfs2  # noqa: F401
from _port import port
from uos import (  # noqa: F401
    chdir,
    getcwd,
    remove,
    rename,
    rmdir,
    stat,
    umount,
    unlink,
    urandom,
)

_NOT_ON_FLASH = const(52)  # what the VM's own file system says
_uname = namedtuple("", ("sysname", "nodename", "release", "version", "machine"))


def ilistdir(path=""):
    for entry in _vm.ilistdir(path):
        if entry[0] == "rom" and entry[1] == 0x4000 and not entry[2]:
            continue  # where the shims are
        if len(entry) == 3 and entry[2]:  # the VM's own file system leaves the size out
            size = 0 if entry[1] == 0x4000 else stat(path + "/" * bool(path) + entry[0])[6]
            entry = (entry[0], entry[1], 0, size)
        yield entry


def listdir(path=""):
    return [entry[0] for entry in ilistdir(path)]


def uname():
    import sys

    release = "%d.%d.%d" % sys.implementation.version[:3]
    version = sys.version.split("MicroPython ")[1]
    return _uname("esp32", "esp32", release, version, sys.implementation._machine)


def statvfs(path):
    try:
        return _vm.statvfs(path)  # of a file system that the program has mounted
    except OSError as error:
        if error.errno != _NOT_ON_FLASH:
            raise
    if path != "/":
        _vm.stat(path)
    blocks = port(0, OP_STATVFS)
    free = blocks - port(1, OP_STATVFS)
    return (4096, 4096, blocks, free, free, 0, 0, 0, 0, 255)


def mkdir(path):
    if not path.strip("/"):
        raise OSError(17)  # EEXIST, which the VM itself numbers otherwise
    _vm.mkdir(path)


def sync():
    pass


def _file_system(bdev):
    # What a block device holds that a program mounts as it is.
    head = bytearray(16)
    try:
        for block in (0, 1):
            bdev.readblocks(block, head, 0)
            if head[8:] == b"littlefs":
                return VfsLfs2(bdev)
    except Exception:  # a device of whole sectors takes no offset
        pass
    return VfsFat(bdev)


def mount(*arguments, **settings):
    if arguments and not hasattr(arguments[0], "mount"):
        arguments = (_file_system(arguments[0]),) + arguments[1:]
    return _vm.mount(*arguments, **settings)


def dupterm_notify(stream):
    pass


def dupterm(stream=None, index=0):
    if stream is not None:
        raise NotImplementedError("os.dupterm is not emulated")
    return None
