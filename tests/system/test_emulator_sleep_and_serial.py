"""SPI, UART, storage, hashes, sleep and what wakes a board, as ordinary programs use them."""

from collections.abc import Callable

import pytest

from host.emulator import Board, World
from tests.system.emulator_kit import run_to_end, source


class Upper:
    """An SPI device that answers each byte with its upper-case letter."""

    def transfer(self, data: bytes) -> bytes:
        return data.upper()


def wire_spi(board: Board) -> None:
    board.spi(sck=18, mosi=23, miso=19).attach(Upper(), cs=board.pin(5))
    board.spi(sck=25, mosi=26, miso=27).attach(Upper())


def wire_uart(board: Board) -> None:
    line = board.uart(1)
    line.on_data = lambda data: line.write(b"\x00 <" + data + b"> after\n" + b"rest")


PROGRAMS: dict[str, tuple[Callable[[Board], object], str, list[str]]] = {
    "SPI exchanges bytes while the chip select is low": (
        wire_spi,
        """
        from machine import Pin, SPI, SoftSPI
        cs = Pin(5, Pin.OUT, value=1)
        spi = SPI(2, baudrate=1_000_000)
        print(spi)
        buf = bytearray(b"..")
        spi.write_readinto(b"no", buf)
        cs(0)
        print(buf, spi.read(2, 0x61))
        spi.write_readinto(b"ok", buf)
        print(buf)
        soft = SoftSPI(sck=Pin(25), mosi=Pin(26), miso=Pin(27))
        print(soft, soft.read(1, ord("z")))
        try:
            SPI(7)
        except ValueError as e:
            print(e)
        """,
        [
            "SPI(id=2, baudrate=1000000, polarity=0, phase=0, bits=8, firstbit=0, "
            "sck=18, mosi=23, miso=19)",
            "bytearray(b'\\xff\\xff') b'AA'",
            "bytearray(b'OK')",
            "SoftSPI(baudrate=500000, polarity=0, phase=0, sck=25, mosi=26, miso=27) b'Z'",
            "SPI(7) doesn't exist",
        ],
    ),
    "a UART sends and receives": (
        wire_uart,
        """
        import asyncio, time
        from machine import UART
        u = UART(1, 9600, tx=4, rx=5, timeout=20)
        print(u.any(), u.read(1), u.write("hi"), u.any())
        print(u.read(1), u.readline(), u.read())
        start = time.ticks_ms()
        print(u.read(5), time.ticks_diff(time.ticks_ms(), start))
        async def main():
            stream = asyncio.StreamReader(u)
            u.write(b"x")
            print(await asyncio.wait_for(stream.readline(), 1))
        asyncio.run(main())
        try:
            UART(9)
        except ValueError as e:
            print(e)
        """,
        [
            "0 None 2 17",
            "b'\\x00' b' <hi> after\\n' b'rest'",
            "None 20",
            "b'\\x00 <x> after\\n'",
            "UART(9) does not exist",
        ],
    ),
    "what is in the NVS stays over a reset": (
        lambda board: None,
        """
        import esp32, machine
        nvs = esp32.NVS("app")
        try:
            print(nvs.get_i32("n"), nvs.get_blob("b", bytearray(3)))
        except OSError as e:
            print(e)
            nvs.set_i32("n", -5)
            nvs.set_blob("b", b"abc")
            nvs.commit()
            machine.reset()
        for use in (
            lambda: nvs.get_blob("b", bytearray(2)),
            lambda: nvs.set_i32("x" * 16, 1),
            lambda: (nvs.erase_key("n"), nvs.erase_key("n")),
            lambda: esp32.NVS("other").get_blob("b", bytearray(3)),
        ):
            try:
                use()
            except OSError as e:
                print(e)
        """,
        [
            "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
            "-5 3",
            "(-4364, 'ESP_ERR_NVS_INVALID_LENGTH')",
            "(-4361, 'ESP_ERR_NVS_KEY_TOO_LONG')",
            "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
            "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
        ],
    ),
    "the partitions are those of the image": (
        lambda board: None,
        """
        import esp, esp32
        print([p.info()[4] for p in esp32.Partition.find(esp32.Partition.TYPE_DATA)])
        print(esp32.Partition("vfs").info()[2:4], esp.flash_size())
        """,
        ["['nvs', 'phy_init', 'vfs']", "(2097152, 2097152) 4194304"],
    ),
    "md5 and sha1 take their data in parts": (
        lambda board: None,
        """
        import binascii, hashlib
        for kind in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            h = kind(b"ab")
            h.update(b"c")
            print(binascii.hexlify(h.digest())[:12])
        """,
        ["b'900150983cd2'", "b'a9993e364706'", "b'ba7816bf8f01'"],
    ),
    "deep sleep ends by the timer": (
        lambda board: None,
        """
        import machine, time
        print(machine.reset_cause(), machine.wake_reason())
        if machine.reset_cause() != machine.DEEPSLEEP_RESET:
            machine.Pin(2, machine.Pin.OUT, value=1)
            with open("began", "w") as file:
                file.write(str(time.time()))
            machine.deepsleep(90_000)
        print(time.time() - int(open("began").read()), machine.Pin(2).value())
        """,
        ["1 0", "4 4", "90 0"],
    ),
    "light sleep goes on where it was": (
        lambda board: None,
        """
        import machine, time
        start = time.ticks_ms()
        machine.lightsleep(1234)
        print(time.ticks_diff(time.ticks_ms(), start), machine.wake_reason())
        """,
        ["1234 4"],
    ),
    "a timer tells how far it is": (
        lambda board: None,
        """
        from machine import Timer
        import time
        t = Timer(0)
        t.init(period=1000, mode=Timer.PERIODIC, callback=lambda t: None)
        time.sleep_ms(2300)
        print(t.value(), Timer(-1))
        """,
        ["300 Timer(3, mode=ONE_SHOT, period=0)"],
    ),
    "apa106 pixels take red first": (
        lambda board: setattr(board.neopixel(4), "order", "RGB"),
        """
        from apa106 import APA106
        from machine import Pin
        strip = APA106(Pin(4), 1)
        strip[0] = (1, 2, 3)
        strip.write()
        print(bytes(strip.buf))
        """,
        ["b'\\x01\\x02\\x03'"],
    ),
}


