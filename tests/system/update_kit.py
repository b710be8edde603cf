"""An operator who updates boards: a key, releases, and a server of blocks that can be told to fail."""

import secrets
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host import rsa, update
from host.image import agent_sources, compile_agent, slot_files
from host.lab import Lab
from host.mqtt import leave
from host.person import Person

KEY = rsa.new_key()
OTHER_KEY = rsa.new_key()
WAIT_S = 60.0
Filter = Callable[[bytes], Iterable[bytes]]  # what becomes of one block on its way to the board


def agent(version: str = "7", **changed: str | bytes | None) -> dict[str, bytes]:
    """Return the agent by file name, of a version that its birth message tells.

    changed: module -> its source or bytecode instead, None: it is left out.
    """
    files = {path.rsplit("/", 1)[1]: data for path, data in slot_files("a").items()}
    app = agent_sources()["app"].replace('VERSION = const("', f'VERSION = const("{version}.')
    for module, what in {"app": app, **changed}.items():
        if what is None:
            del files[f"{module}.mpy"]
        else:
            code = what if isinstance(what, bytes) else compile_agent(module, what)
            files[f"{module}.mpy"] = code
    return files


class Server:
    """Answers what boards ask for, with what `filter` makes of each block; hears their states."""

    def __init__(self, lab: Lab) -> None:
        self.device = lab.device
        self.lab = lab
        self.releases: list[update.Release] = []
        self.filter: Filter = lambda block: [block]
        self.silent = False
        self.asked: list[dict[str, Any]] = []
        self.states: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=secrets.token_hex(4))
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_socket_open = Person.no_delay
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(wire.topic(self.device, kind), 1) for kind in (wire.WANTED, wire.PROGRESS)]
        )
        self._client.connect(lab.broker.host, lab.broker.port)
        self._client.loop_start()
        assert ready.wait(WAIT_S)

    def _on_message(self, _: Any, __: Any, message: mqtt.MQTTMessage) -> None:
        _device, kind = wire.split(message.topic)
        body = wire.decode(kind, bytes(message.payload))
        with self._changed:
            (self.asked if kind == wire.WANTED else self.states).append(body)
            self._changed.notify_all()
        if kind == wire.WANTED and not self.silent:
            for release in self.releases:
                block = release.block(bytes(message.payload))
                for part in self.filter(block) if block else ():
                    self.send(part, wire.BLOCK)

    def offer(self, release: update.Release, key: rsa.PrivateKey = KEY) -> str:
        """Retain a job on the board's topic and return its id."""
        self.releases.append(release)
        self.send(update.signed(release.body, key), wire.JOB, retain=True)
        return release.job["id"]

    def send(self, payload: bytes, kind: str, retain: bool = False) -> None:
        self._client.publish(wire.topic(self.device, kind), payload, 1, retain)

    def wait(self, true: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: bool(true()), timeout_s)
        console = self.lab.board.serial.text[-3000:]
        assert done, f"{what}; heard {self.states}, its console says:\n{console}"

    def state(self, job: str, *states: str, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Return the first word of the board that a job is in one of these states."""

        def find() -> dict[str, Any] | None:
            found = (s for s in self.states if s["id"] == job and s["state"] in states)
            return next(found, None)

        self.wait(find, f"{job} is not {states}", timeout_s)
        found = find()
        assert found is not None
        return found

    def close(self) -> None:
        leave(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()


def version(server: Server) -> str:
    """Return the first number of the version that the board's birth message tells."""
    info = server.lab.person.info
    assert info
    return info["fw"].split(".")[0]


def await_version(server: Server, wanted: str) -> None:
    """Return when the board runs a version."""
    server.lab.person.wait_until(lambda: version(server) == wanted, 60, f"version {wanted}")
