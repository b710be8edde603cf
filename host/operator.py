"""An operator's connection to the broker: all boards' messages, and an answer to each of ours.

MQTT 5 where the broker has it: its acknowledgements tell what those of 3.1.1 hide, that nobody
listens on a topic, that the access rules forbid it.
"""

import secrets
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from firmware import wire
from host.broker_address import Address
from host.errors import UserError
from host.mqtt import leave
from host.person import Person

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 30.0  # of the broker, while nothing at all comes from it
_NOBODY = 0x10  # MQTT 5: no matching subscribers
_BATCH = 400  # topics in one SUBSCRIBE: fewer messages than any broker keeps waiting for a client
_IN_FLIGHT = 200


class Silence(UserError):
    """The broker answers nothing; what was published at QoS 1 goes out when it is back."""


Heard = Callable[[str, bytes], None]
Acked = Callable[[int, str], None]


class Operator:
    """One MQTT 5 client. heard(topic, payload) is called in a thread of paho's.

    Subscriptions are at QoS 0, for a broker drops of a long burst at QoS 1 what exceeds its queue;
    they are made again after the broker was away.
    """

    def __init__(
        self,
        address: Address,
        heard: Heard,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        """Connect. Raises UserError.

        will: the topic and the payload, to be retained, that tell others when we are gone.
        """
        self.address = address
        self._heard = heard
        self._will = will
        self._tell: Acked = lambda number, outcome: None
        self.name = f"fleet-{secrets.token_hex(4)}"
        self._mark = f"{wire.GROUP}{self.name}/mark"
        self._marks = 0
        self._filters: list[str] = [self._mark]
        self._changed = threading.Condition()
        self._refused = ""
        self._granted: dict[int, list[Any]] = {}
        self._held: dict[int, str] | None = None  # while `publish` waits: what came
        self._returned = 0  # the latest mark that came back
        self._count = 0  # messages that came
        self._kept = 0  # those of them that the broker had kept
        self.sessions = 0  # connections that the broker has granted; counted in paho's thread
        self._up = False
        self._lost = False
        versions = (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311)
        client = next(filter(None, map(self._connect, versions)), None)
        if client is None:
            raise UserError(
                f"the broker at {address} does not answer",
                "it ended the connection without a word",
                "is it an MQTT broker, and is it --broker mqtts://... that it wants?",
            )
        self._client = client

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._up

    def _connect(self, protocol: MQTTProtocolVersion) -> mqtt.Client | None:
        """Return a client that listens to our mark; None if the broker hangs up without a word."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"limpet-{self.name}", protocol=protocol
        )
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.reconnect_delay_set(1, 5)
        address = self.address
        if self._will:
            client.will_set(*self._will, qos=1, retain=True)
        if address.user:
            client.username_pw_set(address.user, address.password or None)
        if address.tls:
            client.tls_set_context(address.tls)  # pyright: ignore[reportUnknownMemberType]
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = Person.no_delay
        self._lost = False
        try:
            client.connect(address.host, address.port)
        except OSError as e:
            raise UserError(f"no broker at {address}", str(e), _hint(e)) from e
        client.loop_start()
        with self._changed:
            self._changed.wait_for(
                lambda: self._granted or self._refused or self._lost, CONNECT_TIMEOUT_S
            )
            if self._granted:
                return client
        leave(client)
        if (self._lost and not self._refused) or "version" in self._refused:
            return None
        raise UserError(
            f"the broker at {address} lets nobody in",
            self._refused or f"it did not answer within {CONNECT_TIMEOUT_S:.0f} s",
            "see --user and --password-file"
            if self._refused
            else "is it an MQTT broker, and is it --broker mqtts://... that it wants?",
        )

    def subscribe(self, topics: Sequence[str]) -> None:
        """Listen to these; when it returns, all that is retained there has come.

        Raises UserError where the broker forbids it, or does not answer.
        """
        for at in range(0, len(topics), _BATCH):
            batch = list(topics[at : at + _BATCH])
            self._subscribe(batch)
            self._filters += batch
            self.settle()

    def _subscribe(self, batch: list[str]) -> None:
        _rc, mid = self._client.subscribe([(topic, 0) for topic in batch])
        codes = self._await(lambda: self._granted.pop(mid or 0, None), "SUBACK")
        for topic, code in zip(batch, codes, strict=True):
            if code.is_failure:
                raise UserError(
                    f"the broker forbids to listen to {topic}",
                    str(code),
                    "use the operator's user, see: limpet broker setup --help",
                )

    def settle(self) -> None:
        """Return when all that the broker had kept for our subscriptions has come.

        A marker goes to a topic of our own and comes back behind it; again, until nothing came
        between two, as some brokers send what they keep beside the rest. Raises UserError if none
        comes back.
        """
        kept = -1
        while kept != self._kept:
            kept = self._kept
            self._marks += 1
            mark = self._marks
            if self.publish(self._mark, b"%d" % mark) == "forbidden":
                raise UserError(
                    f"the broker forbids to publish to {self._mark}",
                    "where the end is of what it keeps cannot be told without",
                    f"let this user write and read {wire.GROUP}+/mark",
                )
            self._await(lambda mark=mark: self._returned >= mark or None, "what we sent to us")

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> str:
        """Publish at QoS 1 and return "" when the broker has it.

        "nobody": it says that nobody listens there; "forbidden". Raises UserError on silence.
        """
        held: dict[int, str] = {}
        self._held = held  # not under our lock: paho calls us with a lock of its own
        number = self.begin(topic, payload, retain)
        outcome = self._await(lambda: held.pop(number, None), "PUBACK")
        with self._changed:
            self._held = None
        for other, its in held.items():
            self._tell(other, its)
        return str(outcome)

    def begin(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Publish at QoS 1, wait for nothing, and return the number that `acked` will be told."""
        return self._client.publish(topic, payload, 1, retain).mid

    def say(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0, to be retained: at once, or never if the connection ends meanwhile."""
        self._client.publish(topic, payload, 0, True)

    def hand_over(self, heard: Heard, acked: Acked) -> None:
        """From now on call these. acked(number, outcome): of what was begun, as of `publish`."""
        self._heard, self._tell = heard, acked

    def close(self) -> None:
        """Leave the broker."""
        leave(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def _await(self, found: Callable[[], Any], what: str) -> Any:
        """Return what is found; a busy broker has all the time it takes, a silent one has not."""
        with self._changed:
            count, since = self._count, time.monotonic()
            while True:
                value = found()
                if value is not None:
                    return value
                if self._count != count:
                    count, since = self._count, time.monotonic()
                left = since + ANSWER_TIMEOUT_S - time.monotonic()
                if left <= 0:
                    raise Silence(
                        f"the broker at {self.address} is silent",
                        f"{what} did not come",
                        "its queue may be too short (mosquitto: max_queued_messages), or its "
                        "access rules keep from this user what it asks for",
                    )
                self._changed.wait(left)

    def _on_connect(self, client: mqtt.Client, _: Any, __: Any, code: Any, ___: Any) -> None:
        with self._changed:
            again = [] if code.is_failure else self._filters[:]
            self._refused = str(code) if code.is_failure else ""
            self.sessions += not self._refused
        for at in range(0, len(again), _BATCH):
            client.subscribe([(topic, 0) for topic in again[at : at + _BATCH]])
        with self._changed:
            self._up = not self._refused
            self._changed.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self._up, self._lost = False, True
            self._changed.notify_all()

    def _on_subscribe(self, _: mqtt.Client, __: Any, mid: int, codes: Any, ___: Any) -> None:
        with self._changed:
            self._granted[mid] = codes
            self._changed.notify_all()

    def _on_publish(self, _: mqtt.Client, __: Any, mid: int, code: Any, ___: Any) -> None:
        outcome = "nobody" if code.value == _NOBODY else "forbidden"
        outcome = outcome if code.value == _NOBODY or code.is_failure else ""
        with self._changed:
            if self._held is not None:
                self._held[mid] = outcome
                self._changed.notify_all()
                return
        self._tell(mid, outcome)

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        if topic == self._mark:
            with self._changed:
                self._returned = max(self._returned, int(payload))
                self._changed.notify_all()
            return
        self._count += 1
        self._kept += message.retain
        self._heard(topic, payload)


def _hint(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "--ca FILE names the CA; the name in --broker must be the certificate's"
    if isinstance(error, ssl.SSLError):
        return "is it a port for TLS? mqtt:// is without, mqtts:// with"
    return "start one, or name another with --broker"
