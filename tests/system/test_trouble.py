"""What goes wrong on the line, and the clear state in which each of it ends."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from firmware import wire
from host.lab import Lab
from tests.system.scripted_proxy import Script, ScriptedProxy, final

IMPATIENT = {"llm": {"ttl_s": 1, "try_s": 1}}
PATIENT = {"llm": {"ttl_s": 3, "try_s": 1}}


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(settings=getattr(request, "param", IMPATIENT), proxy=False) as lab:
        yield lab


@pytest.fixture
def proxy(lab: Lab) -> Iterator[ScriptedProxy]:
    proxy = ScriptedProxy(lab)
    yield proxy
    proxy.close()


def on(pin: Any) -> dict[str, Any]:
    return {"tool": "gpio_write", "args": {"pin": pin, "value": 1}}


GARBAGE: dict[str, tuple[Script, str]] = {
    "bytes that are no JSON": (lambda r: [b"\x00\xffgarbage{{{"], "refused"),
    "JSON that is cut": (lambda r: [final(r, say="Pin 2")[:-4]], "not JSON"),
    "JSON that is no object": (lambda r: [b"[1,2]"], "not an object"),
    "JSON nested too deep": (lambda r: [b"[" * 500 + b"]" * 500], "nested deeper"),
    "a field of a wrong type": (lambda r: [final(r, say=7)], "say must be str"),
    "calls that are no list": (lambda r: [final(r, calls={"tool": "x"})], "calls"),
    "a call without a name": (lambda r: [final(r, calls=[{"args": {}}])], "tool is missing"),
    "a thousand calls": (lambda r: [final(r, calls=[on(2)] * 40)], "at most 8"),
    "a tool that is not there": (
        lambda r: [final(r, calls=[{"tool": "format_flash", "args": {}}])],
        "no tool format_flash",
    ),
    "an argument out of range": (
        lambda r: [final(r, calls=[{"tool": "gpio_write", "args": {"pin": 2, "value": 9}}])],
        "from 0 to 1",
    ),
    "an argument that is not there": (
        lambda r: [final(r, calls=[{"tool": "gpio_read", "args": {"pin": 2, "force": True}}])],
        "no argument force",
    ),
    "a pin of the flash chip": (lambda r: [final(r, calls=[on(7)])], "flash chip"),
    "a pin that can only read": (lambda r: [final(r, calls=[on(34)])], "input only"),
    "a reply to somebody else": (lambda r: [final({"id": "other-1"}, say="hi")], "silent"),
    "pieces without an end": (
        lambda r: [
            json.dumps({"id": r["id"], "n": n, "d": "la " * 300}).encode() for n in range(500)
        ],
        "silent",
    ),
    "a reply larger than a board takes": (lambda r: [final(r, say="la" * 40_000)], "at most 3072"),
    "rounds without an end": (
        lambda r: [
            json.dumps(
                {"id": r["id"], "fin": True, "calls": [{"tool": "gpio_read", "args": {"pin": 4}}]}
            ).encode()
        ],
        "gave up after 4 rounds",
    ),
    "an error of the proxy's own": (
        lambda r: [final(r, err="budget", why="the budget of today is spent")],
        "budget of today",
    ),
}


def test_each_kind_of_garbage_from_the_proxy_fails_the_turn_and_nothing_else(
    lab: Lab, proxy: ScriptedProxy
) -> None:
    for name, (script, why) in GARBAGE.items():
        proxy.script = script
        answer = lab.person.ask("turn on the led on pin 2", timeout_s=20)
        assert not answer["ok"], name
        assert why in answer["text"], f"{name}: {answer['text']}"
        assert lab.board.pin(2).value in (0, None), name
    # A failed turn leaves no trace: the next request carries its own sentence alone.
    proxy.script = lambda request: [final(request, say="{0.pin} is on", calls=[on(2)])]
    answer = lab.person.ask("and now in earnest")
    assert answer["ok"] and answer["text"] == "2 is on" and lab.board.pin(2).value == 1
    assert proxy.requests[-1]["msgs"] == [{"u": "and now in earnest"}]
    assert lab.board.boots == 1


@pytest.mark.parametrize("lab", [PATIENT], indirect=True, ids=["3 s"])
def test_a_proxy_that_is_silent_is_said_to_be_silent(lab: Lab, proxy: ScriptedProxy) -> None:
    answer = lab.person.ask("hello", timeout_s=20)
    assert not answer["ok"] and "the proxy is silent" in answer["text"]
    assert len({request["id"] for request in proxy.requests}) == 1
    assert [request["try"] for request in proxy.requests] == list(range(len(proxy.requests)))
    assert len(proxy.requests) >= 2


def test_a_broker_killed_during_a_turn_ends_it_with_a_reason(
    lab: Lab, proxy: ScriptedProxy
) -> None:
    killed = threading.Event()

    def kill(request: dict[str, Any]) -> list[bytes]:
        killed.set()
        return []

    proxy.script = kill
    chat_id = lab.person.say("turn on the led on pin 2")
    assert killed.wait(10)
    lab.broker.stop()
    lab.world.run(seconds=10)  # past the deadline of the turn
    lab.end_outage()
    answer = lab.person.answer_to(chat_id, 30)
    assert not answer["ok"] and "broker cannot be reached" in answer["text"]
    assert lab.board.pin(2).value in (0, None) and lab.board.boots == 1


REFUSED: dict[str, tuple[bytes, str]] = {
    "a message of 100 KB": (b'{"text": "' + b"x" * 100_000 + b'"}', "at most 3072"),
    "JSON that is cut": (b'{"text": "turn on', "not JSON"),
    "no text": (b'{"id": "1"}', "text is missing"),
    "text that is a number": (b'{"text": 5}', "text must be str"),
    "an empty sentence": (b"", "1 to 1000"),
    "a sentence of 2000 characters": (b"a" * 2000, "1 to 1000"),
    "bytes that are no UTF-8": (b"\xff\xfe\x00", "UTF-8"),
    "deep JSON": (b'{"text":' + b"[" * 3000, "nested deeper"),
}


def test_each_bad_message_is_refused_with_a_reason_and_the_next_one_is_heard(
    lab: Lab, proxy: ScriptedProxy
) -> None:
    for name, (payload, why) in REFUSED.items():
        seen = len(lab.person.events)
        lab.person.publish(wire.CHAT, payload)
        lab.person.wait_until(lambda seen=seen: len(lab.person.events) > seen, 10, name)
        event = lab.person.events[-1]
        assert event["e"] == "refused" and event["name"] == wire.CHAT, name
        assert why in event["why"], f"{name}: {event['why']}"
    proxy.script = lambda request: [final(request, say="I hear you.")]
    assert lab.person.ask("are you there?")["text"] == "I hear you."
    assert lab.board.boots == 1 and lab.board.state == "running"


def test_a_sentence_may_be_plain_text(lab: Lab, proxy: ScriptedProxy) -> None:
    proxy.script = lambda request: [final(request, say="Hello.")]
    lab.person.publish(wire.CHAT, b"hello there\n")
    assert lab.person.answer_to("chat", 10)["text"] == "Hello."
    assert proxy.requests[-1]["msgs"] == [{"u": "hello there"}]


def test_the_conversation_is_bounded_and_loses_whole_turns(lab: Lab, proxy: ScriptedProxy) -> None:
    proxy.script = lambda request: [final(request, say="yes " * 50)]
    for number in range(12):
        assert lab.person.ask(f"question {number} " + "x" * 200)["ok"]
    entries = proxy.requests[-1]["msgs"]
    assert "question 11" in entries[-1]["u"] and len(json.dumps(entries)) < 2000
    assert [next(iter(entry)) for entry in entries] == ["u", "a"] * (len(entries) // 2) + ["u"]


@pytest.mark.parametrize("cut_after", range(1, 40, 3))
def test_power_lost_during_a_turn_leaves_a_clear_state(
    lab: Lab, proxy: ScriptedProxy, cut_after: int
) -> None:
    calls = [on(2), {"tool": "memory_set", "args": {"key": "pump", "value": "gpio 5"}}, on(4)]
    proxy.script = lambda request: [final(request, say="done", calls=calls)]
    lab.board.power_cut(after_flash_ops=cut_after, torn=True)
    chat_id = lab.person.say("do it all")
    lab.world.wait_for(lambda: lab.board.state == "off" or bool(lab.person.answers), timeout_s=20)
    if lab.board.state != "off":  # the turn needed fewer operations than that
        assert lab.person.answer_to(chat_id)["ok"]
        return
    assert not lab.person.answers
    pin_was_written = lab.board.pin(2).value == 1
    proxy.script = lambda request: [final(request, say="I am back.")]
    lab.board.start()
    lab.wait_online(hello=2)
    assert lab.person.ask("are you there?", timeout_s=20)["text"] == "I am back."
    told = [a for a in lab.person.answers if a["id"] == chat_id]
    if pin_was_written:
        assert told and not told[0]["ok"] and "restarted in the middle" in told[0]["text"]
    memory = (
        lab.board.files.read("/data/memory") if lab.board.files.exists("/data/memory") else b""
    )
    assert memory == b"" or json.loads(memory.rsplit(b"\n", 1)[0]) == {"pump": "gpio 5"}
    assert lab.board.boots == 2
