"""The I2C bus: devices that answer to a 7-bit address, on two lines with pull-ups.

Transfers are emulated, not edges: a device sees the bytes of a write and says those of a read.
Source: NXP's UM10204.
"""

from typing import Protocol

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.pins import Pin

FIRST, LAST = 0x08, 0x77  # the addresses that are not reserved


class I2cDevice(Protocol):
    """What can be attached to a bus.

    Either call may raise `Nack`; the bus passes any other exception on, and the board crashes.
    """

    def write(self, data: bytes) -> None:
        """Take the bytes of one write transfer, at least one."""
        ...

    def read(self, n: int) -> bytes:
        """Return what a read transfer of n bytes gets."""
        ...


class Nack(Exception):
    """The device does not acknowledge: it is busy. taken: the bytes it took before."""

    def __init__(self, taken: int = 0) -> None:
        super().__init__(taken)
        self.taken = taken


class RegisterDevice:
    """A file of 8-bit registers, as most sensors have.

    A write's first byte selects a register, the next ones are stored from there on; a read goes on
    from the register that is selected. registers: address to value; what is not there reads 0.
    written: (register, value) of each byte that was stored.
    """

    def __init__(self, registers: dict[int, int] | None = None) -> None:
        self.registers = dict(registers or {})
        self.written: list[tuple[int, int]] = []
        self._selected = 0

    def write(self, data: bytes) -> None:
        """Select a register and store what follows."""
        self._selected = data[0]
        for value in data[1:]:
            self.registers[self._selected] = value
            self.written.append((self._selected, value))
            self._advance()

    def read(self, n: int) -> bytes:
        """Return the values of the next n registers."""
        values = bytearray()
        for _ in range(n):
            values.append(self.registers.get(self._selected, 0))
            self._advance()
        return bytes(values)

    def _advance(self) -> None:
        self._selected = (self._selected + 1) & 0xFF


class I2cBus:
    """The devices on one pair of pins. The first one brings the pull-ups of both lines."""

    def __init__(self, sda: Pin, scl: Pin) -> None:
        self.devices: dict[int, I2cDevice] = {}
        self._lines = (sda, scl)

    def attach(self, address: int, device: I2cDevice) -> None:
        """Put a device at an address. Raises ValueError for one that is reserved or taken."""
        if not FIRST <= address <= LAST:
            raise ValueError(f"I2C addresses are {FIRST:#x} to {LAST:#x}, not {address:#x}")
        if address in self.devices:
            raise ValueError(f"there is a device at {address:#x} already")
        self.devices[address] = device
        for line in self._lines:
            line.pull_outside(1)

    def detach(self, address: int) -> None:
        """Take a device off; the pull-ups stay."""
        self.devices.pop(address, None)

    def short(self, is_shorted: bool = True) -> None:
        """Connect SDA to ground, or take the connection away."""
        self._lines[0].drive(0 if is_shorted else None)

    # The board's side.

    def write(self, address: int, data: bytes) -> int:
        """Return how many bytes the device acknowledges. Raises GuestError ENODEV if none is."""
        device = self._device(address)
        try:
            if data:  # an address alone is how a bus is scanned: there is nothing to tell
                device.write(data)
        except Nack as nack:
            return nack.taken
        return len(data)

    def read(self, address: int, n: int) -> bytes:
        """Return n bytes; a device that says less leaves the line high. Raises as `write`."""
        try:
            data = self._device(address).read(n)
        except Nack:
            raise GuestError(errnos.ENODEV) from None
        return data[:n] + b"\xff" * (n - len(data))

    def _device(self, address: int) -> I2cDevice:
        device = self.devices.get(address)
        if device is None:
            raise GuestError(errnos.ENODEV)
        return device
