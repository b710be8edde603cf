"""Tools that ask a sensor on a pin of its own. The drivers are the chip's frozen modules."""

import asyncio
import binascii

from micropython import const

from firmware.tools import ToolError

_CONVERSION_MS = const(750)  # of a DS18B20 at its full 12 bits


def dht_read(app, pin, model):
    """Read a DHT11 or DHT22."""
    import dht

    sensor = getattr(dht, model.upper())(app.pins.lend(pin))
    try:
        sensor.measure()
    except Exception as e:  # OSError for silence, a plain Exception for a wrong checksum
        raise _unanswered(model, pin, e)
    humidity = sensor.humidity()
    # Taken for the other model, a DHT22 shows 0 to 3 % and a DHT11 far more than 100 %.
    if not (4 if model == "dht11" else 0) <= humidity <= 100:
        raise _unanswered(model, pin, "humidity %d %%" % humidity)
    return {
        "pin": pin,
        "temperature_c": round(sensor.temperature(), 1),
        "humidity_pct": round(humidity, 1),
    }


async def ds18x20_read(app, pin):
    """Read every DS18x20 on a pin; temperature_c is that of the first."""
    import ds18x20
    import onewire

    pin_object = app.pins.lend(pin)
    try:
        sensors = ds18x20.DS18X20(onewire.OneWire(pin_object))
        roms = sensors.scan()
        sensors.convert_temp()
        await asyncio.sleep_ms(_CONVERSION_MS)
        found = {binascii.hexlify(r).decode(): round(sensors.read_temp(r), 2) for r in roms}
        result = {"pin": pin, "temperature_c": found[binascii.hexlify(roms[0]).decode()]}
    except Exception as e:  # onewire.OneWireError for silence, a plain Exception for a checksum
        raise _unanswered("ds18x20", pin, e)
    if len(found) > 1:
        result["all"] = found
    return result


def _unanswered(model, pin, why):
    return ToolError(
        "no good answer from the %s on pin %d (%s): check the model, wiring, power and pull-up"
        % (model, pin, why or "silent")
    )
