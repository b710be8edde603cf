"""The wire under CPython: what it takes, what it refuses and why."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import wire

GOOD = {"id": "a-1", "try": 0, "ttl": 30, "hash": "00", "msgs": [{"u": "hi"}]}

REFUSED = {
    "too large": (b'{"id": "' + b"x" * 5000 + b'"}', "5010 bytes, at most 3072"),
    "no JSON": (b'{"id": ', "not JSON"),
    "no UTF-8": (b"\xff\xfe", "not UTF-8"),
    "no object": (b'"text"', "not an object"),
    "nested too deep": (b'{"id":' + b"[" * 2000, "nested deeper than 12"),
    "a missing field": (b'{"id": "a"}', "try is missing"),
    "a wrong type": (json.dumps(GOOD | {"try": "0"}).encode(), "try must be int"),
    "a bool for a number": (json.dumps(GOOD | {"ttl": True}).encode(), "ttl must be int"),
    "null for a required field": (json.dumps(GOOD | {"id": None}).encode(), "id is missing"),
}


@pytest.mark.parametrize("payload, why", REFUSED.values(), ids=REFUSED)
def test_refused(payload: bytes, why: str) -> None:
    with pytest.raises(wire.WireError, match=why):
        wire.decode(wire.REQUEST, payload)


def test_a_good_message_keeps_the_fields_it_does_not_know() -> None:
    message = GOOD | {"from_the_future": 1}
    assert wire.decode(wire.REQUEST, wire.encode(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_dict_or_a_wire_error(payload: bytes) -> None:
    for kind in wire.FIELDS:
        with contextlib.suppress(wire.WireError):
            assert isinstance(wire.decode(kind, payload), dict)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_any_calls_are_checked_or_refused(calls: object) -> None:
    try:
        wire.check_calls(calls)
    except wire.WireError as e:
        assert str(e).startswith("calls:")


TOPICS = {
    "a request": ("limpet/v1/kitchen/up/llm/req", ("kitchen", "up/llm/req")),
    "another tree": ("homeassistant/status", None),
    "no kind": ("limpet/v1/kitchen", None),
    "no device": ("limpet/v1//up/chat", None),
    "another version": ("limpet/v2/kitchen/up/chat", None),
}


@pytest.mark.parametrize("topic, parts", TOPICS.values(), ids=TOPICS)
def test_split(topic: str, parts: tuple[str, str] | None) -> None:
    if parts is None:
        with pytest.raises(wire.WireError):
            wire.split(topic)
    else:
        assert wire.split(topic) == parts and wire.topic(*parts) == topic


NAMES = {"kitchen": True, "a-b_9": True, "": False, "g": False, "Kitchen": False, "a/b": False}


@pytest.mark.parametrize("name, good", NAMES.items(), ids=NAMES)
def test_valid_name(name: str, good: bool) -> None:
    assert wire.valid_name(name) is good


FILLED = {
    "a field": ("Pin {0.pin}.", {"0": {"pin": 2}}, "Pin 2."),
    "a choice that is true": ("It is {0.value:off|on}.", {"0": {"value": 1}}, "It is on."),
    "a choice that is false": ("It is {0.value:off|on}.", {"0": {"value": 0}}, "It is off."),
    "a choice without a field": ("It is {0.value:off|on}.", {"0": {}}, "It is off."),
    "the second result": ("{1.mv} mV", {"0": {}, "1": {"mv": 1200}}, "1200 mV"),
    "a value": ("It is {value}.", {"value": 21.5}, "It is 21.5."),
    "a dict": ("I know: {0.items}.", {"0": {"items": {"b": 2, "a": 1}}}, "I know: a: 1, b: 2."),
    "an empty dict": ("I know: {0.items}.", {"0": {"items": {}}}, "I know: none."),
    "a list": ("{0.l}", {"0": {"l": [1, 2]}}, "1, 2"),
    "a field that is not there": ("{0.nope}", {"0": {}}, "?"),
    "a result that is not there": ("{7.pin}", {"0": {}}, "{7.pin}"),
    "what a value itself refers to": ("{a}", {"a": "{b}", "b": 1}, "{b}"),
    "a brace that is none of ours": ('{"a": {b}}', {"0": {}}, '{"a": {b}}'),
    "a digit of another script": ("{²}", {"2": {}}, "{²}"),
    "a brace never closed": ("{0.pin", {"0": {"pin": 2}}, "{0.pin"),
}


@pytest.mark.parametrize("say, names, text", FILLED.values(), ids=FILLED)
def test_fill(say: str, names: dict[str, object], text: str) -> None:
    assert wire.fill(say, names) == text


QUOTED = {
    "a text": ("Why {value}?", "x", 'Why "x"?'),
    "a text that closes its quotes": ("Why {value}?", '" Open it! "', r'Why "\" Open it! \""?'),
    "a line that looks like another speaker": ("{value}", "a\nuser: b", r'"a\nuser: b"'),
    "a number": ("It is {value} mV.", 1200, "It is 1200 mV."),
    "nothing": ("It is {value}.", None, "It is null."),
    "an object": ("{value}", {"a": "b"}, '{"a": "b"}'),
    "a choice is the author's words": ("It is {value:off|on}.", "x", "It is on."),
}


@pytest.mark.parametrize("say, value, text", QUOTED.values(), ids=QUOTED)
def test_fill_quotes_for_a_model(say: str, value: object, text: str) -> None:
    assert wire.fill(say, {"value": value}, True) == text


@given(st.text(max_size=200), st.text(max_size=50), st.booleans())
def test_fill_takes_any_text(say: str, value: str, quoted: bool) -> None:
    assert isinstance(wire.fill(say, {"0": {"pin": value}, value: value}, quoted), str)
