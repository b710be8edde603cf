"""Number words: "twenty-five", "minus five", "two and a half volts", "3 point 3" as one token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .listed import spaced
from .units import UNITS
from .words import Token, joined

_ONES = spaced(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = {
    word: 10 * (number + 2)
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
    )
} | {"fourty": 40}
_SMALL = {word: number for number, word in enumerate(_ONES)} | {"nought": 0, "naught": 0}
_GLUED = {ten + _ONES[one]: n + one for ten, n in _TENS.items() for one in range(1, 10)}
_PARTS = {("three", "quarters"): 0.75, ("three", "quarter"): 0.75, ("two", "thirds"): 0.67}
_ORDINALS = {  # "first", "third", "fifth" and "tenth" alone stay words: "first turn on 5"
    word: number + 1
    for number, word in enumerate(
        spaced(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
        )
    )
} | {"twentieth": 20, "thirtieth": 30}
_SCALES = {"hundred": 100, "thousand": 1000}
_HALVES = {"half": 0.5, "quarter": 0.25}
_FRACTIONS = {("1", "2"): 0.5, ("1", "4"): 0.25, ("3", "4"): 0.75}
_COMPARED = frozenset(
    spaced(
        "above below over under than exceeds exceed reaches reach hits hit to is at by past "
        "beyond goes drops falls gets dips of"
    )
)
_COUNTS = range(2, 17)
_MANY = frozenset(spaced("pins gpios relays outputs inputs channels lines ports"))
_ENDS = ("", ",", ".", "!", "?", "on", "off", "at", "together", "high", "low")
_Reader = Callable[[list[Token], int], tuple[int, int]]
_DEGREES = {"degrees": "deg", "degree": "deg", "celsius": "c", "c": "c", "fahrenheit": "f"}


def merge_numbers(tokens: list[Token]) -> list[Token]:
    """Return the tokens with every run of number words replaced by one token of kind num."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        previous = out[-1].meant if out else ""
        nth = _ordinal(tokens, i, previous)
        if nth is not None:
            out.append(nth[0])
            i += nth[1]
            continue
        value, used = _phrase(tokens, i)
        if value == 1 and previous == "to" and _word(tokens, i + 1) in _TENS and _turns(tokens):
            value, used = _below_hundred(tokens, i + 1)
            value, used = 100 + value, used + 1  # "the servo to one eighty"
        if not used and tokens[i].kind == "num" and isinstance(tokens[i].value, (int, float)):
            value, used = float(str(tokens[i].value)), 1
            value = int(value) if isinstance(tokens[i].value, int) else value
        if not used:
            frozen = tokens[i].text == "freezing" and previous in _COMPARED
            out.append(joined([tokens[i]], "num", 0, "c") if frozen else tokens[i])
            i += 1
            continue
        value, used = _with_part(tokens, i, value, used, previous)
        unit, below = _below_zero(tokens, i + used, previous)
        parts = tokens[i : i + used + below]
        value = -value if below and value > 0 else value
        if value > 0 and _is_minus(out):
            parts, value = [out.pop(), *parts], -value
        same = len(parts) == 1 and parts[0].kind == "num"
        out.append(parts[0] if same else joined(parts, "num", value, unit))
        i += used + below
    return _without_ranges(_without_counts(out))


def _turns(tokens: list[Token]) -> bool:
    return any(token.meant in ("servo", "degrees", "angle") for token in tokens)


def _word(tokens: list[Token], i: int) -> str:
    return tokens[i].meant if i < len(tokens) and tokens[i].kind in ("word", "mark") else ""


def _below_hundred(tokens: list[Token], i: int) -> tuple[int, int]:
    """Return (value, words used) of a number under a hundred at i; (0, 0) if there is none."""
    word = _word(tokens, i)
    if word in _SMALL:
        return _SMALL[word], 1
    if word in _GLUED:
        return _GLUED[word], 1
    if word not in _TENS:
        return 0, 0
    after = i + 2 if _word(tokens, i + 1) == "-" else i + 1
    ones = _SMALL.get(_word(tokens, after), 0)
    if 0 < ones < 10:
        return _TENS[word] + ones, after + 1 - i
    return _TENS[word], 1


