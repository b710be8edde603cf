"""Who may not answer a request, and why not: each filter strikes out tiers, in words."""

from collections.abc import Callable

from cloud_proxy.candidates import Ask, Budget, TierState, output_tokens, worst_case_ud

Objection = Callable[[TierState], str]  # "" if there is none


def filters(request: Ask, budget: Budget, now_s: float) -> list[tuple[str, Objection]]:
    """Return (code of the refusal if nobody is left, objection) in the order that they count."""

    def privacy(tier: TierState) -> str:
        return "may not see a private request" if request.private and not tier.private else ""

    def capability(tier: TierState) -> str:
        if request.needs_tools and not tier.tools:
            return "calls no tools"
        if request.needs_stream and not tier.streams:
            return "does not stream"
        if request.input_tokens > tier.context_tokens:
            return f"holds {tier.context_tokens} tokens, not {request.input_tokens}"
        return ""

    def breaker(tier: TierState) -> str:
        if tier.trying:
            return "is being tried again after failures"
        rest_s = tier.open_until_s - now_s
        return f"rests for {rest_s:.0f} s after failures" if rest_s > 0 else ""

    def headroom(tier: TierState) -> str:
        if tier.in_flight >= tier.room:
            return f"has {tier.in_flight} requests under way"
        if tier.requests_left < 1:
            return "has no requests left this minute"
        wanted = request.input_tokens + output_tokens(request, tier)
        if tier.tokens_left < wanted:
            return f"has {tier.tokens_left:.0f} tokens left this minute, not {wanted}"
        return ""

    def money(tier: TierState) -> str:
        if budget.left_ud is None:
            return ""
        worst = worst_case_ud(request, tier)
        if worst <= budget.left_ud:
            return ""
        whose = f" of {budget.of}" if budget.of else ""
        return f"may cost {worst} ud, {budget.left_ud} are left{whose}"

    return [
        ("refused", privacy),
        ("refused", capability),
        ("upstream", breaker),
        ("busy", headroom),
        ("budget", money),
    ]
