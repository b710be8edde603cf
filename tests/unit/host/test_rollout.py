"""Whom a rollout offers an update to, and when it stops; boards are modelled, time is virtual."""

import heapq
import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from host.rollout import (
    ABORTED,
    DONE,
    FAILED,
    FETCH,
    FINISHED,
    HALTED,
    OFFERED,
    PAUSED,
    RUNNING,
    TRIAL,
    Plan,
    Rollout,
    from_json,
    to_json,
)

PLAN = Plan(soak_s=100, cap=50, max_failures=5, max_failed_pct=2, min_ended=100, silence_s=600)


class Fleet:
    """Boards that take an offered job, in virtual seconds: fetch, trial, then done or failed.

    away: names that are offline. bad: whose trial fails. mute: who never begins. stuck: who says
    nothing after fetch.
    """

    def __init__(self, rollout: Rollout, seed: int = 1, **kinds: set[str]) -> None:
        self.rollout, self.now_s = rollout, 1000.0
        self.away, self.bad = kinds.get("away", set()), kinds.get("bad", set())
        self.mute, self.stuck = kinds.get("mute", set()), kinds.get("stuck", set())
        self.random = random.Random(seed)
        self.events: list[tuple[float, int, str, str]] = []
        self.offered: list[str] = []
        self.retracted: list[str] = []
        self.jobs: dict[str, int] = {}  # which offer a device follows
        self.said: dict[str, str] = {}
        self.most_at_once = 0

    def run(self, until: Callable[[], bool] = lambda: False, limit_s: float = 1e6) -> None:
        """Step each virtual second while it runs."""
        end_s = self.now_s + limit_s
        while self.rollout.status == RUNNING and self.now_s < end_s and not until():
            while self.events and self.events[0][0] <= self.now_s:
                self._say(*heapq.heappop(self.events))
            self._act()
            self.now_s += 1
        self._act()

    def end(self) -> None:
        """Let those end that are under way."""
        while self.events:
            self._say(*heapq.heappop(self.events))

    def _say(self, at_s: float, job: int, name: str, state: str) -> None:
        if self.jobs.get(name) == job:
            self.said[name] = state
            self.rollout.heard(name, state, "import error" if state == FAILED else "", at_s)

    def _act(self) -> None:
        for what, name in self.rollout.step(lambda name: name not in self.away, self.now_s):
            if what == "retract":
                self.retracted.append(name)
                if self.said.get(name) != TRIAL:  # else it is too late
                    self.jobs.pop(name)
                continue
            self.offered.append(name)
            job = self.jobs[name] = len(self.offered)
            at_s = self.now_s
            end = FAILED if name in self.bad else DONE
            states = (FETCH,) if name in self.stuck else (FETCH, TRIAL, end)
            for state in () if name in self.mute else states:
                at_s += self.random.uniform(1, 40)
                heapq.heappush(self.events, (at_s, job, name, state))
        under_way = sum(self.rollout.counts[state] for state in (OFFERED, FETCH, TRIAL))
        self.most_at_once = max(self.most_at_once, under_way)


def made(count: int = 1000, plan: Plan = PLAN) -> Rollout:
    return Rollout("job-1", plan, [f"d{i:04}" for i in range(count)])


def test_a_good_update_goes_to_one_then_1_5_25_and_100_percent() -> None:
    fleet = Fleet(made())
    sizes: list[int] = []
    for target in (1, 10, 50, 250):
        fleet.run(until=lambda: bool(fleet.rollout.calm_since))
        sizes.append(len(fleet.offered))
        assert fleet.rollout.counts[DONE] == target
        calm_s = fleet.now_s
        fleet.run(until=lambda target=target: len(fleet.offered) > target)
        assert fleet.now_s - calm_s >= PLAN.soak_s - 2
    fleet.run()
    assert sizes == [1, 10, 50, 250]
    assert fleet.rollout.status == FINISHED and fleet.rollout.counts[DONE] == 1000
    assert fleet.most_at_once <= PLAN.cap and sorted(set(fleet.offered)) == sorted(fleet.offered)


def test_a_canary_that_fails_is_the_only_one() -> None:
    fleet = Fleet(made(), bad={"d0000"})
    fleet.run()
    assert (fleet.rollout.status, fleet.offered) == (HALTED, ["d0000"])
    assert fleet.rollout.why == "the canary has failed"


def test_a_canary_that_is_offline_is_another() -> None:
    fleet = Fleet(made(), away={"d0000", "d0001"})
    fleet.run(until=lambda: bool(fleet.offered))
    assert fleet.offered == ["d0002"]


@pytest.mark.parametrize("seed", range(8))
def test_a_build_that_is_bad_for_3_percent_halts_with_the_harm_bounded(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"d{i:04}" for i in range(1000)]
    bad = set(chance.sample(names, 30))
    away = set(chance.sample(names, 100))
    plan = replace(PLAN, cap=10)
    fleet = Fleet(made(plan=plan), seed, bad=bad, away=away)
    fleet.run()
    fleet.end()
    assert fleet.rollout.status == HALTED
    assert 1 <= fleet.rollout.counts[FAILED] <= plan.most_harm == 14 < len(bad - away)
    assert not away & set(fleet.offered)


