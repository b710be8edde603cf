"""Money and time: integers, rounded up, never below what was used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
