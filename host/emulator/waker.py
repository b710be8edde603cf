"""One board thread's only place to block: on a deadline, on sockets, until someone wakes it."""

import select
import socket
import threading
from contextlib import suppress

_FOR_GOOD_S = 86400.0
Watched = tuple[socket.socket, int]  # a socket and poll bits: 1 readable, 4 writable


class Sockets:
    """Sockets to wait for. Make another when one of them was closed."""

    def __init__(self, watched: list[Watched]) -> None:
        self.watched = watched
        self._poll = select.poll()
        for sock, bits in watched:
            number = sock.fileno()
            if number >= 0:
                self._poll.register(number, bits)

    def poll(self, timeout_s: float) -> list[tuple[int, int]]:
        """Return the ready ones as [(file number, poll bits)]."""
        return self._poll.poll(timeout_s * 1000)


class Waker:
    """Blocks one thread. `wake` may come from any thread, also before the wait."""

    def __init__(self) -> None:
        self._gate = threading.Lock()  # free while it is woken: cheaper than a Condition
        self._gate.acquire()
        self._lock = threading.Lock()
        self._pair: tuple[socket.socket, socket.socket] | None = None

    def wake(self) -> None:
        """End the wait under way, or the next one."""
        with suppress(RuntimeError):  # it is woken already
            self._gate.release()
        if self._pair:
            with self._lock, suppress(BlockingIOError):  # full: it is being woken already
                if self._pair:
                    self._pair[1].send(b"w")

    def wait(self, timeout_s: float | None, sockets: Sockets | None = None) -> None:
        """Return when woken, when a socket is ready, or after `timeout_s`; None: no limit."""
        if sockets:
            self._wait_for_sockets(timeout_s, sockets.watched)
        elif timeout_s is None:
            self._gate.acquire()
        else:
            self._gate.acquire(timeout=min(max(0.0, timeout_s), _FOR_GOOD_S))

    def _wait_for_sockets(self, timeout_s: float | None, watched: list[Watched]) -> None:
        if self._pair is None:
            pair = socket.socketpair()
            for end in pair:
                end.setblocking(False)
            self._pair = pair
        # Whoever wakes opens the gate first: either it is seen here, or a byte comes.
        if not self._gate.acquire(blocking=False):
            both = Sockets([*watched, (self._pair[0], 1)])
            both.poll(_FOR_GOOD_S if timeout_s is None else max(0.0, timeout_s))
            self._gate.acquire(blocking=False)
        with suppress(BlockingIOError):
            while self._pair[0].recv(64):
                pass

    def close(self) -> None:
        """Let go of the sockets used for waking."""
        with self._lock:
            if self._pair:
                for end in self._pair:
                    end.close()
                self._pair = None
