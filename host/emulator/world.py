"""A world of emulated boards that share one virtual time."""

import ssl
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from host.boards import BoardSpec, load_board
from host.emulator.access_point import AccessPoint
from host.emulator.async_program import Main, Program
from host.emulator.board import Board
from host.emulator.captive_portal import CaptivePortal
from host.emulator.mqtt_broker import MqttBroker
from host.emulator.network import Network
from host.emulator.schedule import Schedule
from host.emulator.timeline import Timeline
from host.emulator.tls_stream import TlsServer

# The date at the start of a world that does not follow the wall: 2026-01-05, a Monday, 00:00 UTC.
START_UNIX_S = 1_767_571_200
_LOOK_S = 0.002  # how often a condition is looked at
_LONG_LOOK_S = 0.02


class World:
    """Boards and their time.

    realtime: time follows the wall between calls of `run`; otherwise it stands still, and moves
    in `run` (fast) and `wait_for` (with the wall). seed: of everything random on the boards.
    unix_s: the date at the start, in seconds since 1970; by default today in a realtime world.
    date_is_set: whether boards know the date when they start; without a battery a real one begins
    at 2000-01-01 until the program sets it. fuel: count the instructions that each board executes,
    see Board.fuel; it makes boards slower by a half. stuck_s: a board that computes for so long,
    of the wall's time, without waiting or asking the time crashes in `run`. wifi: the network.
    isolated: the boards' sockets reach each other and the world's own servers, over `network` and
    in virtual time, and nothing else; then what happens depends on the seed alone.
    """

    def __init__(
        self,
        *,
        realtime: bool = False,
        seed: int = 0,
        unix_s: float | None = None,
        date_is_set: bool = True,
        fuel: bool = False,
        stuck_s: float = 60.0,
        isolated: bool = False,
    ) -> None:
        if realtime and isolated:
            raise ValueError("an isolated world keeps its own time: it cannot be realtime")
        self.realtime = realtime
        self.boards: list[Board] = []
        self.programs: list[Program] = []
        self.wifi = AccessPoint()
        self._seed = seed
        self._date_is_set = date_is_set
        self._fuel = fuel
        self._stuck_s = stuck_s
        start_s = unix_s if unix_s is not None else time.time() if realtime else START_UNIX_S
        self._start_unix_us = int(start_s * 1_000_000)
        self._timeline = Timeline()
        self._seen: dict[str, tuple[int, float]] = {}  # its time, how long it has been busy, in s
        self._looked_s = 0.0
        self._network: Network | None = None
        self._schedule: Schedule | None = None
        if isolated:
            self._network = Network(seed)
            self._schedule = Schedule(self.boards, self._network, self._look_at)
        if realtime:
            self._timeline.follow_wall()

    @property
    def now_s(self) -> float:
        """Virtual seconds since the world began."""
        return self._timeline.limit_us() / 1e6

    @property
    def network(self) -> Network:
        """What the boards of an isolated world talk over. Raises ValueError in another."""
        if self._network is None:
            raise ValueError("this world has no network of its own: make it with isolated=True")
        return self._network

    def broker(
        self,
        name: str = "broker",
        port: int = 1883,
        *,
        tls: tuple[Path, Path] | ssl.SSLContext | None = None,
    ) -> MqttBroker:
        """Return a new MQTT broker on the network of an isolated world, listening.

        tls: it speaks TLS, with the files of a certificate and its key, or a context of yours.
        """
        if self._schedule is None:
            raise ValueError("this world has no network of its own: make it with isolated=True")
        site = self.network.site(name, self._schedule)
        secured = (
            TlsServer(tls, lambda: (self._start_unix_us + site.now_us) / 1e6) if tls else None
        )
        return MqttBroker(site, name, port, secured)

    def captive_portal(self, name: str = "portal.lan") -> CaptivePortal:
        """Return a login page that holds the boards of an isolated world from now on."""
        if self._schedule is None:
            raise ValueError("this world has no network of its own: make it with isolated=True")
        return CaptivePortal(self.network.site(name, self._schedule), name)

    def program(self, name: str, main: Main) -> Program:
        """Return an asyncio program on the network of an isolated world, switched off.

        name: of its host, for all others. main: makes its main coroutine, at each start.
        """
        if self._schedule is None:
            raise ValueError("this world has no network of its own: make it with isolated=True")
        site = self.network.site(name, self._schedule)
        made = Program(name, main, site, self._seed, self._start_unix_us)
        self.programs.append(made)
        return made

    def board(
        self,
        spec_name: str | BoardSpec = "esp32-devkit",
        *,
        name: str | None = None,
        files: Mapping[str, bytes] | None = None,
        overwrite: bool = False,
        storage: Path | None = None,
        heap_kb: int | None = None,
        repl: bool = False,
    ) -> Board:
        """Return a new board, switched off.

        spec_name: a file of boards/, or what one holds. files: {path: content}, written unless
        they are there (overwrite: anyway). storage: a file that keeps the flash, beside it
        one that keeps the NVS; in memory otherwise. heap_kb: the collector's heap; the board
        file's by default. repl: whether MicroPython's prompt follows main.py; otherwise the board
        is "stopped" then.
        """
        number = len(self.boards)
        made = Board(
            spec_name if isinstance(spec_name, BoardSpec) else load_board(spec_name),
            name or f"board-{number + 1}",
            self._timeline if self._schedule is None else self._own_timeline(),
            files=files,
            overwrite=overwrite,
            storage=storage,
            heap_kb=heap_kb,
            repl=repl,
            seed=self._seed + number,
            number=number,
            start_unix_us=self._start_unix_us,
            date_is_set=self._date_is_set,
            network=self.wifi,
            stuck_s=self._stuck_s,
            counts_fuel=self._fuel,
            air=self._network,
        )
        schedule = self._schedule
        if schedule:
            made.clock.on_park = lambda: schedule.parked(made)
        self.boards.append(made)
        return made

    def run(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        ms: float = 0,
    ) -> None:
        """Let this much virtual time pass as fast as it can; return when all boards are there.

        A board that computes for ever keeps the others from nothing: its watchdog bites it, or it
        crashes.
        """
        span_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        span_us = round(span_s * 1_000_000 + ms * 1000)
        target_us = self._timeline.hold() + span_us
        self._seen.clear()
        self._looked_s = time.monotonic()
        if self._schedule:
            self._schedule.advance(target_us)
            self._timeline.hold(target_us)
            return
        try:
            self._timeline.hold(target_us)
            self._wait_until_there(target_us)
        finally:
            if self.realtime:
                self._timeline.follow_wall()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let no time pass for any board within the block; the world outside goes on."""
        self._timeline.hold()
        try:
            yield
        finally:
            if self.realtime:
                self._timeline.follow_wall()

    def wait_for(
        self, condition: Callable[[], object], timeout_s: float = 5.0, text: str = ""
    ) -> None:
        """Return once the condition holds, while time follows the wall.

        timeout_s: of the wall's time. text: what is waited for. Raises TimeoutError that says so.
        """
        deadline_s = time.monotonic() + timeout_s
        began_s, began_us = time.monotonic(), self._timeline.limit_us()
        if not self._schedule:
            self._timeline.follow_wall()
        try:
            while not condition():
                if time.monotonic() > deadline_s:
                    what = text or getattr(condition, "__name__", "the condition")
                    states = ", ".join(f"{b.name} is {b.state}" for b in self.boards)
                    raise TimeoutError(f"waited {timeout_s} s for {what}; {states}")
                time.sleep(_LOOK_S)
                if self._schedule:
                    passed_us = round((time.monotonic() - began_s) * 1e6)
                    self.run(ms=(began_us + passed_us - self._timeline.limit_us()) / 1000)
        finally:
            if not self.realtime:
                self._timeline.hold()

    def close(self) -> None:
        """Switch all programs and boards off; no thread of a board is left."""
        for program in self.programs:
            program.kill()
        for board in self.boards:
            board.close()

    def _own_timeline(self) -> Timeline:
        timeline = Timeline()
        timeline.hold(self._timeline.limit_us())
        return timeline

    def _wait_until_there(self, target_us: int) -> None:
        while True:
            late = [
                b for b in self.boards if b.state == "running" and not b.clock.is_at(target_us)
            ]
            if not late:
                return
            self._look_at(late)
            late[0].clock.await_park(_LOOK_S)

    def _look_at(self, late: list[Board]) -> None:
        """Deal with boards that compute without end."""
        before_s, self._looked_s = self._looked_s, time.monotonic()
        # If this thread was kept waiting for long, so were the boards'.
        passed_s = min(self._looked_s - before_s, _LONG_LOOK_S)
        for board in late:
            now_us = board.clock.now_us
            before_us, busy_s = self._seen.get(board.name, (-1, 0.0))
            busy_s = busy_s + passed_s if now_us == before_us else 0.0
            self._seen[board.name] = (now_us, 0.0 if board.is_given_up(busy_s) else busy_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()
