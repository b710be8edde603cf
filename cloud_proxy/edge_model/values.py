"""What a word is worth as an argument: `convert(kind, token)`, None if it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .halves import minutes_of
from .names import MAX_PIN
from .words import Token

_PARTS = {
    "full": 100,
    "fully": 100,
    "max": 100,
    "maximum": 100,
    "half": 50,
    "halfway": 50,
    "quarter": 25,
    "third": 33,
    "three quarters": 75,
    "three quarter": 75,
    "two thirds": 67,
    "min": 0,
    "minimum": 0,
}
_ANGLES = {
    "middle": 90,
    "center": 90,
    "centre": 90,
    "halfway": 90,
    "half": 90,
    "full": 180,
    "fully": 180,
    "max": 180,
    "maximum": 180,
    "min": 0,
    "minimum": 0,
}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORDS = {
    **{day: n for n, day in enumerate(_DAYS)},
    **{
        day: n
        for n, day in enumerate(
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        )
    },
    **{"tues": 1, "weds": 2, "thur": 3, "thurs": 3},
}
_GROUPS = {"weekday": range(5), "workday": range(5), "weekend": (5, 6)}
_RANGES = {
    "pin": (0, MAX_PIN, ("",)),
    "percent": (0, 100, ("", "pct")),
    "hertz": (1, 40_000, ("", "hz")),
    "angle": (0, 180, ("", "deg")),
    "channel": (0, 255, ("",)),
    "count": (1, 64, ("",)),
    "address": (8, 119, ("",)),
    "length": (1, 32, ("",)),
    "times": (1, 100, ("",)),
    "monthday": (1, 31, ("",)),
    "amount": (0, 1000, ("", "deg", "c", "pct", "mv")),
    "temperature_c": (-60, 150, ("", "deg", "c", "f")),
    "humidity_pct": (0, 100, ("", "pct")),
    "mv": (0, 5000, ("", "mv")),
}
_WHOLE = ("pin", "hertz", "channel", "count", "address", "length", "times", "monthday")
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_FIRSTS = ("first", "1st"), ("third", "3rd"), ("fifth", "5th"), ("tenth", "10th")
_NTHS = {words[0]: int(words[1][:-2]) for words in _FIRSTS}
_MAX_SECONDS = 31622400
_MAX_DELAY_S = 3600
_MAX_NAME = 24


def convert(kind: str, token: Token, sentence: Sequence[Token]) -> Any:
    """Return the value that `token` has as an argument of this kind, or None if it has none.

    Units are turned into the tool's own: seconds for lengths of time, degrees Celsius, millivolts,
    "HH:MM".
    """
    if kind == "seconds":
        return _seconds(token)
    if kind == "ms":
        return _milliseconds(token)
    if kind == "cron":
        return token.value if token.kind == "cron" else None
    if kind == "address" and token.kind == "hexa":
        return token.value if 8 <= _int(token) <= 119 else None
    if kind == "length" and token.text == "byte":
        return 1
    if kind == "times" and token.text in _TIMES:
        return _TIMES[token.text]
    if kind == "monthday" and (token.kind == "nth" or token.text in _NTHS):
        day = _NTHS.get(token.text) or _int(token)
        return day if 1 <= day <= 31 else None
    if kind == "time":
        return _time(token, sentence)
    if kind == "zone":
        return token.value if token.kind == "zone" else None
    if kind == "colour":
        return token.value if token.kind == "colour" else None
    if kind == "pin" and token.kind == "name":
        return token.pin
    if kind in ("percent", "angle"):
        words = _PARTS if kind == "percent" else _ANGLES
        if token.text in words:
            return words[token.text]
    return _number(kind, token)


def days_of(sentence: Sequence[Token]) -> str | None:
    """Return the days a sentence names as "mon,tue", None if it names none or all seven."""
    days: set[int] = set()
    texts = [
        token.meant.removesuffix("s") if len(token.meant) > 4 else token.meant
        for token in sentence
    ]
    for i, text in enumerate(texts):
        apart = i and texts[i - 1] in ("week", "work", "working")
        days.update(_GROUPS.get(f"week{text.removesuffix('s')}" if apart else text, ()))
        day = _DAY_WORDS.get(text)
        if day is None:
            continue
        days.add(day)
        if i > 1 and texts[i - 1] in ("to", "through", "until", "-", "till", "thru"):
            first = _DAY_WORDS.get(texts[i - 2])
            if first is not None:
                days.update((first + step) % 7 for step in range((day - first) % 7))
    return ",".join(_DAYS[day] for day in sorted(days)) if 0 < len(days) < 7 else None


def slug(text: str) -> str | None:
    """Return a script's or an event's name as the board takes it, None if it cannot be one."""
    name = "_".join(re.findall(r"[a-z0-9_-]+", text.lower()))
    plain = re.fullmatch(r"[\w \"'`-]+", text, re.ASCII) is not None
    return name if plain and 0 < len(name) <= _MAX_NAME else None


def hexadecimal(text: str, most: int) -> str | None:
    """Return bytes as the tools take them ("0x01, 0xA0" is "01a0"), None if they are none.

    most: so many bytes at most.
    """
    parts = [part.removeprefix("0x") for part in re.split(r"[\s,]+", text.strip().lower())]
    digits = "".join(part.zfill(len(part) + len(part) % 2) for part in parts)
    good = re.fullmatch(r"(?:[0-9a-f]{2})+", digits) and all(parts)
    return digits if good and len(digits) <= 2 * most else None


def _int(token: Token) -> int:
    return token.value if isinstance(token.value, int) else -1


def _milliseconds(token: Token) -> int | None:
    if token.kind != "dur" or not isinstance(token.value, (int, float)):
        return None
    ms = round(token.value * 1000)
    return ms if 1 <= ms <= _MAX_DELAY_S * 1000 else None


def _number(kind: str, token: Token) -> float | int | None:
    low, high, units = _RANGES[kind]
    if token.kind != "num" or token.unit not in units or not isinstance(token.value, (int, float)):
        return None
    value = (token.value - 32) / 1.8 if token.unit == "f" else token.value
    if kind == "mv" and isinstance(value, float) and not token.unit and value <= 5:
        value *= 1000
    value = round(value, 2)
    value = int(value) if value == int(value) else value
    if not low <= value <= high or (kind in _WHOLE and not isinstance(value, int)):
        return None
    return value


def _seconds(token: Token) -> int | None:
    if token.kind != "dur" or not isinstance(token.value, (int, float)):
        return None
    whole = round(token.value)
    return whole if abs(whole - token.value) < 1e-6 and 1 <= whole <= _MAX_SECONDS else None


def _time(token: Token, sentence: Sequence[Token]) -> str | None:
    minutes = minutes_of(token, sentence)
    return None if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"
