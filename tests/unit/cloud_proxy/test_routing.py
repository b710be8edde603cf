"""Routing: which tier is chosen, who is next, who helps, and the reason in words."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.candidates import (
    SURE_ENOUGH,
    Ask,
    Budget,
    TierState,
    likely_ud,
    output_tokens,
    worst_case_ud,
)
from cloud_proxy.latency import LEVELS, Latency, fixed
from cloud_proxy.metering import Price
from cloud_proxy.routing import choose

NOW_S = 1000.0
DEAR = Price(600_000, 1_200_000, 600_000, "test")
LOW = Price(50_000, 100_000, 50_000, "test")
EDGE = TierState("edge", private=True, rounds=False, max_output_tokens=0, latency=fixed(8))
FAST = TierState("fast", "f.ai", DEAR, latency=fixed(200))
CHEAP = TierState("cheap", "c.ai", LOW, latency=fixed(900))
SMALL = TierState("small", "f.ai", DEAR, context_tokens=100, latency=fixed(100))
MUTE = TierState("mute", tools=False, latency=fixed(100))
SILENT = TierState("silent", streams=False, latency=fixed(100))
TIRED = TierState("tired", latency=fixed(50), open_until_s=NOW_S + 12)
TRIED = TierState("tried", latency=fixed(50), trying=True)
FULL = TierState("full", latency=fixed(50), in_flight=4, room=4)
SPENT = TierState("spent", latency=fixed(50), requests_left=0.4)
THIRSTY = TierState("thirsty", latency=fixed(50), tokens_left=900)
# In time more often than not, but not often enough: 200 ms, and 2 s for one in ten.
UNSURE_MS = tuple(200.0 if level < 0.9 else 2000.0 for level in LEVELS)
SHAKY = TierState("shaky", "s.ai", LOW, latency=Latency(UNSURE_MS, UNSURE_MS))
LONG = Ask(input_tokens=1000)
NO_LIMIT = Budget()

CASES = {
    "one tier alone is chosen": (
        Ask(), [EDGE], NO_LIMIT, "edge", (), "only",
        "edge is the only choice (95 of 100 within 8 ms, at most 0 ud)",
    ),
    "without a deadline the cheapest answers": (
        LONG, [FAST, CHEAP], NO_LIMIT, "cheap", ("fast",), "cheapest",
        "cheap is the cheapest (95 of 100 within 900 ms, at most 102 ud)",
    ),
    "a deadline that the cheapest misses goes to the next": (
        Ask(1000, slo_ms=300), [FAST, CHEAP], NO_LIMIT, "fast", ("cheap",), "in_time",
        "fast is the cheapest that meets 300 ms "
        "(95 of 100 within 200 ms, chance 0.99, at most 1215 ud)",
    ),
    "a cheap tier that is in time nine times of ten is not in time": (
        Ask(1000, slo_ms=300), [FAST, SHAKY], NO_LIMIT, "fast", ("shaky",), "in_time",
        "fast is the cheapest that meets 300 ms "
        "(95 of 100 within 200 ms, chance 0.99, at most 1215 ud)",
    ),
    "a deadline that nobody meets goes to the best chance": (
        Ask(1000, slo_ms=250), [CHEAP, SHAKY], NO_LIMIT, "shaky", ("cheap",), "best_chance",
        "shaky has the best chance, none meets 250 ms "
        "(95 of 100 within 2000 ms, chance 0.85, at most 102 ud)",
    ),
    "a private request stays on the edge": (
        Ask(private=True), [FAST, EDGE], NO_LIMIT, "edge", (), "only",
        "edge is the only choice (95 of 100 within 8 ms, at most 0 ud); "
        "fast may not see a private request",
    ),
    "a tier that is resting is passed over": (
        LONG, [TIRED, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "tired rests for 12 s after failures",
    ),
    "a tier that another request is trying is passed over": (
        LONG, [TRIED, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "tried is being tried again after failures",
    ),
    "a tier without room is passed over": (
        LONG, [FULL, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "full has 4 requests under way",
    ),
    "a tier whose requests of the minute are used up is passed over": (
        LONG, [SPENT, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "spent has no requests left this minute",
    ),
    "a tier whose tokens of the minute do not suffice is passed over": (
        LONG, [THIRSTY, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "thirsty has 900 tokens left this minute, not 1512",
    ),
    "a budget rules out what may cost more": (
        LONG, [FAST, CHEAP], Budget(500), "cheap", (), "only",
        "cheap is the only choice (95 of 100 within 900 ms, at most 102 ud); "
        "fast may cost 1215 ud, 500 are left",
    ),
    "a request that wants fewer tokens may cost less": (
        Ask(1000, output_tokens=10), [FAST], Budget(700), "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 612 ud)",
    ),
    "a context that is too small is passed over": (
        LONG, [SMALL, FAST], NO_LIMIT, "fast", (), "only",
        "fast is the only choice (95 of 100 within 200 ms, at most 1215 ud); "
        "small holds 100 tokens, not 1000",
    ),
    "a tier without tools is passed over when there are some": (
        Ask(needs_tools=True), [MUTE, EDGE], NO_LIMIT, "edge", (), "only",
        "edge is the only choice (95 of 100 within 8 ms, at most 0 ud); mute calls no tools",
    ),
    "a tier that does not stream is passed over when that is needed": (
        Ask(needs_stream=True), [SILENT, EDGE], NO_LIMIT, "edge", (), "only",
        "edge is the only choice (95 of 100 within 8 ms, at most 0 ud); silent does not stream",
    ),
    "tool results go to a tier that can go on from them": (
        Ask(1000, has_results=True), [EDGE, FAST], NO_LIMIT, "fast", ("edge",), "rounds",
        "fast is the cheapest that can go on from results "
        "(95 of 100 within 200 ms, at most 1215 ud)",
    ),
    "of two that cost the same the less busy one is taken": (
        LONG, [FAST, TierState("busy", "b.ai", DEAR, latency=fixed(150), in_flight=9)], NO_LIMIT,
        "fast", ("busy",), "tie",
        "fast is less busy or quicker than busy, which costs the same "
        "(95 of 100 within 200 ms, at most 1215 ud)",
    ),
    "now and then a tier that is not much dearer is tried": (
        Ask(1000, explore=0.02, draw=0.01),
        [CHEAP, TierState("new", "n.ai", Price(75_000, 150_000, 0, "test"))], NO_LIMIT,
        "new", ("cheap",), "explore",
        "new is tried to learn how it does (95 of 100 within 1000 ms, at most 152 ud)",
    ),
    "a tier that is much dearer is not tried": (
        Ask(1000, explore=0.02, draw=0.01), [CHEAP, FAST], NO_LIMIT, "cheap", ("fast",),
        "cheapest", "cheap is the cheapest (95 of 100 within 900 ms, at most 102 ud)",
    ),
    "a request with a deadline is no occasion to try another tier": (
        Ask(1000, slo_ms=2000, explore=0.02, draw=0.01),
        [CHEAP, TierState("new", "n.ai", Price(75_000, 150_000, 0, "test"))], NO_LIMIT,
        "cheap", ("new",), "in_time",
        "cheap is the cheapest that meets 2000 ms "
        "(95 of 100 within 900 ms, chance 0.99, at most 102 ud)",
    ),
}  # fmt: skip

REFUSALS = {
    "a private request without an edge tier is refused": (
        Ask(private=True), [FAST], NO_LIMIT, "refused", "fast may not see a private request",
    ),
    "an empty purse is told, and whose it is": (
        LONG, [FAST, CHEAP], Budget(10, "d1's day"), "budget",
        "fast may cost 1215 ud, 10 are left of d1's day; "
        "cheap may cost 102 ud, 10 are left of d1's day",
    ),
    "when all rest the upstream is to blame": (
        Ask(), [TIRED], NO_LIMIT, "upstream", "tired rests for 12 s after failures",
    ),
    "when all are full we are busy": (
        Ask(), [FULL], NO_LIMIT, "busy", "full has 4 requests under way",
    ),
    "a deadline that nobody meets may be refused at once": (
        Ask(1000, slo_ms=50, refuse_late=True), [CHEAP, FAST], NO_LIMIT, "refused",
        "none meets 50 ms (95 of 100 within 200 ms, chance 0.00, at most 1215 ud)",
    ),
    "no tier at all is told": (Ask(), [], NO_LIMIT, "refused", "no tier is configured"),
}  # fmt: skip

HEDGES = {
    "another provider helps when the choice is late for itself": (
        LONG, [FAST, CHEAP], NO_LIMIT, "fast", 900.0,
    ),
    "it helps at the last moment at which it can still be in time": (
        Ask(1000, slo_ms=950), [FAST, CHEAP], NO_LIMIT, "fast", 750.0,
    ),
    "who cannot be in time does not help": (
        Ask(1000, slo_ms=300), [FAST, CHEAP], NO_LIMIT, None, 0.0,
    ),
    "the same provider does not help": (
        LONG, [CHEAP, TierState("twin", "c.ai", DEAR)], NO_LIMIT, None, 0.0,
    ),
    "the edge tier neither helps nor is helped": (LONG, [EDGE, FAST], NO_LIMIT, None, 0.0),
    "who may not see a private request does not help either": (
        Ask(1000, private=True), [TierState("own", "o.ai", LOW, private=True), FAST], NO_LIMIT,
        None, 0.0,
    ),
    "a budget that does not cover both covers no help": (
        LONG, [FAST, CHEAP], Budget(1300), None, 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "ask, tiers, budget, tier, fallbacks, reason, why", CASES.values(), ids=CASES
)
def test_choice(ask, tiers, budget, tier, fallbacks, reason, why):
    decision = choose(ask, tiers, budget, NOW_S)
    assert (decision.tier, decision.fallbacks, decision.reason) == (tier, fallbacks, reason)
    assert decision.why == why


@pytest.mark.parametrize("ask, tiers, budget, code, why", REFUSALS.values(), ids=REFUSALS)
def test_refusal(ask, tiers, budget, code, why):
    decision = choose(ask, tiers, budget, NOW_S)
    assert (decision.tier, decision.refusal, decision.why) == (None, code, why)


@pytest.mark.parametrize("ask, tiers, budget, helper, after_ms", HEDGES.values(), ids=HEDGES)
def test_hedge(ask, tiers, budget, helper, after_ms):
    decision = choose(ask, tiers, budget, NOW_S)
    assert (decision.hedge, decision.hedge_after_ms) == (helper, after_ms)


def test_equals_share_the_requests():
    tiers = [TierState(name, name, LOW, latency=fixed(100)) for name in "abcd"]
    asked = Counter(choose(Ask(draw=n / 997), tiers, NO_LIMIT, NOW_S).tier for n in range(997))
    assert set(asked) == set("abcd") and max(asked.values()) < 400


latencies = st.lists(st.floats(0, 60_000), min_size=len(LEVELS), max_size=len(LEVELS)).map(
    lambda times: Latency(tuple(sorted(times)), tuple(sorted(times)))
)
tier_states = st.lists(
    st.builds(
        TierState,
        name=st.text(min_size=1, max_size=8),
        provider=st.sampled_from(["", "a.ai", "b.ai"]),
        price=st.builds(Price, *[st.integers(0, 50_000_000)] * 3, version=st.just("any")),
        private=st.booleans(),
        tools=st.booleans(),
        streams=st.booleans(),
        rounds=st.booleans(),
        context_tokens=st.integers(0, 10_000),
        max_output_tokens=st.integers(0, 4096),
        latency=latencies,
        open_until_s=st.floats(0, 2 * NOW_S),
        trying=st.booleans(),
        requests_left=st.floats(0, 5),
        tokens_left=st.floats(0, 50_000),
        in_flight=st.integers(0, 5),
        room=st.integers(1, 8),
    ),
    max_size=6,
    unique_by=lambda tier: tier.name,
)
asks = st.builds(
    Ask,
    input_tokens=st.integers(0, 20_000),
    output_tokens=st.none() | st.integers(1, 8000),
    private=st.booleans(),
    slo_ms=st.none() | st.integers(0, 60_000),
    needs_tools=st.booleans(),
    needs_stream=st.booleans(),
    has_results=st.booleans(),
    refuse_late=st.booleans(),
    explore=st.floats(0, 0.5),
    draw=st.floats(0, 0.999),
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
        assert tier.streams or not ask.needs_stream
        assert tier.context_tokens >= ask.input_tokens
        assert tier.open_until_s <= NOW_S and not tier.trying
        assert tier.in_flight < tier.room and tier.requests_left >= 1
        assert tier.tokens_left >= ask.input_tokens + output_tokens(ask, tier)
        assert budget.left_ud is None or worst_case_ud(ask, tier) <= budget.left_ud
    assert len(named) == len({tier.name for tier in named})
    assert decision.why
    assert (decision.tier is None) == bool(decision.refusal)


@given(asks, tier_states, budgets)
def test_a_hedge_is_a_fallback_elsewhere_and_both_together_are_affordable(ask, tiers, budget):
    decision = choose(ask, tiers, budget, NOW_S)
    by_name = {tier.name: tier for tier in tiers}
    if decision.hedge is not None:
        assert decision.hedge in decision.fallbacks
        first, helper = by_name[decision.tier], by_name[decision.hedge]
        assert first.provider != helper.provider
        both = worst_case_ud(ask, first) + worst_case_ud(ask, helper)
        assert budget.left_ud is None or both <= budget.left_ud
        assert decision.hedge_after_ms >= 0


@given(asks, tier_states, budgets)
def test_no_allowed_tier_that_is_in_time_is_clearly_cheaper_than_the_choice(ask, tiers, budget):
    decision = choose(ask, tiers, budget, NOW_S)
    by_name = {tier.name: tier for tier in tiers}

    def in_time(name):
        tier = by_name[name]
        able = tier.rounds or not ask.has_results
        return able and (ask.slo_ms is None or tier.latency.chance(ask.slo_ms) >= SURE_ENOUGH)

    if decision.tier is not None and decision.reason != "explore":
        better = [name for name in decision.fallbacks if in_time(name)]
        if not in_time(decision.tier):
            assert not better
        for name in better:
            cost, other = (likely_ud(ask, by_name[n]) for n in (decision.tier, name))
            assert cost <= 1.1 * other


@given(asks, tier_states, budgets)
def test_a_request_with_a_deadline_never_explores_and_chance_alone_decides(ask, tiers, budget):
    decision = choose(ask, tiers, budget, NOW_S)
    if ask.slo_ms is not None:
        assert decision.reason != "explore"
    assert choose(ask, tiers, budget, NOW_S) == decision
