"""Checks between what the network wrote and what is answered: in doubt, nothing moves."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .grammar import Call
from .listed import spaced
from .sentence import Sentence
from .table import TOOLS
from .values import days_of
from .words import Token

_NO = frozenset(
    spaced(
        "not dont don't never no nor neither without cannot can't cant won't wont shouldn't "
        "shouldnt mustn't doesn't didn't isn't wouldn't couldn't aren't avoid refrain except "
        "unless instead nothing none stop"
    )
)
_BREAKS = frozenset(spaced(", ; : . ! ? - because cos cuz since as so"))
_ORDERS = frozenset(
    spaced(
        "do turn switch set toggle touch change use run start stop put keep leave let make go act "
        "execute delete remove want unless except instead without avoid refrain pin gpio on off"
    )
)
_PLEAS = frozenset(spaced("please but just and so then you i or kindly rather way thanks"))
_NOBODY = frozenset(spaced("nobody none nothing no"))
_SWITCH = frozenset(spaced("turn switch put flip shut turns switches"))
_LISTED = frozenset(spaced(", and & also plus too both pin pins gpio gpios the"))
_STATES = {"on": "on", "high": "on", "off": "off", "low": "off"}
_CLOSED = frozenset(("", *spaced(", . ! ? ; and then for at in if when please now but every")))
_NEEDED = frozenset(spaced("need needed use used want wanted require required"))
_STOP = "stop"  # "stop the pump" is a command, "stop, ..." is not
_LEVEL = frozenset(
    spaced("to = a write is : output send put at as value apply logic safe that's starts state")
)  # "... to 1" is on
_PINS = frozenset(spaced("on off pin gpio toggle read"))
_DATES = frozenset(spaced("tomorrow sunset sunrise yesterday otherwise else"))
_LIMITS = frozenset(("max_on_s", "min_off_s", "not_with"))  # options of device_set


def forbidden(sentence: Sentence, calls: Sequence[Call], used: Collection[int] = ()) -> bool:
    """Whether the sentence holds a word of denial and a call would change something.

    used: as for `unread`; a denial deep within a text to tell is the text's own, and one in a
    clause beside the order tells why.
    """
    if all(not TOOLS[call.tool].changes or _may_deny(call) for call in calls):
        return False
    texts = [token.text for token in sentence.tokens]
    tells = "notify" in tools_of(calls)
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
        if (text, following) in (("won't", "you"), ("wont", "you"), ("not", "too")):
            continue  # "..., won't you?", "if it's not too much trouble"
        if _needless(texts, i) and all(_ends(call) for call in calls):
            continue
        if _aside(sentence, i, used) or _differs(calls, following, text):
            continue
        if text in ("no", "not") and following == "more" and "than" in texts[i + 2 : i + 4]:
            continue
        if tells and {i - 2, i - 1, i} <= set(used):
            continue
        return True
    return False


def _may_deny(call: Call) -> bool:
    """Whether "not" may be part of what this call keeps: "never on together with the heater"."""
    return call.tool == "memory_set" or bool(_LIMITS & set(call.args.get("options", ())))


def _aside(sentence: Sentence, i: int, used: Collection[int]) -> bool:
    """Whether the denial at i is in a clause of its own that tells how things are.

    "nobody is home, turn off 4" and "turn off 4, we are not buying from him"; a clause with an
    order, a value or a word that the calls were read from is none.
    """
    tokens = sentence.tokens
    first, last = i, i
    while first > 0 and tokens[first - 1].text not in _BREAKS:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].text not in _BREAKS:
        last += 1
    clause = tokens[first : last + 1]
    if len(clause) < 3 or any(n in used for n in range(first, last + 1)):
        return False
    if any(token.kind not in ("word", "mark") or token.meant in _ORDERS for token in clause):
        return False
    told = i > first and tokens[i - 1].text not in _PLEAS or tokens[i].text in _NOBODY
    return told and last > i


def _differs(calls: Sequence[Call], following: str, text: str) -> bool:
    """Whether the denial is a rule's own: "if the memory mode is not holiday"."""
    conditions = [each for call in calls for each in call.args.get("if", ())]
    denied = [str(each["not"]).lower() for each in conditions if "not" in each]
    return text in ("not", "isn't", "isnt") and any(name.startswith(following) for name in denied)


def _needless(texts: Sequence[str], i: int) -> bool:
    """Whether the denial at i is in "no longer needed" or "I don't need it any more"."""
    if texts[i : i + 2] == ["no", "longer"]:
        return True
    needed = any(text in _NEEDED for text in texts[i + 1 : i + 3])
    return needed and any(
        text in ("anymore", "now") or [text, after] in (["any", "more"], ["any", "longer"])
        for text, after in itertools.pairwise([*texts[i + 1 :], ""])
    )


