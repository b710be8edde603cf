# ruff: noqa: F821  (the build puts in what is not defined here)
# socket as on the ESP32, over real sockets of the host. Blocking is done here, by polling, so
# that virtual time goes on and interrupts are heard meanwhile.
import errno
import io
from select import POLLIN, POLLOUT

import _select_esp32
from _port import port
from uctypes import addressof

import host as _host

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
SOL_SOCKET = 0xFFF
SO_REUSEADDR = 4
SO_BROADCAST = 32
SO_BINDTODEVICE = 4107
TCP_NODELAY = 1
IP_ADD_MEMBERSHIP = 3

_GOT_IP = const(1010)
_NO_NAME = const(-202)
_poll = None


def _online():
    return port(0, OP_WIFI_STATUS) == _GOT_IP


def getaddrinfo(host, port_, af=0, type=0, proto=0, flags=0):
    address = host or "0.0.0.0"
    if not address.replace(".", "").isdigit():  # an address needs no name server, nor a network
        address = _online() and _host.call("resolve", host)
    if not address:
        raise OSError(_NO_NAME)
    return [(AF_INET, type or SOCK_STREAM, proto, "", (address, int(port_)))]


def _push_address(address):
    # Nothing may be allocated or scheduled between this and the call that consumes it.
    name = address[0]
    port(addressof(name), OP_PUSH)
    port(len(name), OP_PUSH)
    port(address[1], OP_PUSH)


class socket(io.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0):
        if type is not None:
            if af != AF_INET:
                raise OSError(errno.EOPNOTSUPP)
            port(type, OP_SOCKET_NEW)
        self._file = open("\x01socket", "r+b")
        self._number = self._file.fileno()
        self._timeout_ms = -1  # -1: block for good, 0: never block

    def fileno(self):
        return self._number

    def close(self):
        self._number = -1
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return "<socket>"

    def setblocking(self, flag):
        self._timeout_ms = -1 if flag else 0

    def settimeout(self, seconds):
        self._timeout_ms = -1 if seconds is None else int(seconds * 1000)

    def setsockopt(self, level, option, value):
        port(level, OP_PUSH)
        port(option, OP_PUSH)
        port(value if isinstance(value, int) else 0, OP_PUSH)
        port(self._number, OP_SOCKET_OPTION)

    def _until(self, bits):
        # Blocks until the socket is ready; raises ETIMEDOUT.
        global _poll
        if _poll is None:
            _poll = _select_esp32.poll()
        _poll.register(self, bits)
        ready = False
        for _ in _poll.ipoll(self._timeout_ms):
            ready = True
        _poll.unregister(self)
        if not ready:
            raise OSError(errno.ETIMEDOUT)

    def connect(self, address):
        if not _online() and not address[0].startswith("127."):
            raise OSError(errno.EHOSTUNREACH)
        try:
            _push_address(address)
            port(self._number, OP_SOCKET_CONNECT)
        except OSError as error:
            if error.errno != errno.EINPROGRESS or self._timeout_ms == 0:
                raise
            self._until(POLLOUT)
            number = port(self._number, OP_SOCKET_ERROR)
            if number:
                raise OSError(number)

    def bind(self, address):
        _push_address(address)
        port(self._number, OP_SOCKET_BIND)

    def listen(self, backlog=2):
        port(backlog, OP_PUSH)
        port(self._number, OP_SOCKET_LISTEN)

    def accept(self):
        while True:
            try:
                port(self._number, OP_SOCKET_ACCEPT)
                break
            except OSError as error:
                if error.errno != errno.EAGAIN or self._timeout_ms == 0:
                    raise
            self._until(POLLIN)
        connection = socket(AF_INET, None)
        name, number = _host.call("peer", "").split()
        return connection, (name, int(number))

    def recv(self, size):
        while True:
            data = self._file.read(size)
            if data is not None:
                return data
            if self._timeout_ms == 0:
                raise OSError(errno.EAGAIN)
            self._until(POLLIN)

    def recvfrom(self, size):
        data = bytearray(size)
        while True:
            try:
                port(addressof(data), OP_PUSH)
                port(size, OP_PUSH)
                got = port(self._number, OP_SOCKET_RECEIVE_FROM)
                break
            except OSError as error:
                if error.errno != errno.EAGAIN or self._timeout_ms == 0:
                    raise
            self._until(POLLIN)
        name, number = _host.call("peer", "").split()
        return bytes(data[:got]), (name, int(number))

    def read(self, size=-1):
        if self._timeout_ms == 0:
            return self._file.read(size)
        parts = []
        while size:
            data = self._file.read(size)
            if data is None:
                self._until(POLLIN)
                continue
            if not data:
                break
            if len(data) == size and not parts:
                return data
            parts.append(data)
            if size > 0:
                size -= len(data)
        return b"".join(parts)

    def readinto(self, buf, size=-1):
        if size < 0:
            size = len(buf)
        while True:
            got = self._file.readinto(buf, size)
            if got is not None or self._timeout_ms == 0:
                return got
            self._until(POLLIN)

    def readline(self):
        if self._timeout_ms == 0:
            return self._file.readline()
        line = b""
        while True:
            part = self._file.readline()
            if part is None:
                self._until(POLLIN)
                continue
            line += part
            if not part or line[-1] == 10:
                return line

    def write(self, data):
        if self._timeout_ms == 0:
            return self._file.write(data)
        rest = memoryview(data)
        while len(rest):
            sent = self._file.write(rest)
            if sent is None:
                self._until(POLLOUT)
            else:
                rest = rest[sent:]
        return len(data)

    def send(self, data):
        while True:
            sent = self._file.write(data)
            if sent is not None:
                return sent
            if self._timeout_ms == 0:
                raise OSError(errno.EAGAIN)
            self._until(POLLOUT)

    def sendall(self, data):
        if self._timeout_ms == 0:
            if self.send(data) != len(data):
                raise OSError(errno.EAGAIN)
        else:
            self.write(data)

    def sendto(self, data, address):
        name = address[0]
        port(addressof(name), OP_PUSH)
        port(len(name), OP_PUSH)
        port(address[1], OP_PUSH)
        port(addressof(data), OP_PUSH)
        port(len(data), OP_PUSH)
        return port(self._number, OP_SOCKET_SEND_TO)

    def makefile(self, mode="rb", buffering=0):
        return self

    def ioctl(self, request, argument):
        if request == 3:  # MP_STREAM_POLL
            p = _select_esp32.poll()
            p.register(self, argument)
            bits = 0
            for entry in p.ipoll(0):
                bits = entry[1]
            return bits
        if request == 4:  # MP_STREAM_CLOSE
            self.close()
            return 0
        return -1
