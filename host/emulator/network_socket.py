"""The guest's sockets in a world with a network of its own."""

from collections import deque
from collections.abc import Callable, Sequence

from host.emulator import errnos
from host.emulator.descriptors import ERROR, HANGUP, READABLE, WRITABLE, Descriptor, GuestError
from host.emulator.network import Station, Stream
from host.emulator.sockets import DATAGRAM, SEND_BUFFER, STREAM, SocketTap, new_number


class NetworkSocket(Descriptor):
    """One socket of a board; kind: the ESP32's SOCK_STREAM or SOCK_DGRAM.

    is_cut: whether the air carries nothing now: then nothing arrives, and what is written waits.
    taps: told the bytes.
    """

    def __init__(
        self,
        station: Station,
        kind: int,
        is_cut: Callable[[], bool],
        taps: Sequence[SocketTap] = (),
        stream: Stream | None = None,
    ) -> None:
        if kind not in (STREAM, DATAGRAM):
            raise GuestError(errnos.EINVAL)
        self._station = station
        self._kind = kind
        self._is_cut = is_cut
        self._taps = taps
        self._number = new_number()
        self._stream = stream
        self._held = b""
        self._port = 0
        self._is_listening = False
        self._waiting: deque[Stream] = deque()
        self._datagrams: deque[tuple[bytes, str, int]] = deque()

    def read(self, size: int) -> bytes:
        """Return what has arrived, b"" once the peer closed; EAGAIN if nothing has."""
        stream = self._connected()
        self._let_go()
        if stream.buffer:
            data = bytes(stream.buffer[:size])
            del stream.buffer[:size]
            self._tell("in", data)
            return data
        if error := self.error():
            raise GuestError(error)
        if stream.is_ended:
            self._tell("in", b"")
            return b""
        raise GuestError(errnos.WASI_EAGAIN)

    def write(self, data: bytes) -> int:
        """Send it; return how many bytes."""
        stream = self._connected()
        if stream.is_lost:
            raise GuestError(self.error() or errnos.ENOTCONN)
        if self._is_cut() or not stream.is_open:
            data = data[: SEND_BUFFER - len(self._held)]
            if not data:
                raise GuestError(errnos.WASI_EAGAIN)
            self._held += data
            return len(data)
        self._let_go()
        room = stream.room
        if data and not room:
            raise GuestError(errnos.WASI_EAGAIN)
        data = data[:room]
        stream.send(data)
        self._tell("out", data)
        return len(data)

    def _tell(self, direction: str, data: bytes) -> None:
        for tap in self._taps:
            tap(self._number, direction, data)

    def _connected(self) -> Stream:
        if self._stream is None:
            raise GuestError(errnos.ENOTCONN)
        return self._stream

    def _let_go(self) -> None:
        """Send what was written while the air was cut; EAGAIN if it is cut now."""
        if self._is_cut():
            raise GuestError(errnos.WASI_EAGAIN)
        if self._held and self._stream and self._stream.is_open:
            self._stream.send(self._held)
            self._tell("out", self._held)
            self._held = b""

    def connect(self, host: str, port: int) -> None:
        """Begin to connect: EINPROGRESS, then the socket becomes writable."""
        self._stream = Stream.connect(self._station, host, port)
        raise GuestError(errnos.EINPROGRESS)

    def bind(self, _host: str, port: int) -> None:
        """Bind to a port of the board's only address; 0: any."""
        station = self._station
        taken = station.listeners if self._kind == STREAM else station.datagrams
        if port in taken:
            raise GuestError(errnos.ESP32["EADDRINUSE"])
        self._port = port or self._station.new_port()
        if self._kind == DATAGRAM:
            self._station.datagrams[self._port] = self._take_datagram

    def listen(self, backlog: int) -> None:
        """Accept connections from now on."""
        self._is_listening = True

        def accept(stream: Stream) -> None:
            if len(self._waiting) < max(1, backlog):
                self._waiting.append(stream)
            else:
                stream.close()

        self._station.listeners[self._port] = accept

    def accept(self) -> "NetworkSocket":
        """Return the next connection; EAGAIN if there is none."""
        if not self._waiting:
            raise GuestError(errnos.WASI_EAGAIN)
        stream = self._waiting.popleft()
        return NetworkSocket(self._station, STREAM, self._is_cut, self._taps, stream)

    def send_to(self, data: bytes, host: str, port: int) -> int:
        """Send a datagram; what is sent while the air is cut is lost."""
        if not self._port:
            self.bind("", 0)
        if not self._is_cut():
            self._station.send_datagram(data, self._port, host, port)
        return len(data)

    def _take_datagram(self, data: bytes, host: str, port: int) -> None:
        if not self._is_cut():
            self._datagrams.append((data, host, port))

    def receive_from(self, size: int) -> tuple[bytes, str, int]:
        """Return (data, host, port) of a datagram or of what a stream has."""
        if self._kind == STREAM:
            return self.read(size), *self.peer()
        if not self._datagrams:
            raise GuestError(errnos.WASI_EAGAIN)
        data, host, port = self._datagrams.popleft()
        return data[:size], host, port

    def peer(self) -> tuple[str, int]:
        """Return the address at the other end."""
        return self._connected().peer_address

    def set_option(self, _level: int, _option: int, _value: int) -> None:
        """Take every option as set: nothing here depends on one."""

    def error(self) -> int:
        """Return the ESP32's number of a pending error, or 0, and forget it."""
        stream = self._stream
        if stream is None:
            return 0
        number, stream.error = stream.error, 0
        if number:
            stream.is_ended = True
        return number

    def ready(self, bits: int) -> int:
        """Say what can be done. One that is new hangs up, as on the ESP32."""
        if self._kind == DATAGRAM:
            return bits & (WRITABLE | (READABLE if self._datagrams else 0))
        if self._is_listening:
            return bits & READABLE if self._waiting else 0
        stream = self._stream
        if stream is None:
            return HANGUP | (bits & WRITABLE)
        if self._is_cut():
            return bits & WRITABLE if stream.is_open and len(self._held) < SEND_BUFFER else 0
        self._let_go()
        if stream.error:
            return ERROR | HANGUP | (bits & (READABLE | WRITABLE))
        found = WRITABLE if stream.is_open and stream.room else 0
        if stream.buffer or stream.is_ended:
            found |= READABLE
        return bits & found

    def silence(self) -> tuple[int, Sequence[SocketTap]]:
        """Tell the taps nothing any more; return its number, and them."""
        taps, self._taps = self._taps, ()
        return self._number, taps

    def await_bytes(self) -> None:
        """Do nothing: what comes takes virtual time."""

    def close(self) -> None:
        """Close it; what was sent is still delivered."""
        self._unbind()
        if self._stream:
            if not self._is_cut():
                self._let_go()
            self._stream.close()
        for stream in self._waiting:
            stream.close()

    def abandon(self) -> None:
        """Forget it without a word, as a reset does."""
        self._unbind()
        for stream in (*self._waiting, *filter(None, [self._stream])):
            stream.vanish()

    def _unbind(self) -> None:
        if self._kind == DATAGRAM:
            self._station.datagrams.pop(self._port, None)
        elif self._is_listening:
            self._station.listeners.pop(self._port, None)
