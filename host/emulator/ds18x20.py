"""DS18B20, DS1822 and DS18S20: thermometers on a 1-Wire bus.

Source: Maxim's datasheets of the three.
"""

from host.emulator.clock import Clock
from host.emulator.onewire import OneWireBus, OneWireDevice, Slots, crc8, receive, rom_code, send

CONVERT, WRITE, READ, COPY, RECALL, POWER = 0x44, 0x4E, 0xBE, 0x48, 0xB8, 0xB4
DS18S20, DS1822, DS18B20 = 0x10, 0x22, 0x28  # family codes
_COLDEST_C, _HOTTEST_C, _POWER_ON_C = -55.0, 125.0, 85.0
_FULL_CONVERSION_US = 750_000  # at 12 bits; each bit less halves it


class Ds18x20(OneWireDevice):
    """One thermometer; its kind follows from the family code of its ROM.

    Until a conversion has taken its time (up to 750 ms), the scratchpad holds what the one before
    measured; after power-on that is 85 C.
    """

    def __init__(self, rom: bytes, clock: Clock) -> None:
        super().__init__(rom)
        self.temperature_c = 20.0
        self.garbled = 0
        self._clock = clock
        self._measured_c = _POWER_ON_C
        self._converting: tuple[int, float] | None = None  # when it is done, what it will say
        self._settings = bytearray(b"\x4b\x46\x7f")  # alarm limits, resolution

    def function(self) -> Slots:
        """The function commands."""
        command = yield from receive(8)
        if command == CONVERT:
            ready_us = self._clock.now_us + self._conversion_us()
            self._converting = (ready_us, self.temperature_c)
            while True:  # read slots tell whether it is done
                yield 1 if self._clock.now_us >= ready_us else 0
        elif command == READ:
            yield from send(self._scratchpad())
        elif command == WRITE:
            for place in range(2 if self.rom[0] == DS18S20 else 3):
                value = yield from receive(8)
                self._settings[place] = value if place < 2 else value & 0x60 | 0x1F
        elif command == POWER:
            while True:
                yield 1  # it has a supply of its own

    def reset(self) -> None:
        """Lose the supply: what it measured is gone."""
        self._measured_c, self._converting = _POWER_ON_C, None

    def _conversion_us(self) -> int:
        return _FULL_CONVERSION_US >> (12 - self._resolution())

    def _resolution(self) -> int:
        """Return the bits of a measurement, 9 to 12."""
        return 12 if self.rom[0] == DS18S20 else 9 + (self._settings[2] >> 5)

    def _scratchpad(self) -> bytes:
        if self._converting and self._clock.now_us >= self._converting[0]:
            self._measured_c, self._converting = self._converting[1], None
        data = self._half_degrees() if self.rom[0] == DS18S20 else self._sixteenths()
        data += bytes([crc8(data)])
        if self.garbled:
            self.garbled -= 1
            data = bytes([data[0] ^ 4]) + data[1:]
        return data

    def _sixteenths(self) -> bytes:
        unused = 12 - self._resolution()
        raw = round(self._measured_c * 16) >> unused << unused
        return (raw & 0xFFFF).to_bytes(2, "little") + bytes(self._settings) + b"\xff\x0c\x10"

    def _half_degrees(self) -> bytes:
        """Half degrees, and the counter from which a master gets sixteenths.

        It computes: whole degrees - 0.25 + (16 - count) / 16.
        """
        sixteenths = round(self._measured_c * 16) + 4
        whole, rest = divmod(sixteenths, 16)
        raw = (whole * 2) & 0xFFFF
        alarms = bytes(self._settings[:2])
        return raw.to_bytes(2, "little") + alarms + b"\xff\xff" + bytes([16 - rest, 16])


class Ds18x20Bus(OneWireBus):
    """The thermometers on one pin, by their ROM codes.

    sensors: from ROM code to thermometer, in the order they were wired.
    """

    def __init__(self, pin: int, clock: Clock) -> None:
        self.sensors: dict[bytes, Ds18x20] = {}
        self._clock = clock
        self._default_rom = rom_code(bytes([DS18B20, pin, 0, 0, 0, 0, 0]))
        super().__init__([])

    def set(self, t: float, rom: bytes | str | None = None) -> bytes:
        """Give a thermometer a temperature in C, and wire it if it is not; return its ROM code.

        rom: 7 or 8 bytes, or as hexadecimal text, 28.. for a DS18B20; without it the first one.
        Raises ValueError for a wrong code, or a temperature outside -55 to 125 C.
        """
        if not _COLDEST_C <= t <= _HOTTEST_C:
            raise ValueError(f"a DS18x20 measures {_COLDEST_C} to {_HOTTEST_C} C, not {t} C")
        code = self._code(rom)
        if code not in self.sensors:
            self.sensors[code] = Ds18x20(code, self._clock)
            self._devices = list(self.sensors.values())
        self.sensors[code].temperature_c = t
        return code

    def unplug(self, rom: bytes | str | None = None) -> None:
        """Take one away, or all of them."""
        if rom is None:
            self.sensors.clear()
        else:
            self.sensors.pop(rom_code(rom), None)
        self._devices = list(self.sensors.values())

    def garble(self, rom: bytes | str | None = None, reads: int = 1) -> None:
        """Have a thermometer's next scratchpads arrive with a bit flipped: the CRC is wrong."""
        self.sensors[self._code(rom)].garbled = reads

    def power_on(self) -> None:
        """The supply comes back, with the board's."""
        for sensor in self.sensors.values():
            sensor.reset()

    def _code(self, rom: bytes | str | None) -> bytes:
        if rom is not None:
            return rom_code(rom)
        return next(iter(self.sensors), self._default_rom)
