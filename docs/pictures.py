"""Draw what docs/getting-started.md shows: real commands with what they print, and the board.

python docs/pictures.py             all pictures, into docs/pictures/
python docs/pictures.py demo flash  those scenes alone: demo, talk, flash, provision, board

The commands run on stand-ins for silicon: the emulator, and a mock of the boot loader behind the
real esptool. It needs mosquitto with its clients, port 1883 free, and what `make setup` brings.
"""

import io
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import base_images
import boot_loader
from desk_board import DeskBoard
from pictures_board import board_svg
from rich.console import Console
from rich.text import Text

from host import firmware_images
from host.boards import load_board
from host.broker import Broker
from host.emulator import SerialPort, World
from host.image import board_files

ROOT = Path(__file__).parent.parent
BOARD = "esp32-devkit"
PORT = 1883  # as the page has it
PAGE_BROKER = "laptop.lan"  # what the emulated network calls this machine
COLUMNS = 112
LIMIT_S = 90
COMMANDS = {"limpet": "host.cli", "limpet-proxy": "cloud_proxy"}
# Rich: colours into a pipe, and no animation.
COLOURS = {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(COLUMNS)}
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix{{font:{char_height}px/{line_height}px ui-monospace,Menlo,Consolas,monospace}}
.{unique_id}-title{{font:bold 16px system-ui,sans-serif}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def terminal(name: str, title: str, said: Sequence[tuple[str, str]]) -> str:
    """Return a picture of a terminal. said: each command and what it printed, with colours."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    for command, output in said:
        console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
        lines = output.replace("\r\n", "\n").strip().split("\n")
        console.print(Text.from_ansi("\n".join(line.rstrip("\r") for line in lines)))
    svg = console.export_svg(title=title, code_format=SVG, unique_id=f"limpet-{name}")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


def arguments(command: str) -> list[str]:
    """Return a command of the page as this process can run it."""
    first, *rest = command.split()
    return [sys.executable, "-m", COMMANDS[first], *rest]


def printed(command: str) -> str:
    """Return all that a command prints."""
    done = subprocess.run(
        arguments(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        timeout=LIMIT_S,
    )
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}")
    return done.stdout


def environment() -> dict[str, str]:
    """Return what the commands find around them: this checkout, and colours in place of motion."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | COLOURS | {"PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}


class Running:
    """A program that runs in a terminal of its own, and is answered."""

    def __init__(self, command: Sequence[str], folder: str | None = None) -> None:
        spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        self.text = ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", spawn, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=folder,
        )

    def until(self, words: str, answer: str | None = None) -> None:
        """Return when it has printed these words anew; then type an answer."""
        assert self._process.stdin and self._process.stdout
        start = len(self.text)
        while words not in self.text[start:]:
            ready, _, _ = select.select([self._process.stdout], [], [], LIMIT_S)
            part = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            if not part:
                self._process.kill()
                raise SystemExit(f"{words!r} did not come:\n{self.text}")
            self.text += part.decode(errors="replace")
        if answer is not None:
            self._process.stdin.write(answer.encode())
            self._process.stdin.flush()

    def end(self) -> str:
        """Return all that it printed, once it has ended."""
        assert self._process.stdout
        self.text += self._process.stdout.read().decode(errors="replace")
        self._process.wait(LIMIT_S)
        return self.text


def demo() -> Iterator[tuple[str, str]]:
    """Draw the first thing to run: no board, no broker."""
    yield "demo", terminal("demo", "limpet demo", [("limpet demo", printed("limpet demo"))])


@contextmanager
def serving(broker: str) -> Generator[None]:
    """Have the broker and the proxy of the page run."""
    with tempfile.TemporaryDirectory() as folder, Broker.open(PORT, "mosquitto"):
        proxy = Running(arguments(f"limpet-proxy serve --broker {broker} --ledger {folder}/l"))
        proxy.until("ready")
        try:
            yield
        finally:
            proxy.until("", "\x03")
            proxy.end()


