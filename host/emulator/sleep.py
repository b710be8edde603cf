"""Light and deep sleep: the timer and the pins that end it, and which one did."""

from host.emulator.clock import Clock
from host.emulator.pins import Pins

EXT0, EXT1, TIMER = 2, 3, 4  # machine.EXT0_WAKE and so on


class Sleep:
    """One board's sleep. wake_reason: what ended the last one; 0 after any other start.

    ext0: (pin, level) that wakes it. ext1: (pins, level): any of them high or all of them low.
    """

    def __init__(self, clock: Clock, pins: Pins) -> None:
        self._clock = clock
        self._pins = pins
        self.wake_reason = 0
        self.reset()

    def reset(self) -> None:
        """Forget what may wake it, as a reset does."""
        self.ext0: tuple[int, int] | None = None
        self.ext1: tuple[tuple[int, ...], int] = ((), 0)

    def sleep(self, ms: int) -> None:
        """Return when something wakes the board; ms 0: no timer does."""
        deadline_us = self._clock.now_us + ms * 1000 if ms else None
        while True:
            self._clock.wait(deadline_us, ready=lambda: self._pin_reason() != 0)
            self.wake_reason = self._pin_reason()
            if self.wake_reason:
                return
            if deadline_us is not None and self._clock.now_us >= deadline_us:
                self.wake_reason = TIMER
                return

    def _pin_reason(self) -> int:
        if self.ext0 and self._pins[self.ext0[0]].value == self.ext0[1]:
            return EXT0
        pins, level = self.ext1
        levels = [self._pins[number].value for number in pins]
        if levels and (any(levels) if level else not any(levels)):
            return EXT1
        return 0
