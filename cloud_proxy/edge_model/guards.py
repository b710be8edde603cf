"""Checks between what the network wrote and what is answered: in doubt, nothing moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .grammar import Call
from .listed import spaced
from .sentence import Sentence
from .table import TOOLS

_NO = frozenset(
    spaced(
        "not dont don't never no nor neither without cannot can't cant won't wont shouldn't "
        "shouldnt mustn't doesn't didn't isn't wouldn't couldn't aren't avoid refrain except "
        "unless instead nothing none stop"
    )
)
_STOP = "stop"  # "stop the pump" is a command, "stop, ..." is not
_LEVEL = frozenset(
    spaced("to = a write is : output send put at as value apply logic")
)  # "... to 1" is on
_HARMLESS = ("memory_set",)


def forbidden(sentence: Sentence, calls: Sequence[Call]) -> bool:
    """Whether the sentence holds a word of denial and a call would change something."""
    if all(not TOOLS[call.tool].changes or call.tool in _HARMLESS for call in calls):
        return False
    texts = [token.text for token in sentence.tokens]
    for i, text in enumerate(texts):
        if text not in _NO and not text.endswith("n't"):
            continue
        following = texts[i + 1] if i + 1 < len(texts) else ""
        if text == _STOP and following not in (",", "!", ".", ""):
            continue
        if text == "no" and following in (".", "number", "#"):
            continue
        if text in ("don't", "dont", "not") and following in ("forget", "mind"):
            continue
        return True
    return False


def spoken(sentence: Sentence) -> bool:
    """Whether a person may have said this: braces are what the board fills, nobody types them."""
    return "{" not in sentence.text and "}" not in sentence.text


def tools_of(calls: Sequence[Call]) -> list[str]:
    """Return every tool that the calls use, those inside rules too, in order."""
    used: list[str] = []
    for call in calls:
        used.append(call.tool)
        if call.tool == "rule_set":
            used += [step["tool"] for step in call.args["do"]]
            if "read" in call.args["when"]:
                used.append(call.args["when"]["read"]["tool"])
    return used


def absent(calls: Sequence[Call], tools: Collection[str] | None) -> str:
    """Return the first tool used that the board has not announced, or ""."""
    return next((tool for tool in tools_of(calls) if tools is not None and tool not in tools), "")


def unread(sentence: Sentence, calls: Sequence[Call], used: Collection[int]) -> bool:
    """Whether a number, time or remembered name was left over by calls that change something.

    used: indices of the words that the calls were read from. What nobody read may have been meant
    otherwise.
    """
    if all(not TOOLS[call.tool].changes or call.tool == "memory_set" for call in calls):
        return False
    for i, token in enumerate(sentence.tokens):
        if i in used:
            continue
        if token.kind in ("dur", "time"):
            return True
        if (
            token.kind != "num"
            or token.unit == "mv"
            or token.text in ("one", "half", "a couple of")
        ):
            continue
        level = token.value in (0, 1) and i > 0 and sentence.tokens[i - 1].text in _LEVEL
        if not level:
            return True
    return False
