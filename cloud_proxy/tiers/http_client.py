"""HTTP/1.1 to one upstream, over connections that are kept open.

It knows one method, one path and one body a request, which is what a tier needs. aiohttp's client
does far more, and that was half of what a request cost the proxy: decision 0016 has the numbers.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import aiohappyeyeballs

from cloud_proxy.tiers.http_connection import (
    MAX_HEAD_BYTES,
    Connection,
    Limits,
    NoConnection,
    NotInTime,
)

_HAPPY_EYEBALLS_S = 0.25


class Client:
    """Posts bodies to one URL. headers: of every request. proxy: http://[user:password@]host:port."""

    def __init__(
        self, url: str, headers: Mapping[str, str], limits: Limits, proxy: str | None = None
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if secure else 80)
        self._tls = ssl.create_default_context() if secure else None
        self._proxy = urlsplit(proxy) if proxy else None
        self.limits = limits
        self._room = asyncio.Semaphore(limits.connections)
        self._idle: list[Connection] = []  # the one used last is used first
        self._open: set[Connection] = set()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"host": parts.netloc.rpartition("@")[2]}
        if self._proxy and not secure:
            target = f"{parts.scheme}://{own['host']}{target}"
            own |= _authorization(self._proxy)
        self._head = _head(f"POST {target}", own | dict(headers)) + b"content-length: "

    async def post(self, body: bytes) -> "Answer":
        """Send a body; return its answer once the head is there. `end` must be called on it.

        Raises NoConnection, NotInTime, BrokenOff, NotHttp, TimeoutError.
        """
        if self._room.locked() or not self._idle:
            connection = await self._wait()
        else:
            await self._room.acquire()  # does not wait
            connection = self._idle.pop()
        answer = Answer(self, connection)
        try:
            connection.send(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
            while not connection.status:
                await connection.change()
        except BaseException:
            answer.end()
            raise
        return answer

    async def _wait(self) -> Connection:
        """Wait for room, then take a connection that is open, or open one."""
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await self._room.acquire()
                try:
                    if self._idle:
                        return self._idle.pop()
                    return await self._new()
                except BaseException:
                    self._room.release()
                    raise
        except TimeoutError as e:
            raise NotInTime(f"no connection within {self.limits.connect_s:g} s") from e

    async def _new(self) -> Connection:
        loop = asyncio.get_running_loop()
        host, port = self._host, self._port
        if self._proxy:
            host, port = self._proxy.hostname or "", self._proxy.port or 80
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            sock = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
                found, happy_eyeballs_delay=_HAPPY_EYEBALLS_S
            )
            try:
                if self._proxy and self._tls:
                    await self._tunnel(sock, self._proxy)
                _, connection = await loop.create_connection(
                    lambda: Connection(self.limits, self._forget),
                    sock=sock,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
            except BaseException:
                sock.close()
                raise
        except OSError as e:
            raise NoConnection(str(e)) from e
        self._open.add(connection)
        return connection

    async def _tunnel(self, sock: socket.socket, proxy: SplitResult) -> None:
        """Have the proxy connect us with the upstream: what follows is between us and that."""
        loop = asyncio.get_running_loop()
        target = f"{self._host}:{self._port}"
        head = _head(f"CONNECT {target}", {"host": target} | _authorization(proxy))
        await loop.sock_sendall(sock, head + b"\r\n")
        said = b""
        while b"\r\n\r\n" not in said:
            more = await loop.sock_recv(sock, 4096)
            said += more
            if not more or len(said) > MAX_HEAD_BYTES:
                raise NoConnection(f"the proxy {proxy.hostname} hung up")
        if said.split(b" ", 2)[1:2] != [b"200"]:
            line = said.split(b"\r\n", 1)[0][:80].decode("latin-1")
            raise NoConnection(f"the proxy {proxy.hostname} refuses {target}: {line}")

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, whatever state it is in."""
        if connection.rest():
            self._idle.append(connection)
        self._room.release()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def close(self) -> None:
        """Close every connection; what is under way breaks off."""
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.sleep(0)  # so that they hear of it


class Answer:
    """One answer: its status and headers (names in lower case), then its body in pieces."""

    def __init__(self, client: Client, connection: Connection) -> None:
        self._client = client
        self._connection: Connection | None = connection

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self._taken.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; one that came twice with both values, comma between."""
        return self._taken.headers

    @property
    def is_whole(self) -> bool:
        """Return whether all has come, be it taken or not."""
        return self._taken.is_whole

    @property
    def _taken(self) -> Connection:
        assert self._connection, "the answer was ended"
        return self._connection

    async def some(self) -> bytes:
        """Return what has come of the body, at least a byte, or b"" at its end.

        Raises BrokenOff, NotHttp, TimeoutError.
        """
        connection = self._taken
        while not connection.has_body:
            if connection.is_whole:
                return b""
            await connection.change()
        return connection.take()

    async def rest(self, most: int) -> bytes:
        """Return what is left of the body, or at least `most` bytes of it."""
        data = await self.some()
        while not self.is_whole and len(data) < most:
            data += await self.some()
        return data

    def end(self) -> None:
        """Let go of the connection: it is kept if the answer is whole, else closed."""
        connection, self._connection = self._connection, None
        if connection:
            self._client.give_back(connection)


def _head(first: str, headers: Mapping[str, str]) -> bytes:
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{first} HTTP/1.1\r\n{''.join(lines)}".encode("latin-1")


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": "Basic " + base64.b64encode(user.encode()).decode()}
