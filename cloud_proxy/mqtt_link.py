"""The one adapter on an MQTT client: a connection that comes back, and messages that get through.

The client is gmqtt: measured at 40 us of CPU for a request and its reply, where paho takes 163.
What it lacks is done here: a window of unacknowledged messages, the resending of what was not
acknowledged when the connection broke, and reconnecting with jitter. Each connection is a new
client with a clean session, because with a persistent one a broker may queue a share of the
requests for a proxy that is gone; a board repeats a request that nobody answered. asyncio and
uvloop set TCP_NODELAY on every connection, without which QoS 1 takes 40 ms. It speaks MQTT 3.1.1,
as boards do: every broker that we know to deliver `$share` does so there too, and the embedded one
speaks nothing newer.
"""

import asyncio
import logging
import math
import os
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

from gmqtt import Client  # pyright: ignore[reportMissingTypeStubs]
from gmqtt.mqtt.constants import MQTTv311  # pyright: ignore[reportMissingTypeStubs]
from gmqtt.mqtt.handler import MQTTError  # pyright: ignore[reportMissingTypeStubs]
from gmqtt.storage import PersistentStorage  # pyright: ignore[reportMissingTypeStubs]

from cloud_proxy.config import Mqtt, secret
from cloud_proxy.errors import UserError
from cloud_proxy.histogram import Histogram

log = logging.getLogger("limpet.mqtt")

_WINDOW = 1000  # messages that wait for PUBACK at most; gmqtt has 65,535 ids for them
_MAX_OUTBOX = 100_000
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 30.0
_SELF_TEST_TIMEOUT_S = 5.0
_GUESSED_ACK_MS = 2.0
_WAY_BACK_FRESH_S = 1.0
_NEVER = -2  # gmqtt's own reconnecting is off: 0 would try once, -1 for ever

T = TypeVar("T")
OnMessage = Callable[[str, bytes, bool], None]  # topic, payload, retained


class LinkDown(Exception):
    """The connection could not be made, or broke before it was of use; the text says why."""


class Refused(LinkDown):
    """The broker answered, and does not let us in or subscribe: asking again will not help."""


class _Unacked(PersistentStorage):  # pyright: ignore[reportUntypedBaseClass]
    """The messages that the broker has not acknowledged; tells when one was."""

    def __init__(self, on_ack: Callable[[float], None]) -> None:
        super().__init__()
        self._sent_s: dict[int, float] = {}
        self.sending: tuple[str, bytes] | None = None  # the message that is being handed over
        self.messages: dict[int, tuple[str, bytes]] = {}
        self._on_ack = on_ack

    def push_message(self, mid: int, raw_package: bytes) -> None:
        if self.sending:
            self.messages[mid] = self.sending
            self._sent_s[mid] = time.monotonic()

    def remove_message_by_mid(self, mid: int) -> None:
        if self.messages.pop(mid, None) is not None:
            self._on_ack((time.monotonic() - self._sent_s.pop(mid)) * 1000)


