"""What the shims ask about the board as a whole: its start, its end, its console, its flash."""

from typing import TYPE_CHECKING

from host.emulator.exits import ProgramExit, Reset
from host.emulator.operations import operation

if TYPE_CHECKING:
    from host.emulator.boot import Boot


class SystemCalls:
    """A part of the port; see host_calls.py."""

    _boot: "Boot"

    @operation
    def rom(self, _: int) -> int:
        """Place the ROM image behind the guest's memory and return its address."""
        return self._boot.place_rom()

    @operation
    def rom_size(self, _: int) -> int:
        """Return the ROM image's length in bytes."""
        return self._boot.rom_size

    @operation
    def booted(self, allocated: int) -> None:
        """The shims are in place; gc.mem_alloc() says `allocated`."""
        self._boot.booted(allocated)

    @operation
    def shim_cost(self, _: int) -> int:
        """Return how much of the heap the shims take, in bytes."""
        return self._boot.shim_cost

    @operation
    def exit(self, code: int) -> None:
        """The program is over."""
        raise ProgramExit(code)

    @operation
    def reset(self, cause: int) -> None:
        """Restart the board; the cause is what machine.reset_cause() answers then."""
        raise Reset(cause)

    @operation
    def reset_cause(self, _: int) -> int:
        """Return why the board started."""
        return self._boot.reset_cause

    @operation
    def interrupt_error(self, error: int) -> None:
        """Say what to raise when someone types the interrupt character: a KeyboardInterrupt."""
        self._boot.interrupt_error = error

    @operation
    def interrupt_char(self, char: int) -> None:
        """Set the interrupt character: its code + 1, or 0 for none; a pending one is dropped."""
        self._boot.set_interrupt_char(char - 1 if char else None)

    @operation
    def repl(self, _: int) -> int:
        """Return what follows main.py: 0 the end, 1 the friendly prompt, 2 the raw one."""
        return self._boot.serial.repl

    @operation
    def repl_set(self, repl: int) -> None:
        """Say which prompt follows the next soft reset."""
        self._boot.serial.repl = repl

    @operation
    def statvfs(self, field: int) -> int:
        """Return the file system's blocks in all (field 0) or in use (1)."""
        return self._boot.volume.usage()[field]
