"""Pins, interrupts, timers and the analog side of an emulated board."""

import pytest

from host.emulator import World
from tests.system.emulator_kit import LIMIT_S, printed, run_to_end, running, source


def test_a_pins_history_tells_each_change():
    board = run_to_end(
        """
        import time
        from machine import Pin
        led = Pin(2, Pin.OUT, value=1)
        time.sleep_ms(500)
        led.off()
        led.off()
        time.sleep(2)
        led(1)
        """
    )
    times_ms = [round(t * 1000) for t, _ in board.pin(2).history]
    assert [level for _, level in board.pin(2).history] == [1, 0, 1]
    assert [times_ms[1] - times_ms[0], times_ms[2] - times_ms[1]] == [500, 2000]


COUNTER = """
    import time
    from machine import Pin
    def pressed(pin):
        print(time.ticks_ms(), pin, pin.value())
    button = Pin(0, Pin.IN, Pin.PULL_UP)
    button.irq(pressed, Pin.IRQ_FALLING | Pin.IRQ_RISING)
    {wait}
    """
WAITS = {
    "in a sleep": "time.sleep(100)",
    "in a poll": "import select; select.poll().poll(100_000)",
    "in asyncio": "import asyncio; asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 100))",
    "in a loop that reads the clock": "while time.ticks_ms() < 1300: pass",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_an_interrupt_comes_at_the_exact_millisecond(wait: str):
    with World() as world:
        board = world.board(files={"/main.py": source(COUNTER.replace("{wait}", wait))})
        board.start()
        world.run(seconds=1)
        board.pin(0).press(ms=200)
        world.run(seconds=1)
        assert board.serial.lines == ["1000 Pin(0) 0", "1200 Pin(0) 1"]


def test_a_loop_that_calls_nothing_is_interrupted_too():
    program = """
        from machine import Pin
        hits = []
        Pin(4, Pin.IN).irq(hits.append, Pin.IRQ_RISING)
        print("ready")
        while not hits:
            pass
        print("interrupted")
        """
    with running(program, realtime=True) as board:
        world_deadline = LIMIT_S
        wait_for_text(board, "ready", world_deadline)
        board.pin(4).drive(1)
        board.join(LIMIT_S)
        assert board.serial.lines == ["ready", "interrupted"]


def wait_for_text(board, text: str, timeout_s: float) -> None:
    import threading

    seen = threading.Event()
    board.serial.on_output = lambda _: seen.set() if text in board.serial.text else None
    if text not in board.serial.text:
        assert seen.wait(timeout_s), board.serial.text


def test_two_boards_keep_their_pins_apart():
    program = """
        import time
        from machine import Pin
        led = Pin(2, Pin.OUT)
        for _ in range({count}):
            led.toggle()
            time.sleep(1)
        """
    with World() as world:
        few = world.board(files={"/main.py": source(program.replace("{count}", "3"))})
        many = world.board(files={"/main.py": source(program.replace("{count}", "30"))})
        for board in (few, many):
            board.start()
        world.run(minutes=1)
        assert (len(few.pin(2).history), len(many.pin(2).history)) == (3, 30)
        assert few.mac != many.mac


INPUTS = {
    "floating": ("Pin.IN", None, "0"),
    "pulled up": ("Pin.IN, Pin.PULL_UP", None, "1"),
    "pulled down": ("Pin.IN, Pin.PULL_DOWN", None, "0"),
    "driven high": ("Pin.IN, Pin.PULL_DOWN", 1, "1"),
    "driven low": ("Pin.IN, Pin.PULL_UP", 0, "0"),
    "open drain that lets go, pulled up": ("Pin.OPEN_DRAIN, Pin.PULL_UP, value=1", None, "1"),
    "open drain that pulls down": ("Pin.OPEN_DRAIN, Pin.PULL_UP, value=0", None, "0"),
    "output against a weak outside": ("Pin.OUT, value=1", 0, "1"),
}


@pytest.mark.parametrize(("setup", "outside", "level"), INPUTS.values(), ids=INPUTS)
def test_a_pin_reads(setup: str, outside: int | None, level: str):
    with World() as world:
        program = f"from machine import Pin\nprint(Pin(4, {setup}).value())"
        board = world.board(files={"/main.py": program.encode()})
        board.pin(4).drive(outside)
        board.start()
        world.run(seconds=1)
        assert board.serial.text.strip() == level


def test_machine_answers_like_the_chip():
    assert printed(
        """
        import machine
        from machine import Pin, Signal, PWM, ADC
        for bad in (-1, 28, 40, "D2"):
            try:
                Pin(bad)
            except ValueError as e:
                print(e)
        try:
            Pin(34, Pin.OUT)
        except ValueError as e:
            print(e)
        print(repr(Pin(4)), Pin(4) is Pin(4), Pin(2, Pin.OUT).value(1), Pin(2)())
        print(Signal(Pin(2), invert=True).value())
        print(len(machine.unique_id()), machine.reset_cause() == machine.PWRON_RESET)
        try:
            PWM(Pin(5), freq=0)
        except ValueError as e:
            print(e)
        print(ADC(Pin(34), atten=ADC.ATTN_11DB))
        """
    ).splitlines() == [
        *["invalid pin"] * 4,
        "pin can only be input",
        "Pin(4) True None 1",
        "0",
        "6 True",
        "frequency must be from 1Hz to 40MHz",
        "ADC(Pin(34), atten=3)",
    ]


def test_the_adc_reads_the_voltage_outside_and_pwm_shows_its_duty():
    with World() as world:
        program = source(
            """
            from machine import ADC, PWM, Pin
            print(ADC(Pin(34), atten=ADC.ATTN_11DB).read_uv())
            PWM(Pin(5), freq=50, duty_u16=32768)
            """
        )
        board = world.board(files={"/main.py": program})
        board.adc(34).set_mv(1200)
        board.start()
        world.run(seconds=1)
        assert board.serial.text.strip() == "1200000"
        assert (board.pwm_on(5).frequency_hz, board.pwm_on(5).duty_pct) == (50, 50)


def test_a_timer_ticks_until_it_is_stopped():
    assert (
        printed(
            """
        import time
        from machine import Timer
        ticks = []
        start = time.ticks_ms()
        def tick(timer):
            ticks.append(time.ticks_diff(time.ticks_ms(), start))
        timer = Timer(0, mode=Timer.PERIODIC, period=100, callback=tick)
        time.sleep_ms(350)
        timer.deinit()
        Timer(1, mode=Timer.ONE_SHOT, period=50, callback=tick)
        time.sleep(10)
        print(ticks)
        """
        ).strip()
        == "[100, 200, 300, 400]"
    )


def test_the_chip_has_no_such_pin():
    with World() as world, pytest.raises(KeyError, match="no GPIO 28"):
        world.board().pin(28)