def test_a_share_halts_what_the_count_would_let_pass_but_not_before_enough_have_ended() -> None:
    plan = replace(PLAN, max_failures=1000, max_failed_pct=10, min_ended=100)
    fleet = Fleet(made(plan=plan), bad={f"d{i:04}" for i in range(1, 1000, 4)})
    fleet.run()
    ended = fleet.rollout.counts[DONE] + fleet.rollout.counts[FAILED]
    assert (
        fleet.rollout.status == HALTED and ended >= 100 and "more than 10 %" in fleet.rollout.why
    )


def test_who_is_offline_is_passed_over_and_gets_it_when_it_is_wanted_again() -> None:
    fleet = Fleet(made(100), away={f"d{i:04}" for i in range(10, 20)})
    fleet.run()
    assert fleet.rollout.status == FINISHED and fleet.rollout.counts == {DONE: 90, "waiting": 10}
    fleet.away = set()
    fleet.rollout.resume()
    fleet.run()
    assert fleet.rollout.counts == {DONE: 100}


def test_who_does_not_begin_does_no_harm_and_who_is_lost_on_the_way_has_failed() -> None:
    fleet = Fleet(made(10), mute={"d0003"}, stuck={"d0004"})
    fleet.run(limit_s=2000)
    assert "d0003" in fleet.retracted and fleet.rollout.progress["d0003"].state != FAILED
    assert fleet.rollout.progress["d0004"].state == FAILED
    assert fleet.rollout.progress["d0004"].why == "nothing heard after fetch"


def test_pause_lets_those_under_way_end_and_offers_nothing() -> None:
    fleet = Fleet(made(100))
    fleet.run(until=lambda: len(fleet.offered) > 20)
    fleet.rollout.pause()
    count = len(fleet.offered)
    fleet.run()
    assert (fleet.rollout.status, len(fleet.offered)) == (PAUSED, count)
    fleet.rollout.resume()
    fleet.run()
    assert fleet.rollout.counts == {DONE: 100}


def test_abort_takes_it_back_from_those_who_have_not_begun() -> None:
    fleet = Fleet(made(100), mute={f"d{i:04}" for i in range(1, 100)})
    fleet.run(until=lambda: len(fleet.offered) > 1)
    fleet.rollout.abort("by the operator")
    fleet.run()
    assert fleet.rollout.status == ABORTED and fleet.retracted == fleet.offered[1:]


def test_it_goes_on_from_what_was_written_at_any_moment() -> None:
    fleet = Fleet(made(200))
    while fleet.rollout.status == RUNNING:
        fleet.run(limit_s=7)
        fleet.rollout = from_json(json.loads(json.dumps(to_json(fleet.rollout))))
    assert fleet.rollout.counts == {DONE: 200} and len(fleet.offered) == 200


def test_after_a_halt_that_a_person_forgave_as_many_more_halt_it_again() -> None:
    fleet = Fleet(made(), bad={f"d{i:04}" for i in range(1, 1000, 3)})
    fleet.run()
    first = fleet.rollout.counts[FAILED]
    assert fleet.rollout.status == HALTED
    fleet.rollout.resume()
    fleet.run()
    assert fleet.rollout.status == HALTED and fleet.rollout.counts[FAILED] > first


def test_what_another_operator_saw_counts_as_if_it_was_seen_here() -> None:
    rollout = made(100, replace(PLAN, max_failures=3))
    rollout.heard("d0000", DONE, "", 1.0)
    rollout.adopt({"d0007": "no Wi-Fi", "elsewhere": "it hangs", "d0000": "?"}, 2, RUNNING, "")
    assert rollout.wave == 2 and rollout.counts[FAILED] == 2
    assert rollout.progress["d0000"].state == DONE
    rollout.step(lambda name: True, 2.0)
    assert rollout.status == RUNNING
    rollout.heard("d0008", FAILED, "", 3.0)
    rollout.step(lambda name: True, 3.0)
    assert rollout.status == HALTED and "3 have failed" in rollout.why


def test_what_another_operator_saw_halt_stays_halted() -> None:
    rollout = made(10)
    rollout.adopt({}, 0, HALTED, "the canary has failed")
    assert (rollout.status, rollout.why) == (HALTED, "the canary has failed")
    assert not rollout.step(lambda name: True, 1.0)


PLANS = {
    "waves that fall": {"waves": (5, 1, 100)},
    "waves that do not end": {"waves": (1, 5)},
    "no waves": {"waves": ()},
    "nobody at a time": {"cap": 0},
    "no failure is allowed to happen": {"max_failures": 0},
    "a share beyond all": {"max_failed_pct": 101},
    "a time that is negative": {"soak_s": -1},
}


@pytest.mark.parametrize("fields", PLANS.values(), ids=PLANS)
def test_a_plan_that_cannot_be_followed_is_none(fields: dict) -> None:
    with pytest.raises(ValueError):
        replace(PLAN, **fields)
