"""One board's clock: virtual microseconds, its alarms, and the one place where a board waits."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence

from host.emulator.timeline import Timeline
from host.emulator.waker import Waker, Watched, poll_ready

READ_COST_US = 1  # what reading the clock takes, so that a busy loop gets on
GRACE_S = 0.0015  # real time given to open sockets before held time jumps
QUIET_S = 0.05  # no grace is given once the sockets have been quiet for so long


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
    """

    def __init__(self, timeline: Timeline, attend: Callable[[], bool]) -> None:
        self.timeline = timeline
        self.lock = threading.RLock()
        self.is_running = False
        self.parked_at_us = -1
        self._attend = attend
        self._attention = False
        self._now_us = timeline.limit_us()
        self._alarms: list[tuple[int, int, Alarm]] = []
        self._order = itertools.count()
        self._waker = Waker()
        self._last_traffic = 0.0
        self._parked = threading.Condition()
        timeline.listen(self._waker.wake)

    @property
    def now_us(self) -> int:
        """The board's time now; for a board that is not running, the world's."""
        if self.is_running and self.timeline.is_held:
            return max(self._now_us, self.timeline.floor_us)
        return max(self._now_us, self.timeline.limit_us())

    def is_at(self, limit_us: int) -> bool:
        """Whether the board has come up to this limit and waits there, with nothing to do."""
        return self.parked_at_us >= limit_us and not self._attention

    def await_park(self, timeout_s: float) -> None:
        """Wait (for the wall's time at most) until the board parks or stops; for other threads."""
        with self._parked:
            self._parked.wait(timeout_s)

    def start(self) -> None:
        """Begin at the world's time: a board that is switched on later starts later."""
        self._now_us = max(self._now_us, self.timeline.limit_us())
        self.parked_at_us = -1
        self.is_running = True

    def stop(self) -> None:
        """Forget the alarms: the board is off."""
        with self.lock:
            self.is_running = False
            self._alarms.clear()
        with self._parked:
            self._parked.notify_all()

    def close(self) -> None:
        """Let go of everything; the clock is not used again."""
        self.timeline.forget(self._waker.wake)
        self._waker.close()

    def alarm(self, at_us: int, action: Callable[[], None]) -> Alarm:
        """Have `action` run on the board's thread, under `lock`, at exactly `at_us`."""
        alarm = Alarm(at_us, action)
        with self.lock:
            heapq.heappush(self._alarms, (at_us, next(self._order), alarm))
        self._waker.wake()
        return alarm

    def interrupt(self) -> None:
        """Have `attend` called soon on the board's thread."""
        self._attention = True
        self.parked_at_us = -1
        self._waker.wake()

    def wake(self) -> None:
        """Have a wait under way look again at what it waits for."""
        self._waker.wake()

    def attend_now(self) -> None:
        """Attend to interrupts, if there are any; on the board's thread, while it computes."""
        if self._attention:
            self._attention = False
            self._attend()

    def traffic(self) -> None:
        """Note that something was sent or received on a real socket."""
        self._last_traffic = time.monotonic()

    def read(self) -> int:
        """Return the time, and let it advance a little."""
        now = max(self._now_us, self.timeline.floor_us) + READ_COST_US
        limit = self.timeline.limit_us()
        if self.timeline.is_held:
            if now > limit:
                self.wait(now)
                return self._now_us
        elif limit > now:
            now = limit
        self._now_us = now
        if self._attention or (self._alarms and self._alarms[0][0] <= now):
            self._look_up()
        return now

    def wait(
        self,
        deadline_us: int | None,
        watched: Sequence[Watched] = (),
        ready: Callable[[], bool] | None = None,
    ) -> None:
        """Block the board until its deadline, a socket, `ready()`, or an interrupt.

        deadline_us: None waits for good. watched: sockets that end the wait when they are ready.
        """
        while True:
            if self._look_up() or (ready and ready()):
                return
            if watched and poll_ready(0, watched):
                self.traffic()
                return
            if deadline_us is not None and self._now_us >= deadline_us:
                return
            self._now_us = max(self._now_us, self.timeline.floor_us)
            limit = self.timeline.limit_us()
            target = self._next_stop(deadline_us)
            if self.timeline.is_held:
                if watched and self._grace(watched):
                    return
                if target is not None and target <= limit:
                    self._now_us = max(self._now_us, target)
                    continue
                self._now_us = max(self._now_us, limit)
                self._park(limit)
            else:
                self._now_us = max(self._now_us, limit if target is None else min(limit, target))
                if target is None or target > limit:
                    timeout_s = None if target is None else (target - limit) / 1e6
                    self._waker.wait(timeout_s, watched)

    def _park(self, limit: int) -> None:
        with self.lock:
            if self._attention:
                return
            self.parked_at_us = limit
        with self._parked:
            self._parked.notify_all()
        self._waker.wait(None)

    def _grace(self, watched: Sequence[Watched]) -> bool:
        if time.monotonic() - self._last_traffic > QUIET_S:
            return False
        if not poll_ready(GRACE_S, watched):
            return False
        self.traffic()
        return True

    def _next_stop(self, deadline_us: int | None) -> int | None:
        with self.lock:
            while self._alarms and self._alarms[0][2].action is None:
                heapq.heappop(self._alarms)
            if not self._alarms:
                return deadline_us
            at_us = self._alarms[0][0]
        return at_us if deadline_us is None else min(at_us, deadline_us)

    def _look_up(self) -> bool:
        """Run the alarms that are due, then attend to interrupts; True ends a wait."""
        with self.lock:
            while self._alarms and self._alarms[0][0] <= self._now_us:
                action = heapq.heappop(self._alarms)[2].action
                if action:
                    action()
        if not self._attention:
            return False
        self._attention = False
        return self._attend()
