"""One of three proxies is killed under load: every request of every device ends exactly once."""

import asyncio
import queue
import threading
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from cloud_proxy.report import attempts
from tests.system.database_kit import find, postgres_server
from tests.system.proxy_kit import DEADLINE_S, ONLY_UPSTREAM, Device, Proxy, Upstream, say

pytestmark = pytest.mark.timeout(300)  # three processes, a database, a busy machine
DEVICES = 6
REQUESTS = 25  # of each device
KILL_AFTER = 40  # requests that the upstream has seen
RETRY_S = 1.5
SHARED = '[shared]\npostgres_env = "SHARED"\n'
BUDGET = '[[budgets]]\nscope = "fleet"\nper = "month"\nusd = 10\n'


def live(device: Device, ended: Counter, alone: threading.Event) -> None:
    """Ask one request after another as a board does: again, with the same id, if nobody answers."""
    for number in range(REQUESTS):
        for retry in range(20):
            words = f"how is it? {device.name} r{number}"
            request_id = device.ask(words, id=f"r{number}", **{"try": retry})
            try:
                reply = device.next(RETRY_S)
                while not (reply["id"] == request_id and reply.get("fin")):
                    reply = device.next(RETRY_S)
            except queue.Empty:
                alone.set()  # somebody had to ask again: the kill was felt
                continue
            assert reply.get("say") == "Fine.", reply
            ended[device.name, request_id] += 1
            break


def killed_under_load(stack, broker, folder, head, **env):
    """Return the upstream, the proxies of which the first was killed, and what was answered."""
    upstream = stack.enter_context(Upstream())
    fine = say("Fine.")

    async def slowly(request, body):
        await asyncio.sleep(0.03)
        return await fine(request, body)

    upstream.behave = slowly
    proxies = []
    for name in ("one", "two", "three"):
        (folder / name).mkdir()
        where = f"{broker.host}:{broker.port}"
        config = head + ONLY_UPSTREAM.format(url=upstream.url)
        proxies.append(stack.enter_context(Proxy(where, folder / name, config, **env)))
    devices = [
        stack.enter_context(Device(broker.host, broker.port, f"d{n}")) for n in range(DEVICES)
    ]
    ended: Counter = Counter()
    felt = threading.Event()
    threads = [threading.Thread(target=live, args=(d, ended, felt)) for d in devices]
    for thread in threads:
        thread.start()
    while len(upstream.bodies) < KILL_AFTER:
        threading.Event().wait(0.01)
    proxies[0].process.kill()
    proxies[0].process.wait()
    for thread in threads:
        thread.join(60)
    assert len(ended) == DEVICES * REQUESTS and set(ended.values()) == {1}
    return upstream, proxies, ended


def asked(upstream) -> Counter:
    """Return how often the upstream was asked each request."""
    words = [body["messages"][-1]["content"].split() for body in upstream.bodies]
    return Counter((device, request) for *_, device, request in words)


def told(rows) -> Counter:
    return Counter((row["device"], row["request"]) for row in rows)


def agree(rows, upstream, ended) -> None:
    """The ledger has a row for each request that came upstream; what was lost may not have left."""
    assert not asked(upstream) - told(rows), "somebody was asked, and the ledger has no row"
    lost = [row for row in rows if row["outcome"] == "lost"]
    assert not (told(rows) - asked(upstream)) - told(lost)
    assert len(lost) <= 2 * DEVICES
    assert all(row["estimated"] and row["cost_ud"] > 140 for row in lost)
    assert {row["outcome"] for row in rows} <= {"ok", "lost"}
    # one that was answered a moment before the kill is lost to the ledger all the same
    assert set(told(rows)) == set(ended), "what was answered is paid for"


def skip_if_alone(broker):
    if broker.kind == "iotcore":
        pytest.skip("the embedded broker gives every member of a share every message")


def test_with_a_ledger_each_the_killed_one_tells_what_it_had_begun_when_it_starts_again(
    broker, tmp_path
):
    skip_if_alone(broker)
    with ExitStack() as stack:
        upstream, proxies, ended = killed_under_load(stack, broker, tmp_path, "")
        rows = [row for proxy in proxies[1:] for row in proxy.rows()]
        before = attempts(proxies[0].ledger)
        assert before and rows, "all three had a share"
        config = ONLY_UPSTREAM.format(url=upstream.url)
        again = Proxy(f"{broker.host}:{broker.port}", tmp_path / "one", config)
        after = again.rows()
        assert not list((tmp_path / "one").glob("*.begun*"))
    assert after[: len(before)] == before
    assert {row["outcome"] for row in after[len(before) :]} <= {"lost"}
    agree(rows + after, upstream, ended)


def test_with_a_shared_ledger_the_others_tell_what_the_killed_one_had_begun(broker, tmp_path):
    skip_if_alone(broker)
    if not find("initdb"):
        pytest.skip("Postgres is not installed")
    pytest.importorskip("asyncpg")
    from cloud_proxy.postgres_book import PostgresBook
    from cloud_proxy.report import read

    def sum_of_account():
        import asyncpg

        async def look():
            database = await asyncpg.connect(url)
            try:
                return await database.fetchval("SELECT sum(ud)::bigint FROM budget")
            finally:
                await database.close()

        return asyncio.run(look())

    with postgres_server() as url, ExitStack() as stack:
        head = SHARED + BUDGET
        upstream, proxies, ended = killed_under_load(stack, broker, tmp_path, head, SHARED=url)
        deadline = time.monotonic() + 4 * DEADLINE_S
        while True:
            rows = list(read(PostgresBook(url), "the ledger", ""))
            missing = asked(upstream) - told(rows)
            if not missing:
                break
            assert time.monotonic() < deadline, missing
            time.sleep(0.5)
        for proxy in proxies[1:]:
            assert proxy.end() == 0, proxy.log()
        rows = list(read(PostgresBook(url), "the ledger", ""))
        spent = sum_of_account()
    agree(rows, upstream, ended)
    keys = [(row["device"], row["request"], row["retry"], row["attempt"]) for row in rows]
    assert len(keys) == len(set(keys))
    # what was lost stays set aside, and that is what its rows say that it cost
    costs = sum(row["cost_ud"] for row in rows)
    most = max((row["cost_ud"] for row in rows if row["outcome"] == "lost"), default=0)
    print(spent, costs, most)
    assert abs(spent - costs) <= DEVICES * most
