"""One board's clock: virtual microseconds, its alarms, and the one place where a board waits."""

import heapq
import itertools
import threading
from collections.abc import Callable
from contextlib import suppress

from host.emulator.cell import INPUT, NOW, READ_COST_US, STOP, WORDS
from host.emulator.timeline import Timeline
from host.emulator.traffic import Traffic
from host.emulator.waker import Sockets, Waker

__all__ = ["READ_COST_US", "Alarm", "Clock"]


class Alarm:
    """Something due at a time of the board's clock; `cancel` calls it off."""

    def __init__(self, at_us: int, action: Callable[[], None]) -> None:
        self.at_us = at_us
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Make it do nothing when it is due."""
        self.action = None


class Clock:
    """Virtual time as one board sees it: microseconds since the world began.

    `read` and `wait` belong to the board's thread; `interrupt`, `alarm` and `now_us` to anyone.
    attend: called on the board's thread at each read and wait when someone called `interrupt`;
    it may raise to unwind the VM. It returns True if the wait should end.

    The time lies in the cell of a VM that runs (see cell.py), so that the guest reads it without
    a call, up to the STOP that `read` and `wait` set. Whoever changes what that depends on calls
    `_changed` afterwards.
    """

    def __init__(self, timeline: Timeline, attend: Callable[[], bool]) -> None:
        self.timeline = timeline
        self.lock = threading.RLock()
        self.is_running = False
        self.parked_at_us = -1
        self._attend = attend
        self._attention = False
        self.waits = 0  # how often the guest has waited
        self._changes = 0
        self._words = _no_cell()
        self._words[NOW] = timeline.limit_us()
        self._alarms: list[tuple[int, int, Alarm]] = []
        self._order = itertools.count()
        self._waker = Waker()
        self.traffic = Traffic()
        self._parked = threading.Condition()
        self._is_awaited = False
        self.next_us: int | None = None  # when it parked: what it waits for; None: nothing
        self.on_park: Callable[[], None] = lambda: None  # called when it parks or stops
        timeline.listen(self._time_changed)

    @property
    def now_us(self) -> int:
        """The board's time now; for a board that is not running, the world's."""
        try:
            now = self._words[NOW]
        except ValueError:  # the VM ended just now
            now = self._words[NOW]
        if self.is_running and self.timeline.is_held:
            return max(now, self.timeline.floor_us)
        return max(now, self.timeline.limit_us())

    def is_at(self, limit_us: int) -> bool:
        """Whether the board has come up to this limit and waits there, with nothing to do."""
        return self.parked_at_us >= limit_us and not self._attention

    def await_park(self, timeout_s: float) -> None:
        """Wait (for the wall's time at most) until the board parks or stops; for other threads."""
        with self._parked:
            self._is_awaited = True
            self._parked.wait(timeout_s)
            self._is_awaited = False

    def start(self) -> None:
        """Begin at the world's time: a board that is switched on later starts later."""
        self._words[NOW] = max(self._words[NOW], self.timeline.limit_us())
        self.parked_at_us = -1
        self.is_running = True

    def advance(self, to_us: int) -> None:
        """Go on at a later time; for a board that starts again."""
        self._words[NOW] = max(self._words[NOW], to_us)

    def move(self, words: memoryview) -> None:
        """Let the time lie in these words, a VM's cell, from now on."""
        old, new = self._words, words
        with self.lock:
            new[NOW], new[INPUT], new[STOP] = old[NOW], old[INPUT], 0
            self._words = new
            old.release()

    def leave(self) -> None:
        """Take the time out of the VM's cell, which is about to go."""
        self.move(_no_cell())

    def note_input(self, has_input: bool) -> None:
        """Let the guest see whether the console has something to read."""
        with self.lock:
            self._words[INPUT] = has_input

    def stop(self) -> None:
        """Forget the alarms: the board is off."""
        with self.lock:
            self.is_running = False
            self._alarms.clear()
        with self._parked:
            self._parked.notify_all()
        self.on_park()

    def close(self) -> None:
        """Let go of everything; the clock is not used again."""
        self.timeline.forget(self._time_changed)
        self._waker.close()

    def alarm(self, at_us: int, action: Callable[[], None]) -> Alarm:
        """Have `action` run on the board's thread, under `lock`, at exactly `at_us`."""
        alarm = Alarm(at_us, action)
        with self.lock:
            heapq.heappush(self._alarms, (at_us, next(self._order), alarm))
        self._changed()
        self._waker.wake()
        return alarm

    def post(self, at_us: int, action: Callable[[], None]) -> None:
        """Have `action` run as by `alarm`; for a board that is parked, which is not woken."""
        with self.lock:
            heapq.heappush(self._alarms, (at_us, next(self._order), Alarm(at_us, action)))
        if self.next_us is None or at_us < self.next_us:
            self.next_us = at_us

    def go(self, limit_us: int, floor_us: int) -> None:
        """Let a board that is parked run up to this limit."""
        self.parked_at_us = -1
        self.timeline.move(limit_us, floor_us)
        self._changed()
        self._waker.wake()

    def draw_near(self, at_us: int) -> None:
        """Let the board go no further than this; on its own thread."""
        timeline = self.timeline
        if at_us < timeline.limit_us():
            timeline.move(at_us, timeline.floor_us)
            self._changed()

    @property
    def has_alarms(self) -> bool:
        """Whether something is due some time."""
        return self._next_stop(None) is not None

    def interrupt(self) -> None:
        """Have `attend` called soon on the board's thread."""
        self._attention = True
        self.parked_at_us = -1
        self._changed()
        self._waker.wake()

    def wake(self) -> None:
        """Have a wait under way look again at what it waits for."""
        self._waker.wake()

    def attend_now(self) -> None:
        """Attend to interrupts, if there are any; on the board's thread, while it computes."""
        if self._attention:
            self._attention = False
            self._attend()

    def read(self) -> int:
        """Return the time, and let it advance a little."""
        words, timeline = self._words, self.timeline
        now = max(words[NOW], timeline.floor_us) + READ_COST_US
        limit = timeline.limit_us()
        if timeline.is_held:
            if now > limit:
                self.spend(now)
                return words[NOW]
        elif limit > now:
            now = limit
        words[NOW] = now
        if self._attention or (self._alarms and self._alarms[0][0] <= now):
            self._look_up()
        self._let_read()
        return now

    def wait(
        self,
        deadline_us: int | None,
        sockets: Sockets | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        """Block the board until its deadline, a socket, `ready()`, or an interrupt.

        deadline_us: None waits for good. sockets: end the wait when one is ready.
        """
        self.waits += 1
        self.spend(deadline_us, sockets, ready)

    def spend(
        self,
        deadline_us: int | None,
        sockets: Sockets | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        """Let time pass as `wait` does, for a guest that did not ask to wait."""
        words, timeline, alarms = self._words, self.timeline, self._alarms
        while True:
            # First: what interrupts comes before the limit is moved, so it is seen before we go.
            limit = timeline.limit_us()
            now = words[NOW]
            if (self._attention or (alarms and alarms[0][0] <= now)) and self._look_up():
                break
            limit = min(limit, timeline.limit_us())  # what was just sent moves it
            if ready and ready():
                break
            if sockets and sockets.poll(0):
                break
            if deadline_us is not None and now >= deadline_us:
                break
            if now < timeline.floor_us:
                now = words[NOW] = timeline.floor_us
            target = self._next_stop(deadline_us)
            if timeline.is_held:
                if sockets and self.traffic.grace(sockets):
                    break
                if target is not None and target <= limit:
                    if target > now:
                        words[NOW] = target
                    continue
                words[NOW] = max(now, limit)
                self._park(limit, target)
            else:
                words[NOW] = max(now, limit if target is None else min(limit, target))
                if target is None or target > limit:
                    timeout_s = None if target is None else (target - limit) / 1e6
                    self._waker.wait(timeout_s, sockets)
        self._let_read()

    def _let_read(self) -> None:
        """Say up to which time the guest may take the time by itself."""
        timeline, changes = self.timeline, self._changes
        if not timeline.is_held:
            return  # STOP is 0: the time comes from the wall
        stop = timeline.limit_us() + 1
        if self._alarms:
            stop = min(stop, self._alarms[0][0])
        words = self._words
        words[STOP] = stop
        if self._attention or self._changes != changes or not timeline.is_held:
            words[STOP] = 0

    def _changed(self) -> None:
        self._changes += 1
        with suppress(ValueError):  # the VM ended just now
            self._words[STOP] = 0

    def _time_changed(self) -> None:
        self._changed()
        self._waker.wake()

    def _park(self, limit: int, target: int | None) -> None:
        with self.lock:
            if self._attention:
                return
            self.next_us = target
            self.parked_at_us = limit
        if self._is_awaited:
            with self._parked:
                self._parked.notify_all()
        self.on_park()
        self._waker.wait(None)

    def _next_stop(self, deadline_us: int | None) -> int | None:
        alarms = self._alarms
        if not alarms:
            return deadline_us
        if alarms[0][2].action is None:
            with self.lock:
                while alarms and alarms[0][2].action is None:
                    heapq.heappop(alarms)
            return self._next_stop(deadline_us)
        at_us = alarms[0][0]
        return at_us if deadline_us is None else min(at_us, deadline_us)

    def _look_up(self) -> bool:
        """Run the alarms that are due, then attend to interrupts; True ends a wait."""
        with self.lock:
            while self._alarms and self._alarms[0][0] <= self._words[NOW]:
                action = heapq.heappop(self._alarms)[2].action
                if action:
                    action()
        if not self._attention:
            return False
        self._attention = False
        return self._attend()


def _no_cell() -> memoryview:
    return memoryview(bytearray(8 * WORDS)).cast("Q")
