"""What routing looks at: a request, the tiers as they are now, and the money that is left."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from cloud_proxy.latency import Latency, fixed
from cloud_proxy.metering import FREE, Price, worst_ud

SURE_ENOUGH = 0.95  # the chance to be in time that counts as being in time


class Ask(NamedTuple):
    """What routing needs to know of a request."""

    input_tokens: int = 0
    most_tokens: int | None = None  # that they can be in the worst case; None: as many
    output_tokens: int | None = None  # the most that is wanted; None: what the tier gives
    private: bool = False
    slo_ms: float | None = None  # what is left, the way back taken off; None: no deadline
    needs_tools: bool = False
    needs_stream: bool = False
    has_results: bool = False  # goes on from tool results, which a small model cannot
    refuse_late: bool = False  # rather a refusal at once than an answer that may be late
    explore: float = 0.0  # the share of requests without a deadline that try another tier
    draw: float = 1.0  # a random number in [0, 1), so that choosing needs none


class TierState(NamedTuple):
    """A tier as routing sees it: what it may, can and costs, and how it has been doing."""

    name: str
    provider: str = ""  # whose machines; a hedge goes to another's. "": ours, never hedged
    price: Price = FREE
    private: bool = False  # may see requests marked private
    tools: bool = True
    streams: bool = True
    rounds: bool = True  # can go on from tool results
    context_tokens: int = 8192
    max_output_tokens: int = 512
    latency: Latency = fixed(1000.0)
    open_until_s: float = 0.0  # the breaker: not to be asked before then
    trying: bool = False  # the breaker: one request tries it, others wait for that
    requests_left: float = math.inf  # of its limits a minute
    tokens_left: float = math.inf
    in_flight: int = 0
    room: int = 1_000_000  # how many at a time


@dataclass(frozen=True, slots=True)
class Budget:
    """Micro-dollars that this request may cost; None: no limit. of: whose limit that is."""

    left_ud: int | None = None
    of: str = ""


def output_tokens(request: Ask, tier: TierState) -> int:
    """Return the most tokens that the tier would answer with."""
    if request.output_tokens is None:
        return tier.max_output_tokens
    return min(request.output_tokens, tier.max_output_tokens)


def worst_case_ud(request: Ask, tier: TierState) -> int:
    """Return the most that the request can cost at a tier, micro-dollars."""
    most = request.input_tokens if request.most_tokens is None else request.most_tokens
    return worst_ud(tier.price, most, output_tokens(request, tier))


def likely_ud(request: Ask, tier: TierState) -> int:
    """Return what an answer of the usual length costs at a tier, micro-dollars."""
    tokens = min(tier.latency.output_tokens, output_tokens(request, tier))
    return worst_ud(tier.price, request.input_tokens, tokens)


def chance(request: Ask, tier: TierState) -> float:
    """Return how likely a tier is in time."""
    return 1.0 if request.slo_ms is None else tier.latency.chance(request.slo_ms)


def in_time(request: Ask, tier: TierState) -> bool:
    """Return whether a tier is likely enough in time."""
    return chance(request, tier) >= SURE_ENOUGH


def stuck(request: Ask, tier: TierState) -> bool:
    """Return whether a tier can only repeat the results that it is to go on from."""
    return request.has_results and not tier.rounds
