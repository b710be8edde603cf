"""Budgets that operators set: which hold, what is kept, and what the ledger's database sums."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.budgets import Budgets
from cloud_proxy.config import BudgetRow
from cloud_proxy.cost import cost
from cloud_proxy.errors import UserError
from cloud_proxy.ledger import Ledger
from cloud_proxy.metering import Attempt
from cloud_proxy.order_stores import FileOrders
from cloud_proxy.orders import MOST, Order, decode, encode, in_force, key_of
from cloud_proxy.purse import MemoryStore, Purse, StoreDown
from cloud_proxy.report import sums
from cloud_proxy.sqlite_book import SqliteBook
from cloud_proxy.treasury import TooMany, Treasury


def row(scope, per, usd, name=None, devices=()):
    return BudgetRow(scope=scope, per=per, usd=usd, name=name, devices=list(devices))


FLEET, EACH = row("fleet", "month", 20), row("device", "hour", 0.05)
GREEN, RED = row("group", "day", 1, "green", ["gh-*"]), row("group", "day", 2, "red", ["r-*"])
HOLDS = {
    "nothing is set: what is configured holds": ([FLEET, EACH], [], [FLEET, EACH]),
    "what is set is added": ([FLEET], [EACH], [FLEET, EACH]),
    "what is set stands in for the same": (
        [FLEET, EACH], [row("fleet", "month", 5)], [EACH, row("fleet", "month", 5)],
    ),
    "another window is another budget": (
        [FLEET], [row("fleet", "day", 5)], [FLEET, row("fleet", "day", 5)]
    ),
    "another group is another budget": ([GREEN], [RED], [GREEN, RED]),
    "a group by its name, whatever its devices": (
        [GREEN], [row("group", "day", 9, "green", ["x"])], [row("group", "day", 9, "green", ["x"])]
    ),
    "a row configured twice gives way as a whole": (
        [EACH, row("device", "hour", 1, devices=["roof"])], [row("device", "hour", 3)],
        [row("device", "hour", 3)],
    ),
}  # fmt: skip


def orders_of(rows):
    return {key_of(one): Order(one, "alice", 1_700_000_000) for one in rows}


@pytest.mark.parametrize("configured, set_, holds", HOLDS.values(), ids=HOLDS)
def test_what_holds(configured, set_, holds):
    orders = orders_of(set_)
    assert in_force(configured, orders) == holds
    assert decode(encode(orders)) == orders


NO_ORDERS = {
    "another version": '{"v": 2, "budgets": []}',
    "no list": '{"v": 1, "budgets": 5}',
    "nobody's": '{"v": 1, "budgets": [{"scope": "fleet", "per": "day", "usd": 1}]}',
    "a budget that cannot be": '{"v": 1, "budgets": [{"by": "a", "at": 1, "scope": "moon"}]}',
    "no object": "[]",
    "no JSON": "{",
}


@pytest.mark.parametrize("text", NO_ORDERS.values(), ids=NO_ORDERS)
def test_what_is_no_order_is_told_and_never_passed_over(tmp_path, text):
    with pytest.raises(ValueError):
        decode(text)
    file = tmp_path / "l.sqlite.budgets.json"
    file.write_text('{"number": 3, "orders": ' + text + "}")
    with pytest.raises(UserError):
        asyncio.run(treasury(file).open())


def treasury(file, configured=(), spent=lambda _: []):
    return Treasury(configured, Purse(Budgets([]), MemoryStore()), FileOrders(file), spent)


def test_a_file_keeps_what_it_was_told_last_and_refuses_what_is_old(tmp_path):
    async def main():
        store = FileOrders(tmp_path / "b.json")
        assert await store.read() == (0, "") and await store.read(0) is None
        assert await store.replace(0, encode(orders_of([FLEET])))
        assert not await store.replace(0, encode(orders_of([EACH])))
        number, text = await store.read()
        assert number == 1 and decode(text) == orders_of([FLEET])
        assert [file.name for file in tmp_path.iterdir()] == ["b.json"]

    asyncio.run(main())


def test_no_more_are_set_than_may_be(tmp_path):
    async def main():
        it = treasury(tmp_path / "b.json")
        await it.open()
        for n in range(MOST):
            await it.set(row("group", "day", 1, f"g{n}", ["x"]), "alice")
        with pytest.raises(TooMany):
            await it.set(FLEET, "alice")
        await it.set(row("group", "day", 2, "g5", ["x"]), "alice")
        assert len(it.entries()) == MOST

    asyncio.run(main())


def test_if_it_cannot_be_kept_it_does_not_hold(tmp_path):
    async def main():
        it = treasury(tmp_path / "gone" / "b.json")
        await it.open()
        with pytest.raises(StoreDown):
            await it.set(FLEET, "alice")
        assert it.entries() == []

    asyncio.run(main())


def test_if_the_ledger_cannot_be_read_it_does_not_hold(tmp_path):
    def spent(_):
        raise RuntimeError("the disk is on fire")

    async def main():
        it = treasury(tmp_path / "b.json", spent=spent)
        await it.open()
        with pytest.raises(StoreDown):
            await it.set(FLEET, "alice")
        assert it.entries() == [] and not (tmp_path / "b.json").exists()

    asyncio.run(main())


attempts = st.builds(
    Attempt,
    time_ms=st.integers(0, 3 * 86_400_000),
    device=st.sampled_from(["gh-1", "gh-2", "roof"]),
    request=st.sampled_from(["r1", "r2", "r3"]),
    retry=st.integers(0, 2),
    attempt=st.integers(0, 3),
    tier=st.sampled_from(["edge", "groq"]),
    model=st.just("m"),
    input_tokens=st.integers(0, 9999),
    output_tokens=st.integers(0, 9999),
    cached_tokens=st.just(0),
    estimated=st.booleans(),
    cost_ud=st.integers(0, 10**12),
    price_version=st.just("v"),
    ttft_ms=st.none(),
    total_ms=st.integers(0, 9999),
    outcome=st.sampled_from(["ok", "timeout"]),
    why=st.just(""),
    since_ms=st.just(0),
    slo_ms=st.none(),
)


@given(
    st.lists(attempts, max_size=20, unique_by=lambda a: (a.device, a.request, a.retry, a.attempt))
)
def test_the_database_sums_as_the_report_does(tmp_path_factory, rows):
    book = SqliteBook(tmp_path_factory.mktemp("sums") / "l.sqlite")
    book.open()
    book.insert(rows)
    book.shut()
    groups = {str(one.name): one.limit() for one in (GREEN, row("group", "day", 1, "all", ["*"]))}
    for by in ("tier", "device", "group", "day"):
        told = sums([one._asdict() for one in rows], by, groups)
        found = cost(book, by, groups=groups)
        assert found == [{name: one[name] for name in found[0]} for one in told]
    half = [one for one in rows if 1_000 <= one.time_ms < 86_400_000]
    assert sum(one["cost_ud"] for one in cost(book, "tier", 1_000, 86_400_000)) == sum(
        one.cost_ud for one in half
    )


def test_what_was_spent_is_counted_by_device_and_hour(tmp_path):
    one = Attempt(
        3_600_000, "d1", "r1", 0, 0, "up", "m", 5, 3, 0, True, 7, "v", None, 12, "ok", ""
    )  # fmt: skip
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.open()
    for n, (time_ms, device) in enumerate([(3_600_000, "d1"), (7_199_999, "d1"), (7_200_000, "d1"),
                                           (3_600_000, "d2"), (3_599_999, "d1")]):  # fmt: skip
        ledger.record(one._replace(request=f"r{n}", time_ms=time_ms, device=device))
    ledger.close()
    spooled = one._replace(request="spooled", time_ms=7_300_000, cost_ud=100)
    ledger.spool.write_text(json.dumps(spooled._asdict()) + "\n")
    assert sorted(ledger.spent(3600)) == [("d1", 3600, 14), ("d1", 7200, 107), ("d2", 3600, 7)]
