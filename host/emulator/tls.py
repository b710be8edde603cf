"""TLS on the guest's sockets: the desktop's OpenSSL stands where an ESP32 has mbedTLS.

Both sides, TLS 1.2 as in the ESP32's build. Certificates are checked against the board's own
date. What fails has mbedTLS's number and words.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from host.emulator import errnos
from host.emulator.descriptors import ERROR, READABLE, WRITABLE, Descriptor, GuestError
from host.emulator.network_socket import NetworkSocket
from host.emulator.sockets import SocketFile
from host.emulator.tls_context import CIPHERS, TlsContext, check_dates
from host.emulator.waker import Watched

_RECORD = 16_640  # bytes: the longest record of TLS 1.2 and its header
_OUT = 4096  # bytes that one write takes, MBEDTLS_SSL_OUT_CONTENT_LEN
_BAD_NAME = "The certificate Common Name (CN) does not match with the expected CN"
_NOT_TRUSTED = "The certificate is not correctly signed by the trusted CA"
_HOST_ERRORS = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
_CONNECTION_EOF = "-29312 MBEDTLS_ERR_SSL_CONN_EOF"
_ALERT = "-30592 MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE"
_BAD_RECORD = "-29184 MBEDTLS_ERR_SSL_INVALID_RECORD"
_NAMES = {here: name for name, here in CIPHERS.items()}
_T = TypeVar("_T")


class TlsFile(Descriptor):
    """TLS on a socket, `plain`. name: of the server, which its certificate must bear.

    unix_us: the board's date. changed: called when something else is to be waited for. failure:
    why it failed, "number words" of mbedTLS, or only words where MicroPython raises ValueError.
    """

    is_plain = False  # it may hold what the socket has given already, or need the other direction

    def __init__(
        self,
        plain: SocketFile | NetworkSocket,
        context: TlsContext,
        name: str,
        unix_us: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self.plain = plain
        self.failure = ""
        self._number, self._readers = plain.silence()  # they are told what is said, not its cipher
        self._unix_s = lambda: unix_us() / 1e6
        self._changed = changed
        self._context = context.options
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._context.wrap_bio(
            self._in, self._out, context.is_server, server_hostname=name or None
        )
        self._unsent = b""
        self._shaken = False  # the handshake is over
        self._begun = False  # a write whose record has not left entirely
        self._wants = 0  # poll bits that must hold before what was tried can go on

    @property
    def cipher(self) -> str:
        """The cipher, by mbedTLS's name, and the version; "" before the handshake is over."""
        found = self._tls.cipher()
        return f"{_NAMES.get(found[0], found[0])} {self._tls.version()}" if found else ""

    def shake(self) -> None:
        """Get on with the handshake: EAGAIN until it is over."""
        self._shake(WRITABLE)

    def read(self, size: int) -> bytes:
        """Return what has arrived, b"" after the peer's farewell; EAGAIN before a whole record."""
        self._shake(READABLE)
        try:
            data = self._run(lambda: self._tls.read(size), READABLE)
        except ssl.SSLZeroReturnError:
            return b""
        for tap in self._readers:
            tap(self._number, "in", data)
        return data

    def write(self, data: bytes) -> int:
        """Send a record. After EAGAIN the next write ends the one that has begun.

        Like mbedTLS it then counts its own data as sent, so they must be the same.
        """
        self._shake(WRITABLE)
        part = data[:_OUT]
        if not self._begun:
            self._run(lambda: self._tls.write(part), WRITABLE)
            self._begun = True
            for tap in self._readers:
                tap(self._number, "out", part)
        self._flush(WRITABLE)
        self._begun = False
        return len(part)

    def ready(self, bits: int) -> int:
        """As a socket, but a handshake under way may need the other direction first."""
        if self.failure:
            return bits | ERROR
        if bits & READABLE and (self._tls.pending() or self._in.pending):
            return bits & READABLE
        found = self.plain.ready(self._wants or bits)
        return found | bits if found & self._wants else found

    def watched(self, bits: int) -> Watched | None:
        """The real socket, in the direction that what was tried needs first."""
        return self.plain.watched(self._wants or bits)

    def close(self) -> None:
        """Say farewell, if that is possible at once, and close."""
        if self._shaken and not self.failure:
            with suppress(ssl.SSLError, GuestError, OSError):
                with suppress(ssl.SSLWantReadError):  # the peer's own farewell is not waited for
                    self._tls.unwrap()
                self._flush(WRITABLE)
        self.plain.close()

    def abandon(self) -> None:
        """Let go of it without a word, as a reset does."""
        self.plain.abandon()

    def _shake(self, direction: int) -> None:
        if self.failure:
            raise GuestError(errnos.EBADF)
        self._want(0)
        if not self._shaken:
            self._run(self._tls.do_handshake, direction)
            self._flush(direction)
            check_dates(self._tls, self._context, self._unix_s(), self._fail)
            self._shaken = True

    def _want(self, bits: int) -> None:
        if bits != self._wants:
            self._wants = bits
            self._changed()

    def _run(self, action: Callable[[], _T], direction: int) -> _T:
        """Do a step of TLS, with as much of what the peer sent as it needs."""
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                if not self._shaken:  # later a reader does not depend on what writers have left
                    self._flush(direction)
            except ssl.SSLZeroReturnError:
                raise
            except ssl.SSLError as error:
                with suppress(GuestError, OSError):
                    self._flush(direction)  # the peer is told
                self._fail(_words(error))
            if not self._shaken:
                self.plain.await_bytes()
            try:
                data = self.plain.read(_RECORD)
            except GuestError:
                self._want(READABLE & ~direction)
                raise
            if data:
                self._in.write(data)
            else:
                self._in.write_eof()

    def _flush(self, direction: int) -> None:
        self._unsent += self._out.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self.plain.write(self._unsent) :]
        except GuestError:
            self._want(WRITABLE & ~direction)
            raise

    def _fail(self, words: str) -> None:
        self.failure = words
        raise GuestError(errnos.EIO)


def _words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BAD_NAME if error.verify_code in _HOST_ERRORS else _NOT_TRUSTED
    if isinstance(error, ssl.SSLEOFError):
        return _CONNECTION_EOF
    return _ALERT if "ALERT" in (error.reason or "") else _BAD_RECORD
