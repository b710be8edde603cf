"""Several proxies share one ledger and one budget, in real Postgres and Redis servers."""

import asyncio
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from aiohttp import web

from cloud_proxy.budgets import Account
from cloud_proxy.ledger import Ledger
from cloud_proxy.metering import Attempt
from cloud_proxy.purse import StoreDown
from tests.system.database_kit import find, postgres_server, redis_server
from tests.system.proxy_kit import DEADLINE_S, Proxy, Upstream, status
from tests.system.test_proxy_budgets import HELLO, MOST_UD, WHOLE, config
from tests.system.test_proxy_http import post

pytestmark = pytest.mark.timeout(300)  # processes, databases, a busy machine
ROW = Attempt(
    1, "d1", "r1", 0, 0, "edge", "m", 5, 3, 0, True, 7, "free", None, 12, "ok", "it was there"
)  # fmt: skip
ACCOUNTS = (
    Account("fleet/day/1", 1000, "the fleet's day"),
    Account("d1/hour/1", 300, "d1's hour"),
)


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        upstream.behave = status(200, WHOLE)
        yield upstream


@pytest.fixture(scope="module")
def postgres():
    if not find("initdb"):
        pytest.skip("Postgres is not installed")
    pytest.importorskip("asyncpg")
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    if not find("redis-server"):
        pytest.skip("Redis is not installed")
    pytest.importorskip("redis")
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["redis", "postgres"])
def store(request):
    """A store that is not connected, and whose accounts nobody has used."""
    server = request.getfixturevalue(request.param)
    if request.param == "redis":
        from cloud_proxy.redis_store import RedisStore as Store

        url = server.url
    else:
        from cloud_proxy.postgres_store import PostgresStore as Store

        url = server
    made = Store(url, lambda: False)
    made.suffix = f"/{time.monotonic_ns()}"
    return made


def accounts(store):
    return tuple(Account(a.key + store.suffix, a.limit_ud, a.words) for a in ACCOUNTS)


def play(store, work):
    async def main():
        await store.connect()
        store.start()
        try:
            return await work(accounts(store))
        finally:
            await store.close()

    return asyncio.run(main())


def test_a_store_adds_to_all_accounts_or_to_none(store):
    async def work(both):
        taken = [await store.reserve(both, 200), await store.reserve(both, 200)]
        return taken, [store.known_ud(account) for account in both]

    assert play(store, work) == ([True, False], [200, 200])


def test_many_at_once_never_exceed_the_limit(store):
    async def work(both):
        taken = await asyncio.gather(*(store.reserve(both[:1], 30) for _ in range(100)))
        return sum(taken)

    assert play(store, work) == 33


def test_what_is_settled_comes_back(store):
    async def work(both):
        assert await store.reserve(both, 300)
        store.settle(both, -250)
        deadline = time.monotonic() + DEADLINE_S
        while not await store.reserve(both, 200):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        return await store.reserve(both, 100)

    assert play(store, work) is False


def test_what_was_set_aside_for_one_who_left_meanwhile_comes_back(store):
    async def work(both):
        asking = asyncio.create_task(store.reserve(both, 300))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        deadline = time.monotonic() + DEADLINE_S
        while not await store.reserve(both, 300):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        return await store.reserve(both, 1)

    assert play(store, work) is False


def test_a_batch_that_is_sent_twice_counts_once(store):
    async def work(both):
        await store.reserve(both, 300)
        for _ in range(2):
            await store.add("batch" + store.suffix, {both[1].key: -100})
        return [await store.reserve(both, 100), await store.reserve(both, 100)]

    assert play(store, work) == [True, False]


def test_when_redis_is_gone_that_is_told_and_what_was_settled_is_sent_later(tmp_path):
    if not find("redis-server"):
        pytest.skip("Redis is not installed")
    pytest.importorskip("redis")
    from cloud_proxy.redis_store import RedisStore

    with redis_server(tmp_path) as server:

        async def main():
            store = RedisStore(server.url, lambda: False)
            await store.connect()
            store.start()
            assert await store.reserve(ACCOUNTS, 300)
            await asyncio.to_thread(server.stop)
            with pytest.raises(StoreDown):
                await store.reserve(ACCOUNTS, 1)
            store.settle(ACCOUNTS, -200)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(server.start)
            deadline = time.monotonic() + DEADLINE_S
            while True:
                try:
                    if await store.reserve(ACCOUNTS, 150):
                        break
                except StoreDown:
                    pass
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            await store.close()

        asyncio.run(main())


