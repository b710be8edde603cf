"""What `limpet broker setup` writes, in a real mosquitto: what is delivered, not what is granted."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from host.broker import find_mosquitto, free_port
from host.broker_setup import reload
from host.keys import read_keys
from tests.system.fleet_kit import LIMIT_S, Client, birth
from tests.system.rollout_kit import release

pytestmark = pytest.mark.skipif(not find_mosquitto(), reason="needs mosquitto")
ENV = os.environ | {"NO_COLOR": "1"}


def limpet(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "host.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        env=ENV | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


class Site:
    """A folder as an operator has it, and the broker that runs from it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port, self.service_port = free_port(), free_port()
        names = ("--host", "localhost", "--host", "127.0.0.1", "--bind", "127.0.0.1")
        ports = ("--port", str(self.port), "--service-port", str(self.service_port))
        rights = ("--run-as", "root") if os.geteuid() == 0 else ()
        limpet(folder, "broker", "setup", *names, *ports, *rights, *options)
        limpet(folder, "broker", "add", "kitchen", "cellar")
        self.log = folder / "mosquitto.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(find_mosquitto()), "-c", str(folder / "limpet-broker" / "mosquitto.conf")],
                stdout=log,
                stderr=log,
            )
        for port in (self.port, self.service_port):
            self._await(port)

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "mosquitto does not listen"
                time.sleep(0.05)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(LIMIT_S)

    def keys(self, name: str) -> Any:
        return read_keys(self.folder / "limpet.keys.toml")[name]

    def _login(
        self, user: str, password: str, more: Callable[[mqtt.Client], None] | None
    ) -> Callable[[mqtt.Client], None]:
        def prepare(client: mqtt.Client) -> None:
            client.tls_set(str(self.folder / "ca.pem"))
            client.username_pw_set(user, password)
            if more:
                more(client)

        return prepare

    def board(
        self,
        name: str,
        *,
        password: str | None = None,
        port: int | None = None,
        client_id: str | None = None,
        more: Callable[[mqtt.Client], None] | None = None,
    ) -> Client:
        """Return a board, connected; it says so if it is not let in."""
        login = self._login(name, password or self.keys(name).password, more)
        return Client(port or self.port, name, prepare=login, client_id=client_id)

    def service(self, name: str, port: int | None = None) -> Client:
        password = (self.folder / f"{name}.password").read_text().strip()
        login = self._login(name, password, None)
        client_id = f"{name}-{os.urandom(3).hex()}"
        return Client(port or self.service_port, name, prepare=login, client_id=client_id)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


K, C = "limpet/v1/kitchen/", "limpet/v1/cellar/"
CLAIM = "limpet/v1/g/0.4-77/rollout"
OWN = C + "down/llm/res"
FILTERS = (
    *("#", "limpet/v1/#", "limpet/v1/+/down/#", "limpet/v1/+/down/cmd", K + "#"),
    *(K + "down/cmd", K + "up/chat", "limpet/v1/+/up/llm/req", "$SYS/#", "+/+/+/#"),
    *("$share/x/limpet/v1/+/up/llm/req", "$share/limpet/#"),
)


@pytest.mark.parametrize("topic", FILTERS)
def test_a_rogue_board_hears_nothing_that_is_not_its_own(site: Site, topic: str) -> None:
    with (
        site.board("kitchen") as kitchen,
        site.board("cellar") as cellar,
        site.service("operator") as operator,
        site.service("proxy") as proxy,
    ):
        cellar.subscribe(topic, OWN)
        kitchen.subscribe(K + "down/cmd")
        operator.subscribe(K + "up/#")
        operator.send(K + "down/cmd", b"for the kitchen")
        kitchen.wait_for(lambda: (K + "down/cmd", b"for the kitchen") in kitchen.heard)
        for kind in ("up/chat", "up/llm/req"):
            kitchen.publish(kind, b"of the kitchen")
            operator.wait_for(lambda kind=kind: (K + kind, b"of the kitchen") in operator.heard)
        proxy.send(OWN, b"for the cellar")
        cellar.wait_for(lambda: (OWN, b"for the cellar") in cellar.heard)
        assert {heard for heard, _ in cellar.heard} == {OWN}


