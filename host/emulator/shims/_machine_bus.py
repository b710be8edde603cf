# Buses with nothing on them: a scan finds no device, a transfer fails as it does on the chip.
import errno


class I2C:
    _failure = errno.ENODEV

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%d) doesn't exist" % id)
        self._name = "I2C(%d, scl=%s, sda=%s, freq=%d)" % (id, scl, sda, freq)

    def init(self, **_):
        pass

    def scan(self):
        return []

    def _fail(self, *_, **__):
        raise OSError(self._failure)

    readfrom = readfrom_into = writeto = writevto = _fail
    readfrom_mem = readfrom_mem_into = writeto_mem = _fail

    def __repr__(self):
        return self._name


class SoftI2C(I2C):
    _failure = errno.ETIMEDOUT

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self._name = "SoftI2C(scl=%s, sda=%s, freq=%d)" % (scl, sda, freq)


class _NotYet:
    def __init__(self, *_, **__):
        raise NotImplementedError("machine." + type(self).__name__ + " is not emulated")


class SPI(_NotYet):
    pass


class SoftSPI(_NotYet):
    pass


class UART(_NotYet):
    pass
