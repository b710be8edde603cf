"""machine.Timer and machine.WDT: alarms of the board's clock."""

import itertools
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from host.emulator.clock import Alarm, Clock

_LOOK_S = 0.1  # how often watchdogs are looked after
_GRACE_US = 300_000  # for the board's own thread to come first


@dataclass
class _Timer:
    period_us: int
    periodic: bool
    function: int  # guest pointers
    argument: int
    alarm: Alarm


_BITTEN = (  # ESP-IDF's words
    b"Task watchdog got triggered. The following tasks/users did not reset the watchdog in time:",
    b" - mp_task (CPU 1)",
    b"Tasks currently running:",
    b"CPU 0: IDLE0",
    b"CPU 1: mp_task",
    b"Aborting.",
)


class Timers:
    """The timers that run, by number. interrupt: calls a guest function with an argument."""

    def __init__(self, clock: Clock, interrupt: Callable[[int, int], None]) -> None:
        self._clock = clock
        self._interrupt = interrupt
        self._timers: dict[int, _Timer] = {}
        self._numbers = itertools.count(1)

    def start(self, period_us: int, periodic: bool, function: int, argument: int) -> int:
        """Start a timer and return its number."""
        number = next(self._numbers)
        at_us = self._clock.now_us + period_us
        alarm = self._clock.alarm(at_us, lambda: self._fire(number))
        self._timers[number] = _Timer(period_us, periodic, function, argument, alarm)
        return number

    def stop(self, number: int) -> None:
        """Stop one; none of that number is fine."""
        timer = self._timers.pop(number, None)
        if timer:
            timer.alarm.cancel()

    def reset(self) -> None:
        """Stop all."""
        for number in list(self._timers):
            self.stop(number)

    def _fire(self, number: int) -> None:
        timer = self._timers.get(number)
        if timer is None:
            return
        if timer.periodic:
            due_us = timer.alarm.at_us + timer.period_us
            timer.alarm = self._clock.alarm(due_us, lambda: self._fire(number))
        else:
            del self._timers[number]
        self._interrupt(timer.function, timer.argument)


class _Keeper(threading.Thread):
    """Looks after the watchdogs of this process, while any runs and time follows the wall."""

    def __init__(self) -> None:
        super().__init__(name="watchdogs", daemon=True)
        self.kept: weakref.WeakSet[Watchdog] = weakref.WeakSet()

    def run(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            for watchdog in list(self.kept):
                watchdog.look()


@cache
def _keeper() -> _Keeper:
    keeper = _Keeper()
    keeper.start()
    return keeper


def keep(watchdog: "Watchdog") -> None:
    """Have a watchdog looked after even if its board's thread only computes."""
    _keeper().kept.add(watchdog)


class Watchdog:
    """Resets the board unless it is fed. Once started it cannot be stopped, only by a reset."""

    def __init__(self, clock: Clock, bite: Callable[[], None]) -> None:
        self._clock = clock
        self._bite = bite
        self._timeout_us = 0
        self._alarm: Alarm | None = None

    def start(self, timeout_ms: int) -> None:
        """Start it, or change its timeout."""
        self._timeout_us = timeout_ms * 1000
        self.feed()
        keep(self)

    @property
    def due_us(self) -> int | None:
        """When it bites unless it is fed; None: it does not run."""
        alarm = self._alarm
        return alarm.at_us if alarm else None

    def look(self) -> None:
        """Bite a board that computes: its own thread runs no alarm. Time follows the wall."""
        timeline = self._clock.timeline
        if timeline.is_held:
            return
        due_us = self.due_us
        if due_us is None or timeline.limit_us() < due_us + _GRACE_US:
            return
        self.reset()
        self._bite()

    def feed(self) -> None:
        """Begin its timeout anew."""
        if not self._timeout_us:
            return
        if self._alarm:
            self._alarm.cancel()
        self._alarm = self._clock.alarm(self._clock.now_us + self._timeout_us, self._bite)

    def reset(self) -> None:
        """Stop it, as a reset does."""
        if self._alarm:
            self._alarm.cancel()
        self._alarm = None
        self._timeout_us = 0


def watchdog_report(at_ms: int) -> bytes:
    """Return what a chip prints when its watchdog bites, so many ms after its start."""
    lines = b"".join(b"E (%d) task_wdt: %s\n" % (at_ms, line) for line in _BITTEN)
    return lines + b"Rebooting...\n"
