"""Where an operator finds the broker, and as whom."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from host.errors import UserError

PLAIN_PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True)
class Address:
    """A broker and a user of it. tls: None for none. password: never shown."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_address(
    text: str, user: str | None = None, password_file: Path | None = None, ca: Path | None = None
) -> Address:
    """Return the address that a person means by HOST, HOST:PORT or mqtt[s]://[USER@]HOST[:PORT].

    ca: vouches for the broker's certificate, and means TLS, as mqtts: does; without it the
    system's CAs do. password_file: its first line. Raises UserError.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "mqtts" if ca else "mqtt", text
    try:
        if scheme not in ("mqtt", "mqtts"):
            raise ValueError(f"{scheme}: is neither mqtt: nor mqtts:")
        parts = urlsplit(f"//{rest}")
        if parts.password is not None:
            raise ValueError("a password in a command line can be read by others")
        if not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("it is HOST, HOST:PORT or mqtts://HOST:PORT")
        secure = scheme == "mqtts" or ca is not None
        port = parts.port or (TLS_PORT if secure else PLAIN_PORT)
    except ValueError as e:
        raise UserError(
            f"{_without_password(text)} is no broker's address",
            str(e),
            "--broker mqtts://broker.lan --user operator --password-file operator.password",
        ) from e
    password = ""
    if password_file:
        try:
            password = password_file.read_text(encoding="utf-8").partition("\n")[0].strip("\r")
        except (OSError, UnicodeDecodeError) as e:
            raise UserError(
                f"{password_file} holds no password", str(e), "its first line is the password"
            ) from e
    return Address(
        parts.hostname,
        port,
        user or unquote(parts.username or ""),
        password,
        _context(ca) if secure else None,
    )


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as e:  # ssl.SSLError is one
        raise UserError(f"{ca} is no CA certificate", str(e), "a PEM file is expected") from e


def _without_password(text: str) -> str:
    before, at, after = text.rpartition("@")
    scheme, slashes, user = before.rpartition("//")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{after}" if at else text
