"""Requests and replies: what comes in ends as a request or a WireError, what goes out fits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy import bodies, http_request, reply
from cloud_proxy.board_talk import MAX_TTL_S, from_wire
from cloud_proxy.boards import Boards
from cloud_proxy.tiers.base import Call, Completion
from cloud_proxy.tiers.sse import MAX_EVENT_BYTES, Events, EventTooLong
from firmware import wire

BODY = {"id": "r1", "try": 0, "ttl": 30, "hash": "h", "msgs": [{"u": "hello"}]}
INFO = {"board": "b", "chip": "c", "hash": "h", "tools": [["t", "", []]], "pins": [2]}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
entries = st.dictionaries(st.sampled_from(["u", "a", "r", "calls", "x"]), anything, max_size=3)
changes = st.dictionaries(
    st.sampled_from([field.split(":")[0] for field in wire.FIELDS[wire.REQUEST].split()]), anything
)


def made(**fields):
    return from_wire("d1", {**BODY, **fields}, None, 100.0, 80)


@given(changes, st.none() | st.lists(entries, max_size=4))
def test_any_body_is_a_request_or_a_wire_error(fields, msgs):
    body = {**BODY, **fields, **({} if msgs is None else {"msgs": msgs})}
    try:
        payload = json.dumps(body).encode()
        request = from_wire("d1", bodies.decode(wire.REQUEST, payload), None, 100.0, len(payload))
    except wire.WireError:
        return
    assert request.expires_s <= 100 + MAX_TTL_S
    assert json.dumps(request.talk.chat())
    assert isinstance(request.talk.sentence, str)


def test_the_catalogue_counts_only_for_the_hash_that_the_request_names():
    board = Boards().announce("d1", INFO)
    assert from_wire("d1", BODY, board, 0.0, 80).talk.tools.names == {"t"}
    assert from_wire("d1", {**BODY, "hash": "old"}, board, 0.0, 80).talk.tools is None


def test_routing_is_told_what_is_left_of_the_deadline():
    request = made(slo_ms=500, private=True)
    assert request.ask(100.2).slo_ms == pytest.approx(300)
    assert request._replace(way_back_ms=40.0).ask(100.2).slo_ms == pytest.approx(260)
    assert request.ask(200.0).slo_ms == 0
    assert request.ask(100.0).private
    assert made().ask(200.0).slo_ms is None


OPEN_CALL = {"a": "Let me see.", "calls": [{"tool": "t", "args": {}}, {"tool": "t", "args": {}}]}
CONVERSATIONS = {
    "an open call gets a result that says that there is none": (
        [OPEN_CALL, {"r": [{"v": 1}]}], ['{"data": {"v": 1}}', '{"data": {"error": "not done'],
    ),
    "a turn that the board ended refers to its words": (
        [OPEN_CALL, {"u": "Thanks."}], ['{"data": "done, as said', '{"data": "done, as said'],
    ),
    "results without a call are data all the same": ([{"r": ["obey"]}], []),
}  # fmt: skip


@pytest.mark.parametrize("msgs, contents", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_conversation(msgs, contents):
    chat = made(msgs=msgs).talk.chat()
    told = [message for message in chat if message["role"] == "tool"]
    assert len(told) == len(contents)
    for message, content in zip(told, contents, strict=True):
        assert message["content"].startswith(content)
    ids = [call["id"] for message in chat for call in message.get("tool_calls", [])]
    assert [message["tool_call_id"] for message in told] == ids
    if not told:
        assert chat[-1]["content"] == 'Data from the device: {"data": ["obey"]}'


@given(st.text(max_size=3000), st.booleans(), st.integers(0, 2000))
def test_a_final_reply_fits_a_board_and_is_whole(text, template, weight):
    call = Call("memory_set", {"key": "k", "value": "v" * weight})
    completion = Completion(text, (call,), end=False, template=template)
    body = reply.final("r" * 64, reply.Reply(completion, use={"tier": "up", "ms": 10**6}))
    assert len(body) <= wire.MAX_IN
    told = bodies.decode(wire.REPLY, body)
    assert told["calls"] == [{"tool": call.tool, "args": call.args}]
    assert len(told["say"]) <= wire.MAX_TEXT
    if not template:
        assert wire.fill(told["say"], {"0": {"x": 1}}) == told["say"]


def test_calls_that_do_not_fit_are_an_error_and_never_cut():
    call = Call("memory_set", {"key": "k", "value": "v" * 5000})
    told = json.loads(reply.final("r1", reply.Reply(Completion("Yes.", (call,)))))
    assert told["err"] == "upstream" and "calls" not in told


@given(st.text(min_size=1, max_size=2000))
def test_a_delta_fits_a_board(text):
    assert len(reply.delta("r" * 64, 10**6, text)) <= wire.MAX_IN


@given(st.lists(st.integers(1, 40), max_size=30))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts):
    stream = b': hi\r\ndata: {"a": 1}\r\n\r\nevent: x\ndata:{"b": 2}\n\ndata: [DONE]\n\n'
    events, found, start = Events(), [], 0
    for cut in [*cuts, len(stream)]:
        found += events.feed(stream[start : start + cut])
        start += cut
    assert found == [b'{"a": 1}', b'{"b": 2}', b"[DONE]"]


def test_a_line_without_end_is_refused():
    with pytest.raises(EventTooLong):
        list(Events().feed(b"x" * (MAX_EVENT_BYTES + 1)))


def read_by_a_model(value):
    """Return the bytes of every text within what is sent upstream, keys included."""
    match value:
        case str():
            return len(value.encode("utf-8", "surrogatepass"))
        case list() | tuple():
            return sum(map(read_by_a_model, value))
        case dict():
            return sum(read_by_a_model(key) + read_by_a_model(value[key]) for key in value)
        case _:
            return len(json.dumps(value))


words = st.text(max_size=60) | st.sampled_from(["0123456789" * 9, "日本語" * 20, '\\"\n\x00' * 9])
calls = st.lists(
    st.fixed_dictionaries(
        {"tool": words, "args": st.dictionaries(words, words | st.floats(allow_nan=False))}
    ),
    max_size=3,
)
told = st.lists(
    st.fixed_dictionaries({"u": words})
    | st.fixed_dictionaries({"a": words, "calls": calls})
    | st.fixed_dictionaries({"r": st.lists(words | st.integers(), max_size=4)}),
    max_size=6,
)  # fmt: skip


@given(told, st.dictionaries(words, words, max_size=3))
def test_no_tokenizer_makes_more_of_a_conversation_than_is_set_aside_for_it(msgs, mem):
    board = Boards().announce("d1", INFO)
    body = {**BODY, "msgs": [*msgs, {"u": "hello"}], "mem": mem}
    talk = from_wire("d1", body, board, 0.0, 1).talk
    assert read_by_a_model(talk.chat()) + read_by_a_model(talk.tools.schemas) <= talk.most_tokens
    assert talk.chat() is talk.chat()


def test_a_programs_words_are_bounded_too_and_a_picture_is_no_address():
    hello = {"role": "user", "content": "0123456789" * 50}
    plain = http_request.parse(json.dumps({"messages": [hello]}).encode(), "d", "r", 0.0, 9.0)
    assert read_by_a_model([hello]) <= plain.request.talk.most_tokens
    picture = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}
    seen = {"role": "user", "content": [{"type": "text", "text": "Look."}, picture]}
    shown = http_request.parse(json.dumps({"messages": [seen]}).encode(), "d", "r", 0.0, 9.0)
    assert shown.request.talk.most_tokens > 4096
