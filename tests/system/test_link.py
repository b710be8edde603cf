"""What happens to the link, and how it comes back: a real board, a real mosquitto, a bad line."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host.broker import find_mosquitto
from host.mqtt import leave
from tests.system.certificates import make_certificates
from tests.system.link_kit import HOST, LIMIT_S, Filter, Reef, passed
from tests.system.scripted_proxy import ScriptedProxy, final

pytestmark = pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not installed")

CONNACK, PUBACK, PINGRESP = 0x20, 0x40, 0xD0
TTL_S = 30


@pytest.fixture
def reef() -> Iterator[Reef]:
    with Reef() as reef:
        yield reef


def without(kind: int) -> Filter:
    return lambda first, packet: b"" if first == kind else packet


def instead_of(kind: int, other: bytes) -> Filter:
    return lambda first, packet: other if first == kind else packet


def cut_and(change: Filter) -> Callable[[Reef], None]:
    def do(reef: Reef) -> None:
        reef.line.to_board = change
        reef.line.cut()

    return do


def unresolved(reef: Reef) -> None:
    reef.names[HOST] = None
    reef.line.cut()


def gone(reef: Reef) -> None:
    reef.line.gone = True


def deaf_to_publishes(reef: Reef) -> None:
    reef.line.to_board = without(PUBACK)
    reef.person().publish(wire.CHAT, b"/status")


def deaf_to_pings(reef: Reef) -> None:
    reef.line.to_board = without(PINGRESP)


def heal(reef: Reef) -> None:
    reef.names[HOST] = "127.0.0.1"
    reef.line.to_board = passed
    if reef.line.gone:
        reef.line.gone = False
        reef.line.cut()


# What goes wrong, what the console then says, what ends it.
FAULTS: dict[str, tuple[Callable[[Reef], None], str, Callable[[Reef], None]]] = {
    "a name that does not resolve": (unresolved, "link: -202", heal),
    "a port where nobody listens": (
        lambda reef: reef.line.refuse(),
        "link: [Errno 111] ECONNREFUSED",
        lambda reef: reef.line.listen(),
    ),
    "a broker that accepts and never sends CONNACK": (
        cut_and(without(CONNACK)),
        "link: silent",
        heal,
    ),
    "an HTTP server": (
        cut_and(instead_of(CONNACK, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        "link: silent",
        heal,
    ),
    "bytes that are no MQTT": (
        cut_and(instead_of(CONNACK, b"\x20\xff\xff\xff\xff\xff")),
        "link: garbage",
        heal,
    ),
    "a topic that is no UTF-8": (
        cut_and(instead_of(0x90, b"\x30\x03\x00\x01\xff")),
        "link: ",
        heal,
    ),
    "a peer that is gone without a word": (gone, "link: silent", heal),
    "a broker that stops acknowledging": (deaf_to_publishes, "link: silent", heal),
    "a broker that stops answering pings": (deaf_to_pings, "link: silent", heal),
    "a broker that restarts": (
        lambda reef: reef.broker.stop(),
        "link: closed",
        lambda reef: reef.broker.start(),
    ),
    "Wi-Fi that is gone": (
        lambda reef: reef.board.wifi.down(),
        "link: silent",
        lambda reef: reef.board.wifi.up(),
    ),
}


@pytest.mark.parametrize(("fault", "said", "end"), FAULTS.values(), ids=FAULTS)
def test_the_link_comes_back_after(
    reef: Reef, fault: Callable[[Reef], None], said: str, end: Callable[[Reef], None]
) -> None:
    before = reef.retained()
    assert before[0] is True and before[1]
    fault(reef)
    reef.until(lambda: said in reef.console, 100)
    reef.world.run(seconds=100)  # it lasts
    last = reef.hellos
    assert last == 1 or fault is deaf_to_pings  # who lets the board in before it is found out
    end(reef)
    reef.until(lambda: reef.hellos > last, 80)
    reef.until(lambda: reef.retained() == before, 10)
    assert "link: up" in reef.person().ask("/status", LIMIT_S)["text"]
    assert reef.board.boots == 1 and "Traceback" not in reef.console


def test_an_unclean_end_is_told_and_so_is_the_return(reef: Reef) -> None:
    person = reef.person()
    first = reef.retained()
    reef.board.power_cut()
    person.wait_until(lambda: person.online is False, LIMIT_S, "the will")
    assert reef.retained()[0] is False
    reef.board.start()
    reef.until(lambda: reef.hellos == 2, 30)
    online, nonce = reef.retained()
    assert online and nonce and nonce != first[1]


def test_a_session_that_the_broker_still_holds_is_taken_over_with_the_right_status(
    reef: Reef,
) -> None:
    statuses: list[bytes] = []
    watcher = mqtt.Client(CallbackAPIVersion.VERSION2)
    watcher.on_message = lambda _, __, message: statuses.append(message.payload)
    watcher.connect("127.0.0.1", reef.broker.port)
    watcher.loop_start()
    watcher.subscribe(wire.topic(reef.device, wire.STATUS), 1)
    reef.until(lambda: statuses == [b"online"], 5)
    reef.line.gone = True  # the broker does not learn that the board has left
    reef.until(lambda: "link: silent" in reef.console, 100)
    reef.line.gone = False
    reef.until(lambda: reef.hellos == 2, 30)
    # mosquitto publishes the old will when the new session comes: "online" must be the last word.
    reef.until(lambda: len(statuses) == 3, 5)
    assert statuses == [b"online", b"offline", b"online"]
    assert reef.retained()[0] is True
    leave(watcher)


def rival(reef: Reef) -> mqtt.Client:
    """Return a second client with the board's name, that comes back at once."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=reef.device)
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", reef.broker.port)
    client.loop_start()
    return client


