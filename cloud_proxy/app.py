"""The proxy put together: tiers, ledger, broker, and an orderly end."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from cloud_proxy import tiers as tier_table
from cloud_proxy.config import Config, EdgeTier, OpenAITier, state_directory
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.health import Health, new
from cloud_proxy.ingress import Ingress
from cloud_proxy.ledger import Ledger

log = logging.getLogger("limpet.app")

_FLUSH_TIMEOUT_S = 2.0


def ledger_file(config: Config, override: Path | None = None) -> Path:
    """Return where the ledger is: the command line's word, the configuration's, or ours."""
    return override or config.ledger.file or state_directory() / "ledger.sqlite"


async def serve(config: Config, ledger: Path, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    on_ready: called once requests are answered. Raises UserError for what a person has to mend.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    tiers = tier_table.build(config)
    health = {name: _health(config.tiers[name]) for name in tiers}
    book = Ledger(ledger)
    book.open()
    try:
        for tier in tiers.values():
            await tier.start()
        ingress = Ingress(config.mqtt, Dispatcher(tiers, health, config.routing, book.record))
        await ingress.link.open()
        for number in (signal.SIGTERM, signal.SIGINT):  # until here they end it at once
            loop.add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as tasks:
            ingress.serve(tasks)
            connected = tasks.create_task(ingress.link.run(), name="mqtt.link")
            on_ready()
            await stop.wait()
            log.info("stopping: %d requests were received", ingress.counts["received"])
            await ingress.drain(config.mqtt.drain_timeout_s)
            if not await ingress.link.flush(_FLUSH_TIMEOUT_S):
                log.warning("stopping: the broker did not acknowledge every reply")
            connected.cancel()  # it may be waiting for a broker that is gone
            await asyncio.wait([connected])
            await ingress.link.close()
    finally:
        for tier in tiers.values():
            await tier.close()
        await asyncio.to_thread(book.close)


def _health(row: EdgeTier | OpenAITier) -> Health:
    if isinstance(row, EdgeTier):
        return new(row.expect_ms)
    return new(row.expect_ms, row.requests_per_minute, row.tokens_per_minute)


def run(config: Config, ledger: Path, on_ready: Callable[[], None]) -> None:
    """Run `serve` on uvloop, or on asyncio's own loop where there is none."""
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:  # Windows
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(config, ledger, on_ready))
