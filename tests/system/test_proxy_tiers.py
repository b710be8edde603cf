"""The edge tier and an upstream together: who answers, who is asked next, who never."""

import pytest

from tests.system.proxy_kit import ONLY_UPSTREAM, Device, Proxy, Upstream, say, status

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


def test_a_tier_that_fails_before_the_first_word_is_replaced(broker, tmp_path, upstream):
    with Upstream() as broken:
        broken.behave = status(503, {})
        row = ONLY_UPSTREAM.format(url=broken.url).split("[tiers.up]")[1]
        config = ONLY_UPSTREAM.format(url=upstream.url)
        config += "[tiers.cheap]" + row.replace("input = 1.0", "input = 0.1")
        with (
            Proxy(f"{broker.host}:{broker.port}", tmp_path, config) as proxy,
            Device(broker.host, broker.port) as device,
        ):
            assert device.turn()["use"]["tier"] == "up"
            assert outcomes(proxy) == [("cheap", 0, "http_503"), ("up", 1, "ok")]
