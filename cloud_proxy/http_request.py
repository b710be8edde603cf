"""A program's request over HTTP: OpenAI's chat completions, checked, in our own terms."""

import itertools
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from cloud_proxy.catalogue import Catalogue
from cloud_proxy.fast_json import decode
from cloud_proxy.metering import estimate_tokens, most_tokens
from cloud_proxy.request import Request
from cloud_proxy.talk import PROGRAM, CallLimits, ChatMessage

MAX_DEPTH = 64
MAX_MESSAGES = 2000
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_PASSED_ON = (
    *("temperature", "top_p", "stop", "seed", "tool_choice", "parallel_tool_calls"),
    *("response_format", "presence_penalty", "frequency_penalty", "reasoning_effort"),
)
_MAX_TTL_S = 600.0
_PART_TOKENS = 4096  # of a part that is no text: a picture's address is shorter than its tokens

_Json = dict[str, Any]


class Invalid(ValueError):
    """A body that is no request; the text says why, and `field` where."""

    def __init__(self, why: str, field: str | None = None) -> None:
        super().__init__(why)
        self.field = field


class ApiTalk(NamedTuple):
    """A conversation in OpenAI's shape, handed on as it came."""

    messages: list[ChatMessage]
    tools: Catalogue | None
    options: Mapping[str, Any]
    tokens: int
    most_tokens: int

    @property
    def limits(self) -> CallLimits:
        """Return what a program can take."""
        return PROGRAM

    @property
    def memory(self) -> Mapping[str, str]:
        """Return nothing: a program keeps its own."""
        return {}

    @property
    def sentence(self) -> str:
        """Return the last words of a user, or ""."""
        for message in reversed(self.messages):
            if message["role"] == "user":
                return _words(message.get("content"))
        return ""

    @property
    def results(self) -> list[Any] | None:
        """Return what the tools gave back, if that is what is to be answered."""
        results: list[Any] = []
        for message in reversed(self.messages):
            if message["role"] != "tool":
                break
            results.insert(0, _result(_words(message.get("content"))))
        return results or None

    def chat(self) -> list[ChatMessage]:
        """Return the conversation."""
        return self.messages


class ApiRequest(NamedTuple):
    """A request, and in which shape it is to be answered."""

    request: Request
    stream: bool
    with_usage: bool  # as the last piece of a stream


def ids() -> Iterator[str]:
    """Return ids for requests that no others have, be it over restarts or proxies."""
    return map(f"h{os.urandom(8).hex()}-{{:x}}".format, itertools.count())


def parse(payload: bytes, device: str, request_id: str, now_s: float, ttl_s: float) -> ApiRequest:
    """Return the request in a body. Raises Invalid."""
    body = _decode(payload)
    messages = _messages(body.get("messages"))
    if body.get("n", 1) != 1:
        raise Invalid("one answer is all there is: n must be 1", "n")
    wishes = _typed(body, "limpet", dict, {})
    stream = _typed(body, "stream", bool, False)
    stream_options = _typed(body, "stream_options", dict, {})
    tokens = body.get("max_completion_tokens", body.get("max_tokens"))
    if tokens is not None and not (_is_int(tokens) and tokens >= 1):
        raise Invalid("a number of tokens, at least 1", "max_tokens")
    talk = ApiTalk(
        messages=messages,
        tools=_tools(body.get("tools")),
        options={name: body[name] for name in _PASSED_ON if body.get(name) is not None},
        tokens=estimate_tokens(len(payload)),
        most_tokens=most_tokens(len(payload), len(messages)) + _PART_TOKENS * _pictures(messages),
    )
    request = Request(
        device=device,
        id=request_id,
        retry=0,
        arrived_s=now_s,
        expires_s=now_s + min(ttl_s, _MAX_TTL_S),
        talk=talk,
        slo_ms=_number(wishes, "slo_ms"),
        private=_typed(wishes, "private", bool, False),
        can_wait=_typed(wishes, "wait", bool, False),
        max_ud=_number(wishes, "max_ud"),
        max_output_tokens=tokens,
        whole=not stream,
        model=_typed(body, "model", str, ""),
    )
    return ApiRequest(request, stream, bool(stream_options.get("include_usage")))


def _decode(payload: bytes) -> _Json:
    if payload.count(b"[") + payload.count(b"{") > MAX_DEPTH and _depth(payload) > MAX_DEPTH:
        raise Invalid(f"nested deeper than {MAX_DEPTH}")
    try:
        body = decode(payload)
    except (ValueError, RecursionError) as e:
        raise Invalid("not JSON") from e
    if not isinstance(body, dict):
        raise Invalid("not a JSON object")
    return cast(_Json, body)


def _depth(payload: bytes) -> int:
    """Return the deepest nesting; brackets within strings count too: a bound needs no parser."""
    deepest = depth = 0
    for byte in payload:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _messages(value: Any) -> list[ChatMessage]:
    if not isinstance(value, list) or not value:
        raise Invalid("a list of at least one message", "messages")
    entries = cast(list[Any], value)
    if len(entries) > MAX_MESSAGES:
        raise Invalid(f"at most {MAX_MESSAGES} messages", "messages")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or cast(_Json, entry).get("role") not in _ROLES:
            raise Invalid("a message needs one of the known roles", f"messages.{number}.role")
        if not isinstance(cast(_Json, entry).get("content"), str | list | None):
            raise Invalid("content is text or a list of parts", f"messages.{number}.content")
    return entries


def _pictures(messages: list[ChatMessage]) -> int:
    """Return how many parts of the messages are no text."""
    found = 0
    for message in messages:
        parts = message.get("content")
        if isinstance(parts, list):
            for part in cast(list[Any], parts):
                found += not (isinstance(part, dict) and "text" in part)
    return found


def _tools(value: Any) -> Catalogue | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise Invalid("a list of tools", "tools")
    schemas = cast(list[Any], value)
    names: list[str] = []
    for number, tool in enumerate(schemas[: PROGRAM.most + 1]):
        match tool:
            case {"type": "function", "function": {"name": str(name)}} if name:
                names.append(name)
            case _:
                raise Invalid("a tool is a function with a name", f"tools.{number}")
    if len(names) > PROGRAM.most:
        raise Invalid(f"at most {PROGRAM.most} tools", "tools")
    return Catalogue(frozenset(names), {}, tuple(schemas), 0)


def _typed(body: _Json, name: str, kind: type, default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise Invalid(f"{name} is of another type", name)
    return value


def _number(wishes: _Json, name: str) -> int | None:
    value = wishes.get(name)
    if value is not None and not (_is_int(value) and value >= 0):
        raise Invalid("a whole number, not negative", f"limpet.{name}")
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = cast(list[Any], content) if isinstance(content, list) else []
    texts = [cast(_Json, part).get("text") for part in parts if isinstance(part, dict)]
    return " ".join(text for text in texts if isinstance(text, str))


def _result(text: str) -> Any:
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
