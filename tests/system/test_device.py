"""What one does with a board that runs: monitor, console, backup, restore, erase, over a pty."""

import binascii
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from host.boards import load_board
from host.broker import Broker
from host.emulator import Board, SerialPort, World
from host.errors import UserError
from host.image import board_files

pytest.importorskip("serial", reason="pyserial is not installed: make setup")
pytest.importorskip("mpremote", reason="mpremote is not installed: make setup")

from host import backup as saving  # noqa: E402
from host import board_journal, device_console, monitor  # noqa: E402

LIMPET = (sys.executable, "-m", "host.cli")
LIMIT_S = 90
WIFI = {"ssid": "home", "password": "correct horse"}


def document(value: object) -> bytes:
    """Return a document as it lies on a board."""
    body = json.dumps(value).encode()
    return body + b"\n%08x" % binascii.crc32(body)


def journal(*entries: object) -> bytes:
    lines = [json.dumps(entry).encode() for entry in entries]
    return b"".join(b"\n%08x %s" % (binascii.crc32(line), line) for line in lines)


STEPS = [{"tool": "gpio_write", "args": {"pin": 5, "value": 1}}]
RULE = {"when": {"every_s": 600}, "if": [], "do": STEPS, "on": True}
ENTRY = [1790000000, 3, "rule pump", "gpio_write", {"pin": 5, "value": 1}, {"value": 1}]
DATA = {
    "/data/rules": document({"pump": RULE}),
    "/data/memory": document({"pump": "gpio 5"}),
    "/data/journal": journal(ENTRY) + b"\n00000000 [damaged]",
    "/ca.der": b"certificate",
}
WORDS = "2026-09-21 14:13:20  rule pump: gpio_write(pin 5, value 1) -> value 1 (3 times)"


@contextmanager
def running(
    broker: Broker, files: dict[str, bytes] | None = None, device: str = "attic"
) -> Iterator[Board]:
    """A board that is online when this yields."""
    where = {"host": broker.host, "port": broker.port}
    settings = {"device": device, "broker": where, "wifi": WIFI}
    made = board_files(load_board("esp32-devkit"), settings) | (files or {})
    with World(realtime=True, seed=1) as world:
        board = world.board(files=made, repl=True)
        board.start()
        world.wait_for(lambda: f"online as {device}" in board.serial.text, LIMIT_S)
        yield board


def limpet(*words: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LIMPET, *words], capture_output=True, text=True, timeout=LIMIT_S, input=said
    )


