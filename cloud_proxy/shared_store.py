"""Budget sums that several proxies share: what Redis and Postgres have in common.

Setting aside goes to the server, which decides; what was settled is sent later, off the hot path,
and again until it has arrived. What is known here may be old: it only saves asking for nothing.
"""

import asyncio
import logging
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from cloud_proxy import tasks
from cloud_proxy.budgets import Account
from cloud_proxy.lru import Lru
from cloud_proxy.purse import StoreDown

log = logging.getLogger("limpet.purse")

_KNOWN = 100_000  # accounts
_KNOWN_FOR_S = 5.0  # then a full account is asked for again
_ANSWER_TIMEOUT_S = 2.0
_LOOK_EVERY_S = 1.0
_LONGEST_DELAY_S = 10.0
_CLOSE_TIMEOUT_S = 5.0


class SharedStore(ABC):
    """Sums on a server. killed: a switch of this machine's own, beside the shared one."""

    errors: tuple[type[Exception], ...] = ()  # that mean that the server cannot be reached

    def __init__(self, killed: Callable[[], bool]) -> None:
        self._killed_here = killed
        self._killed_there = False
        self._switched = 0  # how often it was put from here
        self._known: Lru[str, int] = Lru(_KNOWN, _KNOWN_FOR_S)
        self._settling: dict[str, int] = {}  # by key: what has not been sent yet
        self._sending: tuple[str, dict[str, int]] | None = None  # may have arrived, or not
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def connect(self) -> None:
        """Connect and create what is not there. Raises one of `errors`."""

    @abstractmethod
    async def add_within(self, accounts: Sequence[Account], ud: int) -> dict[str, int] | None:
        """Add to every account or, if one would exceed its limit, to none; the sums by key.

        None: they exceed; what is known then is told by `learn`.
        """

    @abstractmethod
    async def add(self, batch: str, sums: dict[str, int]) -> None:
        """Add to accounts by key, whatever their limits; once, however often a batch is sent."""

    @abstractmethod
    async def look(self) -> bool:
        """Return whether the shared kill switch is on."""

    @abstractmethod
    async def switch(self, on: bool) -> None:
        """Put the shared kill switch."""

    @abstractmethod
    async def raise_to(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, that are lower; whatever their limits."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Close the connections."""

    def start(self) -> None:
        """Send what is settled from now on."""
        self._task = asyncio.create_task(self._send(), name="purse.settle")

    async def see_switch(self) -> None:
        """Learn how the shared kill switch is put."""
        before = self._switched
        found = await self.look()
        if before == self._switched:  # else what was found may be older
            self._killed_there = found

    async def stop_spending(self, on: bool) -> None:
        """Put the shared kill switch; it holds here at once. Raises StoreDown."""
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self.switch(on)
        except (*self.errors, OSError) as e:
            raise StoreDown(str(e) or type(e).__name__) from e
        self._killed_there = on
        self._switched += 1

    async def at_least(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, to what they have cost at least. Raises StoreDown."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self.raise_to(sums)
        except (*self.errors, OSError) as e:
            raise StoreDown(str(e) or type(e).__name__) from e

    @property
    def killed(self) -> bool:
        """Return whether nothing more may be spent."""
        return self._killed_there or self._killed_here()

    def known_ud(self, account: Account) -> int:
        """Return the sum as it was a moment ago, or 0: the server decides."""
        return self._known.get(account.key) or 0

    def learn(self, key: str, ud: int) -> None:
        """Note a sum that the server told."""
        self._known[key] = ud

    async def reserve(self, accounts: Sequence[Account], ud: int) -> bool:
        """Add to every account, or to none if one would exceed its limit. Raises StoreDown."""
        adding = asyncio.create_task(self.add_within(accounts, ud), name="purse.reserve")
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                sums = await asyncio.shield(adding)
        except (*self.errors, OSError, asyncio.CancelledError) as e:  # a timeout is one of them

            def give_back(_: asyncio.Task[dict[str, int] | None]) -> None:
                if not adding.cancelled() and adding.exception() is None and adding.result():
                    self.settle(accounts, -ud)  # it was added, and nobody waits for it any more

            adding.add_done_callback(give_back)
            if isinstance(e, asyncio.CancelledError):
                raise
            raise StoreDown(str(e) or type(e).__name__) from e
        for key, sum_ud in (sums or {}).items():
            self.learn(key, sum_ud)
        return sums is not None

    def settle(self, accounts: Sequence[Account], more_ud: int) -> None:
        """Add to every account, soon."""
        for account in accounts:
            self._settling[account.key] = self._settling.get(account.key, 0) + more_ud
        self._changed.set()

    async def close(self) -> None:
        """Send what is settled, then let go."""
        if self._task:
            await tasks.end([self._task])
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._flush()
        except (*self.errors, OSError) as e:
            log.error("budgets: what was set aside stays so in some accounts: %s", e)
        await self.hang_up()

    async def _flush(self) -> None:
        while self._sending or self._settling:
            if self._sending is None:
                self._sending = (os.urandom(12).hex(), self._settling)
                self._settling = {}
            await self.add(*self._sending)
            self._sending = None

    async def _send(self) -> None:
        delay_s = _LOOK_EVERY_S
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                    await self._flush()
                    await self.see_switch()
                delay_s = _LOOK_EVERY_S
            except (*self.errors, OSError) as e:
                log.error("budgets: the sums have to wait: %s", e)
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)
