"""Programs that live on interrupts alone, while their main line computes without end."""

import re

import pytest

from host.emulator import Board, World
from host.emulator.event_log import EventLog
from tests.system.emulator_kit import await_text, running, source

HEAD = """
from machine import Pin, Timer, WDT
import machine, micropython, time
"""


def lived(program: str, *, seconds: float, press_s: float = 0, isolated: bool = False) -> Board:
    """Return a board after so long a life, whose button was pressed once; it is switched off."""
    with World(seed=1, isolated=isolated, stuck_s=5) as world:
        board = world.board(files={"/main.py": (HEAD + source(program).decode()).encode()})
        board.start()
        if press_s:
            world.run(seconds=press_s)
            board.pin(0).press(ms=200)
        world.run(seconds=seconds - press_s)
        state = board.state
    assert state == "running" or board.exit == 0, board.serial.text
    return board


ON_INTERRUPTS: dict[str, tuple[str, float, float, str]] = {
    "counts a timer's ticks": (
        """
        ticks = 0
        def tick(timer):
            global ticks
            ticks += 1
            if ticks % 100 == 0:
                print(ticks)
        Timer(0, period=10, callback=tick)
        while True: pass
        """,
        3.999,
        0,
        "100\n200\n300\n",
    ),
    "asks the time in its handler": (
        """
        Timer(0, period=250, callback=lambda timer: print(time.ticks_ms() // 250))
        while True: pass
        """,
        1.1,
        0,
        "1\n2\n3\n4\n",
    ),
    "waits for a button": (
        """
        led = Pin(2, Pin.OUT)
        def pressed(pin):
            led.toggle()
            print("pressed", time.ticks_ms() // 100)
        Pin(0, Pin.IN, Pin.PULL_UP).irq(pressed, Pin.IRQ_FALLING)
        while True: pass
        """,
        5,
        3.2,
        "pressed 32\n",
    ),
    "waits for a flag that a timer sets": (
        """
        flag = False
        def set(timer):
            global flag
            flag = True
        Timer(0, mode=Timer.ONE_SHOT, period=5000, callback=set)
        while not flag:
            pass
        print(time.ticks_ms())
        """,
        6,
        0,
        "5000\n",
    ),
    "counts meanwhile": (
        """
        count = 0
        Timer(0, period=1000, callback=lambda timer: print(count > 0))
        while True:
            count += 1
        """,
        2.5,
        0,
        "True\nTrue\n",
    ),
    "feeds its dog from a timer": (
        """
        dog = WDT(timeout=3000)
        Timer(0, period=1000, callback=lambda timer: dog.feed())
        Timer(1, mode=Timer.ONE_SHOT, period=60000, callback=lambda timer: print("well"))
        while True: pass
        """,
        61,
        0,
        "well\n",
    ),
    "has loops of some length in it": (
        """
        Timer(0, period=1000, callback=lambda timer: print("tick"))
        def f(n):
            while n:
                n -= 1
        while True:
            f(3)
            f(50)
        """,
        2.5,
        0,
        "tick\ntick\n",
    ),
    "runs what its handlers schedule": (
        """
        Timer(0, period=1000, callback=lambda timer: micropython.schedule(print, "later"))
        while True: pass
        """,
        2.5,
        0,
        "later\nlater\n",
    ),
}


@pytest.mark.parametrize("isolated", [False, True], ids=["alone", "in an isolated world"])
@pytest.mark.parametrize(
    ("program", "seconds", "press_s", "said"), ON_INTERRUPTS.values(), ids=ON_INTERRUPTS
)
def test_a_program_that_loops_for_ever(
    program: str, seconds: float, press_s: float, said: str, isolated: bool
) -> None:
    board = lived(program, seconds=seconds, press_s=press_s, isolated=isolated)
    assert board.serial.text == said


def test_a_week_of_an_idle_loop_passes_at_once() -> None:
    program = """
        days = 0
        def day(timer):
            global days
            days += 1
        Timer(0, period=86_400_000, callback=day)
        Pin(0, Pin.IN, Pin.PULL_UP).irq(lambda pin: print(days), Pin.IRQ_FALLING)
        while True: pass
        """
    week_s = 7 * 86400.0
    assert lived(program, seconds=week_s + 9, press_s=week_s + 5).serial.text == "7\n"


