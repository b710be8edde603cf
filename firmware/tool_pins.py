"""Tools that touch pins. Each returns what reads back."""

from machine import ADC


def gpio_write(app, pin, value):
    """Drive an output."""
    return {"pin": pin, "value": app.pins.write(pin, value)}


def gpio_read(app, pin):
    """Read a pin."""
    return {"pin": pin, "value": app.pins.read(pin)}


def gpio_read_all(app):
    """Read every pin the policy allows."""
    return {"pins": {str(n): app.pins.read(n) for n in app.board["usable"]}}


def gpio_toggle(app, pin):
    """Invert an output."""
    return {"pin": pin, "value": app.pins.toggle(pin)}


def pwm_write(app, pin, duty_pct, freq_hz=1000):
    """Have an output pulse."""
    app.pins.pulse(pin, freq_hz, min(65535, round(duty_pct * 655.36)))
    return {"pin": pin, "duty_pct": duty_pct, "freq_hz": freq_hz}


def servo_write(app, pin, angle_deg):
    """Turn a servo: a pulse of 500 to 2500 us in 20 ms, that is 1638 to 8192 of 65536."""
    app.pins.pulse(pin, 50, round(1638.4 + angle_deg * 36.40889))
    return {"pin": pin, "angle_deg": angle_deg}


def adc_read(app, pin):
    """Measure a voltage."""
    adc = ADC(app.pins.lend(pin, 2), atten=ADC.ATTN_11DB)
    return {"pin": pin, "mv": adc.read_uv() // 1000}


def neopixel_write(app, pin, r, g, b, count=1):
    """Give the first pixels of a strip one colour."""
    import neopixel

    pixels = neopixel.NeoPixel(app.pins.output(pin), count)
    pixels.fill((r, g, b))
    pixels.write()
    return {"pin": pin, "r": r, "g": g, "b": b, "count": count}
