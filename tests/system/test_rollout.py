"""A rollout over a real broker, to devices of the protocol's level that fetch and switch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from host.broker import Broker
from host.broker_address import read_address
from host.errors import UserError
from host.fleet_facts import Fleet, look
from host.operator import Operator
from host.rollout import ABORTED, FINISHED, HALTED, PAUSED, Plan, Rollout
from host.rollout_claim import Holder
from host.rollout_run import LOCK, Carrier, begin, is_running, load, locked, save, wish
from tests.system.rollout_kit import FILE, JOB_ID, PAYLOAD, RELEASE, Taker

PLAN = Plan((50, 100), soak_s=0, cap=2, max_failures=2, min_ended=100, silence_s=600)


class Site:
    """Six devices and a folder for the state."""

    def __init__(self, broker: Broker, folder: Path, stack: ExitStack, **ends: str) -> None:
        self.port, self.folder = broker.port, folder
        self.names = [f"d{i}" for i in range(6)]
        self.takers = {
            name: stack.enter_context(Taker(broker.port, name, ends.get(name, "done")))
            for name in self.names
        }
        self.told: list[tuple[str, int]] = []

    def begin(self, plan: Plan = PLAN) -> Rollout:
        return begin(self.folder, JOB_ID, plan, self.names)

    def go(self, rollout: Rollout, during: Callable[[Rollout], None] = lambda r: None) -> Rollout:
        def told(now: Rollout) -> None:
            self.told.append((now.status, now.wave))
            during(now)

        fleet, holder = Fleet(), Holder(JOB_ID, self.folder / LOCK)

        def heard(topic: str, payload: bytes) -> None:
            fleet.take(topic, payload)
            holder.heard(topic, payload)

        address = read_address(f"127.0.0.1:{self.port}")
        with locked(self.folder), Operator(address, heard) as operator:
            look(operator, fleet)
            with holder.taken(operator, rollout):
                carrier = Carrier(self.folder, rollout, PAYLOAD, RELEASE.block, told, holder)
                carrier.go(operator, fleet)
        return rollout


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def test_all_get_it_whole_the_canary_first(
    broker: Broker, tmp_path: Path, stack: ExitStack
) -> None:
    site = Site(broker, tmp_path, stack)
    alone: list[int] = []
    done = site.go(site.begin(), lambda now: alone.append(len(now.order) - now.counts["waiting"]))
    assert (done.status, done.counts) == (FINISHED, {"done": 6})
    assert all(taker.file == FILE and len(taker.jobs) == 1 for taker in site.takers.values())
    assert [wave for _, wave in site.told] == sorted(wave for _, wave in site.told)
    assert alone[0] == 1 and load(tmp_path).status == FINISHED


def test_a_canary_that_fails_halts_it_and_it_says_why(
    broker: Broker, tmp_path: Path, stack: ExitStack
) -> None:
    site = Site(broker, tmp_path, stack, d0="failed")
    halted = site.go(site.begin())
    assert (halted.status, halted.why) == (HALTED, "the canary has failed")
    assert halted.progress["d0"].why == "import error"
    assert not any(site.takers[name].jobs for name in site.names[1:])


def test_a_halt_takes_the_offer_back_from_those_who_fetch(
    broker: Broker, tmp_path: Path, stack: ExitStack
) -> None:
    site = Site(broker, tmp_path, stack, d1="failed", d2="failed")
    site.takers["d3"].gate.clear()
    halted = site.go(site.begin(Plan((100,), soak_s=0, cap=3, max_failures=2, min_ended=100)))
    assert halted.status == HALTED and halted.counts["failed"] == 2
    for name, taker in site.takers.items():
        if halted.progress[name].state == "waiting" and taker.jobs:
            taker.wait_for(lambda taker=taker: taker.jobs[-1] == b"", "the end of the offer")
    site.takers["d3"].gate.set()


def test_pause_resume_and_abort_come_from_another_terminal(
    broker: Broker, tmp_path: Path, stack: ExitStack
) -> None:
    site = Site(broker, tmp_path, stack)
    wishes = iter(["pause", "resume", "abort"])
    states: list[str] = []

    def during(now: Rollout) -> None:
        if states[-1:] != [now.status]:
            states.append(now.status)
            assert is_running(tmp_path)
            for wanted in wishes:
                wish(tmp_path, wanted)
                break

    for taker in site.takers.values():
        taker.gate.clear()
    done = site.go(site.begin(), during)
    assert states == ["running", PAUSED, "running", ABORTED] and done.status == ABORTED
    for taker in site.takers.values():
        taker.gate.set()


def test_it_goes_on_where_an_operator_was_killed(
    broker: Broker, tmp_path: Path, stack: ExitStack
) -> None:
    site = Site(broker, tmp_path, stack)

    class Killed(Exception):
        pass

    def during(now: Rollout) -> None:
        if now.counts["done"] >= 2:
            raise Killed

    with pytest.raises(Killed):
        site.go(site.begin(), during)
    again = site.begin()
    assert again.counts["done"] >= 2
    assert site.go(again).counts == {"done": 6}
    assert all(taker.file == FILE for taker in site.takers.values())


def test_two_operators_cannot_run_the_same(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(UserError) as caught, locked(tmp_path):
        pass
    assert "somebody else holds its lock" in str(caught.value)


def test_the_state_of_another_job_is_not_gone_on_with(tmp_path: Path) -> None:
    save(tmp_path, Rollout("other", PLAN, ["d0"]))
    with pytest.raises(UserError) as caught:
        begin(tmp_path, JOB_ID, PLAN, ["d0"])
    assert "another job" in str(caught.value)


DAMAGED: dict[str, Any] = {
    "no JSON": b"{",
    "another version": b'{"version": 2}',
    "a list": b"[]",
    "a field that is none": b'{"version": 1, "id": "a", "plan": {"x": 1}, "order": []}',
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_state_that_is_none_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rollout.json").write_bytes(data)
    with pytest.raises(UserError) as caught:
        load(tmp_path)
    assert "is no rollout" in str(caught.value)
