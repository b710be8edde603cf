"""Money and time: integers, rounded up, never below what was used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.health import Estimate, Health
from cloud_proxy.metering import (
    FREE,
    Price,
    Usage,
    cost_ud,
    estimate_tokens,
    price_from_tables,
    price_from_usd,
    worst_ud,
)

CASES = {
    "a dollar a million tokens is a micro-dollar a token": (1.0, 1.0, None, Usage(7, 3), 10),
    "a fraction of a micro-dollar is rounded up": (0.15, 0.6, None, Usage(1, 0), 1),
    "cached input has its own price": (1.0, 0.0, 0.1, Usage(100, 0, cached=90), 19),
    "more cached than sent counts as all cached": (1.0, 0.0, 0.0, Usage(100, 0, cached=900), 0),
    "cached input without a price costs as input": (1.0, 0.0, None, Usage(100, 0, cached=90), 100),
    "nothing used costs nothing": (15.0, 75.0, None, Usage(), 0),
}


@pytest.mark.parametrize("fresh, output, cached, usage, cost", CASES.values(), ids=CASES)
def test_cost(fresh, output, cached, usage, cost):
    assert cost_ud(price_from_usd(fresh, output, cached, "test"), usage) == cost


def test_the_edge_tier_is_free():
    assert cost_ud(FREE, Usage(1000, 1000)) == 0


def test_the_price_tables_know_a_model_by_its_address():
    price = price_from_tables("gpt-oss-120b", "https://api.cerebras.ai/v1")
    assert price is not None
    assert price.version.startswith("genai-prices ")
    assert 0 < price.cached <= price.input < price.output


def test_the_price_tables_do_not_guess():
    assert price_from_tables("my-own-model", "http://127.0.0.1:8000/v1") is None


@given(
    st.builds(Price, *[st.integers(0, 10**8)] * 3, version=st.just("any")),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_the_worst_case_is_not_below_what_uncached_tokens_cost(price, fresh, output):
    assert worst_ud(price, fresh, output) == cost_ud(price, Usage(fresh, output))
    exact_pico = fresh * price.input + output * price.output
    assert 0 <= worst_ud(price, fresh, output) * 10**6 - exact_pico < 10**6


def test_a_token_is_about_four_characters():
    assert [estimate_tokens(n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_an_estimate_follows_what_is_measured_and_fades_to_the_guess():
    estimate = Estimate(1000.0)
    assert estimate.predict(0.0) == 1000.0
    for second in range(30):
        estimate.add(100.0, float(second))
    assert 100 <= estimate.predict(30.0) < 150
    assert estimate.predict(30.0 + 10 * 300) == pytest.approx(1000, rel=0.01)


def test_the_breaker_opens_after_three_failures_and_rests_longer_each_time():
    health = Health(Estimate(100.0))
    health.failed(0.0)
    health.failed(0.0)
    assert health.open_until_s == 0
    health.failed(10.0)
    assert health.open_until_s == 15.0
    health.failed(20.0)
    assert health.open_until_s == 30.0
    health.succeeded(100.0, 40.0)
    health.failed(41.0)
    assert health.open_until_s == 30.0


def test_an_overloaded_tier_rests_as_long_as_it_asks_for():
    health = Health(Estimate(100.0))
    health.failed(100.0, retry_after_s=7.0)
    assert health.open_until_s == 107.0
    health.failed(100.0, retry_after_s=10.0**9)
    assert health.open_until_s == 700.0
