"""How a board's life goes: programs that end, fail, loop, reset, lose power, fill their heap."""

import re
import threading
import time

import pytest

from host.emulator import World
from tests.system.emulator_kit import LIMIT_S, printed, run_to_end, running, source

ENDS = {
    "falls off its end": ("print('hi')", 0, "hi\n"),
    "exits": ("import sys\nsys.exit()", 0, ""),
    "exits with a code": ("import sys\nsys.exit(3)", 3, ""),
    "raises": (
        "def f():\n    raise ValueError('boom')\nf()",
        1,
        'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n'
        '  File "main.py", line 2, in f\nValueError: boom\n',
    ),
    "is no Python": (
        "x = = 1",
        1,
        'Traceback (most recent call last):\n  File "main.py", line 1\n'
        "SyntaxError: invalid syntax\n",
    ),
    "recurses for ever": (
        "def f():\n    f()\ntry:\n    f()\nexcept RuntimeError as e:\n    print(e)",
        0,
        "maximum recursion depth exceeded\n",
    ),
}


@pytest.mark.parametrize(("program", "code", "text"), ENDS.values(), ids=ENDS)
def test_a_program_that(program: str, code: int, text: str):
    board = run_to_end(program)
    assert (board.serial.text, board.state, board.exit) == (text, "stopped", code)


def test_boot_py_runs_first_and_shares_its_names():
    with World() as world:
        files = {"/boot.py": b"x = 41", "/main.py": b"print(x + 1, __name__)"}
        board = world.board(files=files)
        board.start()
        world.run(seconds=1)
        assert board.serial.text == "42 __main__\n"


def test_main_py_does_not_run_after_a_boot_py_that_failed():
    with World() as world:
        board = world.board(files={"/boot.py": b"1/0", "/main.py": b"print('main')"})
        board.start()
        world.run(seconds=1)
        assert board.exit == 1 and "main\n" not in board.serial.text


LOOPS = {
    "for ever": "while True: pass",
    "and asks for the time": "import time\nwhile True: time.ticks_ms()",
    "asleep": "import time\nwhile True: time.sleep(1)",
    "and swallows every exception": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
}


@pytest.mark.parametrize("program", LOOPS.values(), ids=LOOPS)
def test_a_board_can_be_stopped_that_loops(program: str):
    with running("print('on')\n" + program, realtime=True) as board:
        await_text(board, "on")
        began = time.monotonic()
        board.stop()
        assert board.state == "off"
        assert time.monotonic() - began < LIMIT_S
    assert not [t for t in threading.enumerate() if t.name.startswith("board ")]


def await_text(board, text: str) -> None:
    seen = threading.Event()
    board.serial.on_output = lambda _: seen.set() if text in board.serial.text else None
    if text not in board.serial.text:
        assert seen.wait(LIMIT_S), board.serial.text


def test_a_full_heap_is_a_memory_error_and_the_board_lives():
    text = printed(
        """
        import gc
        def fill():
            kept = []
            try:
                while True:
                    kept.append(bytearray(1000))
            except MemoryError as e:
                print(110 < len(kept) < 128, str(e)[:24])
        fill()
        (lambda: [0, 0, 0])()  # the collector is conservative: use the stack that fill() has left
        gc.collect()
        print(gc.mem_free() > 100_000)
        """
    )
    assert text == "True memory allocation failed\nTrue\n"


def test_a_heap_reads_like_a_chips():
    board = run_to_end(
        "import gc\nprint(gc.mem_free())\nx = bytearray(50_000)\nprint(gc.mem_free())"
    )
    before, after = map(int, board.serial.lines)
    assert 120_000 < before < 128 * 1024
    assert 50_000 <= before - after < 51_000
    assert 127_000 < board.heap.total < 128 * 1024
    assert abs(board.heap.free - after) < 200
    assert board.heap.used + board.heap.free == board.heap.total


