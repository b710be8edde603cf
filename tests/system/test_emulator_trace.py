"""What a board did, as a VCD file and as a picture."""

import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest

from host.emulator import Trace, World
from tests.system.emulator_kit import source

PROGRAM = """
    from machine import Pin, PWM
    import network, socket, time
    led = Pin(2, Pin.OUT)
    fan = PWM(Pin(4), freq=1000, duty_u16=0)
    for i in range(4):
        led.value(i & 1)
        fan.duty_u16(i * 16384)
        print("step", i, "<&>")
        time.sleep_ms(250)
    s = socket.socket()
    s.connect(("127.0.0.1", {port}))
    s.write(b"\\x10\\x0e\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x02id")
    s.write(b"\\x30\\x0e\\x00\\x04room22 degC.")
    s.close()
    """


def read_vcd(text: str) -> tuple[dict[str, str], dict[str, list[tuple[int, str]]]]:
    """Return the kind of each variable and its changes, as IEEE 1364 has them."""
    words = iter(text.split())
    kinds: dict[str, str] = {}
    names: dict[str, str] = {}
    changes: dict[str, list[tuple[int, str]]] = {}
    scope, now = [], -1
    for word in words:
        if word == "$var":
            kind, _, identifier, name = (next(words) for _ in range(4))
            names[identifier] = ".".join([*scope, name])
            kinds[names[identifier]] = kind
            assert next(words) == "$end"
        elif word == "$scope":
            assert next(words) == "module"
            scope.append(next(words))
        elif word == "$upscope":
            scope.pop()
        elif word[0] == "#":
            assert int(word[1:]) > now, "times go forward"
            now = int(word[1:])
        elif word[0] in "01":
            changes.setdefault(names[word[1:]], []).append((now, word[0]))
        elif word[0] in "rs":
            changes.setdefault(names[next(words)], []).append((now, word[1:]))
        elif word in ("$version", "$timescale"):
            while next(words) != "$end":
                pass
    return kinds, changes


@pytest.fixture(scope="module")
def traced(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, str], list[tuple[float, int]]]:
    """The three files' contents, and the LED's history."""
    folder: Path = tmp_path_factory.mktemp("trace")
    with socket.create_server(("127.0.0.1", 0)) as server, World(seed=1) as world:
        program = PROGRAM.replace("{port}", str(server.getsockname()[1]))
        board = world.board(name="a<b", files={"/main.py": source(program)})
        trace = Trace(board)
        board.start()
        world.run(hours=1)
        assert board.exit == 0, board.serial.text
        trace.note(board, "rule", "blink: on", at_s=0.5)
        for form in ("vcd", "svg", "html"):
            trace.write(folder / f"t.{form}")
        with pytest.raises(ValueError, match="must end in one of .vcd, .svg, .html"):
            trace.write(folder / "t.png")
    texts = {path.suffix: path.read_text("utf-8") for path in folder.iterdir()}
    return texts, board.pin(2).history


def test_a_vcd_has_pins_duties_lines_and_messages(
    traced: tuple[dict[str, str], list[tuple[float, int]]],
):
    texts, history = traced
    kinds, changes = read_vcd(texts[".vcd"])
    assert kinds == {
        **{"a<b.pin2": "wire", "a<b.pwm4": "real"},
        **{"a<b.rule": "string", "a<b.serial": "string", "a<b.message": "string"},
    }
    levels = [(round(at_s * 1e6), str(level)) for at_s, level in history]
    assert [level for _, level in levels] == ["1", "0", "1"]
    assert changes["a<b.pin2"] == [(0, "0"), *levels]
    assert [duty for _, duty in changes["a<b.pwm4"]] == ["0", "0", "0", "25", "50.001", "75.001"]
    assert [text for _, text in changes["a<b.serial"]] == [f"step_{i}_<&>" for i in range(4)]
    assert [text for _, text in changes["a<b.message"]] == ["out_room_22_degC."]
    assert changes["a<b.rule"] == [(500_000, "blink:_on")]


def test_a_picture_is_well_formed_and_has_all_rows(
    traced: tuple[dict[str, str], list[tuple[float, int]]],
):
    tree = ElementTree.fromstring(traced[0][".svg"])
    space = "{http://www.w3.org/2000/svg}"
    names = [text.text for text in tree.iter(f"{space}text") if text.get("class") == "name"]
    assert names == ["pin2", "pwm4", "serial", "rule", "message"]
    wave = next(tree.iter(f"{space}path"))
    assert wave.get("d", "").count("V") == 3, "a step for each change of the LED"
    marks = [mark[0].text for mark in tree.iter(f"{space}circle")]
    assert len(marks) == 6 and "0.500 s blink: on" in marks


def test_a_page_holds_the_picture_and_a_line_for_each_note(
    traced: tuple[dict[str, str], list[tuple[float, int]]],
):
    page = traced[0][".html"]
    assert traced[0][".svg"] in page
    assert page.count("<tr>") == 6 and "<td>step 3 &lt;&amp;&gt;</td>" in page
    assert "<td>out room 22 degC.</td>" in page and "a&lt;b" in page
