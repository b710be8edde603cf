"""An answer put together from an upstream's pieces, each of them checked."""

import json
from dataclasses import dataclass
from typing import Any, cast

from cloud_proxy.catalogue import coerce
from cloud_proxy.fast_json import decode
from cloud_proxy.metering import Usage, estimate_tokens
from cloud_proxy.talk import CallLimits, Talk
from cloud_proxy.tiers.base import Call, Completion, Stream, TierError

_Json = dict[str, Any]


class Garbage(ValueError):
    """Something that is no part of a chat completion."""


@dataclass(slots=True)
class _Call:
    name: str = ""
    arguments: str = ""


class Assembly:
    """Text, tool calls and usage as they come in, streamed or whole."""

    def __init__(self, talk: Talk, stream: Stream) -> None:
        self._tools = talk.tools
        self._limits = talk.limits
        self._stream = stream
        self._text: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._usage: Usage | None = None
        self._finish = ""  # the finish_reason
        self.done = False  # nothing more will come

    def event(self, data: bytes) -> None:
        """Take in a server-sent event. Raises Garbage, or TierError if it reports an error."""
        if data == b"[DONE]":
            self.done = True
            return
        chunk = _object(data)
        self._read_usage(chunk.get("usage"))
        for choice in _list(chunk.get("choices"))[:1]:
            self._finish = str(choice.get("finish_reason") or self._finish)
            self._read_message(choice.get("delta"), streamed=True)

    def whole(self, data: bytes) -> None:
        """Take in a body that is not streamed. Raises as `event` does."""
        body = _object(data)
        choices = _list(body.get("choices"))
        if not choices:
            raise Garbage("an answer without choices")
        self._read_usage(body.get("usage"))
        self._read_message(choices[0].get("message"), streamed=False)
        self._finish = str(choices[0].get("finish_reason") or "stop")
        self.done = True

    def completion(self) -> Completion:
        """Return the answer. Raises TierError if it broke off, Garbage if it is empty."""
        if not (self.done or self._finish):
            raise TierError("cut", "the stream ended before the answer did")
        say = "".join(self._text)
        calls, dropped = self._checked_calls()
        if dropped:
            say = (say + " " if say else "") + _apology(dropped)
        if not say and not calls:
            raise Garbage("an answer with neither text nor calls")
        return Completion(
            say=say,
            calls=tuple(calls),
            end=not calls,
            usage=self._usage or self._estimate(),
            note="; ".join(dropped)[:200],
            cut_short=self._finish == "length",
        )

    def _read_message(self, message: Any, *, streamed: bool) -> None:
        if not isinstance(message, dict):
            return
        fields = cast(_Json, message)
        content = fields.get("content")
        if isinstance(content, str) and content:
            self._text.append(content)
            if streamed:
                self._stream.text(content)
        for position, piece in enumerate(_list(fields.get("tool_calls"))):
            self._stream.began()
            index = piece.get("index", position)
            function = cast(_Json, piece.get("function") or {})
            if not isinstance(index, int) or not isinstance(function, dict):  # pyright: ignore
                raise Garbage("a tool call that cannot be read")
            if index not in self._calls and len(self._calls) >= 4 * self._limits.most:
                raise Garbage(f"over {4 * self._limits.most} tool calls")
            call = self._calls.setdefault(index, _Call())
            name, arguments = function.get("name"), function.get("arguments")
            if isinstance(name, str) and not call.name:
                call.name = name
            if isinstance(arguments, str):
                call.arguments += arguments
                self._stream.characters += len(arguments)

    def _checked_calls(self) -> tuple[list[Call], list[str]]:
        """Return the calls that the board can be given, and of the others why not."""
        calls: list[Call] = []
        dropped: list[str] = []
        for index in sorted(self._calls):
            call = self._calls[index]
            name = call.name[:64]
            if self._tools is None or call.name not in self._tools.names:
                dropped.append(f"{name} is no tool of {self._limits.whose}")
            elif len(calls) == self._limits.most:
                dropped.append(f"{name} is one call too many")
            elif (args := _arguments(call.arguments, self._limits)) is None:
                dropped.append(f"the arguments of {name} cannot be read")
            else:
                calls.append(Call(call.name, coerce(self._tools, call.name, args)))
        return calls, dropped

    def _read_usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        fields = cast(_Json, usage)
        details = fields.get("prompt_tokens_details")
        cached = cast(_Json, details).get("cached_tokens") if isinstance(details, dict) else 0
        self._usage = Usage(
            input=_count(fields.get("prompt_tokens")),
            output=_count(fields.get("completion_tokens")),
            cached=_count(cached),
            estimated=False,
        )

    def _estimate(self) -> Usage:
        return Usage(
            estimate_tokens(self._stream.prompt_characters),
            estimate_tokens(self._stream.characters),
        )


def _object(data: bytes) -> _Json:
    """Return the JSON object; raise TierError if it is an error, Garbage if it is none."""
    try:
        value = decode(data)
    except (ValueError, RecursionError) as e:
        raise Garbage("not JSON: " + repr(data[:60])) from e
    if not isinstance(value, dict):
        raise Garbage("no JSON object: " + repr(data[:60]))
    fields = cast(_Json, value)
    if error := fields.get("error"):
        said = cast(_Json, error).get("message") if isinstance(error, dict) else error
        raise TierError("error_body", f"the upstream reported: {str(said)[:200]}")
    return fields


def _list(value: Any) -> list[_Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Garbage("a list was expected")
    entries = cast(list[Any], value)
    if not all(isinstance(entry, dict) for entry in entries):
        raise Garbage("a list of objects was expected")
    return entries


def _arguments(text: str, limits: CallLimits) -> _Json | None:
    """Return a call's arguments, or None for what nobody must be sent."""
    if len(text) > limits.args_bytes or _depth(text) > limits.args_depth:
        return None
    try:
        value = json.loads(text or "{}")
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return cast(_Json, value) if isinstance(value, dict) else None


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _count(value: Any) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return min(max(value, 0), 10**9) if is_count else 0


def _apology(dropped: list[str]) -> str:
    return f"(Not done: {'; '.join(dropped)}.)"
