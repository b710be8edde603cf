"""Virtual time on an emulated board: exact, and fast."""

import time

import pytest

from host.emulator import World
from tests.system.emulator_kit import LIMIT_S, printed, running, source

ONE_WEEK_S = 7 * 86400


def test_a_week_of_sleep_takes_no_time():
    began = time.monotonic()
    text = printed(
        """
        import time
        before = time.time()
        time.sleep(7 * 86400)
        print(time.time() - before)
        """
    )
    assert int(text) == ONE_WEEK_S
    assert time.monotonic() - began < LIMIT_S


@pytest.mark.parametrize(
    ("call", "ms"),
    [
        ("time.sleep(2)", 2000),
        ("time.sleep(0.25)", 250),
        ("time.sleep_ms(7)", 7),
        ("time.sleep_us(3500)", 3),
        ("time.sleep_ms(-5)", 0),
        ("machine.lightsleep(40)", 40),
        ("select.poll().poll(1234)", 1234),
        ("asyncio.run(nap(1.5))", 1500),
    ],
)
def test_a_wait_is_as_long_as_asked(call: str, ms: int):
    text = printed(
        f"""
        import time, machine, select, asyncio
        async def nap(seconds):
            await asyncio.sleep(seconds)
        before = time.ticks_ms()
        {call}
        print(time.ticks_diff(time.ticks_ms(), before))
        """
    )
    assert int(text) == ms


def test_a_busy_loop_gets_on():
    assert printed(
        """
        import time
        before = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), before) < 20:
            pass
        print("done")
        """
    )


def test_ticks_wrap_at_two_to_the_thirty():
    text = printed(
        """
        import time
        print(time.ticks_add(0, -1), time.ticks_diff(1, time.ticks_add(1, -10)))
        time.sleep((1 << 30) // 1000 + 5)
        print(time.ticks_ms() < 10_000)
        """
    )
    assert text.split() == ["1073741823", "10", "True"]


def test_the_epoch_is_2000_and_the_date_is_the_worlds():
    text = printed(
        """
        import time
        print(time.gmtime(0), time.localtime()[:3], type(time.time()).__name__)
        print(time.mktime((2026, 1, 5, 0, 0, 0, 0, 0)) <= time.time())
        """
    )
    assert text.split("\n")[0] == "(2000, 1, 1, 0, 0, 0, 5, 1) (2026, 1, 5) int"
    assert text.split("\n")[1] == "True"


def test_a_board_without_the_date_begins_in_2000_until_ntp():
    with World(date_is_set=False) as world:
        board = world.board(
            files={
                "/main.py": source(
                    """
                    import time, ntptime
                    print(time.gmtime()[0])
                    ntptime.settime()
                    print(time.gmtime()[0])
                    """
                )
            }
        )
        board.start()
        world.run(seconds=1)
        assert board.serial.lines == ["2000", "2026"]


def test_run_stops_exactly_where_it_was_told():
    program = """
        import time
        from machine import Pin
        pin = Pin(2, Pin.OUT)
        while True:
            time.sleep_ms(1000)
            pin.toggle()
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=10)
        assert world.now_s == board.now_s == 10
        toggles = len(board.pin(2).history)
        world.run(seconds=10)
        assert len(board.pin(2).history) == toggles + 10


def test_the_same_seed_gives_the_same_run():
    program = """
        import time, random, os
        from machine import Pin
        pin = Pin(2, Pin.OUT)
        for _ in range(50):
            time.sleep_ms(random.randint(1, 5000))
            pin.toggle()
        print(os.urandom(8))
        """

    def once() -> tuple[object, str]:
        with World(seed=7) as world:
            board = world.board(files={"/main.py": source(program)})
            board.start()
            world.run(hours=1)
            return board.pin(2).history, board.serial.text

    assert once() == once()


def test_real_time_follows_the_wall():
    program = """
        import time
        before = time.ticks_ms()
        time.sleep_ms(150)
        print(time.ticks_diff(time.ticks_ms(), before))
        """
    began = time.monotonic()
    with running(program, realtime=True) as board:
        board.join(LIMIT_S)
        assert time.monotonic() - began >= 0.15
        assert 150 <= int(board.serial.text) < 1000


def test_a_realtime_world_can_leap_ahead():
    program = """
        import time
        time.sleep(3600)
        print("an hour")
        time.sleep(3600)
        """
    with World(realtime=True) as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(minutes=61)
        assert board.serial.lines == ["an hour"]
        assert board.state == "running"
        before_s = world.now_s
        world.wait_for(lambda: world.now_s > before_s + 0.05, LIMIT_S, "time to go on")


def test_what_is_waited_for_in_vain_is_named():
    with World() as world:
        world.board(name="lonely")
        with pytest.raises(TimeoutError, match="the moon to rise.*lonely is off"):
            world.wait_for(lambda: False, timeout_s=0.05, text="the moon to rise")