def test_the_size_of_the_heap_can_be_chosen():
    board = run_to_end("import gc\nprint(gc.mem_free())", heap_kb=64)
    assert 58_000 < int(board.serial.text) < 64 * 1024


def test_machine_reset_boots_again_without_finally():
    board = run_to_end(
        """
        import machine, os
        print("boot", machine.reset_cause())
        if "again" not in os.listdir():
            open("again", "w").close()
            try:
                machine.reset()
            finally:
                print("never")
        """
    )
    assert board.serial.lines == ["boot 1", "boot 2"]
    assert board.boots == 2


def test_the_reset_button_and_the_soft_reset_have_their_causes():
    program = """
        import machine, time
        print(machine.reset_cause())
        if machine.reset_cause() == machine.HARD_RESET:
            machine.soft_reset()
        time.sleep(1000)
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=1)
        board.reset()
        world.run(seconds=1)
        assert board.serial.lines == ["1", "2", "5"]


BITTEN = [
    "E ({ms}) task_wdt: Task watchdog got triggered. The following tasks/users did not reset the "
    "watchdog in time:",
    *(
        f"E ({{ms}}) task_wdt: {line}"
        for line in (" - mp_task (CPU 1)", "Tasks currently running:")
    ),
    *(f"E ({{ms}}) task_wdt: {line}" for line in ("CPU 0: IDLE0", "CPU 1: mp_task", "Aborting.")),
    "Rebooting...",
]


def bitten(ms: int) -> list[str]:
    return [line.replace("{ms}", str(ms)) for line in BITTEN]


def test_the_watchdog_bites_who_does_not_feed_it():
    board = run_to_end(
        """
        import machine, time
        print(machine.reset_cause(), time.ticks_ms())
        if machine.reset_cause() == machine.PWRON_RESET:
            dog = machine.WDT(timeout=2000)
            for _ in range(5):
                time.sleep(1)
                dog.feed()
            time.sleep(60)
        """
    )
    assert board.serial.lines == ["1 0", *bitten(7000), "3 0"]


def test_the_watchdog_bites_a_board_that_computes_while_time_follows_the_wall():
    program = "import machine\nif machine.reset_cause() != 3:\n    machine.WDT(timeout=50)\n    while True: pass"
    with running(program, realtime=True) as board:
        board.join(LIMIT_S)
        assert (board.boots, board.reset_cause) == (2, 3)


DEATHS = {
    "loops for ever": (
        "while True: pass",
        "crashed",
        r"\nthe board is stuck: busy for \d+ s, neither waiting nor asking the time\n",
    ),
    "loops for ever under a watchdog": (
        "import machine\nif machine.reset_cause() == 1: machine.WDT(timeout=3000)\n"
        "while machine.reset_cause() == 1: pass\nprint('up again')",
        "stopped",
        re.escape("\n".join([*bitten(0), "up again", ""])).replace(r"\(0\)", r"\(\d+\)"),
    ),
    "exhausts its heap": (
        "a = []\nwhile True: a.append(bytes(1000))",
        "stopped",
        r'Traceback \(most recent call last\):\n  File "main.py", line 2, in <module>\n'
        r"MemoryError: memory allocation failed, allocating 1\d\d\d bytes\n",
    ),
    "recurses too deep": (
        "def f(): f()\nf()",
        "stopped",
        r"Traceback \(most recent call last\):\n"
        r'  File "main.py", line 2, in <module>\n(  File "main.py", line 1, in f\n)+'
        r"RuntimeError: maximum recursion depth exceeded\n",
    ),
}


def test_a_board_that_cannot_go_on_dies_alone():
    with World(seed=1, stuck_s=0.5) as world:
        healthy = world.board(
            files={"/main.py": b"import time\nfor i in range(60): time.sleep(1)\nprint('well')"}
        )
        healthy.start()
        for name, (program, _, _) in DEATHS.items():
            world.board(name=name, files={"/main.py": program.encode()}).start()
        world.run(minutes=2)
        assert (healthy.state, healthy.serial.text, healthy.boots) == ("stopped", "well\n", 1)
        for board in world.boards[1:]:
            _, state, text = DEATHS[board.name]
            assert board.state == state, (board.name, board.serial.text)
            assert re.fullmatch(text, board.serial.text), board.serial.text


def test_deep_sleep_ends_in_a_boot_of_its_own():
    board = run_to_end(
        """
        import machine
        print(machine.reset_cause() == machine.DEEPSLEEP_RESET)
        if machine.reset_cause() != machine.DEEPSLEEP_RESET:
            machine.deepsleep(60_000)
        """
    )
    assert board.serial.lines == ["False", "True"]


def test_what_is_typed_arrives_on_stdin():
    program = """
        import sys
        print("name?")
        print("hello", sys.stdin.readline().strip())
        """
    with running(program, realtime=True) as board:
        await_text(board, "name?")
        board.serial.write(b"limpet\n")
        board.join(LIMIT_S)
        assert board.serial.lines == ["name?", "hello limpet"]


def test_stdin_can_be_polled_together_with_time():
    program = """
        import sys, select, time
        p = select.poll()
        p.register(sys.stdin, select.POLLIN)
        print(p.poll(500))
        print(len(p.poll(-1)), sys.stdin.read(1))
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=2)
        board.serial.write(b"x")
        world.run(seconds=2)
        assert board.serial.lines == ["[]", "1 x"]


