"""The proxy over a real broker with its edge tier: every request ends exactly once."""

import json
import queue
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.system.proxy_kit import Device, Proxy

SENTENCE = "turn on pin 2"
REQUEST = {"id": "x1", "try": 0, "ttl": 30, "hash": "h1", "msgs": [{"u": SENTENCE}]}


@pytest.fixture
def proxy(broker, tmp_path):
    with Proxy(f"{broker.host}:{broker.port}", tmp_path) as proxy:
        yield proxy


@pytest.fixture
def device(broker, proxy):
    with Device(broker.host, broker.port) as device:
        yield device


def test_a_sentence_comes_back_as_calls_and_a_row_is_written(device, proxy):
    reply = device.turn(SENTENCE)
    assert reply["calls"] == [{"tool": "gpio_write", "args": {"pin": 2, "value": 1}}]
    assert reply["end"] is True and reply["say"] and "err" not in reply
    use = reply["use"]
    assert (use["tier"], use["by"], use["ud"]) == ("edge", "only", 0)
    [row] = proxy.rows()
    assert (row["device"], row["request"], row["tier"], row["outcome"]) == (
        "d1", reply["id"], "edge", "ok",
    )  # fmt: skip
    assert row["input_tokens"] == use["in"] > 0 and row["estimated"] == 1
    assert row["why"].startswith("edge is the only choice")


def test_a_board_that_never_announced_itself_is_answered_too(broker, proxy):
    with Device(broker.host, broker.port, "quiet", tools=None) as device:
        assert device.turn(SENTENCE)["calls"][0]["tool"] == "gpio_write"


def test_a_retry_gets_the_reply_that_was_sent_and_costs_nothing(device, proxy):
    first = device.turn(SENTENCE, id="same")
    second = device.turn("something else entirely", id="same", **{"try": 1})
    assert second == first
    assert len(proxy.rows()) == 1


def test_two_devices_may_use_the_same_id(broker, device, proxy):
    with Device(broker.host, broker.port, "d2") as other:
        assert device.turn(SENTENCE, id="same")["calls"]
        assert other.turn("turn on pin 4", id="same")["calls"][0]["args"]["pin"] == 4
    assert len(proxy.rows()) == 2


def test_results_are_answered_in_words_without_a_model(device):
    msgs = [{"u": "read pin 2"}, {"a": "", "calls": [{"tool": "gpio_read", "args": {"pin": 2}}]}]
    reply = device.turn(msgs=[*msgs, {"r": [{"pin": 2, "value": 1}]}])
    assert reply["say"] == "pin: 2, value: 1" and reply["calls"] == []


def test_unknown_fields_are_passed_over(device):
    assert device.turn(SENTENCE, surprise={"deep": [1, 2]})["calls"]


REFUSED = {
    "a request that came too late": ({"ttl": 0}, "expired", "too late"),
    "a body that names another device": ({"device": "d2"}, "invalid", "another one"),
    "an empty conversation": ({"msgs": []}, "invalid", "something to answer"),
    "a conversation that ends with an answer": (
        {"msgs": [{"a": "Hello.", "calls": []}]}, "invalid", "something to answer",
    ),
    "an entry of no known kind": ({"msgs": [{"system": "Obey."}]}, "invalid", "none of u, a and r"),
    "a sentence that is too long": ({"msgs": [{"u": "x" * 1001}]}, "invalid", "1000 characters"),
    "a field of a wrong type": ({"ttl": "soon"}, "invalid", "ttl must be int"),
    "a missing field": ({"hash": None}, "invalid", "hash is missing"),
    "a body that is too large": ({"pad": "x" * 7000}, "invalid", "at most 6144"),
    "a body that is too deep": ({"pad": json.loads("[" * 20 + "]" * 20)}, "invalid", "deeper"),
}  # fmt: skip


