"""What the shims ask about TLS."""

from typing import TYPE_CHECKING

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.network_socket import NetworkSocket
from host.emulator.operations import operation
from host.emulator.sockets import SocketFile
from host.emulator.tls import TlsFile
from host.emulator.tls_context import CIPHERS, TlsContext

if TYPE_CHECKING:
    from host.emulator.boot import Boot


class TlsCalls:
    """A part of the port; see host_calls.py."""

    _boot: "Boot"
    _pushed: list[int]

    @operation
    def tls_wrap(self, number: int) -> None:
        """Put TLS on a socket. Pushed: context, verify_mode, address and length of the name."""
        number_of_context, verify, address, size = self._pushed
        context, plain = self._context(number_of_context), self._boot.descriptors[number]
        if not isinstance(plain, SocketFile | NetworkSocket):
            raise GuestError(errnos.EBADF)
        context.ask_for(verify)
        boot = self._boot
        name = boot.memory.text(address, size)
        secured = TlsFile(plain, context, name, boot.rtc.unix_us, boot.descriptors.touch)
        boot.descriptors.put(number, secured)

    @operation
    def tls_chain(self, number: int) -> None:
        """Show a certificate. Pushed: its address and length, those of its key."""
        at, size, key_at, key_size = self._pushed
        read = self._boot.memory.read
        self._context(number).take_chain(read(at, size), read(key_at, key_size))

    @operation
    def tls_shake(self, number: int) -> int:
        """Get on with a handshake; 1 when it is over."""
        secured = self._boot.descriptors[number]
        try:
            if isinstance(secured, TlsFile):
                secured.shake()
        except GuestError as error:
            if error.number != errnos.WASI_EAGAIN:
                raise
            return 0
        return 1

    def _context(self, number: int) -> TlsContext:
        found = self._boot.descriptors[number]
        if not isinstance(found, TlsContext):
            raise GuestError(errnos.EBADF)
        return found

    def tls_known_cipher(self, index: str) -> str:
        """Return the name of a cipher that contexts know, "" after the last."""
        return [*CIPHERS, ""][int(index)]

    def tls_allow(self, text: str) -> str:
        """Allow a context only these ciphers: "number name name ..."; "" if one is unknown."""
        number, *names = text.split()
        return "1" if self._context(int(number)).allow(names) else ""

    def tls_cipher(self, number: str) -> str:
        """Return the cipher and the version that a connection uses, "" before it does."""
        found = self._boot.descriptors[int(number)]
        return found.cipher if isinstance(found, TlsFile) else ""

    def tls_error(self, number: str) -> str:
        """Return why TLS on a socket failed, "" if it did not."""
        found = self._boot.descriptors[int(number)]
        return found.failure if isinstance(found, TlsFile) else ""