@pytest.mark.parametrize(("wire", "program", "lines"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_finds_that(wire: Callable[[Board], object], program: str, lines: list[str]):
    with World(seed=1) as world:
        board = world.board(files={"/main.py": source(program)})
        wire(board)
        board.start()
        world.run(minutes=5)
        assert (board.serial.lines, board.exit) == (lines, 0)


WAKES = {
    "a pin that goes low": ("ext0(Pin(4, Pin.IN, Pin.PULL_UP), level=0)", {4: 0}, 2),
    "a pin that is pressed and let go": (
        "ext0(Pin(4, Pin.IN, Pin.PULL_UP), level=0)",
        {4: None},
        2,
    ),
    "any pin high": ("ext1((Pin(32), Pin(33)), level=esp32.WAKEUP_ANY_HIGH)", {33: 1}, 3),
    "all pins low": (
        "ext1((Pin(4, Pin.IN, Pin.PULL_UP), Pin(5, Pin.IN, Pin.PULL_UP)), level=0)",
        {4: 0, 5: 0},
        3,
    ),
}


@pytest.mark.parametrize(("source_of_wake", "levels", "reason"), WAKES.values(), ids=WAKES)
def test_deep_sleep_ends_by(source_of_wake: str, levels: dict[int, int | None], reason: int):
    program = f"""
        import esp32, machine
        from machine import Pin
        print(machine.wake_reason())
        if not machine.wake_reason():
            esp32.wake_on_{source_of_wake}
            machine.deepsleep()
        """
    with World(seed=1) as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(hours=1)
        assert (board.state, board.boots) == ("running", 1)
        for number, level in levels.items():
            assert (board.state, board.boots) == ("running", 1), "not before the last pin"
            if level is None:
                board.pin(number).press(ms=50)
            else:
                board.pin(number).drive(level)
            world.run(seconds=1)
        assert (board.serial.lines, board.state, board.boots) == (["0", str(reason)], "stopped", 2)


def test_pwm_may_be_inverted():
    program = """
        from machine import PWM, Pin
        print(PWM(Pin(4), freq=1000, duty_u16=16384, invert=1).duty_u16())
        """
    board = run_to_end(program)
    assert (board.serial.text, board.pwm_on(4).duty_u16) == ("16384\n", 65535 - 16384)
