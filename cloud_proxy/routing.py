"""Which tier answers a request: the cheapest that is allowed, able, healthy and quick enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloud_proxy.metering import FREE, Price, worst_ud


@dataclass(frozen=True, slots=True)
class Ask:
    """What routing needs to know of a request."""

    input_tokens: int = 0
    private: bool = False
    slo_ms: int | None = None  # what is left of the deadline; None: no deadline was wished for
    needs_tools: bool = False
    has_results: bool = False  # goes on from tool results, which a small model cannot


@dataclass(frozen=True, slots=True)
class TierState:
    """A tier as routing sees it: what it may, can and costs, and how it has been doing."""

    name: str
    price: Price = FREE
    private: bool = False  # may see requests marked private
    tools: bool = True
    rounds: bool = True  # can go on from tool results
    context_tokens: int = 8192
    max_output_tokens: int = 512
    predicted_ms: float = 1000.0
    open_until_s: float = 0.0  # the breaker: not to be asked before then


@dataclass(frozen=True, slots=True)
class Budget:
    """Micro-dollars that this request may cost; None: no limit."""

    left_ud: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, who next if that fails, and why, in words.

    Without a tier, `refusal` is the wire's code: refused, budget or upstream.
    """

    tier: str | None
    fallbacks: tuple[str, ...]
    why: str
    refusal: str = ""


_Objection = Callable[[TierState], str]


def choose(request: Ask, tiers: Sequence[TierState], budget: Budget, now_s: float) -> Decision:
    """Return the decision for a request. Pure: clock, budget and health are arguments.

    Each filter in turn strikes out tiers, so a fallback is as allowed as the choice.
    now_s: the clock that `open_until_s` was set by.
    """
    left = list(tiers)
    struck: list[str] = []
    for refusal, objection in _filters(request, budget, now_s):
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
    ranked = sorted(left, key=lambda tier: _rank(request, tier))
    why = "; ".join([_reason(request, ranked), *struck])
    return Decision(ranked[0].name, tuple(tier.name for tier in ranked[1:]), why)


def _filters(request: Ask, budget: Budget, now_s: float) -> list[tuple[str, _Objection]]:
    def privacy(tier: TierState) -> str:
        return "may not see a private request" if request.private and not tier.private else ""

    def capability(tier: TierState) -> str:
        if request.needs_tools and not tier.tools:
            return "calls no tools"
        if request.input_tokens > tier.context_tokens:
            return f"holds {tier.context_tokens} tokens, not {request.input_tokens}"
        return ""

    def breaker(tier: TierState) -> str:
        rest_s = tier.open_until_s - now_s
        return f"rests for {rest_s:.0f} s after failures" if rest_s > 0 else ""

    def money(tier: TierState) -> str:
        worst = _worst_ud(request, tier)
        if budget.left_ud is None or worst <= budget.left_ud:
            return ""
        return f"may cost {worst} ud, {budget.left_ud} are left"

    return [
        ("refused", privacy),
        ("refused", capability),
        ("upstream", breaker),
        ("budget", money),
    ]


def _rank(request: Ask, tier: TierState) -> tuple[bool, bool, float, float]:
    """Sort key: able to go on, in time, then cheapest; among the late ones the quickest."""
    stuck = request.has_results and not tier.rounds
    late = not _in_time(request, tier)
    worst = _worst_ud(request, tier)
    return (stuck, late, tier.predicted_ms if late else worst, tier.predicted_ms)


def _reason(request: Ask, ranked: Sequence[TierState]) -> str:
    first = ranked[0]
    about = f"about {first.predicted_ms:.0f} ms, at most {_worst_ud(request, first)} ud"
    if not _in_time(request, first):
        return f"{first.name} is the quickest, none meets {request.slo_ms} ms ({about})"
    if len(ranked) == 1:
        return f"{first.name} is the only choice ({about})"
    if request.has_results and not all(tier.rounds for tier in ranked):
        return f"{first.name} is the cheapest that can go on from results ({about})"
    if request.slo_ms is None:
        return f"{first.name} is the cheapest ({about})"
    return f"{first.name} is the cheapest that meets {request.slo_ms} ms ({about})"


def _in_time(request: Ask, tier: TierState) -> bool:
    return request.slo_ms is None or tier.predicted_ms <= request.slo_ms


def _worst_ud(request: Ask, tier: TierState) -> int:
    return worst_ud(tier.price, request.input_tokens, tier.max_output_tokens)
