"""HTTP in: OpenAI's chat completions for programs, and what operators look at."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from cloud_proxy import admin, http_reply
from cloud_proxy.admission import Admission
from cloud_proxy.config import Http
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.errors import UserError
from cloud_proxy.fast_json import encode
from cloud_proxy.http_exchange import Limits, Request, Response, TooLarge, TooSlow
from cloud_proxy.http_reply import STATUS, Pieces, error
from cloud_proxy.http_request import ApiRequest, Invalid, ids, parse
from cloud_proxy.http_server import Server
from cloud_proxy.keys import Keys
from cloud_proxy.reply import Reply
from cloud_proxy.tiers.base import Completion

Handler = Callable[[Request], Awaitable[Response | None]]

_WITHOUT_KEY = "http"  # the name of those who ask where no keys are needed
_PAGE = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus's


class HttpApi:
    """The server. is_ready: whether requests are answered; metrics: the page for Prometheus.

    operators: answers what is under admin.PATH.
    """

    def __init__(
        self,
        config: Http,
        dispatcher: Dispatcher,
        is_ready: Callable[[], bool],
        metrics: Callable[[], bytes],
        operators: Callable[[Keys | None], admin.Admin],
    ) -> None:
        """Raises UserError if the file of keys cannot be read, or is missing where it must be."""
        self._config = config
        self._dispatcher = dispatcher
        self._is_ready = is_ready
        self._metrics = metrics
        self._keys = Keys(config.keys_file) if config.keys_file else None
        self._admin = operators(self._keys)
        self._admission = Admission(config.max_inflight, config.max_inflight_per_device)
        self._ids = ids()
        self._paths: dict[str, tuple[str, Handler]] = {
            "/v1/chat/completions": ("POST", self._guarded(self._chat)),
            "/v1/models": ("GET", self._guarded(self._models)),
            "/health": ("GET", self._health),
            "/ready": ("GET", self._ready),
            "/metrics": ("GET", self._show_metrics),
        }
        limits = Limits(
            config.max_connections,
            config.max_body_bytes,
            config.request_timeout_s,
            config.idle_timeout_s,
        )
        self._server = Server(self._handle, limits)
        host, _, port = config.listen.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        if self._keys is None and self._host not in ("127.0.0.1", "::1", "localhost"):
            raise UserError(
                f"everybody who reaches {config.listen} could ask",
                "[http] listens on more than this machine and names no keys_file",
                "limpet-proxy key NAME --keys keys.txt, and set keys_file = 'keys.txt'",
            )

    async def open(self) -> str:
        """Start to serve and return the address. Raises UserError if the port cannot be had."""
        try:
            address = await self._server.open(self._host, self._port)
        except OSError as e:
            what = f"{self._config.listen} cannot be listened on"
            raise UserError(what, str(e), "choose another [http] listen") from e
        self._admission.closed = False
        return address

    def serve(self, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
        """Guard the connections, in a task of this group that is to be cancelled at the end."""
        return tasks.create_task(self._server.guard(), name="http.guard")

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, and end those under way: by themselves, else as an error."""
        self._admission.closed = True
        await self._server.drain(timeout_s)

    async def _handle(self, request: Request) -> Response | None:
        try:
            return await self._find(request)
        except TooLarge:
            most = self._config.max_body_bytes
            return _failure("too_large", f"a body of over {most} bytes")
        except TooSlow:
            return _failure("too_slow", "the body did not come in time")

    async def _find(self, request: Request) -> Response | None:
        method, handler = self._paths.get(request.path, ("", None))
        if handler is None:
            if request.path.startswith(admin.PATH):
                return await self._operate(request)
            return _failure("not_found", f"there is no {request.path[:80]}")
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            return _failure("method", f"{request.path} takes {method}", headers={"allow": method})
        return await handler(request)

    def _guarded(self, handler: Callable[[Request, str], Awaitable[Response | None]]) -> Handler:
        """Return the handler with key, admission and errors around it."""

        async def guarded(request: Request) -> Response | None:
            device = self._who(request)
            if device is None:
                return _failure("unauthorized", "no such key")
            no_room = self._admission.enter(device)
            if no_room:
                return _failure("busy", no_room)
            try:
                return await handler(request, device)
            except Invalid as e:
                return _failure("invalid", str(e), e.field)
            finally:
                self._admission.leave(device)

        return guarded

    async def _operate(self, request: Request) -> Response:
        key, query = request.headers.get("authorization", ""), dict(parse_qsl(request.query))
        ask = self._admin.answer
        status, body = await ask(request.method, request.path, query, key, request.body)
        return _json(body, status)

    def _who(self, request: Request) -> str | None:
        if self._keys is None:
            return _WITHOUT_KEY
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        return self._keys.name(key.strip()) if kind.lower() == "bearer" else None

    async def _chat(self, request: Request, device: str) -> Response | None:
        now_s = asyncio.get_running_loop().time()
        if encoding := request.headers.get("content-encoding"):
            return _failure("encoded", f"a body is taken as it is, not in {encoding[:80]}")
        asked = parse(await request.body(), device, next(self._ids), now_s, self._config.ttl_s)
        if not self._dispatcher.knows(asked.request.model):
            return _failure("not_found", f"no tier and no model is called {asked.request.model}")
        if asked.stream:
            return await self._streamed(request, asked)
        reply = await self._dispatcher.answer(asked.request, _nowhere)
        if reply.completion is None:
            return _failed(reply)
        return Response(http_reply.whole(asked.request, reply, reply.completion))

    async def _streamed(self, request: Request, asked: ApiRequest) -> Response | None:
        """Answer in pieces; what fails before the first one is a plain error with its status."""
        waiting: list[str] = []
        change = asyncio.Event()

        def sink(text: str) -> None:
            waiting.append(text)
            change.set()

        answering = asyncio.create_task(self._dispatcher.answer(asked.request, sink))
        answering.add_done_callback(lambda _: change.set())
        pieces = Pieces(asked.request)
        try:
            while True:
                await change.wait()
                change.clear()
                if waiting:
                    text = "".join(waiting)
                    waiting.clear()
                    if not request.begun:
                        request.begin("text/event-stream")
                    await request.write(pieces.text(text))
                if answering.done() and not waiting:
                    break
            reply = answering.result()
            if reply.completion is None and not request.begun:
                return _failed(reply)
            if not request.begun:
                request.begin("text/event-stream")
            await request.write(_last(pieces, reply, reply.completion, asked.with_usage))
            return None
        finally:
            answering.cancel()  # when the client has gone: that stops the upstream
            await asyncio.wait([answering])

    async def _models(self, _: Request, __: str) -> Response | None:
        names = ["auto", *self._dispatcher.names()]
        data = [{"id": n, "object": "model", "created": 0, "owned_by": "limpet"} for n in names]
        return _json({"object": "list", "data": data})

    async def _health(self, _: Request) -> Response:
        return _json({"status": "ok"})

    async def _ready(self, _: Request) -> Response:
        ready = self._is_ready() and not self._admission.closed
        return _json({"ready": ready}, 200 if ready else 503)

    async def _show_metrics(self, _: Request) -> Response:
        return Response(self._metrics(), kind=_PAGE)


def _nowhere(_: str) -> None:
    """Pieces of an answer that is wanted whole."""


def _last(pieces: Pieces, reply: Reply, completion: Completion | None, with_usage: bool) -> bytes:
    if completion is None:
        return pieces.failed(reply)
    return pieces.last(reply, completion, with_usage)


def _failed(reply: Reply) -> Response:
    body = {**error(reply.code, reply.why), "limpet": reply.use}
    headers = {"retry-after": "1"} if reply.code == "busy" else {}
    return _json(body, STATUS[reply.code][0], headers)


def _failure(
    code: str, why: str, field: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    return _json(error(code, why, field), STATUS[code][0], headers)


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers=headers or {})
