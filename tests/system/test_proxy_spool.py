"""Postgres is stopped and started under load: every attempt has its row, once."""

import threading
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.system.database_kit import find, postgres
from tests.system.proxy_kit import DEADLINE_S, ONLY_UPSTREAM, Proxy, Upstream, status
from tests.system.test_proxy_budgets import HELLO, WHOLE
from tests.system.test_proxy_http import HTTP_ONLY, post

SHARED = '[shared]\npostgres_env = "SHARED"\n'
CLIENTS = 4


class Load:
    """Clients that ask one request after another until they are told to stop."""

    def __init__(self, proxies):
        self._proxies = proxies
        self._done = threading.Event()
        self.codes: Counter = Counter()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number):
        while not self._done.is_set():
            self.codes[post(self._proxies[number % len(self._proxies)], HELLO)[0]] += 1

    def some_more(self, count=20):
        """Wait until so many more were answered."""
        before = self.codes[200]
        deadline = time.monotonic() + 4 * DEADLINE_S
        while self.codes[200] < before + count:
            assert time.monotonic() < deadline, self.codes
            time.sleep(0.02)

    def end(self):
        self._done.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.timeout(300)
def test_postgres_comes_and_goes_under_load_and_the_counts_are_exact(tmp_path):
    if not find("initdb"):
        pytest.skip("Postgres is not installed")
    pytest.importorskip("asyncpg")
    from cloud_proxy.postgres_book import PostgresBook
    from cloud_proxy.report import read

    with postgres() as server, Upstream() as upstream, ExitStack() as stack:
        upstream.behave = status(200, WHOLE)
        http = HTTP_ONLY.replace("max_inflight_per_device = 2", "max_inflight_per_device = 64")
        config = http + SHARED + ONLY_UPSTREAM.format(url=upstream.url)
        proxies = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            made = Proxy("127.0.0.1:1", tmp_path / name, config, SHARED=server.url)
            proxies.append(stack.enter_context(made))
        load = Load(proxies)
        stack.callback(load.end)
        for _ in range(2):
            load.some_more()
            server.stop()
            load.some_more()
            spools = [p.ledger.with_name(p.ledger.name + ".spool.jsonl") for p in proxies]
            deadline = time.monotonic() + 4 * DEADLINE_S
            while not all(spool.exists() for spool in spools):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            server.start()
        load.some_more()
        load.end()
        deadline = time.monotonic() + 4 * DEADLINE_S
        while True:  # each proxy tries every five seconds
            rows = list(read(PostgresBook(server.url), "the ledger", ""))
            if len(rows) >= len(upstream.bodies) and not any(s.exists() for s in spools):
                break
            assert time.monotonic() < deadline, (len(rows), len(upstream.bodies))
            time.sleep(0.2)
        for proxy in proxies:
            assert proxy.end() == 0, proxy.log()
            assert sorted(p.name for p in proxy.ledger.parent.iterdir()) == [
                "proxy.log", "proxy.toml",
            ]  # fmt: skip
        rows = list(read(PostgresBook(server.url), "the ledger", ""))
    assert set(load.codes) == {200}
    assert len(rows) == len(upstream.bodies) == load.codes[200]
    assert {row["outcome"] for row in rows} == {"ok"}
    assert len({row["request"] for row in rows}) == len(rows)
