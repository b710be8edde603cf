"""The configuration read again at SIGHUP, and the lane for what can wait, in a running proxy."""

import asyncio
import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.proxy_kit import (
    DEADLINE_S,
    ONLY_UPSTREAM,
    Proxy,
    Upstream,
    chunk,
    events,
    say,
    status,
)
from tests.system.test_proxy_http import HELLO, HTTP_ONLY, WHOLE, post

MANY = HTTP_ONLY.replace("max_inflight_per_device = 2", "max_inflight_per_device = 64")


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        upstream.behave = status(200, WHOLE)
        yield upstream


@pytest.fixture
def proxy(tmp_path, upstream):
    config = MANY + ONLY_UPSTREAM.format(url=upstream.url)
    with Proxy("127.0.0.1:1", tmp_path, config) as proxy:
        yield proxy


def change(proxy, text, told):
    (proxy.ledger.parent / "proxy.toml").write_text(text)
    proxy.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + DEADLINE_S
    while told not in proxy.log():
        assert time.monotonic() < deadline, proxy.log()
        time.sleep(0.02)


def test_a_request_under_way_ends_where_it_began_and_the_next_one_goes_elsewhere(proxy, upstream):
    upstream.release.clear()
    upstream.behave = events(chunk({"content": "Almost "}), then=upstream.finish)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(post(proxy, HELLO)))
    asking.start()
    assert upstream.asked.wait(DEADLINE_S)
    with Upstream() as other:
        other.behave = status(200, WHOLE)
        change(proxy, MANY + ONLY_UPSTREAM.format(url=other.url), "was read again")
        [choice] = json.loads(post(proxy, HELLO)[1])["choices"]
        assert choice["message"]["content"] == "Whole." and len(other.bodies) == 1
        upstream.release.set()
        asking.join(DEADLINE_S)
        [choice] = json.loads(answers[0][1])["choices"]
        assert choice["message"]["content"] == "Almost done."
    assert [row["outcome"] for row in proxy.rows()] == ["ok", "ok"]


def test_what_is_wrong_is_logged_and_all_stays_as_it_was(proxy):
    change(proxy, "[routing]\nmax_attempts = 99\n", "stays as it was")
    assert "line 2: routing.max_attempts is not right" in proxy.log()
    assert post(proxy, HELLO)[0] == 200


def test_a_budget_holds_from_then_on(proxy, upstream):
    assert post(proxy, HELLO)[0] == 200
    budget = '\n[[budgets]]\nscope = "fleet"\nper = "day"\nusd = 0\n'
    change(proxy, MANY + budget + ONLY_UPSTREAM.format(url=upstream.url), "was read again")
    assert post(proxy, HELLO)[0] == 402


def test_what_only_a_restart_changes_is_told(proxy, upstream):
    text = MANY.replace("20000", "30000") + ONLY_UPSTREAM.format(url=upstream.url)
    change(proxy, text, "a restart is needed for http")


def test_logs_may_be_json_and_have_neither_sentences_nor_keys(tmp_path, upstream):
    config = MANY + ONLY_UPSTREAM.format(url=upstream.url)
    with Proxy("127.0.0.1:1", tmp_path, config, arguments=["--log-json"]) as proxy:
        upstream.behave = status(400, {"error": "no"})
        post(proxy, {"messages": [{"role": "user", "content": "my secret sentence"}]})
        change(proxy, "[", "stays as it was")
        lines = [line for line in proxy.log().splitlines() if line.startswith("{")]
    assert {json.loads(line)["level"] for line in lines} >= {"error"}
    assert "secret" not in proxy.log() and "sk-fake" not in proxy.log()


def test_what_can_wait_goes_off_together_and_the_rest_at_once(tmp_path, upstream):
    under_way = most = 0
    fine = say("Fine.")

    async def count(request, body):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.05)
        under_way -= 1
        return await fine(request, body)

    upstream.behave = count
    lane = "batch = 4\nbatch_window_s = 30\n"
    config = MANY + ONLY_UPSTREAM.format(url=upstream.url) + lane
    with (
        Proxy("127.0.0.1:1", tmp_path, config) as proxy,
        ThreadPoolExecutor(4) as pool,
    ):
        patient = {**HELLO, "limpet": {"wait": True}}
        waiting = [pool.submit(post, proxy, patient) for _ in range(3)]
        assert post(proxy, HELLO)[0] == 200  # goes past them
        assert len(upstream.bodies) == 1 and not any(one.done() for one in waiting)
        waiting.append(pool.submit(post, proxy, patient))
        assert [one.result(DEADLINE_S)[0] for one in waiting] == [200] * 4
        assert most == 4 and len(proxy.rows()) == 5
