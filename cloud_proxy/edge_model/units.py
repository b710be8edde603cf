"""Units: "5 minutes 30", "an hour and a half", "50 %", "86 degrees F" in one token each."""

from __future__ import annotations

from dataclasses import replace

from .listed import spaced
from .words import Token, joined, meanings, merged

_SECONDS = {
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes"], 60),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours"], 3600),
    **dict.fromkeys(["day", "days"], 86400),
    **dict.fromkeys(["week", "weeks"], 604800),
    **dict.fromkeys(["fortnight", "fortnights"], 1209600),
    **dict.fromkeys(["ms", "millisecond", "milliseconds", "msec"], 0.001),
}
_SCALED = {  # unit word: (unit, factor)
    **dict.fromkeys(("%", "percent", "pct", "percents"), ("pct", 1)),
    **dict.fromkeys(("degrees", "degree", "\u00b0", "deg", "degs"), ("deg", 1)),
    **dict.fromkeys(("celsius", "c", "centigrade", "celcius"), ("c", 1)),
    **dict.fromkeys(("fahrenheit", "f"), ("f", 1)),
    **dict.fromkeys(("hz", "hertz"), ("hz", 1)),
    **dict.fromkeys(("khz", "kilohertz"), ("hz", 1000)),
    **dict.fromkeys(("v", "volt", "volts"), ("mv", 1000)),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), ("mv", 1)),
}
UNITS = frozenset((*_SECONDS, *_SCALED))
_NTHS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10}
_NAMED_DAYS = dict.fromkeys(
    spaced("monday tuesday wednesday thursday friday saturday sunday weekend weekday"), 604800
) | dict.fromkeys(spaced("night morning evening afternoon"), 86400)
_RATES = {"once": 1, "twice": 2, "thrice": 3}
_PARTED = ("volt", "degree", "percent", "kilohertz", "khz", "millivolt")  # "half a volt"
_COMPARED = ("above", "below", "over", "under", "than", "exceeds", "by", "reaches")


def merge_units(tokens: list[Token]) -> list[Token]:
    """Return the tokens with numbers and their units, and lengths of time, merged."""
    for merge in (_merge_lengths, _add_lengths, _merge_scaled):
        tokens = merged(tokens, merge)
    return tokens


