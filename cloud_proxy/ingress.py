"""MQTT in and out: requests become tasks, their answers replies, each request ending once."""

import asyncio
import logging
import re
from collections import Counter

from cloud_proxy import bodies
from cloud_proxy import reply as replies
from cloud_proxy.admission import Admission
from cloud_proxy.board_talk import from_wire
from cloud_proxy.boards import Boards
from cloud_proxy.config import Mqtt
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.lru import Lru
from cloud_proxy.mqtt_link import Link
from cloud_proxy.request import Request
from firmware import wire

log = logging.getLogger("limpet.ingress")

_CACHE_TTL_S = 600.0  # how long a retry gets the reply that was sent before
_MAX_CACHED = 10_000  # replies, at most wire.MAX_IN bytes each
_MAX_BUFFERED = 20_000  # characters of text that wait for the next delta
_ID = re.compile(rb'"id"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,64})"')

Key = tuple[str, str]  # device, request id


class Ingress:
    """Takes messages from a link, and puts the replies on it."""

    def __init__(self, config: Mqtt, dispatcher: Dispatcher) -> None:
        self._config = config
        self._dispatcher = dispatcher
        self._boards = Boards()
        self._share = f"$share/{config.group}/{wire.ROOT}+/{wire.REQUEST}"
        self.link = Link(
            config,
            [
                (f"{wire.ROOT}+/{wire.INFO}", 1),
                (f"{wire.ROOT}+/{wire.CANCEL}", 1),
                (self._share, 1),
            ],
            self.received,
        )
        self.counts: Counter[str] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._inflight: dict[Key, asyncio.Task[None]] = {}
        self._admission = Admission(config.max_inflight, config.max_inflight_per_device)
        self._done: Lru[Key, bytes] = Lru(_MAX_CACHED, _CACHE_TTL_S)
        self._cancelled: set[Key] = set()

    def serve(self, tasks: asyncio.TaskGroup) -> None:
        """Answer from now on, each request in a task of this group."""
        self._tasks = tasks
        self._admission.closed = False

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, and end those under way: by themselves, else with an error."""
        self._admission.closed = True
        self.link.unsubscribe([self._share])
        running = list(self._inflight.values())
        if running:
            _, late = await asyncio.wait(running, timeout=timeout_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1)

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take in one message. Whatever is wrong with it, this does not raise."""
        device = kind = ""
        try:
            device, kind = bodies.split(topic)
            self._sort(device, kind, payload, retained)
        except wire.WireError as e:
            self.counts["invalid"] += 1
            log.info("%s: %s", topic[:80], e)
            self._tell_invalid(device, kind, payload, str(e))

    def _sort(self, device: str, kind: str, payload: bytes, retained: bool) -> None:
        if kind == wire.REQUEST:
            if not retained:  # one that a broker keeps would be answered again at each connection
                self._request(device, payload)
        elif kind == wire.INFO:
            if payload:  # an empty one clears what was retained
                self._boards.announce(device, bodies.decode(kind, payload))
        elif kind == wire.CANCEL:
            self._cancel((device, bodies.decode(kind, payload)["id"]))

    def _request(self, device: str, payload: bytes) -> None:
        self.counts["received"] += 1
        body = bodies.decode(wire.REQUEST, payload)
        key = (device, body["id"])
        before = self._done.get(key)
        if before is not None or key in self._inflight:
            self.counts["duplicate"] += 1
            if before is not None:
                self._send(device, before)
            return
        now_s = asyncio.get_running_loop().time()
        board = self._boards.find(device)
        back_ms = self.link.way_back_ms()
        request = from_wire(device, body, board, now_s, len(payload), back_ms)
        if body["ttl"] <= 0:
            self._refuse(request, "expired", "the request came too late")
        elif no_room := self._admission.enter(device):
            self._refuse(request, "busy", no_room)
        else:
            assert self._tasks is not None
            self._inflight[key] = self._tasks.create_task(
                self._answer(key, request), name=f"request {device}/{request.id}"
            )

    def _cancel(self, key: Key) -> None:
        task = self._inflight.get(key)
        if task:
            self._cancelled.add(key)
            task.cancel()

    async def _answer(self, key: Key, request: Request) -> None:
        deltas = _Deltas(self, request, self._config)
        end = b""
        try:
            reply = await self._dispatcher.answer(request, deltas.add)
            end = replies.final(request.id, reply)
            self.counts["answered" if reply.completion else reply.code] += 1
            if reply.code != "busy":
                self._done[key] = end
        except asyncio.CancelledError:
            if key in self._cancelled:  # nobody waits: only a retry that is late hears of it
                self.counts["cancelled"] += 1
                self._done[key] = replies.failure(request.id, "refused", "it was cancelled")
            else:
                end = replies.failure(request.id, "busy", "the proxy is stopping")
            raise
        except Exception:  # a fault of ours: the board must hear of it
            log.exception("a request of %s failed", request.device)
            end = replies.failure(request.id, "upstream", "the proxy failed")
        finally:
            deltas.stop()
            self._forget(key)
            if end:
                self._send(request.device, end)

    def _forget(self, key: Key) -> None:
        self._inflight.pop(key, None)
        self._cancelled.discard(key)
        self._admission.leave(key[0])

    def _refuse(self, request: Request, code: str, why: str) -> None:
        self.counts[code] += 1
        self._send(request.device, replies.failure(request.id, code, why))

    def _tell_invalid(self, device: str, kind: str, payload: bytes, why: str) -> None:
        """Answer a request that cannot be read, if its id can be."""
        found = _ID.search(payload[:512])
        if kind == wire.REQUEST and found:
            self._send(device, replies.failure(found[1].decode(), "invalid", why))

    def _send(self, device: str, message: bytes) -> None:
        self.link.publish(bodies.topic(device, wire.REPLY), message, 1)

    def send_delta(self, device: str, message: bytes) -> None:
        """Send a piece of text: it may be lost, the final message has all of it."""
        self.link.publish(bodies.topic(device, wire.REPLY), message, 0)


class _Deltas:
    """Text on its way out: the first piece at once, later ones together at an interval."""

    def __init__(self, ingress: Ingress, request: Request, config: Mqtt) -> None:
        self._ingress = ingress
        self._request = request
        self._on = config.deltas
        self._interval_s = config.delta_interval_ms / 1000
        self._number = 0
        self._text = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, text: str) -> None:
        if not self._on or len(self._text) > _MAX_BUFFERED:
            return
        self._text += text
        if self._timer is None:
            self._flush()

    def stop(self) -> None:
        """Send no more; what waits is in the final message."""
        self._on = False
        if self._timer:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        if not self._text:
            return
        piece, self._text = self._text[: replies.MAX_DELTA], self._text[replies.MAX_DELTA :]
        message = replies.delta(self._request.id, self._number, piece)
        self._ingress.send_delta(self._request.device, message)
        self._number += 1
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._flush)