def test_each_line_is_told_as_it_is_finished():
    lines: list[str] = []
    with World() as world:
        board = world.board(files={"/main.py": b"print('a', end='')\nprint('b')\nprint('c')"})
        board.serial.on_line = lines.append
        board.start()
        world.run(seconds=1)
    assert lines == ["ab", "c"]


def test_the_board_says_it_is_an_esp32():
    assert printed("import sys, os\nprint(sys.platform == 'esp32', os.uname().sysname)") == (
        "True esp32\n"
    )


def test_a_crash_of_the_vm_kills_that_board_alone():
    with World() as world:
        bad = world.board(files={"/main.py": b"import machine\nmachine.mem32[0x7fff0000]"})
        good = world.board(files={"/main.py": b"import time\ntime.sleep(5)\nprint('fine')"})
        for board in (bad, good):
            board.start()
        world.run(seconds=10)
        assert bad.state == "crashed"
        assert "out of bounds memory access" in str(bad.exit)
        assert "the VM crashed" in bad.serial.text
        assert (good.state, good.serial.text) == ("stopped", "fine\n")
        bad.start()
        world.run(seconds=1)
        assert (bad.state, bad.boots) == ("crashed", 2)


def test_leaving_the_world_on_an_error_leaves_no_thread():
    with pytest.raises(KeyboardInterrupt), World(realtime=True) as world:
        for _ in range(3):
            world.board(files={"/main.py": b"while True: pass"}).start()
        raise KeyboardInterrupt
    assert not [t for t in threading.enumerate() if t.name.startswith("board ")]


BELL = """
from machine import Pin
import time
Pin(4, Pin.IN).irq(lambda pin: print("rung"), Pin.IRQ_RISING)
while True:
    time.sleep(1)
"""


@pytest.mark.parametrize("isolated", [False, True], ids=["real sockets", "an isolated world"])
def test_a_bell_that_rings_while_the_board_is_off_is_not_heard(isolated: bool):
    with World(isolated=isolated) as world:
        board = world.board(files={"/main.py": source(BELL)})
        board.pin(4).drive(0)
        for _ in range(5):
            board.start()
            world.run(seconds=3)
            board.pin(4).drive(1)
            world.run(seconds=1)
            board.power_cut()
            for level in (0, 1, 0, 1, 0):
                board.pin(4).drive(level)
            world.run(seconds=1)
        assert board.serial.text.count("rung") == 5
