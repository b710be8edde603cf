"""The claim on a rollout: of operators on any number of machines one runs it, whatever happens.

Each operator has a folder of its own, as on another machine; what it may do is shown by what it
does: by the steps it is let go on to, and by the offers that devices get.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from host.broker import Broker
from host.broker_address import read_address
from host.errors import UserError
from host.operator import Operator
from host.rollout import FAILED, HALTED, Plan, Rollout
from host.rollout_claim import Holder
from host.rollout_run import LOCK, load
from tests.system.fleet_kit import LIMIT_S, Client
from tests.system.link_kit import Line
from tests.system.rollout_kit import JOB_ID, NAMES, Site, ended, told

pytestmark = pytest.mark.timeout(600)
QUIET_S = 5.0  # in the place of half a minute
DESKS = ("a", "b", "c")
DEAD = json.dumps(
    dict.fromkeys(("by", "who", "place", "status", "why"), "nobody")
    | {"n": 3, "what": "holds", "wave": 1, "failed": {}}
).encode()


class Desk:
    """An operator at a machine of his own: takes the claim and holds it, step by step."""

    def __init__(self, port: int, folder: Path, silent_s: float = QUIET_S) -> None:
        folder.mkdir(exist_ok=True)
        (folder / LOCK).touch()
        self.rollout = Rollout(JOB_ID, Plan(), list(NAMES))
        self.holder = Holder(JOB_ID, folder / LOCK, silent_s)
        self._port = port
        self._end = ExitStack()

    def take(self, take_over: bool = False, looked: Callable[[], Any] = lambda: None) -> Self:
        """looked: called when it knows what the broker keeps, and has not yet asked for it."""

        class Watched(Operator):
            def subscribe(self, topics: Sequence[str]) -> None:
                super().subscribe(topics)
                looked()

        address = read_address(f"127.0.0.1:{self._port}")
        self.operator = self._end.enter_context(Watched(address, self.holder.heard))
        with ExitStack() as on_error:
            on_error.callback(self._end.close)
            self._end.enter_context(self.holder.taken(self.operator, self.rollout, take_over))
            on_error.pop_all()
        return self

    def goes_on(self, until: Callable[[], bool] = lambda: True) -> None:
        """Go on until it is let make a step and that is true. Raises UserError once it has lost."""
        deadline = time.monotonic() + LIMIT_S
        while not (self.holder.keep() and until()):
            assert time.monotonic() < deadline, "it is not let go on"
            time.sleep(0.02)

    def loses(self) -> str:
        """Go on until it has lost the claim; return why."""
        with pytest.raises(UserError) as caught:
            self.goes_on(lambda: False)
        return str(caught.value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._end.close()


@pytest.fixture
def line(broker: Broker) -> Iterator[Line]:
    made = Line(broker.port)
    yield made
    made.close()


def test_who_comes_second_is_refused_and_told_who_has_it(broker: Broker, tmp_path: Path) -> None:
    with Desk(broker.port, tmp_path / "a") as first:
        first.take()
        beating = threading.Event()

        def beat() -> None:
            while not beating.is_set():
                first.goes_on()

        thread = threading.Thread(target=beat)
        thread.start()
        try:
            with Desk(broker.port, tmp_path / "b") as second:
                for wished in (False, True):
                    with pytest.raises(UserError) as caught:
                        second.take(take_over=wished)
                    assert "runs this rollout" in str(caught.value)
        finally:
            beating.set()
            thread.join()
        first.goes_on()


@pytest.mark.parametrize("ahead_s", [0, 86400, -86400], ids=["same", "a day on", "a day back"])
def test_of_those_who_come_at_the_same_moment_one_gets_it_whatever_their_clocks_say(
    broker: Broker, tmp_path: Path, ahead_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each second round they follow one who is silent."""
    real = time.time
    monkeypatch.setattr(
        time, "time", lambda: real() + (ahead_s if "b" in threading.current_thread().name else 0)
    )
    for number in range(4):
        with Client(broker.port, "before") as before:
            before.send(Holder(JOB_ID, tmp_path).topic, DEAD if number % 2 else b"", retain=True)
        gate = threading.Barrier(len(DESKS))
        desks = {name: Desk(broker.port, tmp_path / f"{name}{number}") for name in DESKS}
        got: list[str] = []
        lost: list[str] = []

        def come(name: str, desk: Desk, gate: Any, got: Any, lost: Any) -> None:
            try:
                desk.take(take_over=True, looked=lambda: gate.wait(LIMIT_S))
                got.append(name)
                desk.goes_on(lambda: len(lost) == len(DESKS) - 1)
            except UserError:
                lost.append(name)

        threads = [
            threading.Thread(target=come, args=(name, desk, gate, got, lost), name=name)
            for name, desk in desks.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        assert len(got) == 1 and len(lost) == 2
        desks[got[0]].goes_on()
        for desk in desks.values():
            with desk:
                pass


def test_who_looked_while_it_was_free_and_asks_once_it_is_taken_is_refused(
    broker: Broker, tmp_path: Path
) -> None:
    with Desk(broker.port, tmp_path / "a") as first, Desk(broker.port, tmp_path / "b") as second:
        with pytest.raises(UserError) as caught:
            second.take(looked=first.take)
        assert "runs this rollout" in str(caught.value)
        first.operator.settle()
        first.goes_on()


@pytest.mark.parametrize("other, goes_on", [("", False), ("z", True)], ids=["loses", "goes on"])
def test_of_two_who_both_hold_the_same_turn_each_knows_which_of_them(
    broker: Broker, tmp_path: Path, other: str, goes_on: bool
) -> None:
    """A broker that forgot, and a connection that came back at the wrong moment, may make two."""
    with Desk(broker.port, tmp_path / "a") as first, Client(broker.port, "second") as second:
        first.take()
        first.goes_on()
        turn = json.loads(DEAD) | {"n": first.rollout.term, "by": other}
        second.subscribe(first.holder.topic)
        second.wait_for(lambda: bool(second.heard))
        second.send(first.holder.topic, json.dumps(turn).encode(), retain=True)
        first.operator.settle()
        if not goes_on:
            assert "has taken it over" in first.loses()
            return
        first.goes_on()  # and says so: what is kept is its claim again
        second.wait_for(lambda: len(second.heard) >= 3 and first_says(second.heard[-1][1]))


def first_says(payload: bytes) -> bool:
    return json.loads(payload)["by"] not in ("", "z")


def test_a_silent_one_is_followed_only_by_whom_it_is_wished_of_and_learns_it(
    broker: Broker, line: Line, tmp_path: Path
) -> None:
    with Desk(line.port, tmp_path / "a") as first, Desk(broker.port, tmp_path / "b") as second:
        first.take()
        first.rollout.wave = 2
        first.rollout.progress["d3"].state, first.rollout.progress["d3"].why = FAILED, "no Wi-Fi"
        first.holder.changed()
        first.goes_on()
        first.operator.settle()  # the broker has it
        line.gone = True  # its packets go nowhere, and nobody is told
        with pytest.raises(UserError) as caught:
            second.take()
        assert "--take-over" in str(caught.value) and "1 have failed" in str(caught.value)
        second.take(take_over=True)
        assert (second.rollout.wave, second.rollout.progress["d3"].why) == (2, "no Wi-Fi")
        second.goes_on()
        line.gone = False
        line.cut()
        assert "has taken it over" in first.loses()
        second.goes_on()


def test_one_whose_machine_slept_asks_before_its_next_step(
    broker: Broker, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still has its connection, and what came meanwhile is not read yet."""
    with Desk(line.port, tmp_path / "a") as first, Desk(broker.port, tmp_path / "b") as second:
        first.take()
        first.goes_on()
        held = threading.Event()

        def hold(_: int, packet: bytes) -> bytes:
            assert held.wait(LIMIT_S)
            return packet

        line.to_board = hold
        second.take(take_over=True)
        second.goes_on()
        real = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + 3600)
        threading.Timer(0.5, held.set).start()
        with pytest.raises(UserError) as caught:
            first.holder.keep()  # not even one step
        assert "has taken it over" in str(caught.value)
        second.goes_on()


def test_a_broker_that_restarts_and_forgets_leaves_it_with_whom_it_was(
    broker: Broker, tmp_path: Path
) -> None:
    with Desk(broker.port, tmp_path / "a") as first:
        first.take()
        sessions = first.operator.sessions
        broker.close()  # what it kept is gone
        broker.start()
        first.goes_on(lambda: first.operator.sessions > sessions)
        with Desk(broker.port, tmp_path / "b") as second:
            with pytest.raises(UserError) as caught:
                second.take()
            assert "has begun this rollout" in str(caught.value)
        first.goes_on()


def test_after_a_broker_forgot_one_runs_it_also_if_another_came_first(
    broker: Broker, line: Line, tmp_path: Path
) -> None:
    with Desk(line.port, tmp_path / "a") as first, Desk(broker.port, tmp_path / "b") as second:
        first.take()
        first.goes_on()
        first.operator.settle()
        line.refuse()
        broker.close()
        broker.start()
        second.holder._by = "z"  # noqa: SLF001  (in a tie it would be the one to give way)
        second.take()
        second.goes_on()
        line.listen()
        assert "has taken it over" in first.loses()
        second.goes_on()


def test_a_claim_that_is_emptied_stops_whoever_has_it(broker: Broker, tmp_path: Path) -> None:
    with Desk(broker.port, tmp_path / "a") as first, Client(broker.port, "someone") as someone:
        first.take()
        someone.send(first.holder.topic, b"", retain=True)
        assert "was taken from the broker" in first.loses()


NO_CLAIMS = {
    "no JSON": b"\xff",
    "a list": b"[]",
    "half of one": b'{"n": 4}',
    "a turn that is no number": json.dumps(
        dict.fromkeys(("by", "who", "what", "place", "status", "why"), "x")
        | {"n": "9", "wave": 0, "failed": {}}
    ).encode(),
}


@pytest.mark.parametrize("payload", NO_CLAIMS.values(), ids=NO_CLAIMS)
def test_what_is_no_claim_claims_nothing(broker: Broker, tmp_path: Path, payload: bytes) -> None:
    with Desk(broker.port, tmp_path / "a") as desk, Client(broker.port, "someone") as someone:
        someone.send(desk.holder.topic, payload, retain=True)
        desk.take().goes_on()
        someone.send(desk.holder.topic, payload, retain=True)
        desk.goes_on()


@pytest.fixture
def site(broker: Broker, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(broker, tmp_path, stack)


def test_two_machines_cannot_run_it_and_the_second_goes_on_when_the_first_was_killed(
    site: Site,
) -> None:
    for taker in site.takers.values():
        taker.gate.clear()
    desk = site.start("desk", "--canary", "d0")
    site.takers["d0"].gate.set()
    told(desk, done=1, fetch=2)  # the canary is done, a wave is under way
    before = site.offers()
    assert "runs this rollout" in ended(site.start("laptop"), 1)
    assert "runs this rollout" in ended(site.start("laptop", "--take-over"), 1)
    assert site.offers() == before
    desk.kill()
    laptop = site.start("laptop", "--take-over")
    told(laptop, done=1, fetch=2)
    for taker in site.takers.values():
        taker.gate.set()
    assert '"finished"' in ended(laptop, 0)
    # Who had it was not asked again; the first one, back, is told who has gone on.
    assert site.offers() == dict.fromkeys(NAMES, 1)
    assert "--take-over" in ended(site.start("desk"), 1)


def test_one_that_stood_still_offers_nothing_once_it_was_taken_over(site: Site) -> None:
    desk = site.start("desk", "--canary", "d0", "--soak", "3600")
    told(desk, done=1)
    os.kill(desk.pid, signal.SIGSTOP)
    laptop = site.start("laptop", "--take-over", "--soak", "3600")
    told(laptop, done=1)
    state = site.folder / "desk" / "rollout.json"
    before = state.read_bytes()
    os.kill(desk.pid, signal.SIGCONT)
    assert "has taken it over" in ended(desk, 1)
    assert site.offers() == dict.fromkeys(NAMES, 0) | {"d0": 1} and state.read_bytes() == before
    laptop.send_signal(signal.SIGINT)
    ended(laptop, 130)


def test_what_has_failed_before_counts_for_who_takes_over(site: Site) -> None:
    site.takers["d1"].ends = "failed"
    for name in NAMES[2:]:
        site.takers[name].gate.clear()
    wave = ("--canary", "d0", "--waves", "100", "--cap", "5", "--max-failures", "2")
    desk = site.start("desk", *wave)
    told(desk, done=1, failed=1)
    desk.kill()
    laptop = site.start("laptop", *wave, "--take-over")
    told(laptop, done=1, failed=1)
    site.takers["d2"].ends = "failed"
    site.takers["d2"].gate.set()
    assert "2 have failed" in ended(laptop, 1)
    for name in NAMES[3:]:
        site.takers[name].gate.set()
    assert load(site.folder / "laptop").status == HALTED
    assert max(site.offers().values()) == 1