def test_rows_arrive_in_postgres_once_and_none_of_the_same_key_is_lost(postgres, tmp_path):

    from cloud_proxy.postgres_book import PostgresBook

    book = PostgresBook(postgres)
    for _ in range(2):  # the same rows again, as from a spool
        ledger = Ledger(tmp_path / "l.sqlite", book)
        ledger.open()
        ledger.record(ROW)
        ledger.record(ROW._replace(cost_ud=9))
        ledger.close()
    found = [(values[4], values[11]) for values in book.rows() if values[1] == "d1"]
    assert found == [(0, 7), (1, 9)]
    assert ledger.spent(0)[0][2] == 16
    assert not (tmp_path / "l.sqlite").exists()


def test_rows_are_spooled_while_postgres_is_gone(tmp_path):
    if not find("initdb"):
        pytest.skip("Postgres is not installed")
    pytest.importorskip("asyncpg")
    from cloud_proxy.postgres_book import PostgresBook

    with postgres_server() as url:
        ledger = Ledger(tmp_path / "l.sqlite", PostgresBook(url))
        ledger.open()
        ledger.record(ROW)
        ledger.close()
        again = Ledger(tmp_path / "l.sqlite", PostgresBook(url))
        again.open()
    again.record(ROW)
    again.close()
    assert json.loads(again.spool.read_text())["request"] == "r1"


async def each_character(request, body):
    """Answer like an upstream whose tokens are characters, and that says all it may."""
    texts = [message["content"] for message in body["messages"]]
    texts.append(json.dumps(body.get("tools", ""), ensure_ascii=False))
    usage = {"prompt_tokens": sum(map(len, texts)), "completion_tokens": body["max_tokens"]}
    return web.json_response({**WHOLE, "usage": usage})


TOKENIZERS = {
    "an upstream that counts as we expect": (status(200, WHOLE), HELLO),
    "an upstream whose tokens are characters": (
        each_character,
        {**HELLO, "messages": [{"role": "user", "content": "0123456789" * 30}]},
    ),
}


@pytest.mark.parametrize("behave, ask", TOKENIZERS.values(), ids=TOKENIZERS)
@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_four_proxies_never_spend_more_than_the_one_budget(
    kind, behave, ask, request, tmp_path, upstream
):
    upstream.behave = behave
    began_ms = int(time.time() * 1000)
    most_ud = MOST_UD + len(json.dumps(ask))
    server = request.getfixturevalue(kind)
    url = server.url if kind == "redis" else server
    shared = f'\n[shared]\n{kind}_env = "SHARED"\n'
    settings = config(upstream, 0.002, shared).replace(
        'scope = "fleet"', f'scope = "group"\nname = "{kind}{len(str(ask))}"\ndevices = ["*"]'
    )
    with ExitStack() as stack:
        proxies = []
        for number in range(4):
            folder = tmp_path / str(number)
            folder.mkdir()
            proxies.append(stack.enter_context(Proxy("127.0.0.1:1", folder, settings, SHARED=url)))
        with ThreadPoolExecutor(8) as pool:
            asked = pool.map(lambda number: post(proxies[number % 4], ask), range(80))
            codes = [code for code, _ in asked]
        assert set(codes) == {200, 402}
        command = [sys.executable, "-m", "cloud_proxy", "report", "--rows", "--json"]
        rows = []
        for proxy in proxies:
            assert proxy.end() == 0, proxy.log()
            if kind == "redis" or not rows:
                more = ["--config", str(proxy.ledger.parent / "proxy.toml")]
                more += ["--ledger", str(proxy.ledger)]
                done = subprocess.run(
                    [*command, *more], capture_output=True, text=True,
                    env={**os.environ, "SHARED": url},
                )  # fmt: skip
                if done.returncode == 0:
                    found = json.loads(done.stdout)
                    rows += [row for row in found if row["time_ms"] >= began_ms]
    keys = {(row["time_ms"], row["request"]): row["cost_ud"] for row in rows}
    spent = sum(keys.values())
    assert len(keys) == codes.count(200) == len(upstream.bodies)
    assert 2000 - 5 * most_ud < spent <= 2000


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_server_that_is_not_there_is_told_at_the_start(kind, tmp_path, upstream):
    pytest.importorskip("asyncpg")
    pytest.importorskip("redis")
    file = tmp_path / "proxy.toml"
    file.write_text(config(upstream, 1.0, f'\n[shared]\n{kind}_env = "SHARED"\n'))
    scheme = "redis" if kind == "redis" else "postgresql"
    done = subprocess.run(
        [sys.executable, "-m", "cloud_proxy", "serve", "--config", str(file),
         "--ledger", str(tmp_path / "l.sqlite")],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "SHARED": f"{scheme}://127.0.0.1:1/0", "FAKE_KEY": "k"},
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.startswith("error: the "), done.stderr
    assert "Traceback" not in done.stderr