def test_a_duel_over_the_name_slows_down_and_the_board_wins_in_the_end(reef: Reef) -> None:
    other = rival(reef)
    reef.until(lambda: len(reef.names.asked_s) == 7, 200)
    gaps = [b - a for a, b in zip(reef.names.asked_s[1:], reef.names.asked_s[2:], strict=False)]
    assert all(gap >= 0.5 * 2**n for n, gap in enumerate(gaps, 1)), gaps
    leave(other)
    reef.until(lambda: reef.retained()[0] is True, 80)
    reef.world.run(seconds=100)
    assert reef.retained()[0] is True and reef.hellos <= 8


def test_pauses_grow_have_jitter_and_a_longest() -> None:
    attempts: list[list[float]] = []
    for seed in (1, 2):
        with Reef(online=False, seed=seed, realtime=False) as reef:
            reef.line.refuse()
            reef.world.run(hours=1)
            attempts.append(reef.names.asked_s)
            assert reef.console.count("ECONNREFUSED") == 1  # said once, not at each attempt
    for times in attempts:
        gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
        for n, gap in enumerate(gaps):
            longest = min(2.0**n, 60)
            assert longest / 2 <= gap <= longest + 0.5, (n, gap)
        late = gaps[6:]
        assert len(late) > 60 and max(late) - min(late) > 20
    # Two boards that lost the same broker do not come back together.
    met = [a for a in attempts[0][5:] if any(abs(a - b) < 0.05 for b in attempts[1])]
    assert len(met) < 5


def test_a_broker_that_refuses_the_password_is_named(tmp_path: Path) -> None:
    hashed = tmp_path / "passwords"
    hashed.write_text("reef:right\n")
    subprocess.run(["mosquitto_passwd", "-U", str(hashed)], check=True, capture_output=True)
    lines = [f"password_file {hashed}"]
    user = {"user": "reef", "password": "wrong"}
    with Reef({"broker": user}, lines, online=False) as reef:
        reef.until(lambda: "link: refused" in reef.console, 30)
        reef.until(lambda: len(reef.names.asked_s) >= 4, 60)
        assert reef.hellos == 0 and reef.retained() == (None, None)
    with Reef({"broker": user | {"password": "right"}}, lines) as reef:
        assert reef.retained()[0] is True


