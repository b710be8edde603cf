"""machine.Timer and machine.WDT: alarms of the board's clock."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from host.emulator.clock import Alarm, Clock


@dataclass
class _Timer:
    period_us: int
    periodic: bool
    function: int  # guest pointers
    argument: int
    alarm: Alarm


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
