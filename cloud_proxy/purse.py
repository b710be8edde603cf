"""Money set aside before a request and settled after it: what may be spent never exceeds a limit.

What is set aside is the most that an attempt can cost. A proxy that is killed leaves what it had
set aside as spent: rather a little too careful than a limit that leaks.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cloud_proxy.budgets import Account, Budgets
from cloud_proxy.candidates import Budget

log = logging.getLogger("limpet.purse")


class StoreDown(Exception):
    """The sums that several proxies share cannot be reached; the text says why."""


class Store(Protocol):
    """Where the sums are kept: what was spent, and what is set aside, by account."""

    def known_ud(self, account: Account) -> int:
        """Return the sum as far as it is known here, at once."""
        ...

    @property
    def killed(self) -> bool:
        """Return whether nothing more may be spent."""
        ...

    async def reserve(self, accounts: Sequence[Account], ud: int) -> bool:
        """Add to every account, or to none if one would exceed its limit. Raises StoreDown."""
        ...

    def settle(self, accounts: Sequence[Account], more_ud: int) -> None:
        """Add to every account what it cost more than was set aside (mostly less); at once."""
        ...

    async def at_least(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, to what they have cost at least. Raises StoreDown."""
        ...

    async def close(self) -> None:
        """Finish what was settled."""
        ...


@dataclass(slots=True)
class Held:
    """Money set aside for one attempt."""

    store: Store
    accounts: Sequence[Account]
    ud: int

    def settle(self, cost_ud: int) -> None:
        """Say what the attempt cost."""
        if self.ud or cost_ud:
            self.store.settle(self.accounts, cost_ud - self.ud)


class Purse:
    """The budgets and where their sums are kept. clock: Unix time in seconds, the system's."""

    def __init__(
        self, budgets: Budgets, store: Store, clock: Callable[[], float] | None = None
    ) -> None:
        self.budgets = budgets
        self.store = store
        self._clock = clock or time.time

    def left(self, device: str) -> Budget:
        """Return what a device may spend, as far as it is known, and whose limit that is."""
        if self.store.killed:
            return Budget(0, "the kill switch")
        if not self.budgets.limits:
            return Budget()
        left_ud: int | None = None
        whose = ""
        for account in self.budgets.accounts(device, self._clock()):
            here = max(0, account.limit_ud - self.store.known_ud(account))
            if left_ud is None or here < left_ud:
                left_ud, whose = here, account.words
        return Budget(left_ud, whose)

    async def reserve(self, device: str, ud: int) -> Held | None:
        """Set money aside; None if that would exceed a limit, or nobody can tell.

        What is free needs no store: it is answered whatever happened to the sums.
        """
        accounts = self.budgets.accounts(device, self._clock()) if self.budgets.limits else ()
        if not ud or not accounts:
            return Held(self.store, accounts, 0)
        try:
            return (
                Held(self.store, accounts, ud) if await self.store.reserve(accounts, ud) else None
            )
        except StoreDown as e:
            log.error("budgets: nothing that costs is asked: %s", e)
            return None


class MemoryStore:
    """Sums of one proxy, in memory; a start brings back from the ledger what was spent."""

    _KEPT = 100_000  # accounts; a month of many devices

    def __init__(self, killed: Callable[[], bool] = lambda: False) -> None:
        self._sums: dict[str, int] = {}
        self._killed = killed

    @property
    def killed(self) -> bool:
        """Return whether nothing more may be spent."""
        return self._killed()

    def known_ud(self, account: Account) -> int:
        """Return the sum."""
        return self._sums.get(account.key, 0)

    async def reserve(self, accounts: Sequence[Account], ud: int) -> bool:
        """Add to every account, or to none if one would exceed its limit."""
        if any(self.known_ud(account) + ud > account.limit_ud for account in accounts):
            return False
        self.settle(accounts, ud)
        return True

    def settle(self, accounts: Sequence[Account], more_ud: int) -> None:
        """Add to every account."""
        for account in accounts:
            self._sums[account.key] = self._sums.pop(account.key, 0) + more_ud  # the latest last
        while len(self._sums) > self._KEPT:
            del self._sums[next(iter(self._sums))]

    async def at_least(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, to what they have cost at least."""
        for key, ud in sums.items():
            self._sums[key] = max(ud, self._sums.get(key, 0))

    async def close(self) -> None:
        """Nothing is left to do."""


class KillSwitch:
    """A file whose existence stops all spending; looked for once a second."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._on = False
        self._looked_s = -1.0

    def put(self, on: bool) -> None:
        """Switch it. Raises OSError."""
        if on:
            self.file.touch()
        else:
            self.file.unlink(missing_ok=True)
        self._on = on

    def __call__(self) -> bool:
        """Return whether it is on."""
        now_s = time.monotonic()
        if now_s - self._looked_s > 1.0:
            self._looked_s = now_s
            self._on = self.file.exists()
        return self._on
