"""The proxy put together: tiers, ledger, ways in, and an orderly end."""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud_proxy import tiers as tier_table
from cloud_proxy.admin import Admin
from cloud_proxy.attempts import Attempts, Began
from cloud_proxy.books import Book
from cloud_proxy.budgets import Budgets, longest_window_start_s
from cloud_proxy.config import BudgetRow, Config, secret, state_directory
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.errors import UserError
from cloud_proxy.health import new as new_health
from cloud_proxy.http_api import HttpApi
from cloud_proxy.ingress import Ingress
from cloud_proxy.keys import Keys
from cloud_proxy.ledger import Ledger
from cloud_proxy.metering import Attempt
from cloud_proxy.meters import Meters
from cloud_proxy.mqtt_link import Link
from cloud_proxy.once import Once
from cloud_proxy.order_stores import FileOrders, OrderStore, PostgresOrders, RedisOrders
from cloud_proxy.purse import KillSwitch, MemoryStore, Purse, Store, StoreDown
from cloud_proxy.reload import Fleet, health_of, reloader
from cloud_proxy.shared_store import SharedStore
from cloud_proxy.sqlite_book import SqliteBook
from cloud_proxy.tasks import end
from cloud_proxy.tiers.base import Tier
from cloud_proxy.treasury import Treasury

if TYPE_CHECKING:
    from cloud_proxy.postgres_begun import PostgresBegun
    from cloud_proxy.postgres_store import PostgresStore
    from cloud_proxy.redis_store import RedisStore
    from cloud_proxy.spans import Spans

log = logging.getLogger("limpet.app")

_CONNECT_TIMEOUT_S = 5.0
_FLUSH_TIMEOUT_S = 2.0
_YOUNG_OBJECTS = 50_000  # so many more than before, and cycles are looked for


def ledger_file(config: Config, override: Path | None = None) -> Path:
    """Return where the ledger is: the command line's word, the configuration's, or ours."""
    return override or config.ledger.file or state_directory() / "ledger.sqlite"


