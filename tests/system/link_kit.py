"""A board, a real broker, and between them a line on which a test may do what networks do."""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self

from host.boards import load_board
from host.broker import Broker, free_port
from host.emulator import World
from host.image import board_files
from host.person import Person

HOST = "broker.lan"  # a name that only the emulated network's name server knows
LIMIT_S = 20.0  # of the wall's time, for anything that should take milliseconds
_STEP_S, _STEPS_A_SECOND = 0.25, 4  # virtual: how finely a wait for the board goes on
_LOOK_S = 0.02  # of the wall's time: for the parties to answer within a step

Filter = Callable[[int, bytes], bytes]  # first byte and whole of a packet -> what is sent instead


def passed(_: int, packet: bytes) -> bytes:
    """Change nothing."""
    return packet


class Line:
    """Forwards between the board and a broker on 127.0.0.1, packet by packet towards the board.

    to_board: what becomes of each packet on its way there. piece: if it is not 0, bytes go there so
    many at a time instead, whatever they are. gone: nothing is forwarded, either way,
    and nobody is told, as when a peer loses its power.
    """

    def __init__(self, broker_port: int, piece: int = 0) -> None:
        self.port = free_port()
        self._piece = piece
        self.to_board: Filter = passed
        self.gone = False
        self._broker_port = broker_port
        self._ends: list[socket.socket] = []  # of all connections there have been
        self._threads: list[threading.Thread] = []
        self.listen()

    def listen(self) -> None:
        """Take connections from now on."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept, self._listener)

    def refuse(self) -> None:
        """Close the port, and what is connected."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End what is connected."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it; no thread is left."""
        self.gone = False
        self.refuse()
        for thread in self._threads:
            thread.join(LIMIT_S)
        for end in self._ends:
            end.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        thread.start()
        self._threads.append(thread)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                board, _ = listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
            except ConnectionError:
                board.close()  # the broker is away
                continue
            except OSError:
                return
            for end in (board, broker):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._ends.append(end)
            self._start(self._pump, board, broker, lambda raw: raw.recv(4096))
            self._start(self._pump, broker, board, self._filtered)

    def _pump(
        self, source: socket.socket, to: socket.socket, take: Callable[[socket.socket], bytes]
    ) -> None:
        with suppress(OSError):
            while data := take(source):
                if not self.gone:
                    to.sendall(data)
        if not self.gone:
            for end in (source, to):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _filtered(self, source: socket.socket) -> bytes:
        if self._piece:
            return source.recv(self._piece)
        while True:
            packet = _packet(source)
            changed = self.to_board(packet[0], packet) if packet else b""
            if changed or not packet:
                return changed


def _packet(source: socket.socket) -> bytes:
    """Return the next MQTT packet, b"" at the end."""
    head = source.recv(1)
    size = shift = 0
    while head:
        byte = source.recv(1)
        head += byte
        size |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            break
    while size > 0 and head:
        part = source.recv(size)
        if not part:
            return b""
        head += part
        size -= len(part)
    return head


class NameServer(dict[str, str | None]):
    """Names and addresses, and when the board asked: virtual seconds."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__({HOST: "127.0.0.1"})
        self.asked_s: list[float] = []
        self._now_s = now_s

    def __contains__(self, name: object) -> bool:
        self.asked_s.append(self._now_s())
        return super().__contains__(name)


class Reef:
    """The board "reef" on its line to a real mosquitto, online when it is entered.

    settings: merged over its settings.json, and "broker" over that field. lines: for mosquitto.
    piece: see Line; it cannot read TLS. online: wait for that.
    """

    device = "reef"

    def __init__(
        self,
        settings: dict[str, Any] | None = None,
        lines: Sequence[str] = (),
        *,
        piece: int = 0,
        online: bool = True,
        files: dict[str, bytes] | None = None,
        **world: Any,
    ) -> None:
        self._stack = ExitStack()
        with ExitStack() as undo:
            undo.callback(self._stack.close)
            self.broker = self._stack.enter_context(Broker("mosquitto", free_port(), lines))
            self.broker.start()
            self.line = Line(self.broker.port, piece)
            self._stack.callback(self.line.close)
            self.world = self._stack.enter_context(World(**{"realtime": True, "seed": 3} | world))
            more = dict(settings or {})
            broker = {"host": HOST, "port": self.line.port} | more.pop("broker", {})
            wifi = {"ssid": "limpet-lab", "password": "tidepool"}
            base = {"device": self.device, "broker": broker, "wifi": wifi} | more
            made = board_files(load_board("esp32-devkit"), base) | (files or {})
            self.board = self.world.board(name=self.device, files=made)
            self.names = NameServer(lambda: self.board.clock.now_us / 1e6)
            self.board.wifi.hosts = self.names
            self.board.start()
            if online:
                self.until(lambda: self.hellos == 1, 30)
            undo.pop_all()

    @property
    def hellos(self) -> int:
        """How often the board has come online, as its console tells."""
        return self.console.count("online as ")

    @property
    def console(self) -> str:
        return self.board.serial.text

    def until(self, true: Callable[[], object], virtual_s: float) -> None:
        """Let time pass quickly until true(), for so long at most; the parties may answer."""
        for _ in range(int(virtual_s * _STEPS_A_SECOND)):
            with suppress(TimeoutError):
                self.world.wait_for(true, _LOOK_S)
                return
            self.world.run(seconds=_STEP_S)
        assert true(), f"not within {virtual_s:g} s; the console says:\n{self.console}"

    def person(self, port: int = 0) -> Person:
        """Return a person who talks to the broker, not over the line."""
        return self._stack.enter_context(
            Person("127.0.0.1", port or self.broker.port, self.device)
        )

    def retained(self) -> tuple[bool | None, str | None]:
        """Return what somebody who comes now is told: whether it is online, and its birth."""
        with Person("127.0.0.1", self.broker.port, self.device) as late:
            with suppress(TimeoutError):
                late.wait_until(lambda: None not in (late.online, late.info), 2, "both")
            return late.online, (late.info or {}).get("nonce")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._stack.close()
