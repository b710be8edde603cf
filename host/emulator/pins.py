"""The GPIO block: what the program drives, what is wired to it outside, and the edges between."""

from collections.abc import Callable
from dataclasses import dataclass

from host.board_chips import Chip
from host.emulator.clock import Alarm, Clock
from host.emulator.descriptors import GuestError
from host.emulator.errnos import EINVAL

IN, OUT, OPEN_DRAIN = 1, 3, 7  # machine.Pin's constants on the ESP32
PULL_DOWN, PULL_UP = 1, 2
RISING, FALLING = 1, 2
KEEP = 255  # "leave it as it is", for a mode or a pull
_MODES = {IN: "in", OUT: "out", OPEN_DRAIN: "open_drain"}


@dataclass
class _Handler:
    trigger: int
    function: int  # guest pointers
    argument: int


class Pin:
    """One GPIO, as seen from outside the board.

    history: (virtual seconds since the world began, new level) for each change of the level.
    on_change: called with (pin, time_us, level) on the thread that caused the change.
    """

    def __init__(self, number: int, clock: Clock, interrupt: Callable[[int, int], None]) -> None:
        self.number = number
        self.history: list[tuple[float, int]] = []
        self.on_change: Callable[[Pin, int, int], None] | None = None
        self._clock = clock
        self._interrupt = interrupt
        self._mode = 0
        self._pull = 0
        self._latch = 0
        self._driven: int | None = None
        self._pulled: int | None = None
        self._level = 0
        self._handler: _Handler | None = None
        self._release: Alarm | None = None

    @property
    def value(self) -> int:
        """The level on the pin: 0 or 1."""
        return self._level

    @property
    def mode(self) -> str | None:
        """What the program made of it: "in", "out", "open_drain", or None if it did nothing."""
        return _MODES.get(self._mode)

    @property
    def pull(self) -> str | None:
        """The pull resistor the program switched on: "up", "down" or None."""
        return {PULL_UP: "up", PULL_DOWN: "down"}.get(self._pull)

    def drive(self, level: int | None) -> None:
        """Put 0 or 1 on the pin from outside, now; None lets go of it."""
        with self._clock.lock:
            if self._release:
                self._release.cancel()
                self._release = None
            self._driven = level
            self._settle(self._clock.now_us)
        self._clock.wake()  # it may be what a sleeping board waits for

    def pull_outside(self, level: int | None) -> None:
        """Wire a pull-up (1) or pull-down (0) resistor to the pin; None takes it away."""
        with self._clock.lock:
            self._pulled = level
            self._settle(self._clock.now_us)

    def press(self, ms: int = 100) -> None:
        """Press a button wired to the pin for `ms` virtual milliseconds.

        It connects the pin to ground, or to 3.3 V if the program pulls the pin down.
        """
        with self._clock.lock:
            now_us = self._clock.now_us
            self.drive(1 if self._pull == PULL_DOWN else 0)
            self._release = self._clock.alarm(now_us + ms * 1000, self._let_go)

    def _let_go(self) -> None:
        self._release = None
        self._driven = None
        self._settle(self._clock.now_us)

    # The board's side. Called with the clock's lock held.

    def configure(self, mode: int, pull: int) -> None:
        """Set the mode and the pull resistor; KEEP leaves one as it is."""
        if mode != KEEP:
            self._mode = mode
        if pull != KEEP:
            self._pull = pull
        self._settle(self._clock.now_us)

    def set_latch(self, level: int) -> None:
        """Set what the output drives."""
        self._latch = 1 if level else 0
        self._settle(self._clock.now_us)

    def handle(self, trigger: int, function: int, argument: int) -> None:
        """Have the guest's function(argument) called on these edges; trigger 0: on none."""
        self._handler = _Handler(trigger, function, argument) if trigger and function else None

    @property
    def has_handler(self) -> bool:
        """Whether a change interrupts the program."""
        return self._handler is not None

    def reset(self) -> None:
        """Go back to the state after power-on. What is wired outside stays."""
        self._mode = self._pull = self._latch = 0
        self._handler = None
        self._settle(self._clock.now_us)

    def _settle(self, now_us: int) -> None:
        level = self._compute()
        if level == self._level:
            return
        self._level = level
        self.history.append((now_us / 1e6, level))
        edge = RISING if level else FALLING
        if self._handler and self._handler.trigger & edge:
            self._interrupt(self._handler.function, self._handler.argument)
        if self.on_change:
            self.on_change(self, now_us, level)

    def _compute(self) -> int:
        if self._mode == OUT:
            return self._latch
        if self._mode == OPEN_DRAIN and not self._latch:
            return 0
        if self._driven is not None:
            return self._driven
        if self._pulled is not None:
            return self._pulled
        return 1 if self._pull == PULL_UP else 0


class Pins:
    """All GPIOs that a chip has, whether or not its board wires them."""

    def __init__(self, clock: Clock, interrupt: Callable[[int, int], None], chip: Chip) -> None:
        self._chip = chip
        self._pins = {n: Pin(n, clock, interrupt) for n in sorted(chip.gpio)}

    def __getitem__(self, number: int) -> Pin:
        """Return one pin. Raises KeyError with the chip's pins if there is none."""
        try:
            return self._pins[number]
        except KeyError:
            raise KeyError(f"the chip has no GPIO {number}; it has {sorted(self._pins)}") from None

    def numbers(self) -> list[int]:
        """Return the numbers of all GPIOs, in order."""
        return list(self._pins)

    @property
    def have_handlers(self) -> bool:
        """Whether a change of one of them may interrupt the program."""
        return any(pin.has_handler for pin in self._pins.values())

    def reset(self) -> None:
        """Reset all of them, as the chip does when it starts."""
        for pin in self._pins.values():
            pin.reset()

    def release_outputs(self) -> None:
        """Let go of what is driven, as deep sleep does."""
        for pin in self._pins.values():
            if pin.mode in ("out", "open_drain"):
                pin.reset()

    def configure(self, number: int, mode: int, pull: int) -> None:
        """Set a pin up for the guest. Raises GuestError for an output where there is none."""
        if number in self._chip.input_only and mode in (OUT, OPEN_DRAIN):
            raise GuestError(EINVAL)
        self._pins[number].configure(mode, pull)