def _merge_lengths(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    token, previous = tokens[i], before[-1].meant if before else ""
    texts = meanings(tokens, i, 5)
    if token.meant in _SECONDS and len(token.meant) > 2:
        if previous in ("every", "each", "per", "single"):
            half = 3 if texts[1:3] == ["and", "a"] and _is_half(tokens, i + 3) else 0
            nth = _NTHS.get(token.meant, 0)
            if nth and texts[1] in _SECONDS and len(texts[1]) > 2:  # "every second day"
                return joined(tokens[i : i + 2], "dur", nth * _SECONDS[texts[1]]), 2
            length = _SECONDS[token.meant] * (1.5 if half else 1)
            return joined(tokens[i : i + 1 + half], "dur", length), 1 + half
        if previous == "other" and len(before) > 1 and before[-2].meant == "every":
            return _every_other(token, _SECONDS[token.meant]), 1
    if previous == "every" and (nth := _nth(token)) and texts[1] in _SECONDS:
        return joined(tokens[i : i + 2], "dur", nth * _SECONDS[texts[1]]), 2
    if _skips(before) and texts[0] in _NAMED_DAYS:
        return _every_other(token, _NAMED_DAYS[texts[0]]), 1
    if texts[0] == "hourly":
        return joined([token], "dur", 3600), 1
    rate = _RATES.get(texts[0], 0) or (
        token.value if token.kind == "num" and texts[1] == "times" else 0
    )
    if isinstance(rate, int) and rate > 0:
        at = i + (1 if texts[0] in _RATES else 2)
        article, unit = meanings(tokens, at, 2)
        if article in ("a", "an", "per", "every", "each") and unit in _SECONDS:
            length = _SECONDS[unit] / rate
            return joined(tokens[i : at + 2], "dur", length), at + 2 - i
        return None
    number, used = _amount(tokens, i, texts)
    unit = tokens[i + used].meant if used and i + used < len(tokens) else ""
    if unit not in _SECONDS or (len(unit) == 1 and token.kind != "num"):
        return None
    used += 1
    if meanings(tokens, i + used, 2) == ["and", "a"] and _is_half(tokens, i + used + 2):
        number, used = number + 0.5, used + 3
    return joined(tokens[i : i + used], "dur", number * _SECONDS[unit]), used


def _every_other(token: Token, seconds: float) -> Token:
    """Return the token after "every other"; its text tells it from the day of "every day"."""
    return replace(token, text=f"other {token.meant}", kind="dur", value=2 * seconds, mend="")


def _nth(token: Token) -> int:
    """Return 3 for "third" and "3rd", 0 for what is no such word."""
    if token.kind == "nth" and isinstance(token.value, int):
        return token.value
    return _NTHS.get(token.meant, 0) if token.kind == "word" else 0


def _skips(before: list[Token]) -> bool:
    """Whether "every other" stands before: no rule means every other Monday."""
    words = [token.meant for token in before[-2:]]
    return words == ["every", "other"] or words == ["every", "second"]


def _amount(tokens: list[Token], i: int, texts: list[str]) -> tuple[float | int, int]:
    """Return (number, words used) of what stands before a unit of time; (0, 0) if nothing fits."""
    token = tokens[i]
    if texts[0] == "another":
        return 1, 1
    if texts[0] in ("a", "an"):
        return (0.25, 4) if texts[1:3] == ["quarter", "of"] and texts[3] in ("a", "an") else (1, 1)
    if texts[0] == "quarter":
        return (0.25, 3) if texts[1] == "of" else (0.25, 1)
    if token.kind != "num" or token.unit or not isinstance(token.value, (int, float)):
        return 0, 0
    if token.value == 0.5 and texts[1] in ("a", "an"):
        return 0.5, 2
    if token.value == 0.75 and texts[1] == "of" and texts[2] in ("a", "an"):
        return 0.75, 3
    if texts[1:3] == ["and", "a"] and _is_half(tokens, i + 3):
        return token.value + 0.5, 4
    return token.value, 2 if texts[1] == "-" else 1


def _is_half(tokens: list[Token], i: int) -> bool:
    return i < len(tokens) and tokens[i].kind == "num" and tokens[i].value == 0.5


def _add_lengths(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    """Join "5 minutes" and "30 seconds": the later one must be the shorter one."""
    del before
    token, at = tokens[i], i + 1
    if token.kind != "dur":
        return None
    if at < len(tokens) and tokens[at].text == "and":
        at += 1
    if at >= len(tokens) or tokens[at].kind not in ("dur", "num"):
        return None
    more = tokens[at]
    big, small = float(str(token.value)), float(str(more.value))
    if more.kind == "num" and at == i + 1 and not more.unit and _is_minutes(tokens, i):
        small *= 60
    elif more.kind != "dur" or small >= big:
        return None
    return joined(tokens[i : at + 1], "dur", big + small), at + 1 - i


def _is_minutes(tokens: list[Token], i: int) -> bool:
    """Whether the number after a length is its minutes: "2h30", "one hour thirty" at an end."""
    unit = tokens[i].text.split()[-1]
    if unit == "h":
        return True
    after = meanings(tokens, i + 2, 1)[0]
    ends = after in ("", ",", ".", "turn", "switch", "set", "toggle", "then")
    quarters = tokens[i + 1].value in (15, 20, 30, 40, 45) and tokens[i + 1].text[0].isalpha()
    return unit in ("hour", "hours") and quarters and ends and " " in tokens[i].text


def _merge_scaled(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    token = tokens[i]
    if token.text == "a" and before and before[-1].meant in _COMPARED:
        return _single(tokens, i)
    if token.kind != "num" or token.unit or not isinstance(token.value, (int, float)):
        return None
    used, unit, value = 1, "", token.value
    texts = meanings(tokens, i + 1, 3)
    if texts[0] == "v" and isinstance(value, int) and i + 2 < len(tokens):  # "3v3"
        tenths = tokens[i + 2]
        glued = token.end == tokens[i + 1].start and tokens[i + 1].end == tenths.start
        if glued and tenths.kind == "num" and tenths.text.isdecimal():
            volts = float(f"{value}.{tenths.text}")
            return joined(tokens[i : i + 3], "num", volts * 1000, "mv"), 3
    if texts[0] in ("k", "kilo") and texts[1] in ("hz", "hertz"):
        return joined(tokens[i : i + 3], "num", value * 1000, "hz"), 3
    if texts[0] == "milli" and texts[1] in ("volts", "volt"):
        return joined(tokens[i : i + 3], "num", value, "mv"), 3
    if isinstance(value, float) and value < 1 and texts[0] in ("a", "of"):  # "half a volt"
        used = 3 if texts[:2] == ["of", "a"] else 2
        used = used if i + used < len(tokens) and tokens[i + used].meant in _PARTED else 1
    while i + used < len(tokens) and used < 5 and tokens[i + used].meant in _SCALED:
        found, factor = _SCALED[tokens[i + used].meant]
        if unit and (unit, found) not in (("deg", "c"), ("deg", "f")):
            break
        unit, value, used = found, value * factor, used + 1
    if not unit and meanings(tokens, i + 1, 2) == ["per", "cent"]:
        used, unit = 3, "pct"
    if not unit:
        return None
    return joined(tokens[i : i + used], "num", value, unit), used


def _single(tokens: list[Token], i: int) -> tuple[Token, int] | None:
    """Return "a volt" as one token."""
    word = meanings(tokens, i + 1, 1)[0]
    if word not in _PARTED:
        return None
    unit, factor = _SCALED[word]
    return joined(tokens[i : i + 2], "num", factor, unit), 2
