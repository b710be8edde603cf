"""Number words: "twenty-five", "a hundred and fifty", "half", "a couple of" as one token."""

from __future__ import annotations

from .listed import spaced
from .words import Token, joined

_ONES = spaced(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_SMALL = {word: number for number, word in enumerate(_ONES)}
_TENS = {
    word: 10 * (number + 2)
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
    )
} | {"fourty": 40}
_PARTS = {("three", "quarters"): 0.75, ("three", "quarter"): 0.75, ("two", "thirds"): 0.67}
_SCALES = {"hundred": 100, "thousand": 1000}


def merge_numbers(tokens: list[Token]) -> list[Token]:
    """Return the tokens with every run of number words replaced by one token of kind num."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        value, length = _phrase(tokens, i)
        if length:
            out.append(joined(tokens[i : i + length], "num", value))
            i += length
        else:
            out.append(tokens[i])
            i += 1
    return out


def _word(tokens: list[Token], i: int) -> str:
    return tokens[i].meant if i < len(tokens) and tokens[i].kind in ("word", "mark") else ""


def _below_hundred(tokens: list[Token], i: int) -> tuple[int, int]:
    """Return (value, words used) of a number under a hundred at i; (0, 0) if there is none."""
    word = _word(tokens, i)
    if word in _SMALL:
        return _SMALL[word], 1
    if word not in _TENS:
        return 0, 0
    after = i + 2 if _word(tokens, i + 1) == "-" else i + 1
    ones = _SMALL.get(_word(tokens, after), 0)
    if 0 < ones < 10:
        return _TENS[word] + ones, after + 1 - i
    return _TENS[word], 1


def _phrase(tokens: list[Token], i: int) -> tuple[float | int, int]:
    word, following = _word(tokens, i), _word(tokens, i + 1)
    if word == "half" and following != "past":
        return 0.5, 1
    part = _PARTS.get((word, following))
    if part is not None:
        return part, 2
    if word == "a" and following in ("couple", "dozen"):
        used = 3 if following == "couple" and _word(tokens, i + 2) == "of" else 2
        return (2 if following == "couple" else 12), used
    if word == "couple" and following == "of":
        return 2, 2
    value, used = (1, 1) if word == "a" and following in _SCALES else _below_hundred(tokens, i)
    if not used:
        return 0, 0
    while (scale := _SCALES.get(_word(tokens, i + used), 0)) > 0:
        value, used = value * scale, used + 1
        skip = 1 if _word(tokens, i + used) == "and" else 0
        rest, more = _below_hundred(tokens, i + used + skip)
        if more and value >= 100:
            value, used = value + rest, used + skip + more
    return value, used
