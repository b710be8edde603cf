"""Answers in the shape of OpenAI's chat completions: whole, in pieces, and errors."""

import time
from typing import Any

from cloud_proxy.fast_json import encode
from cloud_proxy.reply import Reply
from cloud_proxy.request import Request
from cloud_proxy.tiers.base import Call, Completion

# The wire's codes as HTTP: (status, OpenAI's type of error). 402 and not 429 for a budget, because
# clients repeat a 429 by themselves.
STATUS = {
    "busy": (503, "server_error"),
    "budget": (402, "insufficient_quota"),
    "expired": (504, "timeout"),
    "refused": (422, "invalid_request_error"),
    "upstream": (502, "server_error"),
    "invalid": (400, "invalid_request_error"),
    "unauthorized": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "not_found": (404, "invalid_request_error"),
    "method": (405, "invalid_request_error"),
    "too_large": (413, "invalid_request_error"),
    "too_slow": (408, "invalid_request_error"),
    "encoded": (415, "invalid_request_error"),
    "failed": (500, "server_error"),
}
DONE = b"data: [DONE]\n\n"

Json = dict[str, Any]


def whole(request: Request, reply: Reply, completion: Completion) -> bytes:
    """Return an answer as one JSON body."""
    message: Json = {"role": "assistant", "content": _content(completion)}
    if completion.calls:
        message["tool_calls"] = [_call(request, n, c) for n, c in enumerate(completion.calls)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(completion)}
    body = _frame(request, reply, "chat.completion")
    body["choices"] = [choice]
    body["usage"] = usage(reply)
    body["limpet"] = {**(reply.use or {}), "why": reply.why}
    return encode(body)


class Pieces:
    """An answer as server-sent events: text as it comes, the rest at the end."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._first = True
        self._text = ""
        frame = _frame(request, None, "chat.completion.chunk")
        self._head = b"data: " + encode(frame)[:-1] + b',"choices":[{"index":0,"delta":'

    def text(self, piece: str) -> bytes:
        """Return a piece of text as an event."""
        self._text += piece
        return self._delta({"content": piece})

    def last(self, reply: Reply, completion: Completion, with_usage: bool) -> bytes:
        """Return what is left of an answer: text not streamed yet, calls, the reason it ends."""
        out = b""
        content = _content(completion) or ""
        if rest := content.removeprefix(self._text):
            out += self._delta({"content": rest})
        for number, call in enumerate(completion.calls):
            made = {"index": number, **_call(self._request, number, call)}
            out += self._delta({"tool_calls": [made]})
        out += self._delta({}, _finish(completion))
        tail: Json = {"limpet": {**(reply.use or {}), "why": reply.why}}
        if with_usage:
            tail["usage"] = usage(reply)
            tail["choices"] = []
            frame = _frame(self._request, reply, "chat.completion.chunk")
            out += b"data: " + encode({**frame, **tail}) + b"\n\n"
        return out + DONE

    def failed(self, reply: Reply) -> bytes:
        """Return the event that ends a stream which broke off, with what it used so far."""
        body = {**error(reply.code, reply.why), "usage": usage(reply), "limpet": reply.use}
        return b"data: " + encode(body) + b"\n\n"

    def _delta(self, delta: Json, finish: str | None = None) -> bytes:
        if self._first:
            delta = {"role": "assistant", **delta}
            self._first = False
        return b'%b%b,"finish_reason":%b}]}\n\n' % (self._head, encode(delta), encode(finish))


def error(code: str, why: str, field: str | None = None) -> Json:
    """Return an error as a body."""
    return {"error": {"message": why, "type": STATUS[code][1], "code": code, "param": field}}


def usage(reply: Reply) -> Json:
    """Return the tokens of all attempts; cached ones as the one that answered counted them."""
    use = reply.use or {}
    fresh, out = use.get("in", 0), use.get("out", 0)
    cached = reply.completion.usage.cached if reply.completion else 0
    return {
        "prompt_tokens": fresh,
        "completion_tokens": out,
        "total_tokens": fresh + out,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _frame(request: Request, reply: Reply | None, kind: str) -> Json:
    model = str((reply.use or {}).get("model", "")) if reply else ""
    return {
        "id": "chatcmpl-" + request.id,
        "object": kind,
        "created": int(time.time()),
        "model": model or request.model or "auto",
    }


def _content(completion: Completion) -> str | None:
    # A template is a board's to fill in; a program gets the calls and asks again.
    return None if completion.template and completion.calls else completion.say or None


def _call(request: Request, number: int, call: Call) -> Json:
    function = {"name": call.tool, "arguments": encode(call.args).decode()}
    return {"id": f"call_{request.id}_{number}", "type": "function", "function": function}


def _finish(completion: Completion) -> str:
    if completion.calls:
        return "tool_calls"
    return "length" if completion.cut_short else "stop"