def test_a_sentence_waits_for_the_link_until_its_deadline_and_no_longer(reef: Reef) -> None:
    proxy = ScriptedProxy(reef)  # type: ignore[arg-type]
    proxy.script = lambda request: [final(request, say="I am here.")]
    reef.line.refuse()
    reef.until(lambda: "link: " in reef.console, 5)
    reef.board.serial.write(b"are you there?\nand what is the time?\n")
    reef.world.run(seconds=TTL_S - 1)
    assert "I could not reach my model" not in reef.console
    reef.world.run(seconds=2)
    expired = f"I could not reach my model within {TTL_S} s: the broker cannot be reached ("
    assert reef.console.count(expired) == 1  # the second has a deadline of its own
    reef.world.run(seconds=TTL_S)
    assert reef.console.count(expired) == 2 and proxy.requests == []
    reef.board.serial.write(b"and now?\n")
    reef.line.listen()
    reef.until(lambda: "I am here." in reef.console or reef.console.count(expired) == 3, 80)
    if reef.console.count(expired) == 3:  # the pause between attempts was longer than its deadline
        reef.board.serial.write(b"and now?\n")
        reef.until(lambda: "I am here." in reef.console, 80)
    assert [request["msgs"][-1] for request in proxy.requests] == [{"u": "and now?"}]
    proxy.close()


def test_a_request_whose_answer_was_lost_is_sent_again_as_the_same_one(reef: Reef) -> None:
    proxy = ScriptedProxy(reef)  # type: ignore[arg-type]
    asked = threading.Event()

    def answer(request: dict[str, Any]) -> list[bytes]:
        if asked.is_set():
            return [final(request, say="Here.")]
        reef.line.cut()  # the broker's acknowledgement is lost too
        asked.set()
        return []

    proxy.script = answer
    chat_id = reef.person().say("are you there?")
    assert asked.wait(LIMIT_S)
    person = reef.person()
    reef.until(lambda: any(a["id"] == chat_id for a in person.answers), 40)
    assert person.answer_to(chat_id)["text"] == "Here."
    first, second = proxy.requests[0], proxy.requests[-1]
    assert first["id"] == second["id"] and first["msgs"] == second["msgs"]
    assert (first["try"], second["try"]) == (0, 1) and second["ttl"] <= first["ttl"]
    proxy.close()


# -- TLS -------------------------------------------------------------------------------------

openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
DAY_S = 86400
PIECE = 7  # bytes: no record of TLS arrives as a whole


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"), HOST)


def secured(folder: Path, ca: str, **options: Any) -> Reef:
    """Return a board that trusts one of the CAs, and a broker that shows its certificate."""
    lines = [f"certfile {folder}/server.pem", f"keyfile {folder}/server.key"]
    broker = {"tls": f"/{ca}"} | options.pop("broker", {})
    file = folder / ca
    files = {f"/{ca}": file.read_bytes()} if file.exists() else {}
    return Reef({"broker": broker}, lines, piece=PIECE, files=files, **options)


@openssl
def test_a_real_broker_is_spoken_to_over_tls(certificates: Path) -> None:
    """What else happens over TLS is in test_emulator_tls_isolated, in virtual time throughout."""
    with secured(certificates, "ca.der", online=False) as reef:
        speaker = mqtt.Client(CallbackAPIVersion.VERSION2)
        speaker.tls_set(ca_certs=str(certificates / "ca.pem"))
        speaker.tls_insecure_set(True)  # it says 127.0.0.1, the certificate says broker.lan
        heard: list[bytes] = []
        subscribed = threading.Event()
        speaker.on_message = lambda _, __, message: heard.append(message.payload)
        speaker.on_subscribe = lambda *_: subscribed.set()
        speaker.connect("127.0.0.1", reef.broker.port)
        speaker.loop_start()
        speaker.subscribe(wire.topic(reef.device, wire.ANSWER), 1)
        assert subscribed.wait(LIMIT_S)
        for number in range(6):  # on a slow machine it may be between two connections
            reef.world.wait_for(lambda: reef.hellos, 3 * LIMIT_S, "the board's hello")
            chat = b'{"id":"%d","text":"/help%s"}' % (number, b" " * 900)
            speaker.publish(wire.topic(reef.device, wire.CHAT), chat, 1)
            with suppress(TimeoutError):
                reef.world.wait_for(lambda: heard, LIMIT_S)
                break
        assert heard and b"commands: " in heard[0], reef.console
        leave(speaker)


