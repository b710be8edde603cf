"""An MQTT 3.1.1 broker on the network of an isolated world: a fleet's broker in virtual time.

It has what a board and a proxy need: wills, retained messages, QoS 0 and 1, filters with + and #,
`$share`, whose members take turns, keep-alive, and a client that comes twice takes over. Sessions
are clean ones; QoS 2 ends the connection. What is sent at QoS 1 is not sent again: the stream
below loses nothing while it is open.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from host.emulator.mqtt_routes import Routes, is_filter, is_pattern, matches
from host.emulator.network import Site
from host.emulator.stream import Stream
from host.emulator.tls_stream import TlsServer, TlsStream

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14
_FAILURE = 0x80  # a filter's return code
_UNACCEPTABLE_VERSION = 1
_GRACE = 1.5  # times the keep-alive: then a silent client is taken to be gone
Listener = Callable[[str, bytes], None]


class ProtocolError(Exception):
    """A client sent what MQTT 3.1.1 does not allow; its connection is closed."""


@dataclass(frozen=True)
class Message:
    """One message as it came to the broker, at virtual seconds."""

    at_s: float
    client: str
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


@dataclass
class _Client:
    stream: Stream | TlsStream
    name: str = ""
    will: Message | None = None
    keepalive_s: float = 0.0
    heard_us: int = 0
    is_gone: bool = False


class MqttBroker:
    """Listens on its site from the start.

    tls: it speaks TLS. messages: what was published, in order; beyond `keep` of them the older
    half is forgotten. Its methods may be called while time stands, and from listeners.
    """

    keep = 20_000

    def __init__(self, site: Site, name: str, port: int, tls: TlsServer | None = None) -> None:
        self.name = name
        self.port = port
        self.tls = tls
        self.address = site.address
        self.messages: list[Message] = []
        self.retained: dict[str, Message] = {}
        self._site = site
        self._clients: dict[str, _Client] = {}
        self._strangers: list[_Client] = []  # those that have not said CONNECT
        self._listeners: list[tuple[list[str], Listener]] = []
        self._ids = itertools.count()
        self._routes = Routes()
        self.start()

    @property
    def clients(self) -> list[str]:
        """The names of those who are connected, in order."""
        return sorted(self._clients)

    def start(self) -> None:
        """Listen for clients."""
        self._site.listeners[self.port] = self._accept

    def stop(self) -> None:
        """Refuse new clients and end the connections of all others; wills are not sent."""
        self._site.listeners.pop(self.port, None)
        for client in [*self._clients.values(), *self._strangers]:
            client.will = None
            self._drop(client)

    def subscribe(self, pattern: str, listener: Listener) -> None:
        """Have `listener(topic, payload)` called for each message that the filter matches."""
        self._listeners.append((pattern.split("/"), listener))

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Send a message to all who want it, as a client would."""
        self._route(Message(self._site.now_us / 1e6, "", topic, payload, qos, retain))

    def later(self, ms: float, action: Callable[[], None]) -> None:
        """Have `action` called after so many virtual milliseconds."""
        self._site.alarm(self._site.now_us + round(ms * 1000), action)

    # -- clients -------------------------------------------------------------------------------

    def _accept(self, stream: Stream) -> None:
        client = _Client(TlsStream(stream, self.tls) if self.tls else stream)
        self._strangers.append(client)
        client.stream.changed = lambda: self._hear(client)

    def _hear(self, client: _Client) -> None:
        stream = client.stream
        client.heard_us = self._site.now_us
        try:
            while not client.is_gone and (packet := _take_packet(stream.buffer)):
                self._serve(client, *packet)
        except (ProtocolError, IndexError, UnicodeDecodeError):
            self._drop(client)
        if stream.is_ended or stream.error:
            self._drop(client)

    def _serve(self, client: _Client, head: int, body: bytes) -> None:
        kind = head >> 4
        if not client.name:
            if kind != CONNECT:
                raise ProtocolError("the first packet is not CONNECT")
            self._welcome(client, body)
        elif kind == PUBLISH:
            self._take(client, head, body)
        elif kind == SUBSCRIBE:
            self._add_filters(client, body)
        elif kind == UNSUBSCRIBE:
            for topic, _ in _filters(body[2:], has_qos=False):
                self._routes.unsubscribe(client.name, topic)
            _send(client, UNSUBACK << 4, body[:2])
        elif kind == PINGREQ:
            _send(client, PINGRESP << 4, b"")
        elif kind == DISCONNECT:
            client.will = None
            self._drop(client)
        elif kind != PUBACK:
            raise ProtocolError(f"packet {kind} from a client")

    def _welcome(self, client: _Client, body: bytes) -> None:
        protocol, rest = _text(body)
        level, flags = rest[0], rest[1]
        client.keepalive_s = int.from_bytes(rest[2:4])
        if (protocol, level) != ("MQTT", 4):
            _send(client, CONNACK << 4, bytes([0, _UNACCEPTABLE_VERSION]))
            raise ProtocolError(f"{protocol} level {level}")
        name, rest = _text(rest[4:])
        if flags & 4:
            topic, rest = _text(rest)
            size = int.from_bytes(rest[:2])
            payload = rest[2 : 2 + size]
            client.will = Message(0, name, topic, payload, flags >> 3 & 3, bool(flags & 32))
        client.name = name or f"client-{next(self._ids)}"
        old = self._clients.get(client.name)
        if old:
            self._drop(old)
        self._strangers.remove(client)
        self._clients[client.name] = client
        _send(client, CONNACK << 4, b"\0\0")
        if client.keepalive_s:
            self.later(client.keepalive_s * 1000 * _GRACE, lambda: self._check(client))

    def _check(self, client: _Client) -> None:
        if client.is_gone:
            return
        silent_us = self._site.now_us - client.heard_us
        left_us = client.keepalive_s * 1e6 * _GRACE - silent_us
        if left_us <= 0:
            self._drop(client)
        else:
            self.later(left_us / 1000, lambda: self._check(client))

    def _drop(self, client: _Client) -> None:
        if client.is_gone:
            return
        client.is_gone = True
        client.stream.close()
        if client in self._strangers:
            self._strangers.remove(client)
        if self._clients.get(client.name) is client:
            del self._clients[client.name]
            self._routes.leave(client.name)
        will = client.will
        if will:
            now_s = self._site.now_us / 1e6
            self._route(
                Message(now_s, will.client, will.topic, will.payload, will.qos, will.retain)
            )

    def _take(self, client: _Client, head: int, body: bytes) -> None:
        qos = head >> 1 & 3
        topic, rest = _text(body)
        if qos > 1 or not topic or "+" in topic or "#" in topic:
            raise ProtocolError(f"a message to {topic!r} at QoS {qos}")
        if qos:
            _send(client, PUBACK << 4, rest[:2])
            rest = rest[2:]
        now_s = self._site.now_us / 1e6
        self._route(Message(now_s, client.name, topic, rest, qos, bool(head & 1)))

    def _add_filters(self, client: _Client, body: bytes) -> None:
        wanted = list(_filters(body[2:]))
        granted = [min(qos, 1) if is_filter(topic) else _FAILURE for topic, qos in wanted]
        _send(client, SUBACK << 4, body[:2] + bytes(granted))
        for (topic, _), qos in zip(wanted, granted, strict=True):
            if qos == _FAILURE:
                continue
            self._routes.subscribe(client.name, topic, qos)
            for message in self._kept(topic):
                self._pass_on(client, message, qos, retain=True)

    def _kept(self, name: str) -> list[Message]:
        """Return the retained messages for a filter; a share gets none."""
        if not is_pattern(name):
            return [self.retained[name]] if name in self.retained else []
        pattern = name.split("/")
        return [m for topic, m in self.retained.items() if matches(pattern, topic.split("/"))]

    def _route(self, message: Message) -> None:
        self.messages.append(message)
        if len(self.messages) > self.keep:
            del self.messages[: len(self.messages) // 2]
        if message.retain:
            self.retained.pop(message.topic, None)
            if message.payload:
                self.retained[message.topic] = message
        for name, qos in self._routes.find(message.topic):
            self._pass_on(self._clients[name], message, qos)
        levels = message.topic.split("/")
        for pattern, listener in list(self._listeners):
            if matches(pattern, levels):
                listener(message.topic, message.payload)

    def _pass_on(self, client: _Client, message: Message, qos: int, retain: bool = False) -> None:
        qos = min(qos, message.qos)
        topic = message.topic.encode()
        body = len(topic).to_bytes(2) + topic
        if qos:
            body += (next(self._ids) % 65535 + 1).to_bytes(2)
        _send(client, PUBLISH << 4 | qos << 1 | retain, body + message.payload)


def _take_packet(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take the first packet out of a buffer, if it is whole."""
    size = 0
    for i, byte in enumerate(buffer[1:5]):
        size |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            start = 2 + i
            if len(buffer) < start + size:
                return None
            packet = buffer[0], bytes(buffer[start : start + size])
            del buffer[: start + size]
            return packet
    if len(buffer) >= 5:
        raise ProtocolError("a length of more than four bytes")
    return None


def _text(data: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(data[:2])
    if len(data) < end:
        raise ProtocolError("a text that is cut off")
    return data[2:end].decode(), data[end:]


def _filters(body: bytes, has_qos: bool = True) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    while body:
        topic, body = _text(body)
        found.append((topic, body[0] if has_qos else 0))
        body = body[1:] if has_qos else body
    return found


def _send(client: _Client, head: int, body: bytes) -> None:
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | 0x80 if size else low)
        if not size:
            break
    client.stream.send(bytes([head, *length]) + body)
