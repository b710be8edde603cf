"""Which half of the day a time means: "between eight in the evening and six" ends at 06:00."""

from __future__ import annotations

from collections.abc import Sequence

from .listed import spaced
from .words import Token

_HALVES: dict[str, str] = {
    **dict.fromkeys(spaced("morning mornings am"), "early"),
    **dict.fromkeys(spaced("evening evenings afternoon afternoons pm"), "late"),
    **dict.fromkeys(spaced("night nights bedtime tonight"), "night"),
}
_LEADS = frozenset(  # what may stand between a time and its half: "at 8 on monday evening"
    spaced(
        "in the at this each every on early late monday tuesday wednesday thursday friday "
        "saturday sunday weekday weekend"
    )
)
_BETWEEN = ("and", "to", "until", "till", "til", "through", "thru", "-")
_FIXED = ("noon", "midday", "midnight")


def minutes_of(token: Token, sentence: Sequence[Token]) -> int | None:
    """Return the minutes after midnight that a number or a time means, None if it is neither.

    Without am or pm its half of the day is what is said right after it; else what makes a range
    with a time whose half was said, within twelve hours of that; else what is said nearest before
    it, or after it.
    """
    minutes = _bare(token)
    if minutes is None or token.unit or minutes >= 780:
        return minutes
    at = next((i for i, other in enumerate(sentence) if other is token), -1)
    if at < 0:
        return minutes
    own = _own_half(at, sentence)
    if own:
        return _in_half(minutes, own, token)
    first = _partner(at, sentence, -1)
    start = _said(first, sentence) if first >= 0 else None
    if start is None and first >= 0 and (heading := _heading(first, sentence)):
        start = _in_half(_bare(sentence[first]) or 0, heading, sentence[first])
    if start is not None:
        return (start + (minutes - start - 1) % 720 + 1) % 1440
    last = _partner(at, sentence, 1)
    end = _said(last, sentence) if last >= 0 else None
    if end is not None:
        return (end - (end - minutes - 1) % 720 - 1) % 1440
    half = _heading(at, sentence) or _nearest(sentence[at:])
    return _in_half(minutes, half, token) if half else minutes


def _half(token: Token) -> str:
    return _HALVES.get(token.text, "")


def _bare(token: Token) -> int | None:
    """Return what the token is worth as a time by itself."""
    if not isinstance(token.value, int):
        return None
    if token.kind == "time":
        return token.value
    hour = token.kind == "num" and not token.unit and 0 <= token.value < 24
    return token.value * 60 if hour else None


def _in_half(minutes: int, half: str, token: Token) -> int:
    if half == "night" and minutes >= 720 and token.text.split()[0].isalnum():
        return minutes % 720  # "twelve at night"
    late = half == "late" and minutes >= 60 or half == "night" and minutes >= 300
    return minutes + 720 if late and minutes < 720 else minutes


def _own_half(at: int, sentence: Sequence[Token]) -> str:
    """Return the half of the day that is said right after the time at `at`, or ""."""
    for token in sentence[at + 1 : at + 6]:
        if _half(token):
            return _half(token)
        if token.text not in _LEADS:
            return ""
    return ""


def _heading(at: int, sentence: Sequence[Token]) -> str:
    """Return the half of the day that is said nearest before, or ""."""
    return _nearest(sentence[:at][::-1])


def _nearest(tokens: Sequence[Token]) -> str:
    return next((_half(token) for token in tokens if _half(token)), "")


def _said(at: int, sentence: Sequence[Token]) -> int | None:
    """Return what the time at `at` means if its own words leave no doubt; 22:00 is no such."""
    token = sentence[at]
    minutes, words = _bare(token), token.text.split()
    if minutes is None or token.unit and any(word in words for word in (*_FIXED, "am", "pm")):
        return minutes
    own = "" if token.unit else _own_half(at, sentence)
    return _in_half(minutes, own, token) if own else None


def _partner(at: int, sentence: Sequence[Token], step: int) -> int:
    """Return where the other end of the range stands that the time at `at` begins or ends, or -1.

    step: -1 for the first end, 1 for the last.
    """
    i = at + step
    joins = 0
    while 0 <= i < len(sentence) and abs(i - at) < 9:
        token = sentence[i]
        if _bare(token) is not None:
            return i if joins == 1 else -1
        if token.text in _BETWEEN:
            joins += 1
        elif _half(token) and joins == (0 if step < 0 else 1):
            return -1  # "and every evening at 8" has its own
        elif not (_half(token) or token.text in _LEADS or token.text in ("before", "about")):
            return -1
        i += step
    return -1