DISTRUST: dict[str, tuple[str, dict[str, Any], str]] = {
    "another CA vouches for": ("other.der", {}, "not correctly signed by the trusted CA"),
    "bears another name": (
        "ca.der",
        {"broker": {"host": "127.0.0.1"}},
        "does not match with the expected CN",
    ),
    "has expired": (
        "ca.der",
        {"unix_s": time.time() + 40 * DAY_S},
        "The certificate validity has expired",
    ),
    "begins after the date that a clock without a battery shows": (
        "ca.der",
        {"date_is_set": False},
        "validity starts in the future",
    ),
}


@openssl
@pytest.mark.parametrize(("ca", "options", "why"), DISTRUST.values(), ids=DISTRUST)
def test_the_board_does_not_speak_to_a_broker_whose_certificate(
    certificates: Path, ca: str, options: dict[str, Any], why: str
) -> None:
    with secured(certificates, ca, online=False, **options) as reef:
        reef.until(lambda: why in reef.console, 30)
        reef.world.run(minutes=10)
        assert reef.hellos == 0 and reef.board.boots == 1
        assert reef.console.count("link: ") == 1 and "Traceback" not in reef.console
        reef.board.serial.write(b"hello?\n")
        reef.world.run(seconds=TTL_S + 1)
        assert "cannot be reached (The certificate" in reef.console


@openssl
def test_a_time_server_gives_the_clock_that_a_certificate_needs(certificates: Path) -> None:
    trust = {"tls": "/ca.der"}
    files = {"/ca.der": (certificates / "ca.der").read_bytes()}
    lines = [f"certfile {certificates}/server.pem", f"keyfile {certificates}/server.key"]
    settings = {"broker": trust, "ntp": "time.lan"}
    with Reef(settings, lines, piece=PIECE, files=files, date_is_set=False) as reef:
        assert reef.hellos == 1 and "link: " not in reef.console


BAD_TRUST: dict[str, tuple[str, bytes, str]] = {
    "a file that is not there": ("/none.der", b"", "link: broker.tls: no file /none.der"),
    "a file that is no certificate": ("/ca.der", b"nonsense", "link: invalid cert"),
    "a pre-shared key": ("reef:c0ffee", b"", "link: this MicroPython has no TLS-PSK"),
}


@pytest.mark.parametrize(("trust", "content", "said"), BAD_TRUST.values(), ids=BAD_TRUST)
def test_what_cannot_be_used_for_tls_is_named(trust: str, content: bytes, said: str) -> None:
    files = {"/ca.der": content} if content else {}
    with Reef({"broker": {"tls": trust}}, online=False, files=files) as reef:
        reef.until(lambda: said in reef.console, 5)
        reef.world.run(minutes=10)
        assert reef.hellos == 0 and reef.board.boots == 1 and "Traceback" not in reef.console


@openssl
def test_tls_towards_a_broker_that_has_none_fails_and_goes_on(certificates: Path) -> None:
    files = {"/ca.der": (certificates / "ca.der").read_bytes()}
    trust = {"broker": {"tls": "/ca.der"}}
    with Reef(trust, piece=PIECE, online=False, files=files) as reef:
        reef.until(lambda: "link: " in reef.console, 10)
        reef.until(lambda: len(reef.names.asked_s) > 3, 30)
        assert reef.hellos == 0 and "Traceback" not in reef.console
