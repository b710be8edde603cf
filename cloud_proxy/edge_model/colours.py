"""Colour names as red, green, blue: those of CSS, but green is the full one, as on a strip."""

from __future__ import annotations

from .words import Token, joined

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
    "warm white": (255, 180, 107),
    "cool white": (220, 235, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
    "violet": (238, 130, 238),
    "pink": (255, 192, 203),
    "hot pink": (255, 20, 147),
    "magenta": (255, 0, 255),
    "cyan": (0, 255, 255),
    "turquoise": (64, 224, 208),
    "teal": (0, 128, 128),
    "lime": (0, 255, 0),
    "gold": (255, 215, 0),
    "amber": (255, 191, 0),
    "indigo": (75, 0, 130),
    "lavender": (230, 230, 250),
    "navy": (0, 0, 128),
    "dark blue": (0, 0, 139),
    "dark green": (0, 100, 0),
    "dark red": (139, 0, 0),
    "light blue": (173, 216, 230),
    "light green": (144, 238, 144),
    "sky blue": (135, 206, 235),
    "crimson": (220, 20, 60),
    "salmon": (250, 128, 114),
    "coral": (255, 127, 80),
    "aqua": (0, 255, 255),
    "brown": (165, 42, 42),
    "deep pink": (255, 20, 147),
    "fuchsia": (255, 0, 255),
    "maroon": (128, 0, 0),
    "olive": (128, 128, 0),
    "black": (0, 0, 0),
}


def merge_colours(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each colour name as one token of kind colour."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        for length in (2, 1):
            parts = tokens[i : i + length]
            name = " ".join(part.meant for part in parts)
            if name in COLOURS and all(part.kind == "word" for part in parts):
                token = joined(parts, "colour", name)
                out.append(Token(name, token.start, token.end, "colour", "", COLOURS[name]))
                i += len(parts)
                break
        else:
            out.append(tokens[i])
            i += 1
    return out
