"""Tools that touch pins. Each returns what reads back."""


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
