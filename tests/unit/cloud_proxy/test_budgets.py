"""Budgets: what may be spent is set aside first, and no order of events exceeds a limit."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_proxy.budgets import Budgets, Limit, longest_window_start_s
from cloud_proxy.candidates import Budget
from cloud_proxy.purse import MemoryStore, Purse, StoreDown

NOON_S = 1795435200.0  # 2026-11-23 12:00 UTC
FLEET = Limit("the fleet", "day", 1000)
EACH = Limit("each device", "hour", 300, each=True)
GREEN = Limit("green", "month", 500, ("gh-*", "roof"))


def purse(*limits, at=NOON_S, killed=False):
    clock = [at]
    return Purse(Budgets(limits), MemoryStore(lambda: killed), lambda: clock[0]), clock


def reserve(held_by, device, ud):
    return asyncio.run(held_by.reserve(device, ud))


LEFT = {
    "no limit at all": ([], "d1", Budget()),
    "a limit of all": ([FLEET], "d1", Budget(1000, "the fleet's day")),
    "the tightest of several counts": ([FLEET, EACH], "d1", Budget(300, "d1's hour")),
    "a group's limit binds its devices": ([FLEET, GREEN], "gh-7", Budget(500, "green's month")),
    "and no others": ([FLEET, GREEN], "d1", Budget(1000, "the fleet's day")),
}


@pytest.mark.parametrize("limits, device, left", LEFT.values(), ids=LEFT)
def test_left(limits, device, left):
    assert purse(*limits)[0].left(device) == left


def test_what_is_set_aside_is_not_left_and_comes_back_when_less_was_spent():
    it, _ = purse(FLEET)
    held = reserve(it, "d1", 600)
    assert it.left("d2").left_ud == 400
    assert reserve(it, "d2", 401) is None
    held.settle(150)
    assert it.left("d2").left_ud == 850


def test_a_device_has_an_hour_of_its_own_and_the_next_hour_is_new():
    it, clock = purse(EACH)
    reserve(it, "d1", 300)
    assert (it.left("d1").left_ud, it.left("d2").left_ud) == (0, 300)
    clock[0] += 3600
    assert it.left("d1").left_ud == 300


def test_what_began_before_midnight_counts_for_the_day_that_it_began_in():
    it, clock = purse(FLEET)
    held = reserve(it, "d1", 1000)
    clock[0] += 86_400
    held.settle(10)
    assert it.left("d1").left_ud == 1000
    clock[0] -= 86_400
    assert it.left("d1").left_ud == 990


def test_if_one_account_is_short_none_is_charged():
    it, _ = purse(FLEET, EACH)
    assert reserve(it, "d1", 301) is None
    assert (
        it.left("d2").left_ud == 300
        and it.store.known_ud(it.budgets.accounts("d1", NOON_S)[0]) == 0
    )


def test_what_is_free_needs_no_money():
    it, _ = purse(replace(FLEET, limit_ud=0))
    assert reserve(it, "d1", 0) is not None and reserve(it, "d1", 1) is None


def test_the_kill_switch_leaves_nothing():
    assert purse(FLEET, killed=True)[0].left("d1") == Budget(0, "the kill switch")


def test_when_the_sums_cannot_be_reached_nothing_that_costs_is_asked():
    class Down(MemoryStore):
        async def reserve(self, accounts, ud):
            raise StoreDown("no route")

    it = Purse(Budgets([FLEET]), Down())
    assert reserve(it, "d1", 5) is None and reserve(it, "d1", 0) is not None


def test_the_month_began_at_its_first_midnight():
    assert longest_window_start_s(NOON_S + 17.5) == NOON_S - 12 * 3600 - 22 * 86_400


moves = st.lists(
    st.tuples(st.sampled_from(["gh-1", "gh-2", "d1"]), st.integers(1, 700), st.floats(0, 1)),
    max_size=40,
)


@given(moves, st.randoms())
def test_no_order_of_reserving_and_settling_exceeds_a_limit(moves, chance):
    it, _ = purse(FLEET, EACH, GREEN)
    held, spent = [], {}

    def settle_one():
        device, money, part = held.pop(chance.randrange(len(held)))
        cost = int(money.ud * part)
        money.settle(cost)
        spent[device] = spent.get(device, 0) + cost

    for device, ud, part in moves:
        money = reserve(it, device, ud)
        if money:
            held.append((device, money, part))
        while held and chance.random() < 0.5:
            settle_one()
        at_worst = dict(spent)
        for name, money, _ in held:
            at_worst[name] = at_worst.get(name, 0) + money.ud
        assert sum(at_worst.values()) <= 1000
        assert all(ud <= 300 for ud in at_worst.values())
        assert at_worst.get("gh-1", 0) + at_worst.get("gh-2", 0) <= 500
    while held:
        settle_one()
    assert it.store.known_ud(it.budgets.accounts("d1", NOON_S)[0]) == sum(spent.values())
