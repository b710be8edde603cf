"""Model replies recorded once and replayed, so that a test of a conversation needs no model.

A recording is a file of JSON lines, one a request: {"msgs": the conversation, "said": [reply
messages without their id]}. A request is known by its conversation alone; ids, times and wishes
differ from run to run.
"""

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host.mqtt import leave
from host.person import Person

_SUBSCRIBE_TIMEOUT_S = 10.0
_LONGEST_BYTES = 65_536
_LAST_REPLY_S = 2.0


class _Listener:
    """An MQTT client on a device's topics. Raises TimeoutError if nobody lets it subscribe."""

    def __init__(self, host: str, port: int, device: str, *kinds: str) -> None:
        self.device = device
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_socket_open = Person.no_delay
        self._client.connect(host, port)
        self._client.loop_start()
        self._client.subscribe([(wire.topic(device, kind), 1) for kind in kinds])
        if not self._subscribed.wait(_SUBSCRIBE_TIMEOUT_S):
            self.close()
            raise TimeoutError(f"no SUBACK within {_SUBSCRIBE_TIMEOUT_S:.0f} s")

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed.set()

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        _device, kind = wire.split(message.topic)
        self._take(kind, wire.decode(kind, bytes(message.payload), _LONGEST_BYTES))

    def _take(self, kind: str, body: dict[str, Any]) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Leave the broker."""
        leave(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()


class Recorder(_Listener):
    """Listens to a device and its proxy, and adds each answered request to the file `path`."""

    def __init__(self, host: str, port: int, device: str, path: Path) -> None:
        self._path = path
        self._open: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
        self._written = threading.Condition()
        super().__init__(host, port, device, wire.REQUEST, wire.REPLY)

    def _take(self, kind: str, body: dict[str, Any]) -> None:
        if kind == wire.REQUEST:
            self._open.setdefault(body["id"], (body["msgs"], []))
            return
        number = body.pop("id")
        msgs, said = self._open.get(number, (None, []))
        said.append(body)
        if body.get("fin") and msgs is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"msgs": msgs, "said": said}, ensure_ascii=False) + "\n")
            with self._written:
                del self._open[number]
                self._written.notify_all()

    def close(self) -> None:
        """Leave the broker, once what is being answered has been written, or after 2 s."""
        with self._written:
            self._written.wait_for(lambda: not self._open, _LAST_REPLY_S)
        super().close()


class Replayer(_Listener):
    """Answers a device's requests from a recording, in the proxy's place.

    A conversation that was recorded several times is answered in that order, then with the last.
    missing: the conversations that are not in the recording; the board is told "refused".
    """

    def __init__(self, host: str, port: int, device: str, path: Path) -> None:
        self.missing: list[Any] = []
        self.answered = 0
        self._said: dict[str, list[list[dict[str, Any]]]] = {}
        self._sent: dict[str, list[dict[str, Any]]] = {}  # by id: a retry gets the same again
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            self._said.setdefault(_key(entry["msgs"]), []).append(entry["said"])
        super().__init__(host, port, device, wire.REQUEST)

    def _take(self, kind: str, body: dict[str, Any]) -> None:
        number = body["id"]
        if number not in self._sent:
            self._sent[number] = self._next(body["msgs"])
        for message in self._sent[number]:
            payload = json.dumps({"id": number, **message}, ensure_ascii=False).encode()
            self._client.publish(wire.topic(self.device, wire.REPLY), payload, 1)

    def _next(self, msgs: Any) -> list[dict[str, Any]]:
        recorded = self._said.get(_key(msgs))
        if not recorded:
            self.missing.append(msgs)
            return [{"fin": True, "err": "refused", "why": "this was not recorded"}]
        self.answered += 1
        return recorded.pop(0) if len(recorded) > 1 else recorded[0]


def _key(msgs: Any) -> str:
    return json.dumps(msgs, sort_keys=True)
