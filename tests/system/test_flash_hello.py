"""After a flash: what the board's serial line says, and what a person is told of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from host.boards import load_board
from host.emulator import World
from host.errors import UserError
from host.image import board_files

serial_port = pytest.importorskip("host.device_serial", reason="pyserial is not installed")
BOARD = load_board("esp32-devkit")


@contextmanager
def line(text: bytes) -> Iterator[str]:
    """Serve a serial line that says this again and again: opening it drops what came before."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            peer.settimeout(0.1)
            with peer, suppress(ConnectionError):
                while True:
                    peer.sendall(text)
                    try:
                        if not peer.recv(64):
                            return
                    except TimeoutError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def console_of(settings: dict[str, object] | None) -> bytes:
    """Return what the real firmware prints when it starts."""
    files = board_files(BOARD, settings or {})
    if settings is None:
        del files["/settings.json"]
    with World(seed=1) as world:
        board = world.board(files=files)
        board.start()
        world.wait_for(
            lambda: "limpet " in board.serial.text and board.serial.text[-1] == "\n", 20
        )
        return b"rst:0x1 (POWERON_RESET)\r\n" + board.serial.text.encode()


SETTINGS = {"device": "kitchen", "broker": {"host": "127.0.0.1", "port": 9}}


def test_a_board_that_comes_online_is_named() -> None:
    heard: list[str] = []
    with line(console_of(SETTINGS) + b"online as kitchen heap free 70000\r\n") as url:
        assert serial_port.await_agent(url, 20, heard.append) == "kitchen"
    assert "online as kitchen heap free 70000" in heard


def test_a_board_without_settings_has_no_name_yet() -> None:
    with line(console_of(None)) as url:
        assert serial_port.await_agent(url, 20, lambda _: None) == ""


def test_a_board_without_a_network_is_named_too() -> None:
    with line(console_of(SETTINGS)) as url:
        assert serial_port.await_agent(url, 1, lambda _: None) == "kitchen"


@contextmanager
def after_reset(text: bytes) -> Iterator[str]:
    """Serve a port that goes away once, and then a board that speaks only when it is restarted."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            server.accept()[0].close()
            peer, _ = server.accept()
            with peer, suppress(ConnectionError):
                while b"\x04" not in peer.recv(64):
                    pass
                peer.sendall(text)
                peer.recv(64)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def test_a_port_that_is_away_after_a_reset_and_a_start_that_was_missed() -> None:
    with after_reset(console_of(SETTINGS) + b"online as kitchen heap free 70000\r\n") as url:
        name = serial_port.await_agent(url, 60, lambda _: None, was_reset=True)
        assert name == "kitchen"


SHOWN = {"what is of this board": (False, False), "with --verbose all": (True, True)}


@pytest.mark.parametrize("verbose, routine", SHOWN.values(), ids=SHOWN)
def test_shown_is(verbose: bool, routine: bool) -> None:
    heard: list[str] = []
    started = b"MPY: soft reboot\r\nload:0x3fff0030,len:4892\r\nentry 0x400805b0\r\n"
    banner = (
        b'>>> \r\nMicroPython v1.27.0 on 2025-12-09\r\nType "help()" for more information.\r\n'
    )
    with line(banner + started + console_of(SETTINGS) + b"online as kitchen heap\r\n") as url:
        serial_port.await_agent(url, 60, heard.append, verbose=verbose)
    assert "limpet 0.1.0 on esp32-devkit as kitchen" in heard
    for row in (">>>", "MPY: soft reboot", "entry 0x400805b0", "rst:0x1 (POWERON_RESET)"):
        assert (row in heard) == routine, heard


BAD = {
    "nothing to start": (b"invalid header: 0xffffffff\r\n" * 9, "finds no program"),
    "a weak supply": (b"Brownout detector was triggered\r\n", "supply breaks down"),
    "somebody else's program": (b"hello\r\nworld\r\n", "does not say that it started"),
    "silence": (b"", "does not say that it started"),
}


@pytest.mark.parametrize("text, words", BAD.values(), ids=BAD)
def test_what_it_says_instead_is_explained(text: bytes, words: str) -> None:
    with line(text) as url, pytest.raises(UserError, match=words):
        serial_port.await_agent(url, 1, lambda _: None)
