"""Which tier answers a request: the cheapest that is allowed, able, well and quick enough."""

from collections.abc import Sequence
from typing import NamedTuple

from cloud_proxy.candidates import Ask, Budget, TierState, in_time
from cloud_proxy.filters import filters
from cloud_proxy.ranking import about, among_equals, deadline, hedge, rank


class Decision(NamedTuple):
    """Who answers, who next if that fails, and why, in words and in one (`reason`).

    Without a tier, `refusal` is the wire's code: refused, busy, budget or upstream. hedge: who is
    asked as well if the first piece has not come within hedge_after_ms.
    """

    tier: str | None
    fallbacks: tuple[str, ...]
    why: str
    refusal: str = ""
    reason: str = ""  # only, cheapest, in_time, tie, rounds, best_chance, explore
    hedge: str | None = None
    hedge_after_ms: float = 0.0


def choose(request: Ask, tiers: Sequence[TierState], budget: Budget, now_s: float) -> Decision:
    """Return the decision for a request. Pure: clock, chance, budget and health are arguments.

    Each filter in turn strikes out tiers, so a fallback and a hedge are as allowed as the choice.
    now_s: the clock that `open_until_s` was set by.
    """
    left = list(tiers)
    struck: list[str] = []
    for refusal, objection in filters(request, budget, now_s):
        kept: list[TierState] = []
        for tier in left:
            words = objection(tier)
            if words:
                struck.append(f"{tier.name} {words}")
            else:
                kept.append(tier)
        left = kept
        if not left:
            return Decision(None, (), "; ".join(struck) or "no tier is configured", refusal)
    ranked = sorted(left, key=lambda tier: rank(request, tier)) if left[1:] else left
    if request.refuse_late and not in_time(request, ranked[0]):
        return Decision(None, (), f"none meets {deadline(request)} ({about(request, ranked[0])})",
                        "refused")  # fmt: skip
    ranked, reason, words = among_equals(request, ranked)
    helper, after_ms = hedge(request, ranked, budget)
    return Decision(
        ranked[0].name,
        tuple(tier.name for tier in ranked[1:]),
        "; ".join([f"{words} ({about(request, ranked[0])})", *struck]),
        reason=reason,
        hedge=helper,
        hedge_after_ms=after_ms,
    )
