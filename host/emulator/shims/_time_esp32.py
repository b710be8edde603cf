# ruff: noqa: F821  (the build puts in what is not defined here)
# time as on the ESP32: seconds since 2000-01-01 as an int, sleeps that jump in virtual time.
import utime as _vm
from _port import port
from utime import ticks_add, ticks_cpu, ticks_diff, ticks_ms, ticks_us  # noqa: F401

_LONG_MS = const(1 << 30)  # what fits into one call
_TO_1970 = 946684800


def sleep_ms(ms):
    while ms > _LONG_MS:
        sleep_ms(_LONG_MS)
        ms -= _LONG_MS
    if ms > 0:
        unfinished = port(ms, OP_WAIT)
        while unfinished:  # interrupted: the VM runs the handlers as it jumps back
            unfinished = port(unfinished, OP_WAIT_ON)


def sleep(seconds):
    if isinstance(seconds, int):
        sleep_ms(seconds * 1000)
    elif isinstance(seconds, float):
        sleep_ms(round(seconds * 1000))
    else:
        raise TypeError("can't convert " + type(seconds).__name__ + " to float")


def sleep_us(us):
    if us >= 1000:
        sleep_ms(us // 1000)
        us %= 1000
    if us > 0:
        _vm.sleep_us(us)


def time():
    return port(0, OP_TIME)


def time_ns():
    return (port(0, OP_TIME) * 1000000 + port(0, OP_TIME_US)) * 1000


def gmtime(seconds=None):
    return _vm.gmtime((time() if seconds is None else int(seconds)) + _TO_1970)[:8]


localtime = gmtime


def mktime(when):
    return int(_vm.mktime(tuple(when)[:8] + (0,))) - _TO_1970
