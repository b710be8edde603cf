"""Units and clock times: "5 minutes 30", "50 %", "6:45 pm", "half past six" in one token each."""

from __future__ import annotations

import re
from collections.abc import Callable

from .words import Token, joined

_SECONDS = {
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes"], 60),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours"], 3600),
    **dict.fromkeys(["day", "days"], 86400),
    **dict.fromkeys(["week", "weeks"], 604800),
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
_FIXED_TIMES = {"noon": 720, "midday": 720, "midnight": 0}
_RATES = {"once": 1, "twice": 2, "thrice": 3}
_FOUR_DIGITS = re.compile(r"\d{4}").fullmatch  # "at 0730"
_Merge = Callable[[list[Token], int, list[Token]], tuple[Token, int] | None]
_BEFORE_TIME = ("at", "by", "around", "until", "till", "about")


def merge_units(tokens: list[Token]) -> list[Token]:
    """Return the tokens with numbers and their units, lengths of time and clock times merged."""
    for merge in (_merge_clock, _merge_lengths, _add_lengths, _merge_scaled):
        tokens = _pass(tokens, merge)
    return tokens


def _pass(tokens: list[Token], merge: _Merge) -> list[Token]:
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        found = merge(tokens, i, out)
        out.append(found[0] if found else tokens[i])
        i += found[1] if found else 1
    return out


def _texts(tokens: list[Token], i: int, count: int) -> list[str]:
    texts = [token.meant for token in tokens[i : i + count]]
    return texts + [""] * (count - len(texts))


def _whole(token: Token, low: int, high: int) -> int | None:
    """Return the token's number if it is a whole one without unit in low..high."""
    if token.kind == "num" and isinstance(token.value, int) and low <= token.value <= high:
        return token.value
    return None


