"""An MQTT broker on 127.0.0.1 for as long as we need one: mosquitto, else the embedded one."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from host.errors import UserError

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
MAX_PACKET_BYTES = 262_144
_SBIN = (
    "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # where packages put it, off many users' PATH
)


class Broker:
    """A broker of our own in a child process, bound to 127.0.0.1, gone when it is stopped.

    kind: "mosquitto" or "iotcore". port: TCP port, kept over stop() and start(). lines: more of
    mosquitto's configuration, for its one listener.
    """

    def __init__(self, kind: str, port: int, lines: Sequence[str] = ()) -> None:
        """Choose what runs and where; `start` starts it, `Broker.open` does both."""
        self.kind = kind
        self.lines = lines
        self.host = "127.0.0.1"
        self.port = port
        self._dir: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._embedded: Any = None

    @classmethod
    def open(cls, port: int = 0, kind: str | None = None) -> Self:
        """Return a started broker. port 0: a free one. kind None: mosquitto if installed."""
        broker = cls(kind or ("mosquitto" if find_mosquitto() else "iotcore"), port or free_port())
        broker.start()
        return broker

    def start(self) -> None:
        """Start the broker; it accepts connections on return. Raises UserError if not."""
        if self.kind == "mosquitto":
            self._start_mosquitto()
        else:
            self._start_embedded()

    def stop(self) -> None:
        """End the broker; its sessions and retained messages survive in mosquitto's case."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        if self._embedded:
            self._embedded.stop(STOP_TIMEOUT_S)
            self._embedded = None

    def close(self) -> None:
        """End the broker and remove what it stored."""
        self.stop()
        if self._dir:
            shutil.rmtree(self._dir, ignore_errors=True)
            self._dir = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def _start_mosquitto(self) -> None:
        self._dir = self._dir or tempfile.mkdtemp(prefix="limpet-broker-")
        config = Path(self._dir, "mosquitto.conf")
        config.write_text(_mosquitto_config(self.port, self._dir, self.lines))
        log = Path(self._dir, "mosquitto.log")
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [str(find_mosquitto()), "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = log.read_text(errors="replace").strip().splitlines()
                raise _no_start("mosquitto", self.port, said[-1] if said else "it said nothing")
            time.sleep(0.01)

    def _start_embedded(self) -> None:
        from iotcore import Broker as Embedded  # here: it is only needed without mosquitto

        self._embedded = Embedded(
            port=self.port, listen=self.host, max_payload_size=MAX_PACKET_BYTES
        )
        try:
            self._embedded.start(START_TIMEOUT_S)
        except (OSError, RuntimeError) as e:
            raise _no_start("the embedded broker", self.port, str(e)) from e


def find_mosquitto() -> str | None:
    """Return mosquitto's path, or None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def _no_start(what: str, port: int, why: str) -> UserError:
    return UserError(
        f"{what} did not start on 127.0.0.1:{port}",
        why,
        f"choose another port, or see who holds this one: ss -ltnp 'sport = :{port}'",
    )


def _mosquitto_config(port: int, folder: str, more: Sequence[str]) -> str:
    # As root mosquitto would drop to a user of its own, who could not write to our folder.
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "set_tcp_nodelay true",
        "user root",
        "persistence true",
        f"persistence_location {folder}/",
        f"message_size_limit {MAX_PACKET_BYTES}",
        "max_queued_messages 10000",
        *more,
    ]
    return "\n".join(lines) + "\n"
