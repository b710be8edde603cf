"""One connection to an upstream, and the answer it is at; llhttp parses it, by way of httptools.

The upstream is not trusted: what waits to be read, and whatever is no body, is bounded, and so is
how long anything takes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

MAX_HEAD_BYTES = 65_536  # and of anything else that is no body: trailers, news that it will come
_ENOUGH_BYTES = 262_144  # read but not yet taken; then the upstream has to wait
_KEPT_S = 60.0  # an idle connection is closed after that


class NoConnection(OSError):
    """The upstream, or the proxy before it, could not be reached; it never saw the request."""


class NotInTime(NoConnection):
    """No connection came about in time."""


class BrokenOff(OSError):
    """The connection ended before the answer did."""


class NotHttp(OSError):
    """What came is no HTTP, or has a head without end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections there may be at once, and how long what may take, seconds."""

    connections: int
    connect_s: float  # a free connection included
    idle_s: float  # between two pieces of an answer
    total_s: float


class Connection(asyncio.Protocol):
    """A connection, and what has come of the answer that it is at, if it is at one.

    One timer watches over it as long as it is open: arming one for each request would cost more
    than parsing does.
    """

    def __init__(self, limits: Limits, forget: Callable[["Connection"], None]) -> None:
        self._limits = limits
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._changed: asyncio.Future[None] | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._other_bytes = 0  # since the last piece of a body
        self._paused = False
        self._error: OSError | None = None
        self._busy = False  # with a request
        self._stays = False  # after it
        self._began_s = self._heard_s = self._loop.time()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_whole = False

    # -- for the client ------------------------------------------------------------------------

    def send(self, request: bytes) -> None:
        """Begin with a request."""
        if self._error:
            raise self._error
        self._busy, self.is_whole, self.status = True, False, 0
        self.headers = {}
        self._body_bytes = self._other_bytes = 0
        self._began_s = self._heard_s = self._loop.time()
        self._transport.write(request)

    async def change(self) -> None:
        """Wait until something has come. Raises what went wrong, once all that came is taken."""
        if self._error:
            raise self._error
        self._changed = self._loop.create_future()
        try:
            await self._changed
        finally:
            self._changed = None

    @property
    def has_body(self) -> bool:
        """Return whether there is something to take."""
        return bool(self._body)

    def take(self) -> bytes:
        """Return what has come of the body."""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._body_bytes = 0
        if self._paused:
            self._paused = False
            self._heard_s = self._loop.time()
            self._transport.resume_reading()
        return data

    def rest(self) -> bool:
        """Be idle; return whether it can be used again, else it is closed."""
        self._busy = False
        self._body.clear()
        if self.is_whole and self._stays and not self._error:
            self._heard_s = self._loop.time()
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Close it at once."""
        self._fail(BrokenOff("closed"))

    def _fail(self, error: OSError) -> None:
        self._error = self._error or error
        self._transport.abort()
        self._tell()

    def _tell(self) -> None:
        if self._changed and not self._changed.done():
            self._changed.set_result(None)

    def _watch(self) -> None:
        """Look whether something takes too long, and again when it would next."""
        if self._error:
            return
        now_s, limits = self._loop.time(), self._limits
        if not self._busy:
            due_s = self._heard_s + _KEPT_S
        elif self._paused:
            due_s = self._began_s + limits.total_s
        else:
            due_s = min(self._heard_s + limits.idle_s, self._began_s + limits.total_s)
        if due_s <= now_s:
            self._fail(TimeoutError())
        else:
            # not later than a request that begins right now could be due
            latest_s = now_s + min(limits.idle_s, limits.total_s)
            self._timer = self._loop.call_at(min(due_s, latest_s), self._watch)

    # -- for the event loop --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what we write to."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own are no subclass
        self._timer = self._loop.call_soon(self._watch)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._heard_s = self._loop.time()
        if not self._busy:  # nobody asked
            self.abort()
            return
        self._other_bytes += len(data)
        try:
            self._parser.feed_data(data)
            if self._other_bytes > MAX_HEAD_BYTES:
                self._fail(NotHttp(f"{MAX_HEAD_BYTES} bytes without a body"))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as e:
            self._fail(NotHttp(str(e)[:100] or type(e).__name__))
        self._tell()

    def eof_received(self) -> None:
        """Be out of use at once, not when the connection is closed."""
        if not self._busy:
            self._forget(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer: rightly, if nothing but this says where it ends."""
        self._timer.cancel()
        endless = not {"content-length", "transfer-encoding"} & self.headers.keys()
        if self.status and endless and exc is None and not self._error:
            self.is_whole = True
        self._error = self._error or BrokenOff(str(exc or "the upstream hung up"))
        self._forget(self)
        self._tell()

    # -- for the parser ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Take no second answer."""
        if self.is_whole:
            raise NotHttp("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head or of the trailer."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Let the answer begin, unless it is only the news that it will."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
        else:
            self.status = status
            self._stays = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Keep a piece; if too much waits already, let the upstream wait."""
        self._body.append(body)
        self._other_bytes = 0
        self._body_bytes += len(body)
        if self._body_bytes > _ENOUGH_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """End the answer."""
        self.is_whole = bool(self.status)
