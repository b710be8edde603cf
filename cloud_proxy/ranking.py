"""The order of those who may answer, the choice among equals, and who comes to help."""

from collections.abc import Sequence

from cloud_proxy.candidates import (
    Ask,
    Budget,
    TierState,
    chance,
    in_time,
    likely_ud,
    stuck,
    worst_case_ud,
)

_NEAR = 1.1  # times the lowest cost: a tie
_KEPT_FOR_EXPLORING = 0.5  # a tier that costs more than twice the choice is not tried for fun


def rank(request: Ask, tier: TierState) -> tuple[bool, bool, float, float]:
    """Sort key: able to go on, in time, then cheapest; among the late ones the best chance."""
    late = not in_time(request, tier)
    first = -chance(request, tier) if late else likely_ud(request, tier)
    return (stuck(request, tier), late, first, tier.latency.p95_ms)


def among_equals(request: Ask, ranked: list[TierState]) -> tuple[list[TierState], str, str]:
    """Return the ranking with the choice moved to the front; why, in a word and in more."""
    first = ranked[0]
    if len(ranked) == 1:
        return ranked, *_reason(request, ranked)
    peers = [
        tier
        for tier in ranked
        if in_time(request, tier) and stuck(request, tier) == stuck(request, first)
    ]
    if request.slo_ms is None and request.draw < request.explore:
        dearest = likely_ud(request, first) / _KEPT_FOR_EXPLORING
        others = [tier for tier in peers[1:] if likely_ud(request, tier) <= dearest]
        if others:
            tried = others[int(request.draw / request.explore * len(others))]
            words = f"{tried.name} is tried to learn how it does"
            return _to_front(tried, ranked), "explore", words
    ties = [t for t in peers if likely_ud(request, t) <= _NEAR * likely_ud(request, first)]
    if len(ties) > 1:
        one, other = _two_of(ties, request.draw)
        better = min(one, other, key=lambda tier: (1 + tier.in_flight) * tier.latency.p95_ms)
        worse = other if better is one else one
        words = f"{better.name} is less busy or quicker than {worse.name}, which costs the same"
        return _to_front(better, ranked), "tie", words
    return ranked, *_reason(request, ranked)


def _two_of(ties: Sequence[TierState], draw: float) -> tuple[TierState, TierState]:
    """Return two different ones of the ties, every pair being as likely."""
    count = len(ties)
    pair = min(int(draw * count * (count - 1)), count * (count - 1) - 1)
    one, step = divmod(pair, count - 1)
    return ties[one], ties[(one + 1 + step) % count]


def _to_front(tier: TierState, ranked: list[TierState]) -> list[TierState]:
    return [tier, *(other for other in ranked if other is not tier)]


def _reason(request: Ask, ranked: Sequence[TierState]) -> tuple[str, str]:
    first = ranked[0]
    if not in_time(request, first):
        return "best_chance", f"{first.name} has the best chance, none meets {deadline(request)}"
    if len(ranked) == 1:
        return "only", f"{first.name} is the only choice"
    if request.has_results and not all(tier.rounds for tier in ranked):
        return "rounds", f"{first.name} is the cheapest that can go on from results"
    if request.slo_ms is None:
        return "cheapest", f"{first.name} is the cheapest"
    return "in_time", f"{first.name} is the cheapest that meets {deadline(request)}"


def deadline(request: Ask) -> str:
    """Return the deadline in words."""
    return f"{request.slo_ms:.0f} ms"


def about(request: Ask, tier: TierState) -> str:
    """Return what is expected of a tier, in words."""
    odds = "" if request.slo_ms is None else f", chance {chance(request, tier):.2f}"
    worst = worst_case_ud(request, tier)
    return f"95 of 100 within {tier.latency.p95_ms:.0f} ms{odds}, at most {worst} ud"


def hedge(request: Ask, ranked: Sequence[TierState], budget: Budget) -> tuple[str | None, float]:
    """Return who is asked as well, and after how many ms: when the choice is late for itself.

    That is its 95th percentile, or the last moment at which the other can still be in time.
    """
    first = ranked[0]
    after_ms = first.latency.first_p95_ms
    if not first.provider or stuck(request, first):
        return None, 0.0
    for other in ranked[1:]:
        both = worst_case_ud(request, first) + worst_case_ud(request, other)
        affordable = budget.left_ud is None or both <= budget.left_ud
        elsewhere = other.provider and other.provider != first.provider
        if not elsewhere or not affordable or stuck(request, other):
            continue
        if request.slo_ms is None:
            return other.name, after_ms
        last_moment_ms = request.slo_ms - other.latency.p95_ms
        if last_moment_ms >= 0:
            return other.name, min(after_ms, last_moment_ms)
    return None, 0.0
