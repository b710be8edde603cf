"""Protocol-level devices: what a broker hears of a board, without the board."""

import json
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host import signing
from host.mqtt import leave
from host.person import Person

LIMIT_S = 60.0  # of the wall's time, for what should take milliseconds


def birth(**fields: Any) -> dict[str, Any]:
    """Return a birth message."""
    info = {"v": 1, "fw": "0.3.0", "board": "esp32-devkit", "chip": "esp32", "nonce": "ab12cd34"}
    info |= {"hash": "h1", "tools": [["gpio_write", "Drive a pin.", []]], "pins": [2, 4]}
    return info | {"tags": [], "tz": "UTC"} | fields


class Client:
    """One MQTT 3.1.1 client, connected, that keeps what it hears as (topic, payload)."""

    def __init__(
        self,
        port: int,
        name: str,
        *,
        will: bool = False,
        prepare: Callable[[mqtt.Client], None] = lambda client: None,
        client_id: str | None = None,
    ) -> None:
        """prepare: gives the client what it needs before it connects: user, TLS, a will."""
        self.name = name
        self.heard: list[tuple[str, bytes]] = []
        self.on_message: Callable[[str, bytes], None] = lambda topic, payload: None
        self.changed = threading.Condition()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id or name)
        self.client.on_message = self._heard
        self.client.on_socket_open = Person.no_delay
        self.connects: list[Any] = []
        self.client.on_connect = self._connect
        self.client.on_disconnect = self._disconnect
        self.connected = False
        self._subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        if will:
            self.client.will_set(f"limpet/v1/{name}/up/status", b"offline", 1, True)
        prepare(self.client)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.wait_for(lambda: bool(self.connects), "CONNACK")

    def _connect(self, _: object, __: object, ___: object, code: Any, ____: object) -> None:
        with self.changed:
            self.connects.append(code)
            self.connected = not code.is_failure
            self.changed.notify_all()

    def _disconnect(self, *_: object) -> None:
        with self.changed:
            self.connected = False
            self.changed.notify_all()

    def _heard(self, _: object, __: object, message: mqtt.MQTTMessage) -> None:
        with self.changed:
            self.heard.append((message.topic, bytes(message.payload)))
            self.changed.notify_all()
        self.on_message(message.topic, bytes(message.payload))

    def wait_for(self, true: Callable[[], bool], what: str = "a message") -> None:
        with self.changed:
            assert self.changed.wait_for(true, LIMIT_S), f"{what} did not come: {self.heard}"

    def subscribe(self, *topics: str) -> None:
        self._subscribed.clear()
        self.client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(LIMIT_S)

    def publish(self, kind: str, body: Any, retain: bool = False) -> None:
        """Publish on a topic of this device and wait until the broker has it."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send(f"limpet/v1/{self.name}/{kind}", payload, retain)

    def send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish anywhere and wait until the broker has it."""
        self.client.publish(topic, payload, 1, retain).wait_for_publish(LIMIT_S)

    def vanish(self) -> None:
        """Lose the connection as by a power cut: the will is sent."""
        self.client.on_disconnect = None
        self.client._sock_close()  # noqa: SLF001
        self.client.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        leave(self.client)


def device(port: int, name: str, **info: Any) -> Client:
    """Return a device that is online and has said what it is."""
    made = Client(port, name, will=True)
    made.publish("up/status", b"online", retain=True)
    made.publish("up/info", birth(**info), retain=True)
    return made


class Board(Client):
    """A device that obeys signed commands, takes desired settings, and answers sentences.

    obey(call) returns a call's result, or raises ValueError. calls: what it has carried out. mute:
    it takes commands and says nothing.
    """

    def __init__(self, port: int, name: str, key: str, **info: Any) -> None:
        self.key, self.nonce = key, info.get("nonce", "ab12cd34")
        self.calls: list[Any] = []
        self.refused: list[str] = []
        self.mute = False
        self.obey: Callable[[dict[str, Any]], Any] = lambda call: {"ok": 1}
        self._n = self._v = 0
        self._work: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        super().__init__(port, name, will=True)
        self.on_message = lambda topic, payload: self._work.put((topic, payload))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.subscribe(f"limpet/v1/{name}/down/#")
        self.publish("up/status", b"online", retain=True)
        self.publish("up/info", birth(**info), retain=True)

    def _serve(self) -> None:
        while item := self._work.get():
            topic, payload = item
            kind = topic.split("/", 3)[3]
            try:
                if kind == wire.CHAT:
                    chat = json.loads(payload)
                    self.publish(wire.ANSWER, {"id": chat["id"], "text": chat["text"], "ok": True})
                elif kind == wire.COMMAND:
                    body = json.loads(signing.opened(self.key, topic, self.nonce, payload))
                    self._command(body)
                elif kind == wire.DESIRED:
                    self._desire(json.loads(signing.opened(self.key, topic, "", payload)))
            except ValueError as e:
                self.refused.append(str(e))
            with self.changed:
                self.changed.notify_all()

    def _command(self, body: dict[str, Any]) -> None:
        if body["n"] <= self._n:
            self.refused.append("again")
            return
        self._n = body["n"]
        results, error = [], {}
        for call in body["calls"]:
            try:
                results.append({**call, "result": self.obey(call)})
            except ValueError as e:
                error = {"err": "failed", "why": str(e)}
        self.calls += body["calls"]
        if not self.mute:
            ids = {"id": body["id"], "n": body["n"], "ok": not error}
            self.publish(wire.RESULT, {**ids, "res": results, **error})

    def _desire(self, body: dict[str, Any]) -> None:
        if body["v"] <= self._v:
            return
        self._v = body["v"]
        odd = [name for name in body["set"] if name not in ("tags", "llm.ttl_s", "persona")]
        report = {"v": body["v"], "set": body["set"]}
        self.publish(wire.REPORTED, report | ({"err": f"no field {odd[0]}"} if odd else {}), True)

    def __exit__(self, *of: Any) -> None:
        self._work.put(None)
        self._thread.join(LIMIT_S)
        super().__exit__(*of)
