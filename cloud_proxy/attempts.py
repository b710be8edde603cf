"""One attempt: ask a tier, note how it did, write its row, however it ends."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cloud_proxy.books import LOST
from cloud_proxy.candidates import TierState
from cloud_proxy.health import Health
from cloud_proxy.metering import Attempt, Usage, cost_ud, estimate_tokens, worst_ud
from cloud_proxy.purse import Purse
from cloud_proxy.request import Request
from cloud_proxy.tiers.base import Completion, Stream, Tier, TierError

log = logging.getLogger("limpet.attempts")

# Takes an attempt's row as it is if the proxy is killed; what it returns is to be awaited first.
Began = Callable[[Attempt], Awaitable[None] | None]

_MAX_WHY = 500  # characters of the ledger's "why"
_SLOW = ("timeout", "expired", "cancelled")  # it took at least as long as that


@dataclass(slots=True)
class Spent:
    """What the attempts at a request have used so far, and how many there were."""

    input: int = 0
    output: int = 0
    cost_ud: int = 0
    attempts: int = 0


class Attempted(NamedTuple):
    """How an attempt ended. outcome: "ok", "unsure", or what failed."""

    tier: Tier
    stream: Stream
    completion: Completion | None
    outcome: str
    why: str  # what went wrong
    routed: str  # why this tier was asked


class Attempts:
    """The tiers and what is known of them.

    `began` takes a row before the tier is asked, for the case that we are killed meanwhile;
    `record` takes the row that tells how it ended, at once.
    """

    def __init__(
        self,
        tiers: Mapping[str, Tier],
        health: Mapping[str, Health],
        purse: Purse,
        record: Callable[[Attempt], None],
        began: Began,
    ) -> None:
        self.tiers = tiers
        self.purse = purse
        self._health = health
        self._record = record
        self._began = began

    def state(self, name: str, request: Request, now_s: float) -> TierState:
        """Return how routing sees a tier for this request."""
        tokens = request.talk.tokens
        return self.tiers[name].state(self._health[name], tokens, request.whole, now_s)

    async def ask(
        self, request: Request, name: str, why: str, stream: Stream, spent: Spent, last: bool
    ) -> Attempted:
        """Ask one tier. why: the routing decision. last: nobody else can be asked.

        Raises nothing but CancelledError, and that after the row is written. Without the money
        for the worst case it is not asked: the outcome is "budget", and there is no row.
        """
        tier, health = self.tiers[name], self._health[name]
        if request.can_wait and tier.lane:
            await tier.lane.join(_patience_s(request, health, stream.clock()))
        most_ud = _most_ud(request, tier)
        held = await self.purse.reserve(request.device, most_ud)
        if held is None:
            words = f"{name}: {most_ud} ud are not left"
            return Attempted(tier, stream, None, "budget", words, why)
        began_ms, began_s = int(time.time() * 1000), stream.clock()
        number, spent.attempts = spent.attempts, spent.attempts + 1
        reserved = request.talk.tokens + _most_tokens(request, tier)
        health.in_flight += 1
        health.breaker.began()
        health.rate.take(reserved, began_s)
        outcome, words, usage = "cancelled", "", None
        completion: Completion | None = None
        try:
            if tier.outside:
                lost = _lost(request, tier, number, began_ms, most_ud, why)
                if (noted := self._began(lost)) is not None:
                    await noted
            async with asyncio.timeout_at(request.expires_s):
                completion = await tier.complete(request, stream)
            outcome, words, usage = "ok", completion.note, completion.usage
            if completion.confidence < tier.escalate_below and not last:
                outcome = "unsure"
                words = completion.note or f"sure by {completion.confidence:.2f} only"
            health.breaker.succeeded()
        except TierError as e:
            outcome, words, usage = e.code, e.why, e.usage
            _blame(health, e, stream.clock())
        except TimeoutError:
            outcome, words = "expired", "nobody waits for the reply any more"
        except (
            Exception
        ) as e:  # a fault of ours: whoever asked must hear of it, the next be served
            log.exception("tier %s failed on a request of %s", name, request.device)
            outcome, words = "bug", type(e).__name__
            health.breaker.failed(stream.clock())
        finally:
            health.in_flight -= 1
            if outcome in ("cancelled", "expired"):
                health.breaker.cancelled()
            now_s = stream.clock()
            used = usage or _estimate(stream)
            health.rate.give_back(max(0, reserved - used.input - used.output), now_s)
            health.rate.read(stream.headers, now_s)
            _learn(request, health, outcome, stream, used, began_s)
            cost = cost_ud(tier.price, used)
            held.settle(cost)
            spent.input += used.input
            spent.output += used.output
            spent.cost_ud += cost
            self._record(
                Attempt(
                    time_ms=began_ms,
                    device=request.device,
                    request=request.id,
                    retry=request.retry,
                    attempt=number,
                    tier=name,
                    model=tier.model,
                    input_tokens=used.input,
                    output_tokens=used.output,
                    cached_tokens=used.cached,
                    estimated=used.estimated,
                    cost_ud=cost,
                    price_version=tier.price.version,
                    ttft_ms=None if stream.first_s is None else ms(stream.first_s - began_s),
                    total_ms=ms(now_s - began_s),
                    outcome=outcome,
                    why=_text(why, words),
                    since_ms=ms(now_s - request.arrived_s),
                    slo_ms=request.slo_ms,
                )
            )
        return Attempted(tier, stream, completion, outcome, f"{name}: {words}", why)


def _patience_s(request: Request, health: Health, now_s: float) -> float:
    """Return how long a request can be held back and still be answered in time."""
    usual = health.timings(request.whole).predict(request.talk.tokens, now_s).p95_ms / 1000
    left_ms = request.left_ms(now_s)
    left_s = request.expires_s - now_s if left_ms is None else left_ms / 1000
    return left_s - usual


def _most_ud(request: Request, tier: Tier) -> int:
    """Return the most that an attempt can cost, micro-dollars."""
    if not (tier.price.input or tier.price.output):
        return 0
    return worst_ud(tier.price, request.talk.most_tokens, _most_tokens(request, tier))


def _most_tokens(request: Request, tier: Tier) -> int:
    wanted = request.max_output_tokens
    return tier.max_output_tokens if wanted is None else min(tier.max_output_tokens, wanted)


def _blame(health: Health, error: TierError, now_s: float) -> None:
    if error.retry_after_s is not None:
        health.breaker.cool_down(now_s, error.retry_after_s)
    elif error.tier_at_fault:
        health.breaker.failed(now_s)
    else:
        health.breaker.cancelled()


def _learn(
    request: Request, health: Health, outcome: str, stream: Stream, used: Usage, began_s: float
) -> None:
    """Take what an attempt took into the prediction; one that broke off took at least that."""
    now_s = stream.clock()
    total_ms = (now_s - began_s) * 1000
    tokens = request.talk.tokens
    if outcome in ("ok", "unsure"):
        if stream.first_s is None or request.whole:
            health.in_one_piece.add(tokens, total_ms, 0.0, 0, now_s)
            if not request.whole:  # the tier does not stream, although it was asked to
                health.streamed.add(tokens, total_ms, 0.0, 0, now_s)
        else:
            first_ms = (stream.first_s - began_s) * 1000
            rest_ms = total_ms - first_ms
            health.streamed.add(tokens, first_ms, rest_ms, max(1, used.output), now_s)
    elif outcome in _SLOW and stream.first_s is None:
        health.timings(request.whole).add(tokens, total_ms, 0.0, 0, now_s)


def _lost(
    request: Request, tier: Tier, number: int, began_ms: int, most_ud: int, why: str
) -> Attempt:
    """Return the row of an attempt of which nothing more is heard: it cost what was set aside."""
    return Attempt(
        time_ms=began_ms,
        device=request.device,
        request=request.id,
        retry=request.retry,
        attempt=number,
        tier=tier.name,
        model=tier.model,
        input_tokens=request.talk.tokens,
        output_tokens=_most_tokens(request, tier),
        cached_tokens=0,
        estimated=True,
        cost_ud=most_ud,
        price_version=tier.price.version,
        ttft_ms=None,
        total_ms=0,
        outcome=LOST,
        why=_text(why, "the proxy was killed meanwhile"),
        slo_ms=request.slo_ms,
    )


def _estimate(stream: Stream) -> Usage:
    """Return what an attempt that broke off will have used: what was sent, and what came."""
    return Usage(estimate_tokens(stream.prompt_characters), estimate_tokens(stream.characters))


def _text(*parts: str) -> str:
    """Return the parts as one text that a database takes: upstreams may send half characters."""
    text = "; ".join(part for part in parts if part)[:_MAX_WHY]
    return text.encode("utf-8", "replace").decode("utf-8")


def ms(seconds: float) -> int:
    """Return seconds as whole milliseconds."""
    return round(seconds * 1000)
