"""Time for programs that compute without end and live on interrupts: `while True: pass`.

Computing takes no time, as long as a program waits or asks the time now and then. One that does
neither for a million jumps of bytecode toils: from then until it waits, each jump takes a
microsecond, and each call of the host a hundred, about what they take on a chip. After ten seconds
of that they take longer and longer, so that a day passes in seconds. And if the VM's memory is as
it was before, and no call was made meanwhile, then nothing but an interrupt can change what the
program does: time goes on to the next one at once. All that is counted in jumps and calls, so it
is the same in each run.

Nothing of the kind happens to a program that nothing can interrupt and that calls nobody: no time
passes for it, and World.run gives it up.
"""

from collections.abc import Callable

from host.emulator.cell import CELL, FUEL_A_CALL, FUEL_A_JUMP, JUMPS
from host.emulator.clock import Clock
from host.emulator.memory import PAGE, GuestMemory

_PATIENCE_US = 1_000_000  # of jumps and calls
_CALL_US = 100
_HONEST_US = 10_000_000  # of toil, for which time passes as on a chip
_LONG, _SHORT = 16_384, 1000  # jumps between two calls of the host: before, and while it toils


class Toil:
    """Counts the jumps of one boot. is_expecting: whether an interrupt may come.

    calls: how often the guest has called the host for anything but the time; others count it.
    """

    def __init__(self, clock: Clock, is_expecting: Callable[[], bool]) -> None:
        self.calls = 0
        self._clock = clock
        self._is_expecting = is_expecting
        self._memory: GuestMemory
        self._left: memoryview
        self._slice = _LONG
        self._jumps = self._ends = 0  # in slices that are over, and how many those are
        self._spent_us = 0  # since it last waited, or took the time
        self._waits = 0
        self._now_us = -1
        self._called = 0
        self._toils = False
        self._toils_from_us = 0
        self._slices = 0  # since something last came or was called
        self._states: set[int] = set()  # that the memory had since

    def attach(self, memory: GuestMemory) -> None:
        """Count the jumps of this VM."""
        self._memory = memory
        self._left = memory.window(JUMPS, 4).cast("I")
        self._left[0] = self._slice

    @property
    def is_over(self) -> bool:
        """Whether a slice is over; the guest calls for no other reason then."""
        return not self._left[0]

    @property
    def fuel(self) -> int:
        """What the counting has added to the VM's fuel so far."""
        jumps = self._jumps + self._slice - self._left[0]
        return jumps * FUEL_A_JUMP + self._ends * FUEL_A_CALL

    def end_slice(self) -> None:
        """See what the program did in a slice, and let time pass if it toils."""
        self._jumps += self._slice
        self._ends += 1
        calls = self.calls - self._called
        self._called = self.calls
        took_us = self._slice + calls * _CALL_US
        clock = self._clock
        if not clock.timeline.is_held:
            self._toils = False
            clock.read()  # time follows the wall: alarms may be due
        elif clock.waits != self._waits or not (self._toils or clock.now_us == self._now_us):
            self._waits, self._now_us = clock.waits, clock.now_us
            self._spent_us = 0
            self._toils = False
            self._forget()
        else:
            self._spent_us += took_us
            if not self._toils:
                self._toils_from_us = clock.now_us
            self._toils = self._spent_us >= _PATIENCE_US
        self._slice = self._left[0] = _SHORT if self._toils else _LONG
        if self._toils:
            self._pass_time(took_us, bool(calls))

    def _pass_time(self, took_us: int, has_called: bool) -> None:
        clock = self._clock
        if has_called:
            self._forget()
        elif not self._is_expecting():
            return
        took_us = took_us * max(_HONEST_US, clock.now_us - self._toils_from_us) // _HONEST_US
        is_idle = not has_called and self._is_idle()
        until_us = None if is_idle else clock.now_us + took_us
        clock.spend(until_us)
        if until_us is None or clock.now_us < until_us:
            self._forget()  # something came

    def _forget(self) -> None:
        self._slices = 0
        self._states.clear()

    def _is_idle(self) -> bool:
        """Whether the memory is as it was after an earlier slice; looked at less and less."""
        self._slices += 1
        if self._slices & (self._slices - 1):
            return False
        memory = self._memory
        behind = CELL + PAGE
        state = hash((memory.read(0, CELL), memory.read(behind, memory.size - behind)))
        is_known = state in self._states
        self._states.add(state)
        return is_known
