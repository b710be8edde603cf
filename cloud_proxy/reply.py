"""Replies in the shape of the wire, each small enough for a board."""

import re
from typing import Any, NamedTuple

from cloud_proxy import bodies
from cloud_proxy.tiers.base import Completion
from firmware import wire

MAX_DELTA = 500  # characters; even escaped, six bytes each, they fit
_MAX_WHY = 300  # characters

Json = dict[str, Any]


class Reply(NamedTuple):
    """How a request ended: with a completion, or with one of the wire's error codes.

    why: what went wrong, or why that tier answered.
    """

    completion: Completion | None = None
    code: str = ""
    why: str = ""
    use: Json | None = None


def delta(request_id: str, number: int, text: str) -> bytes:
    """Return a piece of text of at most MAX_DELTA characters as a message."""
    return bodies.encode({"id": request_id, "n": number, "d": text[:MAX_DELTA]})


def failure(request_id: str, code: str, why: str, use: Json | None = None) -> bytes:
    """Return the last message of a request that failed; code is one of the wire's."""
    message: Json = {"id": request_id, "fin": True, "err": code, "why": why[:_MAX_WHY]}
    if use:
        message["use"] = use
    return bodies.encode(message)


def final(request_id: str, reply: Reply) -> bytes:
    """Return the last message of a request, at most wire.MAX_IN bytes.

    Text gives way first. Calls are never cut: if they alone are too large, the request has failed.
    """
    completion = reply.completion
    if completion is None:
        return failure(request_id, reply.code, reply.why, reply.use)
    say = _clip(completion.say, wire.MAX_TEXT)
    if not completion.template:
        say = re.sub(r"\{(?=\d)", "{ ", say)  # the board must not take it for a reference
    message: Json = {
        "id": request_id,
        "fin": True,
        "say": say,
        "calls": [{"tool": call.tool, "args": call.args} for call in completion.calls],
        "end": completion.end,
    }
    if reply.use:
        message["use"] = reply.use
    body = bodies.encode(message)
    while len(body) > wire.MAX_IN and say:
        # a character is 1 to 12 bytes (an escaped pair): go down by what is certainly too much
        say = _clip(say, len(say) - max(8, (len(body) - wire.MAX_IN) // 12))
        message["say"] = say
        body = bodies.encode(message)
    if len(body) > wire.MAX_IN:
        why = f"the tool calls do not fit into {wire.MAX_IN} bytes"
        return failure(request_id, "upstream", why, reply.use)
    return body


def _clip(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if most > 1 else ""
