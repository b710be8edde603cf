"""One request of a client, as llhttp reads it, and the answer to it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import unquote

import httptools

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may have at once, and how long it may take, seconds."""

    connections: int  # of all clients; more, and those that wait longest are closed
    body_bytes: int
    request_s: float  # for head and body to come
    idle_s: float  # between two requests, and for an answer to be read on


class TooLarge(Exception):
    """The body is larger than any may be."""


class TooSlow(Exception):
    """The body did not come in time."""


class Line(Protocol):
    """What a request has of its connection."""

    limits: Limits

    def write(self, data: bytes) -> None:
        """Send something."""
        ...

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent."""
        ...


class Response(NamedTuple):
    """An answer that goes out whole."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = MappingProxyType({})


class Request:
    """One request. Its handler begins when the head is there: the body may still be coming."""

    __slots__ = (
        *("method", "path", "query", "headers", "is_whole", "begun", "_line"),
        *("_url", "_body", "_size", "_arrived", "_stays", "_is_old"),
    )

    def __init__(self, line: Line) -> None:
        self.method = ""
        self.path = ""  # without escapes
        self.query = ""  # with them
        self.headers: dict[str, str] = {}  # names in lower case; of two alike "one, other"
        self.is_whole = False
        self.begun = False  # whether an answer has
        self._line = line
        self._url = b""
        self._body = bytearray()
        self._size = 0
        self._arrived: asyncio.Future[None] | None = None
        self._stays = self._is_old = False

    # -- for the handler -----------------------------------------------------------------------

    async def body(self) -> bytes:
        """Return the body. Raises TooLarge, TooSlow."""
        limits = self._line.limits
        if not self.is_whole and self._size <= limits.body_bytes:
            if self.headers.get("expect", "").lower() == "100-continue":
                self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(limits.request_s):
                    await self._arrived
            except TimeoutError as e:
                raise TooSlow from e
        if self._size > limits.body_bytes:
            raise TooLarge
        return bytes(self._body)

    def begin(self, kind: str) -> None:
        """Begin an answer in pieces. kind: its content type."""
        self.begun = True
        how = "connection: close" if self._is_old else "transfer-encoding: chunked"
        head = _head(200, kind) + b"cache-control: no-cache\r\n%b\r\n\r\n" % how.encode()
        self._line.write(head)

    async def write(self, piece: bytes) -> None:
        """Send a piece; waits for a client that reads more slowly."""
        if piece:
            if not self._is_old:
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            self._line.write(piece)
            await self._line.drained()

    # -- for the connection --------------------------------------------------------------------

    def take_url(self, url: bytes) -> None:
        """Take a piece of what is asked for."""
        self._url += url

    def take_head(self, parser: httptools.HttpRequestParser) -> None:
        """Take what the parser knows at the end of the head."""
        self.method = parser.get_method().decode()
        self._is_old = parser.get_http_version() != "1.1"
        self._stays = parser.should_keep_alive()
        path, _, query = self._url.partition(b"?")
        if not path.startswith(b"/"):  # as one asks a proxy: with the host
            path = httptools.parse_url(self._url).path or b"/"
        self.path, self.query = unquote(path.decode("latin-1")), query.decode("latin-1")

    def plain_head(self) -> bytes:
        """Return the head as of a last request, without wishes."""
        version = "1.0" if self._is_old else "1.1"
        fields = {**self.headers, "connection": "close"}
        fields.pop("upgrade", None)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        url = self._url.decode("latin-1")
        return f"{self.method} {url} HTTP/{version}\r\n{lines}\r\n".encode("latin-1")

    def take(self, piece: bytes) -> None:
        """Take a piece of the body; none of one that is too large is kept."""
        self._size += len(piece)
        if self._size <= self._line.limits.body_bytes:
            self._body += piece
        else:
            self._body.clear()
            self._wake()

    def end(self) -> None:
        """Take that this was all."""
        self.is_whole = True
        self._wake()

    def answer(self, response: Response | None) -> bool:
        """Send what is left to send; return whether the connection may be used again."""
        stays = self._stays and self.is_whole
        if response is None:
            stays = stays and not self._is_old
            self._line.write(b"" if self._is_old else b"0\r\n\r\n")
            return stays
        body = response.body
        more = b""
        if not stays:
            more = b"connection: close\r\n"
        elif self._is_old:
            more = b"connection: keep-alive\r\n"
        for name, value in response.headers.items():
            more += f"{name}: {value}\r\n".encode("latin-1")
        head = _head(response.status, response.kind)
        length = len(body)
        if self.method == "HEAD":
            body = b""
        self._line.write(b"%bcontent-length: %d\r\n%b\r\n%b" % (head, length, more, body))
        return stays

    def _wake(self) -> None:
        if self._arrived and not self._arrived.done():
            self._arrived.set_result(None)


_heads: dict[tuple[int, str], bytes] = {}
_heads_of_s = 0


def _head(status: int, kind: str) -> bytes:
    """Return the lines that all answers of a second have alike."""
    global _heads_of_s
    now_s = int(time.time())
    if now_s != _heads_of_s:
        _heads.clear()
        _heads_of_s = now_s
    head = _heads.get((status, kind))
    if head is None:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now_s))
        text = f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\ncontent-type: {kind}\r\n"
        head = _heads[status, kind] = f"{text}date: {date}\r\n".encode("latin-1")
    return head
