"""One end of a connection on the network of an isolated world."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from host.emulator import errnos
from host.emulator.sockets import SEND_BUFFER

if TYPE_CHECKING:
    from host.emulator.network import Host

CONNECT_TIMEOUT_US = 18_000_000  # an attempt to connect that nobody answers
RETRY_US, LONGEST_RETRY_US = 300_000, 8_000_000  # until a lost segment is sent again
NO_LIMIT = 1 << 31
_TRIES = 12  # then lwIP takes the peer to be gone
_ids = itertools.count()
Action = Callable[[], None]


class Stream:
    """One end of a connection.

    buffer: what came in and was not taken yet. is_open: whether the other end has answered.
    is_ended: whether it has closed. error: the ESP32's number of what broke it, or 0. is_lost:
    whether something has broken it. changed: called in its host's turn after each of these, and
    when there is room again.
    """

    def __init__(self, host: Host, port: int, address: str, peer_port: int) -> None:
        self.host = host
        self.port = port
        self.peer_address = (address, peer_port)
        self.buffer = bytearray()
        self.is_open = False
        self.is_ended = False
        self.is_lost = False
        self.error = 0
        self.changed: Action = lambda: None
        self._peer: Stream | None = None
        self._is_gone = False
        self._clear_us = 0  # when the last segment arrives: the next one does not overtake it
        self._sent_us = 0  # when the last segment has left, where that takes time
        self._held: deque[tuple[Host, Action, int]] = deque()  # what could not get through
        self._tries = 0
        self._id = next(_ids)
        host.streams[self._id] = self

    @classmethod
    def connect(cls, host: Host, address: str, port: int) -> Stream:
        """Begin to connect; `changed` is called when it is open, refused or in vain."""
        to = host.network.route(host, address)
        near = cls(host, host.new_port(), address, port)
        if to:
            near._send(to, lambda: near._knock(to, port))
        host.alarm(host.now_us + CONNECT_TIMEOUT_US, near._give_up)
        return near

    def _knock(self, to: Host, port: int) -> None:
        accept = to.listener(port)
        if accept is None:
            self._break_from(to, errnos.ESP32["ECONNREFUSED"])
            return
        far = Stream(to, port, self.host.address, self.port)
        far._peer, far.is_open = self, True
        far._send(self.host, lambda: self._opened(far))
        accept(far)

    def _opened(self, far: Stream) -> None:
        self._peer = far
        if self._is_gone:
            self._send(far.host, far._finished)
            return
        self.is_open = True
        self.changed()

    def _give_up(self) -> None:
        if not self.is_open:
            self._fail(errnos.ETIMEDOUT)

    def is_with(self, host: Host) -> bool:
        """Whether the other end is this host's."""
        return self._peer is not None and self._peer.host is host

    @property
    def room(self) -> int:
        """How many bytes may be sent now; without a limit where all that is sent leaves at once.

        Bounded by what lwIP keeps of a stream until it is acknowledged.
        """
        waiting = sum(size for _, _, size in self._held)
        if self.host.network.kbit_s:
            still_us = max(0, self._sent_us - self.host.now_us)
            waiting += round(still_us * self.host.network.kbit_s / 8000)
        elif not self._held:
            return NO_LIMIT
        return max(0, SEND_BUFFER - waiting)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        peer = self._peer
        if peer and not self._is_gone:
            self._send(peer.host, lambda: peer._received(data), len(data))

    def close(self) -> None:
        """End it; what was sent before still arrives."""
        if self._peer and not self._is_gone:
            self._send(self._peer.host, self._peer._finished)
        self._leave()

    def vanish(self) -> None:
        """Forget it without a word, as a host does that loses its supply."""
        self._held.clear()
        self._leave()

    def _leave(self) -> None:
        self._is_gone = True
        self.host.streams.pop(self._id, None)

    def break_soon(self) -> None:
        """Have it fail as if the other end had reset it."""
        host = self.host
        at_us = host.now_us + host.network.latency_us
        host.send(at_us, host, lambda: self._fail(errnos.ESP32["ECONNRESET"]))

    def _received(self, data: bytes) -> None:
        if self._is_gone:
            if self._peer:
                self._peer._break_from(self.host, errnos.ESP32["ECONNRESET"])
            return
        self.buffer += data
        self.changed()

    def _finished(self) -> None:
        self.is_ended = True
        if not self._is_gone:
            self.changed()

    def _break_from(self, host: Host, error: int) -> None:
        """Have the host at the other end break this one."""
        if not host.network.is_severed(host, self.host):
            at_us = host.now_us + (host.delay_us() or 0)
            host.send(at_us, self.host, lambda: self._fail(error))

    def _fail(self, error: int) -> None:
        if not (self._is_gone or self.is_ended):
            self.error = error
            self.is_lost = True
            self.vanish()
            self.changed()

    def _send(self, to: Host, action: Action, size: int = 0) -> None:
        host = self.host
        if self._held or host.network.is_severed(host, to):
            self._held.append((to, action, size))
            if len(self._held) == 1:
                self._tries = 0
                host.alarm(host.now_us + RETRY_US, self._try_again)
            return
        leaves_us = host.now_us
        if host.network.kbit_s:
            leaves_us = max(leaves_us, self._sent_us) + round(size * 8000 / host.network.kbit_s)
            self._sent_us = leaves_us
            host.alarm(leaves_us, self._say_room)
        self._clear_us = max(leaves_us + (host.delay_us() or 0), self._clear_us)
        host.send(self._clear_us, to, action)

    def _say_room(self) -> None:
        if not self._is_gone:
            self.changed()

    def _try_again(self) -> None:
        """Send what could not get through, if it can now."""
        if not self._held:
            return
        host, to = self.host, self._held[0][0]
        if host.network.is_severed(host, to):
            self._tries += 1
            if self._tries == _TRIES:
                self._held.clear()
                self._fail(errnos.ESP32["ECONNABORTED"])
                return
            pause_us = min(RETRY_US << self._tries, LONGEST_RETRY_US)
            host.alarm(host.now_us + pause_us, self._try_again)
            return
        held, self._held = self._held, deque()
        for entry in held:
            self._send(*entry)
        self._say_room()
