"""Routing policies on the same simulated day: deadlines met, and what they cost.

Four endpoints whose times have heavy tails (log-normal, some with a second hump), slow down for a
while each at its own hour, and fail now and then, which costs time and no money; requests of three
sizes with deadlines of 0.3 to 3 s. Ours is `cloud_proxy.routing.choose` with what it learns; no
policy knows more than what it has measured. The clock is simulated: nothing waits.
"""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from results import row, save

from cloud_proxy.breaker import Breaker
from cloud_proxy.candidates import Ask, Budget, TierState
from cloud_proxy.latency import Timings
from cloud_proxy.metering import price_from_usd, worst_ud
from cloud_proxy.routing import choose

REQUESTS = 40_000
DAY_S = 86_400.0
SIZES = ((300, 0.6), (1500, 0.3), (6000, 0.1))  # input tokens, share
DEADLINES_MS = (300, 600, 1200, 3000)
OUTPUT_TOKENS = 60
TIMEOUT_MS = 10_000.0


@dataclass(frozen=True)
class Endpoint:
    """How an endpoint behaves, which only the simulation knows."""

    name: str
    usd_in: float
    usd_out: float
    median_ms: float  # of the first piece of a small input
    spread: float  # sigma of its logarithm
    token_ms: float
    hump: float  # share of answers that take ten times as long
    failures: float
    slow_hour: int  # in which everything takes four times as long

    def draw(self, chance: random.Random, tokens: int, hour: int) -> tuple[float, float, bool]:
        """Return ms to the first piece, ms of the rest, and whether it works."""
        first = chance.lognormvariate(0, self.spread) * self.median_ms * (1 + tokens / 8000)
        first *= 10 if chance.random() < self.hump else 1
        first *= 4 if hour == self.slow_hour else 1
        rest = OUTPUT_TOKENS * self.token_ms * chance.lognormvariate(0, 0.2)
        return first, rest, chance.random() >= self.failures


ENDPOINTS = (
    Endpoint("premium", 0.60, 1.20, 90, 0.25, 0.5, 0.005, 0.002, 20),
    Endpoint("quick", 0.30, 0.60, 140, 0.4, 1.5, 0.02, 0.005, 9),
    Endpoint("plain", 0.10, 0.20, 300, 0.5, 4.0, 0.05, 0.01, 14),
    Endpoint("cheap", 0.04, 0.08, 600, 0.7, 8.0, 0.08, 0.02, 3),
)


@dataclass
class Seen:
    """What a policy has measured of one endpoint."""

    timings: Timings
    breaker: Breaker = field(default_factory=Breaker)
    mean_ms: float = 500.0


Policy = Callable[[Ask, Sequence[TierState], Sequence[Seen], int, float], int]


def ours(
    ask: Ask, states: Sequence[TierState], seen: Sequence[Seen], number: int, now_s: float
) -> int:
    """Choose as the proxy does."""
    decision = choose(ask, states, Budget(), now_s)
    names = [state.name for state in states]
    return names.index(decision.tier) if decision.tier else number % len(states)


def cheapest(
    ask: Ask, states: Sequence[TierState], seen: Sequence[Seen], number: int, now_s: float
) -> int:
    """Choose the lowest price."""
    return len(states) - 1


def fastest(
    ask: Ask, states: Sequence[TierState], seen: Sequence[Seen], number: int, now_s: float
) -> int:
    """Choose the lowest mean so far, and one in fifty at random."""
    if number % 50 == 0:
        return number // 50 % len(states)
    return min(range(len(states)), key=lambda index: seen[index].mean_ms)


def round_robin(
    ask: Ask, states: Sequence[TierState], seen: Sequence[Seen], number: int, now_s: float
) -> int:
    """Choose each in turn."""
    return number % len(states)


def fixed(
    ask: Ask, states: Sequence[TierState], seen: Sequence[Seen], number: int, now_s: float
) -> int:
    """Choose the premium one, always."""
    return 0


POLICIES: dict[str, Policy] = {
    "limpet": ours, "fixed (premium)": fixed, "cheapest": cheapest, "fastest mean": fastest,
    "round robin": round_robin,
}  # fmt: skip


def run(policy: Policy, seed: int) -> tuple[float, float]:
    """Return the share of deadlines met and the USD that a thousand requests cost."""
    chance = random.Random(seed)  # the same requests for every policy
    luck = random.Random(seed + 1)
    prices = [price_from_usd(e.usd_in, e.usd_out, None, "simulated") for e in ENDPOINTS]
    seen = [Seen(Timings(500.0)) for _ in ENDPOINTS]
    met, cost_ud = 0, 0
    for number in range(REQUESTS):
        now_s = number / REQUESTS * DAY_S
        tokens = chance.choices([size for size, _ in SIZES], [share for _, share in SIZES])[0]
        deadline_ms = chance.choice(DEADLINES_MS)
        left_ms = float(deadline_ms)
        untried = list(range(len(ENDPOINTS)))
        while untried:
            states = [
                TierState(
                    ENDPOINTS[i].name, ENDPOINTS[i].name, prices[i],
                    latency=seen[i].timings.predict(tokens, now_s),
                    open_until_s=seen[i].breaker.open_until_s, max_output_tokens=OUTPUT_TOKENS,
                )
                for i in untried
            ]  # fmt: skip
            ask = Ask(tokens, OUTPUT_TOKENS, slo_ms=max(0.0, left_ms), draw=luck.random())
            here = policy(ask, states, [seen[i] for i in untried], number, now_s)
            index = untried.pop(here)
            endpoint, known = ENDPOINTS[index], seen[index]
            first, rest, works = endpoint.draw(luck, tokens, int(now_s / 3600))
            total = min(first + rest, TIMEOUT_MS)
            known.mean_ms += 0.05 * (total - known.mean_ms)
            if works:
                known.breaker.succeeded()
                known.timings.add(tokens, min(first, TIMEOUT_MS), rest, OUTPUT_TOKENS, now_s)
                cost_ud += worst_ud(prices[index], tokens, OUTPUT_TOKENS)
                met += total <= left_ms
                break
            known.breaker.failed(now_s)
            left_ms -= first  # then the next one is asked
    return met / REQUESTS, cost_ud / REQUESTS / 1000


def main() -> None:
    """Simulate, print, save."""
    rows = []
    how = f"{REQUESTS:,} simulated requests in a day, four endpoints with heavy tails, one seed"
    found = {name: run(policy, seed=7) for name, policy in POLICIES.items()}
    best_met, best_cost = found["fixed (premium)"]
    for name, (met, usd) in found.items():
        print(f"{name:18} {met:7.2%} of deadlines met, ${usd:.4f} a thousand requests")
        for metric, value, unit, best in (
            ("deadlines met", round(met * 100, 2), "%", best_met * 100),
            ("cost of a thousand requests", round(usd, 4), "USD", best_cost),
        ):
            peer, ratio = "fixed (premium)", value / best
            made = row(f"{name}: {metric}", value, unit, compared_with=peer, ratio=ratio, how=how)
            rows.append(made)
    save(__file__, rows)


if __name__ == "__main__":
    main()
