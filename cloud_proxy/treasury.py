"""Which budgets hold: what the configuration says and what operators set, kept and put in force.

A budget that is new counts what was spent before it: the sums of the present hour, day and month
are taken from the ledger before it holds. What is under way at that moment is not in them.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cloud_proxy.budgets import Budgets, Limit, longest_window_start_s
from cloud_proxy.config import BudgetRow
from cloud_proxy.errors import UserError
from cloud_proxy.order_stores import OrderStore
from cloud_proxy.orders import MOST, Key, Order, Orders, decode, encode, in_force, key_of
from cloud_proxy.purse import Purse, StoreDown

log = logging.getLogger("limpet.budgets")

_LOOK_EVERY_S = 1.0
_ANSWER_TIMEOUT_S = 2.0
_LONGEST_DELAY_S = 10.0
_TRIES = 5  # of a change that somebody else was quicker with
_COMMIT_S = 0.1
_WRITTEN_S = 1.0  # at most, for rows that were handed over to get into the ledger

Spent = Callable[[int], list[tuple[str, int, int]]]  # as Ledger.spent


class TooMany(ValueError):
    """As many budgets are set as may be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A budget that holds. order: who set it; instead_of: what the configuration says of it."""

    row: BudgetRow
    order: Order | None
    instead_of: tuple[BudgetRow, ...]


class Treasury:
    """Changes the purse's budgets. waiting: how many rows are not in the ledger yet."""

    def __init__(
        self,
        configured: Sequence[BudgetRow],
        purse: Purse,
        store: OrderStore,
        spent: Spent = lambda _: [],
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        self._configured = tuple(configured)
        self._purse = purse
        self._store = store
        self._spent = spent
        self._waiting = waiting
        self._number = 0
        self._orders: Orders = {}
        self._changing = asyncio.Lock()
        purse.budgets = Budgets(self._limits(self._configured, {}))

    async def open(self) -> None:
        """Read what is kept, and put it in force before anything is asked. Raises UserError.

        Sums are not raised: a start counts what was spent by itself.
        """
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S * 2):
                await self._store.open()
                found = await self._store.read()
            assert found is not None
            self._number, self._orders = found[0], decode(found[1])
        except (*self._store.errors, OSError, ValueError) as e:
            raise UserError(
                "the budgets that operators have set cannot be read",
                str(e) or type(e).__name__,
                "mend that; to do without them, remove what is kept and set them again",
            ) from e
        self._purse.budgets = Budgets(self._limits(self._configured, self._orders))

    async def close(self) -> None:
        """Hang up."""
        await self._store.close()

    def entries(self) -> list[Entry]:
        """Return what holds, in order."""
        found: list[Entry] = []
        for row in in_force(self._configured, self._orders):
            key = key_of(row)
            same = tuple(one for one in self._configured if key_of(one) == key)
            order = self._orders.get(key)
            found.append(Entry(row, order, same if order else ()))
        return sorted(found, key=lambda entry: key_of(entry.row))

    def group(self, name: str) -> BudgetRow | None:
        """Return a budget of a group that holds, for its devices; None if there is no such."""
        rows = (e.row for e in self.entries() if e.row.scope == "group" and e.row.name == name)
        return next(rows, None)

    async def set(self, row: BudgetRow, by: str) -> Entry:
        """Keep a budget and put it in force. Raises StoreDown, TooMany."""
        key = key_of(row)
        order = Order(row, by, int(time.time()))

        def change(orders: Orders) -> dict[Key, Order]:
            if key not in orders and len(orders) >= MOST:
                raise TooMany(f"{MOST} budgets are set already")
            return {**orders, key: order}

        await self._change(change)
        log.warning("%s set the budget %s to %s USD", by, "/".join(filter(None, key)), row.usd)
        return next(entry for entry in self.entries() if key_of(entry.row) == key)

    async def remove(self, key: Key, by: str) -> bool:
        """Forget a budget that was set; False if none was. Raises StoreDown."""
        there = [False]

        def change(orders: Orders) -> dict[Key, Order]:
            there[0] = key in orders
            return {other: order for other, order in orders.items() if other != key}

        await self._change(change)
        if there[0]:
            log.warning("%s removed the budget %s", by, "/".join(filter(None, key)))
        return there[0]

    async def configure(self, configured: Sequence[BudgetRow]) -> None:
        """Take on what the configuration says now; what operators set holds on."""
        async with self._changing:
            before, self._configured = self._configured, tuple(configured)
            if before != self._configured:
                await self._put_in_force(self._orders)

    async def watch(self) -> None:
        """Look for what other proxies were told, until cancelled."""
        delay_s = _LOOK_EVERY_S
        while self._store.shared:
            await asyncio.sleep(delay_s)
            try:
                async with self._changing:
                    await self._look()
                delay_s = _LOOK_EVERY_S
            except StoreDown as e:
                log.error("budgets: what operators set stays as it was: %s", e)
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S) * random.uniform(0.5, 1.0)

    async def _look(self) -> None:
        found = await self._reach(self._store.read(self._number))
        if found is not None:
            try:
                orders = decode(found[1])
            except ValueError as e:
                raise StoreDown(str(e)) from e
            self._number, self._orders = found[0], orders
            # whoever changed it has raised the sums that all share
            self._purse.budgets = Budgets(self._limits(self._configured, orders))

    async def _change(self, change: Callable[[Orders], dict[Key, Order]]) -> None:
        async with self._changing:
            for _ in range(_TRIES):
                await self._look()
                orders = change(self._orders)
                if orders == self._orders:
                    return
                await self._raise_sums(self._limits(self._configured, orders))
                if await self._reach(self._store.replace(self._number, encode(orders))):
                    self._number, self._orders = self._number + 1, orders
                    self._purse.budgets = Budgets(self._limits(self._configured, orders))
                    return
            raise StoreDown("others change the budgets all the time")

    async def _put_in_force(self, orders: Orders) -> None:
        limits = self._limits(self._configured, orders)
        try:
            await self._raise_sums(limits)
        except StoreDown as e:
            log.error("budgets: new ones count from now on, not what was spent before: %s", e)
        self._purse.budgets = Budgets(limits)

    async def _raise_sums(self, limits: Sequence[Limit]) -> None:
        """Let budgets that do not hold yet know what was spent; others do. Raises StoreDown."""
        known = {_what(limit) for limit in self._purse.budgets.limits}
        new = Budgets([limit for limit in limits if _what(limit) not in known])
        if not new.limits:
            return
        now_s = time.time()
        try:
            spent = await asyncio.to_thread(self._written, longest_window_start_s(now_s))
        except Exception as e:  # each database has errors of its own
            raise StoreDown(f"the ledger cannot be read: {e}") from e
        sums: Counter[str] = Counter()
        for device, hour_s, ud in spent:
            present = {account.key for account in new.accounts(device, now_s)}
            for account in new.accounts(device, hour_s):
                if account.key in present:
                    sums[account.key] += ud
        await self._purse.store.at_least(sums)

    def _written(self, since_s: int) -> list[tuple[str, int, int]]:
        """Return what was spent once the rows that were handed over are in the ledger."""
        deadline_s = time.monotonic() + _WRITTEN_S
        time.sleep(_COMMIT_S)
        while self._waiting() and time.monotonic() < deadline_s:
            time.sleep(_COMMIT_S)
        return self._spent(since_s)

    async def _reach(self, asking: Any) -> Any:
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return await asking
        except (*self._store.errors, OSError, ValueError) as e:
            raise StoreDown(str(e) or type(e).__name__) from e

    @staticmethod
    def _limits(configured: Sequence[BudgetRow], orders: Orders) -> list[Limit]:
        return [row.limit() for row in in_force(configured, orders)]


def _what(limit: Limit) -> tuple[object, ...]:
    return limit.name, limit.per, limit.devices, limit.each