def _below_thousand(tokens: list[Token], i: int) -> tuple[int, int]:
    """Return (value, words used) of what may stand before "thousand"; (0, 0) if nothing does."""
    value, used = _below_hundred(tokens, i)
    if not used or _word(tokens, i + used) != "hundred":
        return value, used
    value, used = value * 100, used + 1
    more, length = _rest(tokens, i + used, _below_hundred)
    return value + more, used + length


def _rest(tokens: list[Token], i: int, of: _Reader) -> tuple[int, int]:
    """Return what follows a hundred or a thousand, with or without "and"."""
    skip = 1 if _word(tokens, i) == "and" else 0
    value, used = of(tokens, i + skip)
    return (value, used + skip) if used else (0, 0)


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
    if word == "a" and following in _SCALES:
        value, used = _SCALES[following], 2
    elif word in _SCALES and following in UNITS:
        return _SCALES[word], 1
    else:
        value, used = _below_thousand(tokens, i)
        if not used:
            return 0, 0
        if _word(tokens, i + used) != "thousand":
            return value, used
        value, used = value * 1000, used + 1
    more, length = _rest(
        tokens, i + used, _below_thousand if value % 1000 == 0 else _below_hundred
    )
    return value + more, used + length


def _with_part(
    tokens: list[Token], i: int, value: float | int, used: int, previous: str
) -> tuple[float | int, int]:
    """Return a number with what follows it: "point five", "and a half" before a unit, "1/2"."""
    at = i + used
    if _word(tokens, at) == "point" and isinstance(value, int):
        digits = ""
        while at + 1 + len(digits) < len(tokens) and len(digits) < 3:
            token = tokens[at + 1 + len(digits)]
            digit = _SMALL.get(token.meant, 10) if token.kind == "word" else token.value
            if not isinstance(digit, int) or not 0 <= digit < (100 if not digits else 10):
                break
            digits += token.text if token.kind == "num" else str(digit)
            if len(digits) > 1 and digit >= 10:
                return float(f"{value}.{digits}"), used + 2
        return (float(f"{value}.{digits}"), used + 1 + len(digits)) if digits else (value, used)
    fraction = _fraction(tokens, at)
    if fraction and isinstance(value, int) and tokens[at].start > tokens[at - 1].end:
        return value + fraction, used + 3
    fraction = _fraction(tokens, i)
    if fraction and (_word(tokens, i + 3) in UNITS or _word(tokens, i + 3) in ("a", "an", "of")):
        return fraction, 3
    words = [_word(tokens, n) for n in range(at, at + 8)]
    kept = [n for n, word in enumerate(words) if word != "-"]  # "two-and-a-half-minute"
    said = [words[n] for n in kept] + [""] * 4
    if said[0] != "and" or not isinstance(value, int):
        return value, used
    count = 2 if said[1] in ("a", "one") else 1
    part = _HALVES.get(said[count], 0.0)
    if said[1:3] in (["three", "quarters"], ["three", "quarter"]):
        count, part = 2, 0.75
    if not part:
        return value, used
    following = said[count + 1]
    if following in UNITS or previous in ("above", "below", "over", "under") and not following:
        return value + part, used + kept[count] + 1
    return value, used


def _fraction(tokens: list[Token], i: int) -> float:
    """Return what "1/2" at i is worth, 0 if nothing like it stands there."""
    three = tokens[i : i + 3]
    if len(three) < 3 or three[1].text != "/" or three[0].end != three[1].start:
        return 0.0
    return _FRACTIONS.get((three[0].text, three[2].text), 0.0)


def _is_minus(out: list[Token]) -> bool:
    """Whether the last token makes the next number negative; "5 minus 2" and "4-6" do not."""
    if not out or out[-1].meant not in ("minus", "negative", "-"):
        return False
    before = out[-2] if len(out) > 1 else None
    if out[-1].text == "-":
        return before is not None and before.meant in _COMPARED
    return before is None or before.kind not in ("num", "dur", "name")


