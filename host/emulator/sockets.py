"""The guest's sockets: real sockets of the desktop that never block."""

import errno
import itertools
import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from host.emulator import errnos
from host.emulator.descriptors import ERROR, HANGUP, WRITABLE, Descriptor, GuestError
from host.emulator.traffic import Traffic
from host.emulator.waker import Sockets, Watched

STREAM, DATAGRAM = 1, 2  # the ESP32's SOCK_STREAM and SOCK_DGRAM
_SOL_SOCKET, _IPPROTO_TCP = 0xFFF, 6
_OPTIONS = {  # (level, option) on the ESP32 -> here
    (_SOL_SOCKET, 4): (socket.SOL_SOCKET, socket.SO_REUSEADDR),
    (_SOL_SOCKET, 8): (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (_SOL_SOCKET, 32): (socket.SOL_SOCKET, socket.SO_BROADCAST),
    (_IPPROTO_TCP, 1): (socket.IPPROTO_TCP, socket.TCP_NODELAY),
}
_T = TypeVar("_T")
_SHAKE_S = 2.0  # real time that a busy desktop may take for a step of a handshake
_WOULD_BLOCK = (errno.EAGAIN, errno.EWOULDBLOCK)
SEND_BUFFER = 5744  # bytes that lwIP takes while nothing is acknowledged
SocketTap = Callable[[int, str, bytes], None]  # (the socket's number, "in" or "out", bytes)
_numbers = itertools.count(1)


class SocketFile(Descriptor):
    """One socket.

    traffic: told of what moves. changed: called when it can be waited for. is_cut: whether the air
    carries nothing now: then nothing arrives, and what is written waits. taps: told the bytes.
    """

    def __init__(
        self,
        sock: socket.socket,
        traffic: Traffic,
        changed: Callable[[], None],
        is_cut: Callable[[], bool],
        taps: Sequence[SocketTap] = (),
    ) -> None:
        self.sock = sock
        self._is_cut = is_cut
        self._held = b""
        self._taps = taps
        self._number = new_number()
        self._traffic = traffic
        self._changed = changed
        self._is_stream = sock.type == socket.SOCK_STREAM
        self._is_new = True  # neither connected nor listening
        sock.setblocking(False)

    @classmethod
    def open(
        cls,
        kind: int,
        traffic: Traffic,
        changed: Callable[[], None],
        is_cut: Callable[[], bool],
        taps: Sequence[SocketTap] = (),
    ) -> "SocketFile":
        """Make one; kind: the ESP32's SOCK_STREAM or SOCK_DGRAM."""
        if kind not in (STREAM, DATAGRAM):
            raise GuestError(errnos.EINVAL)
        real = socket.SOCK_STREAM if kind == STREAM else socket.SOCK_DGRAM
        return cls(socket.socket(socket.AF_INET, real), traffic, changed, is_cut, taps)

    def _call(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except OSError as error:
            if error.errno in _WOULD_BLOCK:
                raise GuestError(errnos.WASI_EAGAIN) from None
            raise

    def _check(self) -> None:
        if self._is_new and self._is_stream:
            raise GuestError(errnos.ENOTCONN)

    def read(self, size: int) -> bytes:
        """Return what has arrived, b"" once the peer closed; EAGAIN if nothing has."""
        self._check()
        self._let_go()
        data = self._call(lambda: self.sock.recv(size))
        self._traffic.received(len(data))
        for tap in self._taps:
            tap(self._number, "in", data)
        return data

    def write(self, data: bytes) -> int:
        """Send what fits; return how many bytes."""
        self._check()
        if self._is_cut():
            data = data[: SEND_BUFFER - len(self._held)]
            if not data:
                raise GuestError(errnos.WASI_EAGAIN)
            self._held += data
            return len(data)
        self._let_go()
        sent = self._call(lambda: self.sock.send(data))
        self._traffic.sent(sent)
        for tap in self._taps:
            tap(self._number, "out", data[:sent])
        return sent

    def _let_go(self) -> None:
        """Send what was written while the air was cut; EAGAIN if it is cut now."""
        if self._is_cut():
            raise GuestError(errnos.WASI_EAGAIN)
        while self._held:
            self._held = self._held[self._call(lambda: self.sock.send(self._held)) :]

    def connect(self, host: str, port: int) -> None:
        """Begin to connect: EINPROGRESS, then the socket becomes writable."""
        self._traffic.sent(0)
        self._is_new = False
        self._changed()
        error = self.sock.connect_ex((host, port))
        if error:
            raise OSError(error, "connect")

    def bind(self, host: str, port: int) -> None:
        """Bind to an address; the board's own network is the desktop's loopback or any."""
        self.sock.bind(("" if host == "0.0.0.0" else host, port))

    def listen(self, backlog: int) -> None:
        """Accept connections from now on."""
        self._is_new = False
        self._changed()
        self.sock.listen(backlog)

    def accept(self) -> "SocketFile":
        """Return the next connection; EAGAIN if there is none."""
        sock, _ = self._call(self.sock.accept)
        connection = SocketFile(sock, self._traffic, self._changed, self._is_cut, self._taps)
        connection._is_new = False
        self._traffic.received(0)
        return connection

    def send_to(self, data: bytes, host: str, port: int) -> int:
        """Send a datagram."""
        sent = self._call(lambda: self.sock.sendto(data, (host, port)))
        self._traffic.sent(sent)
        return sent

    def receive_from(self, size: int) -> tuple[bytes, str, int]:
        """Return (data, host, port) of a datagram or of what a stream has."""
        data, address = self._call(lambda: self.sock.recvfrom(size))
        self._traffic.received(len(data))
        host, port = address or self.peer()
        return data, host, port

    def peer(self) -> tuple[str, int]:
        """Return the address at the other end."""
        return self.sock.getpeername()[:2]

    def set_option(self, level: int, option: int, value: int) -> None:
        """Set a socket option of the ESP32; those the desktop has no use for are taken as set."""
        here = _OPTIONS.get((level, option))
        if here:
            self.sock.setsockopt(*here, value)

    def error(self) -> int:
        """Return the ESP32's number of a pending error (a refused connection), or 0."""
        number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return errnos.from_os_error(OSError(number, "")) if number else 0

    def ready(self, bits: int) -> int:
        """Ask the desktop, without waiting. One that is new hangs up, as on the ESP32."""
        if self._is_new and self._is_stream:
            return HANGUP | (bits & WRITABLE)
        if self._is_cut():
            return bits & WRITABLE if len(self._held) < SEND_BUFFER else 0
        found = Sockets([(self.sock, bits)]).poll(0)
        return found[0][1] & (bits | ERROR | HANGUP) if found else 0

    def watched(self, bits: int) -> Watched | None:
        """The real socket, to wait on."""
        if self._is_cut() or (self._is_new and self._is_stream):
            return None
        with suppress(GuestError, OSError):  # a write or a read will tell
            self._let_go()
        return self.sock, bits

    def silence(self) -> tuple[int, Sequence[SocketTap]]:
        """Tell the taps nothing any more; return its number, and them."""
        taps, self._taps = self._taps, ()
        return self._number, taps

    def await_bytes(self) -> None:
        """Give the peer a moment of real time to send something, as handshakes need."""
        if not self._is_cut():
            select.select([self.sock], [], [], _SHAKE_S)

    def close(self) -> None:
        """Close it; what was sent is still delivered."""
        self._traffic.sent(0)
        self.sock.close()


def new_number() -> int:
    """Return a number that tells one socket from all others, for taps."""
    return next(_numbers)


def resolve(name: str) -> str | None:
    """Return the IPv4 address of a host name, or None."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return None
    return str(found[0][4][0]) if found else None