def _ends(call: Call) -> bool:
    """Whether a call takes away or switches off, and does nothing else."""
    off = 0 in (call.args.get("value"), call.args.get("duty_pct"))
    gone = call.tool.endswith("_delete") or call.args.get("enabled") is False
    return gone or off or not TOOLS[call.tool].changes


def spoken(sentence: Sentence) -> bool:
    """Whether a person may have said this: braces are what the board fills, nobody types them."""
    return "{" not in sentence.text and "}" not in sentence.text


def tools_of(calls: Sequence[Call]) -> list[str]:
    """Return every tool that the calls use, those inside rules and scripts too, in order."""
    used: list[str] = []
    for call in calls:
        used.append(call.tool)
        used += [tool for tool, _ in _each(_steps(call))]
        when = call.args.get("when", {})
        used += [when["read"]["tool"]] if "read" in when else []
    return used


def _steps(call: Call) -> Sequence[Mapping[str, Any]]:
    return call.args.get("do", ()) or call.args.get("steps", ())


def _each(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (tool, args) of every step, those that are repeated once."""
    made: list[tuple[str, Mapping[str, Any]]] = []
    for step in steps:
        made += [(step["tool"], step["args"])] if "tool" in step else _each(step["do"])
    return made


def absent(calls: Sequence[Call], tools: Collection[str] | None) -> str:
    """Return the first tool used that the board has not announced, or "".

    What only steps may call is not announced; it comes with rules and scripts.
    """
    if tools is None:
        return ""
    return next((t for t in tools_of(calls) if TOOLS[t].talk and t not in tools), "")


def dated(sentence: Sentence, calls: Sequence[Call], used: Collection[int]) -> bool:
    """Whether a rule was made of a sentence with a day or a branch that no rule can mean."""
    if all(call.tool != "rule_set" for call in calls):
        return False
    for i, token in enumerate(sentence.tokens):
        if i in used:
            continue
        following = sentence.tokens[i + 1 : i + 2]
        once = (
            token.text == "next"
            and following
            and (days_of(following) or following[0].text in ("week", "month", "year"))
        )
        if token.text in _DATES or once:
            return True
    return False


def contrary(sentence: Sentence, calls: Sequence[Call]) -> bool:
    """Whether a pin gets another level than the word beside it or beside its list says.

    "switch off 17, 23 and 27 and switch on 33" says off for 27.
    """
    written: dict[int, set[str]] = {}
    for call in calls:
        for tool, args in [(call.tool, call.args), *_each(_steps(call))]:
            if tool == "gpio_write":
                written.setdefault(args["pin"], set()).add("on" if args["value"] else "off")
    for pin, levels in written.items():
        places = [i for i, token in enumerate(sentence.tokens) if _is_pin(token, pin)]
        said = _said_levels(sentence, places[0]) if len(places) == 1 else set[str]()
        if said and not said & levels:
            return True
    return False


def _is_pin(token: Token, pin: int) -> bool:
    return token.kind == "num" and not token.unit and token.value == pin


def _said_levels(sentence: Sentence, at: int) -> set[str]:
    """Return the levels right before and right behind the list of pins in which a word stands."""
    tokens = sentence.tokens
    first, last = at - 1, at + 1
    while first > 0 and _listed(tokens[first]):
        first -= 1
    while last < len(tokens) and _listed(tokens[last]):
        last += 1
    said = set[str]()
    if first > 0 and tokens[first].text in ("on", "off") and tokens[first - 1].meant in _SWITCH:
        said.add(tokens[first].text)
    behind, beyond = ([token.text for token in tokens[last : last + 2]] + ["", ""])[:2]
    if behind in _STATES and (behind != "on" or beyond in _CLOSED):
        said.add(_STATES[behind])
    return said


def _listed(token: Token) -> bool:
    return token.kind == "num" and not token.unit or token.text in _LISTED


def _all_week(sentence: Sentence, i: int) -> bool:
    """Whether the token at i is of "seven days a week"."""
    around = " ".join(token.text for token in sentence.tokens[max(0, i - 1) : i + 2])
    return "seven days a week" in around or "7 days a week" in around


def unread(sentence: Sentence, calls: Sequence[Call], used: Collection[int]) -> bool:
    """Whether a number, time or remembered name was left over by calls that change something.

    used: indices of the words that the calls were read from. What nobody read may have been meant
    otherwise.
    """
    changing = [call.tool for call in calls if TOOLS[call.tool].changes]
    if not changing:
        return False
    noted = set(changing) == {"memory_set"}  # what a note leaves out matters where a pin stands
    for i, token in enumerate(sentence.tokens):
        if i in used or noted and (not i or sentence.tokens[i - 1].text not in _PINS):
            continue
        if token.text in ("day", "once a day") or _all_week(sentence, i):
            continue  # "every day" or "seven days a week" beside a time
        if token.kind in ("dur", "time", "hexa", "cron"):
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
