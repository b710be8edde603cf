"""The configuration read again while requests are served."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from cloud_proxy import tiers as tier_table
from cloud_proxy.config import Config, EdgeTier, OpenAITier
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.errors import UserError
from cloud_proxy.health import Health, new
from cloud_proxy.meters import Meters
from cloud_proxy.tiers.base import Tier
from cloud_proxy.treasury import Treasury

log = logging.getLogger("limpet.reload")

_FIXED = (
    "mqtt",
    "http",
    "ledger",
    "shared",
    "telemetry",
    "drain_timeout_s",
)  # what only a restart changes
_LOOK_EVERY_S = 0.5
_KEPT_S = 120.0  # a request may hold on to the tiers that it began with


def health_of(row: EdgeTier | OpenAITier) -> Health:
    """Return the health of a tier that nothing has been measured of."""
    if isinstance(row, EdgeTier):
        return new(row.expect_ms)
    return new(row.expect_ms, row.requests_per_minute, row.tokens_per_minute)


class Fleet:
    """The tiers in use, and those that end what they have under way."""

    def __init__(
        self,
        config: Config,
        tiers: Mapping[str, Tier],
        health: Mapping[str, Health],
        probe: Callable[[Tier], Awaitable[None]],
    ) -> None:
        """probe: finds out what a tier that is started lacks, if it is configured so."""
        self._probe = probe
        self.config = config
        self.tiers = dict(tiers)
        self.health = dict(health)
        self._retired: list[tuple[float, Tier, Health]] = []  # since when

    async def start(self) -> None:
        """Start every tier. Raises UserError."""
        for tier in self.tiers.values():
            await tier.start()
        await asyncio.gather(*map(self._probe, self.tiers.values()))

    async def change(self, config: Config) -> None:
        """Take on a configuration: what did not change stays. Raises UserError; then all stays."""
        built = tier_table.build(config)
        tiers: dict[str, Tier] = {}
        health: dict[str, Health] = {}
        fresh: list[Tier] = []
        try:
            for name, tier in built.items():
                if name in self.tiers and self.config.tiers[name] == config.tiers[name]:
                    tiers[name], health[name] = self.tiers[name], self.health[name]
                else:
                    fresh.append(tier)
                    await tier.start()
                    await self._probe(tier)
                    tiers[name], health[name] = tier, health_of(config.tiers[name])
        except BaseException:
            for tier in fresh:
                await tier.close()
            raise
        now_s = asyncio.get_running_loop().time()
        for name, tier in self.tiers.items():
            if tiers.get(name) is not tier:
                self._retired.append((now_s, tier, self.health[name]))
        self.config, self.tiers, self.health = config, tiers, health

    async def sweep(self) -> None:
        """Close those that nobody can still be about to ask, and that have nothing under way."""
        now_s = asyncio.get_running_loop().time()
        done = [one for one in self._retired if now_s - one[0] > _KEPT_S and not one[2].in_flight]
        self._retired = [one for one in self._retired if one not in done]
        for _, tier, _ in done:
            await tier.close()

    async def close(self) -> None:
        """Close all."""
        for tier in [*self.tiers.values(), *(tier for _, tier, _ in self._retired)]:
            await tier.close()


async def reloader(
    hung_up: asyncio.Event,
    load_again: Callable[[], Config],
    fleet: Fleet,
    dispatcher: Dispatcher,
    treasury: Treasury,
    meters: Meters,
) -> None:
    """Read the configuration whenever `hung_up` is set, until cancelled; log what is wrong."""
    while True:
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await hung_up.wait()
        except TimeoutError:
            await fleet.sweep()
            continue
        hung_up.clear()
        try:
            before, config = fleet.config, await asyncio.to_thread(load_again)
            await fleet.change(config)
        except UserError as e:
            log.error("the configuration stays as it was: %s", e)
            continue
        dispatcher.replace(fleet.tiers, fleet.health, config.routing)
        await treasury.configure(config.budgets)
        meters.health = fleet.health
        waits = [part for part in _FIXED if getattr(before, part) != getattr(config, part)]
        log.warning("the configuration was read again%s", _words(waits))


def _words(waits: list[str]) -> str:
    return f"; a restart is needed for {', '.join(waits)}" if waits else ""
