"""A language model behind OpenAI's chat completions, for the proxy to route to.

One model, whole in memory as float32. Requests wait their turn in a bounded line; each is
written token by token and stops when its client is gone. Conversations are ChatML where the
model knows its marks.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .generate import Writer
from .sources import Source

_OPEN, _CLOSE = "<|im_start|>", "<|im_end|>"
_BODY_LIMIT = 1_000_000  # bytes of a request


class Refused(ValueError):
    """The request cannot be answered; the text says why, `status` is HTTP's."""

    def __init__(self, why: str, status: int = 400) -> None:
        """Keep both."""
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that was understood. limit: tokens to write at most."""

    prompt: list[int]
    limit: int
    temperature: float
    seed: int | None
    stream: bool
    usage: bool


class Model:
    """The model with its tokenizer: requests to tokens, tokens to text."""

    def __init__(self, source: Source, limit: int) -> None:
        """Load everything. limit: tokens an answer has at most."""
        self.name, self.limit = source.about, limit
        self.tokenizer, self.writer = source.tokenizer(), Writer(source)
        self._chatml = self.tokenizer.token_to_id(_OPEN) is not None

    def parse(self, body: Any) -> Ask:
        """Return the request in a JSON body. Raises Refused."""
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            raise Refused("messages must be a list")
        if body.get("tools"):
            raise Refused("this model calls no tools")
        wanted = body.get("max_completion_tokens") or body.get("max_tokens") or self.limit
        temperature, seed = body.get("temperature", 0.0) or 0.0, body.get("seed")
        if not isinstance(wanted, int) or wanted < 1:
            raise Refused("max_tokens must be a whole number above 0")
        if not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
            raise Refused("temperature must be 0..2")
        if seed is not None and not isinstance(seed, int):
            raise Refused("seed must be a whole number")
        prompt = self.tokenizer.encode(self._text(body["messages"])).ids
        room = self.writer.config.context - len(prompt)
        if room < 1:
            raise Refused(f"{len(prompt)} tokens are more than the model reads")
        options = body.get("stream_options")
        usage = isinstance(options, dict) and bool(options.get("include_usage"))
        limit = min(wanted, self.limit, room)
        return Ask(prompt, limit, float(temperature), seed, bool(body.get("stream")), usage)

    def _text(self, messages: list[Any]) -> str:
        said: list[tuple[str, str]] = []
        for message in messages:
            content = message.get("content") if isinstance(message, dict) else None
            if isinstance(content, list):
                content = "".join(str(p.get("text", "")) for p in content if isinstance(p, dict))
            if not isinstance(content, str) or not isinstance(message.get("role"), str):
                raise Refused("a message has a role and a text")
            for mark in (_OPEN, _CLOSE):  # nobody may speak for another
                content = content.replace(mark, "")
            said.append((message["role"], content))
        if not said:
            raise Refused("messages must not be empty")
        if self._chatml:
            turns = [f"{_OPEN}{role}\n{content}{_CLOSE}\n" for role, content in said]
            return "".join(turns) + f"{_OPEN}assistant\n"
        return "".join(f"{role}: {content}\n" for role, content in said) + "assistant:"

    def pieces(self, ask: Ask, gone: Callable[[], bool]) -> Iterator[tuple[str, int]]:
        """Yield new text and how many tokens were written so far, until done or `gone`."""
        written: list[int] = []
        shown = ""
        for token in self.writer.write(ask.prompt, ask.limit, ask.temperature, ask.seed):
            written.append(token)
            text = self.tokenizer.decode(written)
            if not text.endswith("\ufffd"):  # half a character waits for its other half
                yield text[len(shown) :], len(written)
                shown = text
            if gone():
                return
        yield self.tokenizer.decode(written)[len(shown) :], len(written)


class Server:
    """The HTTP side. waiting: requests that may wait for their turn; more are refused with 429."""

    def __init__(self, model: Model, waiting: int = 8) -> None:
        """Answer nothing yet; `app` is what aiohttp runs."""
        self._model, self._room = model, waiting + 1
        self._turn, self._inside = asyncio.Lock(), 0
        self._numbers = itertools.count(1)
        self.app = web.Application(client_max_size=_BODY_LIMIT)
        self.app.router.add_post("/v1/chat/completions", self._chat)
        self.app.router.add_get("/v1/models", self._models)
        self.app.router.add_get("/health", self._health)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "waiting": self._inside})

    async def _models(self, request: web.Request) -> web.Response:
        entry = {"id": self._model.name, "object": "model", "owned_by": "limpet"}
        return web.json_response({"object": "list", "data": [entry]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            ask = self._model.parse(json.loads(await request.text()))
            if self._inside >= self._room:
                raise Refused("too many requests are waiting", 429)
        except (ValueError, RecursionError) as e:
            status = e.status if isinstance(e, Refused) else 400
            body = {"error": {"message": str(e), "type": "invalid_request_error"}}
            return web.json_response(body, status=status)
        self._inside += 1
        try:
            async with self._turn:
                return await (self._streamed(request, ask) if ask.stream else self._whole(ask))
        finally:
            self._inside -= 1

    async def _whole(self, ask: Ask) -> web.Response:
        text, count = "", 0
        async for piece, count in self._pieces(ask):  # noqa: B007
            text += piece
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": _reason(ask, count),
        }
        head = self._head("chat.completion")
        return web.json_response({**head, "choices": [choice], "usage": _usage(ask, count)})

    async def _streamed(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        head, count = self._head("chat.completion.chunk"), 0

        async def send(content: dict[str, Any] | str) -> None:
            text = content if isinstance(content, str) else json.dumps({**head, **content})
            await response.write(f"data: {text}\n\n".encode())

        def choice(delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
            return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

        await send(choice({"role": "assistant", "content": ""}))
        async for piece, count in self._pieces(ask):  # noqa: B007
            if piece:
                await send(choice({"content": piece}))
        await send(choice({}, _reason(ask, count)))
        if ask.usage:
            await send({"choices": [], "usage": _usage(ask, count)})
        await send("[DONE]")
        return response

    async def _pieces(self, ask: Ask) -> AsyncIterator[tuple[str, int]]:
        """Yield what a thread writes; the thread ends soon after nobody listens any more."""
        gone, loop = threading.Event(), asyncio.get_running_loop()
        pieces = self._model.pieces(ask, gone.is_set)
        try:
            while True:
                piece = await loop.run_in_executor(None, next, pieces, None)
                if piece is None:
                    return
                yield piece
        finally:
            gone.set()

    def _head(self, kind: str) -> dict[str, Any]:
        number = next(self._numbers)
        made = {"object": kind, "created": int(time.time()), "model": self._model.name}
        return {"id": f"chatcmpl-{number}", **made}


def _reason(ask: Ask, count: int) -> str:
    return "length" if count >= ask.limit else "stop"


def _usage(ask: Ask, count: int) -> dict[str, int]:
    read = len(ask.prompt)
    return {"prompt_tokens": read, "completion_tokens": count, "total_tokens": read + count}


def run(model: Model, host: str, port: int, waiting: int) -> None:
    """Serve until SIGTERM or Ctrl-C. Says `ready` on stdout with the address."""
    server = Server(model, waiting)

    async def told(app: web.Application) -> None:
        print(f"ready http://{host}:{port}/v1 {model.name}", flush=True)

    server.app.on_startup.append(told)
    web.run_app(server.app, host=host, port=port, print=None)
