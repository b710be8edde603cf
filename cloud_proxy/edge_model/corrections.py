"""Slips of the tongue: of "turn on 4, no, sorry, 5" only what was meant in the end is left."""

from __future__ import annotations

from collections.abc import Sequence

from .listed import spaced
from .words import Token

_LEVELS = ("on", "off", "high", "low")
_PAUSES = frozenset(spaced(", - . ; : oh er erm uh um well wait"))
_CUES = frozenset(spaced("no nope sorry correction oops whoops"))
_PHRASES = frozenset(
    (("i", "mean"), ("i", "meant"), ("make", "that"), ("or", "rather"), ("scratch", "that"))
)
_AFTER_A_CUE = frozenset((("make", "it"), ("should", "be"), ("not", "that")))
_WAITS = frozenset((("hold", "on"), ("hang", "on")))
_LEADS = frozenset(spaced("pin gpio number the at on to every relay output colour color"))
_FOLLOWING = frozenset(
    spaced(", . ! ? ; and then please to at in for when if every instead thanks now degrees")
)
_VERBS = frozenset(spaced("turn switch set toggle put"))  # after a time only
_MOST = 8  # tokens between what was said and what was meant


def corrected(tokens: list[Token]) -> list[Token]:
    """Return the tokens without what the person took back.

    Only a number, time, length, colour, name or level that another of its kind replaces, with
    words between them that can mean nothing else.
    """
    for at in range(len(tokens) - 2, -1, -1):
        if not _kind(tokens[at]):
            continue
        found = _replaced(tokens, at)
        if found is not None:
            level, meant, rest = found
            tokens = [*tokens[:at], tokens[meant], *level, *tokens[rest:]]
    return tokens


def _kind(token: Token) -> str:
    if token.kind == "name":
        return "num" if token.pin is not None else ""
    if token.kind in ("num", "time", "dur", "colour"):
        return token.kind
    return "level" if token.text in _LEVELS else ""


def _replaced(tokens: Sequence[Token], at: int) -> tuple[list[Token], int, int] | None:
    """Return the level between, the place of what was meant and of what follows it."""
    kind, cue = _kind(tokens[at]), at + 1
    level: list[Token] = []
    if kind == "num" and tokens[cue].text in _LEVELS:
        level, cue = [tokens[cue]], cue + 1
    meant = _after_cue(tokens, cue)
    if meant is None or meant >= len(tokens) or _kind(tokens[meant]) != kind:
        return None
    if len({tokens[at].unit, tokens[meant].unit} - {""}) > 1:
        return None
    rest = _after_denial(tokens, at, meant + 1)
    following = tokens[rest].text if rest < len(tokens) else "."
    if level and following == level[0].text:
        return level, meant, rest + 1
    ends = following in _FOLLOWING or kind == "time" and following in _VERBS
    if level:
        ends = following in (",", ".", "!", "and")
    elif kind == "num":
        ends = ends or following in _LEVELS
    return (level, meant, rest) if ends else None


def _after_cue(tokens: Sequence[Token], at: int) -> int | None:
    """Return where the words of a correction end that begin at `at`; None: there are none."""
    first, sure = at, False
    while at < len(tokens) and at - first < _MOST:
        two = (tokens[at].text, tokens[at + 1].text if at + 1 < len(tokens) else "")
        if two in _PHRASES or sure and two in _AFTER_A_CUE:
            sure, at = True, at + 2
        elif two in _WAITS:
            at += 2
        elif two == ("no", "."):  # "no. 5" is number five
            return None
        elif tokens[at].text in _CUES:
            sure, at = True, at + 1
        elif tokens[at].text in _PAUSES or sure and tokens[at].text in _LEADS:
            at += 1
        else:
            break
    return at if sure else None


def _after_denial(tokens: Sequence[Token], at: int, rest: int) -> int:
    """Skip ", not 4" after a correction of "4"."""
    texts = [token.text for token in tokens[rest : rest + 4]]
    skip = 1 if texts[:1] in ([","], ["-"], ["and"]) else 0
    if texts[skip : skip + 1] != ["not"]:
        return rest
    skip += 2 if texts[skip + 1 : skip + 2] in (["the"], ["on"], ["pin"]) else 1
    same = rest + skip < len(tokens) and tokens[rest + skip].text == tokens[at].text
    return rest + skip + 1 if same else rest
