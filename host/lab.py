"""The whole line on 127.0.0.1: a broker, a proxy, an emulated board and a person.

The demo, the system tests and the benchmarks stand on it. Every part is the real one.
"""

import secrets
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from host.boards import load_board
from host.broker import Broker
from host.emulator import Board, World
from host.image import board_files
from host.person import Person
from host.proxy_process import ProxyProcess, temporary_folder

ONLINE_TIMEOUT_S = 30.0
_LONGEST_BACKOFF_S = 120  # virtual: more than a board pauses between two attempts
_STEP_S = 5


def fresh_seed() -> int:
    """Return a seed that no earlier run had: boards must not repeat their nonces."""
    return secrets.randbits(32)


class Lab:
    """Starts all parts in order and ends them in the opposite one.

    board_name: a file of boards/. broker_kind: see Broker. proxy: False for none. proxy_config:
    for `limpet-proxy serve`. settings: merged over the board's settings.json. realtime: whether
    the board's clock follows the wall. seed: of what is random on the board; None: never the same.
    fuel: see World.
    """

    def __init__(
        self,
        board_name: str = "esp32-devkit",
        *,
        device: str = "demo",
        broker_kind: str | None = None,
        proxy: bool = True,
        proxy_config: Path | None = None,
        settings: dict[str, Any] | None = None,
        realtime: bool = True,
        seed: int | None = None,
        fuel: bool = False,
    ) -> None:
        """Start the parts; the board is online when this returns."""
        self._stack = ExitStack()
        self.device = device
        self.spec = load_board(board_name)
        try:
            self.folder = Path(self._stack.enter_context(temporary_folder()))
            self.broker = self._stack.enter_context(Broker.open(kind=broker_kind))
            self.proxy: ProxyProcess | None = None
            if proxy:
                self.start_proxy(proxy_config)
            self.person = self._stack.enter_context(
                Person(self.broker.host, self.broker.port, device)
            )
            self.world: World = self._stack.enter_context(
                World(realtime=realtime, seed=fresh_seed() if seed is None else seed, fuel=fuel)
            )
            self.board: Board = self.world.board(
                board_name,
                name=device,
                files=board_files(self.spec, self._settings() | (settings or {})),
            )
            self.board.start()
            self.wait_online()
        except BaseException:
            self._stack.close()
            raise

    def start_proxy(self, config: Path | None = None) -> ProxyProcess:
        """Start a proxy, the first or one after the last was stopped."""
        address = f"{self.broker.host}:{self.broker.port}"
        self.proxy = self._stack.enter_context(ProxyProcess(address, self.folder, config))
        return self.proxy

    def wait_online(self, timeout_s: float = ONLINE_TIMEOUT_S, hello: int = 1) -> None:
        """Return when the board has said hello that many times since it was made.

        Raises TimeoutError with what its console says.
        """
        try:
            self.world.wait_for(lambda: self.hellos() >= hello, timeout_s, "the board's hello")
            self.person.wait_until(lambda: bool(self.person.info), timeout_s, "its birth message")
        except TimeoutError as e:
            raise TimeoutError(f"{e}; its console says:\n{self.board.serial.text}") from e

    def hellos(self) -> int:
        """Return how often the board has come online, as its console tells."""
        return self.board.serial.text.count("online as ")

    @property
    def heap_free(self) -> int:
        """Return the bytes that were free after a collection when the board last came online."""
        return int(self.board.serial.text.rsplit("heap free ", 1)[1].split()[0])

    def end_outage(self) -> None:
        """Start the broker again and fast-forward until the board has found its way back."""
        before = self.hellos()
        with self.world.paused():  # else the board could speak before anyone listens
            self.broker.start()
            self.person.wait_subscribed()
        for _ in range(_LONGEST_BACKOFF_S // _STEP_S):
            if self.hellos() > before:
                break
            self.world.run(seconds=_STEP_S)
        self.wait_online(hello=before + 1)

    def close(self) -> None:
        """End everything that was started."""
        self._stack.close()

    def _settings(self) -> dict[str, Any]:
        broker = {"host": self.broker.host, "port": self.broker.port}
        wifi = {"ssid": "limpet-lab", "password": "tidepool"}
        return {"device": self.device, "broker": broker, "wifi": wifi}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()
