"""What the model may write, and what it means: one coroutine is the constraint and the reader.

`program(sentence)` yields a `Choice` (the symbols and the words that are legal now), is sent the
action that was chosen (a symbol, or the index of a word) and at last returns an `Outcome`. So
nothing outside the tool table can come out.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from .listed import spaced
from .names import plain_name
from .parts import beginning, may_begin, may_end
from .sentence import Sentence
from .table import (
    ASK,
    ASK_NAMED,
    CHOICES,
    CONDITIONS,
    DONE,
    END,
    INTENTS,
    MAX_CALLS,
    MAX_STEPS,
    OPTIONS,
    READS,
    REPEAT,
    TOOLS,
    TRIGGER_OPTIONS,
    Arg,
)
from .values import convert, days_of, hexadecimal, slug

Action = str | int
_TALK = tuple(name for name, tool in TOOLS.items() if tool.talk)
_STEPS = tuple(name for name, tool in TOOLS.items() if tool.step)
_STRIPS = frozenset(  # only of these can "off" be a colour
    spaced("strip strips neopixel neopixels pixel pixels ring rgb leds ws2812 ws2812b sk6812 led")
)
_AGAIN = ("once", "twice", "thrice", "every", "each", "per")
_SETTING = ("gpio_write", "pwm_write", "servo_write", "neopixel_write")
_MAX_SPAN = 24  # words of a key, a value, a name or a text
_MAX_CHARS = {"key": 32, "text": 160, "name": 24, "rule": 24, "said": 200}
_SPANS = (*_MAX_CHARS, "slug", "data", "register")
_BYTES = {"data": 32, "register": 2}
_ENDS = "\"'`.,!? "  # what may stand around a text that is passed on


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
    first = yield Choice((*INTENTS, *_TALK))
    if first in INTENTS:
        return Outcome(str(first))
    calls: list[Call] = []
    tool: Action = first
    try:
        while tool != END:
            last = len(calls) + 1 >= MAX_CALLS
            if tool == "rule_set":
                call, tool = yield from _rule(sentence, (END,) if last else (END, "rule_set"))
            elif tool == "script_set":
                call, tool = yield from _script(sentence)
            else:
                call, tool = yield from _call(
                    sentence, str(tool), (END,) if last else (END, *_TALK)
                )
            if calls[-1:] != [call] or call.tool not in _SETTING:  # said twice
                calls.append(call)
    except _Missing as missing:
        return missing.outcome
    return Outcome("call", tuple(calls))


def _call(sentence: Sentence, tool: str, after: tuple[str, ...]) -> Steps:
    """Read one call's arguments; returns (call, the symbol of `after` that came then)."""
    args: dict[str, Any] = {}
    for arg in TOOLS[tool].required:
        args.update((yield from _argument(sentence, tool, arg, args.get("sda"))))
    options = {OPTIONS[arg.key]: arg for arg in TOOLS[tool].optional}
    more: dict[str, Any] = {}
    while (chosen := (yield Choice((*after, *options)))) in options:
        more.update((yield from _argument(sentence, tool, options.pop(str(chosen)))))
    if tool == "device_set":
        more = {"options": more} if more else {}
    return Call(tool, {**args, **more}), chosen


def _argument(sentence: Sentence, tool: str, arg: Arg, sda: int | None = None) -> Steps:
    """Read one argument; returns what it adds to the call's args.

    sda: the pin that scl cannot be. Raises _Missing when the person did not say it.
    """
    if arg.kind == "yes":
        return {arg.key: True}
    if arg.kind in _SPANS:
        chosen = yield Choice((ASK,), _firsts(sentence, arg.kind))
        if chosen == ASK:
            raise _Missing(tool, arg.key)
        return {arg.key: (yield from _span(sentence, int(chosen), arg.kind))}
    words = _words(sentence, arg.kind)
    if arg.key == "scl":
        words = tuple(i for i in words if convert("pin", sentence.tokens[i], ()) != sda)
    symbols = CHOICES.get(arg.kind, ())
    if arg.kind == "colour" and not _STRIPS & {token.meant for token in sentence.tokens}:
        symbols = ()
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
        first = yield Choice((), _firsts(sentence, "key"))
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


def _firsts(sentence: Sentence, kind: str) -> tuple[int, ...]:
    """Return the words at which a text of this kind may begin."""
    tokens = sentence.tokens
    return tuple(
        i
        for i in range(len(tokens))
        if may_begin(tokens, i, kind)
        and any(_text(sentence, i, j, kind) for j in range(i, min(i + 3, len(tokens))))
    )


def _span(sentence: Sentence, first: int, kind: str) -> Steps:
    """Read the last word of a span that began at `first`; returns its text or known key."""
    end = min(first + _MAX_SPAN, len(sentence.tokens))
    fits = tuple(last for last in range(first, end) if _text(sentence, first, last, kind))
    fits = tuple(last for last in fits if may_end(sentence.tokens, last, kind)) or fits
    last = int((yield Choice((), fits or (first,), first)))
    first = beginning(sentence.tokens, first, kind)
    return _text(sentence, first, last, kind) or sentence.tokens[first].text[:24]


