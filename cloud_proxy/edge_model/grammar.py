"""What the model may write, and what it means: one coroutine is the constraint and the reader.

`program(sentence)` yields a `Choice` (the symbols and the words that are legal now), is sent the
action that was chosen (a symbol, or the index of a word) and at last returns an `Outcome`. So
nothing outside the tool table can come out.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from .names import plain_name
from .sentence import Sentence
from .table import (
    ASK,
    ASK_NAMED,
    CHOICES,
    END,
    INTENTS,
    MAX_CALLS,
    OPTIONS,
    READS,
    TOOLS,
    Arg,
)
from .values import convert, days_of

Action = str | int
_STEPS = tuple(name for name, tool in TOOLS.items() if tool.step)
_MAX_SPAN = 16  # words of a key, a value or a name


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool of the board, as the catalogue names it."""

    tool: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """The actions that are legal next: symbols, and indices of words.

    since: the word at which an open span began.
    """

    symbols: tuple[str, ...]
    words: tuple[int, ...] = ()
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished program says: calls, or an intent without calls ("decline", "ask", ...).

    tool, key, name: for "ask", which argument of which tool is missing, and the unknown name that
    stood for it.
    """

    intent: str
    calls: tuple[Call, ...] = ()
    tool: str = ""
    key: str = ""
    name: str = ""


class _Missing(Exception):
    def __init__(self, tool: str, key: str, name: str = "") -> None:
        super().__init__(tool, key, name)
        self.outcome = Outcome("ask", (), tool, key, name)


Steps = Generator[Choice, Action, Any]


def program(sentence: Sentence) -> Generator[Choice, Action, Outcome]:
    """Run one program over a sentence; see the module's text for the protocol."""
    first = yield Choice((*INTENTS, *TOOLS))
    if first in INTENTS:
        return Outcome(str(first))
    calls: list[Call] = []
    tool: Action = first
    try:
        while tool != END:
            if tool == "rule_set":
                call, tool = yield from _rule(sentence, len(calls) + 1 >= MAX_CALLS)
            else:
                more = () if len(calls) + 1 >= MAX_CALLS else tuple(TOOLS)
                call, tool = yield from _call(sentence, str(tool), more)
            calls.append(call)
    except _Missing as missing:
        return missing.outcome
    return Outcome("call", tuple(calls))


def _call(sentence: Sentence, tool: str, more: tuple[str, ...]) -> Steps:
    """Read one call's arguments; returns (call, the symbol that came after it)."""
    args: dict[str, Any] = {}
    for arg in TOOLS[tool].required:
        args.update((yield from _argument(sentence, tool, arg)))
    options = {OPTIONS[arg.key]: arg for arg in TOOLS[tool].optional}
    while (chosen := (yield Choice((END, *more, *options)))) in options:
        args.update((yield from _argument(sentence, tool, options.pop(str(chosen)))))
    return Call(tool, args), chosen


def _argument(sentence: Sentence, tool: str, arg: Arg) -> Steps:
    """Read one argument; returns what it adds to the call's args.

    Raises _Missing when the person did not say it.
    """
    if arg.kind in ("key", "text", "name"):
        first = yield Choice((ASK,), tuple(range(len(sentence.tokens))))
        if first == ASK:
            raise _Missing(tool, arg.key)
        return {arg.key: (yield from _span(sentence, int(first), arg.kind))}
    words = _words(sentence, arg.kind)
    symbols = CHOICES.get(arg.kind, ())
    if arg.kind == "dht":
        said = {token.text for token in sentence.tokens} | {
            token.unit for token in sentence.tokens
        }
        said |= {"dht22"} if "am2302" in said else set()
        symbols = tuple(symbol for symbol in symbols if symbol in said)
    asks = (ASK, ASK_NAMED) if arg.kind == "pin" else (ASK,)
    chosen = yield Choice((*symbols, *asks), words)
    if chosen == ASK:
        raise _Missing(tool, arg.key)
    if chosen == ASK_NAMED:
        first = yield Choice((), tuple(range(len(sentence.tokens))))
        raise _Missing(tool, arg.key, (yield from _span(sentence, int(first), "key")))
    if arg.kind == "colour":
        return (yield from _colour(sentence, chosen))
    if isinstance(chosen, str):
        return {
            arg.key: {"bit": int(chosen == "on"), "flag": chosen == "on"}.get(arg.kind, chosen)
        }
    return {arg.key: convert(arg.kind, sentence.tokens[chosen], sentence.tokens)}


