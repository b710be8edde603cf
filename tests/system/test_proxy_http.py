"""The proxy's HTTP: OpenAI's wire shapes, keys, limits, and what a hostile client gets."""

import http.client
import json
import socket
import time

import pytest

from cloud_proxy import keys
from tests.system.proxy_kit import (
    DEADLINE_S,
    ONLY_UPSTREAM,
    USAGE,
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

HTTP_ONLY = """
[mqtt]
enabled = false
[http]
listen = "127.0.0.1:0"
request_timeout_s = 1
max_body_bytes = 20000
max_inflight_per_device = 2
"""
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
HELLO = {"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}
WHOLE = {
    "choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}],
    "usage": {**USAGE, "prompt_tokens_details": {"cached_tokens": 60}},
}


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, upstream):
    config = HTTP_ONLY + ONLY_UPSTREAM.format(url=upstream.url)
    with Proxy("127.0.0.1:1", tmp_path_factory.mktemp("http"), config) as proxy:
        yield proxy


@pytest.fixture
def own(tmp_path, upstream):
    """A proxy of this test's own, whose ledger may be read."""
    config = HTTP_ONLY + ONLY_UPSTREAM.format(url=upstream.url)
    with Proxy("127.0.0.1:1", tmp_path, config) as proxy:
        yield proxy


def connect(proxy):
    host, _, port = proxy.http.rpartition(":")
    return http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)


