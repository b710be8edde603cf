"""What an endpoint lacks is found out at the start, and left out of what it is asked."""

import json

import pytest
from aiohttp import web

from tests.system.proxy_kit import ONLY_UPSTREAM, Device, Proxy, Upstream, call, say, status

PLAIN = {"choices": [{"message": {"content": "pong"}}], "usage": {"prompt_tokens": 9}}
CALL = {"id": "c", "type": "function", "function": {"name": "ping", "arguments": "{}"}}
CALLS = {"choices": [{"message": {"tool_calls": [CALL]}}], "usage": {"prompt_tokens": 9}}


async def able(request, body):
    """Answer as a server does that knows all of it: calls if there are tools, pieces if asked."""
    stream, tools = body["stream"], body.get("tools")
    if stream:
        return await (call(("ping", "{}")) if tools else say("pong"))(request, body)
    return web.json_response(CALLS if tools else PLAIN)


def refuses(lacks, code=400):
    """Return a server that refuses the bodies of which `lacks` is true."""

    async def behave(request, body):
        if lacks(body):
            return await status(code, {"error": {"message": "unsupported"}})(request, body)
        return await able(request, body)

    return behave


async def thinks(request, body):
    """Answer like a model that thinks until its tokens end."""
    return web.json_response({"choices": [{"message": {"content": ""}}]})


async def calls_in_one_piece_only(request, body):
    if body["stream"] and body.get("tools"):
        return await say("pong")(request, body)
    return await able(request, body)


async def calls_only_if_left_the_choice(request, body):
    if body.get("tool_choice"):
        return await say("pong")(request, body)
    return await able(request, body)


ALL = {"stream": True, "max_tokens": 512, "stream_options": True, "tools": True}
FOUND = {
    "it lacks nothing": (able, ALL, "takes max_tokens, streams, calls tools\n"),
    "it wants the newer name of the limit": (
        refuses(lambda body: "max_tokens" in body),
        {**ALL, "max_tokens": None, "max_completion_tokens": 512},
        "takes max_completion_tokens, streams",
    ),
    "it knows no stream_options": (
        refuses(lambda body: "stream_options" in body, 422),
        {**ALL, "stream_options": None},
        "knows no stream_options, so usage is estimated",
    ),
    "it does not stream": (
        refuses(lambda body: body["stream"]),
        {**ALL, "stream": False, "stream_options": None},
        "does not stream",
    ),
    "it refuses tools in a stream": (
        refuses(lambda body: body["stream"] and "tools" in body, 500),
        {**ALL, "stream": False, "stream_options": None},
        "calls tools in whole answers only",
    ),
    "it overlooks tools in a stream": (
        calls_in_one_piece_only,
        {**ALL, "stream": False, "stream_options": None},
        "calls tools in whole answers only",
    ),
    "it knows no tool_choice": (
        refuses(lambda body: "tool_choice" in body), ALL, "knows no tool_choice",
    ),
    "it calls only if it is left the choice": (
        calls_only_if_left_the_choice, ALL, "knows no tool_choice",
    ),
    "it knows no tools": (
        refuses(lambda body: "tools" in body), {**ALL, "tools": None}, "calls no tools",
    ),
}  # fmt: skip


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        yield upstream


def probed(upstream):
    row = ONLY_UPSTREAM.format(url=upstream.url)
    return row.replace("idle_timeout_s = 2", "idle_timeout_s = 5\nprobe = true")


@pytest.mark.parametrize("behave, sent, words", FOUND.values(), ids=FOUND)
def test_found(broker, tmp_path, upstream, behave, sent, words):
    upstream.behave = behave
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, probed(upstream)) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        questions = len(upstream.bodies)
        told = proxy.log()
        needs_tools = sent["tools"]
        reply = device.turn("is it on?", **({} if needs_tools else {"hash": "none"}))
        assert "err" not in reply, reply
        [body] = upstream.bodies[questions:]
        rows = proxy.rows()
    assert "tier up: " in told and words in told
    for key, value in sent.items():
        assert body.get(key) == value or (value is True and body.get(key)), key
    assert "sk-fake" not in told
    asked = [row for row in rows if row["device"] == "limpet-probe"]
    assert len(asked) == questions <= 8, "what was asked is in the ledger"
    assert [row["device"] for row in rows][questions:] == ["d1"]


async def silent(request, body):
    return await status(401, {"error": {"message": "no such key"}})(request, body)


def test_one_that_cannot_be_asked_is_used_as_configured(broker, tmp_path, upstream):
    upstream.behave = silent
    with (
        Proxy(f"{broker.host}:{broker.port}", tmp_path, probed(upstream)) as proxy,
        Device(broker.host, broker.port) as device,
    ):
        assert "not probed, used as configured: up: HTTP 401" in proxy.log()
        upstream.behave = able
        assert "err" not in device.turn("is it on?")
        assert upstream.bodies[-1]["max_tokens"] == 512
        assert len(proxy.rows()) == 2


def test_a_model_that_thinks_until_its_tokens_end_has_understood(broker, tmp_path, upstream):
    upstream.behave = thinks
    with Proxy(f"{broker.host}:{broker.port}", tmp_path, probed(upstream)) as proxy:
        assert "takes max_tokens, streams, calls no tools" in proxy.log()


def test_without_money_nothing_is_asked(broker, tmp_path, upstream):
    upstream.behave = able
    broke = '[[budgets]]\nscope = "fleet"\nper = "month"\nusd = 0\n' + probed(upstream)
    with Proxy(f"{broker.host}:{broker.port}", tmp_path, broke) as proxy:
        assert "not probed" in proxy.log() and "are not left" in proxy.log()
        assert not upstream.bodies and proxy.rows() == []


def test_nobody_is_asked_unless_that_is_wished_for(broker, tmp_path, upstream):
    with Proxy(f"{broker.host}:{broker.port}", tmp_path, ONLY_UPSTREAM.format(url=upstream.url)):
        assert not upstream.bodies


def test_what_a_program_chooses_is_left_out_where_it_is_not_understood(tmp_path, upstream):
    from tests.system.test_proxy_http import HELLO, HTTP_ONLY, TOOL, post

    upstream.behave = refuses(lambda body: "tool_choice" in body)
    with Proxy("127.0.0.1:1", tmp_path, HTTP_ONLY + probed(upstream)) as proxy:
        body = {**HELLO, "tools": [TOOL], "tool_choice": "auto", "temperature": 0.5}
        code, content = post(proxy, body)
        assert code == 200, content
        assert json.loads(content)["choices"]
        assert upstream.bodies[-1]["temperature"] == 0.5