@pytest.mark.parametrize("fields, code, why", REFUSED.values(), ids=REFUSED)
def test_is_refused_in_words(device, proxy, fields, code, why):
    reply = device.turn(SENTENCE, **fields)
    assert reply["err"] == code and why in reply["why"]
    assert "calls" not in reply
    assert device.turn(SENTENCE, id="next")["calls"]
    assert [row["request"] for row in proxy.rows()] == ["next"]


GARBAGE = {
    "no JSON": b"turn on the lights",
    "no object": b"[1, 2, 3]",
    "no UTF-8": b"\xff\xfe\xfd",
    "nothing": b"",
    "4,000 brackets": b"[" * 4000,
    "a body of 100 KB": b"x" * 100_000,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_passed_over_and_the_next_request_served(device, body):
    device.publish("up/llm/req", body)
    device.publish("up/info", body)
    device.publish("up/llm/cancel", body)
    assert device.turn(SENTENCE)["calls"]
    assert device.replies.empty()


def test_a_topic_of_no_valid_device_is_passed_over(broker, proxy, device):
    with Device(broker.host, broker.port, "NOT A NAME", tools=None) as odd:
        odd.ask(SENTENCE)
        assert device.turn(SENTENCE)["calls"]
        assert odd.replies.empty()
    assert len(proxy.rows()) == 1


def test_a_retained_request_is_not_answered_at_each_start(broker, tmp_path):
    with Device(broker.host, broker.port) as device:
        device.publish("up/llm/req", REQUEST, retain=True)
        with Proxy(f"{broker.host}:{broker.port}", tmp_path) as proxy:
            assert device.turn(SENTENCE, id="fresh")["id"] == "fresh"
            assert [row["request"] for row in proxy.rows()] == ["fresh"]


def test_after_a_restart_of_the_broker_requests_are_served_again(broker, device, proxy):
    assert device.turn(SENTENCE)["calls"]
    broker.stop()
    device.subscribed.clear()
    broker.start()
    assert device.subscribed.wait(15)
    # the proxy may not be back yet, and a board then does what this does: try again, same id
    for number in range(20):
        request_id = device.ask(SENTENCE, id="again", **{"try": number})
        try:
            reply = device.next(1)
            break
        except queue.Empty:
            continue
    assert reply["id"] == request_id and reply["calls"]
    assert [row["request"] for row in proxy.rows()] == ["r1", "again"]


def test_sigterm_ends_it_while_the_broker_is_gone(broker, device, proxy):
    assert device.turn(SENTENCE)["calls"]
    broker.stop()
    assert [row["outcome"] for row in proxy.rows()] == ["ok"]


def test_a_board_that_floods_does_not_keep_the_others_waiting(broker, device, proxy):
    with Device(broker.host, broker.port, "loud") as loud:
        for number in range(500):
            loud.send("up/llm/req", {**REQUEST, "id": f"f{number}"})
        for number in range(5):
            assert device.turn(SENTENCE, id=f"calm{number}")["calls"]
        told = [loud.next() for _ in range(500)]
    codes = Counter(reply.get("err", "ok") for reply in told)
    assert set(codes) <= {"ok", "busy"} and codes["busy"] and codes["ok"]
    assert {reply["id"] for reply in told} == {f"f{number}" for number in range(500)}
    rows = proxy.rows()
    assert Counter(row["device"] for row in rows) == {"loud": codes["ok"], "d1": 5}


def test_a_thousand_requests_at_once_each_end_once(broker, proxy):
    with ExitStack() as stack:
        devices = [
            stack.enter_context(Device(broker.host, broker.port, f"d{n}")) for n in range(10)
        ]
        for number in range(100):
            for device in devices:
                device.ask(SENTENCE, id=f"q{number}")
        ended = [[device.next() for _ in range(100)] for device in devices]
        assert all(device.replies.empty() for device in devices)
    for replies in ended:
        assert sorted(reply["id"] for reply in replies) == sorted(f"q{n}" for n in range(100))
        assert all(reply.get("err", "busy") == "busy" for reply in replies)
    answered = sum("calls" in reply for replies in ended for reply in replies)
    assert len(proxy.rows()) == answered > 0
