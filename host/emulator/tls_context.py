"""What a TLS context holds: trusted CAs, a certificate of its own, the ciphers it allows."""

import base64
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from host.emulator import errnos
from host.emulator.descriptors import Descriptor, GuestError

NO_CHECK_TIME = 0x200000  # X509_V_FLAGNO_CHECK_TIME: OpenSSL would ask the desktop's clock
_TOO_LATE = "The certificate validity has expired"
_TOO_EARLY = "The certificate validity starts in the future"
_CLIENT = ssl.PROTOCOL_TLS_CLIENT
# TLS 1.2 in the order in which mbedTLS lists it: its words, OpenSSL's words.
_KINDS = {
    "ECDHE-ECDSA-WITH": "ECDHE-ECDSA-",
    "ECDHE-RSA-WITH": "ECDHE-RSA-",
    "RSA-WITH": "",
}
_METHODS = {
    "AES-256-GCM-SHA384": "AES256-GCM-SHA384",
    "AES-256-CCM": "AES256-CCM",
    "AES-256-CBC-SHA384": "AES256-SHA384",
    "AES-256-CBC-SHA": "AES256-SHA",
    "AES-128-GCM-SHA256": "AES128-GCM-SHA256",
    "AES-128-CCM": "AES128-CCM",
    "AES-128-CBC-SHA256": "AES128-SHA256",
    "AES-128-CBC-SHA": "AES128-SHA",
}


def _ciphers() -> dict[str, str]:
    """Return those that both sides know: mbedTLS's name -> OpenSSL's."""
    names = {
        f"TLS-{kind}-{method}": kind_here + method_here
        for method, method_here in _METHODS.items()
        for kind, kind_here in _KINDS.items()
    }
    context = ssl.SSLContext(_CLIENT)
    context.set_ciphers("ALL")
    known = {cipher["name"] for cipher in context.get_ciphers()}
    return {name: here for name, here in names.items() if here in known}


CIPHERS = _ciphers()


def prepare(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context what the chip's is: TLS 1.2, and dates are checked by `check_dates`."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= NO_CHECK_TIME
    context.options |= ssl.OP_NO_TICKET
    return context


def check_dates(
    tls: ssl.SSLObject, context: ssl.SSLContext, unix_s: float, fail: Callable[[str], None]
) -> None:
    """Call `fail` with mbedTLS's words if a certificate that was shown does not hold then."""
    shown = tls.getpeercert()
    for certificate in (shown, *context.get_ca_certs()) if shown else ():
        if unix_s > ssl.cert_time_to_seconds(str(certificate["notAfter"])):
            fail(_TOO_LATE)
        if unix_s < ssl.cert_time_to_seconds(str(certificate["notBefore"])):
            fail(_TOO_EARLY)


class TlsContext(Descriptor):
    """A context of the guest, which writes CA certificates to it, DER or PEM."""

    def __init__(self, is_server: bool = False) -> None:
        self.is_server = is_server
        self.options = prepare(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else _CLIENT))
        self.allow(list(CIPHERS))

    def write(self, data: bytes) -> int:
        """Take certificates; EINVAL if they are none."""
        try:
            pem = data.decode("ascii") if b"-----BEGIN " in data else None
            self.options.load_verify_locations(cadata=pem or data)
        except (ssl.SSLError, ValueError):
            raise GuestError(errnos.EINVAL) from None
        return len(data)

    def take_chain(self, certificate: bytes, key: bytes) -> None:
        """Show this certificate; EINVAL if it is none, ENODEV if the key is none or not its."""
        pem = _pem(certificate, "CERTIFICATE")
        try:
            ssl.SSLContext(_CLIENT).load_verify_locations(cadata=pem)
        except ssl.SSLError:
            raise GuestError(errnos.EINVAL) from None
        # OpenSSL takes a key from a file only. A key in DER does not say of which kind it is.
        kinds = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")
        with tempfile.TemporaryDirectory(prefix="limpet-") as folder:
            file = Path(folder) / "chain.pem"
            file.touch(mode=0o600)
            for kind in kinds:
                file.write_text(pem + _pem(key, kind))
                try:
                    self.options.load_cert_chain(file)
                    return
                except ssl.SSLError:
                    continue
        raise GuestError(errnos.ENODEV)

    def allow(self, names: list[str]) -> bool:
        """Allow these ciphers only; False if one of them is not known."""
        here = [CIPHERS.get(name, "") for name in names]
        if not all(here) or not here:
            return False
        self.options.set_ciphers(":".join(here))
        return True

    def ask_for(self, mode: int) -> None:
        """Ask the other side for a certificate: 0 no, 1 if it likes, 2 yes."""
        if not self.is_server and mode < ssl.CERT_REQUIRED:
            mode = ssl.CERT_NONE
            self.options.check_hostname = False
        self.options.verify_mode = ssl.VerifyMode(mode)


def _pem(data: bytes, kind: str) -> str:
    if b"-----BEGIN " in data:
        return data.decode("ascii", "replace").rstrip("\0\n") + "\n"
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n"
