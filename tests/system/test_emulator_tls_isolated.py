"""TLS in a world of its own: boards and a broker that show certificates, in virtual time."""

import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware import wire
from host.emulator import World
from host.emulator.event_log import EventLog
from host.emulator.tls_context import CIPHERS
from tests.system.certificates import make_certificates
from tests.system.emulator_kit import printed, source
from tests.system.test_emulator_determinism import firmware_files

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")

DAY_S = 86400
BROKER = "broker"
TRUST = {"broker": {"host": BROKER, "tls": "/ca.der"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"), BROKER)


def a_world(folder: Path, seed: int = 0, days_ahead: float = 1) -> World:
    """Return one whose date is within the certificates', a day after their begin."""
    unix_s = (folder / "server.pem").stat().st_mtime + days_ahead * DAY_S
    return World(isolated=True, seed=seed, unix_s=unix_s)


def chain(folder: Path) -> tuple[Path, Path]:
    return folder / "server.pem", folder / "server.key"


def a_turn(folder: Path, ca: str) -> str:
    """Return the log of a board that lives a while with a broker, over TLS."""
    files = {"/ca.der": (folder / ca).read_bytes()}
    with a_world(folder, seed=3) as world:
        world.network.jitter_ms, world.network.loss = 30, 0.1
        broker = world.broker(tls=chain(folder))
        board = world.board(name="reef", files=firmware_files("reef", **TRUST) | files)
        log = EventLog(world.boards)
        board.start()
        world.run(seconds=20)
        assert broker.clients == ["reef"], board.serial.text
        # Larger than a segment, so that the board reads a record in parts.
        broker.publish(wire.topic("reef", wire.CHAT), b"/help" + b" " * 900, 1)
        world.run(seconds=5)
        answer = broker.messages[-1]
        assert answer.topic == wire.topic("reef", wire.ANSWER) and b"commands: " in answer.payload
        world.run(minutes=5)  # pings
        assert board.serial.text.count("online as ") == 1 and "link:" not in board.serial.text
        broker.stop()
        world.run(seconds=10)
        assert "link: " in board.serial.text
        broker.start()
        world.run(seconds=60)
        assert board.serial.text.count("online as ") == 2 and broker.clients == ["reef"]
        assert broker.tls and broker.tls.failures == []
        return log.text()


@pytest.mark.parametrize("ca", ["ca.der", "ca.pem"])
def test_a_turn_over_tls_with_a_broker_that_a_ca_vouches_for(folder: Path, ca: str) -> None:
    assert b"MQTT".hex() in a_turn(folder, ca)  # taps see what is said, not its cipher


def test_two_runs_over_tls_give_the_same_log_byte_for_byte(folder: Path) -> None:
    assert a_turn(folder, "ca.der") == a_turn(folder, "ca.der")


DISTRUST: dict[str, tuple[str, float, str, str]] = {
    "another CA": ("other.der", 1, BROKER, "not correctly signed by the trusted CA"),
    "another name": ("ca.der", 1, "10.255.0.1", "does not match with the expected CN"),
    "a date after its end": ("ca.der", 40, BROKER, "validity has expired"),
    "a date before its begin": ("ca.der", -2, BROKER, "validity starts in the future"),
}


@pytest.mark.parametrize(("ca", "days", "host", "why"), DISTRUST.values(), ids=DISTRUST)
def test_a_board_does_not_speak_to_a_broker_because_of(
    folder: Path, ca: str, days: float, host: str, why: str
) -> None:
    trust = {"broker": {"host": host, "tls": "/ca.der"}}
    files = firmware_files("reef", **trust) | {"/ca.der": (folder / ca).read_bytes()}
    with a_world(folder, days_ahead=days) as world:
        broker = world.broker(tls=chain(folder))
        board = world.board(name="reef", files=files)
        board.start()
        world.run(minutes=10)
        assert why in board.serial.text and board.serial.text.count("link: ") == 1
        assert broker.clients == [] and broker.messages == [] and board.boots == 1


JOIN = """
import errno, network, select, socket, ssl, time, tls
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "secret")
while not station.isconnected():
    time.sleep_ms(10)
def read(path):
    with open(path, "rb") as file:
        return file.read()
def connect(name, port):
    link = socket.socket()
    link.connect(socket.getaddrinfo(name, port)[0][-1])
    return link
"""


def board_files(folder: Path, program: str) -> dict[str, bytes]:
    names = ("ca.der", "other.der", "client.der", "client.key.der", "client.pem", "client.key")
    files = {f"/{name}": (folder / name).read_bytes() for name in names}
    return files | {"/main.py": JOIN.encode() + source(program)}


def who_asks(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*chain(folder))
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


# What the board shows to a broker that asks; days ahead; what the board prints; what failed there.
MUTUAL: dict[str, tuple[str, float, str, list[str]]] = {
    "nothing": ("pass", 1, "OSError", ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]),
    "a certificate in DER": (
        "context.load_cert_chain(read('/client.der'), read('/client.key.der'))",
        1,
        "b' \\x02\\x00\\x00'",
        [],
    ),
    "a certificate in PEM": (
        "context.load_cert_chain(read('/client.pem'), read('/client.key'))",
        1,
        "b' \\x02\\x00\\x00'",
        [],
    ),
    "a key that is another's": (
        "context.load_cert_chain(read('/ca.der'), read('/client.key.der'))",
        1,
        "ValueError('invalid key',)",
        [],
    ),
    "a certificate that is none": (
        "context.load_cert_chain(b'sand', read('/client.key.der'))",
        1,
        "ValueError('invalid cert',)",
        [],
    ),
}


@pytest.mark.parametrize(("show", "days", "said", "failed"), MUTUAL.values(), ids=MUTUAL)
def test_a_broker_that_asks_for_a_certificate_is_shown(
    folder: Path, show: str, days: float, said: str, failed: list[str]
) -> None:
    program = f"""
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(read("/ca.der"))
    try:
        {show}
        link = context.wrap_socket(connect("broker", 1883), server_hostname="broker")
        link.write(b"\\x10\\x0d\\0\\4MQTT\\4\\2\\0\\0\\0\\1x")
        print(link.read(4))
    except Exception as e:
        print(repr(e))
    """
    with a_world(folder, days_ahead=days) as world:
        broker = world.broker(tls=who_asks(folder))
        board = world.board(files=board_files(folder, program))
        board.start()
        world.run(minutes=1)
        assert board.serial.text.startswith(said), board.serial.text
        assert broker.tls and broker.tls.failures == failed


SERVER = """
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/client.pem", "/client.key")
context.verify_mode = MODE
context.load_verify_locations(cadata=read("/ca.der"))
server = socket.socket()
server.bind(("0.0.0.0", 443))
server.listen(1)
while True:
    peer, _ = server.accept()
    try:
        secured = context.wrap_socket(peer, server_side=True)
        secured.write(secured.readline().upper())
        secured.close()
    except OSError as e:
        print(e)
        peer.close()
"""
CLIENT = """
time.sleep(1)
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(read("/ca.der"))
SHOW
try:
    link = context.wrap_socket(connect("server", 443), server_hostname="broker")
    link.write(b"tide\\n")
    print(link.readline(), link.read(1), *link.cipher())
except Exception as e:
    print(repr(e))
"""
BETWEEN: dict[str, tuple[str, str, Callable[[str], bool]]] = {
    "one that shows nothing": (
        "ssl.CERT_NONE",
        "pass",
        lambda text: text.startswith("b'TIDE\\n' b'' TLS-ECDHE-ECDSA-WITH-"),
    ),
    "one that has to show something, and does": (
        "ssl.CERT_REQUIRED",
        "context.load_cert_chain(read('/client.der'), read('/client.key.der'))",
        lambda text: text.startswith("b'TIDE\\n'"),
    ),
    "one that has to show something, and does not": (
        "ssl.CERT_REQUIRED",
        "pass",
        lambda text: text.startswith("OSError(-"),
    ),
    "one that knows one cipher only": (
        "ssl.CERT_NONE",
        "context.set_ciphers(['TLS-ECDHE-ECDSA-WITH-AES-128-CCM'])",
        lambda text: text == "b'TIDE\\n' b'' TLS-ECDHE-ECDSA-WITH-AES-128-CCM TLSv1.2\n",
    ),
}


@pytest.mark.parametrize(("mode", "show", "is_right"), BETWEEN.values(), ids=BETWEEN)
def test_a_board_is_a_tls_server_to(
    folder: Path, mode: str, show: str, is_right: Callable[[str], bool]
) -> None:
    with a_world(folder) as world:
        server = world.board(files=board_files(folder, SERVER.replace("MODE", mode)))
        client = world.board(files=board_files(folder, CLIENT.replace("SHOW", show)))
        world.network.names["server"] = server.wifi.address
        server.start()
        client.start()
        world.run(minutes=1)
        assert is_right(client.serial.text), (client.serial.text, server.serial.text)


def test_a_context_tells_and_takes_the_names_that_mbedtls_has() -> None:
    lines = printed(
        """
        import tls
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        print(" ".join(context.get_ciphers()))
        context.set_ciphers(("TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256",))
        for wrong in (["TLS-TIDE-WITH-SAND"], []):
            try:
                context.set_ciphers(wrong)
            except OSError as e:
                print(e)
        try:
            context.set_ciphers("TLS-RSA-WITH-AES-128-CCM")
        except TypeError as e:
            print(e)
        """
    ).splitlines()
    assert lines[0].split() == list(CIPHERS)
    assert "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384" in CIPHERS and len(CIPHERS) >= 16
    assert lines[1:3] == ["(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG')"] * 2
    assert "tuple or list" in lines[3]


def test_a_stream_that_breaks_in_the_handshake_says_so(folder: Path) -> None:
    program = """
    try:
        tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).wrap_socket(
            connect("broker", 1883), server_hostname="broker"
        )
    except OSError as e:
        print(e)
    """
    with a_world(folder) as world:
        world.network.latency_ms = 1000
        world.broker(tls=chain(folder))
        board = world.board(name="reef", files=board_files(folder, program))
        board.start()
        world.run(seconds=3)
        world.network.reset("reef", "broker")
        world.run(seconds=30)
        assert board.serial.lines == ["[Errno 104] ECONNRESET"]
