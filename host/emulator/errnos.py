"""Error numbers: what an ESP32 calls them, and the few the VM's C library compares itself."""

import errno as _host

from littlefs.errors import LittleFSError

# The ESP32's numbers (newlib and lwIP), as MicroPython's errno module shows them there.
ESP32 = {
    "EPERM": 1,
    "ENOENT": 2,
    "EIO": 5,
    "EBADF": 9,
    "EAGAIN": 11,
    "ENOMEM": 12,
    "EACCES": 13,
    "EEXIST": 17,
    "ENODEV": 19,
    "EISDIR": 21,
    "EINVAL": 22,
    "EOPNOTSUPP": 95,
    "ENOBUFS": 105,
    "ECONNRESET": 104,
    "ECONNREFUSED": 111,
    "EADDRINUSE": 112,
    "ECONNABORTED": 113,
    "ETIMEDOUT": 116,
    "EHOSTUNREACH": 118,
    "EINPROGRESS": 119,
    "EALREADY": 120,
    "ENOTCONN": 128,
}
_MORE = {"ENOTDIR": 20, "ENOSPC": 28, "EPIPE": 104, "EISCONN": 127, "ENETUNREACH": 118}

EBADF, EINVAL, EIO, ENOENT, ENOTCONN = 9, 22, 5, 2, 128
EAGAIN, EINPROGRESS, ETIMEDOUT, EISDIR, ENOTDIR, ENODEV = 11, 119, 116, 21, 20, 19

# wasi-libc and MicroPython's C code compare these themselves, so they keep WASI's numbers.
WASI_EAGAIN = 6  # a stream method turns it into None
WASI_EBADF = 8  # ends the search for preopened folders
WASI_EINTR = 27  # restarts the call

_FROM_HOST = {
    getattr(_host, name): number
    for name, number in {**ESP32, **_MORE}.items()
    if hasattr(_host, name)
}


def from_os_error(error: OSError) -> int:
    """Return the ESP32's number for an error of the desktop; EIO where the ESP32 has none."""
    return _FROM_HOST.get(error.errno or 0, EIO)


def from_littlefs(error: LittleFSError) -> int:
    """Return what VfsLfs2 raises: LittleFS's own code without its sign."""
    return -int(error.code)
