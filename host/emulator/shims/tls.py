# ruff: noqa: F821  (the build puts in what is not defined here)
# tls: both sides. A build of MicroPython without TLS-PSK, so contexts have no psk_key.
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
_ENODEV = const(19)


class SSLContext:
    def __init__(self, protocol):
        if protocol not in (PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER):
            raise ValueError
        self.verify_mode = CERT_NONE if protocol else CERT_REQUIRED
        self._file = open("\x01tls%d" % protocol, "wb")

    def load_verify_locations(self, cadata):
        try:
            self._file.write(cadata)
        except OSError:
            raise ValueError("invalid cert")

    def load_cert_chain(self, cert, key):
        for data in (cert, key):
            port(addressof(data), OP_PUSH)
            port(len(data), OP_PUSH)
        try:
            port(self._file.fileno(), OP_TLS_CHAIN)
        except OSError as error:
            raise ValueError("invalid key" if error.errno == _ENODEV else "invalid cert")

    def get_ciphers(self):
        names = []
        while name := _host.call("tls_known_cipher", str(len(names))):
            names.append(name)
        return names

    def set_ciphers(self, ciphersuite):
        if not isinstance(ciphersuite, (list, tuple)):
            raise TypeError("object '%s' isn't a tuple or list" % type(ciphersuite).__name__)
        if not _host.call("tls_allow", "%d %s" % (self._file.fileno(), " ".join(ciphersuite))):
            raise OSError(-24192, "MBEDTLS_ERR_SSL_BAD_CONFIG")

    def wrap_socket(
        self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        if server_hostname is None and not server_side and self.verify_mode == CERT_REQUIRED:
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

    def cipher(self):
        found = _host.call("tls_cipher", str(self._sock.fileno()))
        return tuple(found.split()) or None

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
