# ruff: noqa: F821  (the build puts in what is not defined here)
# I2C on any two pins: whole transfers go to the host, which knows what is wired there.
import errno

from _port import port
from uctypes import addressof

_OPEN_DRAIN = const(7)
_PULL_UP = const(2)
_DEFAULTS = ((18, 19), (25, 26))  # scl and sda of I2C(0) and I2C(1)


class _Bus:
    def _open(self, scl, sda, pull):
        try:
            self._scl = scl._id
            self._sda = sda._id
        except AttributeError:
            raise ValueError("expecting a pin")
        for pin in (scl, sda):
            try:
                pin.init(_OPEN_DRAIN, pull, value=1)
            except ValueError:
                pass  # the chip does not mind an input here; the bus just never works

    def _push(self, data):
        if not (port(self._scl, OP_PIN_GET) and port(self._sda, OP_PIN_GET)):
            raise OSError(errno.ETIMEDOUT)  # nobody pulls the lines up, or somebody down
        port(self._sda, OP_PUSH)
        port(self._scl, OP_PUSH)
        port(addressof(data), OP_PUSH)
        port(len(data), OP_PUSH)

    def scan(self):
        found = []
        for address in range(0x08, 0x78):
            try:
                self.writeto(address, b"")
                found.append(address)
            except OSError:
                pass  # nobody there
        return found

    def writeto(self, addr, buf, stop=True):
        self._push(buf)
        return port(addr, OP_I2C_WRITE)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]))

    def readfrom_into(self, addr, buf, stop=True):
        self._push(buf)
        port(addr, OP_I2C_READ)

    def readfrom(self, addr, nbytes, stop=True):
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf)
        return bytes(buf)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big"), False)
        self.readfrom_into(addr, buf)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def _primitive(self, *args):
        raise NotImplementedError("I2C's start, stop, write, readinto are not emulated")

    start = stop = write = readinto = _primitive


class I2C(_Bus):
    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%d) doesn't exist" % id)
        self._id = id
        self.init(scl=scl, sda=sda, freq=freq, timeout=timeout)

    def init(self, *, scl=None, sda=None, freq=400000, timeout=50000):
        from machine import Pin

        self._freq = freq
        defaults = _DEFAULTS[self._id]
        self._open(scl or Pin(defaults[0]), sda or Pin(defaults[1]), _PULL_UP)

    def __repr__(self):
        return "I2C(%d, scl=%d, sda=%d, freq=%d)" % (self._id, self._scl, self._sda, self._freq)


class SoftI2C(_Bus):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self.init(scl, sda, freq=freq, timeout=timeout)

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        self._freq = freq
        self._open(scl, sda, -1)

    def __repr__(self):
        return "SoftI2C(scl=%d, sda=%d, freq=%d)" % (self._scl, self._sda, self._freq)
