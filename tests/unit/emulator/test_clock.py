"""Virtual time without a board: the timeline, the clock and its alarms."""

import threading

import pytest

from host.emulator.clock import READ_COST_US, Clock
from host.emulator.timeline import Timeline

LIMIT_S = 10.0


def make(limit_us: int = 1_000_000, attend=lambda: False) -> tuple[Timeline, Clock]:
    timeline = Timeline()
    clock = Clock(timeline, attend)
    clock.start()
    timeline.hold(limit_us)
    return timeline, clock


def test_a_wait_jumps_to_its_deadline():
    _, clock = make()
    clock.wait(700_000)
    assert clock.now_us == 700_000


def test_reading_the_clock_takes_a_little():
    _, clock = make()
    assert clock.read() == READ_COST_US
    assert clock.read() == 2 * READ_COST_US


def test_alarms_go_off_in_order_at_their_time():
    _, clock = make()
    seen: list[tuple[str, int]] = []
    for name, at_us in (("late", 500), ("early", 100), ("also late", 500), ("never", 2_000_000)):
        clock.alarm(at_us, lambda name=name: seen.append((name, clock.now_us)))
    clock.alarm(300, lambda: seen.append(("cancelled", 0))).cancel()
    clock.wait(1_000)
    assert seen == [("early", 100), ("late", 500), ("also late", 500)]


def test_a_wait_ends_at_an_interrupt():
    wanted: list[bool] = []
    _, clock = make(attend=lambda: bool(wanted))

    def press() -> None:
        wanted.append(True)
        clock.interrupt()

    clock.alarm(400, press)
    clock.wait(1_000)
    assert clock.now_us == 400


def test_an_exception_of_attend_unwinds_the_wait():
    class Unwound(BaseException):
        pass

    def attend() -> bool:
        raise Unwound

    _, clock = make(attend=attend)
    clock.interrupt()
    with pytest.raises(Unwound):
        clock.wait(1_000)


def test_a_board_parks_at_the_limit_until_there_is_more_time():
    timeline, clock = make(limit_us=1_000)
    thread = threading.Thread(target=clock.wait, args=(5_000,))
    thread.start()
    while not clock.is_at(1_000):
        clock.await_park(LIMIT_S)
    assert clock.now_us == 1_000
    timeline.hold(9_000)
    thread.join(LIMIT_S)
    assert not thread.is_alive() and clock.now_us == 5_000


def test_time_never_goes_back_when_the_wall_is_left():
    timeline, clock = make(limit_us=1_000)
    timeline.follow_wall()
    while (before_us := clock.now_us) <= 1_000:
        pass
    timeline.hold()
    assert clock.now_us >= before_us
    assert timeline.hold(0) >= before_us
