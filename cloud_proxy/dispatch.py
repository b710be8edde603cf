"""A request's way through the tiers: choose, ask, go on to the next one, meter each attempt."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud_proxy.config import Routing
from cloud_proxy.health import Health
from cloud_proxy.metering import Attempt, Usage, cost_ud, estimate_tokens
from cloud_proxy.reply import Reply
from cloud_proxy.request import Request
from cloud_proxy.routing import Budget, Decision, choose
from cloud_proxy.tiers.base import Completion, Stream, Tier, TierError

log = logging.getLogger("limpet.dispatch")

_MAX_WHY = 500  # characters of the ledger's "why"


@dataclass(slots=True)
class _Spent:
    """What the attempts at a request have used so far."""

    input: int = 0
    output: int = 0
    cost_ud: int = 0


@dataclass(frozen=True, slots=True)
class _Attempted:
    completion: Completion | None
    outcome: str
    why: str


class Dispatcher:
    """Carries requests to tiers. `record` takes the ledger's rows and returns at once."""

    def __init__(
        self,
        tiers: Mapping[str, Tier],
        health: Mapping[str, Health],
        routing: Routing,
        record: Callable[[Attempt], None],
    ) -> None:
        self._tiers = tiers
        self._health = health
        self._routing = routing
        self._record = record

    async def answer(self, request: Request, sink: Callable[[str], None]) -> Reply:
        """Return how the request ended; pieces of text go to `sink` as they come.

        After a failure the next tier is asked, unless text has gone out already. An answer that a
        tier is not sure of is kept for the case that no other tier gives one.
        """
        loop = asyncio.get_running_loop()
        spent = _Spent()
        untried = dict(self._tiers)
        unsure: tuple[Tier, Completion] | None = None
        failed = Reply(code="upstream", why="no tier could answer")
        for number in range(self._routing.max_attempts):
            decision = self._choose(request, untried, spent, loop.time())
            if decision.tier is None:
                if number == 0:
                    return Reply(code=decision.refusal, why=decision.why)
                break
            tier = untried.pop(decision.tier)
            last = not decision.fallbacks or number + 1 == self._routing.max_attempts
            stream = Stream(sink, loop.time)
            done = await self._attempt(request, tier, stream, decision, number, spent, last)
            if done.completion and done.outcome == "ok":
                return self._reply(request, tier, done.completion, spent)
            if done.completion:
                unsure = (tier, done.completion)
                continue
            code = done.outcome if done.outcome in ("expired", "busy") else "upstream"
            failed = Reply(code=code, why=done.why, use=_use(request, tier, spent, loop.time()))
            if stream.first_s is not None or code == "expired":
                return failed
        return self._reply(request, *unsure, spent) if unsure else failed

    def _choose(
        self, request: Request, tiers: Mapping[str, Tier], spent: _Spent, now_s: float
    ) -> Decision:
        limits = [
            ud for ud in (request.max_ud, self._routing.max_ud_per_request) if ud is not None
        ]
        budget = Budget(max(0, min(limits) - spent.cost_ud) if limits else None)
        states = [
            tier.state(health.estimate.predict(now_s), health.open_until_s)
            for tier, health in ((tiers[name], self._health[name]) for name in tiers)
        ]
        return choose(request.ask(now_s), states, budget, now_s)

    async def _attempt(
        self,
        request: Request,
        tier: Tier,
        stream: Stream,
        decision: Decision,
        number: int,
        spent: _Spent,
        last: bool,
    ) -> _Attempted:
        """Ask one tier and write its row, however it ends. last: nobody else can be asked."""
        began_ms = int(time.time() * 1000)
        began_s = stream.clock()
        outcome, why, usage = "cancelled", "", None
        completion: Completion | None = None
        try:
            async with asyncio.timeout_at(request.expires_s):
                completion = await tier.complete(request, stream)
            outcome, why, usage = "ok", completion.note, completion.usage
            if completion.confidence < tier.escalate_below and not last:
                outcome = "unsure"
                why = completion.note or f"sure by {completion.confidence:.2f} only"
            self._health[tier.name].succeeded((stream.clock() - began_s) * 1000, stream.clock())
        except TierError as e:
            outcome, why, usage = e.code, e.why, e.usage
            if e.tier_at_fault:
                self._health[tier.name].failed(stream.clock(), e.retry_after_s)
        except TimeoutError:
            outcome, why = "expired", "nobody waits for the reply any more"
        except (
            Exception
        ) as e:  # a fault of ours: the board must hear of it, and the next one be served
            log.exception("tier %s failed on a request of %s", tier.name, request.device)
            outcome, why = "bug", type(e).__name__
            self._health[tier.name].failed(stream.clock())
        finally:
            usage = usage or _estimate(stream)
            cost = cost_ud(tier.price, usage)
            spent.input += usage.input
            spent.output += usage.output
            spent.cost_ud += cost
            row = Attempt(
                time_ms=began_ms,
                device=request.device,
                request=request.id,
                retry=request.retry,
                attempt=number,
                tier=tier.name,
                model=tier.model,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cached_tokens=usage.cached,
                estimated=usage.estimated,
                cost_ud=cost,
                price_version=tier.price.version,
                ttft_ms=None if stream.first_s is None else _ms(stream.first_s - began_s),
                total_ms=_ms(stream.clock() - began_s),
                outcome=outcome,
                why=_words(decision.why, why),
            )
            self._record(row)
        return _Attempted(completion, outcome, f"{tier.name}: {why}")

    def _reply(self, request: Request, tier: Tier, completion: Completion, spent: _Spent) -> Reply:
        now_s = asyncio.get_running_loop().time()
        return Reply(completion=completion, use=_use(request, tier, spent, now_s))


def _use(request: Request, tier: Tier, spent: _Spent, now_s: float) -> dict[str, object]:
    """Return the wire's "use": the tier that answered, and what all attempts took together."""
    return {
        "tier": tier.name,
        "model": tier.model,
        "in": spent.input,
        "out": spent.output,
        "ud": spent.cost_ud,
        "ms": _ms(now_s - request.arrived_s),
    }


def _estimate(stream: Stream) -> Usage:
    """Return what an attempt that broke off will have used: what was sent, and what came."""
    return Usage(estimate_tokens(stream.prompt_characters), estimate_tokens(stream.characters))


def _words(*parts: str) -> str:
    """Return the parts as one text that a database takes: upstreams may send half characters."""
    text = "; ".join(part for part in parts if part)[:_MAX_WHY]
    return text.encode("utf-8", "replace").decode("utf-8")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