def _words(sentence: Sentence, kind: str) -> tuple[int, ...]:
    """Return the indices of the words that can be a value of this kind."""
    kinds = ("colour", "channel") if kind == "colour" else () if kind in CHOICES else (kind,)
    tokens = sentence.tokens
    return tuple(
        i for i, t in enumerate(tokens) if any(convert(k, t, tokens) is not None for k in kinds)
    )


def _span(sentence: Sentence, first: int, kind: str) -> Steps:
    """Read the last word of a span that began at `first`; returns its text or known key."""
    end = min(first + _MAX_SPAN, len(sentence.tokens))
    last = int((yield Choice((), tuple(range(first, end)), first)))
    token = sentence.tokens[first]
    if kind == "key" and last == first and token.kind == "name":
        return token.value
    text = sentence.slice(first, last)
    if kind == "name" and text.isdecimal():
        return f"rule{text}"  # as the board names a rule that nobody named
    return text if kind == "text" else plain_name(text)


def _colour(sentence: Sentence, chosen: Action) -> Steps:
    """Read a colour: a name, "off", or three numbers."""
    if chosen == "off":
        return {"r": 0, "g": 0, "b": 0}
    tokens = sentence.tokens
    named = convert("colour", tokens[int(chosen)], tokens)
    if named is not None:
        return dict(zip("rgb", named, strict=True))
    channels = [convert("channel", tokens[int(chosen)], tokens)]
    for _ in "gb":
        more = yield Choice((ASK,), _words(sentence, "channel"))
        if more == ASK:
            raise _Missing("neopixel_write", "rgb")
        channels.append(convert("channel", tokens[int(more)], tokens))
    return dict(zip("rgb", channels, strict=True))


def _rule(sentence: Sentence, last: bool) -> Steps:
    """Read a rule: [name], when, steps; the next rule_set or the end closes it."""
    args: dict[str, Any] = {}
    when = yield Choice((*CHOICES["when"], OPTIONS["name"], ASK))
    if when == OPTIONS["name"]:
        args.update((yield from _argument(sentence, "rule_set", Arg("name", "name"))))
        when = yield Choice((*CHOICES["when"], ASK))
    if when == ASK:
        raise _Missing("rule_set", "when")
    args["when"] = yield from _when(sentence, str(when))
    steps: list[dict[str, Any]] = []
    tool = yield Choice((*_STEPS, ASK))
    while tool in _STEPS:
        more = () if len(steps) + 1 >= MAX_CALLS else _STEPS
        call, tool = yield from _call(sentence, str(tool), more if last else (*more, "rule_set"))
        steps.append({"tool": call.tool, "args": call.args})
    if tool == ASK:
        raise _Missing("rule_set", "do")
    return Call("rule_set", {**args, "do": steps}), tool


def _when(sentence: Sentence, kind: str) -> Steps:
    if kind in ("w_every", "w_in"):
        key = "every_s" if kind == "w_every" else "in_s"
        return (yield from _argument(sentence, "rule_set", Arg(key, "seconds")))
    if kind == "w_at":
        at = yield from _argument(sentence, "rule_set", Arg("at", "time"))
        days = days_of(sentence.tokens)
        return {**at, "days": days} if days else at
    if kind == "w_edge":
        pin = yield from _argument(sentence, "rule_set", Arg("pin", "pin"))
        return {**pin, **(yield from _argument(sentence, "rule_set", Arg("edge", "edge")))}
    tool = str((yield Choice(READS)))
    args: dict[str, Any] = {}
    for arg in TOOLS[tool].required:
        args.update((yield from _argument(sentence, tool, arg)))
    field = "mv" if tool == "adc_read" else "temperature_c"
    if tool == "dht_read":
        field = str((yield Choice(CHOICES["field"])))
    key = "above" if kind == "w_above" else "below"
    limit = yield from _argument(sentence, "rule_set", Arg(key, field))
    return {"read": {"tool": tool, "args": args, "field": field}, **limit}
