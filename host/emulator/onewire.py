"""The 1-Wire bus: time slots that the master begins, and devices that pull the line low in them.

A write-1 slot and a read slot are the same thing: the master lets go of the line and whoever wants
to send a 0 pulls it down. So a device is a generator: it yields what it does to the line in the
next slot (1: nothing, 0: pull it down) and is sent the level that the slot had.
Source: Maxim's application notes 126 and 187, and the DS18B20's datasheet.
"""

from collections.abc import Generator, Iterable, Sequence

READ_ROM, MATCH_ROM, SEARCH_ROM, SKIP_ROM = 0x33, 0x55, 0xF0, 0xCC

Slots = Generator[int, int, None]
Reception = Generator[int, int, int]


def crc8(data: Iterable[int]) -> int:
    """Return the CRC of the 1-Wire bus: x^8 + x^5 + x^4 + 1, the lowest bit first, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x8C if crc & 1 else 0)
    return crc


def rom_code(rom: bytes | str) -> bytes:
    """Return 8 bytes of a ROM code: family, 48 bits, CRC; the CRC may be left out.

    rom: bytes or hexadecimal text. Raises ValueError if it is too short or its CRC is wrong.
    """
    code = bytes.fromhex(rom) if isinstance(rom, str) else bytes(rom)
    if len(code) == 7:
        code += bytes([crc8(code)])
    if len(code) != 8 or crc8(code):
        raise ValueError(f"not a ROM code of 8 bytes with its CRC: {code.hex()}")
    return code


class OneWireDevice:
    """What every device does; a kind of device adds `function`. rom: its 8 bytes."""

    def __init__(self, rom: bytes) -> None:
        self.rom = rom

    def slots(self) -> Slots:
        """What it does from a reset pulse to the next: the ROM commands, then its own."""
        command = yield from receive(8)
        if command == SEARCH_ROM:
            for place in range(64):
                bit = self.rom[place >> 3] >> (place & 7) & 1
                yield bit
                yield 1 - bit
                chosen = yield 1
                if chosen != bit:
                    return  # the master goes on with others
        elif command == READ_ROM:
            yield from send(self.rom)
        elif command == MATCH_ROM:
            code = yield from receive(64)
            if code != int.from_bytes(self.rom, "little"):
                return
        elif command != SKIP_ROM:
            return
        yield from self.function()

    def function(self) -> Slots:
        """What it does once it is addressed."""
        yield from ()


def receive(bits: int) -> Reception:
    """Return a number of bits from the master, the lowest first."""
    value = 0
    for place in range(bits):
        level = yield 1
        value |= level << place
    return value


def send(data: bytes) -> Slots:
    """Send bytes to the master, the lowest bit first; after that the line stays free."""
    for byte in data:
        for place in range(8):
            yield byte >> place & 1


class OneWireBus:
    """The line of one pin. Its calls are the master's."""

    def __init__(self, devices: Sequence[OneWireDevice]) -> None:
        self._devices = devices
        self._running: list[tuple[Slots, int]] = []  # what each device does in the next slot

    def reset(self) -> bool:
        """Send a reset pulse; True if anyone answers that they are present."""
        self._running = []
        for device in self._devices:
            slots = device.slots()
            self._running.append((slots, next(slots)))
        return bool(self._running)

    def slot(self, bit: int) -> int:
        """Go through one slot: write `bit`, or 1 to read. Returns the level that it had."""
        level = bit
        for _, drive in self._running:
            level &= drive
        going: list[tuple[Slots, int]] = []
        for slots, _ in self._running:
            try:
                going.append((slots, slots.send(level)))
            except StopIteration:
                continue  # it waits for the next reset
        self._running = going
        return level

    def write(self, value: int, bits: int) -> None:
        """Write a number of bits, the lowest first."""
        for place in range(bits):
            self.slot(value >> place & 1)

    def read(self, bits: int) -> int:
        """Read a number of bits, the lowest first; 1s if nobody sends."""
        return sum(self.slot(1) << place for place in range(bits))
