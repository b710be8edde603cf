"""A drawing of the ESP32 DevKit, its pins in the colours of what boards/esp32-devkit.toml says."""

from html import escape

from host.boards import BoardSpec

# What is printed beside the two rows of 19 pins, from the aerial down to the USB socket: the
# order of Espressif's DevKitC, which most copies with 38 pins keep. A number is a GPIO's.
LEFT: tuple[int | str, ...] = (
    *("3V3", "EN", 36, 39, 34, 35, 32, 33, 25, 26, 27, 14, 12),
    *("GND", 13, 9, 10, 11, "5V"),
)
RIGHT: tuple[int | str, ...] = (
    *("GND", 23, 22, 1, 3, 21, "GND", 19, 18, 5, 17, 16, 4, 0, 2, 15),
    *(8, 7, 6),
)
_COLOURS = {
    "free to use": "#2e7d32",
    "input only": "#1565c0",
    "with care": "#b26a00",
    "not yours": "#9e9e9e",
    "supply": "#c62828",
}
_WIDTH, _FIRST, _STEP = 1180, 60, 26
_EDGE_LEFT, _EDGE_RIGHT = 480, 700  # of the board
_END = _FIRST + len(LEFT) * _STEP + 40


def board_svg(spec: BoardSpec) -> str:
    """Return the drawing. spec: a board with the pins of LEFT and RIGHT."""
    middle = (_EDGE_LEFT + _EDGE_RIGHT) // 2
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_END + 115}" xmlns="http://www.w3.org/2000/svg" '
        'font-family="system-ui,sans-serif" font-size="14">',
        f'<rect width="{_WIDTH}" height="{_END + 115}" fill="#fff"/>',
        _box(_EDGE_LEFT, 20, _EDGE_RIGHT - _EDGE_LEFT, _END, "#263238", 12),
        _box(middle - 75, 30, 150, 165, "#b0bec5", 4),
        _text(middle, 120, spec.title.partition("(")[2].rstrip(")"), "#263238", "middle"),
        _box(middle - 30, _END - 22, 60, 50, "#cfd8dc", 3),
        _text(middle, _END + 8, "USB", "#263238", "middle"),
    ]
    for name, x in ((spec.reset or "reset", middle - 65), ("BOOT", middle + 65)):
        parts.append(_box(x - 14, _END - 22, 28, 28, "#eceff1", 3))
        parts.append(_text(x, _END - 30, name, "#fff", "middle"))
    if spec.led:
        parts.append(f'<circle cx="{middle}" cy="260" r="9" fill="#42a5f5"/>')
        parts.append(_text(middle, 290, f"LED on {spec.led.pin}", "#fff", "middle"))
    for row, x, side in ((LEFT, _EDGE_LEFT, -1), (RIGHT, _EDGE_RIGHT, 1)):
        for at, pin in enumerate(row):
            parts += _pin(spec, pin, x, _FIRST + at * _STEP, side)
    for at, (kind, colour) in enumerate(_COLOURS.items()):
        parts.append(_box(200 + at * 165, _END + 75, 16, 16, colour, 8))
        parts.append(_text(224 + at * 165, _END + 88, kind, "#333"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def kind_of(spec: BoardSpec, pin: int | str) -> str:
    """Return what a pin is for, one of the drawing's five colours."""
    if isinstance(pin, str):
        return "supply" if pin != "EN" else "not yours"
    if str(pin) in spec.pins.spans("forbidden") or pin not in spec.pins.usable:
        return "not yours"
    if pin in spec.pins.input_only:
        return "input only"
    return "with care" if str(pin) in spec.pins.spans("strapping") else "free to use"


def _pin(spec: BoardSpec, pin: int | str, edge: int, y: int, side: int) -> list[str]:
    colour = _COLOURS[kind_of(spec, pin)]
    anchor = "start" if side > 0 else "end"
    return [
        f'<circle cx="{edge - side * 12}" cy="{y}" r="6" fill="#ffd54f"/>',
        f'<line x1="{edge - side * 6}" y1="{y}" x2="{edge + side * 20}" y2="{y}" '
        f'stroke="{colour}" stroke-width="3"/>',
        _text(edge + side * 26, y + 5, f"<tspan font-weight='bold'>{pin}</tspan>", colour, anchor),
        _text(edge + side * 66, y + 5, escape(_words(spec, pin)), "#555", anchor, 12),
    ]


def _words(spec: BoardSpec, pin: int | str) -> str:
    """Return what stands beside a pin: the board file's own words where it has any."""
    if isinstance(pin, str):
        return {"EN": "reset", "GND": "ground"}.get(pin, "supply")
    words = [
        text
        for true, text in (
            (bool(spec.led and spec.led.pin == pin), "the LED"),
            (pin == spec.pins.i2c.get("sda"), "I2C SDA"),
            (pin == spec.pins.i2c.get("scl"), "I2C SCL"),
            (pin in spec.pins.adc, "analogue"),
        )
        if true
    ]
    spans = spec.pins.spans("forbidden") | spec.pins.spans("strapping")
    return ", ".join([*words, *([spans[str(pin)]] if str(pin) in spans else [])])


def _box(x: int, y: int, width: int, height: int, fill: str, radius: int) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}"/>'


def _text(x: int, y: int, text: str, fill: str, anchor: str = "start", size: int = 14) -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{fill}" text-anchor="{anchor}" font-size="{size}">'
        f"{text}</text>"
    )
