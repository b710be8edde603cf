"""Sensors, pixels and buses of an emulated board, as ordinary MicroPython programs use them."""

from collections.abc import Callable

import pytest

from host.emulator import Board, World
from host.emulator.dht import DhtSensor
from host.emulator.i2c import Nack, RegisterDevice
from host.emulator.onewire import crc8, rom_code
from tests.system.emulator_kit import source

Wire = Callable[[Board], object]


def printed(program: str, wire: Wire = lambda board: None) -> list[str]:
    """Wire a board, run the program to its end, return the lines it printed."""
    with World(seed=1) as world:
        board = world.board(files={"/main.py": source(program)})
        wire(board)
        board.start()
        world.run(minutes=1)
        assert (board.state, board.exit) == ("stopped", 0), board.serial.text
        return board.serial.lines


# -- DHT ---------------------------------------------------------------------------------------

DHT = """
    import dht, time
    from machine import Pin
    sensor = dht.{model}(Pin(5))
    start = time.ticks_ms()
    try:
        sensor.measure()
        print("%.1f %.1f" % (sensor.temperature(), sensor.humidity()))
    except Exception as e:
        print(type(e).__name__, e)
    print(time.ticks_diff(time.ticks_ms(), start))
    """


def dht11(board: Board) -> None:
    board.dht(5).model = "dht11"
    board.dht(5).set(t=23.4, h=54.6)


def garbled(board: Board) -> None:
    board.dht(5).set(t=21, h=50)
    board.dht(5).garble()


DHTS: dict[str, tuple[str, Wire, str]] = {
    "dht22": ("DHT22", lambda b: b.dht(5).set(t=31.2, h=40.5), "31.2 40.5"),
    "dht22 below zero": ("DHT22", lambda b: b.dht(5).set(t=-7.3, h=100), "-7.3 100.0"),
    "dht22 just below zero": ("DHT22", lambda b: b.dht(5).set(t=-0.1, h=0), "-0.1 0.0"),
    "dht11 knows whole numbers only": ("DHT11", dht11, "23.0 55.0"),
    "a wrong checksum": ("DHT22", garbled, "Exception checksum error"),
    "nothing there": ("DHT22", lambda b: None, "OSError [Errno 116] ETIMEDOUT"),
}


@pytest.mark.parametrize(("model", "wire", "line"), DHTS.values(), ids=DHTS)
def test_dht(model: str, wire: Wire, line: str):
    lines = printed(DHT.replace("{model}", model), wire)
    assert lines[0] == line
    assert 268 <= int(lines[1]) <= 270  # as long as the driver keeps a chip busy


@pytest.mark.parametrize(
    ("model", "t", "h"), [("dht22", 81, 50), ("dht22", 20, 101), ("dht11", -1, 50)]
)
def test_a_dht_cannot_be_told_what_it_cannot_measure(model: str, t: float, h: float):
    with pytest.raises(ValueError, match=f"a {model} measures"):
        DhtSensor(model).set(t=t, h=h)


# -- 1-Wire ------------------------------------------------------------------------------------

THERMOMETERS = """
    import ds18x20, onewire, time
    from machine import Pin
    bus = ds18x20.DS18X20(onewire.OneWire(Pin(4)))
    roms = bus.scan()
    print([rom.hex() for rom in roms])
    {more}
    """
MEASURE = """
    bus.convert_temp()
    time.sleep_ms(750)
    print([bus.read_temp(rom) for rom in roms])
    """
ROMS = ("28ff0102030405", "28ff0102030406", "22aa55aa55aa55", "10000000000001")


def thermometers(board: Board) -> None:
    for rom, t in zip(ROMS, (21.5, -0.0625, 125, -10.3), strict=True):
        board.ds18x20(4).set(t=t, rom=rom)


def test_four_thermometers_are_found_and_measure():
    lines = printed(THERMOMETERS.replace("{more}", MEASURE), thermometers)
    found = [bytes.fromhex(rom) for rom in eval(lines[0])]
    assert sorted(found) == sorted(rom_code(rom) for rom in ROMS)
    by_rom = dict(zip((rom[:7].hex() for rom in found), eval(lines[1]), strict=True))
    assert by_rom == dict(zip(ROMS, (21.5, -0.0625, 125, -10.3125), strict=True))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_scan_finds_every_rom_once(count: int):
    def wire(board: Board) -> None:
        for number in range(count):
            board.ds18x20(4).set(
                t=20, rom=bytes([0x28]) + (number * 2654435761).to_bytes(6, "big")
            )

    found = eval(printed(THERMOMETERS.replace("{more}", ""), wire)[0])
    assert len(found) == len(set(found)) == count