PUBLISHED = (
    *(K + "up/status", K + "up/info", K + "up/chat", K + "up/llm/req", K + "up/event"),
    *(K + "down/cmd", K + "down/desired", K + "down/job", K + "down/chat", K + "down/llm/res"),
    *(C + "down/cmd", "limpet/v1/g/all/cmd", "limpet/v1/x", "homeassistant/device/x/config"),
    *("homeassistant/status", "limpet-ha/kitchen/gpio5/set", "limpet-ha/kitchen/gpio5/state"),
    *("limpet/v1/g/fleet-1/mark", CLAIM),
)


@pytest.mark.parametrize("topic", PUBLISHED)
@pytest.mark.parametrize("retain", [False, True], ids=["once", "retained"])
def test_a_rogue_board_is_heard_under_no_other_name(site: Site, topic: str, retain: bool) -> None:
    with (
        site.board("cellar") as cellar,
        site.board("kitchen") as kitchen,
        site.service("operator") as operator,
    ):
        for topic_of_operator in ("limpet/v1/#", "homeassistant/#", "limpet-ha/#"):
            operator.subscribe(topic_of_operator)
        kitchen.subscribe(K + "down/#")
        cellar.subscribe(C + "down/#")
        seen = len(operator.heard)
        cellar.send(topic, b"forged", retain)
        cellar.publish("up/chat", b"true")
        operator.wait_for(lambda: (C + "up/chat", b"true") in operator.heard[seen:])
        for who in (operator, kitchen, cellar):
            assert not [body for _, body in who.heard if body == b"forged"]


def test_home_assistant_can_wish_and_not_command(site: Site) -> None:
    """Its wishes reach the operator's bridge; neither boards nor states take its word."""
    with (
        site.board("kitchen") as kitchen,
        site.service("operator") as operator,
        site.service("homeassistant") as assistant,
    ):
        kitchen.subscribe(K + "down/#")
        for topic in ("limpet/v1/#", "limpet-ha/#"):
            operator.subscribe(topic)
        for topic in (K + "down/cmd", K + "down/chat", K + "down/desired", K + "up/chat"):
            assistant.send(topic, b"forged")
        assistant.send("limpet-ha/kitchen/gpio5/state", b"forged")
        wish = ("limpet-ha/kitchen/gpio5/set", b"ON")
        assistant.send(*wish)
        operator.wait_for(lambda: wish in operator.heard)
        assert not [b for who in (operator, kitchen) for _, b in who.heard if b == b"forged"]


def test_the_proxy_can_answer_and_not_command(site: Site) -> None:
    with site.board("kitchen") as kitchen, site.service("proxy") as proxy:
        kitchen.subscribe(K + "down/#")
        for kind in ("cmd", "desired", "job", "blob", "chat"):
            proxy.send(K + f"down/{kind}", b"forged", retain=True)
            proxy.send(K + f"down/{kind}", b"forged")
        for topic in (K + "up/status", K + "up/info", "limpet/v1/g/all/event"):
            proxy.send(topic, b"forged", retain=True)
        proxy.send(K + "down/llm/res", b"an answer")
        kitchen.wait_for(lambda: bool(kitchen.heard))
        assert kitchen.heard == [(K + "down/llm/res", b"an answer")]


def test_a_rollout_is_claimed_by_operators_and_by_nobody_else(site: Site) -> None:
    """Nobody else reads who claims it, either."""
    everyone = ("kitchen", "proxy", "homeassistant", "operator")
    with ExitStack() as stack:
        first, *others = [
            stack.enter_context(site.board(who) if who == "kitchen" else site.service(who))
            for who in ("operator", *everyone)
        ]
        for who in (first, *others):
            who.subscribe(CLAIM, "limpet/v1/#")
        for who in others:
            for retain in (True, False):
                who.send(CLAIM, who.name.encode(), retain)
        # What each of them may hear comes behind it.
        first.send(K + "down/cmd", b"the end")
        others[0].publish("up/status", b"the end")
        for who in (first, *others):
            who.wait_for(lambda who=who: b"the end" in [body for _, body in who.heard])
        heard = {who.name: {b for topic, b in who.heard if topic == CLAIM} for who in others}
        assert heard == dict.fromkeys(everyone[:3], set()) | {"operator": {b"operator"}}
        assert {b for topic, b in first.heard if topic == CLAIM} == {b"operator"}
        first.send(CLAIM, b"", retain=True)


