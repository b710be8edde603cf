"""A request's way through the tiers: choose, ask, call for help, go on to the next one."""

import asyncio
import random
from collections.abc import Callable, Mapping

from cloud_proxy.attempts import Attempted, Attempts, Began, Spent, ms
from cloud_proxy.candidates import Budget
from cloud_proxy.config import Routing
from cloud_proxy.health import Health
from cloud_proxy.metering import Attempt
from cloud_proxy.purse import Purse
from cloud_proxy.race import Allowance, Race
from cloud_proxy.reply import Reply
from cloud_proxy.request import Request
from cloud_proxy.routing import Decision, choose
from cloud_proxy.tiers.base import Stream, Tier

Sink = Callable[[str], None]


def _unnoted(_: Attempt) -> None:
    """Begin an attempt that nobody will miss."""


class Dispatcher:
    """Carries requests to tiers. `record` and `began` take the ledger's rows: see Attempts."""

    def __init__(
        self,
        tiers: Mapping[str, Tier],
        health: Mapping[str, Health],
        routing: Routing,
        purse: Purse,
        record: Callable[[Attempt], None],
        began: Began = _unnoted,
    ) -> None:
        self._routing = routing
        self._attempts = Attempts(tiers, health, purse, record, began)
        self._hedges = Allowance(routing.hedge)
        self._record = record
        self._began = began

    def replace(
        self, tiers: Mapping[str, Tier], health: Mapping[str, Health], routing: Routing
    ) -> None:
        """Use these from the next request on; those under way end with what they began with."""
        self._routing = routing
        purse = self._attempts.purse
        self._attempts = Attempts(tiers, health, purse, self._record, self._began)
        self._hedges = Allowance(routing.hedge)

    async def answer(self, request: Request, sink: Sink) -> Reply:
        """Return how the request ended; pieces of text go to `sink` as they come.

        After a failure the next tier is asked, unless text has gone out already. An answer that a
        tier is not sure of is kept for the case that no other tier gives one.
        """
        clock = asyncio.get_running_loop().time
        attempts = self._attempts
        spent = Spent()
        untried = self._named(request.model)
        unsure: tuple[Attempted, Decision] | None = None
        failed: Reply | None = None
        while spent.attempts < self._routing.max_attempts:
            decision = self._choose(attempts, request, untried, spent, clock())
            if decision.tier is None:
                failed = failed or Reply(code=decision.refusal, why=decision.why)
                break
            done, hedged = await self._ask(attempts, request, decision, sink, spent)
            asked = {decision.tier, decision.hedge} if hedged else {decision.tier}
            untried = [name for name in untried if name not in asked]
            if done.completion and done.outcome == "ok":
                return _reply(request, done, decision, spent, clock())
            if done.completion:
                unsure = (done, decision)
                continue
            code = done.outcome if done.outcome in ("expired", "busy", "budget") else "upstream"
            use = _use(request, done, decision, spent, clock())
            failed = Reply(code=code, why=done.why, use=use)
            if done.stream.sent or code == "expired":
                return failed
        if unsure:
            return _reply(request, *unsure, spent, clock())
        return failed or Reply(code="upstream", why="no tier could answer")

    def names(self) -> list[str]:
        """Return the names of the tiers."""
        return list(self._attempts.tiers)

    def knows(self, model: str) -> bool:
        """Return whether a request may name that model."""
        return bool(self._named(model))

    def _named(self, model: str) -> list[str]:
        tiers = self._attempts.tiers
        if model in ("", "auto"):
            return list(tiers)
        return [name for name, tier in tiers.items() if model in (name, tier.model)]

    def _choose(
        self,
        attempts: Attempts,
        request: Request,
        names: list[str],
        spent: Spent,
        now_s: float,
    ) -> Decision:
        routing = self._routing
        limits = [ud for ud in (request.max_ud, routing.max_ud_per_request) if ud is not None]
        budget = attempts.purse.left(request.device)
        if limits:
            own_ud = max(0, min(limits) - spent.cost_ud)
            if budget.left_ud is None or own_ud <= budget.left_ud:
                budget = Budget(own_ud)
        states = [attempts.state(name, request, now_s) for name in names]
        ask = request.ask(
            now_s,
            priced=any(state.price.input or state.price.output for state in states),
            refuse_late=routing.late == "refuse" and not spent.attempts,
            explore=0.0 if spent.attempts else routing.explore,
            draw=random.random(),
        )
        return choose(ask, states, budget, now_s)

    async def _ask(
        self,
        attempts: Attempts,
        request: Request,
        decision: Decision,
        sink: Sink,
        spent: Spent,
    ) -> tuple[Attempted, bool]:
        """Return what came of the decision, and whether its hedge was asked too."""
        clock = asyncio.get_running_loop().time
        assert decision.tier is not None
        last = not decision.fallbacks or spent.attempts + 1 == self._routing.max_attempts
        if decision.hedge is None or last:
            stream = Stream(sink, clock)
            why = decision.why
            return await attempts.ask(request, decision.tier, why, stream, spent, last), False
        self._hedges.request()

        async def contend(name: str, why: str, claim: Callable[[], bool]) -> Attempted:
            stream = Stream(sink, clock, claim)
            return await attempts.ask(request, name, why, stream, spent, last=False)

        name, helper = decision.tier, decision.hedge
        after_ms = decision.hedge_after_ms
        help_why = f"hedge, as {name} was silent for {after_ms:.0f} ms; {decision.why}"
        race = Race[Attempted](lambda done: done.outcome == "ok")
        return await race.run(
            lambda claim: contend(name, decision.why, claim),
            lambda claim: contend(helper, help_why, claim),
            after_ms / 1000,
            self._hedges.take,
        )


def _reply(request: Request, done: Attempted, by: Decision, spent: Spent, now_s: float) -> Reply:
    use = _use(request, done, by, spent, now_s)
    return Reply(completion=done.completion, use=use, why=done.routed)


def _use(
    request: Request, done: Attempted, by: Decision, spent: Spent, now_s: float
) -> dict[str, object]:
    """Return the wire's "use": who answered and why it, and what all attempts took together."""
    return {
        "tier": done.tier.name,
        "model": done.tier.model,
        "by": by.reason if done.tier.name == by.tier else "hedge",
        "in": spent.input,
        "out": spent.output,
        "ud": spent.cost_ud,
        "ms": ms(now_s - request.arrived_s),
    }
