"""HTTP in: OpenAI's chat completions for programs, and what operators look at."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from cloud_proxy import admin, http_reply
from cloud_proxy.admission import Admission
from cloud_proxy.config import Http
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.errors import UserError
from cloud_proxy.http_connections import Connections
from cloud_proxy.http_reply import STATUS, Pieces, error
from cloud_proxy.http_request import ApiRequest, Invalid, ids, parse
from cloud_proxy.keys import Keys
from cloud_proxy.reply import Reply
from cloud_proxy.tiers.base import Completion

log = logging.getLogger("limpet.http")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_JSON = "application/json"
_WITHOUT_KEY = "http"  # the name of those who ask where no keys are needed
_EVENTS = {"content-type": "text/event-stream", "cache-control": "no-cache"}


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
        self._connections = Connections(
            config.max_connections, config.request_timeout_s, config.idle_timeout_s
        )
        self._running: set[asyncio.Task[Any]] = set()
        self._ids = ids()
        self._runner: web.ServerRunner | None = None
        self._paths: dict[str, tuple[str, Handler]] = {
            "/v1/chat/completions": ("POST", self._guarded(self._chat)),
            "/v1/models": ("GET", self._guarded(self._models)),
            "/health": ("GET", self._health),
            "/ready": ("GET", self._ready),
            "/metrics": ("GET", self._show_metrics),
        }
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
        # aiohttp's low-level server: five paths need no router, which costs 30 us a request.
        server = web.Server(
            self._handle,
            request_factory=self._request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=self._config.idle_timeout_s,
        )
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port, reuse_port=False).start()
        except OSError as e:
            await runner.cleanup()
            what = f"{self._config.listen} cannot be listened on"
            raise UserError(what, str(e), "choose another [http] listen") from e
        self._runner = runner
        self._admission.closed = False
        host, port = runner.addresses[0][:2]
        return f"{host}:{port}"

    def serve(self, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
        """Guard the connections, in a task of this group that is to be cancelled at the end."""
        assert self._runner is not None and self._runner.server is not None
        guard = self._connections.guard(self._runner.server)
        return tasks.create_task(guard, name="http.guard")

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, and end those under way: by themselves, else as an error."""
        self._admission.closed = True
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=timeout_s)
            for task in late:
                task.cancel()
        if self._runner:
            await self._runner.cleanup()

    def _request(
        self,
        message: Any,
        payload: Any,
        protocol: Any,
        writer: Any,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """Make aiohttp's request, with our limit to its body."""
        loop = asyncio.get_running_loop()
        most = self._config.max_body_bytes
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=most
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        method, handler = self._paths.get(request.path, ("", None))
        if handler is None and request.path.startswith(admin.PATH):
            return await self._operate(request)
        if handler is None:
            return _failure("not_found", f"there is no {request.path[:80]}")
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            return _failure("method", f"{request.path} takes {method}", headers={"allow": method})
        return await handler(request)

    def _guarded(
        self, handler: Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
    ) -> Handler:
        """Return the handler with key, admission and errors around it."""

        async def guarded(request: web.BaseRequest) -> web.StreamResponse:
            connection = self._connections.enter(request)
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                device = self._who(request)
                if device is None:
                    return _failure("unauthorized", "no such key")
                no_room = self._admission.enter(device)
                if no_room:
                    return _failure("busy", no_room)
                try:
                    return await handler(request, device)
                finally:
                    self._admission.leave(device)
            except Invalid as e:
                return _failure("invalid", str(e), e.field)
            except web.HTTPRequestEntityTooLarge:
                most = self._config.max_body_bytes
                return _failure("too_large", f"a body of over {most} bytes")
            finally:
                self._running.discard(task)
                self._connections.leave(connection)

        return guarded

    async def _operate(self, request: web.BaseRequest) -> web.StreamResponse:
        async def read() -> bytes:
            async with asyncio.timeout(self._config.request_timeout_s):
                return await request.read()

        connection = self._connections.enter(request)
        key = request.headers.get("authorization", "")
        try:
            ask = self._admin.answer
            status, body = await ask(request.method, request.path, request.query, key, read)
            return web.json_response(body, status=status)
        except TimeoutError:
            return _failure("too_slow", "the body did not come in time")
        except web.HTTPRequestEntityTooLarge:
            return _failure("too_large", f"a body of over {self._config.max_body_bytes} bytes")
        finally:
            self._connections.leave(connection)

    def _who(self, request: web.BaseRequest) -> str | None:
        if self._keys is None:
            return _WITHOUT_KEY
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        return self._keys.name(key.strip()) if kind.lower() == "bearer" else None

    async def _chat(self, request: web.BaseRequest, device: str) -> web.StreamResponse:
        now_s = asyncio.get_running_loop().time()
        try:
            if request.content.is_eof():  # it is all there: no timer is needed
                payload = await request.read()
            else:
                async with asyncio.timeout(self._config.request_timeout_s):
                    payload = await request.read()
        except TimeoutError:
            return _failure("too_slow", "the body did not come in time")
        asked = parse(payload, device, next(self._ids), now_s, self._config.ttl_s)
        if not self._dispatcher.knows(asked.request.model):
            return _failure("not_found", f"no tier and no model is called {asked.request.model}")
        if asked.stream:
            return await self._streamed(request, asked)
        reply = await self._dispatcher.answer(asked.request, _nowhere)
        if reply.completion is None:
            return _failed(reply)
        body = http_reply.whole(asked.request, reply, reply.completion)
        return web.Response(body=body, content_type=_JSON)

    async def _streamed(self, request: web.BaseRequest, asked: ApiRequest) -> web.StreamResponse:
        """Answer in pieces; what fails before the first one is a plain error with its status."""
        waiting: list[str] = []
        change = asyncio.Event()

        def sink(text: str) -> None:
            waiting.append(text)
            change.set()

        answering = asyncio.create_task(self._dispatcher.answer(asked.request, sink))
        answering.add_done_callback(lambda _: change.set())
        pieces = Pieces(asked.request)
        response = web.StreamResponse(headers=_EVENTS)
        try:
            while True:
                await change.wait()
                change.clear()
                if waiting:
                    text = "".join(waiting)
                    waiting.clear()
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(pieces.text(text))
                if answering.done() and not waiting:
                    break
            reply = answering.result()
            if reply.completion is None and not response.prepared:
                return _failed(reply)
            if not response.prepared:
                await response.prepare(request)
            await response.write(_last(pieces, reply, reply.completion, asked.with_usage))
            await response.write_eof()
            return response
        finally:
            answering.cancel()  # when the client has gone: that stops the upstream
            await asyncio.wait([answering])

    async def _models(self, _: web.BaseRequest, __: str) -> web.StreamResponse:
        names = ["auto", *self._dispatcher.names()]
        data = [{"id": n, "object": "model", "created": 0, "owned_by": "limpet"} for n in names]
        return web.json_response({"object": "list", "data": data})

    async def _health(self, _: web.BaseRequest) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _: web.BaseRequest) -> web.Response:
        ready = self._is_ready() and not self._admission.closed
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _show_metrics(self, _: web.BaseRequest) -> web.Response:
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return web.Response(body=self._metrics(), headers={"content-type": kind})


def _nowhere(_: str) -> None:
    """Pieces of an answer that is wanted whole."""


def _last(pieces: Pieces, reply: Reply, completion: Completion | None, with_usage: bool) -> bytes:
    if completion is None:
        return pieces.failed(reply)
    return pieces.last(reply, completion, with_usage)


def _failed(reply: Reply) -> web.Response:
    body = {**error(reply.code, reply.why), "limpet": reply.use}
    headers = {"retry-after": "1"} if reply.code == "busy" else None
    return web.json_response(body, status=STATUS[reply.code][0], headers=headers)


def _failure(
    code: str, why: str, field: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    return web.json_response(error(code, why, field), status=STATUS[code][0], headers=headers)