def test_no_rollout_begins_where_the_rules_do_not_let_an_operator_claim_it(tmp_path: Path) -> None:
    """As those do not that an earlier limpet wrote."""
    site = Site(tmp_path)
    try:
        rules = tmp_path / "limpet-broker" / "services.acl"
        rules.write_text(rules.read_text().replace("topic write limpet/v1/g/+/rollout\n", ""))
        assert reload(tmp_path / "limpet-broker") == 1
        folder = release(tmp_path / "release")
        at = (f"mqtts://localhost:{site.service_port}", "--user", "operator", "--ca", "ca.pem")
        login = ("--broker", *at, "--password-file", "operator.password")
        start = ("update", "rollout", "start", str(folder), "--all", *login)
        with site.board("kitchen") as kitchen:
            kitchen.subscribe(K + "down/#")
            kitchen.publish("up/status", b"online", retain=True)
            kitchen.publish("up/info", birth(), retain=True)
            with site.service("operator") as operator:
                end = ("limpet/v1/g/test/mark", b"")
                operator.subscribe(CLAIM, end[0])
                heard = [(CLAIM, b"")]
                while (CLAIM, b"") in heard:  # mosquitto reads them anew when it can
                    operator.heard.clear()
                    operator.send(CLAIM, b"")
                    operator.send(*end)
                    operator.wait_for(lambda: end in operator.heard)
                    heard = list(operator.heard)
            said = limpet(tmp_path, *start, code=1)
            assert "does not let this user claim" in said and "limpet broker setup" in said
            assert not kitchen.heard
    finally:
        site.close()


def test_the_proxy_hears_requests_and_births_alone(site: Site) -> None:
    with site.board("kitchen") as kitchen, site.service("proxy") as proxy:
        proxy.subscribe("#", "limpet/v1/+/up/llm/req")
        for kind in ("up/chat", "up/res", "up/reported", "up/event", "up/crash", "up/llm/req"):
            kitchen.publish(kind, b"of the kitchen")
        wanted = (K + "up/llm/req", b"of the kitchen")
        proxy.wait_for(lambda: wanted in proxy.heard)
        assert set(proxy.heard) == {wanted}


def test_a_will_goes_to_no_topic_of_another(site: Site) -> None:
    def forged(client: mqtt.Client) -> None:
        client.will_set(K + "up/status", b"forged", 1, True)

    def own(client: mqtt.Client) -> None:
        client.will_set(C + "up/status", b"offline", 1, False)

    with site.service("operator") as operator:
        operator.subscribe("limpet/v1/+/up/status")
        for more in (forged, own):
            cellar = site.board("cellar", more=more)
            assert not cellar.connects[0].is_failure
            cellar.vanish()
        operator.wait_for(lambda: (C + "up/status", b"offline") in operator.heard)
        assert b"forged" not in [body for _, body in operator.heard]


def test_another_boards_client_id_takes_nothing_from_it(site: Site) -> None:
    with site.board("kitchen") as kitchen, site.service("operator") as operator:
        kitchen.subscribe(K + "down/cmd")
        with site.board("cellar", client_id="kitchen") as cellar:
            cellar.subscribe(K + "down/cmd", OWN)
            with site.service("proxy") as proxy:
                proxy.send(OWN, b"control")
            cellar.wait_for(lambda: (OWN, b"control") in cellar.heard)
            operator.send(K + "down/cmd", b"for the kitchen")
            kitchen.wait_for(lambda: (K + "down/cmd", b"for the kitchen") in kitchen.heard)
            assert cellar.heard == [(OWN, b"control")]
        assert len(kitchen.connects) == 1 and kitchen.connected


