"""What the shims ask about TLS."""

from typing import TYPE_CHECKING

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.network_socket import NetworkSocket
from host.emulator.operations import operation
from host.emulator.sockets import SocketFile
from host.emulator.tls import TlsContext, TlsFile

if TYPE_CHECKING:
    from host.emulator.boot import Boot

_CERT_REQUIRED = 2  # tls.CERT_REQUIRED


class TlsCalls:
    """A part of the port; see host_calls.py."""

    _boot: "Boot"
    _pushed: list[int]

    @operation
    def tls_wrap(self, number: int) -> None:
        """Put TLS on a socket. Pushed: context, verify_mode, address and length of the name."""
        context, verify, address, size = self._pushed
        trust, plain = self._boot.descriptors[context], self._boot.descriptors[number]
        if isinstance(plain, NetworkSocket):
            raise GuestError(errnos.ESP32["EOPNOTSUPP"])  # TLS needs a socket of the desktop
        if not isinstance(trust, TlsContext) or not isinstance(plain, SocketFile):
            raise GuestError(errnos.EBADF)
        if verify != _CERT_REQUIRED:
            trust.trust_everybody()
        name = self._boot.memory.text(address, size)
        secured = TlsFile(plain, trust, name, self._boot.rtc.unix_us)
        self._boot.descriptors.put(number, secured)

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

    def tls_error(self, number: str) -> str:
        """Return why TLS on a socket failed, "" if it did not."""
        found = self._boot.descriptors[int(number)]
        return found.failure if isinstance(found, TlsFile) else ""