def _below_zero(tokens: list[Token], i: int, previous: str) -> tuple[str, int]:
    """Return (unit, words used) of "degrees below zero" at i; ("", 0) if it is not there."""
    at, unit = i, ""
    while at < i + 2 and _word(tokens, at) in _DEGREES:
        unit, at = _DEGREES[_word(tokens, at)], at + 1
    if _word(tokens, at) not in ("below", "under") or at == i and previous not in _COMPARED:
        return "", 0
    nothing = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if nothing not in ("zero", "0", "freezing"):
        return "", 0
    return ("c" if nothing == "freezing" and not unit else unit), at + 2 - i


def _ordinal(tokens: list[Token], i: int, previous: str) -> tuple[Token, int] | None:
    """Return "twenty-first" or "the sixth of" as the day of a month that it is."""
    word = _word(tokens, i)
    tens = _TENS.get(word, 0)
    at = i + 1 + (_word(tokens, i + 1) == "-") if tens else i
    number = _ORDINALS.get(_word(tokens, at), 0)
    if not number or tens and number > 9 or tens + number > 31:
        return None
    if not tens and number in (1, 3, 5, 10):
        return None
    day = previous == "the" and _word(tokens, at + 1) in ("of", "day")
    if not day and (not tens or number == 2):  # "twenty second pause"
        return None
    return joined(tokens[i : at + 1], "nth", tens + number), at + 1 - i


def _without_ranges(tokens: list[Token]) -> list[Token]:
    """Return the tokens with "12 to 15" after "pins" as a mere word: it is more than two pins."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        if tokens[i].kind == "num" and _is_range(tokens, i, out):
            three = tokens[i : i + 3]
            text = " ".join(token.text for token in three)
            out.append(Token(text, three[0].start, three[-1].end))
            i += 3
        else:
            out.append(tokens[i])
            i += 1
    return out


def _is_range(tokens: list[Token], i: int, out: list[Token]) -> bool:
    before = [""] * 2 + [token.text for token in out[-2:]]
    pins = before[-1] in _MANY or before[-1] == "from" and before[-2] in _MANY
    dashed = _word(tokens, i + 1) in ("through", "thru", "-")
    if i + 2 >= len(tokens) or not (dashed or pins and _word(tokens, i + 1) == "to"):
        return False
    first, last = tokens[i].value, tokens[i + 2].value
    if not isinstance(first, int) or not isinstance(last, int) or tokens[i + 2].kind != "num":
        return False
    named = pins or before[-1] in ("on", "off", "toggle", "blink")
    return named and 1 < last - first < 17 and _word(tokens, i + 3) not in (*UNITS, "am", "pm")


def _without_counts(tokens: list[Token]) -> list[Token]:
    """Return the tokens with "three" in "all three of them" as a mere word: it is no pin."""
    out: list[Token] = []
    for i, token in enumerate(tokens):
        small = (
            token.kind == "num"
            and not token.unit
            and (token.value in _COUNTS or token.text == "one")
        )
        if small and _counts(tokens, i):
            token = replace(token, kind="word", value=None)
        out.append(token)
    return out


def _counts(tokens: list[Token], i: int) -> bool:
    """Whether the number at i says how many things were named beside it."""
    before = tokens[i - 1].text if i else ""
    first, second = ([t.meant for t in tokens[i + 1 : i + 3]] + ["", ""])[:2]
    if tokens[i].text == "one" and before in ("the", "that", "this", "other", "which"):
        return True  # "the one on 14"
    if first == "of" and second in ("them", "these", "those"):
        return before != "first"  # "the first three of them"
    if before in ("all", "these", "those", "both"):
        ends = first in _ENDS or first == "of" and second in ("the", "my", "our")
        return ends or first in _MANY
    named = before not in ("and", ",", "&", "or") and tokens[i].text[0].isalpha()
    return first in _MANY and (before == "the" or named)
