"""The link: an MQTT 3.1.1 client that keeps a board connected, in as little memory as possible.

QoS 0 and 1, a will, keepalive, reconnects with jitter. One buffer holds the one message that is
being received; a larger one is read past, acknowledged and reported. One QoS 1 publish is in
flight at a time, so that messages arrive in the order they were sent.
Source: OASIS, "MQTT Version 3.1.1", 2014.
"""

import asyncio
import errno
import random
import struct
import time

from micropython import const

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGREQ = const(0xC0)
_PINGRESP = const(0xD0)

_CONNECT_TIMEOUT_S = const(15)
_ACK_TIMEOUT_S = const(10)  # a broker that stops acknowledging is left
_BACKOFF_MIN_MS = const(1000)
_BACKOFF_MAX_MS = const(60000)
_MAX_TOPIC = const(128)
_CHUNK = const(1024)  # bytes; more than that goes out part by part
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Link:
    """One board's connection to its broker.

    settings: as settings.load returns. will: (topic, payload), retained, sent by the broker.
    topics: the filters to subscribe to, with QoS 1. max_in: bytes of the largest payload taken.
    on_message(topic, payload): payload is a memoryview that is only valid during the call.
    on_oversize(topic, size): a message was read past. on_up(): a coroutine, after each SUBACK.
    """

    def __init__(self, settings, will, topics, max_in, on_message, on_oversize, on_up):
        self._settings = settings
        self._will = will
        self._topics = topics
        self._on_message = on_message
        self._on_oversize = on_oversize
        self._on_up = on_up
        self._buf = bytearray(max_in + _MAX_TOPIC)
        self._view = memoryview(self._buf)
        self._max_in = max_in
        self._head = bytearray(4)
        self._stream = None
        self._writing = asyncio.Lock()  # one packet at a time on the socket
        self._publishing = asyncio.Lock()  # one QoS 1 message at a time in flight
        self._acked = asyncio.Event()
        self._pid = 0
        self._last_rx = 0
        self.up = False
        self.changed = asyncio.Event()  # set when the link comes up
        self.reconnects = -1  # the first connection is none
        self.last_error = "not connected yet"

    async def run(self):
        """Connect, serve and reconnect for ever."""
        backoff = _BACKOFF_MIN_MS
        while True:
            try:
                await self._connect()
                self.reconnects += 1
                backoff = _BACKOFF_MIN_MS
                await self._serve()
            except (OSError, asyncio.TimeoutError, EOFError) as e:
                self.last_error = _error_words(e)
            await self._close()
            await asyncio.sleep_ms(backoff // 2 + random.randint(0, backoff // 2))
            backoff = min(backoff * 2, _BACKOFF_MAX_MS)

    async def publish(self, topic, payload, qos=0, retain=False):
        """Send one message; with QoS 1 return after the broker has acknowledged it.

        payload: bytes, or (size, parts): an iterable of bytes that make up a large one.
        Raises OSError when the link is down or goes down meanwhile.
        """
        if qos == 0:
            return await self._send_publish(topic, payload, 0, retain, 0)
        async with self._publishing:
            self._pid = self._pid % 65535 + 1
            self._acked.clear()
            await self._send_publish(topic, payload, 1, retain, self._pid)
            try:
                await asyncio.wait_for(self._acked.wait(), _ACK_TIMEOUT_S)
            except asyncio.TimeoutError:
                self._fail("the broker acknowledges nothing")
            if not self.up:
                raise OSError(errno.ECONNRESET)

    async def _connect(self):
        settings = self._settings
        connection = asyncio.open_connection(settings["broker.host"], settings["broker.port"])
        self._stream, _ = await asyncio.wait_for(connection, _CONNECT_TIMEOUT_S)
        self._stream.s.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        user = settings["broker.user"]
        flags = 0x02 | 0x04 | 0x08 | 0x20  # clean session, will, will QoS 1, will retained
        body = [_field(settings["device"]), _field(self._will[0]), _field(self._will[1])]
        if user:
            flags |= 0xC0
            body += [_field(user), _field(settings["broker.password"])]
        body.insert(
            0, struct.pack(">H4sBBH", 4, b"MQTT", 4, flags, settings["broker.keepalive_s"])
        )
        await asyncio.wait_for(self._handshake(b"".join(body)), _CONNECT_TIMEOUT_S)

    async def _handshake(self, connect):
        await self._send(_CONNECT, connect)
        kind, size = await self._read_head()
        if kind != _CONNACK or size != 2:
            raise OSError(errno.EPROTO)
        await self._read(2)
        if self._buf[1]:
            raise OSError(errno.EACCES)  # the broker refuses: user, password or client id
        await self._subscribe(self._topics)
        while True:  # a retained message may come before the SUBACK
            kind, size = await self._read_head()
            if kind == _SUBACK:
                await self._read(size)
                if self._buf[2] == 0x80:
                    raise OSError(errno.EACCES)
                return
            await self._take(kind, size)

    async def subscribe(self, topics):
        """Listen to these from now on, and on each new connection; others are left at the next."""
        new = [topic for topic in topics if topic not in self._topics]
        self._topics = topics
        if new and self.up:
            try:
                await self._subscribe(new)
            except OSError:
                pass  # the next connection subscribes to all

    async def _subscribe(self, topics):
        self._pid = self._pid % 65535 + 1
        fields = b"".join([_field(topic) + b"\x01" for topic in topics])
        await self._send(_SUBSCRIBE, struct.pack(">H", self._pid) + fields)

    async def _serve(self):
        self.up = True
        self._last_rx = time.ticks_ms()
        self._ended = asyncio.Event()
        self._error = None
        reader = asyncio.create_task(self._read_all())
        greeter = asyncio.create_task(self._greet())
        keepalive_ms = self._settings["broker.keepalive_s"] * 1000
        try:
            while True:
                try:
                    await asyncio.wait_for_ms(self._ended.wait(), keepalive_ms // 2)
                    raise self._error
                except asyncio.TimeoutError:
                    pass
                if time.ticks_diff(time.ticks_ms(), self._last_rx) > keepalive_ms * 3 // 2:
                    raise OSError(errno.ETIMEDOUT)
                await asyncio.wait_for(self._send(_PINGREQ, b""), _ACK_TIMEOUT_S)
        finally:
            self.up = False
            reader.cancel()
            greeter.cancel()
            self._acked.set()  # wake the publisher: it sees that the link is down

    async def _greet(self):
        try:
            await self._on_up()
            self.changed.set()
        except OSError as e:
            self._fail(_error_words(e))

    async def _read_all(self):
        try:
            while True:
                kind, size = await self._read_head()
                self._last_rx = time.ticks_ms()
                await self._take(kind, size)
        except (OSError, EOFError) as e:
            self._error = e
            self._ended.set()

    def _fail(self, why):
        if self.up:
            self._error = OSError(errno.ECONNABORTED, why)
            self._ended.set()

    async def _close(self):
        stream, self._stream = self._stream, None
        if stream:
            stream.close()
            await stream.wait_closed()

    async def _take(self, kind, size):
        """Deal with one packet whose fixed header has been read."""
        if kind & 0xF0 == _PUBLISH:
            await self._take_publish(kind, size)
        elif kind == _PUBACK:
            await self._read(size)
            if self._buf[0] << 8 | self._buf[1] == self._pid:
                self._acked.set()
        else:
            await self._skip(size)

    async def _take_publish(self, kind, size):
        await self._read(2)
        topic_size = self._buf[0] << 8 | self._buf[1]
        if topic_size > _MAX_TOPIC or topic_size + 2 > size:
            raise OSError(errno.EPROTO)
        await self._read(topic_size)
        topic = str(self._view[:topic_size], "utf-8")
        size -= topic_size + 2
        pid = None
        if kind & 0x06:
            await self._read(2)
            pid = bytes(self._view[:2])
            size -= 2
        if size > self._max_in:
            await self._skip(size)
            self._on_oversize(topic, size)
        else:
            await self._read(size)
            self._on_message(topic, self._view[:size])
        if pid:
            await self._send(_PUBACK, pid)

    async def _read_head(self):
        """Return (first byte, remaining length) of the next packet."""
        head = self._head
        await self._read_into(memoryview(head)[:1])
        kind = head[0]
        size = shift = 0
        while True:
            await self._read_into(memoryview(head)[:1])
            size |= (head[0] & 0x7F) << shift
            if head[0] < 0x80:
                return kind, size
            shift += 7
            if shift > 21:
                raise OSError(errno.EPROTO)

    async def _read(self, size):
        if size > len(self._buf):
            raise OSError(errno.EPROTO)
        await self._read_into(self._view[:size])

    async def _skip(self, size):
        while size:
            step = min(size, len(self._buf))
            await self._read(step)
            self._last_rx = time.ticks_ms()
            size -= step

    async def _read_into(self, view):
        at = 0
        while at < len(view):
            n = await self._stream.readinto(view[at:])
            if not n:
                raise EOFError
            at += n

    async def _send_publish(self, topic, payload, qos, retain, pid):
        head = _field(topic)
        if qos:
            head += struct.pack(">H", pid)
        if not self.up:
            raise OSError(errno.ENOTCONN)
        size, parts = payload if isinstance(payload, tuple) else (len(payload), (payload,))
        kind = _PUBLISH | qos << 1 | (1 if retain else 0)
        await self._send(kind, head, size, parts)

    async def _send(self, kind, body, more=0, parts=()):
        """Send a packet: its body and `more` bytes in parts."""
        head = bytearray((kind,))
        size = len(body) + more
        while True:
            head.append(size & 0x7F | (0x80 if size > 0x7F else 0))
            size >>= 7
            if not size:
                break
        async with self._writing:
            stream = self._stream
            if stream is None:
                raise OSError(errno.ENOTCONN)
            stream.write(head + body)
            for part in parts:
                stream.write(part)
                if more > _CHUNK:
                    await stream.drain()
            await stream.drain()


def _field(text):
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(">H", len(raw)) + raw


def _error_words(error):
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "closed by the broker"
    code = error.errno if error.errno else error.args[0] if error.args else 0
    return errno.errorcode.get(code, str(error))
