"""The real-time clock: the date, from the world's date and what the program sets; its memory."""

from collections.abc import Callable

from host.emulator.clock import Clock
from host.emulator.memory import GuestMemory

# The ESP32 without a battery: at power-on it is midnight, 2000-01-01.
POWER_ON_UNIX_S = 946_684_800


class Rtc:
    """Keeps its time and its memory over a reset, loses both with the power.

    world_unix_us: the world's date in microseconds since 1970, which a time server tells.
    is_set: whether the board knows it from power-on, as with a battery. memory: what the program
    keeps there.
    """

    def __init__(self, clock: Clock, world_unix_us: Callable[[], int], is_set: bool) -> None:
        self._clock = clock
        self._world_unix_us = world_unix_us
        self._is_set = is_set
        self._offset_us = 0
        self.power_on()

    def power_on(self) -> None:
        """Start at the world's date, or at 2000-01-01 as a bare chip does, with nothing kept."""
        self.memory = b""
        if self._is_set:
            self.sync()
        else:
            self.set_unix_s(POWER_ON_UNIX_S)

    def unix_us(self) -> int:
        """Return the board's idea of the date in microseconds since 1970."""
        return self._clock.now_us + self._offset_us

    def set_unix_s(self, seconds: int) -> None:
        """Set the date, in seconds since 1970."""
        self._offset_us = seconds * 1_000_000 - self._clock.now_us

    def sync(self) -> None:
        """Take over the world's date, as from a time server."""
        self._offset_us = self._world_unix_us() - self._clock.now_us

    def exchange(self, memory: GuestMemory, address: int, size: int | None = None) -> int:
        """Keep `size` bytes of the guest; without size copy what is kept there, unless to 0.

        Returns how many bytes are kept.
        """
        if size is not None:
            self.memory = memory.read(address, size)
        elif address:
            memory.write(address, self.memory)
        return len(self.memory)
