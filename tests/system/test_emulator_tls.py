"""MicroPython's ssl and tls on an emulated board, towards a real TLS server."""

import shutil
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.system.certificates import make_certificates
from tests.system.emulator_kit import LIMIT_S, running, source
from tests.system.test_emulator_network import JOIN, echo, server

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"), "rock.lan")


@pytest.fixture
def port(certificates: Path) -> Iterator[int]:
    """The port of a server that says everything back."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def serve(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                echo(secured)
        except (ssl.SSLError, ConnectionError):
            return  # the board would not have it

    with server(serve) as number:
        yield number


START = """
import ssl, tls, machine
machine.RTC().datetime((YEAR, 11, 1, 0, 0, 0, 0, 0))
def connect():
    s = socket.socket()
    s.connect(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
    return s
def trusting(ca):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    return context
"""


def on_board(program: str, port: int, folder: Path, years_ahead: int = 0) -> list[str]:
    """Return what a program prints whose clock is right, or so many years ahead."""
    now = datetime.now(UTC) + timedelta(days=1)
    year, month, day = now.year + years_ahead, now.month, now.day
    start = START.replace("YEAR, 11, 1", f"{year}, {month}, {day}").replace("PORT", str(port))
    text = JOIN + start + source(program).decode().replace("PORT", str(port))
    for ca in ("ca", "other"):
        text = text.replace(f"{ca.upper()}_DER", repr((folder / f"{ca}.der").read_bytes()))
    text = text.replace("CA_PEM", repr((folder / "ca.pem").read_bytes()))
    with running(text, realtime=True) as board:  # a handshake takes its time
        board.join(LIMIT_S)
        assert (board.state, board.exit) == ("stopped", 0), board.serial.text
        return board.serial.lines


GOOD = {
    "tls, with the handshake at once": (
        """
        s = trusting(CA_DER).wrap_socket(connect(), server_hostname="rock.lan")
        s.write(b"tide\\n")
        print(s.readline())
        s.close()
        """,
        ["b'tide\\n'"],
    ),
    "ssl, with a certificate in PEM": (
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=CA_PEM)
        s = context.wrap_socket(connect(), server_hostname="rock.lan")
        s.write(b"tide")
        print(s.read(4))
        """,
        ["b'tide'"],
    ),
    "ssl.wrap_socket, which trusts everybody": (
        """
        s = ssl.wrap_socket(connect())
        s.write(b"tide")
        print(s.read(2), s.read(2))
        """,
        ["b'ti' b'de'"],
    ),
    "a socket that does not block": (
        """
        plain = connect()
        plain.setblocking(False)
        context = trusting(CA_DER)
        s = context.wrap_socket(plain, do_handshake_on_connect=False, server_hostname="rock.lan")
        poll = select.poll()
        poll.register(s, select.POLLOUT)
        while s.write(b"tide") is None:
            assert poll.poll(5000)[0][1] & select.POLLOUT
        poll.modify(s, select.POLLIN)
        data = None
        while data is None:
            assert poll.poll(5000)[0][1] & select.POLLIN
            data = s.read(9)
        print(data, s.read(9), s.readline(), poll.poll(10))
        """,
        ["b'tide' None None []"],
    ),
    "asyncio, more than a record at a time, both ways": (
        """
        async def main():
            r, w = await asyncio.open_connection("127.0.0.1", PORT, trusting(CA_DER), "rock.lan")
            async def send():
                for n in range(20):
                    w.write(bytes([n]) * 5000)
                    await w.drain()
            task = asyncio.create_task(send())
            got = 0
            right = True
            while got < 100000:
                part = await r.read(4096)
                if part:
                    right = right and part[0] == got // 5000
                    got += len(part)
            await task
            w.close()
            await w.wait_closed()
            print(got, right)
        asyncio.run(main())
        """,
        ["100000 True"],
    ),
}


@pytest.mark.parametrize(("program", "lines"), GOOD.values(), ids=GOOD)
def test_a_server_is_spoken_to_by(
    port: int, certificates: Path, program: str, lines: list[str]
) -> None:
    said = on_board(program, port, certificates)
    assert said[-len(lines) :] == lines and len(set(said)) == len(lines)


# (what is trusted, the name that is asked for, years the board's clock is ahead, what it says)
BAD = {
    "another CA": ("OTHER_DER", "rock.lan", 0, "is not correctly signed by the trusted CA"),
    "another name": ("CA_DER", "sand.lan", 0, "does not match with the expected CN"),
    "a date after its end": ("CA_DER", "rock.lan", 1, "validity has expired"),
    "a date before its begin": ("CA_DER", "rock.lan", -1, "validity starts in the future"),
}


@pytest.mark.parametrize(("ca", "name", "years", "why"), BAD.values(), ids=BAD)
def test_a_certificate_is_refused_because_of(
    port: int, certificates: Path, ca: str, name: str, years: int, why: str
) -> None:
    program = f"""
        s = connect()
        try:
            trusting({ca}).wrap_socket(s, server_hostname="{name}")
        except ValueError as e:
            print(str(e).strip())
        try:
            s.write(b"all the same")
        except OSError as e:
            print(e.errno == errno.EBADF)
        """
    said = on_board(program, port, certificates, years)
    assert why in said[0] and said[1:] == ["True"]


REFUSED = {
    "a CA that is none": ("trusting(b'sand')", "ValueError('invalid cert',)"),
    "a connection without a name to check": (
        "trusting(CA_DER).wrap_socket(connect())",
        "ValueError('CERT_REQUIRED requires server_hostname',)",
    ),
    "a server that speaks no TLS": (
        "trusting(CA_DER).wrap_socket(plain(), server_hostname='rock.lan')",
        "OSError(-29184, 'MBEDTLS_ERR_SSL_INVALID_RECORD')",
    ),
    "a pre-shared key": ("print(trusting(CA_DER).psk_key)", "AttributeError("),
}


@pytest.mark.parametrize(("attempt", "why"), REFUSED.values(), ids=REFUSED)
def test_an_attempt_fails_as_on_the_chip(
    port: int, certificates: Path, attempt: str, why: str
) -> None:
    with server(lambda connection: connection.sendall(b"220 welcome to the rock\r\n")) as other:
        program = f"""
        def plain():
            s = socket.socket()
            s.connect(("127.0.0.1", {other}))
            return s
        try:
            {attempt}
        except Exception as e:
            print(repr(e))
        """
        assert on_board(program, port, certificates)[0].startswith(why)
