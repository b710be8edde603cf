"""A network within the world: boards and servers in virtual time, a radio that errs.

Everything that goes from one host to another takes at least the latency. So no host can learn
within that time what another one does, and hosts may run side by side without asking each other:
see schedule.py. What is sent in a host's turn is kept until all turns are over.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from host.emulator import errnos
from host.emulator.clock import Alarm

if TYPE_CHECKING:
    from host.emulator.board import Board
    from host.emulator.schedule import Schedule

Action = Callable[[], None]
Packet = tuple[int, int, int, "Host", Action]  # when it arrives, from whom, its number, to whom
_Placed = TypeVar("_Placed", bound="Host")
CONNECT_TIMEOUT_US = 18_000_000  # an attempt to connect that nobody answers
_RETRY_US, _LONGEST_RETRY_US = 300_000, 8_000_000  # until a lost segment is sent again
_FIRST_PORT = 49152  # of those that are given to who does not ask for one
_LOOPBACK = "127.0.0.1"
_BROADCAST = "255.255.255.255"


class Network:
    """The air and the wires of one world.

    latency_ms: what each packet takes at least, 1 or more. jitter_ms: what it may take on top.
    loss: the share of packets that are lost, below 1: a datagram for good, a segment of a stream
    until it is sent again. Set them while time stands still. names: {name: address} of the name
    server. What is random comes from the world's seed.
    """

    def __init__(self, seed: int) -> None:
        self.names: dict[str, str] = {}
        self.jitter_ms = 0.0
        self.loss = 0.0
        self.hosts: dict[str, Host] = {}
        self.packets: list[Packet] = []  # on their way, in no order
        self._seed = seed
        self._latency_us = 5000

    @property
    def latency_ms(self) -> float:
        """What each packet takes at least. Raises ValueError below 1 when it is set."""
        return self._latency_us / 1000

    @latency_ms.setter
    def latency_ms(self, value: float) -> None:
        if value < 1:
            raise ValueError(f"a latency of {value} ms: it must be 1 ms or more")
        self._latency_us = round(value * 1000)

    @property
    def latency_us(self) -> int:
        """The same in microseconds."""
        return self._latency_us

    def join(self, board: Board) -> Station:
        """Return a board's place on the network."""
        return self._add(Station(self, len(self.hosts), board))

    def site(self, name: str, schedule: Schedule) -> Site:
        """Return the place of a server of the world, known by a name."""
        number = sum(isinstance(host, Site) for host in self.hosts.values())
        site = self._add(Site(self, len(self.hosts), f"10.255.0.{number + 1}", schedule))
        self.names[name] = site.address
        return site

    def _add(self, host: _Placed) -> _Placed:
        host.chance = random.Random(f"{self._seed} {host.address}")
        self.hosts[host.address] = host
        return host

    def resolve(self, name: str) -> str | None:
        """Return the address behind a name or an address, None if nobody knows it."""
        found = self.names.get(name)
        return name if found is None and name.replace(".", "").isdigit() else found


class Host:
    """Who can send and listen. listeners: {port: told of each new connection}."""

    def __init__(self, network: Network, number: int, address: str) -> None:
        self.network = network
        self.number = number
        self.address = address
        self.listeners: dict[int, Callable[[Stream], None]] = {}
        self.datagrams: dict[int, Callable[[bytes, str, int], None]] = {}
        self.board: Board | None = None
        self.chance = random.Random(0)
        self._packets = itertools.count()
        self._ports = itertools.count(_FIRST_PORT)

    @property
    def now_us(self) -> int:
        """The host's time."""
        raise NotImplementedError

    def alarm(self, at_us: int, action: Action) -> Alarm:
        """Have `action` run in this host's turn at that time."""
        raise NotImplementedError

    def take(self, at_us: int, action: Action) -> None:
        """Let a packet arrive; called while nobody has a turn."""
        raise NotImplementedError

    def new_port(self) -> int:
        """Return a port that was not used yet."""
        return next(self._ports)

    def delay_us(self, is_sent_again: bool = True) -> int | None:
        """Return what the next packet takes; None: it is lost."""
        network, chance = self.network, self.chance
        delay = network.latency_us
        if network.jitter_ms:
            delay += int(chance.random() * network.jitter_ms * 1000)
        if network.loss:
            retry = _RETRY_US
            while chance.random() < network.loss:
                if not is_sent_again:
                    return None
                delay += retry
                retry = min(2 * retry, _LONGEST_RETRY_US)
        return delay

    def send(self, at_us: int, to: Host, action: Action) -> None:
        """Have `action` run in the other host's turn at `at_us`, one latency from now or later."""
        self.network.packets.append((at_us, self.number, next(self._packets), to, action))
        self.sent()

    def sent(self) -> None:
        """Note that something is on its way: an answer may come two latencies from now."""

    def send_datagram(self, data: bytes, port: int, address: str, to_port: int) -> None:
        """Send a datagram to a host, or to all others on the network."""
        hosts = self.network.hosts
        to = hosts.values() if address == _BROADCAST else [h for h in [hosts.get(address)] if h]
        for host in to:
            delay = self.delay_us(is_sent_again=False)
            if host is not self and delay is not None:
                at_us = self.now_us + delay
                self.send(at_us, host, lambda host=host: host.datagram(data, to_port, self, port))

    def datagram(self, data: bytes, to_port: int, sender: Host, port: int) -> None:
        """Take in a datagram."""
        taken = self.datagrams.get(to_port)
        if taken:
            taken(data, sender.address, port)


