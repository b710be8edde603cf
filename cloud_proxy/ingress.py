"""MQTT in and out: requests become tasks, their answers replies, each request ending once."""

import asyncio
import logging
import re
from collections import Counter
from typing import NamedTuple, Protocol

from cloud_proxy import bodies, tasks
from cloud_proxy import reply as replies
from cloud_proxy.admission import Admission
from cloud_proxy.board_talk import from_wire
from cloud_proxy.boards import Boards
from cloud_proxy.config import Mqtt
from cloud_proxy.deltas import Deltas
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.lru import Lru
from cloud_proxy.once import Once
from cloud_proxy.request import Request
from firmware import wire

log = logging.getLogger("limpet.ingress")

_CACHE_TTL_S = 600.0  # how long a retry gets the reply that was sent before
_MAX_CACHED = 10_000  # replies, at most wire.MAX_IN bytes each
_ID = re.compile(rb'"id"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,64})"')

Key = tuple[str, str]  # device, request id


class Out(Protocol):
    """Where replies go; `mqtt_link.Link` is one."""

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Send a message; with QoS 1 it arrives at least once."""
        ...

    def unsubscribe(self, topics: list[str]) -> None:
        """Ask for no more of these."""
        ...

    def way_back_ms(self) -> float:
        """Return what 95 of 100 replies take to a board."""
        ...


class _End(NamedTuple):
    """The last message of a request; "": another proxy sends it. fresh: we have made it."""

    message: bytes
    fresh: bool = True


class Ingress:
    """Takes messages from a link, and puts the replies on `out`.

    once: where several proxies claim requests; None: retries may come to this one alone.
    """

    out: Out

    def __init__(self, config: Mqtt, dispatcher: Dispatcher, once: Once | None = None) -> None:
        self._config = config
        self._dispatcher = dispatcher
        self._once = once
        self._boards = Boards()
        self._share = f"$share/{config.group}/{wire.ROOT}+/{wire.REQUEST}"
        self.counts: Counter[str] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._inflight: dict[Key, asyncio.Task[_End]] = {}
        self._admission = Admission(config.max_inflight, config.max_inflight_per_device)
        self._done: Lru[Key, bytes] = Lru(_MAX_CACHED, _CACHE_TTL_S)
        self._cancelled: set[Key] = set()

    def topics(self) -> list[tuple[str, int]]:
        """Return what to subscribe to: filter and QoS."""
        own = [(f"{wire.ROOT}+/{kind}", 1) for kind in (wire.INFO, wire.CANCEL)]
        return [*own, (self._share, 1)]

    def serve(self, tasks: asyncio.TaskGroup) -> None:
        """Answer from now on, each request in a task of this group."""
        self._tasks = tasks
        self._admission.closed = False

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, and end those under way: by themselves, else with an error."""
        self._admission.closed = True
        self.out.unsubscribe([self._share])
        running = list(self._inflight.values())
        if running:
            _, late = await asyncio.wait(running, timeout=timeout_s)
            await tasks.end(late)

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
        before = _cancelled(body["id"]) if key in self._cancelled else self._done.get(key)
        if before is not None or key in self._inflight:
            self.counts["duplicate"] += 1
            if before is not None:
                self._send(device, before)
            return
        now_s = asyncio.get_running_loop().time()
        board = self._boards.find(device)
        back_ms = self.out.way_back_ms()
        request = from_wire(device, body, board, now_s, len(payload), back_ms)
        if body["ttl"] <= 0:
            self._refuse(request, "expired", "the request came too late")
        elif no_room := self._admission.enter(device):
            self._refuse(request, "busy", no_room)
        else:
            assert self._tasks is not None
            answer = self._answer(request, bool(body.get("stream")))
            task = self._tasks.create_task(answer, name=f"request {device}/{request.id}")
            self._inflight[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))

    def _cancel(self, key: Key) -> None:
        task = self._inflight.get(key)
        if task:
            self._cancelled.add(key)
            task.cancel()

    async def _answer(self, request: Request, stream: bool) -> _End:
        """Return the last message of a request. stream: whether deltas are wanted."""
        if self._once:
            before = await self._once.claim(f"{request.device}/{request.id}")
            if before is not None:
                return _End(before, fresh=False)
        topic = bodies.topic(request.device, wire.REPLY)

        def send(message: bytes) -> None:
            self.out.publish(topic, message, 0)  # may be lost: the final message has all of it

        deltas = Deltas(request.id, send, self._config, stream)
        try:
            reply = await self._dispatcher.answer(request, deltas.add)
            self.counts["answered" if reply.completion else reply.code] += 1
            return _End(replies.final(request.id, reply))
        except Exception:  # a fault of ours: the board must hear of it
            log.exception("a request of %s failed", request.device)
            return _End(replies.failure(request.id, "upstream", "the proxy failed"))
        finally:
            deltas.stop()

    def _ended(self, key: Key, task: asyncio.Task[_End]) -> None:
        """Send how a request ended, once; a cancel may have come before its task began."""
        device, request_id = key
        del self._inflight[key]
        self._admission.leave(device)
        cancelled = key in self._cancelled
        self._cancelled.discard(key)
        if not task.cancelled():
            end = task.result()
            if not end.message:
                self.counts["duplicate"] += 1
                return
            may_repeat = b'"err":"busy"' in end.message  # that one may well be tried again
            self._note(key, None if may_repeat else end.message, end.fresh)
            self._send(device, end.message)
        elif cancelled:  # nobody waits: only a retry that is late hears of it
            self.counts["cancelled"] += 1
            self._note(key, _cancelled(request_id))
        else:
            self._note(key, None)
            self._send(device, replies.failure(request_id, "busy", "the proxy is stopping"))

    def _note(self, key: Key, end: bytes | None, fresh: bool = True) -> None:
        """Keep a reply for retries, wherever they come; None: a retry begins anew."""
        if end is not None:
            self._done[key] = end
        if self._once and fresh:
            self._once.ended("/".join(key), end)

    @property
    def under_way(self) -> int:
        """Return how many requests are being answered."""
        return self._admission.under_way

    def _refuse(self, request: Request, code: str, why: str) -> None:
        self.counts[code] += 1
        self._send(request.device, replies.failure(request.id, code, why))

    def _tell_invalid(self, device: str, kind: str, payload: bytes, why: str) -> None:
        """Answer a request that cannot be read, if its id can be."""
        found = _ID.search(payload[:512])
        if kind == wire.REQUEST and found:
            self._send(device, replies.failure(found[1].decode(), "invalid", why))

    def _send(self, device: str, message: bytes) -> None:
        self.out.publish(bodies.topic(device, wire.REPLY), message, 1)


def _cancelled(request_id: str) -> bytes:
    return replies.failure(request_id, "cancelled", "it was cancelled")
