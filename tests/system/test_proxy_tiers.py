"""The edge tier and upstreams together: who answers, who is asked next, who helps, who never."""

import asyncio

import pytest

from tests.system.proxy_kit import (
    DEADLINE_S,
    ONLY_UPSTREAM,
    Device,
    Proxy,
    Upstream,
    call,
    chunk,
    events,
    hang_up,
    say,
    stall,
    status,
)

SURE = "turn on pin 2"
OUT_OF_SCOPE = "who won the world cup?"
BOTH = ONLY_UPSTREAM.replace("enabled = false", "enabled = true")


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def proxy(broker, tmp_path, upstream):
    with Proxy(f"{broker.host}:{broker.port}", tmp_path, BOTH.format(url=upstream.url)) as proxy:
        yield proxy


@pytest.fixture
def device(broker, proxy):
    with Device(broker.host, broker.port) as device:
        yield device


def outcomes(proxy):
    return [(row["tier"], row["attempt"], row["outcome"]) for row in proxy.rows()]


def test_what_the_edge_model_is_sure_of_stays_there(device, proxy, upstream):
    assert device.turn(SURE)["use"]["tier"] == "edge"
    assert not upstream.bodies
    assert outcomes(proxy) == [("edge", 0, "ok")]


def test_what_it_declines_goes_to_the_upstream_and_both_are_metered(device, proxy, upstream):
    upstream.behave = say("Argentina did, in 2022.")
    reply = device.turn(OUT_OF_SCOPE)
    assert reply["say"] == "Argentina did, in 2022." and reply["use"]["tier"] == "up"
    assert reply["use"]["in"] > 100  # what the edge model read counts too
    assert outcomes(proxy) == [("edge", 0, "unsure"), ("up", 1, "ok")]


def test_when_the_upstream_fails_the_edge_models_answer_is_kept(device, proxy, upstream):
    upstream.behave = status(500, {})
    reply = device.turn(OUT_OF_SCOPE)
    assert reply["say"] and "err" not in reply and reply["calls"] == []
    assert reply["use"]["tier"] == "edge"
    assert outcomes(proxy) == [("edge", 0, "unsure"), ("up", 1, "http_500")]


KEPT = {
    "a private request is never escalated": {"private": True},
    "a request without money is never escalated": {"max_ud": 0},
}


@pytest.mark.parametrize("fields", KEPT.values(), ids=KEPT)
def test_stays(device, proxy, upstream, fields):
    reply = device.turn(OUT_OF_SCOPE, **fields)
    assert reply["calls"] == [] and reply["say"] and "err" not in reply
    assert not upstream.bodies
    assert outcomes(proxy) == [("edge", 0, "ok")]


def test_results_go_on_to_the_tier_that_can_use_them(device, proxy, upstream):
    upstream.behave = say("It is off.")
    msgs = [{"u": "is it on?"}, {"a": "", "calls": [{"tool": "gpio_read", "args": {"pin": 2}}]}]
    reply = device.turn(msgs=[*msgs, {"r": [{"pin": 2, "value": 0}]}])
    assert reply["say"] == "It is off."
    assert outcomes(proxy) == [("up", 0, "ok")]


def test_a_tier_of_our_own_may_see_private_requests_if_it_is_said(broker, tmp_path, upstream):
    config = ONLY_UPSTREAM.format(url=upstream.url) + "private = true\n"
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, config) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        assert device.turn(private=True)["say"] == "Fine."
        assert outcomes(proxy) == [("up", 0, "ok")]


@pytest.fixture
def dear():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def pair(broker, tmp_path, upstream, dear):
    """A cheap upstream, which is asked first, and a dear one elsewhere; each may be helped."""
    yield from _pair(broker, tmp_path, upstream, dear, 1.0)


@pytest.fixture
def calm(broker, tmp_path, upstream, dear):
    """The same two; nobody is helped, however busy this machine is."""
    yield from _pair(broker, tmp_path, upstream, dear, 0.0)


def _pair(broker, tmp_path, upstream, dear, hedge):
    row = ONLY_UPSTREAM.format(url=upstream.url).split("[tiers.up]")[1]
    config = f"[routing]\nhedge = {hedge}\n" + ONLY_UPSTREAM.format(url=dear.url)
    config += (
        "expect_ms = 100\n[tiers.cheap]"
        + row.replace("input = 1.0", "input = 0.1")
        + "expect_ms = 100\n"
    )
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, config) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        yield proxy, device


