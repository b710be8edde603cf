"""Stands where the proxy stands, so that a test or a benchmark decides what a board is told."""

import json
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host.lab import Lab
from host.mqtt import leave
from host.person import Person

Script = Callable[[dict[str, Any]], list[bytes]]


class ScriptedProxy:
    """Stands where the proxy stands and answers each request with the bytes of a script."""

    def __init__(self, lab: Lab) -> None:
        self.script: Script = lambda request: []
        self.requests: list[dict[str, Any]] = []
        self._subscribed = threading.Event()
        self._reply_topic = wire.topic(lab.device, wire.REPLY)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_socket_open = Person.no_delay
        self._client.connect(lab.broker.host, lab.broker.port)
        self._client.loop_start()
        self._client.subscribe(wire.topic(lab.device, wire.REQUEST), 1)
        if not self._subscribed.wait(10):
            raise TimeoutError("the broker did not acknowledge the subscription within 10 s")

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed.set()

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        request = wire.decode(wire.REQUEST, bytes(message.payload), 65536)
        self.requests.append(request)
        for payload in self.script(request):
            client.publish(self._reply_topic, payload, 1)

    def close(self) -> None:
        """Leave the broker."""
        leave(self._client)


def final(request: dict[str, Any], **fields: Any) -> bytes:
    """Return the last message of a reply that is carried out without another round."""
    return json.dumps({"id": request["id"], "fin": True, "end": True, **fields}).encode()