class Station(Host):
    """A board on the network."""

    def __init__(self, network: Network, number: int, board: Board) -> None:
        super().__init__(network, number, board.wifi.address)
        self.board: Board | None = board
        self._clock = board.clock

    @property
    def now_us(self) -> int:
        """The board's time."""
        return self._clock.now_us

    def alarm(self, at_us: int, action: Action) -> Alarm:
        """Have `action` run on the board's thread."""
        return self._clock.alarm(at_us, action)

    def take(self, at_us: int, action: Action) -> None:
        """Let a packet arrive, unless the board is off: then nobody hears it."""
        if self._clock.is_running:
            self._clock.post(at_us, action)

    def sent(self) -> None:
        """Go no further than the first answer may come."""
        self._clock.draw_near(self.now_us + 2 * self.network.latency_us - 1)


class Site(Host):
    """A server of the world: what it does is done between the turns of boards."""

    def __init__(self, network: Network, number: int, address: str, schedule: Schedule) -> None:
        super().__init__(network, number, address)
        self._schedule = schedule

    @property
    def now_us(self) -> int:
        """The time of what happens now."""
        return self._schedule.now_us

    def alarm(self, at_us: int, action: Action) -> Alarm:
        """Have `action` run then."""
        return self._schedule.alarm(at_us, action)

    def take(self, at_us: int, action: Action) -> None:
        """Let a packet arrive."""
        self._schedule.alarm(at_us, action)

    def send(self, at_us: int, to: Host, action: Action) -> None:
        """Send it; servers act one after the other, so what one sends another need not wait."""
        if isinstance(to, Site):
            to.take(at_us, action)
        else:
            super().send(at_us, to, action)

    def sent(self) -> None:
        """Go no further than the first answer may come."""
        self._schedule.draw_near(self.now_us + 2 * self.network.latency_us - 1)


class Stream:
    """One end of a connection.

    buffer: what came in and was not taken yet. is_open: whether the other end has answered.
    is_ended: whether it has closed. error: the ESP32's number of what broke it, or 0. changed:
    called in its host's turn after each of these.
    """

    def __init__(self, host: Host, port: int, address: str, peer_port: int) -> None:
        self.host = host
        self.port = port
        self.peer_address = (address, peer_port)
        self.buffer = bytearray()
        self.is_open = False
        self.is_ended = False
        self.error = 0
        self.changed: Action = lambda: None
        self._peer: Stream | None = None
        self._is_gone = False
        self._clear_us = 0  # when the last segment arrives: the next one does not overtake it

    @classmethod
    def connect(cls, host: Host, address: str, port: int) -> Stream:
        """Begin to connect; `changed` is called when it is open, refused or in vain."""
        to = host if address == _LOOPBACK else host.network.hosts.get(address)
        near = cls(host, host.new_port(), address, port)
        if to:
            near._send(to, lambda: near._knock(to, port))
        host.alarm(host.now_us + CONNECT_TIMEOUT_US, near._give_up)
        return near

    def _knock(self, to: Host, port: int) -> None:
        accept = to.listeners.get(port)
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

    def send(self, data: bytes) -> None:
        """Send bytes."""
        peer = self._peer
        if peer and not self._is_gone:
            self._send(peer.host, lambda: peer._received(data))

    def close(self) -> None:
        """End it; what was sent before still arrives."""
        if self._peer and not self._is_gone:
            self._send(self._peer.host, self._peer._finished)
        self._is_gone = True

    def vanish(self) -> None:
        """Forget it without a word, as a host does that loses its supply."""
        self._is_gone = True

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
        at_us = host.now_us + (host.delay_us() or 0)
        host.send(at_us, self.host, lambda: self._fail(error))

    def _fail(self, error: int) -> None:
        if not (self._is_gone or self.is_ended or self.error):
            self.error = error
            self.changed()

    def _send(self, to: Host, action: Action) -> None:
        at_us = self.host.now_us + (self.host.delay_us() or 0)
        self._clear_us = max(at_us, self._clear_us)
        self.host.send(self._clear_us, to, action)
