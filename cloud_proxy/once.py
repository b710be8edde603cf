"""A request is answered once, whichever proxies its retries come to.

A proxy claims a request before it begins. A retry that comes to another one meanwhile is passed
over, because the answer is on its way to the same board; one that comes later gets the reply that
was sent. A claim of a proxy that is gone counts for nothing.
"""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections import OrderedDict

from cloud_proxy import tasks

log = logging.getLogger("limpet.once")

KEPT_S = 600  # how long a retry gets the reply that was sent
ALIVE_S = 3  # a proxy that has not been heard of for so long is gone
_ANSWER_TIMEOUT_S = 0.5
_DOWN_S = 1.0  # so long nobody is asked after a failure
_BEAT_S = 1.0
_MOST_WAITING = 10_000
_CLOSE_TIMEOUT_S = 2.0

Claim = bytes | None  # the reply that was sent; b"": another proxy is at it; None: it is ours


class Once(ABC):
    """Claims on a server. proxy: our name there. While it cannot be reached each is on its own."""

    errors: tuple[type[Exception], ...] = ()  # that mean that the server cannot be reached

    def __init__(self, proxy: str) -> None:
        self.proxy = proxy
        self._down_until_s = 0.0
        self._waiting: OrderedDict[str, bytes | None] = OrderedDict()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def connect(self) -> None:
        """Connect and create what is not there. Raises one of `errors`."""

    @abstractmethod
    async def take(self, key: str) -> Claim:
        """Claim a request unless it was answered, or a proxy that lives is at it."""

    @abstractmethod
    async def keep(self, ends: dict[str, bytes | None]) -> None:
        """Note how requests ended; None: not at all, so that a retry begins anew."""

    @abstractmethod
    async def beat(self) -> None:
        """Say that we live; forget what is old."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Close the connections."""

    async def open(self) -> None:
        """Connect, and send from now on. Raises one of `errors`."""
        await self.connect()
        await self.beat()
        self._task = asyncio.create_task(self._send(), name="once.send")

    async def claim(self, key: str) -> Claim:
        """Claim a request; ours if nobody can tell."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._down_until_s:
            return None
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return await self.take(key)
        except (*self.errors, OSError) as e:  # TimeoutError is one of the latter
            log.error("once: retries that come elsewhere cost again: %s", e or type(e).__name__)
            self._down_until_s = now_s + _DOWN_S
            return None

    def ended(self, key: str, reply: bytes | None) -> None:
        """Note how a request of ours ended; at once. None: a retry may begin anew."""
        self._waiting[key] = reply
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)
        self._changed.set()

    async def close(self) -> None:
        """Send what waits, then let go."""
        if self._task:
            await tasks.end([self._task])
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._flush()
        except (*self.errors, OSError) as e:
            log.warning("once: %d replies are not kept: %s", len(self._waiting), e)
        await self.hang_up()

    async def _flush(self) -> None:
        ends = dict(self._waiting)
        if ends:
            await self.keep(ends)
        for key, reply in ends.items():
            if self._waiting.get(key, b"") is reply:
                del self._waiting[key]

    async def _send(self) -> None:
        beaten_s = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(_BEAT_S * random.uniform(0.8, 1.0)):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                async with asyncio.timeout(ALIVE_S / 2):
                    await self._flush()
                    if loop.time() - beaten_s >= _BEAT_S / 2:
                        await self.beat()
                        beaten_s = loop.time()
            except (*self.errors, OSError) as e:
                log.error("once: the replies have to wait: %s", e or type(e).__name__)
                await asyncio.sleep(_DOWN_S)
