"""The SPI bus: devices that exchange bytes while their chip select is low.

Whole transfers are emulated, not edges: clock rate, polarity and phase make no difference.
"""

from typing import Protocol

from host.emulator.pins import Pin


class SpiDevice(Protocol):
    """What can be attached to a bus. It learns of its selection from its pin, if it cares."""

    def transfer(self, data: bytes) -> bytes:
        """Take the bytes that come and return as many that go back; fewer read as 0xFF."""
        ...


class SpiBus:
    """The devices on one set of pins. A line that none drives reads as 1."""

    def __init__(self) -> None:
        self._devices: list[tuple[SpiDevice, Pin | None]] = []

    def attach(self, device: SpiDevice, cs: Pin | None = None) -> None:
        """Put a device on the bus; cs: the pin that selects it when low, None: always."""
        self._devices.append((device, cs))

    def detach(self, device: SpiDevice) -> None:
        """Take a device off."""
        self._devices = [entry for entry in self._devices if entry[0] is not device]

    # The board's side.

    def transfer(self, data: bytes) -> bytes:
        """Exchange bytes with the devices that are selected."""
        answer = bytearray(b"\xff" * len(data))
        for device, cs in self._devices:
            if cs is None or not cs.value:
                for place, byte in enumerate(device.transfer(data)[: len(data)]):
                    answer[place] &= byte
        return bytes(answer)
