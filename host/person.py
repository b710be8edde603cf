"""A person's end of the wire: say a sentence to a board, hear its answer, see its events."""

import itertools
import secrets
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host.errors import UserError
from host.mqtt import leave

CONNECT_TIMEOUT_S = 10.0
_LONGEST_BYTES = 65_536  # of a message from a board


class Person:
    """One MQTT client that talks to one board by name.

    Answers and events arrive in a thread of paho's; `ask` waits for the answer with its own id.
    """

    def __init__(self, host: str, port: int, device: str) -> None:
        """Connect and return once subscribed. Raises UserError if the broker does not answer."""
        self.device = device
        self.online: bool | None = None  # None: nothing heard yet
        self.info: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.broken: list[str] = []  # what came from the board and was no message of the contract
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._run = secrets.token_hex(3)
        self._numbers = itertools.count(1)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"limpet-person-{self._run}"
        )
        self._client.reconnect_delay_set(min_delay=1, max_delay=2)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_socket_open = self.no_delay
        try:
            self._client.connect(host, port)
        except OSError as e:
            raise UserError(
                f"no broker at {host}:{port}", str(e), "start one, or name another with --broker"
            ) from e
        self._client.loop_start()
        self.wait_subscribed()

    @property
    def connected(self) -> bool:
        """Whether the broker is there and listens to us."""
        return self._subscribed.is_set()

    def wait_subscribed(self) -> None:
        """Return once subscribed, again after the broker was away. Raises UserError if not."""
        if not self._subscribed.wait(CONNECT_TIMEOUT_S):
            self.close()
            raise UserError(
                "the broker lets nobody subscribe",
                f"no SUBACK within {CONNECT_TIMEOUT_S:.0f} s",
                "check that it runs, and its access rules",
            )

    def ask(self, text: str, timeout_s: float = 60.0, **wishes: Any) -> dict[str, Any]:
        """Say a sentence and return the board's answer, as wire.FIELDS["up/chat"] has it.

        wishes: private, slo_ms. Raises TimeoutError if no answer comes.
        """
        chat_id = self.say(text, **wishes)
        return self.answer_to(chat_id, timeout_s)

    def say(self, text: str, **wishes: Any) -> str:
        """Say a sentence, wait for nothing, and return the id its answer will carry."""
        chat_id = f"{self._run}-{next(self._numbers)}"
        self.publish(wire.CHAT, wire.encode({"id": chat_id, "text": text, **wishes}))
        return chat_id

    def answer_to(self, chat_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """Return the answer to a sentence said before. Raises TimeoutError if none comes."""

        def find() -> dict[str, Any] | None:
            return next((a for a in self.answers if a["id"] == chat_id), None)

        self.wait_until(lambda: find() is not None, timeout_s, f"the answer to {chat_id}")
        answer = find()
        assert answer is not None
        return answer

    def wait_until(self, true: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Return when true() holds, looked at after each message. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(true, timeout_s):
                raise TimeoutError(f"{what} did not come from {self.device} in {timeout_s:g} s")

    def publish(self, kind: str, payload: bytes, qos: int = 1) -> None:
        """Publish raw bytes on one of the board's topics."""
        self._client.publish(wire.topic(self.device, kind), payload, qos=qos)

    def close(self) -> None:
        """Leave the broker."""
        leave(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def no_delay(_: mqtt.Client, __: Any, sock: Any) -> None:
        """Switch off Nagle's algorithm: with it a QoS 1 round trip takes 40 ms and more."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        kinds = (wire.STATUS, wire.INFO, wire.ANSWER, wire.EVENT)
        client.subscribe([(wire.topic(self.device, kind), 1) for kind in kinds])

    def _on_disconnect(self, *_: Any) -> None:
        self._subscribed.clear()
        self.online = None

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed.set()

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        _device, kind = wire.split(message.topic)
        with self._changed:
            try:
                self._take(kind, bytes(message.payload))
            except wire.WireError as e:
                self.broken.append(str(e))
            self._changed.notify_all()

    def _take(self, kind: str, payload: bytes) -> None:
        if kind == wire.STATUS:
            self.online = payload == b"online"
            return
        body: dict[str, Any] = wire.decode(kind, payload, _LONGEST_BYTES)
        if kind == wire.INFO:
            self.info = body
        elif kind == wire.ANSWER:
            self.answers.append(body)
        else:
            self.events.append(body)