def talk() -> Iterator[tuple[str, str]]:
    """Draw the board of the page on the emulator, and a sentence said to it."""
    broker = f"127.0.0.1:{PORT}"
    topic = "limpet/v1/kitchen"
    start = f"limpet emulate --broker {broker} --name kitchen"
    listen = [
        "mosquitto_sub",
        "-v",
        "-C",
        "2",
        "-t",
        f"{topic}/up/status",
        "-t",
        f"{topic}/up/chat",
    ]
    say = ["mosquitto_pub", "-t", f"{topic}/down/chat", "-m", "turn on the led on pin 2"]
    with serving(broker):
        board = Running(arguments(start))
        board.until("online as")
        ear = Running(listen)
        ear.until("online")  # it has subscribed
        subprocess.run(say, check=True)
        answer = ear.end()
        board.until("", "\x03")
        yield "emulate", terminal("emulate", "the board, emulated", [(start, board.end())])
    heard = f"mosquitto_sub -v -t {topic}/up/status -t {topic}/up/chat &"
    said = f"mosquitto_pub -t {topic}/down/chat -m 'turn on the led on pin 2'"
    status, _, reply = answer.strip().partition("\n")
    yield "say", terminal("say", "a person", [(heard, status), (said, reply)])


def tell_settings(line: Running, hears: bool = False) -> None:
    """Answer what is asked; each question to its last blank, where it echoes or hides.

    hears: the board has said which networks there are.
    """
    line.until(*(("Wi-Fi name [home]: ", "\n") if hears else ("Wi-Fi name: ", "home\n")))
    line.until("Password of home: ", "correct horse\n")
    line.until("PORT): ", f"{PAGE_BROKER}\n")


def flash() -> Iterator[tuple[str, str]]:
    """Draw a board being flashed: the real esptool, a mock of a boot loader, then the emulator."""
    spec = load_board(BOARD)
    rows = (*base_images.FOUR_MB, ("vfs", 1, 0x81, 0x200000, 0x40000))
    image = base_images.base_image(spec, rows)  # little enough to be read back from the mock
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker.open(PORT, "mosquitto"),
        World(realtime=True, seed=1) as world,
        boot_loader.boot_loader("esp32") as chip,
        DeskBoard(spec, chip.port, world, Path(folder)) as desk,
    ):
        world.wifi.ssid, world.wifi.password = "home", "correct horse"
        desk.hosts[PAGE_BROKER] = "127.0.0.1"
        locked = firmware_images.locked(spec.firmware).file
        Path(folder, locked).write_bytes(image)
        stands_in = f"--port {desk.url} --firmware {locked}"
        command = f"limpet flash --board {BOARD} --name kitchen {stands_in}"
        line = Running(arguments(command), folder)
        tell_settings(line)
        text = line.end()
    yield "flash", terminal("flash", "limpet flash", [(command, text)])


def provision() -> Iterator[tuple[str, str]]:
    """Draw a board being told its Wi-Fi and its broker, over the emulated board's serial line."""
    files = board_files(load_board(BOARD), {})
    del files["/settings.json"]  # as it is after `limpet flash`
    with (
        Broker.open(PORT, "mosquitto"),
        World(realtime=True, seed=1) as world,
        SerialPort((board := world.board(BOARD, files=files, repl=True)).serial) as port,
    ):
        world.wifi.ssid, world.wifi.password = "home", "correct horse"
        board.wifi.hosts[PAGE_BROKER] = "127.0.0.1"
        board.start()
        world.wait_for(lambda: "safe mode" in board.serial.text, LIMIT_S)
        command = f"limpet provision --name kitchen --port {port.path}"
        line = Running(arguments(command))
        tell_settings(line, hears=True)
        yield "provision", terminal("provision", "limpet provision", [(command, line.end())])


def board() -> Iterator[tuple[str, str]]:
    """Draw the board itself, with what its file in boards/ says of its pins."""
    yield BOARD, board_svg(load_board(BOARD))


SCENES: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (demo, talk, flash, provision, board)


def main() -> int:
    for scene in SCENES:
        if sys.argv[1:] and scene.__name__ not in sys.argv:
            continue
        for name, svg in scene():
            path = ROOT / "docs" / "pictures" / f"{name}.svg"
            path.parent.mkdir(exist_ok=True)
            path.write_text(svg)
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
