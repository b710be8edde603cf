"""A sheet of labels as SVG: each board's name, its chip and a QR code of its topic, no secrets."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any
from xml.sax.saxutils import escape

from firmware import wire
from host.errors import UserError

_WIDE, _HIGH = 63.5, 29.6  # mm; three columns and nine rows on A4
_COLUMNS, _ROWS = 3, 9
_LEFT, _TOP = 9.75, 15.3
_QR = 24.0  # mm, its quiet zone included
_QUIET = 4  # modules


def sheet(boards: Mapping[str, str]) -> str:
    """Return one SVG page for each 27 boards, below each other. boards: {device: MAC}.

    Raises UserError without segno, which makes the codes.
    """
    try:
        segno: Any = import_module("segno")  # it is optional, and so are its types
    except ImportError as e:
        raise UserError(
            "segno is not installed", "it makes QR codes", "pip install 'limpet[flash]'"
        ) from e
    pages = -(-len(boards) // (_COLUMNS * _ROWS)) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="{297 * pages}mm" '
        f'viewBox="0 0 210 {297 * pages}" font-family="sans-serif">'
    ]
    for number, (device, mac) in enumerate(boards.items()):
        page, place = divmod(number, _COLUMNS * _ROWS)
        row, column = divmod(place, _COLUMNS)
        x, y = _LEFT + column * _WIDE, 297 * page + _TOP + row * _HIGH
        code = segno.make_qr(topic(device), error="m")
        modules = [
            f"M{at} {line}h1v1h-1z"
            for line, bits in enumerate(code.matrix, _QUIET)
            for at, bit in enumerate(bits, _QUIET)
            if bit
        ]
        scale = _QR / (len(code.matrix) + 2 * _QUIET)
        parts += [
            f'<g transform="translate({x:g} {y:g})">',
            f'<path transform="scale({scale:.5f})" d="{"".join(modules)}"/>',
            f'<text x="{_QR:g}" y="11" font-size="4.2">{escape(device)}</text>',
            f'<text x="{_QR:g}" y="17" font-size="2.8">{escape(mac)}</text>',
            "</g>",
        ]
    return "\n".join([*parts, "</svg>\n"])


def topic(device: str) -> str:
    """Return what the code of a board says: where it is to be talked to."""
    return wire.topic(device, wire.CHAT)
