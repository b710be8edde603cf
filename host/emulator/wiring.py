"""What is wired to a board's pins besides buttons and voltages: sensors, strips, buses."""

from host.emulator.clock import Clock
from host.emulator.dht import DhtSensor
from host.emulator.ds18x20 import Ds18x20Bus
from host.emulator.i2c import I2cBus
from host.emulator.neopixel import PixelStrip
from host.emulator.onewire import OneWireBus
from host.emulator.pins import Pins
from host.emulator.spi import SpiBus
from host.emulator.uart import UartLine

UARTS = (1, 2)  # 0 is the console's


class Wiring:
    """The peripherals of one board, made when they are first asked for.

    All raise KeyError with the chip's pins for a pin that it does not have.
    """

    def __init__(self, clock: Clock, pins: Pins) -> None:
        self._clock = clock
        self._pins = pins
        self._dht: dict[int, DhtSensor] = {}
        self._ds18x20: dict[int, Ds18x20Bus] = {}
        self._strips: dict[int, PixelStrip] = {}
        self._spi: dict[tuple[int, int, int], SpiBus] = {}
        self._uart = {number: UartLine(clock.wake) for number in UARTS}
        self._i2c: dict[tuple[int, int], I2cBus] = {}

    def dht(self, pin: int) -> DhtSensor:
        """Return the DHT sensor of a pin; it is not wired before its `set` or `plug`."""
        self._pins[pin]
        return self._dht.setdefault(pin, DhtSensor())

    def ds18x20(self, pin: int) -> Ds18x20Bus:
        """Return the thermometers of a pin; there are none before `set`."""
        self._pins[pin]
        return self._ds18x20.setdefault(pin, Ds18x20Bus(pin, self._clock))

    def one_wire(self, pin: int) -> OneWireBus:
        """Return the 1-Wire bus of a pin."""
        return self.ds18x20(pin)

    def neopixel(self, pin: int) -> PixelStrip:
        """Return the NeoPixels of a pin."""
        self._pins[pin]
        return self._strips.setdefault(pin, PixelStrip(self._clock))

    def i2c(self, sda: int, scl: int) -> I2cBus:
        """Return the I2C bus of two pins; no device is on it before its `attach`."""
        lines = self._pins[sda], self._pins[scl]
        return self._i2c.setdefault((sda, scl), I2cBus(*lines))

    def spi(self, sck: int, mosi: int, miso: int) -> SpiBus:
        """Return the SPI bus of three pins; a device is on it after its `attach`."""
        return self._spi.setdefault((sck, mosi, miso), SpiBus())

    def uart(self, number: int) -> UartLine:
        """Return a UART. Raises KeyError for one that the chip has not, or the console's."""
        return self._uart[number]

    def reset(self) -> None:
        """What is lost when the chip restarts."""
        for line in self._uart.values():
            line.reset()

    def power_on(self) -> None:
        """What is supplied by the board starts with it."""
        for bus in self._ds18x20.values():
            bus.power_on()
        for strip in self._strips.values():
            strip.power_on()
