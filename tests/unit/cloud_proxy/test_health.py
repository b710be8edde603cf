"""What is learnt of endpoints: times that fade, breakers that rest, limits that fill again."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.breaker import Breaker
from cloud_proxy.histogram import Histogram
from cloud_proxy.latency import Timings, fixed
from cloud_proxy.rate import Rate, seconds
from cloud_proxy.tiers.upstream_errors import retry_after_s

SMALL = 100  # input tokens


def learnt(samples, guess_ms=1000.0):
    timings = Timings(guess_ms)
    for number, (first_ms, rest_ms, tokens) in enumerate(samples):
        timings.add(SMALL, first_ms, rest_ms, tokens, number * 0.1)
    return timings


@given(st.lists(st.floats(0.1, 100_000), min_size=200, max_size=300), st.floats(0.05, 0.95))
def test_a_quantile_has_its_share_of_the_samples_below_it(samples, level):
    histogram = Histogram(samples[0])
    for sample in samples:
        histogram.add(sample, 0.0)
    [found] = histogram.quantiles([level], 0.0)
    below = sum(sample <= found * 1.1 for sample in samples) / len(samples)
    above = sum(sample >= found / 1.1 for sample in samples) / len(samples)
    assert below >= level - 0.02 and above >= 1 - level - 0.02


def test_what_was_measured_fades_back_to_the_guess():
    histogram = Histogram(1000.0)
    for second in range(100):
        histogram.add(10.0, float(second))
    assert histogram.quantiles([0.95], 100.0)[0] < 12
    assert histogram.weight(100.0) == pytest.approx(90, abs=10)
    assert histogram.quantiles([0.95], 100.0 + 30 * 300)[0] > 600


def test_a_long_life_does_not_lose_the_fresh_samples():
    histogram = Histogram(1000.0)
    for minute in range(60 * 24 * 7):
        histogram.add(10.0, minute * 60.0)
    assert histogram.weight(minute * 60.0) == pytest.approx(7.7, abs=0.5)


def test_the_whole_answer_is_the_first_piece_and_its_tokens():
    latency = learnt([(100.0, 500.0, 50)] * 200).predict(SMALL, 20.0)
    assert latency.p95_ms == pytest.approx(600, rel=0.1)
    assert latency.first_p95_ms == pytest.approx(100, rel=0.1)
    assert latency.output_tokens == 50
    assert latency.chance(700.0) >= 0.95 and latency.chance(400.0) < 0.1


def test_a_heavy_tail_is_seen_in_the_chance_and_not_in_the_median():
    draw = random.Random(7)
    samples = [(3000.0 if draw.random() < 0.2 else 100.0, 1.0, 1) for _ in range(500)]
    latency = learnt(samples).predict(SMALL, 50.0)
    assert latency.p50_ms < 120 and latency.p95_ms > 2500
    assert 0.7 <= latency.chance(500.0) <= 0.85


def test_before_it_is_measured_the_guess_counts_and_larger_inputs_ask_their_neighbours():
    timings = Timings(400.0)
    assert 300 < timings.predict(SMALL, 0.0).p50_ms < 450
    for _ in range(50):
        timings.add(SMALL, 20.0, 20.0, 20, 1.0)
    assert timings.predict(30_000, 2.0).p95_ms == timings.predict(SMALL, 2.0).p95_ms < 100
    for _ in range(50):
        timings.add(30_000, 900.0, 20.0, 20, 3.0)
    assert timings.predict(30_000, 4.0).p95_ms > 800
    assert timings.predict(SMALL, 4.0).p95_ms < 100


def test_answers_in_one_piece_are_not_multiplied_by_their_length():
    timings = Timings(400.0, whole=True)
    for _ in range(100):
        timings.add(SMALL, 250.0, 0.0, 0, 0.0)
    assert timings.predict(SMALL, 1.0).p95_ms == pytest.approx(250, rel=0.15)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_later_deadline_is_never_less_likely_met(one, other):
    latency = learnt([(float(ms), 0.0, 0) for ms in range(1, 400)]).predict(SMALL, 40.0)
    assert latency.chance(min(one, other)) <= latency.chance(max(one, other))


def test_what_always_takes_as_long_is_certain():
    assert (fixed(8.0).chance(7.9), fixed(8.0).chance(8.0)) == (0.0, 0.995)


def test_the_breaker_opens_after_three_failures_and_rests_longer_each_time():
    breaker = Breaker()
    breaker.failed(0.0)
    breaker.failed(0.0)
    assert breaker.open_until_s == 0
    breaker.failed(10.0)
    assert breaker.open_until_s == 15.0
    breaker.failed(20.0)
    assert breaker.open_until_s == 30.0
    breaker.succeeded()
    breaker.failed(41.0)
    assert breaker.open_until_s == 0.0


def test_after_a_rest_one_request_tries_and_a_cancel_lets_the_next_one_try():
    breaker = Breaker()
    for _ in range(3):
        breaker.failed(0.0)
    breaker.began()
    assert breaker.trying
    breaker.cancelled()
    assert not breaker.trying and breaker.open_until_s == 5.0
    breaker.began()
    breaker.succeeded()
    assert not breaker.trying
    breaker.began()
    assert not breaker.trying


def test_an_overloaded_tier_rests_as_long_as_it_asks_for_and_has_not_failed():
    breaker = Breaker()
    breaker.cool_down(100.0, 7.0)
    assert (breaker.open_until_s, breaker.failures) == (107.0, 0)
    breaker.cool_down(100.0, 10.0**9)
    assert breaker.open_until_s == 700.0


def test_a_limit_a_minute_is_used_up_and_fills_again():
    rate = Rate(60, 6000)
    assert rate.left(0.0) == (60, 6000)
    for _ in range(60):
        rate.take(100, 0.0)
    assert rate.left(0.0) == (0, 0)
    rate.give_back(50, 0.0)
    assert rate.left(0.0) == (0, 50)
    assert rate.left(10.0) == (10, 1050)
    assert Rate(None, None).left(0.0) == (math.inf, math.inf)


def test_what_the_endpoint_says_is_left_counts_where_it_is_less():
    rate = Rate(60, 6000)
    rate.read({"x-ratelimit-remaining-requests": "5", "x-ratelimit-remaining-tokens": "x"}, 0.0)
    assert rate.left(0.0) == (5, 6000)
    told = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.5s"}
    Rate(None, None).read(told, 0.0)
    rate.read(told, 0.0)
    assert rate.left(7.0) == (0, 0)
    assert rate.left(8.0)[0] > 0


TIMES = {"7": 7, "1.5s": 1.5, "6m0s": 360, "20ms": 0.02, "1h2m3s": 3723, "soon": 0, "": 0, "-5": 0}


@pytest.mark.parametrize("text, found", TIMES.items(), ids=TIMES)
def test_a_time_until_a_limit_is_reset(text, found):
    assert seconds(text) == pytest.approx(found)


RETRIES = {
    "a number of seconds": ("7", 7),
    "a date": ("Mon, 23 Nov 2026 03:00:10 GMT", 10),
    "a date that is past": ("Mon, 23 Nov 2020 03:00:10 GMT", 0),
    "nothing that can be read": ("when it suits", None),
    "nothing": (None, None),
}


@pytest.mark.parametrize("header, found", RETRIES.values(), ids=RETRIES)
def test_retry_after(header, found):
    assert retry_after_s(header, 1795402800.0) == found
