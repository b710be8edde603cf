"""The link: an MQTT 3.1.1 client that keeps a board connected, in as little memory as possible.

Publishes with QoS 1, a will, keepalive, reconnects with jitter. One buffer holds the one message
that is being received; a larger one is read past, acknowledged and reported. One publish is in
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

_CONNECT_TIMEOUT_S = const(15)
_ACK_TIMEOUT_S = const(10)  # a broker that stops acknowledging is left
_BACKOFF_MIN_MS = const(1000)
_BACKOFF_MAX_MS = const(60000)
_MAX_TOPIC = const(128)
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)
_FLAGS = const(0x2E)  # of CONNECT: clean session; will, QoS 1, retained
_USER_FLAGS = const(0xC0)  # user and password too
_LAST_PID = const(0xFFFE)  # of a publish
_SUBSCRIBE_PID = b"\xff\xff"


class Link:
    """One board's connection to its broker.

    settings: as settings.load returns. will: (topic, payload), retained, sent by the broker.
    topics: the filters to subscribe to, with QoS 1. max_in: bytes of the largest payload taken.
    on_message(topic, payload): payload is a memoryview that is only valid during the call, or the
    size of one that was read past. on_up(): a coroutine, after each SUBACK.
    """

    def __init__(self, settings, will, topics, max_in, on_message, on_up):
        self._settings = settings
        self._will = will
        self._topics = topics
        self._on_message = on_message
        self._on_up = on_up
        self._view = memoryview(bytearray(max_in + _MAX_TOPIC))
        self._max_in = max_in
        self._stream = None
        self._writing = asyncio.Lock()  # one packet at a time on the socket
        self._publishing = asyncio.Lock()  # one message at a time in flight
        self._acked = asyncio.Event()
        self._ended = asyncio.Event()
        self._pid = 0
        self.up = False
        self.reconnects = -1  # the first connection is none
        self.last_error = "not connected yet"

    async def run(self):
        """Connect, serve and reconnect for ever."""
        backoff = _BACKOFF_MIN_MS
        while True:
            try:
                settings = self._settings
                connection = asyncio.open_connection(
                    settings["broker.host"], settings["broker.port"]
                )
                self._stream, _ = await asyncio.wait_for(connection, _CONNECT_TIMEOUT_S)
                await asyncio.wait_for(self._handshake(settings), _CONNECT_TIMEOUT_S)
                self.reconnects += 1
                backoff = _BACKOFF_MIN_MS
                await self._serve(settings["broker.keepalive_s"] * 1000)
            except (OSError, asyncio.TimeoutError) as e:
                self._fail(e)
            stream, self._stream = self._stream, None
            if stream:
                stream.close()
                await stream.wait_closed()
            await asyncio.sleep_ms(backoff // 2 + random.randint(0, backoff // 2))
            backoff = min(backoff * 2, _BACKOFF_MAX_MS)

    async def publish(self, topic, payload, retain=False):
        """Send one message with QoS 1; return after the broker has acknowledged it.

        payload: bytes, or (size, parts): an iterable of bytes that make up a large one.
        Raises OSError when the link is down or goes down meanwhile.
        """
        async with self._publishing:
            if not self.up:
                raise OSError(errno.ENOTCONN)
            self._pid = self._pid % _LAST_PID + 1
            self._acked.clear()
            size, parts = payload if isinstance(payload, tuple) else (len(payload), (payload,))
            head = _field(topic) + struct.pack(">H", self._pid)
            await self._send(_PUBLISH | 0x02 | retain, head, size, parts)
            try:
                await asyncio.wait_for(self._acked.wait(), _ACK_TIMEOUT_S)
                if self.up:
                    return
            except asyncio.TimeoutError as e:
                self._fail(e)
            raise OSError(errno.ECONNRESET)

    async def _handshake(self, settings):
        self._stream.s.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        fields = [settings["device"], self._will[0], self._will[1]]
        flags = _FLAGS
        if settings["broker.user"]:
            flags |= _USER_FLAGS
            fields += [settings["broker.user"], settings["broker.password"]]
        head = struct.pack(">H4sBBH", 4, b"MQTT", 4, flags, settings["broker.keepalive_s"])
        await self._send(_CONNECT, head + b"".join(map(_field, fields)))
        if await self._take() != _CONNACK or self._view[1]:
            raise OSError(errno.EACCES)  # the broker refuses: user, password or client id
        await self._subscribe(self._topics)
        while await self._take() != _SUBACK:
            pass  # a retained message may come before it
        if self._view[2] == 0x80:
            raise OSError(errno.EACCES)

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
        fields = [_field(topic) + b"\x01" for topic in topics]
        await self._send(_SUBSCRIBE, _SUBSCRIBE_PID + b"".join(fields))

    async def _serve(self, keepalive_ms):
        self.up = True
        self._ended.clear()
        tasks = [asyncio.create_task(run()) for run in (self._read_all, self._greet)]
        try:
            while True:
                try:
                    await asyncio.wait_for_ms(self._ended.wait(), keepalive_ms // 2)
                    return
                except asyncio.TimeoutError:
                    pass
                if time.ticks_diff(time.ticks_ms(), self._last_rx) > keepalive_ms * 3 // 2:
                    raise OSError(errno.ETIMEDOUT)
                await asyncio.wait_for(self._send(_PINGREQ, b""), _ACK_TIMEOUT_S)
        finally:
            self.up = False
            for task in tasks:
                task.cancel()
            self._acked.set()  # wake the publisher: it sees that the link is down

    async def _greet(self):
        try:
            await self._on_up()
        except OSError as e:
            self._fail(e)

    async def _read_all(self):
        view = self._view
        try:
            while True:
                if await self._take() == _PUBACK and view[0] << 8 | view[1] == self._pid:
                    self._acked.set()
        except OSError as e:
            self._fail(e)

    def _fail(self, error):
        self.last_error = str(error) or "no answer in time"
        self._ended.set()

    async def _take(self):
        """Take one packet and return its first byte; what is no message lies in the buffer."""
        kind = (await self._read(1))[0]
        size = shift = 0
        more = 0x80
        while more & 0x80:
            if shift > 21:
                raise OSError(errno.EPROTO)
            more = (await self._read(1))[0]
            size |= (more & 0x7F) << shift
            shift += 7
        if kind & 0xF0 != _PUBLISH:
            await self._read(size)
            return kind
        view = await self._read(2)
        topic_size = view[0] << 8 | view[1]
        acknowledge = kind & 0x06
        size -= topic_size + (4 if acknowledge else 2)
        if topic_size > _MAX_TOPIC or size < 0:
            raise OSError(errno.EPROTO)
        topic = str(await self._read(topic_size), "utf-8")
        if acknowledge:
            pid = bytes(await self._read(2))
        if size > self._max_in:
            left = size
            while left:
                left -= len(await self._read(min(left, self._max_in)))
            self._on_message(topic, size)
        else:
            self._on_message(topic, await self._read(size))
        if acknowledge:
            await self._send(_PUBACK, pid)
        return kind

    async def _read(self, size):
        """Return a view of the next bytes, valid until the next call."""
        if size > len(self._view):
            raise OSError(errno.EPROTO)
        view = self._view[:size]
        at = 0
        while at < size:
            n = await self._stream.readinto(view[at:])
            if not n:
                raise OSError(errno.ECONNRESET)  # closed by the broker
            at += n
        self._last_rx = time.ticks_ms()
        return view

    async def _send(self, kind, body, more=0, parts=()):
        """Send a packet: its body and `more` bytes in parts."""
        head = bytearray((kind,))
        size = len(body) + more
        while size > 0x7F:
            head.append(size & 0x7F | 0x80)
            size >>= 7
        head.append(size)
        async with self._writing:
            stream = self._stream
            if stream is None:
                raise OSError(errno.ENOTCONN)
            stream.write(head + body)
            for part in parts:
                stream.write(part)
                await stream.drain()
            await stream.drain()


def _field(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
