"""Every board file boots the firmware, drives an output and refuses a pin in the file's words."""

import json

import pytest

from host.boards import board_names, load_board
from host.emulator import World
from host.image import board_files
from tests.system.offline_board import MAIN

SETTINGS = {"device": "any", "broker": {"host": "127.0.0.1", "port": 9}}


@pytest.mark.parametrize("name", board_names())
def test_the_firmware_keeps_to_the_board_file(name: str) -> None:
    spec = load_board(name)
    pin = spec.led.pin if spec.led else spec.for_chip()["outputs"][0]
    adc = spec.pins.adc[-1]
    forbidden, why = next(iter(spec.pins.spans("forbidden").items()))
    calls = [
        ("gpio_write", {"pin": pin, "value": 1}),
        ("gpio_write", {"pin": int(forbidden), "value": 1}),
        ("adc_read", {"pin": adc}),
        *[("gpio_write", {"pin": n, "value": 1}) for n in spec.pins.input_only[:1]],
    ]
    files = board_files(spec, SETTINGS)
    files |= {"/main.py": MAIN, "/calls.json": json.dumps(calls).encode()}
    with World(seed=1) as world:
        board = world.board(name, files=files)
        board.adc(adc).set_mv(1234)
        board.start()
        world.run(seconds=2)
        text = board.serial.text
        assert board.pin(pin).value == 1, text
    assert f"on {name} as any" in text
    results = [json.loads(line[7:]) for line in text.splitlines() if line.startswith("RESULT ")]
    assert results[0] == {"pin": pin, "value": 1}
    assert f"pin {forbidden} is {why} on {spec.chip}" in results[1]["error"]
    assert results[2]["mv"] == pytest.approx(1234, abs=5)
    if spec.pins.input_only:
        assert "is input only" in results[3]["error"]
