"""asyncio's transports and servers on the streams of a world's network."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from host.emulator import errnos
from host.emulator.stream import Stream

if TYPE_CHECKING:
    from host.emulator.async_loop import ProgramLoop

_NAMES = {number: name for name, number in errnos.ESP32.items()}
Factory = Callable[[], asyncio.BaseProtocol]


def os_error(esp32_number: int, what: str) -> OSError:
    """Return the desktop's error for an ESP32's number."""
    number = cast(int, getattr(errno, _NAMES.get(esp32_number, ""), errno.EIO))
    return OSError(number, f"{os.strerror(number)}: {what}")


class StreamTransport(asyncio.Transport):
    """One end of a connection.

    It takes what is written. Once more waits than the network keeps of a stream, where a line is
    slow or severed, the protocol is told to pause.
    """

    _start_tls_compatible = True  # what loop.start_tls() asks for

    def __init__(
        self,
        loop: "ProgramLoop",
        stream: Stream,
        protocol: asyncio.BaseProtocol,
        handle: socket.socket | None = None,
    ) -> None:
        """handle: a socket that stands for the stream, closed with it."""
        address, port = stream.host.address, stream.port
        super().__init__({"peername": stream.peer_address, "sockname": (address, port)})
        self._loop = loop
        self._stream = stream
        self._protocol = protocol
        self._handle = handle
        self._is_paused = self._is_closing = self._is_lost = False
        self._is_full = self._is_looking = self._is_ended = self._is_silent = False
        loop.transports[self] = None

    def begin(self, waiter: "asyncio.Future[None] | None" = None) -> None:
        """Tell the protocol that it is connected, then what comes; then `waiter` is done."""
        self._loop.call_soon(self._protocol.connection_made, self)
        self._stream.changed = self._look
        self._look()
        if waiter:
            self._loop.call_soon(lambda: waiter.done() or waiter.set_result(None))

    def _look(self) -> None:
        if not (self._is_looking or self._is_lost):
            self._is_looking = True
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._is_looking = False
        stream = self._stream
        if self._is_lost:
            return
        try:
            if self._is_full and stream.room:
                self._is_full = False
                self._protocol.resume_writing()
            if stream.buffer and not (self._is_paused or self._is_closing):
                data = bytes(stream.buffer)
                stream.buffer.clear()
                self._feed(data)
            if stream.error:
                self._lose(os_error(stream.error, f"{self._extra['peername']}"))
            elif stream.is_ended and not (stream.buffer or self._is_paused or self._is_ended):
                self._is_ended = True
                if not cast(asyncio.Protocol, self._protocol).eof_received():
                    self.close()
        except Exception as e:  # a protocol's fault ends its connection, as with other loops
            message = "a protocol failed on what came in"
            self._loop.call_exception_handler(
                {"message": message, "exception": e, "transport": self, "protocol": self._protocol}
            )
            self.abort()

    def _feed(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            cast(asyncio.Protocol, protocol).data_received(data)
            return
        while data:
            room = memoryview(cast(bytearray, protocol.get_buffer(len(data))))
            size = min(len(room), len(data))
            room[:size] = data[:size]
            protocol.buffer_updated(size)
            data = data[size:]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it."""
        if data and not self._is_closing:
            self._stream.send(bytes(data))
            if not (self._is_full or self._stream.room):
                self._is_full = True
                self._protocol.pause_writing()

    def can_write_eof(self) -> bool:
        """Return False: a stream ends in both directions at once."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return 0: what is written is on its way or the network's."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: the network has a limit of its own."""

    def pause_reading(self) -> None:
        """Give the protocol nothing more for now."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Go on."""
        self._is_paused = False
        self._look()

    def is_reading(self) -> bool:
        """Return whether the protocol gets what comes."""
        return not (self._is_paused or self._is_closing)

    def is_closing(self) -> bool:
        """Return whether it was closed, or is about to."""
        return self._is_closing or self._is_silent

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol told from now on."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told."""
        return self._protocol

    def close(self) -> None:
        """End it; what was written still arrives."""
        if not self._is_closing:
            self._is_closing = True
            self._stream.close()
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """End it."""
        self.close()

    def _force_close(self, error: OSError | None) -> None:
        """End it for that reason: what TLS calls."""
        self._is_closing = True
        self._stream.close()
        self._loop.call_soon(self._lose, error)

    def silence(self) -> None:
        """Let nothing more get to the other side; on this one it looks closed, and is not told."""
        self._is_silent = True
        self._stream.vanish()

    def _lose(self, error: OSError | None) -> None:
        if self._is_lost:
            return
        self._is_lost = self._is_closing = True
        self._stream.close()
        self._loop.transports.pop(self, None)
        if self._handle:
            self._handle.close()
        self._protocol.connection_lost(error)


class StreamServer(asyncio.AbstractServer):
    """A port that is listened on. local: whether it is for the host's own connections alone."""

    def __init__(self, loop: "ProgramLoop", factory: Factory, port: int, local: bool) -> None:
        self.loop = loop
        self.port = port
        self._factory = factory
        self._local = local
        self._closed = loop.create_future()

    @property
    def sockets(self) -> tuple["Listening", ...]:
        """Return what tells the address, while it listens."""
        return (Listening(self),) if self.is_serving() else ()

    def is_serving(self) -> bool:
        """Return whether it listens."""
        return self.loop.site.listeners.get(self.port) == self._accept

    async def start_serving(self) -> None:
        """Listen. Raises OSError if somebody else does."""
        listeners = self.loop.site.listeners
        if self._closed.done():
            raise RuntimeError("the server was closed")
        if not self.is_serving():
            if self.port in listeners:
                raise OSError(errno.EADDRINUSE, f"port {self.port} is in use")
            listeners[self.port] = self._accept

    async def serve_forever(self) -> None:
        """Listen until cancelled."""
        await self.start_serving()
        try:
            await self.loop.create_future()
        finally:
            self.close()

    def close(self) -> None:
        """Listen no more; connections stay."""
        if self.is_serving():
            del self.loop.site.listeners[self.port]
        if not self._closed.done():
            self._closed.set_result(None)

    async def wait_closed(self) -> None:
        """Return once it is closed."""
        await self._closed

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop that serves it."""
        return self.loop

    def _accept(self, stream: Stream) -> None:
        if self._local and stream.peer_address[0] != self.loop.site.address:
            stream.close()
            return
        StreamTransport(self.loop, stream, self._factory()).begin()


class Listening:
    """What a server shows for its socket."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM

    def __init__(self, server: StreamServer) -> None:
        self._server = server

    def getsockname(self) -> tuple[str, int]:
        """Return the address and the port."""
        return self._server.loop.site.address, self._server.port

    def fileno(self) -> int:
        """Return -1: there is no file."""
        return -1

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a server of the world has no real socket, so no {name}")
