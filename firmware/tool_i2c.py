"""Tools that talk to I2C devices, on any two pins."""

from binascii import hexlify, unhexlify

from machine import SoftI2C


def i2c_scan(app, sda, scl):
    """List the addresses that answer."""
    return {"addresses": _bus(app, sda, scl).scan()}


def i2c_read(app, sda, scl, address, length):
    """Read."""
    return i2c_write_read(app, sda, scl, address, "", length)


def i2c_write(app, sda, scl, address, data_hex):
    """Write."""
    i2c_write_read(app, sda, scl, address, data_hex, 0)
    return {"written": len(data_hex) // 2}


def i2c_write_read(app, sda, scl, address, write_hex, length):
    """Write, then read with no stop between."""
    bus = _bus(app, sda, scl)
    data = unhexlify(write_hex)
    try:
        if data and bus.writeto(address, data, not length) < len(data):
            raise OSError("refused")
        return {"data_hex": hexlify(bus.readfrom(address, length)).decode() if length else ""}
    except OSError as e:
        raise ValueError("I2C address %d (0x%02x): %s; try i2c_scan" % (address, address, e))


def _bus(app, sda, scl):
    sda = app.pins.lend(sda)
    scl = app.pins.lend(scl)
    bus = SoftI2C(scl, sda, freq=100000)
    if not (sda.value() and scl.value()):
        raise ValueError("sda or scl is held low: check the wiring and pull-ups")
    return bus
