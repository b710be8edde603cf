"""A sentence as words with their places: the first thing that is done to what a person typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from .spelling import mended

MAX_CHARS = 600  # a longer sentence is declined unread
MAX_WORDS = 64

_PIECES = re.compile(
    r"""
      (?P<chip>dht[ -]?(?:11|22)\b|am2302\b|ds18[bxs]20\b|ws28\d\d[a-z]?\b|sk6812\b|i2c\b)
    | (?P<cron>(?<![^\s"'`(])(?=[\d*/,\- ]*\*)(?:[\d*/,-]+[ ]){4}
              (?:[\d*/,-]*[\d*]|(?:mon|tue|wed|thu|fri|sat|sun)(?:[-,](?:mon|tue|wed|thu|fri|sat|sun))*)
              (?![^\s"'`),:.;]))
    | (?P<hexa>0x[0-9a-f]+\b)
    | (?P<nth>\d{1,2}(?:st|nd|rd|th)\b)
    | (?P<zone>[a-z]{3,}/[a-z_]{3,}(?:/[a-z_]{3,})?)
    | (?P<hex>\#[0-9a-f]{6}\b)
    | (?P<clock>(?<![\d:])\d{1,2}:\d{2}(?!\d|:\d))
    | (?P<half>[ap]\.[ ]?m\b\.?|[ap]m\b)
    | (?P<grouped>[1-9]\d{0,2},\d{3}(?=[ ]?(?:k?hz|hertz|mv|millivolts?|ms|milliseconds?)\b))
    | (?P<num>(?:(?<![\w.])-)?\d+(?:\.\d+)?)
    | (?P<word>[^\W\d]+(?:'[^\W\d_]+)*)
    | (?P<mark>\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS = {"\u00bd": "0.5", "\u00bc": "0.25", "\u00be": "0.75"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, time or name of a sentence.

    text: lower case. start, end: its characters in the cleaned sentence. kind: word, mark, chip,
    num, hexa, nth, cron, dur (seconds), time (minutes after midnight), zone, colour, name. unit:
    what a number counts ("", pct, deg, c, f, mv, hz), or for a time "am"/"pm" when the half of the
    day is certain. value: the number, seconds, minutes, zone or colour. pin: the pin a known name
    stands for. mend: the word of our trade that a misspelt word was meant to be, or "".
    """

    text: str
    start: int
    end: int
    kind: str = "word"
    unit: str = ""
    value: float | int | str | tuple[int, int, int] | None = None
    pin: int | None = None
    mend: str = ""

    @property
    def meant(self) -> str:
        """The word as it should be spelt."""
        return self.mend or self.text


Merge = Callable[[list[Token], int, list[Token]], tuple[Token, int] | None]


def merged(tokens: list[Token], merge: Merge) -> list[Token]:
    """Return the tokens with some of them in one.

    merge: called with the tokens, a place and the tokens so far; returns what stands for those
    from there on and how many they are, or None.
    """
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        found = merge(tokens, i, out)
        out.append(found[0] if found else tokens[i])
        i += found[1] if found else 1
    return out


def meanings(tokens: list[Token], i: int, count: int) -> list[str]:
    """Return the next words as they should be spelt, "" for those that are not there."""
    texts = [token.meant for token in tokens[i : i + count]]
    return texts + [""] * (count - len(texts))


def clean(sentence: str) -> str:
    """Return the sentence in one Unicode form, quotes straight, control characters as spaces."""
    text = sentence.encode("utf-8", "replace").decode("utf-8")
    for sign, part in _SIGNS.items():
        if sign in text:  # a unit's compatible form would glue "2" and "1/2" to 21/2
            text = re.sub(rf"(?<=\d) ?{sign}", part[1:], text).replace(sign, part)
    text = unicodedata.normalize("NFKC", text)
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u201c", '"')
    text = text.replace("\u201d", '"').replace("\u2212", "-").replace("\u2013", "-")
    return "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)


def split(text: str) -> list[Token]:
    """Return the words of a cleaned sentence; letters and digits come apart ("gpio5" is two)."""
    tokens: list[Token] = []
    for match in _PIECES.finditer(text):
        kind, piece = match.lastgroup or "mark", match.group().lower()
        token = Token(piece, match.start(), match.end(), kind)
        if kind == "num":
            token = replace(token, value=_number(piece))
        elif kind == "clock":
            hour, minute = (int(part) for part in piece.split(":"))
            if hour < 24 and minute < 60:
                unit = "am" if hour == 0 or piece[0] == "0" else "pm" if hour > 11 else ""
                token = replace(token, kind="time", value=hour * 60 + minute, unit=unit)
            else:
                token = replace(token, kind="mark")
        elif kind == "grouped":
            token = replace(token, kind="num", value=int(piece.replace(",", "")))
        elif kind == "chip":
            token = replace(token, text=re.sub(r"[ -]", "", piece))
        elif kind == "hex":
            rgb = tuple(int(piece[i : i + 2], 16) for i in (1, 3, 5))
            token = replace(token, kind="colour", value=(rgb[0], rgb[1], rgb[2]))
        elif kind == "zone":
            token = replace(token, kind="zone", value=match.group())
        elif kind == "hexa":
            token = replace(token, value=int(piece[:12], 16))
        elif kind == "nth":
            token = replace(token, value=int(piece[:-2]))
        elif kind == "cron":
            token = replace(token, value=piece)
        elif kind == "word":
            token = replace(token, mend=mended(piece))
        elif kind == "half":
            token = replace(token, kind="word", text=re.sub(r"[. ]", "", piece))
        tokens.append(token)
    return tokens


def joined(parts: list[Token], kind: str, value: float | int | str, unit: str = "") -> Token:
    """Return one token that stands where `parts` stood."""
    text = " ".join(part.meant for part in parts)
    return Token(text, parts[0].start, parts[-1].end, kind, unit, value)


def _number(piece: str) -> float | int:
    return float(piece) if "." in piece else int(piece[:12])