def test_requests_are_not_lost_to_a_rogue_that_cannot_guess_the_group(site: Site) -> None:
    """mosquitto gives each member of a group its turn, also one that may not read."""
    group = next(
        line.split('"')[1]
        for line in (site.folder / "proxy.toml").read_text().splitlines()
        if line.startswith("group")
    )
    with (
        site.board("kitchen") as kitchen,
        site.board("cellar") as cellar,
        site.service("proxy") as proxy,
    ):
        cellar.subscribe("$share/limpet/limpet/v1/+/up/llm/req", "$share/+/limpet/v1/#")
        proxy.subscribe(f"$share/{group}/limpet/v1/+/up/llm/req")
        for i in range(20):
            kitchen.publish("up/llm/req", b"%d" % i)
        proxy.wait_for(lambda: len(proxy.heard) == 20, "20 requests")
        assert not cellar.heard


STRANGERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a wrong password": ("kitchen", {"password": "wrong"}),
    "a name that is not there": ("attic", {"password": "any"}),
    "another board's password": ("kitchen", {"password": "cellar's"}),
    "a board at the services' door": ("kitchen", {"port": "service"}),
}


@pytest.mark.parametrize("name, how", STRANGERS.values(), ids=STRANGERS)
def test_strangers_are_not_let_in(site: Site, name: str, how: dict[str, Any]) -> None:
    how = dict(how)
    if how.get("password") == "cellar's":
        how["password"] = site.keys("cellar").password
    if "port" in how:
        how["port"] = site.service_port
    with site.board(name, **how) as stranger:
        assert stranger.connects[0].is_failure


def test_a_service_is_not_let_in_at_the_boards_door(site: Site) -> None:
    with site.service("operator", site.port) as stranger:
        assert stranger.connects[0].is_failure


