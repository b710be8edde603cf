"""What moved on a board's real sockets, and whether to wait for more before time jumps."""

import time

from host.emulator.waker import Sockets

QUIET_S = 0.5  # real time: for so long an answer is waited for
PATIENCE_S = 4.0  # for one that came the last time: the machine is busy, or the peer is gone
MORE_S = 0.0015  # for something that may follow an answer, before each jump of held time
_SURE = 4  # an exchange after which nothing followed so often is over when it looks so
_MAX_KNOWN = 256


class Traffic:
    """One board's exchanges over its sockets.

    An exchange is what was sent and what came in since, until something else is sent; it is known
    by its bytes, out and in: a ping and its answer, a message and its acknowledgement.
    """

    def __init__(self) -> None:
        self._last_s = 0.0
        self._out = self._in = 0
        self._waited = False  # a grace brought nothing, or was not given
        self._over: dict[tuple[int, int], int] = {}  # exchange -> how often nothing followed
        self._answered: set[int] = set()  # bytes out that something followed the last time

    def sent(self, size: int) -> None:
        """Note that bytes were sent, or, with 0, that a connection was begun or ended."""
        if self._waited:
            if len(self._over) >= _MAX_KNOWN:
                self._over.clear()
            known = (self._out, self._in)
            self._over[known] = self._over.get(known, 0) + 1
            self._waited = False
            self._out = self._in = 0
        elif self._in:
            self._out = self._in = 0
        self._out += size
        self._last_s = time.monotonic()

    def received(self, size: int) -> None:
        """Note that bytes came in, or, with 0, a connection or its end."""
        self._over.pop((self._out, self._in), None)
        if self._out and not self._in:
            if len(self._answered) >= _MAX_KNOWN:
                self._answered.clear()
            self._answered.add(self._out)
        self._waited = False
        self._in += size
        self._last_s = time.monotonic()

    def grace(self, sockets: Sockets) -> bool:
        """Give the peers a moment in which to answer; True if one of the sockets is ready."""
        is_owed = bool(self._out and not self._in)
        is_trusted = is_owed and self._out in self._answered
        quiet_s = time.monotonic() - self._last_s
        left_s = (PATIENCE_S if is_trusted else QUIET_S) - quiet_s
        if left_s <= 0:
            return False
        if self._over.get((self._out, self._in), 0) < _SURE:
            if sockets.poll(left_s if is_owed else MORE_S):
                return True
            if is_trusted:
                self._answered.discard(self._out)
        self._waited = True
        return False
