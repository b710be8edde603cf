"""The way in: a small HTTP/1.1 server, for few paths and many requests; llhttp does the grammar.

Strangers reach it. So what a client may have us keep is bounded, and so is how long it may take
over anything.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from cloud_proxy.fast_json import encode
from cloud_proxy.http_exchange import Limits, Request, Response
from cloud_proxy.http_reply import error

log = logging.getLogger("limpet.http")

_LOOK_EVERY_S = 0.5
_FAREWELL_S = 1.0  # for the last answers to leave
_MAX_HEAD_BYTES = 32_768  # and of whatever else is no body
_MOST_AHEAD = 32  # requests that were sent before the answer to the first one
_LINGER_S = 2.0  # what a client still sends after its last answer is read for that long

Handler = Callable[[Request], Awaitable[Response | None]]  # None: the answer went out in pieces


class Server:
    """Hands each request to a handler. A connection's requests are answered in their order."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> str:
        """Listen; return the address. Raises OSError if the port cannot be had."""
        loop = asyncio.get_running_loop()

        def accept() -> Connection:
            return Connection(loop, self._handler, self._limits, self._connections)

        self._server = await loop.create_server(accept, host, port)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def guard(self) -> None:
        """Close what says nothing, or too slowly, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = clock()
            waiting: list[Connection] = []
            for connection in tuple(self._connections):
                if connection.is_late(now_s):
                    connection.abort()
                elif connection.waits:
                    waiting.append(connection)
            excess = max(0, len(self._connections) - self._limits.connections)
            for connection in sorted(waiting, key=lambda one: one.since_s)[:excess]:
                connection.abort()

    async def drain(self, timeout_s: float) -> None:
        """Wait for the answers under way, then break off the others, and listen no more."""
        tasks = {one.task for one in self._connections if one.task}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()
        if self._connections:
            closed = [connection.closed for connection in self._connections]
            await asyncio.wait(closed, timeout=_FAREWELL_S)
        for connection in tuple(self._connections):
            connection.abort()


class Connection(asyncio.Protocol):
    """A client's connection; one of `siblings` while it is open, and `Server` guards those."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: Handler,
        limits: Limits,
        siblings: set["Connection"],
    ) -> None:
        self.limits = limits
        self.task: asyncio.Task[None] | None = None  # that answers the first of the requests
        self._handler = handler
        self._siblings = siblings
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._requests: deque[Request] = deque()  # whose heads are there; the first is answered
        self._coming: Request | None = None
        self._head_bytes = 0
        self._ends = False  # no request is taken any more
        self._is_fresh = True  # no request was answered yet
        self._is_full = False  # what we wrote waits
        self._drained: asyncio.Future[None] | None = None
        self.since_s = self._loop.time()  # when it began to wait, for whatever it waits for
        self.closed = self._loop.create_future()

    # -- for the server ------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Return whether it is the client's turn to say something."""
        return self.task is None

    def is_late(self, now_s: float) -> bool:
        """Return whether the client took too long."""
        limits = self.limits
        if self._ends and self.waits:
            patience_s = _LINGER_S
        elif self.waits:
            patience_s = limits.request_s if self._is_fresh or self._coming else limits.idle_s
        elif self._is_full:
            patience_s = limits.idle_s
        else:
            return False
        return now_s - self.since_s > patience_s

    def close(self) -> None:
        """Close it when what was written has left."""
        self._ends = True
        self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._ends = True
        self._transport.abort()

    # -- for a request -------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send something."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client has read most of it."""
        if self._is_full:
            self._drained = self._loop.create_future()
            await self._drained

    # -- for the event loop --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own are no subclass
        self._siblings.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the answer: nobody would get it."""
        self._ends = True
        self._siblings.discard(self)
        self.closed.set_result(None)
        if self.task:
            self.task.cancel()

    def pause_writing(self) -> None:
        """Have the handler wait."""
        self._is_full = True
        self.since_s = self._loop.time()

    def resume_writing(self) -> None:
        """Let the handler go on."""
        self._is_full = False
        if self._drained and not self._drained.done():
            self._drained.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Parse what came; what comes after the last request is dropped."""
        if self._ends:
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as e:
            self._ignore_upgrade(data[e.args[0] :])
            return
        except httptools.HttpParserError as e:
            self._refuse(400, str(e)[:100] or "not HTTP")
            return
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._refuse(431, f"a head of over {_MAX_HEAD_BYTES} bytes")
        elif len(self._requests) > _MOST_AHEAD:
            self._refuse(400, f"over {_MOST_AHEAD} requests at once")
        elif len(self._requests) > 1:
            self._transport.pause_reading()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read a request again without its wish for a protocol that we do not speak.

        The parser leaves the body to that protocol; some clients wish for one with every request.
        """
        assert self._coming
        if self._coming.method == "CONNECT":
            self._refuse(400, "this is no proxy for others")
        else:
            self._parser = httptools.HttpRequestParser(self)
            self.data_received(self._coming.plain_head() + rest)

    # -- for the parser ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._coming = Request(self)
        if self.waits:
            self.since_s = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """Keep a piece of what is asked for."""
        assert self._coming
        self._coming.take_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; those of a trailer are none of our business."""
        assert self._coming
        if self._coming.method:
            return
        headers, key = self._coming.headers, name.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """Answer the request, or let it wait for its turn."""
        request = self._coming
        assert request
        self._head_bytes = 0
        request.take_head(self._parser)
        if self._parser.should_upgrade():
            return
        self._requests.append(request)
        if self.task is None:
            self.task = self._loop.create_task(self._answer(request))

    def on_body(self, piece: bytes) -> None:
        """Hand on a piece."""
        assert self._coming
        self._head_bytes = 0
        self._coming.take(piece)

    def on_message_complete(self) -> None:
        """Hand on that it was all."""
        assert self._coming
        if not self._parser.should_upgrade():
            self._coming.end()
            self._coming = None

    # -- answers -------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:
            log.exception("a request for %s failed", request.path[:80])
            if request.begun:
                self.abort()  # so that what is there is not taken for the whole
                return
            response = _error(500, "failed", "the proxy failed")
        self._requests.popleft()
        stays = request.answer(response)
        self.task = None
        self._is_fresh = False
        self.since_s = self._loop.time()
        if not stays:
            self._say_goodbye()
            return
        if len(self._requests) < 2:
            self._transport.resume_reading()
        if self._requests:
            self.task = self._loop.create_task(self._answer(self._requests[0]))

    def _refuse(self, status: int, why: str) -> None:
        """Tell what cannot be understood so, unless an answer is under way that it would spoil."""
        if self.task:
            self.abort()
        else:
            Request(self).answer(_error(status, "invalid", why))
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        """Take nothing more. Closing at once could destroy the answer on its way.

        That is what happens when a client has sent what nobody read; so it is read and dropped.
        """
        self._ends = True
        self._requests.clear()
        self.since_s = self._loop.time()
        if self._coming and self._transport.can_write_eof():
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._transport.close()


def _error(status: int, code: str, why: str) -> Response:
    return Response(encode(error(code, why)), status)