FAILS_FIRST = {
    "answers 503": (status(503, {}), "http_503"),
    "answers 429": (status(429, {}), "rate_limited"),
    "lies": (events(b"data: {{{\n\n"), "garbage"),
    "hangs up before the first word": (events(then=hang_up), "cut"),
    "breaks off within a call": (
        events(chunk({"tool_calls": [{"index": 0, "function": {"name": "gpio_read"}}]})), "cut",
    ),
}  # fmt: skip


@pytest.mark.parametrize("behave, outcome", FAILS_FIRST.values(), ids=FAILS_FIRST)
def test_is_replaced_before_the_first_word_if_it(calm, upstream, behave, outcome):
    proxy, device = calm
    upstream.behave = behave
    reply = device.turn()
    assert (reply["use"]["tier"], reply["say"]) == ("up", "Fine.")
    assert outcomes(proxy) == [("cheap", 0, outcome), ("up", 1, "ok")]


def test_after_the_first_word_nobody_else_is_asked(calm, upstream, dear):
    proxy, device = calm
    upstream.behave = events(chunk({"content": "It is "}), then=hang_up)
    reply = device.turn()
    assert reply["err"] == "upstream" and reply["use"]["out"] > 0
    assert not dear.bodies
    assert outcomes(proxy) == [("cheap", 0, "cut")]


def test_a_silent_tier_is_helped_and_the_one_that_is_not_needed_stops_and_is_metered(
    pair, upstream, dear
):
    proxy, device = pair
    upstream.behave = events(then=stall)
    dear.behave = say("Quick.")
    reply = device.turn()
    assert (reply["say"], reply["use"]["tier"], reply["use"]["by"]) == ("Quick.", "up", "hedge")
    assert upstream.abandoned.wait(DEADLINE_S)
    rows = proxy.rows()
    by_tier = {row["tier"]: row for row in rows}
    assert (by_tier["cheap"]["outcome"], by_tier["up"]["outcome"]) == ("cancelled", "ok")
    assert by_tier["cheap"]["estimated"] == 1 and by_tier["cheap"]["input_tokens"] > 0
    assert by_tier["up"]["why"].startswith("hedge, as cheap was silent for")
    assert reply["use"]["ud"] == sum(row["cost_ud"] for row in rows)


def test_one_that_speaks_although_help_is_on_its_way_is_heard(pair, upstream, dear):
    proxy, device = pair
    upstream.release.clear()

    async def begun(request, response):
        upstream.release.set()  # the dear one has been asked: now the cheap one speaks
        await stall(request, response)

    upstream.behave = events(then=upstream.finish)
    dear.behave = events(then=begun)
    assert device.turn()["say"] == "done."
    assert dear.abandoned.wait(DEADLINE_S)
    assert sorted(outcomes(proxy)) == [("cheap", 0, "ok"), ("up", 1, "cancelled")]


def test_a_call_is_a_first_word_too(pair, upstream, dear):
    proxy, device = pair
    upstream.behave = call(("gpio_read", '{"pin": 2}'))
    assert device.turn()["calls"]
    assert outcomes(proxy) == [("cheap", 0, "ok")]


def test_a_private_request_is_not_helped_by_who_may_not_see_it(broker, tmp_path, upstream, dear):
    row = ONLY_UPSTREAM.format(url=upstream.url).split("[tiers.up]")[1]
    config = "[routing]\nhedge = 1.0\n" + ONLY_UPSTREAM.format(url=dear.url)
    config += "[tiers.own]" + row + "expect_ms = 100\nprivate = true\n"
    upstream.behave = events(then=stall)
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, config) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        assert device.turn(private=True)["err"] == "upstream"
        assert not dear.bodies
        assert outcomes(proxy) == [("own", 0, "timeout")]


def test_the_deadline_decides_who_is_asked(pair, upstream, dear):
    proxy, device = pair
    for _ in range(8):  # the cheap one is slow, and that is learnt
        upstream.behave = events(chunk({"content": "Slow."}), then=slow)
        device.turn()
    upstream.behave = say("Slow.")
    reply = device.turn(slo_ms=250)
    assert (reply["use"]["tier"], reply["use"]["by"]) == ("up", "in_time")
    assert device.turn()["use"]["tier"] == "cheap"


async def slow(request, response):
    await asyncio.sleep(0.3)
    await response.write(chunk({}, "stop") + b"data: [DONE]\n\n")


def test_a_deadline_that_nobody_meets_is_refused_at_once_if_that_is_the_policy(
    broker, tmp_path, upstream
):
    config = '[routing]\nlate = "refuse"\n' + ONLY_UPSTREAM.format(url=upstream.url)
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, config) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        reply = device.turn(slo_ms=5)
        assert reply["err"] == "refused" and "none meets" in reply["why"]
        assert not upstream.bodies and proxy.rows() == []
