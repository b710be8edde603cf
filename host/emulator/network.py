"""A network within the world: boards and servers in virtual time, a radio that errs.

Everything that goes from one host to another takes at least the latency. So no host can learn
within that time what another one does, and hosts may run side by side without asking each other:
see schedule.py. What is sent in a host's turn is kept until all turns are over.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from host.emulator.clock import Alarm
from host.emulator.stream import LONGEST_RETRY_US, RETRY_US, Action, Stream

if TYPE_CHECKING:
    from host.emulator.board import Board
    from host.emulator.schedule import Schedule

Packet = tuple[int, int, int, "Host", Action]  # when it arrives, from whom, its number, to whom
_Placed = TypeVar("_Placed", bound="Host")
_FIRST_PORT = 49152  # of those that are given to who does not ask for one
_LOOPBACK = "127.0.0.1"
_BROADCAST = "255.255.255.255"
_ANY_PORT = 0  # key of a listener for all ports that nobody else listens on


class Network:
    """The air and the wires of one world.

    latency_ms: what each packet takes at least, 1 or more. jitter_ms: what it may take on top.
    loss: the share of packets that are lost, below 1: a datagram for good, a segment of a stream
    until it is sent again. kbit_s: how fast each way of each stream is; 0: without limit. Set
    them while time stands still. names: {name: address} of the name server. captor: who takes all
    that boards send to others, see captive_portal.py. What is random comes from the world's seed.
    """

    def __init__(self, seed: int) -> None:
        self.names: dict[str, str] = {}
        self.jitter_ms = 0.0
        self.loss = 0.0
        self.kbit_s = 0.0
        self.captor: Site | None = None
        self._severed: set[tuple[Host, Host]] = set()
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
        if name.replace(".", "").isdigit():
            return self.names.get(name, name)
        return self.captor.address if self.captor else self.names.get(name)

    def route(self, sender: Host, address: str) -> Host | None:
        """Return who gets what a host sends to an address."""
        if address == _LOOPBACK:
            return sender
        if self.captor and sender.board:
            return self.captor
        return self.hosts.get(address)

    # -- faults: while time stands still -------------------------------------------------------

    def sever(self, one: str, other: str, *, one_way: bool = False) -> None:
        """Lose whatever goes from `one` to `other`, and back unless `one_way`, until `heal`.

        one, other: boards and servers, by name or address. Nobody is told: connections are half
        open, and what streams have to say waits for its next try. Raises KeyError.
        """
        host, far = self._host(one), self._host(other)
        self._severed.add((host, far))
        if not one_way:
            self._severed.add((far, host))

    def partition(self, *groups: Iterable[str]) -> None:
        """Sever each group of boards and servers from the others."""
        for group, other in itertools.combinations([list(group) for group in groups], 2):
            for pair in itertools.product(group, other):
                self.sever(*pair)

    def heal(self) -> None:
        """Let everything through again."""
        self._severed.clear()

    def reset(self, one: str, other: str) -> None:
        """Break all connections between two hosts as a router does that lost its memory: RST."""
        pair = self._host(one), self._host(other)
        for host, far in (pair, pair[::-1]):
            for stream in host.streams.values():
                if stream.is_with(far):
                    stream.break_soon()

    def is_severed(self, sender: Host, to: Host) -> bool:
        """Whether what one host sends to another is lost."""
        return (sender, to) in self._severed

    def _host(self, name: str) -> Host:
        found = self.hosts.get(self.names.get(name, name))
        for host in self.hosts.values():
            if host.board and host.board.name == name:
                found = host
        if found is None:
            raise KeyError(name)
        return found


class Host:
    """Who can send and listen. listeners: {port: told of each new connection}."""

    def __init__(self, network: Network, number: int, address: str) -> None:
        self.network = network
        self.number = number
        self.address = address
        self.listeners: dict[int, Callable[[Stream], None]] = {}
        self.datagrams: dict[int, Callable[[bytes, str, int], None]] = {}
        self.streams: dict[int, Stream] = {}  # those that it has neither closed nor lost
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

    def listen(self, port: int | None, accept: Callable[[Stream], None]) -> None:
        """Have `accept` told of each new connection to a port; None: to those nobody has."""
        self.listeners[_ANY_PORT if port is None else port] = accept

    def listener(self, port: int) -> Callable[[Stream], None] | None:
        """Return who is told of a new connection to a port."""
        return self.listeners.get(port) or self.listeners.get(_ANY_PORT)

    def delay_us(self, is_sent_again: bool = True) -> int | None:
        """Return what the next packet takes; None: it is lost."""
        network, chance = self.network, self.chance
        delay = network.latency_us
        if network.jitter_ms:
            delay += int(chance.random() * network.jitter_ms * 1000)
        if network.loss:
            retry = RETRY_US
            while chance.random() < network.loss:
                if not is_sent_again:
                    return None
                delay += retry
                retry = min(2 * retry, LONGEST_RETRY_US)
        return delay

    def send(self, at_us: int, to: Host, action: Action) -> None:
        """Have `action` run in the other host's turn at `at_us`, one latency from now or later."""
        self.network.packets.append((at_us, self.number, next(self._packets), to, action))
        self.sent()

    def sent(self) -> None:
        """Note that something is on its way: an answer may come two latencies from now."""

    def send_datagram(self, data: bytes, port: int, address: str, to_port: int) -> None:
        """Send a datagram to a host, or to all others on the network."""
        network = self.network
        one = network.route(self, address)
        to = network.hosts.values() if address == _BROADCAST else [one] if one else []
        for host in to:
            delay = self.delay_us(is_sent_again=False)
            if network.is_severed(self, host):
                continue
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
