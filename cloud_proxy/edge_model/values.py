"""What a word is worth as an argument: `convert(kind, token)`, None if it cannot be one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
_LATE = ("evening", "afternoon", "pm", "tonight", "evenings", "afternoons")
_NIGHT = ("night", "nights", "bedtime")
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
    "hertz": (1, 40_000_000, ("", "hz")),
    "angle": (0, 180, ("", "deg")),
    "channel": (0, 255, ("",)),
    "count": (1, 1024, ("",)),
    "temperature_c": (-60, 150, ("", "deg", "c", "f")),
    "humidity_pct": (0, 100, ("", "pct")),
    "mv": (0, 5000, ("", "mv")),
}
_WHOLE = ("pin", "hertz", "channel", "count")
_MAX_SECONDS = 31 * 86400


def convert(kind: str, token: Token, sentence: Sequence[Token]) -> Any:
    """Return the value that `token` has as an argument of this kind, or None if it has none.

    Units are turned into the tool's own: seconds for lengths of time, degrees Celsius, millivolts,
    "HH:MM".
    """
    if kind == "seconds":
        return _seconds(token)
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
        token.text.removesuffix("s") if len(token.text) > 4 else token.text for token in sentence
    ]
    for i, text in enumerate(texts):
        days.update(_GROUPS.get(text, ()))
        day = _DAY_WORDS.get(text)
        if day is None:
            continue
        days.add(day)
        if i > 1 and texts[i - 1] in ("to", "through", "until", "-", "till", "thru"):
            first = _DAY_WORDS.get(texts[i - 2])
            if first is not None:
                days.update((first + step) % 7 for step in range((day - first) % 7))
    return ",".join(_DAYS[day] for day in sorted(days)) if 0 < len(days) < 7 else None


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
    """Return "HH:MM"; without am or pm, in the half of the day that the sentence names."""
    if token.kind == "time" and isinstance(token.value, int):
        minutes = token.value
    elif (
        token.kind == "num"
        and not token.unit
        and isinstance(token.value, int)
        and 0 <= token.value < 24
    ):
        minutes = token.value * 60
    else:
        return None
    if not token.unit and minutes < 720:
        words = {other.text for other in sentence}
        late = any(word in words for word in _LATE)
        night = any(word in words for word in _NIGHT) and minutes >= 300
        if minutes >= 60 and (late or night):
            minutes += 720
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