def test_before_a_conversion_is_over_the_old_value_is_read():
    more = """
    def now():
        print(bus.read_temp(roms[0]))
    now()
    bus.convert_temp()
    print(bus.ow.readbit())
    time.sleep_ms(740)
    now()
    time.sleep_ms(10)
    now()
    bus.write_scratch(roms[0], b"\\x00\\x00\\x1f")
    bus.convert_temp()
    time.sleep_ms(94)
    now()
    """
    lines = printed(THERMOMETERS.replace("{more}", more), lambda b: b.ds18x20(4).set(t=21.3125))
    assert lines[1:] == ["85.0", "0", "85.0", "21.3125", "21.0"]


ONE_WIRE_ERRORS: dict[str, tuple[str, Wire, str]] = {
    "nobody on the bus": ("bus.convert_temp()", lambda b: None, "OneWireError "),
    "a scan of nobody": ("print(bus.scan())", lambda b: None, "[]"),
    "a garbled scratchpad": (
        "bus.read_temp(roms[0])",
        lambda b: (b.ds18x20(4).set(t=20), b.ds18x20(4).garble()),
        "Exception CRC error",
    ),
    "a sensor that was taken away": (
        "bus.read_temp(bytes.fromhex('28ff010203040562'))",
        lambda b: b.ds18x20(4).set(t=20),
        "Exception CRC error",
    ),
}


@pytest.mark.parametrize(("call", "wire", "line"), ONE_WIRE_ERRORS.values(), ids=ONE_WIRE_ERRORS)
def test_one_wire_errors(call: str, wire: Wire, line: str):
    more = f"""
    try:
        {call}
    except Exception as e:
        print(type(e).__name__, e)
    """
    assert printed(THERMOMETERS.replace("{more}", more), wire)[1] == line


def test_one_device_alone_tells_its_rom():
    more = """
    wire = bus.ow
    print(wire.reset(True))
    wire.writebyte(0x33)
    rom = bytearray(8)
    wire.readinto(rom)
    print(rom.hex(), wire.crc8(rom), wire.readbyte())
    """
    lines = printed(THERMOMETERS.replace("{more}", more), lambda b: b.ds18x20(4).set(t=20))
    assert lines[1:] == ["True", rom_code("28040000000000").hex() + " 0 255"]


def test_crc8_is_the_one_of_the_datasheet():
    assert crc8(bytes.fromhex("021cb801000000")) == 0xA2  # Maxim's application note 27
    with pytest.raises(ValueError, match="ROM code"):
        rom_code("021cb801000000a3")


# -- NeoPixel ----------------------------------------------------------------------------------


def test_neopixels_show_what_was_written_and_keep_the_rest():
    program = source(
        """
        import neopixel
        from machine import Pin
        strip = neopixel.NeoPixel(Pin(16), 4)
        strip.fill((0, 0, 8))
        strip[1] = (255, 128, 0)
        print(len(strip), strip[1], strip[3])
        strip.write()
        short = neopixel.NeoPixel(Pin(16), 1)
        short[0] = (1, 2, 3)
        short.write()
        try:
            strip[4] = (1, 1, 1)
        except IndexError as e:
            print(e)
        white = neopixel.NeoPixel(Pin(17), 2, bpp=4)
        white[1] = (1, 2, 3, 4)
        white.write()
        """
    )
    with World(seed=1) as world:
        board = world.board(files={"/main.py": program})
        board.neopixel(17).order = "GRBW"
        board.start()
        world.run(seconds=1)
        assert board.serial.lines[0] == "4 (255, 128, 0) (0, 0, 8)", board.serial.text
        assert board.neopixel(16).pixels == [(1, 2, 3), (255, 128, 0), (0, 0, 8), (0, 0, 8)]
        assert [len(pixels) for _, pixels in board.neopixel(16).history] == [4, 4]
        assert board.neopixel(17).pixels == [(0, 0, 0, 0), (1, 2, 3, 4)]
        board.power_cut()
        board.start()
        assert board.neopixel(16).pixels == [(0, 0, 0)] * 4


# -- I2C ---------------------------------------------------------------------------------------


class Memory:
    """A small EEPROM with 16-bit addresses that is busy after each write."""

    def __init__(self) -> None:
        self.cells = bytearray(range(256))
        self._at = 0
        self._is_busy = False

    def write(self, data: bytes) -> None:
        if self._is_busy:
            self._is_busy = False
            raise Nack
        self._at = int.from_bytes(data[:2], "big")
        for value in data[2:]:
            self.cells[self._at] = value
            self._at += 1
            self._is_busy = True

    def read(self, n: int) -> bytes:
        return bytes(self.cells[self._at : self._at + n])


def two_devices(board: Board) -> None:
    board.i2c(sda=21, scl=22).attach(0x48, RegisterDevice({1: 0x19, 2: 0x80}))
    board.i2c(sda=21, scl=22).attach(0x50, Memory())


BUSES = {
    "I2C": "I2C(0, scl=Pin(22), sda=Pin(21), freq=100000)",
    "SoftI2C": "SoftI2C(scl=Pin(22), sda=Pin(21))",
}


