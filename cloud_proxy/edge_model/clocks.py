"""Clock times: "6:45 pm", "half past six", "at oh seven hundred" in one token each."""

from __future__ import annotations

import re

from .units import UNITS
from .words import Token, joined, meanings, merged

_FIXED_TIMES = {"noon": 720, "midday": 720, "noonish": 720, "midnight": 0}
_FOUR_DIGITS = re.compile(r"\d{4}").fullmatch  # "at 0730"
_BEFORE_TIME = ("at", "by", "around", "until", "till", "about", "til")
_BOUNDS = ("from", "between", "before", "after")  # "from six thirty"
_HOURS = ("hours", "hrs")
_ZERO = ("oh", "o", "zero", "0")


def merge_clocks(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each clock time as one token of kind time."""
    return merged(tokens, _merge_clock)


def _whole(tokens: list[Token], i: int, low: int, high: int) -> int | None:
    """Return the number at i if it is a whole one without unit in low..high."""
    token = tokens[i] if i < len(tokens) else None
    if token is None or token.kind != "num" or token.unit or not isinstance(token.value, int):
        return None
    return token.value if low <= token.value <= high else None


def _merge_clock(tokens: list[Token], i: int, out: list[Token]) -> tuple[Token, int] | None:
    token, previous = tokens[i], out[-1].text if out else ""
    fixed = meanings(tokens, i, 2)
    if fixed[0] in _FIXED_TIMES:
        return joined([token], "time", _FIXED_TIMES[fixed[0]], "pm"), 1
    if _whole(tokens, i, 12, 12) and fixed[1] in _FIXED_TIMES:  # "12 noon"
        return joined(tokens[i : i + 2], "time", _FIXED_TIMES[fixed[1]], "pm"), 2
    spoken = _hundred_hours(tokens, i, previous) or _spoken_clock(tokens, i, out)
    if spoken is None:
        return None
    minutes, used = spoken
    early = used > 1 and token.text in _ZERO or _FOUR_DIGITS(token.text) and token.text[0] == "0"
    unit = "am" if early else "pm" if minutes >= 780 else ""
    unit = token.unit if token.kind == "time" else unit
    following = meanings(tokens, i + used, 3)
    hour = used == 1 and _whole(tokens, i, 0, 59) is not None and not _FOUR_DIGITS(token.text)
    if following[0] == "o'clock" and following[1] in ("am", "pm"):
        used, following = used + 1, [*following[1:], ""]
    elif following[:2] == ["in", "the"] and following[2] in ("am", "pm"):
        used, following = used + 2, [following[2], "", ""]
    if following[0] in ("am", "pm") and 60 <= minutes < 780:
        minutes = minutes % 720 + (720 if following[0] == "pm" else 0)
        unit, used = following[0], used + 1
    elif hour:
        if (
            following[0] == "o'clock"
            or previous in _BEFORE_TIME
            and (following[:2] == ["in", "the"] or following[:2] == ["at", "night"])
        ):
            used += 1 if following[0] == "o'clock" else 0
        else:
            return None
    after = meanings(tokens, i + used, 3)
    used += 1 if after[0] == "sharp" else 3 if after == ["on", "the", "dot"] else 0
    return joined(tokens[i : i + used], "time", minutes, unit), used


def _hundred_hours(tokens: list[Token], i: int, previous: str) -> tuple[int, int] | None:
    """Return (minutes after midnight, words used) of "oh seven hundred" or "1830 hours"."""
    zero = 1 if tokens[i].text in _ZERO else 0
    at = i + zero
    token = tokens[at] if at < len(tokens) else None
    if token is None or previous not in (*_BEFORE_TIME, *_BOUNDS, "and", "to"):
        return None
    number = _whole(tokens, at, 1, 2359)
    hours = 1 if meanings(tokens, at + 1, 1)[0] in _HOURS else 0
    if number is None or not hours and meanings(tokens, at + 1, 1)[0] in UNITS:
        return None
    if _FOUR_DIGITS(token.text) and hours or token.text.endswith(" hundred"):
        hour, minute = divmod(number, 100)
        good = hour < 24 and minute < 60 and (hours or zero or previous in _BEFORE_TIME)
        return (hour * 60 + minute, zero + 1 + hours) if good else None
    minute = _whole(tokens, at + 1, 10, 59)
    if zero and number < 10 and minute is not None:  # "at oh seven thirty"
        return number * 60 + minute, 3 + (meanings(tokens, at + 2, 1)[0] in _HOURS)
    return None


def _spoken_clock(tokens: list[Token], i: int, out: list[Token]) -> tuple[int, int] | None:
    """Return (minutes after midnight, words used) of a time at i that may lack am or pm."""
    token, following = tokens[i], meanings(tokens, i + 1, 2)
    if token.kind == "time" and isinstance(token.value, int):
        return token.value, 1
    previous = out[-1].text if out else ""
    spoken = previous in _BEFORE_TIME
    if token.text in ("half", "quarter") and following[0] in ("past", "to", "after", "of"):
        hour = _whole(tokens, i + 2, 0, 23)
        if hour is None or following[0] == "of" and not spoken:
            return None
        size = 30 if token.text == "half" else 15
        return (hour * 60 + (-size if following[0] in ("to", "of") else size)) % 1440, 3
    if token.text == "half" and spoken:  # "half seven"
        hour = _whole(tokens, i + 1, 1, 12)
        if hour is not None:
            return hour * 60 + 30, 2
    first = _whole(tokens, i, 0, 59)
    if first is None:
        return _digital(token, following[0], spoken)
    if spoken and following[0] == "h" and first < 24:
        minute = _whole(tokens, i + 2, 0, 59)
        if minute is not None and len(tokens[i + 2].text) == 2:
            return first * 60 + minute, 3
    counted = 1 if following[0] in ("minutes", "minute") else 0
    word = following[counted]
    near = previous in ("at", "around", "by", "until", "till")
    if word == "past" or near and word in ("to", "before", "till", "after"):
        hour = _whole(tokens, i + 2 + counted, 0, 23)
        if hour is not None and (near or not counted):
            minute = first if word in ("past", "after") else -first
            return (hour * 60 + minute) % 1440, 3 + counted
    pair = _hour_and_minute(tokens, i, first, out)
    return pair or ((first * 60, 1) if first < 24 else None)


def _digital(token: Token, following: str, spoken: bool) -> tuple[int, int] | None:
    """Return what "6.45" before "pm", or "19.30" and "0730" after "at", are as a time."""
    decimal = token.value if token.kind == "num" and isinstance(token.value, float) else -1.0
    two = token.text[-3:-2] == "."
    minute = round(decimal % 1 * 100)
    if following in ("am", "pm") and 1 <= decimal < 13 and two:
        return int(decimal) * 60 + minute, 1
    if not spoken or following in UNITS and following not in _HOURS:
        return None
    if 0 <= decimal < 24 and minute < 60 and two:
        return int(decimal) * 60 + minute, 1
    if _FOUR_DIGITS(token.text):
        hour, minute = int(token.text[:2]), int(token.text[2:])
        if hour < 24 and minute < 60 and following not in UNITS:
            return hour * 60 + minute, 1
    return None


def _hour_and_minute(
    tokens: list[Token], i: int, first: int, out: list[Token]
) -> tuple[int, int] | None:
    """Return what "seven thirty" or "seven oh five" is as a time, if it can only be one."""
    previous = out[-1].text if out else ""
    zero = 1 if meanings(tokens, i + 1, 1)[0] in ("oh", "o") else 0
    at = i + 1 + zero
    minute = _whole(tokens, at, 1, 9) if zero else _whole(tokens, at, 0, 59)
    if first > 23 or minute is None or not zero and minute < 10 and len(tokens[at].text) != 2:
        return None
    after = meanings(tokens, at + 1, 1)[0]
    plain = previous not in ("pin", "gpio") and (minute > 12 or minute < 10)  # "4 11 pm" is not
    named = after in ("am", "pm") and 1 <= first <= 12 and plain
    ranged = previous in _BOUNDS or previous in ("and", "to") and _in_range(out)
    words = tokens[i].text[0].isalpha() and (zero or minute >= 10 and minute % 5 == 0)
    hours = 1 if after in _HOURS and previous in _BEFORE_TIME and first > 12 else 0
    if named or (previous in _BEFORE_TIME or ranged and words) and (hours or after not in UNITS):
        return first * 60 + minute, at + 1 - i + hours
    return None


def _in_range(out: list[Token]) -> bool:
    """Whether what stands before "and" or "to" is the first time of a range."""
    return any(token.text in _BOUNDS for token in out[-7:-1])