class Link:
    """A connection to the broker that is made anew whenever it breaks."""

    def __init__(self, config: Mqtt, topics: list[tuple[str, int]], on_message: OnMessage) -> None:
        """topics: (filter, QoS) to subscribe to on each connection."""
        self.client_id = "limpet-proxy-" + os.urandom(4).hex()
        self._config = config
        self._topics = topics
        self._on_message = on_message
        self._password = secret(config.password_env, "the broker")
        self._client: Any = None
        self._unacked = _Unacked(self._acked)
        self._acks = Histogram(_GUESSED_ACK_MS)
        self._way_back = (0.0, -math.inf)  # ms, and when that was worked out
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._accepted = False  # the present connection, by the broker
        self._lost = asyncio.Event()
        self._empty = asyncio.Event()
        self._suback: asyncio.Future[tuple[int, ...]] | None = None
        self._probe: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect, subscribe, and see a message come back through `$share`.

        Raises UserError if the broker does not answer within connect_timeout_s, refuses us, or
        grants shared subscriptions without delivering: some do.
        """
        where = self._config.broker
        try:
            await self._reach(where)
            await self._self_test(where)
        except Refused as e:
            hint = "let this user read and write limpet/v1/#, or set [mqtt] username, password_env"
            raise UserError(f"the broker at {where} does not let us in", str(e), hint) from e

    async def _reach(self, where: str) -> None:
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await self._connect_until_it_works()
        except (TimeoutError, LinkDown) as e:
            why = str(e) or f"nothing answered within {self._config.connect_timeout_s:g} s"
            hint = "start a broker there, or name another one with --broker HOST:PORT"
            raise UserError(f"no broker at {where}", why, hint) from e

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        while True:
            await self._lost.wait()
            log.warning("mqtt: the broker is gone, connecting again")
            await self._connect_until_it_works(forever=True)
            log.warning("mqtt: connected again")

    @property
    def up(self) -> bool:
        """Return whether the broker hears us now."""
        return self._client is not None and self._accepted and not self._lost.is_set()

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Send now or, with QoS 1, as soon as the broker can take it. QoS 0 may be lost."""
        if qos == 0:
            if self.up:
                self._client.publish(topic, payload, qos=0)
            return
        if len(self._outbox) >= _MAX_OUTBOX:
            log.error("mqtt: the outbox is full, the oldest message is dropped")
            self._outbox.popleft()
        self._empty.clear()
        self._outbox.append((topic, payload))
        self._pump()

    def unsubscribe(self, topics: list[str]) -> None:
        """Ask for no more of these; others in the group get them from now on."""
        if self.up:
            self._client.unsubscribe(topics)

    def way_back_ms(self) -> float:
        """Return what 95 of 100 replies take to a board: about what a PUBACK takes to us."""
        now_s = time.monotonic()
        if now_s - self._way_back[1] > _WAY_BACK_FRESH_S:
            self._way_back = (self._acks.quantiles([0.95], now_s)[0], now_s)
        return self._way_back[0]

    async def flush(self, timeout_s: float) -> bool:
        """Return True once everything sent with QoS 1 is acknowledged, False after the timeout."""
        self._pump()
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Disconnect; `run` must have ended."""
        await self._hang_up()

    async def _connect_until_it_works(self, forever: bool = False) -> None:
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                async with asyncio.timeout(self._config.connect_timeout_s):
                    await self._connect()
                return
            except (MQTTError, Refused) as e:
                await self._hang_up()
                if not forever:
                    raise Refused(f"the broker refused: {e}") from e
                log.error("mqtt: the broker refused: %s", e)
            except (OSError, LinkDown) as e:  # TimeoutError is one of the first
                await self._hang_up()
                log.info("mqtt: not connected: %s", e)
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)

    async def _connect(self) -> None:
        host, _, port = self._config.broker.rpartition(":")
        self._lost = asyncio.Event()
        self._unacked = _Unacked(self._acked)
        self._accepted = False
        client = cast(
            Any,
            Client(
                self.client_id,
                clean_session=True,
                persistent_storage=self._unacked,
            ),
        )
        client.reconnect_retries = _NEVER
        lost = self._lost

        def on_disconnect(*_: Any) -> None:
            lost.set()

        client.on_message = self._received
        client.on_disconnect = on_disconnect
        client.on_subscribe = self._subscribed
        if self._config.username:
            client.set_auth_credentials(self._config.username, self._password)
        self._client = client
        tls = _tls(self._config)
        keepalive_s = self._config.keepalive_s
        await client.connect(host, int(port), tls, keepalive_s, MQTTv311)
        self._accepted = True
        for topic, qos in self._topics:
            await self._subscribe(topic, qos)
        self._pump()

    async def _hang_up(self) -> None:
        """End the present connection; what it had not delivered waits for the next."""
        client, self._client = self._client, None
        self._outbox.extendleft(reversed(self._unacked.messages.values()))
        self._unacked.messages.clear()
        if client is not None:
            try:
                async with asyncio.timeout(1):
                    await client.disconnect()
            except (OSError, AttributeError) as e:  # there was no connection to end
                log.debug("mqtt: hanging up: %s", e)

    async def _subscribe(self, topic: str, qos: int) -> None:
        self._suback = asyncio.get_running_loop().create_future()
        self._client.subscribe(topic, qos=qos)
        granted = await self._or_lost(self._suback)
        if granted[0] >= 0x80:
            raise Refused(f"we may not subscribe to {topic}")

    async def _self_test(self, where: str) -> None:
        """Send ourselves a message through a share group that nobody else is in."""
        topic = f"limpet/v1/{self.client_id}/up/llm/probe"
        share = f"$share/{self.client_id}/{topic}"
        self._probe = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_SELF_TEST_TIMEOUT_S):
                await self._subscribe(share, 1)
                self.publish(topic, b"{}", 1)
                await self._or_lost(self._probe)
        except LinkDown as e:
            hint = "its log says why; if it was restarted, start again"
            raise UserError(f"the broker at {where} hung up on us", str(e), hint) from e
        except TimeoutError as e:
            raise UserError(
                f"the broker at {where} does not deliver to shared subscriptions",
                "a message to ourselves through $share did not come back",
                "use mosquitto 2, EMQX or HiveMQ, and let this user read and write limpet/v1/#",
            ) from e
        self.unsubscribe([share])

    async def _or_lost(self, future: asyncio.Future[T]) -> T:
        """Return the future's result; raise LinkDown if the connection breaks first."""
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({future, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if not future.done():
            raise LinkDown("the connection broke")
        return future.result()

    def _acked(self, took_ms: float) -> None:
        self._acks.add(took_ms, time.monotonic())
        self._pump()

    def _pump(self) -> None:
        """Hand over what the window has room for."""
        if not self.up:
            return
        unacked = self._unacked
        while self._outbox and len(unacked.messages) < _WINDOW:
            topic, payload = unacked.sending = self._outbox.popleft()
            self._client.publish(topic, payload, qos=1)
            unacked.sending = None
        if not self._outbox and not unacked.messages:
            self._empty.set()

    def _subscribed(self, _: Any, __: int, granted: tuple[int, ...], ___: Any) -> None:
        if self._suback and not self._suback.done():
            self._suback.set_result(granted)

    def _received(
        self, _: Any, topic: str, payload: bytes, __: int, properties: dict[str, Any]
    ) -> int:
        if topic.endswith("/up/llm/probe"):
            if self._probe and not self._probe.done():
                self._probe.set_result(None)
            return 0
        self._on_message(topic, payload, bool(properties.get("retain")))
        return 0


def _tls(config: Mqtt) -> ssl.SSLContext | bool:
    if not config.tls:
        return False
    return ssl.create_default_context(cafile=str(config.ca_file) if config.ca_file else None)
