"""A board without settings gets its Wi-Fi by Improv; bad packets hurt nobody; all else works on."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from host.boards import load_board
from host.broker import Broker
from host.emulator import Board, SerialPort, World
from host.image import board_files

LIMIT_S = 60
STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4
READY, JOINING, JOINED = 2, 3, 4
NO_ERROR, INVALID, UNKNOWN, NO_NETWORK = 0, 1, 2, 3
JOIN, ASK_STATE, ASK_INFO, SCAN = 1, 2, 3, 4
WAITING = "safe mode: /settings.json is missing"
HEAD = b"IMPROV\x01"

Packet = tuple[int, bytes]


def packet(kind: int, data: bytes) -> bytes:
    body = HEAD + bytes((kind, len(data))) + data
    return body + bytes((sum(body) % 256,))


def command(number: int, *fields: bytes) -> bytes:
    data = b"".join(bytes((len(field),)) + field for field in fields)
    return packet(COMMAND, bytes((number, len(data))) + data)


def packets(said: bytes) -> list[Packet]:
    """Return what a client makes of a console: packets at the beginnings of lines, checked."""
    found: list[Packet] = []
    at = 0
    while (at := said.find(b"\n" + HEAD, at)) >= 0:
        at += 1
        end = at + 9 + said[at + 8] if len(said) > at + 8 else len(said)
        if end >= len(said):
            break
        assert sum(said[at:end]) % 256 == said[end]
        found.append((said[at + 7], said[at + 9 : end]))
        at = end
    return found


def texts(data: bytes) -> list[str]:
    """Return what a result lists."""
    assert data[1] == len(data) - 2
    left, found = data[2:], list[str]()
    while left:
        found.append(left[1 : left[0] + 1].decode())
        left = left[left[0] + 1 :]
    return found


@contextmanager
def waiting(realtime: bool = False, repl: bool = False) -> Iterator[tuple[World, Board]]:
    """A board without settings, in a network called "home"."""
    files = board_files(load_board("esp32-devkit"), {})
    del files["/settings.json"]
    with World(realtime=realtime, seed=1) as world:
        world.wifi.ssid, world.wifi.password = "home", "correct horse"
        board = world.board(files=files, repl=repl)
        board.start()
        world.wait_for(lambda: WAITING in board.serial.text, LIMIT_S)
        yield world, board


def say(world: World, board: Board, data: bytes, last: Packet) -> list[Packet]:
    """Send bytes, and return the packets that come until one that is `last`."""
    board.serial.clear()
    board.serial.write(data)

    def there() -> bool:
        return last in packets(board.serial.data)

    if world.realtime:
        world.wait_for(there, LIMIT_S, f"{last} after {data!r}")
    for _ in range(0 if world.realtime else 300):
        if there():
            break
        world.run(ms=100)
    assert there(), board.serial.data
    return packets(board.serial.data)


def test_a_page_asks_looks_around_and_gives_the_board_its_wifi() -> None:
    with waiting() as (world, board):
        end = (RESULT, bytes((SCAN, 0)))
        assert say(world, board, command(ASK_STATE), (STATE, bytes((READY,)))) == [
            (ERROR, b"\0"), (STATE, bytes((READY,))),
        ]  # fmt: skip
        name = f"limpet-{board.mac[3:].hex()}"
        info = packet_of(name)
        found = say(world, board, command(ASK_INFO), (RESULT, info))
        assert texts(found[-1][1]) == ["Limpet", "0.1.0", "ESP32", name]
        heard = say(world, board, command(SCAN), end)
        assert texts(heard[1][1]) == ["home", "-50", "YES"]
        joined = say(
            world, board, command(JOIN, b"home", b"correct horse"), (RESULT, bytes((JOIN, 0)))
        )
        assert joined == [
            (ERROR, b"\0"), (STATE, bytes((JOINING,))), (STATE, bytes((JOINED,))), (RESULT, bytes((JOIN, 0))),
        ]  # fmt: skip
        assert json.loads(board.files.read("/settings.json")) == {
            "device": name,
            "wifi": {"ssid": "home", "password": "correct horse"},
        }
        again = say(world, board, command(ASK_STATE), (RESULT, bytes((ASK_STATE, 0))))
        assert (STATE, bytes((JOINED,))) in again
        assert WAITING not in board.serial.text and "IMPROV: " not in board.serial.text


def packet_of(name: str) -> bytes:
    fields = (b"Limpet", b"0.1.0", b"ESP32", name.encode())
    data = b"".join(bytes((len(field),)) + field for field in fields)
    return bytes((ASK_INFO, len(data))) + data


def test_a_wrong_password_is_told_and_the_right_one_works_then() -> None:
    with waiting() as (world, board):
        refused = say(
            world, board, command(JOIN, b"home", b"wrong horse"), (ERROR, bytes((NO_NETWORK,)))
        )
        assert (STATE, bytes((READY,))) in refused and not board.files.exists("/settings.json")
        say(world, board, command(JOIN, b"home", b"correct horse"), (STATE, bytes((JOINED,))))
        assert board.files.exists("/settings.json")


def test_then_the_broker_is_typed_and_the_board_is_online() -> None:
    with Broker.open() as broker, waiting(realtime=True) as (world, board):
        say(world, board, command(JOIN, b"home", b"correct horse"), (STATE, bytes((JOINED,))))
        for text in ("broker.host 127.0.0.1", f"broker.port {broker.port}"):
            board.serial.write(f"/set {text}\r".encode())
        world.wait_for(lambda: "broker.port is kept" in board.serial.text, LIMIT_S)
        board.serial.write(b"/reboot\r")
        name = f"limpet-{board.mac[3:].hex()}"
        world.wait_for(lambda: f"online as {name}" in board.serial.text, LIMIT_S)
        world.wait_for(lambda: board.serial.text.endswith("\n"), LIMIT_S)  # all of that line
        # From now on a packet is nothing but text that is typed.
        board.serial.clear()
        board.serial.write(packet(ERROR, b"\5")[:-1] + b"\r/safe\r")
        world.wait_for(lambda: "this is not safe mode" in board.serial.text, LIMIT_S)
        assert not packets(board.serial.data)


GOOD = command(ASK_STATE)
BAD: dict[str, tuple[bytes, int]] = {
    "a sum that is wrong": (GOOD[:-1] + bytes((GOOD[-1] ^ 1,)), INVALID),
    "a command that there is not": (command(9), UNKNOWN),
    "a command without its length": (packet(COMMAND, b"\2"), INVALID),
    "no command in it": (packet(COMMAND, b""), INVALID),
    "a length that is another": (packet(COMMAND, b"\2\7"), INVALID),
    "a network without its name": (packet(COMMAND, b"\1\0"), INVALID),
    "a name that ends too soon": (packet(COMMAND, b"\1\3\xffab"), INVALID),
    "no password after the name": (packet(COMMAND, b"\1\5\4home"), INVALID),
    "a password that ends too soon": (packet(COMMAND, b"\1\7\4home\7x"), INVALID),
    "something after the password": (packet(COMMAND, b"\1\7\4home\0x"), INVALID),
    "a name that is no UTF-8": (packet(COMMAND, b"\1\5\2\xff\xfe\1x"), INVALID),
    "a name of 250 bytes": (command(JOIN, b"n" * 250, b""), NO_NETWORK),
    "a password of 250 bytes": (command(JOIN, b"", b"p" * 250), NO_NETWORK),
    "an empty name": (command(JOIN, b"", b""), NO_NETWORK),
    "255 bytes of nothing": (packet(COMMAND, bytes(255)), INVALID),
    "255 bytes of 255": (packet(COMMAND, b"\xff" * 255), INVALID),
}


@pytest.fixture(scope="module")
def one() -> Iterator[tuple[World, Board]]:
    with waiting() as (world, board):
        yield world, board


@pytest.mark.parametrize("data, error", BAD.values(), ids=BAD)
def test_what_is_no_command_is_refused(data: bytes, error: int, one: tuple[World, Board]) -> None:
    world, board = one
    told = say(world, board, data, (ERROR, bytes((error,))))
    assert {what for kind, what in told if kind == STATE} <= {bytes((READY,)), bytes((JOINING,))}
    say(world, board, GOOD, (STATE, bytes((READY,))))
    assert not board.files.exists("/settings.json")


BESIDE = {
    "half a header": b"IMPR",
    "a letter of it": b"I",
    "the header twice": HEAD[:-1],
    "another version": HEAD[:-1] + b"\x02\x01\x00",
    "words": b"the IMPROVement of I",
    "bytes that are no text": b"\xff\xfe\x00\x80",
    "an answer of a device": packet(STATE, b"\x04"),
    "a result of a device": packet(RESULT, b"\x01\x00"),
    "the end of a line": b"\r\n",
}


@pytest.mark.parametrize("junk", BESIDE.values(), ids=BESIDE)
def test_before_a_packet_may_come(junk: bytes, one: tuple[World, Board]) -> None:
    world, board = one
    assert say(world, board, junk + GOOD, (STATE, bytes((READY,)))) == [
        (ERROR, b"\0"), (STATE, bytes((READY,))),
    ]  # fmt: skip


CUT = {f"after {at} bytes": at for at in range(7, len(GOOD))}


@pytest.mark.parametrize("at", CUT.values(), ids=CUT)
def test_a_packet_that_stops_is_forgotten_after_a_second(
    at: int, one: tuple[World, Board]
) -> None:
    world, board = one
    board.serial.clear()
    board.serial.write(GOOD[:at])
    world.run(ms=2000)
    say(world, board, GOOD, (STATE, bytes((READY,))))


LOST = {f"its bytes from {at} on": at for at in (3, 7, 8, 9, 11)}


@pytest.mark.parametrize("at", LOST.values(), ids=LOST)
def test_a_packet_that_lost(at: int, one: tuple[World, Board]) -> None:
    world, board = one
    board.serial.clear()
    board.serial.write(GOOD[:at] + GOOD + b"\n")  # which ends the first one
    world.run(ms=2000)
    say(world, board, GOOD, (STATE, bytes((READY,))))
    assert board.state == "running"


def test_noise_hurts_nobody(one: tuple[World, Board]) -> None:
    world, board = one
    noise = random.Random(7)
    for _ in range(200):
        part = bytes(set(noise.randbytes(noise.randrange(40))) - set(b"/\r\n\x03"))
        head = noise.choice((b"", HEAD, HEAD + b"\x03", HEAD[: noise.randrange(7)]))
        board.serial.write(head + part)
    world.run(ms=2000)
    say(world, board, b"\r" + GOOD, (STATE, bytes((READY,))))
    assert board.state == "running" and "Traceback" not in board.serial.text


def test_the_console_answers_beside_it(one: tuple[World, Board]) -> None:
    world, board = one
    board.serial.clear()
    board.serial.write(b"/sta" + GOOD + b"\r/IX\x7f\x7fsafe\r")
    world.run(ms=2000)
    assert "\n/settings.json is missing" in board.serial.text
    assert (STATE, bytes((READY,))) in packets(board.serial.data)
    assert "\ncommands: " not in board.serial.text


@pytest.mark.skipif(find_spec("mpremote") is None, reason="mpremote is not installed: make setup")
def test_the_prompt_and_provision_work_beside_it(tmp_path: Path) -> None:
    settings = {"device": "attic", "broker": {"host": "127.0.0.1", "port": 9}}
    (tmp_path / "attic.json").write_text(json.dumps(settings))
    limpet = (sys.executable, "-m", "host.cli", "provision", "--no-wait")
    with waiting(realtime=True, repl=True) as (world, board):
        say(world, board, GOOD, (STATE, bytes((READY,))))
        with SerialPort(board.serial) as port:
            done = subprocess.run(
                [*limpet, "--port", port.path, "--settings", str(tmp_path / "attic.json")],
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert (done.returncode, done.stdout) == (0, "attic\n"), done.stderr
            world.wait_for(lambda: "on esp32-devkit as attic" in board.serial.text, LIMIT_S)
            # With settings the module is not there, and Ctrl-C is what it was.
            board.serial.write(b"\x03")
            world.wait_for(lambda: board.serial.text.endswith(">>> "), LIMIT_S, "the prompt")
            board.serial.write(b"import sys; 'firmware.improv' in sys.modules\r")
            world.wait_for(lambda: "\nFalse" in board.serial.text, LIMIT_S, "False")


# What a page in a browser does, with the SDK that such pages use, over a device file.
PAGE = """
// The SDK is made for bundlers, which find files without their endings.
const BARE = `export const resolve = (name, context, next) =>
  next(name.startsWith(".") && !name.endsWith(".js") ? name + ".js" : name, context);`;
