"""TLS for the servers of an isolated world: a stream whose other end speaks TLS."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from host.emulator.stream import Stream
from host.emulator.tls_context import check_dates, prepare

_READ = 16_384  # bytes: what a record holds at most


class TlsServer:
    """What a server shows and asks for.

    with_: its certificate's file and its key's, PEM, or a context of your own, for instance one
    that asks clients for certificates; it is limited to TLS 1.2. unix_s: the world's date.
    failures: OpenSSL's words for each handshake that came to nothing.
    """

    def __init__(
        self, with_: tuple[Path, Path] | ssl.SSLContext, unix_s: Callable[[], float]
    ) -> None:
        self.failures: list[str] = []
        self.unix_s = unix_s
        if isinstance(with_, ssl.SSLContext):
            self.context = prepare(with_)
        else:
            self.context = prepare(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self.context.load_cert_chain(*with_)


class TlsStream:
    """One end of a connection, in clear; see Stream. What is sent before the handshake waits."""

    def __init__(self, plain: Stream, server: TlsServer) -> None:
        self.port = plain.port
        self.peer_address = plain.peer_address
        self.buffer = bytearray()
        self.is_ended = False
        self.error = 0
        self.changed: Callable[[], None] = lambda: None
        self._plain = plain
        self._server = server
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server.context.wrap_bio(self._in, self._out, server_side=True)
        self._is_shaken = False
        self._early = b""
        plain.changed = self._look

    def send(self, data: bytes) -> None:
        """Send bytes."""
        if not self._is_shaken:
            self._early += data
        elif data and not self.is_ended:
            self._tls.write(data)
            self._flush()

    def close(self) -> None:
        """End it, with a farewell; what was sent before still arrives."""
        if self._is_shaken and not self.is_ended:
            with suppress(ssl.SSLError):  # the other side's farewell is not waited for
                self._tls.unwrap()
            self._flush()
        self._plain.close()

    def _look(self) -> None:
        plain = self._plain
        self._in.write(bytes(plain.buffer))
        plain.buffer.clear()
        try:
            self._shake()
            while not self.is_ended:
                self.buffer += self._tls.read(_READ)
        except ssl.SSLWantReadError:
            self.is_ended = plain.is_ended
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        except ssl.SSLError as error:
            self._fail(str(error.reason))
        self._flush()
        self.error = plain.error
        self.changed()

    def _shake(self) -> None:
        if self._is_shaken:
            return
        self._tls.do_handshake()
        check_dates(self._tls, self._server.context, self._server.unix_s(), self._fail)
        if not self.is_ended:
            self._is_shaken = True
            self._flush()
            self.send(self._early)

    def _fail(self, why: str) -> None:
        self._server.failures.append(why)
        self.is_ended = True

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            self._plain.send(data)