def _text(sentence: Sentence, first: int, last: int, kind: str) -> str | None:
    """Return the words from first to last as a value of this kind, None if they are none."""
    token = sentence.tokens[first]
    if kind == "key" and last == first and token.kind == "name" and isinstance(token.value, str):
        return token.value
    text = sentence.slice(first, last)
    if kind == "slug":
        return slug(text)
    if kind in _BYTES:
        return hexadecimal(text, _BYTES[kind])
    number = text.lower().removeprefix("rule ") if kind == "rule" else ""
    if kind == "rule" and first == last and token.kind == "num" and isinstance(token.value, int):
        number = str(token.value)
    if number.isdecimal():
        return f"rule{number}"  # as the board names a rule that nobody named
    if kind == "said":
        text = text.strip(_ENDS)
    elif kind != "text":
        text = plain_name(text)
    return text if 0 < len(text) <= _MAX_CHARS[kind] else None


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
        after = [i for i in _words(sentence, "channel") if i > int(chosen)]
        chosen = yield Choice(() if after else (ASK,), tuple(after[:1]))
        if chosen == ASK:
            raise _Missing("neopixel_write", "rgb")
        channels.append(convert("channel", tokens[int(chosen)], tokens))
    return dict(zip("rgb", channels, strict=True))


def _rule(sentence: Sentence, after: tuple[str, ...]) -> Steps:
    """Read a rule: [name], when, its options and conditions, steps; `after` closes it."""
    args: dict[str, Any] = {}
    kinds = tuple(k for k in CHOICES["when"] if k != "w_in" or not _again_and_again(sentence))
    kind = yield Choice((*kinds, OPTIONS["name"], ASK))
    if kind == OPTIONS["name"]:
        args.update((yield from _argument(sentence, "rule_set", Arg("name", "rule"))))
        kind = yield Choice((*kinds, ASK))
    if kind == ASK:
        raise _Missing("rule_set", "when")
    when = yield from _when(sentence, str(kind))
    options = {
        symbol: arg
        for symbol, arg in TRIGGER_OPTIONS.items()
        if symbol == "+min_s"
        or symbol == "+from"
        and kind == "w_event"
        or symbol in ("+for_s", "+hysteresis", "+poll_s")
        and kind in ("w_above", "w_below")
    }
    conditions: list[dict[str, Any]] = []
    while True:
        more = CONDITIONS if len(conditions) < 3 else ()
        chosen = yield Choice((*_STEPS, REPEAT, ASK, *options, *more))
        if chosen in CONDITIONS:
            conditions.append((yield from _condition(sentence, str(chosen))))
        elif chosen in options:
            when.update((yield from _argument(sentence, "rule_set", options.pop(str(chosen)))))
        else:
            break
    steps, chosen = yield from _steps(sentence, "rule_set", chosen, after)
    args["when"] = when
    if conditions:
        args["if"] = conditions
    return Call("rule_set", {**args, "do": steps}), chosen


def _again_and_again(sentence: Sentence) -> bool:
    """Whether each length of time is one that comes again: "once a minute", "every 5 seconds"."""
    tokens = sentence.tokens
    lengths = [i for i, token in enumerate(tokens) if token.kind == "dur"]
    return bool(lengths) and all(
        tokens[i].text.split()[0] in _AGAIN or i > 0 and tokens[i - 1].meant in _AGAIN
        for i in lengths
    )


def _script(sentence: Sentence) -> Steps:
    name = yield from _argument(sentence, "script_set", TOOLS["script_set"].required[0])
    first = yield Choice((*_STEPS, REPEAT, ASK))
    steps, chosen = yield from _steps(sentence, "script_set", first, (END,))
    return Call("script_set", {**name, "steps": steps}), chosen


def _steps(sentence: Sentence, tool: str, chosen: Action, after: tuple[str, ...]) -> Steps:
    """Read steps, the first symbol of which was chosen; returns (steps, the symbol of `after`)."""
    if chosen == ASK:
        raise _Missing(tool, "do")
    steps: list[dict[str, Any]] = []
    inner: list[dict[str, Any]] | None = None
    count = 0
    while chosen not in after:
        if chosen == DONE:
            inner = None
        elif chosen == REPEAT:
            times = yield from _argument(sentence, "repeat", Arg("repeat", "times"))
            inner = []
            steps.append({**times, "do": inner})
            chosen = yield Choice(_STEPS)
            continue
        else:
            count += 1
            more = _STEPS if count < MAX_STEPS else ()
            ends = (DONE,) if inner is not None else (*after, REPEAT) if more else after
            call, chosen = yield from _call(sentence, str(chosen), (*more, *ends))
            (steps if inner is None else inner).append({"tool": call.tool, "args": call.args})
            continue
        chosen = yield Choice((*after, *(_STEPS if count < MAX_STEPS else ())))
    return steps, chosen


def _condition(sentence: Sentence, kind: str) -> Steps:
    """Read one comparison of a rule's "if"."""
    if kind == "if_time":
        start = yield from _argument(sentence, "rule_set", Arg("at", "time"))
        end = yield from _argument(sentence, "rule_set", Arg("at", "time"))
        return {"time": f"{start['at']}-{end['at']}"}
    if kind == "if_pin":
        pin = yield from _argument(sentence, "rule_set", Arg("pin", "pin"))
        return {**pin, **(yield from _argument(sentence, "rule_set", Arg("is", "bit")))}
    memory = yield from _argument(sentence, "rule_set", Arg("memory", "key"))
    return {**memory, **(yield from _argument(sentence, "rule_set", Arg("is", "text")))}


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
    if kind == "w_event":
        return (yield from _argument(sentence, "rule_set", Arg("event", "slug")))
    if kind == "w_boot":
        return {"boot": True}
    if kind == "w_cron":
        return (yield from _argument(sentence, "rule_set", Arg("cron", "cron")))
    if kind == "w_monthly":
        day = yield from _argument(sentence, "rule_set", Arg("day", "monthday"))
        at = yield from _argument(sentence, "rule_set", Arg("at", "time"))
        hour, minute = at["at"].split(":")
        return {"cron": f"{int(minute)} {int(hour)} {day['day']} * *"}
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
