"""Budgets in a running proxy: refused in time, remembered over restarts, stopped by one command."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.proxy_kit import (
    DEADLINE_S,
    ONLY_UPSTREAM,
    USAGE,
    Proxy,
    Upstream,
    chunk,
    events,
    hang_up,
    status,
)
from tests.system.test_proxy_http import HTTP_ONLY, post

COSTS_UD = 140  # what USAGE costs at the prices of ONLY_UPSTREAM
WHOLE = {"choices": [{"message": {"content": "Whole."}}], "usage": USAGE}
HELLO = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 100}
# A token a byte and 272 more at 1, and 100 at 2: what is set aside.
MOST_UD = len(json.dumps(HELLO)) + 272 + 200


def config(upstream, usd, more=""):
    budget = f'\n[[budgets]]\nscope = "fleet"\nper = "month"\nusd = {usd}\n'
    http = HTTP_ONLY.replace("max_inflight_per_device = 2", "max_inflight_per_device = 64")
    return http + budget + more + ONLY_UPSTREAM.format(url=upstream.url)


def until_refused(proxy):
    codes = [post(proxy, HELLO)[0]]
    while codes[-1] != 402:
        codes.append(post(proxy, HELLO)[0])
    return codes


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        upstream.behave = status(200, WHOLE)
        yield upstream


def test_what_many_ask_at_once_never_costs_more_than_the_limit(tmp_path, upstream):
    with Proxy("127.0.0.1:1", tmp_path, config(upstream, 0.002)) as proxy:
        with ThreadPoolExecutor(8) as pool:
            codes = [code for code, _ in pool.map(lambda _: post(proxy, HELLO), range(40))]
        codes += until_refused(proxy)  # now that nothing more is set aside
        assert set(codes) == {200, 402}
        rows = proxy.rows()
    spent = sum(row["cost_ud"] for row in rows)
    assert 2000 - MOST_UD < spent <= 2000
    assert len(rows) == codes.count(200) == len(upstream.bodies)


def test_a_refusal_names_the_limit(tmp_path, upstream):
    with Proxy("127.0.0.1:1", tmp_path, config(upstream, 0.000001)) as proxy:
        code, content = post(proxy, HELLO)
        assert code == 402
        assert "1 are left of the fleet's month" in json.loads(content)["error"]["message"]
        assert not upstream.bodies


def test_a_restart_remembers_what_was_spent(tmp_path, upstream):
    # enough for one worst case, and after one answer no more for a second one
    settings = config(upstream, (COSTS_UD + MOST_UD - 40) / 1e6)
    with Proxy("127.0.0.1:1", tmp_path, settings) as proxy:
        assert post(proxy, HELLO)[0] == 200
    with Proxy("127.0.0.1:1", tmp_path, settings) as proxy:
        code, content = post(proxy, HELLO)
    assert code == 402 and "are left of the fleet's month" in content.decode()


def test_what_breaks_off_counts_too(tmp_path, upstream):
    upstream.behave = events(chunk({"content": "I th" * 40}), then=hang_up)
    with Proxy("127.0.0.1:1", tmp_path, config(upstream, 0.001)) as proxy:
        codes = [post(proxy, {**HELLO, "limpet": {}})[0] for _ in range(3)]
        rows = proxy.rows()
    assert 502 in codes and sum(row["cost_ud"] for row in rows) > 0
    assert all(row["outcome"] == "cut" and row["estimated"] for row in rows)


def test_the_kill_switch_stops_what_costs_and_nothing_else(tmp_path, upstream):
    both = config(upstream, 1.0).replace("enabled = false\n[tiers.up]", "[tiers.up]")
    with Proxy("127.0.0.1:1", tmp_path, both) as proxy:
        free = {"messages": [{"role": "user", "content": "turn on pin 2"}]}
        paid = {**HELLO, "model": "up"}
        assert post(proxy, paid)[0] == 200
        for state, expected in (("on", 402), ("off", 200)):
            command = [sys.executable, "-m", "cloud_proxy", "kill", state]
            subprocess.run([*command, "--ledger", str(proxy.ledger)], check=True)
            deadline = time.monotonic() + DEADLINE_S
            while (got := post(proxy, paid))[0] != expected:
                assert time.monotonic() < deadline, got
            assert post(proxy, free)[0] == 200
