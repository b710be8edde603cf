"""Ordinary MicroPython programs (tests/fixtures/programs), written for a board, not for us.

Each runs by itself, as `limpet emulate FILE.py` runs it, and wired to what it was written for.
"""

from pathlib import Path

import pytest

from host.emulator import Board, World, run_program
from host.emulator.i2c import RegisterDevice

PROGRAMS = Path(__file__).parents[1] / "fixtures" / "programs"
LATE = "".join(f"round {n}: too late\n" for n in (1, 2, 3))
ALONE = {
    "reaction": f"best so far: None\n{LATE}presses: 0\nbest: None\n",
    "thermostat": "found: []\n" + 7 * "sensor: [Errno 19] ENODEV\n" + "0 readings\n",
    "web_lamp": (
        "connected: True\n"
        'GET / -> HTTP/1.0 200 OK {"light_mv": 0, "lamp": 0}\n'
        'POST /lamp/on -> HTTP/1.0 200 OK {"light_mv": 0, "lamp": 1}\n'
        'GET / -> HTTP/1.0 200 OK {"light_mv": 0, "lamp": 1}\n'
        "GET /nope -> HTTP/1.0 404 Not Found \n"
        "closing\n"
        "after the end: [Errno 111] ECONNREFUSED\n"
    ),
}


@pytest.mark.parametrize(("name", "said"), ALONE.items(), ids=ALONE)
def test_alone(name: str, said: str, capfdbinary: pytest.CaptureFixture[bytes]):
    assert run_program(PROGRAMS / f"{name}.py", realtime=False) == 0
    seen = capfdbinary.readouterr()
    assert (seen.out.decode(), seen.err) == (said, b"")


def start(world: World, name: str, **options: object) -> Board:
    files = {"/main.py": (PROGRAMS / f"{name}.py").read_bytes()}
    board = world.board(files=files, **options)  # type: ignore[arg-type]
    return board


def test_a_player_at_the_reaction_game():
    with World(seed=1) as world:
        board = start(world, "reaction")
        lit: list[int] = []

        def press(_pin: object, at_us: int, level: int) -> None:
            if level and (not lit or at_us - lit[-1] > 1_000_000):
                lit.append(at_us)

        board.pin(2).on_change = press
        board.start()
        for delay_ms in (250, 180, 320):
            rounds = len(lit)
            while len(lit) == rounds:
                world.run(ms=1)
            world.run(ms=delay_ms)
            board.pin(4).press(ms=80)
            world.run(ms=5)
            board.pin(4).press(ms=10)  # it bounces
            world.run(ms=100)
        world.run(minutes=1)
        lines = board.serial.lines
        took = [int(line.split()[2]) for line in lines[1:4]]
        assert [abs(ms - d) <= 2 for ms, d in zip(took, (250, 180, 320), strict=True)] == [
            True
        ] * 3
        assert lines[0] == "best so far: None"
        assert lines[4:] == ["presses: 3", f"best: {min(took)}"]
        assert board.files.read("/best.json") == b'{"best_ms": %d}' % min(took)
        tones = [hz for _, hz, _ in board.pwm_on(15).history]
        assert tones == [1000, 0] * 3


def test_a_room_with_the_thermostat():
    with World(seed=1) as world:
        board = start(world, "thermostat")
        sensor = RegisterDevice()
        board.i2c(sda=21, scl=22).attach(0x48, sensor)

        def set_temperature(celsius: float) -> None:
            raw = round(celsius / 0.125) << 5
            sensor.registers.update({0: raw >> 8 & 0xFF, 1: raw & 0xFF})

        set_temperature(18.5)
        board.start()
        world.run(seconds=3)
        assert board.pin(5).value == 1
        set_temperature(21)
        world.run(seconds=3)
        assert board.pin(5).value == 0
        board.pin(4).press(ms=50)
        world.run(ms=100)
        set_temperature(-4.5)
        world.run(seconds=30)
        assert board.serial.lines == [
            "found: ['0x48']",
            "heater on at 18.5 C, target 20.0 C",
            "heater off at 21.0 C, target 20.0 C",
            "target is now 21",
            "heater on at -4.5 C, target 21.0 C",
            "31 readings",
        ]
        assert (board.state, board.exit) == ("stopped", 0)


def test_the_lamps_sensor_is_read_over_http():
    with World(seed=1) as world:
        board = start(world, "web_lamp")
        board.adc(34).set_mv(1200)
        board.start()
        world.run(minutes=1)
        assert board.exit == 0, board.serial.text
        assert board.serial.lines[1].endswith('{"light_mv": 1200, "lamp": 0}')
        assert board.pin(2).history and board.pin(2).value == 1
