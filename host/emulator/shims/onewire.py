# onewire: the chip's frozen driver of the 1-Wire bus.
import _onewire as _ow


class OneWireError(Exception):
    pass


class OneWire:
    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        self.pin = pin
        self.pin.init(pin.OPEN_DRAIN, pin.PULL_UP)

    def reset(self, required=False):
        present = _ow.reset(self.pin)
        if required and not present:
            raise OneWireError
        return present

    def readbit(self):
        return _ow.readbit(self.pin)

    def readbyte(self):
        return _ow.readbyte(self.pin)

    def readinto(self, buf):
        for place in range(len(buf)):
            buf[place] = self.readbyte()

    def writebit(self, value):
        return _ow.writebit(self.pin, value)

    def writebyte(self, value):
        return _ow.writebyte(self.pin, value)

    def write(self, buf):
        for byte in buf:
            self.writebyte(byte)

    def select_rom(self, rom):
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    def crc8(self, data):
        return _ow.crc8(data)

    def scan(self):
        found = []
        rom = None
        fork = 0  # 1 + the last bit where the way taken was 0 and 1 was open too
        while True:
            rom, fork = self._search_rom(rom, fork)
            if rom is None:
                return found
            found.append(rom)
            if not fork:
                return found

    def _search_rom(self, before, fork):
        # Walks the tree of ROM codes: the same way as before up to the fork, 1 there, then 0s.
        if not self.reset():
            return None, 0
        self.writebyte(self.SEARCH_ROM)
        rom = bytearray(8)
        next_fork = 0
        for place in range(64):
            is_one = self.readbit()
            is_zero = self.readbit()
            if is_one and is_zero:
                return None, 0  # nobody there any more
            if is_one or is_zero:
                bit = 1 if is_one else 0
            elif place + 1 == fork:
                bit = 1
            elif place + 1 < fork:
                bit = before[place >> 3] >> (place & 7) & 1
            else:
                bit = 0
            if not bit and not is_one and not is_zero:
                next_fork = place + 1
            self.writebit(bit)
            rom[place >> 3] |= bit << (place & 7)
        return rom, next_fork
