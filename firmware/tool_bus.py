"""Tools that lend pins to a sensor, a strip or I2C. The drivers are the chip's frozen modules."""

import asyncio

from machine import SoftI2C
from micropython import const

_CONVERSION_MS = const(750)  # of a DS18B20 at its full 12 bits


def neopixel_write(app, pin, r, g, b, count=1):
    """Give the first pixels of a strip one colour."""
    import neopixel

    app.pins.allow(pin, r or g or b)
    pixels = neopixel.NeoPixel(app.pins.output(pin), count)
    pixels.fill((r, g, b))
    pixels.write()
    return {"pin": pin, "r": r, "g": g, "b": b, "count": count}


def dht_read(app, pin, model):
    """Read a DHT11 or DHT22."""
    import dht

    sensor = getattr(dht, model.upper())(app.pins.lend(pin))
    try:
        sensor.measure()
        humidity = sensor.humidity()
        # Taken for the other, a DHT22 shows 0 to 3 % and a DHT11 far more than 100 %.
        if not 100 >= humidity >= (4 if model == "dht11" else 0):
            raise ValueError("humidity %d" % humidity)
    except Exception as e:  # OSError for silence, a plain Exception for a wrong checksum
        raise _unanswered(model, pin, e)
    return {
        "pin": pin,
        "temperature_c": round(sensor.temperature(), 1),
        "humidity_pct": round(humidity, 1),
    }


async def ds18x20_read(app, pin):
    """Read every DS18x20 on a pin; temperature_c is that of the first."""
    import ds18x20
    import onewire

    sensors = ds18x20.DS18X20(onewire.OneWire(app.pins.lend(pin)))
    try:
        sensors.convert_temp()
        await asyncio.sleep_ms(_CONVERSION_MS)
        found = [(r, round(sensors.read_temp(r), 2)) for r in sensors.scan()]
        result = {"pin": pin, "temperature_c": found[0][1]}
    except Exception as e:  # OneWireError for silence, a plain Exception for a checksum
        raise _unanswered("ds18x20", pin, e)
    if len(found) > 1:
        result["all"] = {rom.hex(): t for rom, t in found}
    return result


def _unanswered(model, pin, why):
    return ValueError(
        "no %s answers well on pin %d (%s): check model, wiring, pull-up"
        % (model, pin, str(why) or "silence")
    )


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
    data = bytes.fromhex(write_hex)
    try:
        if data and bus.writeto(address, data, not length) < len(data):
            raise OSError("refused")
        return {"data_hex": bus.readfrom(address, length).hex() if length else ""}
    except OSError as e:
        raise ValueError("I2C address %d (0x%02x): %s; try i2c_scan" % (address, address, e))


def _bus(app, sda, scl):
    sda = app.pins.lend(sda)
    scl = app.pins.lend(scl)
    bus = SoftI2C(scl, sda, freq=100000)
    if not (sda.value() and scl.value()):
        raise ValueError("sda or scl is held low: check the wiring and pull-ups")
    return bus