def test_nobody_comes_without_a_name_or_without_tls(site: Site) -> None:
    for port in (site.port, site.service_port):
        nameless = Client(port, "x", prepare=lambda c: c.tls_set(str(site.folder / "ca.pem")))
        with nameless:
            assert nameless.connects[0].is_failure
        with socket.create_connection(("127.0.0.1", port), LIMIT_S) as plain:
            plain.sendall(b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x")
            with suppress(ConnectionResetError):
                assert plain.recv(4)[:1] != b"\x20"


def test_the_operator_sees_the_fleet_and_the_proxy_does_not(site: Site) -> None:
    with site.board("kitchen") as kitchen:
        kitchen.publish("up/status", b"online", retain=True)
        kitchen.publish("up/info", birth(tags=["prod"]), retain=True)
        where = ("--broker", f"mqtts://localhost:{site.service_port}", "--ca", "ca.pem")
        as_operator = ("--user", "operator", "--password-file", "operator.password")
        said = limpet(site.folder, "fleet", "show", "kitchen", *where, *as_operator, "--json")
        assert json.loads(said)["tag"] == ["prod"]
        as_proxy = ("--user", "proxy", "--password-file", "proxy.password")
        said = limpet(site.folder, "fleet", "ls", *where, *as_proxy, code=1)
        assert "error: the broker forbids to publish" in said
        wrong = ("--user", "operator", "--password-file", "proxy.password")
        said = limpet(site.folder, "fleet", "ls", *where, *wrong, code=1)
        assert "lets nobody in" in said and "Not authorized" in said
        said = limpet(site.folder, "fleet", "ls", *where[:2], *as_operator, code=1)
        assert "--ca FILE" in said


def test_a_real_proxy_runs_with_what_setup_wrote(site: Site) -> None:
    from tests.system.proxy_kit import Proxy

    password = (site.folder / "proxy.password").read_text().strip()
    config = (site.folder / "proxy.toml").read_text()
    folder = site.folder / "proxy"
    folder.mkdir()
    where = f"localhost:{site.service_port}"
    with Proxy(where, folder, config, LIMPET_BROKER_PASSWORD=password) as proxy:
        assert proxy.process.poll() is None  # ready: its test through $share has passed


def test_a_revoked_board_is_out_at_once_and_a_rotated_one_until_it_has_its_new_key(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    try:
        old = site.keys("cellar").password
        with site.board("kitchen") as kitchen, site.board("cellar") as cellar:
            said = limpet(tmp_path, "broker", "revoke", "cellar")
            assert "1 mosquitto of this machine told" in said
            cellar.wait_for(lambda: not cellar.connected, "the end of its connection")
            assert "cellar" not in read_keys(tmp_path / "limpet.keys.toml")
            rows = json.loads(limpet(tmp_path, "broker", "ls", "--json"))
            assert [(row["device"], row["may"]) for row in rows] == [
                ("cellar", False),
                ("kitchen", True),
            ]
            with site.board("cellar", password=old) as stranger:
                assert stranger.connects[0].is_failure
            limpet(tmp_path, "broker", "add", "cellar")
            await_in(site, "cellar", site.keys("cellar").password)
            assert kitchen.connected and len(kitchen.connects) == 1
            old = site.keys("kitchen").password
            limpet(tmp_path, "broker", "rotate", "kitchen")
            kitchen.wait_for(lambda: not kitchen.connected, "the end of its connection")
        with site.board("kitchen", password=old) as stranger:
            assert stranger.connects[0].is_failure
        await_in(site, "kitchen", site.keys("kitchen").password)
        assert old not in site.log.read_text()
        said = limpet(tmp_path, "broker", "revoke", "attic", code=1)
        assert "attic has no keys" in said
    finally:
        site.close()


def await_in(site: Site, name: str, password: str) -> None:
    """Return once a board is let in: a mosquitto that was told reads its files when it can."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        with site.board(name, password=password) as board:
            if not board.connects[0].is_failure:
                return
    raise AssertionError(f"{name} is not let in")


def test_setup_again_keeps_what_it_gave_out(tmp_path: Path) -> None:
    site = Site(tmp_path)
    try:
        kept = ["operator.password", "proxy.password", "ca.pem", "limpet-broker/server.pem"]
        kept += ["limpet.keys.toml", "proxy.toml"]
        before = [(tmp_path / name).read_bytes() for name in kept]
        limpet(tmp_path, "broker", "revoke", "cellar")
        limpet(tmp_path, "broker", "setup", "--host", "localhost")
        after = [(tmp_path / name).read_bytes() for name in kept]
        assert [a == b for a, b in zip(before, after, strict=True)] == [
            name != "limpet.keys.toml" for name in kept
        ]
        assert "cellar" in (tmp_path / "limpet-broker" / "devices.acl").read_text()
    finally:
        site.close()
    secret = [tmp_path / name for name in kept] + [tmp_path / "limpet-broker/devices.passwd"]
    assert [path.stat().st_mode & 0o077 for path in secret] == [0] * len(secret)
    for path in (tmp_path / "limpet-broker").iterdir():
        if path.is_file():
            assert read_keys(tmp_path / kept[4])["kitchen"].cmd_key not in path.read_text()


def psk_connack(port: int, identity: str, key: str) -> bytes:
    """Return the CONNACK that a board with a pre-shared key gets, b"" if it is not let in."""
    process = subprocess.Popen(
        [
            *("openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}"),
            *("-psk_identity", identity, "-psk", key, "-tls1_2"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(b"\x10\x13\0\4MQTT\4\2\0\x3c\0\7another")
        process.stdin.flush()
        return process.stdout.read(4)
    except BrokenPipeError:
        return b""
    finally:
        process.kill()
        process.communicate()


def test_boards_with_a_pre_shared_key(tmp_path: Path) -> None:
    site = Site(tmp_path, "--psk")
    try:
        own, other = site.keys("kitchen").psk, site.keys("cellar").psk
        assert psk_connack(site.port, "kitchen", own) == b"\x20\2\0\0"
        assert psk_connack(site.port, "kitchen", other) == b""
        assert psk_connack(site.port, "attic", other) == b""
        limpet(tmp_path, "broker", "revoke", "kitchen")
        deadline = time.monotonic() + LIMIT_S
        while psk_connack(site.port, "kitchen", own) and time.monotonic() < deadline:
            pass
        assert psk_connack(site.port, "kitchen", own) == b""
        assert psk_connack(site.port, "cellar", other) == b"\x20\2\0\0"
    finally:
        site.close()


WRONG = {
    "a folder that is none": (("broker", "add", "kitchen"), "is no broker's folder"),
    "half a certificate": (("broker", "setup", "--host", "a", "--cert", "x"), "go together"),
    "a name that is none": (("broker", "add", "My Board", "--dir", "limpet-broker"), "no device"),
}


@pytest.mark.parametrize("arguments, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "host.cli", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        env=ENV | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )
    assert done.returncode and words in done.stderr and "Traceback" not in done.stderr
