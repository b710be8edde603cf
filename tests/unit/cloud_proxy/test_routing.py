"""Routing: which tier is chosen, who is next, and the reason in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.metering import Price, worst_ud
from cloud_proxy.routing import Ask, Budget, TierState, choose

NOW_S = 1000.0
EDGE = TierState("edge", private=True, rounds=False, predicted_ms=8)
FAST = TierState("fast", Price(600_000, 1_200_000, 600_000, "test"), predicted_ms=200)
CHEAP = TierState("cheap", Price(50_000, 100_000, 50_000, "test"), predicted_ms=900)
SMALL = TierState("small", FAST.price, context_tokens=100, predicted_ms=100)
MUTE = TierState("mute", tools=False, predicted_ms=100)
TIRED = TierState("tired", predicted_ms=50, open_until_s=NOW_S + 12)
LONG = Ask(input_tokens=1000)
NO_LIMIT = Budget()

CASES = {
    "one tier alone is chosen": (
        Ask(), [EDGE], NO_LIMIT, "edge", (),
        "edge is the only choice (about 8 ms, at most 0 ud)",
    ),
    "without a deadline the cheapest answers": (
        LONG, [FAST, CHEAP], NO_LIMIT, "cheap", ("fast",),
        "cheap is the cheapest (about 900 ms, at most 102 ud)",
    ),
    "a deadline that the cheapest misses goes to the next": (
        Ask(1000, slo_ms=300), [FAST, CHEAP], NO_LIMIT, "fast", ("cheap",),
        "fast is the cheapest that meets 300 ms (about 200 ms, at most 1215 ud)",
    ),
    "a deadline that nobody meets goes to the quickest": (
        Ask(1000, slo_ms=50), [CHEAP, FAST], NO_LIMIT, "fast", ("cheap",),
        "fast is the quickest, none meets 50 ms (about 200 ms, at most 1215 ud)",
    ),
    "a private request stays on the edge": (
        Ask(private=True), [FAST, EDGE], NO_LIMIT, "edge", (),
        "edge is the only choice (about 8 ms, at most 0 ud); fast may not see a private request",
    ),
    "a tier that is resting is passed over": (
        LONG, [TIRED, FAST], NO_LIMIT, "fast", (),
        "fast is the only choice (about 200 ms, at most 1215 ud); "
        "tired rests for 12 s after failures",
    ),
    "a budget rules out what may cost more": (
        LONG, [FAST, CHEAP], Budget(500), "cheap", (),
        "cheap is the only choice (about 900 ms, at most 102 ud); "
        "fast may cost 1215 ud, 500 are left",
    ),
    "a context that is too small is passed over": (
        LONG, [SMALL, FAST], NO_LIMIT, "fast", (),
        "fast is the only choice (about 200 ms, at most 1215 ud); small holds 100 tokens, not 1000",
    ),
    "a tier without tools is passed over when there are some": (
        Ask(needs_tools=True), [MUTE, EDGE], NO_LIMIT, "edge", (),
        "edge is the only choice (about 8 ms, at most 0 ud); mute calls no tools",
    ),
    "tool results go to a tier that can go on from them": (
        Ask(1000, has_results=True), [EDGE, FAST], NO_LIMIT, "fast", ("edge",),
        "fast is the cheapest that can go on from results (about 200 ms, at most 1215 ud)",
    ),
}  # fmt: skip

REFUSALS = {
    "a private request without an edge tier is refused": (
        Ask(private=True), [FAST], NO_LIMIT, "refused", "fast may not see a private request",
    ),
    "an empty purse is told": (
        LONG, [FAST, CHEAP], Budget(10), "budget",
        "fast may cost 1215 ud, 10 are left; cheap may cost 102 ud, 10 are left",
    ),
    "when all rest the upstream is to blame": (
        Ask(), [TIRED], NO_LIMIT, "upstream", "tired rests for 12 s after failures",
    ),
    "no tier at all is told": (Ask(), [], NO_LIMIT, "refused", "no tier is configured"),
}  # fmt: skip


@pytest.mark.parametrize("ask, tiers, budget, tier, fallbacks, why", CASES.values(), ids=CASES)
def test_choice(ask, tiers, budget, tier, fallbacks, why):
    decision = choose(ask, tiers, budget, NOW_S)
    assert (decision.tier, decision.fallbacks, decision.why) == (tier, fallbacks, why)


@pytest.mark.parametrize("ask, tiers, budget, code, why", REFUSALS.values(), ids=REFUSALS)
def test_refusal(ask, tiers, budget, code, why):
    decision = choose(ask, tiers, budget, NOW_S)
    assert (decision.tier, decision.refusal, decision.why) == (None, code, why)


prices = st.builds(Price, *[st.integers(0, 50_000_000)] * 3, version=st.just("any"))
tier_states = st.lists(
    st.builds(
        TierState,
        name=st.text(min_size=1, max_size=8),
        price=prices,
        private=st.booleans(),
        tools=st.booleans(),
        rounds=st.booleans(),
        context_tokens=st.integers(0, 10_000),
        max_output_tokens=st.integers(0, 4096),
        predicted_ms=st.floats(0, 60_000),
        open_until_s=st.floats(0, 2 * NOW_S),
    ),
    max_size=6,
    unique_by=lambda tier: tier.name,
)
asks = st.builds(
    Ask,
    input_tokens=st.integers(0, 20_000),
    private=st.booleans(),
    slo_ms=st.none() | st.integers(0, 60_000),
    needs_tools=st.booleans(),
    has_results=st.booleans(),
)
budgets = st.builds(Budget, st.none() | st.integers(0, 100_000))


@given(asks, tier_states, budgets)
def test_every_tier_named_is_allowed_able_awake_and_affordable(ask, tiers, budget):
    decision = choose(ask, tiers, budget, NOW_S)
    by_name = {tier.name: tier for tier in tiers}
    named = [by_name[name] for name in (decision.tier, *decision.fallbacks) if name is not None]
    for tier in named:
        assert tier.private or not ask.private
        assert tier.tools or not ask.needs_tools
        assert tier.context_tokens >= ask.input_tokens
        assert tier.open_until_s <= NOW_S
        worst = worst_ud(tier.price, ask.input_tokens, tier.max_output_tokens)
        assert budget.left_ud is None or worst <= budget.left_ud
    assert len(named) == len({tier.name for tier in named})
    assert decision.why
    assert (decision.tier is None) == bool(decision.refusal)


@given(asks, tier_states, budgets)
def test_no_allowed_tier_that_is_in_time_is_cheaper_than_the_choice(ask, tiers, budget):
    decision = choose(ask, tiers, budget, NOW_S)
    by_name = {tier.name: tier for tier in tiers}

    def cost(name):
        return worst_ud(by_name[name].price, ask.input_tokens, by_name[name].max_output_tokens)

    def in_time(name):
        tier = by_name[name]
        able = tier.rounds or not ask.has_results
        return able and (ask.slo_ms is None or tier.predicted_ms <= ask.slo_ms)

    if decision.tier is not None and in_time(decision.tier):
        others = [cost(name) for name in decision.fallbacks if in_time(name)]
        assert all(cost(decision.tier) <= other for other in others)
