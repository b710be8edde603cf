"""How often an emulated board calls its host: what takes time is counted, not timed."""

from collections import Counter

import pytest

from host.emulator import World, imports
from tests.system.emulator_kit import printed, source


@pytest.fixture
def calls(monkeypatch) -> Counter[str]:
    """How often each import of the VM was called, of boards made in the test."""
    counted: Counter[str] = Counter()
    make = imports.Calls.__init__

    def make_counting(self: imports.Calls, handlers: dict[str, imports.Handler]) -> None:
        def counting(name: str, handler: imports.Handler) -> imports.Handler:
            def call(*arguments: int) -> int | None:
                counted[name] += 1
                return handler(*arguments)

            return call

        make(self, {name: counting(name, handler) for name, handler in handlers.items()})

    monkeypatch.setattr(imports.Calls, "__init__", make_counting)
    return counted


# What is done a thousand times, and how many calls each time may take.
EACH = {
    "reading the clock": ("time.ticks_us()", 0),
    "looking for interrupts that do not come": ("pass", 0),
    "asking the console's poll set without waiting": ("console.poll(0)", 0),
    "changing tasks": ("await asyncio.sleep_ms(0)", 0),
    "waiting in a task": ("await asyncio.sleep_ms(20)", 1),
    "waiting for an event in vain": ("await late(asyncio.Event(), 20)", 1),
    "reading a byte of a file": ("f.read(1)", 0),
}


@pytest.mark.parametrize(("line", "each"), EACH.values(), ids=EACH)
def test_what_is_done_often_takes_few_calls(calls: Counter[str], line: str, each: int):
    body = """
        import asyncio, select, sys, time
        console = select.poll()
        console.register(sys.stdin, select.POLLIN)

        async def late(event, ms):
            try:
                await asyncio.wait_for_ms(event.wait(), ms)
            except asyncio.TimeoutError:
                pass

        async def main():
            with open("main.py", "rb") as f:
                for _ in range(TIMES):
                    LINE
            print("done")

        asyncio.run(main())
        """.replace("LINE", line)
    body += "# " + "x" * 2000  # main.py is read too

    def needed(times: int) -> int:
        before = calls.total()
        assert printed(body.replace("TIMES", str(times))) == "done\n"
        return calls.total() - before

    needed(0)  # the first board measures the shims
    assert needed(1000) - needed(0) <= each * 1000 + 20


TWICE = """
    import asyncio, time
    async def main():
        for n in range(20):
            await asyncio.sleep_ms(n)
            print(n, time.ticks_ms())
    asyncio.run(main())
    """


def fuel_of(program: str) -> int:
    with World(fuel=True, seed=1) as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(minutes=1)
        assert board.state == "stopped" and board.exit == 0, board.serial.text
        return board.fuel


def test_the_same_program_executes_the_same_number_of_instructions():
    assert fuel_of(TWICE) == fuel_of(TWICE) > 100_000


def test_more_work_executes_more_instructions():
    def loops(times: int) -> int:
        return fuel_of(f"for n in range({times}): n * n")

    ten, twenty, thirty = loops(10_000), loops(20_000), loops(30_000)
    assert twenty - ten == pytest.approx(thirty - twenty, rel=0.01)
    assert twenty - ten > 10_000 * 20


def test_a_board_that_waits_has_executed_what_it_will_have_executed():
    with World(fuel=True) as world:
        board = world.board(files={"/main.py": b"import time\ntime.sleep(60)"})
        board.start()
        world.run(seconds=1)
        before = board.fuel
        world.run(seconds=50)
        assert board.fuel == before > 0


def test_fuel_that_is_not_counted_is_not_told():
    with World() as world, pytest.raises(ValueError, match="fuel=True"):
        assert world.board().fuel