@pytest.mark.parametrize("bus", BUSES.values(), ids=BUSES)
def test_i2c_transfers(bus: str):
    program = """
        from machine import I2C, Pin, SoftI2C
        bus = {bus}
        print(bus.scan())
        print(bus.readfrom_mem(0x48, 1, 3))
        print(bus.writeto(0x48, b"\\x05\\xaa\\xbb"), bus.writeto(0x48, b"\\x05", False))
        print(bus.readfrom(0x48, 2))
        buffer = bytearray(2)
        bus.readfrom_mem_into(0x48, 1, buffer)
        print(buffer)
        bus.readfrom_into(0x48, memoryview(buffer)[:1])
        print(buffer)
        bus.writeto_mem(0x50, 0x0010, b"hey", addrsize=16)
        print(bus.writeto(0x50, b"\\x00\\x10"), bus.writeto(0x50, b"\\x00\\x10"))
        print(bus.readfrom(0x50, 4))
        print(bus.readfrom_mem(0x50, 0x00fe, 4, addrsize=16))
        print(bus.writevto(0x48, [b"\\x07", bytearray(b"\\x01\\x02")]))
        for use in (lambda: bus.readfrom(0x49, 1), lambda: bus.writeto(0x49, b""),
                    lambda: bus.readfrom_mem(0x49, 0, 1)):
            try:
                use()
            except OSError as e:
                print(e)
        """.replace("{bus}", bus)
    assert printed(program, two_devices) == [
        "[72, 80]",
        r"b'\x19\x80\x00'",
        "3 1",
        r"b'\xaa\xbb'",
        r"bytearray(b'\x19\x80')",
        r"bytearray(b'\x00\x80')",
        "0 2",
        r"b'hey\x13'",
        r"b'\xfe\xff\xff\xff'",
        "3",
        *["[Errno 19] ENODEV"] * 3,
    ]


EMPTY = {
    "I2C has pull-ups of its own": (BUSES["I2C"], "[Errno 19] ENODEV"),
    "SoftI2C waits for the clock line": (BUSES["SoftI2C"], "[Errno 116] ETIMEDOUT"),
}


@pytest.mark.parametrize(("bus", "error"), EMPTY.values(), ids=EMPTY)
def test_a_bus_with_nothing_on_it(bus: str, error: str):
    program = """
        from machine import I2C, Pin, SoftI2C
        bus = {bus}
        print(bus.scan())
        try:
            bus.readfrom(0x76, 1)
        except OSError as e:
            print(e)
        """.replace("{bus}", bus)
    assert printed(program) == ["[]", error]


def test_swapped_wires_find_nobody():
    program = """
        from machine import I2C, Pin
        print(I2C(1, scl=Pin(21), sda=Pin(22)).scan())
        print(I2C(1, scl=Pin(22), sda=Pin(21)))
        for make in (lambda: I2C(2), lambda: I2C(0, scl=22, sda=21)):
            try:
                make()
            except ValueError as e:
                print(e)
        """
    assert printed(program, two_devices) == [
        "[]",
        "I2C(1, scl=22, sda=21, freq=400000)",
        "I2C(2) doesn't exist",
        "expecting a pin",
    ]


def test_a_bus_that_is_shorted_times_out():
    program = """
        from machine import Pin, SoftI2C
        try:
            SoftI2C(scl=Pin(22), sda=Pin(21)).readfrom(0x48, 1)
        except OSError as e:
            print(e)
        """

    def wire(board: Board) -> None:
        two_devices(board)
        board.i2c(sda=21, scl=22).short()

    assert printed(program, wire) == ["[Errno 116] ETIMEDOUT"]


def test_a_bus_is_told_what_it_cannot_hold():
    with World() as world:
        bus = world.board().i2c(sda=21, scl=22)
        bus.attach(0x48, RegisterDevice())
        with pytest.raises(ValueError, match="0x8 to 0x77"):
            bus.attach(0x07, RegisterDevice())
        with pytest.raises(ValueError, match="already"):
            bus.attach(0x48, RegisterDevice())
        with pytest.raises(KeyError, match="no GPIO 28"):
            world.board().i2c(sda=28, scl=22)


def test_a_device_that_fails_stops_its_board_with_its_own_traceback():
    class Broken(RegisterDevice):
        def read(self, n: int) -> bytes:
            raise ZeroDivisionError("out of smoke")

    program = source("from machine import *\nI2C(0, scl=Pin(22), sda=Pin(21)).readfrom(0x20, 1)")
    with World() as world:
        board = world.board(files={"/main.py": program})
        board.i2c(21, 22).attach(0x20, Broken())
        board.start()
        world.run(seconds=1)
        assert board.state == "crashed" and "out of smoke" in str(board.exit)
