"""Where a text or a name within a sentence may begin and end: what belongs to it stays with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .listed import spaced
from .words import Token

# What stands behind a text or a name: a trigger, a condition, the next step, politeness.
_BEHIND = frozenset(
    spaced(
        "a after again all already also always an and any anytime around as asap at back "
        "because before between board buddy but by can cheers could cron daily dude during "
        "each either else every everytime first for from hourly i if immediately in interval "
        "it just kindly later limpet man mate maximum monthly my name never no not now of ok "
        "okay on once only or otherwise please pls plz provided quickly real right rule "
        "schedule scheduled should since sir so straight thank thanks that the then this till "
        "to today tomorrow tonight twice unless until upon using via alert announce inform "
        "let message notify ping remind report say send tell text warn weekdays weekends "
        "weekly when whenever while will with without would you your monday tuesday wednesday "
        "thursday friday saturday sunday mon tue wed thu fri sat sun mondays tuesdays "
        "wednesdays thursdays fridays saturdays sundays"
    )
)
_VERBS = frozenset(  # ... and what is said of a name
    spaced(
        "about anymore are attached belongs blink blinks comes connected controls did do does "
        "doing drives equals flash gets glow go goes had hangs has have high holds is jumps "
        "lies lives low means moving must needs off reads really runs says set shall shines "
        "shows sits stands status stays toggles turned turns wants was were wired with works"
    )
)
_DANGLING = frozenset(  # with these no text ends
    spaced(
        "a am an and are at been being for has have her his is my of or our that the their to "
        "very was were with"
    )
)
_BYTE = re.compile(r"(?=.*[a-f])[0-9a-f]{2}|00").fullmatch  # "ff 00 7f"
_ARTICLES = frozenset(spaced("a an the my our your his her its their"))
_TYPES = frozenset(
    spaced(
        "automation device macro program routine rule scene schedule script sequence tool timer"
    )
)
_PLACES = frozenset(spaced("here there"))
_INTO = frozenset(spaced("in out over up down back right"))


def may_end(tokens: Sequence[Token], last: int, kind: str) -> bool:
    """Whether a part of this kind ("said", "text", "key", ...) may end with the word `last`."""
    after, beyond = [*tokens[last + 1 : last + 3], None, None][:2]
    if after is None or after.kind != "word":
        return True
    if kind in ("slug", "rule", "name"):  # "the water plants script"
        own = after.meant in _TYPES or after.meant in _BEHIND
        return own or beyond is None or beyond.meant not in _TYPES
    if kind not in ("said", "text", "key"):
        return True
    if tokens[last].text in _DANGLING:
        return False
    if after.meant in _INTO and beyond is not None and beyond.text in _PLACES:
        return False
    return after.meant in _BEHIND or kind != "said" and after.meant in _VERBS


def may_begin(tokens: Sequence[Token], first: int, kind: str) -> bool:
    """Whether a part of this kind may begin with the word `first`."""
    text = tokens[first].text
    if kind == "said":
        return text not in ("me", "us")
    return kind != "name" or text not in ("kind", "type", "called", "named")


def beginning(tokens: Sequence[Token], first: int, kind: str) -> int:
    """Return the word with which a part begins that is said to begin with `first`.

    A text keeps its article, bytes keep those before them that are no other number.
    """
    while kind == "data" and first > 0 and _BYTE(tokens[first - 1].text):
        first -= 1
    article = kind == "said" and first > 0 and tokens[first - 1].text in _ARTICLES
    return first - article