const [sdk, device, ssid, password] = process.argv.slice(2);
const fs = await import("node:fs");
const module = await import("node:module");
module.register("data:text/javascript," + encodeURIComponent(BARE));
const { ImprovSerial } = await import(sdk + "/dist/serial.js");
const file = fs.openSync(device, "r+");
let over = false;
const readable = new ReadableStream({
  async pull(sink) {
    const part = Buffer.alloc(256);
    const { promisify } = await import("node:util");
    const { bytesRead } = await promisify(fs.read)(file, part, 0, 256, null);
    if (!over) sink.enqueue(new Uint8Array(part.subarray(0, bytesRead)));
  },
});
const writable = new WritableStream({ write(part) { fs.writeSync(file, part); } });
const improv = new ImprovSerial({ readable, writable }, { log() {}, debug() {}, error() {} });
await improv.initialize(20000);
const networks = await improv.scan(60000);
await improv.provision(ssid, password, 60000);
console.log(JSON.stringify({ info: improv.info, networks, state: improv.state }));
process.exit(0);
"""


def sdk() -> Path | None:
    """Return where the SDK of Improv's makers is, if npm has it."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    done = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True)
    path = Path(done.stdout.strip(), "improv-wifi-serial-sdk")
    return path if path.is_dir() else None


def test_the_sdk_of_its_makers_provisions_a_board(tmp_path: Path) -> None:
    found = sdk()
    if not found:
        pytest.skip("needs node, and npm install -g improv-wifi-serial-sdk")
    (tmp_path / "page.mjs").write_text(PAGE)
    with waiting(realtime=True) as (_, board), SerialPort(board.serial) as port:
        done = subprocess.run(
            ["node", str(tmp_path / "page.mjs"), str(found), port.path, "home", "correct horse"],
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["networks"] == [{"name": "home", "rssi": -50, "secured": True}]
        assert told["state"] == JOINED and told["info"]["firmware"] == "Limpet"
        wifi = json.loads(board.files.read("/settings.json"))["wifi"]
        assert wifi == {"ssid": "home", "password": "correct horse"}
