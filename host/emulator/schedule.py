"""Who may go how far: boards that share a network of the world, on one deadline heap.

Each board waits for a time; so does what the world's servers will do. The first of them may run,
together with all that wait for a time less than one latency later, each on its own thread: what
they send arrives after the time that they may go to. When all have come there, what they sent is
handed out in order of (arrival, sender, number). So neither the order in which threads run nor
the pace of the machine is seen by anyone, and a run depends on the seed alone.
"""

import heapq
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from host.emulator.clock import Alarm

if TYPE_CHECKING:
    from host.emulator.board import Board
    from host.emulator.network import Network

_AT_ONCE = 2 * (os.cpu_count() or 1)  # boards that run at the same time
_LOOK_S = 0.05  # how often it is looked for boards that compute without end


class Schedule:
    """Turns of the boards and the servers of one world.

    now_us: where time stands, or that of what a server does now. look: called now and then while
    boards run, with those that do.
    """

    def __init__(
        self,
        boards: Sequence["Board"],
        network: "Network",
        look: Callable[[list["Board"]], None],
    ) -> None:
        self.now_us = 0
        self._boards = boards
        self._network = network
        self._look = look
        self._events: list[tuple[int, int, Alarm]] = []
        self._order = itertools.count()
        self._due: list[tuple[int, int, Board]] = []  # may hold what is out of date
        self._next: dict[int, int | None] = {}  # board -> what it waits for
        self._lock = threading.Lock()
        self._end_us = 0
        self._queue: deque[tuple[Board, int, int]] = deque()
        self._running: set[Board] = set()
        self._all_there = threading.Event()

    def alarm(self, at_us: int, action: Callable[[], None]) -> Alarm:
        """Have `action` run at that time, between the turns of boards."""
        alarm = Alarm(at_us, action)
        heapq.heappush(self._events, (at_us, next(self._order), alarm))
        return alarm

    def advance(self, target_us: int) -> None:
        """Let time pass up to `target_us`, and return when all boards are there."""
        start_us = self.now_us
        running = [board for board in self._boards if board.state == "running"]
        self._next = {board.number: start_us for board in running}
        self._due = [(start_us, board.number, board) for board in running]
        heapq.heapify(self._due)
        self._hand_out()
        while True:
            first, second = self._first_two()
            if first is None or first > target_us:
                break
            self._turn(first, target_us if second is None else second, target_us)
        self.now_us = target_us
        for board in self._boards:
            board.clock.timeline.move(target_us, target_us)

    def _first_two(self) -> tuple[int | None, int | None]:
        """Return the two first times that something waits for."""
        while self._events and self._events[0][2].action is None:
            heapq.heappop(self._events)
        found = [self._events[0][0]] if self._events else []
        kept: list[tuple[int, int, Board]] = []
        seen: set[int] = set()
        while self._due and len(kept) < 2:
            entry = heapq.heappop(self._due)
            if self._next.get(entry[1]) == entry[0] and entry[1] not in seen:
                seen.add(entry[1])
                kept.append(entry)
        for entry in kept:
            heapq.heappush(self._due, entry)
            found.append(entry[0])
        found = [*sorted(found), None, None]
        return found[0], found[1]

    def _turn(self, first: int, second: int, target_us: int) -> None:
        """Let go who waits for something less than a latency after `first`."""
        latency = self._network.latency_us
        near, far = min(first + latency - 1, target_us), min(second + latency - 1, target_us)
        events = self._events
        world_first = bool(events) and events[0][0] == first
        is_firsts = not world_first
        turns: list[tuple[Board, int]] = []
        while self._due and self._due[0][0] <= near:
            at_us, number, board = heapq.heappop(self._due)
            if self._next.get(number) == at_us:
                self._next[number] = None
                turns.append((board, far if is_firsts else near))
                is_firsts = False
        end = far if world_first else near  # not past an answer to what a server just sent
        self._end_us = end
        while events and events[0][0] <= self._end_us:
            at_us, _, alarm = heapq.heappop(events)
            if alarm.action:
                self.now_us = at_us
                alarm.action()
        self._run(turns, first)
        for board, _ in turns:
            if board.state == "running":
                self._wait_for(board, board.clock.next_us)
        self._hand_out()

    def draw_near(self, at_us: int) -> None:
        """Let the servers go no further than this in the turn under way."""
        self._end_us = min(self._end_us, at_us)

    def _wait_for(self, board: "Board", at_us: int | None) -> None:
        number = board.number
        self._next[number] = at_us
        if at_us is not None:
            heapq.heappush(self._due, (at_us, number, board))

    def _run(self, turns: list[tuple["Board", int]], floor_us: int) -> None:
        if not turns:
            return
        self._all_there.clear()
        with self._lock:
            self._queue.extend((board, limit, floor_us) for board, limit in turns)
            for _ in range(min(_AT_ONCE, len(turns))):
                self._go_on()
        while not self._all_there.wait(_LOOK_S):
            with self._lock:
                late = list(self._running)
            self._look(late)
            for board in late:
                self.parked(board)

    def _go_on(self) -> None:
        """Give the next board its turn; under the lock."""
        if self._queue:
            board, limit, floor_us = self._queue.popleft()
            self._running.add(board)
            board.clock.go(limit, floor_us)
        elif not self._running:
            self._all_there.set()

    def parked(self, board: "Board") -> None:
        """A board has parked or stopped: its turn is over if it has come as far as it may."""
        with self._lock:
            if board not in self._running:
                return
            clock = board.clock
            if board.state == "running" and not clock.is_at(clock.timeline.limit_us()):
                return
            self._running.discard(board)
            self._go_on()

    def _hand_out(self) -> None:
        """Let what was sent arrive."""
        packets = sorted(self._network.packets, key=lambda packet: packet[:3])
        self._network.packets.clear()
        for at_us, _, _, to, action in packets:
            to.take(at_us, action)
        for _, _, _, to, _ in packets:
            board = to.board
            if board and board.state == "running":
                at_us = board.clock.next_us
                if at_us is not None and at_us != self._next.get(board.number):
                    self._wait_for(board, at_us)