def post(proxy, body, path="/v1/chat/completions", **headers):
    connection = connect(proxy)
    payload = body if isinstance(body, bytes) else json.dumps(body)
    connection.request("POST", path, payload, {"content-type": "application/json", **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def get(proxy, path):
    connection = connect(proxy)
    connection.request("GET", path)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def streamed(content):
    """Return the events of a stream, the last of which must be [DONE]."""
    lines = [line[6:] for line in content.decode().split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_a_whole_answer_has_openais_shape(proxy, upstream):
    upstream.behave = status(200, WHOLE)
    code, content = post(proxy, {**HELLO, "temperature": 0.5, "max_tokens": 20})
    answer = json.loads(content)
    assert code == 200 and answer["object"] == "chat.completion"
    [choice] = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Whole."}
    assert choice["finish_reason"] == "stop"
    assert answer["usage"] == {**USAGE, "prompt_tokens_details": {"cached_tokens": 60}}
    assert answer["model"] == "fake" and answer["limpet"]["tier"] == "up"
    assert "only choice" in answer["limpet"]["why"]
    asked = upstream.bodies[-1]
    assert (asked["stream"], asked["temperature"], asked["max_tokens"]) == (False, 0.5, 20)
    assert asked["messages"] == HELLO["messages"]


def test_a_streamed_answer_has_openais_shape(proxy, upstream):
    upstream.behave = say("It ", "is.")
    options = {"stream": True, "stream_options": {"include_usage": True}}
    code, content = post(proxy, {**HELLO, **options})
    *parts, last = streamed(content)
    assert code == 200
    deltas = [part["choices"][0] for part in parts]
    assert "".join(delta["delta"].get("content", "") for delta in deltas) == "It is."
    assert deltas[0]["delta"]["role"] == "assistant"
    assert [delta["finish_reason"] for delta in deltas][-1] == "stop"
    assert last["choices"] == [] and last["usage"]["total_tokens"] == 120
    assert len({part["id"] for part in parts}) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_calls_are_handed_on(proxy, upstream, stream):
    upstream.behave = call(("look", '{"at": [1, {"deep": "x"}]}'))
    code, content = post(proxy, {**HELLO, "stream": stream, "tools": [TOOL]})
    assert code == 200 and upstream.bodies[-1]["tools"] == [TOOL]
    if stream:
        choices = [part["choices"][0] for part in streamed(content)]
        [made] = [c["delta"]["tool_calls"][0] for c in choices if "tool_calls" in c["delta"]]
        assert choices[-1]["finish_reason"] == "tool_calls"
    else:
        [choice] = json.loads(content)["choices"]
        [made] = choice["message"]["tool_calls"]
        assert choice["finish_reason"] == "tool_calls"
    assert made["type"] == "function" and made["id"]
    assert made["function"]["name"] == "look"
    assert json.loads(made["function"]["arguments"]) == {"at": [1, {"deep": "x"}]}


def test_an_answer_that_was_cut_at_the_limit_says_so(proxy, upstream):
    upstream.behave = events(chunk({"content": "Once"}), chunk({}, "length"), b"data: [DONE]\n\n")
    [choice] = json.loads(post(proxy, HELLO)[1])["choices"]
    assert choice["finish_reason"] == "length"


FAILS = {
    "an upstream that fails is a bad gateway": ({}, status(400, {}), 502, "upstream"),
    "a budget that does not suffice is told": ({"limpet": {"max_ud": 1}}, say("x"), 402, "budget"),
    "a private request stays here": ({"limpet": {"private": True}}, say("x"), 422, "refused"),
    "an unknown model is not found": ({"model": "gpt-99"}, say("x"), 404, "not_found"),
    "no messages are invalid": ({"messages": []}, say("x"), 400, "invalid"),
    "messages that are none are invalid": ({"messages": ["x"]}, say("x"), 400, "invalid"),
    "an unknown role is invalid": ({"messages": [{"role": "god"}]}, say("x"), 400, "invalid"),
    "two answers are too many": ({"n": 2}, say("x"), 400, "invalid"),
    "a tool without a name is invalid": ({"tools": [{"type": "function"}]}, say("x"), 400, "invalid"),
    "too many tools are invalid": ({"tools": [TOOL] * 200}, say("x"), 400, "invalid"),
    "a deadline of words is invalid": ({"limpet": {"slo_ms": "soon"}}, say("x"), 400, "invalid"),
    "a stream of words is invalid": ({"stream": "yes"}, say("x"), 400, "invalid"),
}  # fmt: skip


@pytest.mark.parametrize("fields, behave, status_, code", FAILS.values(), ids=FAILS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_is_an_error_with_a_status(proxy, upstream, fields, behave, status_, code, stream):
    upstream.behave = behave
    got, content = post(proxy, {**HELLO, "stream": stream, **fields})
    error = json.loads(content)["error"]
    assert (got, error["code"]) == (status_, code)
    assert error["message"] and error["type"]


GARBAGE = {
    "no JSON": (b"hello", 400),
    "no object": (b"[]", 400),
    "no UTF-8": (b'{"messages": "\xff"}', 400),
    "nothing": (b"", 400),
    "9,000 brackets": (b"[" * 9000, 400),
    "deep messages": (json.dumps({**HELLO, "x": json.loads("[" * 90 + "]" * 90)}).encode(), 400),
    "a body of 30 KB": (b" " * 30_000, 413),
}


@pytest.mark.parametrize("body, code", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_and_the_next_request_served(proxy, upstream, body, code):
    upstream.behave = status(200, WHOLE)
    assert post(proxy, body)[0] == code
    assert post(proxy, HELLO)[0] == 200


def test_what_breaks_off_after_the_first_word_ends_with_an_error_and_its_usage(own, upstream):
    upstream.behave = events(chunk({"content": "I th"}), then=hang_up)
    code, content = post(own, {**HELLO, "stream": True})
    first, last = [json.loads(line[6:]) for line in content.decode().split("\n\n") if line]
    assert code == 200 and first["choices"][0]["delta"]["content"] == "I th"
    assert last["error"]["code"] == "upstream" and last["usage"]["completion_tokens"] == 1
    assert [row["outcome"] for row in own.rows()] == ["cut"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_client_that_goes_stops_the_upstream_and_is_metered(own, upstream, stream):
    upstream.asked.clear()
    upstream.abandoned.clear()
    upstream.behave = events(chunk({"content": "Once upon "}), then=stall)
    connection = connect(own)
    connection.request("POST", "/v1/chat/completions", json.dumps({**HELLO, "stream": stream}))
    assert upstream.asked.wait(DEADLINE_S)
    if stream:
        assert b"Once" in connection.getresponse().read(200)
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    assert upstream.abandoned.wait(DEADLINE_S)
    upstream.behave = status(200, WHOLE)
    assert post(own, HELLO)[0] == 200  # nor is the tier blamed
    assert [row["outcome"] for row in own.rows()] == ["cancelled", "ok"]


def test_one_client_cannot_take_all_the_room(own, upstream):
    upstream.behave = events(then=stall)
    held = [connect(own) for _ in range(2)]
    for connection in held:
        upstream.asked.clear()
        connection.request("POST", "/v1/chat/completions", json.dumps(HELLO))
        assert upstream.asked.wait(DEADLINE_S)
    code, content = post(own, HELLO)
    assert code == 503 and json.loads(content)["error"]["code"] == "busy"
    for connection in held:
        connection.close()


SLOW = {
    "a head that does not end": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a: b",
    "a body that does not come": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
    b"content-length: 500\r\n\r\n{",
    "not a word": b"",
}


@pytest.mark.parametrize("words", SLOW.values(), ids=SLOW)
def test_a_client_that_dawdles_is_shut_out(proxy, words):
    host, _, port = proxy.http.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as client:
        client.sendall(words)
        while client.recv(4096):  # an error, or nothing, and then the end
            pass


def test_a_slow_drip_does_not_keep_a_connection(proxy):
    host, _, port = proxy.http.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=0.2) as client:
        client.sendall(b"GET /health HTTP/1.1\r\n")
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            try:
                client.sendall(b"x-a: b\r\n")
                if client.recv(4096) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    pytest.fail("the connection was kept")


def test_what_operators_look_at(proxy, upstream):
    upstream.behave = status(200, WHOLE)
    post(proxy, {**HELLO, "limpet": {"slo_ms": 20_000}})
    assert get(proxy, "/health") == (200, b'{"status":"ok"}')
    assert json.loads(get(proxy, "/ready")[1]) == {"ready": True}
    models = json.loads(get(proxy, "/v1/models")[1])
    assert [model["id"] for model in models["data"]] == ["auto", "up"]
    page = get(proxy, "/metrics")[1].decode()
    for line in (
        'limpet_attempts_total{outcome="ok",tier="up"}',
        'limpet_tokens_total{kind="input",tier="up"}',
        'limpet_cost_microdollars_total{tier="up"}',
        'limpet_attempt_seconds_bucket{le="+Inf",tier="up"}',
        'limpet_in_flight{tier="up"} 0.0',
        'limpet_deadlines_total{met="yes",tier="up"}',
    ):
        assert line in page


def test_paths_and_methods_that_there_are_not_are_told(proxy):
    assert get(proxy, "/v1/embeddings?x=1")[0] == 404
    status_, body = get(proxy, "/v1/chat/completions")
    assert status_ == 405 and json.loads(body)["error"]["message"].endswith("takes POST")
    assert post(proxy, HELLO, "/health")[0] == 405
    connection = connect(proxy)
    connection.request("HEAD", "/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_keys_are_asked_for_and_may_be_revoked(tmp_path, upstream):
    upstream.behave = status(200, WHOLE)
    file = tmp_path / "keys.txt"
    key = keys.add(file, "kitchen")
    config = HTTP_ONLY + f'keys_file = "{file}"\n' + ONLY_UPSTREAM.format(url=upstream.url)
    with Proxy("127.0.0.1:1", tmp_path, config) as proxy:
        assert post(proxy, HELLO)[0] == 401
        assert post(proxy, HELLO, authorization="Bearer lk_wrong")[0] == 401
        assert post(proxy, HELLO, authorization=f"Bearer {key}")[0] == 200
        assert get(proxy, "/v1/models")[0] == 401 and get(proxy, "/health")[0] == 200
        file.write_text("# revoked\n")
        deadline = time.monotonic() + DEADLINE_S
        while post(proxy, HELLO, authorization=f"Bearer {key}")[0] != 401:
            assert time.monotonic() < deadline
        assert key not in proxy.log() and key not in file.read_text()
        assert {row["device"] for row in proxy.rows()} == {"kitchen"}


def test_the_edge_tier_answers_programs_too(tmp_path):
    with Proxy("127.0.0.1:1", tmp_path, HTTP_ONLY) as proxy:
        tools = [{"type": "function", "function": {"name": "gpio_write"}}]
        body = {"messages": [{"role": "user", "content": "turn on pin 2"}], "tools": tools}
        [choice] = json.loads(post(proxy, body)[1])["choices"]
        [made] = choice["message"]["tool_calls"]
        assert json.loads(made["function"]["arguments"]) == {"pin": 2, "value": 1}
        body["messages"] += [
            choice["message"],
            {"role": "tool", "tool_call_id": made["id"], "content": '{"pin": 2, "value": 1}'},
        ]
        [choice] = json.loads(post(proxy, body)[1])["choices"]
        assert choice["message"]["content"] == "pin: 2, value: 1"


@pytest.fixture(scope="module")
def client(proxy):
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"http://{proxy.http}/v1", api_key="x", max_retries=0) as it:
        yield it


def test_openais_client_gets_a_whole_answer(client, upstream):
    upstream.behave = status(200, WHOLE)
    answer = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "Hello."}],
        extra_body={"limpet": {"slo_ms": 5000}},
    )
    assert answer.choices[0].message.content == "Whole."
    assert answer.usage.total_tokens == 120


def test_openais_client_gets_a_streamed_answer(client, upstream):
    upstream.behave = say("It ", "is.")
    stream = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "Hello."}],
        stream=True,
        stream_options={"include_usage": True},
    )
    parts = list(stream)
    assert "".join(p.choices[0].delta.content or "" for p in parts if p.choices) == "It is."
    assert parts[-1].usage.completion_tokens == 20


def test_openais_client_gets_calls(client, upstream):
    upstream.behave = call(("look", '{"at": 1}'))
    answer = client.chat.completions.create(
        model="up", messages=[{"role": "user", "content": "Look."}], tools=[TOOL]
    )
    [made] = answer.choices[0].message.tool_calls
    assert (made.function.name, json.loads(made.function.arguments)) == ("look", {"at": 1})


def test_openais_client_raises_errors_that_are_its_own_exceptions(client, upstream):
    import openai

    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-99", messages=[{"role": "user"}])
    upstream.behave = events(chunk({"content": "I th"}), then=hang_up)
    with pytest.raises(openai.APIError):
        list(
            client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": "x"}], stream=True
            )
        )


def test_openais_client_lists_models(client):
    assert [model.id for model in client.models.list()] == ["auto", "up"]
