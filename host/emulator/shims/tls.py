# ruff: noqa: F821  (the build puts in what is not defined here)
# tls: the client's side. A build of MicroPython without TLS-PSK, so contexts have no psk_key.
import io

from _port import port
from uctypes import addressof

import host as _host

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
CERT_NONE = 0
CERT_OPTIONAL = 1
CERT_REQUIRED = 2
MBEDTLS_VERSION = "Mbed TLS, emulated"

_POLLOUT = const(4)


class SSLContext:
    def __init__(self, protocol):
        if protocol != PROTOCOL_TLS_CLIENT:
            raise NotImplementedError("only the client's side of TLS is emulated")
        self.verify_mode = CERT_REQUIRED
        self._file = open("\x01tls", "wb")

    def load_verify_locations(self, cadata):
        try:
            self._file.write(cadata)
        except OSError:
            raise ValueError("invalid cert")

    def wrap_socket(
        self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        if server_side:
            raise NotImplementedError("only the client's side of TLS is emulated")
        if server_hostname is None and self.verify_mode == CERT_REQUIRED:
            raise ValueError("CERT_REQUIRED requires server_hostname")
        name = server_hostname or ""
        port(self._file.fileno(), OP_PUSH)
        port(self.verify_mode, OP_PUSH)
        port(addressof(name), OP_PUSH)
        port(len(name), OP_PUSH)
        port(sock.fileno(), OP_TLS_WRAP)
        wrapped = SSLSocket(sock)
        if do_handshake_on_connect:
            wrapped._shake()
        return wrapped


class SSLSocket(io.IOBase):
    def __init__(self, sock):
        self._sock = sock

    def _shake(self):
        while not self._do(port, self._sock.fileno(), OP_TLS_SHAKE):
            self._sock._until(_POLLOUT)

    def _do(self, action, *args):
        number = self._sock.fileno()
        try:
            return action(*args)
        except OSError:
            error = _host.call("tls_error", str(number))
            if not error:
                raise
        code, _, words = error.partition(" ")
        if code[0] == "-":
            raise OSError(int(code), words)
        raise ValueError("\n" + error + "\n")

    def fileno(self):
        return self._sock.fileno()

    def setblocking(self, flag):
        self._sock.setblocking(flag)

    def read(self, size=-1):
        return self._do(self._sock.read, size)

    def readinto(self, buf, size=-1):
        return self._do(self._sock.readinto, buf, size)

    def readline(self):
        return self._do(self._sock.readline)

    def write(self, data):
        return self._do(self._sock.write, data)

    def close(self):
        self._sock.close()

    def ioctl(self, request, argument):
        return self._sock.ioctl(request, argument)