async def serve(
    config: Config,
    ledger: Path,
    on_ready: Callable[[str], None],
    load_again: Callable[[], Config] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    on_ready: called once requests are answered, with the address of HTTP or "". load_again: reads
    the configuration, at SIGHUP. Raises UserError for what a person has to mend.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    tiers = tier_table.build(config)
    health = {name: health_of(config.tiers[name]) for name in tiers}
    name = os.urandom(6).hex()  # this run's, among the proxies that share a database
    book = open_ledger(config, ledger, name)
    begun = _begun(config, name, book)
    killed = KillSwitch(kill_file(ledger))
    purse = Purse(Budgets([]), shared_store(config, killed) or MemoryStore(killed))

    def spent(since_s: int) -> list[tuple[str, int, int]]:
        return book.spent(since_s, ledger_book(config, ledger))

    orders = order_store(config, ledger)
    treasury = Treasury(config.budgets, purse, orders, spent, book.waiting)
    gauges = {"limpet_ledger_waiting": book.waiting, "limpet_killed": lambda: purse.store.killed}
    meters = Meters(health, gauges)

    def record(row: Attempt) -> None:
        book.record(row)
        meters.count(row)

    began = begun.began if begun else book.began
    spans = _spans(config)
    if spans:
        from cloud_proxy.spans import TracedDispatcher, recorder

        both = recorder(spans, record)
        dispatcher = TracedDispatcher(tiers, health, config.routing, purse, both, began)
        dispatcher.spans = spans
    else:
        dispatcher = Dispatcher(tiers, health, config.routing, purse, record, began)
    once = _once(config, name) if config.mqtt.enabled else None
    ingress = Ingress(config.mqtt, dispatcher, once) if config.mqtt.enabled else None
    link = Link(config.mqtt, ingress.topics(), ingress.received) if ingress else None
    if ingress and link:
        ingress.out = link

    def is_ready() -> bool:
        return link is None or link.up

    def operators(device_keys: Keys | None) -> Admin:
        file = config.http.admin_keys_file if config.http else None
        keys = Keys(file) if file else None
        there = partial(ledger_book, config, ledger)
        switch = partial(stop_spending, purse.store, killed)
        return Admin(keys, device_keys, treasury, purse, there, switch)

    http = None
    if config.http:
        http = HttpApi(config.http, dispatcher, is_ready, meters.page, operators)
    await asyncio.to_thread(book.open)
    async with AsyncExitStack() as stack:
        if spans:
            stack.push_async_callback(asyncio.to_thread, spans.close)
        if begun:
            await begun.open()
            stack.push_async_callback(begun.close)
        stack.push_async_callback(asyncio.to_thread, book.close)
        stack.push_async_callback(treasury.close)
        await _open_purse(purse, treasury, book)
        stack.push_async_callback(purse.store.close)
        if once:
            await _reach(once.open(), once.errors, "the requests that proxies share")
            stack.push_async_callback(once.close)
        fleet = Fleet(config, tiers, health, _prober(purse, record, began))
        stack.push_async_callback(fleet.close)
        await fleet.start()
        if link:
            await link.open()
        address = await http.open() if http else ""
        for number in (signal.SIGTERM, signal.SIGINT):  # until here they end it at once
            loop.add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as tasks:
            background: list[asyncio.Task[None]] = []
            if ingress and link:
                ingress.serve(tasks)
                background.append(tasks.create_task(link.run(), name="mqtt.link"))
            if http:
                background.append(http.serve(tasks))
            background.append(tasks.create_task(treasury.watch(), name="budgets.watch"))
            if load_again:
                hung_up = asyncio.Event()
                loop.add_signal_handler(signal.SIGHUP, hung_up.set)
                renew = reloader(hung_up, load_again, fleet, dispatcher, treasury, meters)
                background.append(tasks.create_task(renew, name="reload"))
            on_ready(address)
            await stop.wait()
            log.info("stopping")
            await _drain(config, ingress, http)
            if link and not await link.flush(_FLUSH_TIMEOUT_S):
                log.warning("stopping: the broker did not acknowledge every reply")
            await end(background)  # the link may be waiting for a broker that is gone
            if link:
                await link.close()


async def _drain(config: Config, ingress: Ingress | None, http: HttpApi | None) -> None:
    """End what is under way, at both ways in at once."""
    async with asyncio.TaskGroup() as draining:
        if http:
            draining.create_task(http.drain(config.drain_timeout_s))
        if ingress:
            draining.create_task(ingress.drain(config.drain_timeout_s))


def _prober(
    purse: Purse, record: Callable[[Attempt], None], began: Began
) -> Callable[[Tier], Awaitable[None]]:
    """Return what finds out the quirks of a tier that wants to be probed."""

    async def probe(tier: Tier) -> None:
        from cloud_proxy.tiers.openai_compatible import OpenAICompatible

        if isinstance(tier, OpenAICompatible) and tier.to_be_probed:
            from cloud_proxy.tiers.quirks import Probe

            own = {tier.name: new_health(1000.0)}
            await Probe(Attempts({tier.name: tier}, own, purse, record, began), tier).run()

    return probe


def kill_file(ledger: Path) -> Path:
    """Return the file whose existence stops all spending of the proxies of a ledger."""
    return ledger.with_name(ledger.name + ".kill")


async def stop_spending(store: Store, here: KillSwitch, on: bool) -> None:
    """Put the kill switch: the shared one if there is one. Raises StoreDown, OSError.

    If that cannot be reached it is put on here, so that nothing more is spent by this proxy.
    """
    shared = isinstance(store, SharedStore)
    try:
        if shared:
            await store.stop_spending(on)
    except StoreDown:
        if on:
            here.put(on)
        raise
    if not (shared and on):
        here.put(on)


def order_store(config: Config, ledger: Path) -> OrderStore:
    """Return where what operators set is kept, not opened: where proxies share it, or a file."""
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        return PostgresOrders(dsn)
    if url := secret(config.shared.redis_env, "[shared] redis"):
        return RedisOrders(url)
    return FileOrders(ledger.with_name(ledger.name + ".budgets.json"))


async def budgets_in_force(config: Config, ledger: Path) -> list[BudgetRow]:
    """Return the budgets that hold where proxies of a configuration run. Raises UserError."""
    treasury = Treasury(
        config.budgets, Purse(Budgets([]), MemoryStore()), order_store(config, ledger)
    )
    try:
        await treasury.open()
        return [entry.row for entry in treasury.entries()]
    finally:
        await treasury.close()


def ledger_book(config: Config, ledger: Path) -> Book:
    """Return a way of one's own to the ledger's rows."""
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_book import PostgresBook

        return PostgresBook(dsn)
    return SqliteBook(ledger)


def shared_store(
    config: Config, killed: Callable[[], bool]
) -> "RedisStore | PostgresStore | None":
    """Return the store that proxies share, not connected; None if they share none."""
    if url := secret(config.shared.redis_env, "[shared] redis"):
        from cloud_proxy.redis_store import RedisStore

        return RedisStore(url, killed)
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_store import PostgresStore

        return PostgresStore(dsn, killed)
    return None


async def switch_shared(config: Config, on: bool) -> bool:
    """Put the kill switch that proxies share; return whether there is one."""
    store = shared_store(config, lambda: False)
    if store is None:
        return False
    await _connect(store)
    await store.switch(on)
    await store.hang_up()
    return True


async def _connect(store: SharedStore) -> None:
    await _reach(store.connect(), store.errors, "the shared budgets")


async def _reach(
    connecting: Coroutine[Any, Any, None], errors: tuple[type[Exception], ...], what: str
) -> None:
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            await connecting
    except (*errors, OSError) as e:
        hint = "start that server, or mend the URL in the environment variable of [shared]"
        why = str(e) or "it did not answer"
        raise UserError(f"{what} cannot be reached", why, hint) from e


def _once(config: Config, proxy: str) -> Once | None:
    """Return where the proxies claim requests, not connected; None if they share nothing."""
    if url := secret(config.shared.redis_env, "[shared] redis"):
        from cloud_proxy.redis_once import RedisOnce

        return RedisOnce(url, proxy)
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_once import PostgresOnce

        return PostgresOnce(dsn, proxy)
    return None


def open_ledger(config: Config, ledger: Path, proxy: str) -> Ledger:
    """Return the ledger, not opened: in Postgres if that is shared, else in the file."""
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_book import PostgresBook

        return Ledger(ledger, PostgresBook(dsn, proxy))
    return Ledger(ledger)


def _spans(config: Config) -> "Spans | None":
    """Return where requests are told as spans, if they are."""
    if not config.telemetry.spans:
        return None
    from cloud_proxy.spans import Spans, begin

    return Spans(begin())


def _begun(config: Config, proxy: str, book: Ledger) -> "PostgresBegun | None":
    """Return where attempts begin if others are to know of them, not opened; else None."""
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_begun import PostgresBegun

        return PostgresBegun(dsn, proxy, book.began)
    return None


async def _open_purse(purse: Purse, treasury: Treasury, book: Ledger) -> None:
    """Connect to the shared sums or, if there are none, count what this month has cost."""
    store = purse.store
    if isinstance(store, SharedStore):
        await _connect(store)
        await _reach(store.see_switch(), store.errors, "the shared budgets")
    await treasury.open()
    if isinstance(store, SharedStore):
        store.start()
    elif purse.budgets.limits:
        since_s = longest_window_start_s(time.time())
        for device, hour_s, ud in await asyncio.to_thread(book.spent, since_s):
            purse.store.settle(purse.budgets.accounts(device, hour_s), ud)


def run(
    config: Config,
    ledger: Path,
    on_ready: Callable[[str], None],
    load_again: Callable[[], Config] | None = None,
) -> None:
    """Run `serve` on uvloop, or on asyncio's own loop where there is none."""
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:  # Windows
        factory = asyncio.new_event_loop

    def ready(address: str) -> None:
        # What a request leaves behind goes by its count of references. Cycles are rare, and to
        # look for them as often as Python does by itself would be a sixth of a request's CPU.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
        on_ready(address)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(config, ledger, ready, load_again))