def _merge_clock(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    token, previous = tokens[i], before[-1].text if before else ""
    if token.text in _FIXED_TIMES:
        return joined([token], "time", _FIXED_TIMES[token.text], "pm"), 1
    spoken = _spoken_clock(tokens, i, previous)
    if spoken is None:
        return None
    minutes, used = spoken
    unit = token.unit if token.kind == "time" else ("pm" if minutes >= 780 else "")
    following = _texts(tokens, i + used, 3)
    if following[0] in ("am", "pm") and 60 <= minutes < 780:
        minutes = minutes % 720 + (720 if following[0] == "pm" else 0)
        unit, used = following[0], used + 1
    elif used == 1 and _whole(token, 0, 59) is not None and not _FOUR_DIGITS(token.text):
        if (
            following[0] == "o'clock"
            or previous in _BEFORE_TIME
            and (following[:2] == ["in", "the"] or following[:2] == ["at", "night"])
        ):
            used += 1 if following[0] == "o'clock" else 0
        else:
            return None
    return joined(tokens[i : i + used], "time", minutes, unit), used


def _spoken_clock(tokens: list[Token], i: int, previous: str) -> tuple[int, int] | None:
    """Return (minutes after midnight, words used) of a time at i that may lack am or pm."""
    token, following = tokens[i], _texts(tokens, i + 1, 2)
    if token.kind == "time" and isinstance(token.value, int):
        return token.value, 1
    spoken = previous in _BEFORE_TIME
    if token.text in ("half", "quarter") and following[0] in ("past", "to", "after", "of"):
        hour = _whole(tokens[i + 2], 0, 23) if i + 2 < len(tokens) else None
        if hour is None or following[0] == "of" and not spoken:
            return None
        size = 30 if token.text == "half" else 15
        return (hour * 60 + (-size if following[0] in ("to", "of") else size)) % 1440, 3
    if token.text == "half" and spoken and i + 1 < len(tokens):  # "half seven"
        hour = _whole(tokens[i + 1], 1, 12)
        if hour is not None:
            return hour * 60 + 30, 2
    first = _whole(token, 0, 59)
    second = _whole(tokens[i + 1], 0, 59) if i + 1 < len(tokens) else None
    if first is None:
        decimal = token.value if token.kind == "num" and isinstance(token.value, float) else -1.0
        if (
            following[0] in ("am", "pm")
            and 1 <= decimal < 13
            and len(token.text.split(".")[-1]) == 2
        ):
            return int(decimal) * 60 + round(decimal % 1 * 100), 1
        minute = round(decimal % 1 * 100)
        if (
            spoken
            and 0 <= decimal < 24
            and minute < 60
            and len(token.text.split(".")[-1]) == 2
            and following[0] not in _SCALED
        ):
            return int(decimal) * 60 + minute, 1
        if spoken and _FOUR_DIGITS(token.text):
            hour, minute = int(token.text[:2]), int(token.text[2:])
            if hour < 24 and minute < 60 and following[0] not in (*_SECONDS, *_SCALED):
                return hour * 60 + minute, 1
        return None
    if spoken and following[0] == "h" and i + 2 < len(tokens) and first < 24:
        minute = _whole(tokens[i + 2], 0, 59)
        if minute is not None and len(tokens[i + 2].text) == 2:
            return first * 60 + minute, 3
    if following[0] == "past" or following[0] == "to" and previous in ("at", "around", "by"):
        hour = _whole(tokens[i + 2], 0, 23) if i + 2 < len(tokens) else None
        if hour is not None:
            return (hour * 60 + (first if following[0] == "past" else -first)) % 1440, 3
    if second is not None and second >= 10 and first < 24:
        after = _texts(tokens, i + 2, 1)[0]
        if previous in _BEFORE_TIME and after not in _SECONDS and after not in _SCALED:
            return first * 60 + second, 2
    return (first * 60, 1) if first < 24 else None


def _merge_lengths(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    token, previous = tokens[i], before[-1].meant if before else ""
    texts = _texts(tokens, i, 5)
    if token.meant in _SECONDS and len(token.meant) > 2:
        if previous in ("every", "each", "per", "single"):
            return joined([token], "dur", _SECONDS[token.meant]), 1
        if previous == "other" and len(before) > 1 and before[-2].meant == "every":
            return joined([token], "dur", 2 * _SECONDS[token.meant]), 1
    if texts[0] == "hourly":
        return joined([token], "dur", 3600), 1
    rate = _RATES.get(texts[0], 0) or (
        token.value if token.kind == "num" and texts[1] == "times" else 0
    )
    if isinstance(rate, int) and rate > 0:
        at = i + (1 if texts[0] in _RATES else 2)
        article, unit = _texts(tokens, at, 2)
        if article in ("a", "an", "per", "every", "each") and unit in _SECONDS:
            length = _SECONDS[unit] / rate
            return joined(tokens[i : at + 2], "dur", length), at + 2 - i
        return None
    number, used = _amount(tokens, i, texts)
    unit = tokens[i + used].meant if used and i + used < len(tokens) else ""
    if unit not in _SECONDS or (len(unit) == 1 and token.kind != "num"):
        return None
    used += 1
    if _texts(tokens, i + used, 2) == ["and", "a"] and _is_half(tokens, i + used + 2):
        number, used = number + 0.5, used + 3
    return joined(tokens[i : i + used], "dur", number * _SECONDS[unit]), used


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
    if more.kind == "num" and at == i + 1 and token.text.split()[-1] == "h" and not more.unit:
        small *= 60
    elif more.kind != "dur" or small >= big:
        return None
    return joined(tokens[i : at + 1], "dur", big + small), at + 1 - i


def _merge_scaled(tokens: list[Token], i: int, before: list[Token]) -> tuple[Token, int] | None:
    del before
    token = tokens[i]
    if token.kind != "num" or token.unit or not isinstance(token.value, (int, float)):
        return None
    used, unit, value = 1, "", token.value
    while i + used < len(tokens) and used < 3 and tokens[i + used].meant in _SCALED:
        found, factor = _SCALED[tokens[i + used].meant]
        if unit and (unit, found) not in (("deg", "c"), ("deg", "f")):
            break
        unit, value, used = found, value * factor, used + 1
    if not unit and _texts(tokens, i + 1, 2) == ["per", "cent"]:
        used, unit = 3, "pct"
    if not unit:
        return None
    return joined(tokens[i : i + used], "num", value, unit), used