ROWS = {
    "a journal's line": (journal(ENTRY).decode().strip(), "journal", WORDS, ""),
    "one whose checksum is wrong": ("00000000 [1]", "console", "00000000 [1]", ""),
    "a reset by the watchdog": ("rst:0x7 (TG0WDT_SYS_RESET),boot:0x13", "reset", "", "the watchdog"),
    "power": ("ets Jul 29 2019 rst:0x1 (POWERON_RESET)", "reset", "", "power on"),
    "a weak supply": ("Brownout detector was triggered", "trouble", "", "shorter cable"),
    "a panic": ("Guru Meditation Error: Core 1 panic'ed", "trouble", "", "MicroPython itself"),
    "a board without settings": (
        "safe mode: /settings.json is missing: provision this board again",
        "trouble",
        "",
        "limpet provision",
    ),
    "a start": ("limpet 0.1.0 on esp32-devkit as attic", "start", "", ""),
    "an online board": ("online as attic heap free 70000", "online", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("row, kind, text, hint", ROWS.values(), ids=ROWS)
def test_the_monitor_makes_plain(row: str, kind: str, text: str, hint: str) -> None:
    heard = monitor.read_row(row, "PORT")
    assert (heard.kind, heard.text) == (kind, text or row) and hint in heard.hint


class Monitor:
    """`limpet monitor --json` as a process."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [*LIMPET, "monitor", "--json", *words], stdout=subprocess.PIPE, text=True
        )
        self._rows: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for row in self.process.stdout:
            self._rows.put(row)

    def wait(self, kind: str, text: str) -> None:
        """Return once it has told such a row; rows before that are forgotten."""
        while True:
            heard = json.loads(self._rows.get(timeout=LIMIT_S))
            if heard["kind"] == kind and text in heard["text"]:
                return

    def hears(self, kind: str, text: str, seconds: float) -> bool:
        """Whether such a row comes before a silence of this length."""
        try:
            while True:
                heard = json.loads(self._rows.get(timeout=seconds))
                if heard["kind"] == kind and text in heard["text"]:
                    return True
        except queue.Empty:
            return False

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stdout
        self.process.stdout.close()


def test_the_monitor_stays_over_a_reset_and_a_cable_that_is_pulled(
    broker: Broker, tmp_path: Path
) -> None:
    name = tmp_path / "ttyUSB0"
    with running(broker, DATA) as board, ExitStack() as ends:
        with SerialPort(board.serial) as port:
            name.symlink_to(port.path)
            watch = ends.enter_context(Monitor("--journal", "--port", str(name)))
            watch.wait("journal", WORDS)
            watch.wait("port", "is open")
            watch.wait("online", "online as attic")
            board.reset()
            watch.wait("start", "as attic")
            watch.wait("online", "online as attic")
        watch.wait("port", "went away")
        name.unlink()
        with SerialPort(board.serial) as port:
            name.symlink_to(port.path)
            watch.wait("port", "is back")
            for _ in range(5):  # what is said before the open port is noticed is lost
                board.reset()
                if watch.hears("start", "as attic", 15):
                    break
            else:
                raise AssertionError("nothing came after the cable was back")
            assert watch.interrupt() == 0


def test_a_line_of_the_console_is_answered_and_no_more_is_shown(broker: Broker) -> None:
    with running(broker, DATA) as board, SerialPort(board.serial) as port:
        rules = limpet("console", "/rules", "--port", port.path)
        assert (rules.returncode, rules.stderr) == (0, "") and rules.stdout.startswith("pump: ")
        why = limpet("console", "--port", port.path, said="/pins\n\nwhy did pin 5 turn on?\n")
        assert why.stdout.startswith("all off\npin 5 went to 1 at 2026-09-21"), why
        unknown = limpet("console", "/nothing", "--port", port.path)
        assert unknown.stdout.startswith("commands: ") and unknown.stdout.count("\n") == 1
        secret = limpet("console", "/set wifi.password open sesame", "--port", port.path)
        assert secret.stdout == "wifi.password is kept; /reboot uses it\n"
        assert "sesame" in board.files.read("/settings.json").decode()


def test_a_board_says_where_it_is_and_one_that_is_gone_does_not(broker: Broker) -> None:
    with running(broker) as board, SerialPort(board.serial) as port:
        said = device_console.greeting(port.path, "attic")
        assert said.startswith(f"attic is at {board.wifi.address}, -")
        assert f"limpet console --port {port.path}" in said and "limpet/v1/attic/down/chat" in said
    assert "does not say where" in device_console.greeting(port.path, "attic")


def test_a_conversation_shows_what_the_board_says(broker: Broker) -> None:
    with running(broker) as board, SerialPort(board.serial) as port:
        heard: list[str] = []
        answered = threading.Event()

        def tell(row: str) -> None:
            heard.append(row)
            if row.startswith("uptime_s"):
                answered.set()

        def typed() -> Iterator[str]:
            yield "/status\n"
            assert answered.wait(LIMIT_S)

        with device_console.Line(port.path) as line:
            device_console.talk(line, typed(), tell)
        assert "/status" not in heard and "safe_mode: no" in heard


def test_a_backup_goes_back_and_onto_another_board(broker: Broker, tmp_path: Path) -> None:
    file, safe = tmp_path / "attic.zip", tmp_path / "all.zip"
    with running(broker, DATA) as board, SerialPort(board.serial) as port:
        done = limpet("backup", str(file), "--port", port.path)
        assert (done.returncode, done.stdout) == (0, f"{file}\n"), done.stderr
        assert "without wifi.password" in done.stderr and file.stat().st_mode & 0o77 == 0
        made = saving.unpack(file)
        assert (made.device, made.board, made.left_out) == (
            "attic",
            "esp32-devkit",
            ("wifi.password",),
        )
        assert b"correct horse" not in b"".join(made.files.values())
        assert {path: made.files[path] for path in DATA} == DATA
        assert (
            b"correct horse"
            in saving.backup(port.path, safe, secrets=True).files["/settings.json"]
        )
        assert limpet("erase", "--data", "--port", port.path).returncode == 2
        assert limpet("erase", "--data", "--port", port.path, said="n\n").returncode == 1
        assert board.files.read("/data/rules") == DATA["/data/rules"]
        assert limpet("erase", "--data", "--yes", "--port", port.path).returncode == 0
        assert "/data/rules" not in board.files.ls() and board.files.exists("/settings.json")
        board.files.write("/data/scripts", document({}))
        back = limpet("restore", str(file), "--yes", "--port", port.path)
        assert (back.returncode, back.stdout) == (0, "attic\n"), back.stderr
        assert "note:" not in back.stderr and "/data/scripts" not in board.files.ls()
        assert {path: board.files.read(path) for path in DATA} == DATA
        assert json.loads(board.files.read("/settings.json"))["wifi"] == WIFI
        assert not [path for path in board.files.ls() if path.endswith(".new")]
    with running(broker, device="cellar") as board, SerialPort(board.serial) as port:
        other = limpet("restore", str(file), "--no-settings", "--yes", "--port", port.path)
        assert (other.returncode, other.stdout) == (0, "cellar\n"), other.stderr
        assert board.files.read("/data/rules") == DATA["/data/rules"]


BAD = {
    "nothing": b"",
    "no zip": b"PK nothing",
    "an agent in it": saving.pack(saving.Backup("x", "y", (), {"/main.py": b""})),
    "a way out of its folder": saving.pack(saving.Backup("x", "y", (), {"/../x": b""})),
    "half of one": saving.pack(saving.Backup("x", "y", (), {"/data/rules": os.urandom(99)}))[:200],
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_backup_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UserError, match="is no backup"):
        saving.unpack(tmp_path / "x.zip")
    with pytest.raises(UserError, match="is no backup"):
        saving.unpack(tmp_path / "none.zip")


def test_a_secret_that_neither_has_is_named(broker: Broker) -> None:
    made = saving.Backup(
        "attic", "esp32-devkit", ("broker.tls",), {"/settings.json": b'{"device": "attic", "broker": {"host": "10.0.0.2"}}'}
    )  # fmt: skip
    with running(broker) as board, SerialPort(board.serial) as port:
        assert "broker.tls" in saving.restore(port.path, made)
        assert json.loads(board.files.read("/settings.json"))["broker"] == {"host": "10.0.0.2"}


def test_the_journal_leaves_out_what_is_damaged() -> None:
    lines = DATA["/data/journal"].decode().splitlines()
    assert [board_journal.words(entry) for entry in board_journal.entries(lines)] == [WORDS]


def test_erase_empties_the_flash(tmp_path: Path) -> None:
    pytest.importorskip("esptool", reason="esptool is not installed: make setup")
    pytest.importorskip("esp32_mock_bootloader", reason="esp32-mock-bootloader is not installed")
    from host import flash_tool
    from tests.boot_loader import boot_loader

    some, none = tmp_path / "some", tmp_path / "none"
    some.write_bytes(b"limpet" * 999)
    none.write_bytes(b"\xff" * 4096)
    with boot_loader("esp32") as chip:
        flash_tool.run(chip.url, ["write-flash", "0x1000", str(some)], lambda *_: None)
        assert limpet("erase", "--yes", "--port", chip.url).returncode == 0
        flash_tool.run(chip.url, ["verify-flash", "0x1000", str(none)], lambda *_: None)