def test_a_loop_that_computes_for_long_is_given_more_and_more_time() -> None:
    program = """
        Timer(0, period=10_000, callback=lambda timer: print(count // 1_000_000))
        for count in range(1 << 30): pass
        """
    millions = list(map(int, lived(program, seconds=30.1).serial.lines))
    assert millions[0] == 11  # a jump takes a microsecond, but the first million takes none
    assert 5 <= millions[1] - millions[0] <= 8 and 3 <= millions[2] - millions[1] <= 5


def test_a_loop_that_asks_a_socket_again_and_again_hears_it_in_the_end() -> None:
    program = """
        import network, socket
        station = network.WLAN(network.STA_IF)
        station.active(True)
        station.connect("home", "secret")
        while not station.isconnected():
            time.sleep_ms(10)
        air = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        air.bind(("0.0.0.0", 5000))
        air.setblocking(False)
        if TALKS:
            time.sleep(3)
            air.sendto(b"tide", ("255.255.255.255", 5000))
            time.sleep(9)
            raise SystemExit
        while True:
            try:
                print(air.recvfrom(9)[0])
                break
            except OSError:
                pass
        """
    with World(isolated=True, stuck_s=20) as world:
        hears, talks = (
            world.board(files={"/main.py": (HEAD + source(text).decode()).encode()})
            for text in (program.replace("TALKS", "False"), program.replace("TALKS", "True"))
        )
        hears.start()
        talks.start()
        world.run(seconds=20)
        assert hears.serial.text == "b'tide'\n", hears.serial.text


def test_computing_takes_no_time_as_long_as_one_would_not_mind() -> None:
    program = """
        Timer(0, period=1000, callback=lambda timer: print("tick"))
        for _ in range(3):
            began = time.ticks_us()
            for n in range(400_000): pass
            print(time.ticks_diff(time.ticks_us(), began))
        """
    assert lived(program, seconds=0.5).serial.text == "1\n1\n1\n"


def test_the_dog_bites_a_loop_in_virtual_time() -> None:
    program = """
        if machine.reset_cause() == 1:
            WDT(timeout=3000)
            Timer(0, period=700, callback=lambda timer: print(time.ticks_ms()))
            while True: pass
        """
    text = lived(program, seconds=10).serial.text
    assert text.startswith("700\n1400\n2100\n2800\nE (3000) task_wdt: ")
    assert text.endswith("Rebooting...\n")


def test_two_runs_of_loops_give_the_same_log_byte_for_byte() -> None:
    program = """
        from random import getrandbits
        count = 0
        def tick(timer):
            timer.init(period=1 + getrandbits(9), callback=tick)
            print(count, time.ticks_us())
        Timer(0, period=5, callback=tick)
        while True:
            count += 1
        """

    def log() -> str:
        with World(seed=7, isolated=True) as world:
            for _ in range(3):
                world.board(files={"/main.py": (HEAD + source(program).decode()).encode()})
            log = EventLog(world.boards)
            for board in world.boards:
                board.start()
            world.run(seconds=2)
            world.boards[1].pin(0).press()
            world.run(seconds=2)
            return log.text()

    first = log()
    assert first.count("printed") > 30 and log() == first


def test_nothing_to_wait_for_is_a_board_that_is_stuck() -> None:
    with World(stuck_s=0.5) as world:
        program = "Timer(0, mode=Timer.ONE_SHOT, period=900, callback=print)\nwhile True: pass"
        board = world.board(files={"/main.py": (HEAD + program).encode()})
        board.start()
        world.run(minutes=1)
        assert board.state == "crashed"
        assert re.fullmatch(
            r"Timer\(.*\)\n\nthe board is stuck: busy for \d+ s, neither .*\n", board.serial.text
        ), board.serial.text


def test_timers_tick_in_a_loop_while_time_follows_the_wall() -> None:
    program = HEAD + (
        "Timer(0, mode=Timer.ONE_SHOT, period=50, callback=lambda t: print('tick'))\n"
        "while True: pass\n"
    )
    with running(program, realtime=True) as board:
        await_text(board, "tick")
