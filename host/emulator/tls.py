"""TLS on the guest's sockets: the desktop's OpenSSL stands where an ESP32 has mbedTLS.

The client's side, TLS 1.2 as in the ESP32's build. Certificates are checked against the board's
own date. What fails has mbedTLS's number and words.
"""

import select
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from host.emulator import errnos
from host.emulator.descriptors import ERROR, READABLE, WRITABLE, Descriptor, GuestError
from host.emulator.sockets import SocketFile
from host.emulator.waker import Watched

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: OpenSSL would ask the desktop's clock
_SHAKE_S = 2.0  # real time that a busy desktop may take for a step of a handshake
_RECORD = 16_640  # bytes: the longest record of TLS 1.2 and its header
_OUT = 4096  # bytes that one write takes, MBEDTLS_SSL_OUT_CONTENT_LEN
_BAD_NAME = "The certificate Common Name (CN) does not match with the expected CN"
_NOT_TRUSTED = "The certificate is not correctly signed by the trusted CA"
_TOO_LATE = "The certificate validity has expired"
_TOO_EARLY = "The certificate validity starts in the future"
_HOST_ERRORS = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
_CONNECTION_EOF = "-29312 MBEDTLS_ERR_SSL_CONN_EOF"
_ALERT = "-30592 MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE"
_BAD_RECORD = "-29184 MBEDTLS_ERR_SSL_INVALID_RECORD"
_T = TypeVar("_T")


class TlsContext(Descriptor):
    """What a client trusts: the guest writes CA certificates to it, DER or PEM."""

    def __init__(self) -> None:
        self.options = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.options.maximum_version = ssl.TLSVersion.TLSv1_2
        self.options.verify_flags |= _NO_CHECK_TIME

    def write(self, data: bytes) -> int:
        """Take certificates; EINVAL if they are none."""
        try:
            pem = data.decode("ascii") if b"-----BEGIN " in data else None
            self.options.load_verify_locations(cadata=pem or data)
        except (ssl.SSLError, ValueError):
            raise GuestError(errnos.EINVAL) from None
        return len(data)

    def trust_everybody(self) -> None:
        """Ask for no certificate."""
        self.options.check_hostname = False
        self.options.verify_mode = ssl.CERT_NONE


class TlsFile(SocketFile):
    """A socket with TLS on it. name: of the server, which its certificate must bear.

    unix_us: the board's date. failure: why it failed, "number words" of mbedTLS, or only words
    where MicroPython raises ValueError.
    """

    is_plain = False  # it may hold what the socket has given already, or need the other direction

    def __init__(
        self, plain: SocketFile, context: TlsContext, name: str, unix_us: Callable[[], int]
    ) -> None:
        self.__dict__.update(vars(plain))  # it takes the socket over
        self._readers, self._taps = self._taps, ()  # they are told what is said, not its cipher
        self.failure = ""
        self._unix_s = lambda: unix_us() / 1e6
        self._context = context.options
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.options.wrap_bio(self._in, self._out, server_hostname=name or None)
        self._unsent = b""
        self._shaken = False  # the handshake is over
        self._begun = False  # a write whose record has not left entirely
        self._wants = 0  # poll bits that must hold before what was tried can go on

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
        found = super().ready(self._wants or bits)
        return found | bits if found & self._wants else found

    def watched(self, bits: int) -> Watched | None:
        """The real socket, in the direction that what was tried needs first."""
        return super().watched(self._wants or bits)

    def close(self) -> None:
        """Say farewell, if that is possible at once, and close."""
        with suppress(GuestError, OSError):  # the peer's own farewell is not waited for
            if self._shaken and not self.failure:
                self._run(self._tls.unwrap, WRITABLE)
        super().close()

    def _shake(self, direction: int) -> None:
        if self.failure:
            raise GuestError(errnos.EBADF)
        self._want(0)
        if not self._shaken:
            self._run(self._tls.do_handshake, direction)
            self._flush(direction)
            self._check_dates()
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
            if not self._shaken and not self._is_cut():
                select.select([self.sock], [], [], _SHAKE_S)
            try:
                data = super().read(_RECORD)
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
                self._unsent = self._unsent[super().write(self._unsent) :]
        except GuestError:
            self._want(WRITABLE & ~direction)
            raise

    def _check_dates(self) -> None:
        if self._context.verify_mode == ssl.CERT_NONE:
            return
        for certificate in (self._tls.getpeercert() or {}, *self._context.get_ca_certs()):
            now_s = self._unix_s()
            if now_s > ssl.cert_time_to_seconds(str(certificate["notAfter"])):
                self._fail(_TOO_LATE)
            if now_s < ssl.cert_time_to_seconds(str(certificate["notBefore"])):
                self._fail(_TOO_EARLY)

    def _fail(self, words: str) -> None:
        self.failure = words
        raise GuestError(errnos.EIO)


def _words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BAD_NAME if error.verify_code in _HOST_ERRORS else _NOT_TRUSTED
    if isinstance(error, ssl.SSLEOFError):
        return _CONNECTION_EOF
    return _ALERT if "ALERT" in (error.reason or "") else _BAD_RECORD
