"""Tools that talk to I2C devices, on any two pins."""

import binascii

from machine import SoftI2C

from firmware.tools import ToolError


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
    data = binascii.unhexlify(write_hex)
    try:
        if data and bus.writeto(address, data, not length) < len(data):
            raise OSError("it took only a part")
        read = bus.readfrom(address, length) if length else b""
    except OSError as e:
        raise ToolError(
            "no good answer from address %d (0x%02x): %s; check it with i2c_scan"
            % (address, address, e)
        )
    return {"data_hex": binascii.hexlify(read).decode()}


def _bus(app, sda, scl):
    if sda == scl:
        raise ToolError("sda and scl must be two pins")
    sda = app.pins.lend(sda)
    scl = app.pins.lend(scl)
    bus = SoftI2C(scl=scl, sda=sda, freq=100000)
    if not (sda.value() and scl.value()):
        raise ToolError("I2C: sda or scl is held low: check the wiring, power and pull-ups")
    return bus
