"""The link: an MQTT 3.1.1 client that keeps a board connected, in as little memory as possible.

Publishes with QoS 1, a will, keepalive, reconnects with jitter, TLS if the settings say so. One
buffer holds the one message that is being received; a larger one is read past, acknowledged and
reported. One publish is in flight at a time, so that messages arrive in the order they were sent.
Source: OASIS, "MQTT Version 3.1.1", 2014.
"""

import asyncio
import random

from micropython import const

from firmware.clock import Alarm

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH = const(0x32)  # with QoS 1
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGREQ = const(0xC0)

_TIMEOUT_S = const(15)  # of a connection, of bytes to be sent, of an acknowledgement
_BACKOFF_MIN_MS = const(1000)
_BACKOFF_MAX_MS = const(60000)
_MAX_TOPIC = const(128)
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)
_TLS_CLIENT = const(0)
_FLAGS = const(0x2E)  # of CONNECT: clean session; will, QoS 1, retained
_USER_FLAGS = const(0xC0)  # user and password too


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
        self._acked = Alarm()
        self.up = False
        self.reconnects = -1  # the first connection is none
        self.last_error = "offline"

    async def run(self):
        """Connect, serve and reconnect for ever."""
        self._backoff = _BACKOFF_MIN_MS
        while True:
            self._task = asyncio.create_task(self._serve())
            try:
                await self._task
            except (OSError, ValueError) as e:
                self._fail(e)
            except asyncio.CancelledError:
                if self.last_error is None:
                    raise  # it was not _fail that cancelled
            stream, self._stream = self._stream, None
            if stream:
                stream.s.close()
            half = self._backoff // 2
            await asyncio.sleep_ms(half + random.randint(0, half))
            self._backoff = min(half * 4, _BACKOFF_MAX_MS)

    def wrap_socket(self, sock, **how):
        """Return the socket as it is to be used; asyncio asks before anything is sent on it."""
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        trust = self._settings["broker.tls"]
        if trust:
            import tls  # not ssl, whose contexts trust everybody until told otherwise

            context = tls.SSLContext(_TLS_CLIENT)
            name, _, key = trust.partition(":")
            if not key:
                try:
                    with open(trust, "rb") as f:
                        context.load_verify_locations(f.read())
                except OSError:
                    raise OSError("broker.tls: no file " + trust)
            elif hasattr(context, "psk_key"):
                context.psk_identity = name
                context.psk_key = bytes.fromhex(key)
            else:
                raise OSError("this MicroPython has no TLS-PSK")
            sock = context.wrap_socket(sock, **how)
        return sock

    async def publish(self, topic, payload, retain=False, more=0, parts=()):
        """Send one message with QoS 1; return after the broker has acknowledged it.

        more: the size of what follows the payload, in parts, an iterable of bytes.
        Raises OSError when the link is down or goes down meanwhile.
        """
        async with self._publishing:
            if self.up:
                acked = self._acked = Alarm()
                try:
                    head = _field(topic) + b"\0\1" + payload  # one in flight, so one packet id
                    await self._send(_PUBLISH | retain, head, more, parts)
                    if not await acked.wait(_TIMEOUT_S * 1000):
                        raise OSError("silent")
                except OSError as e:
                    if self.up:
                        self._fail(e)
            if not self.up:
                raise OSError("offline")

    async def _connect(self):
        settings = self._settings
        if settings["ntp"]:
            import ntptime  # each time, as crystals err; before TLS, which needs the date

            ntptime.host = settings["ntp"]
            try:
                ntptime.settime()
            except OSError:
                pass  # the broker may be there all the same
        self._stream, _ = await asyncio.open_connection(
            settings["broker.host"], settings["broker.port"], self
        )
        fields = (settings["device"],) + self._will
        flags = _FLAGS
        if settings["broker.user"]:
            flags |= _USER_FLAGS
            fields += (settings["broker.user"], settings["broker.password"])
        keepalive = settings["broker.keepalive_s"].to_bytes(2, "big")
        body = _field("MQTT") + bytes((4, flags)) + keepalive
        for field in fields:
            body += _field(field)
        await self._send(_CONNECT, body)
        if await self._take() != _CONNACK:
            raise OSError("no broker")  # a web server perhaps, or a login page
        if self._view[1]:
            raise OSError("refused")
        await self._subscribe(self._topics)
        while await self._take() != _SUBACK:
            pass  # a retained message may come before it
        if self._view[2] == 0x80:
            raise OSError("refused")

    async def subscribe(self, topics):
        """Listen to these from now on, and on each new connection; others are left at the next."""
        new = set(topics) - set(self._topics)
        self._topics = topics
        if new and self.up:
            try:
                await self._subscribe(new)
            except OSError:
                pass  # the next connection subscribes to all

    async def _subscribe(self, topics):
        body = b"\0\2"
        for topic in topics:
            body += _field(topic) + b"\1"
        await self._send(_SUBSCRIBE, body)

    async def _serve(self):
        await self._in_time(self._connect())
        self.reconnects += 1
        self.last_error = None
        self.up = True
        greeter = asyncio.create_task(self._greet())
        try:
            while True:
                if await self._take() == _PUBACK:
                    self._acked.set()
        finally:
            self.up = False
            greeter.cancel()
            self._acked.set()  # wake the publisher: it sees that the link is down

    async def _greet(self):
        try:
            await self._on_up()
            while True:
                await asyncio.sleep((self._settings["broker.keepalive_s"] or 60) / 2)
                if not self._heard:
                    raise OSError("silent")
                self._heard = False
                self._backoff = _BACKOFF_MIN_MS  # not sooner: it may be a duel over our name
                await self._send(_PINGREQ, b"")
        except OSError as e:
            self._fail(e)

    async def _in_time(self, doing):
        try:
            await asyncio.wait_for(doing, _TIMEOUT_S)
        except asyncio.TimeoutError:
            raise OSError("silent")

    async def _drain(self, stream):
        if stream.out_buf:  # else all went at once; TLS must not be given more in between
            await self._in_time(stream.drain())

    def _fail(self, error):
        """Note why the link is down, and bring it down if it is not."""
        text = str(error).strip()
        if text != self.last_error:
            print("link:", text)
        self.last_error = text
        self.up = False
        self._task.cancel()

    async def _take(self):
        """Take one packet and return its first byte; what is no message lies in the buffer."""
        view = await self._read(2)
        kind, more = view
        size = more & 0x7F
        shift = 7
        while more & 0x80:
            if shift > 21:
                raise OSError("garbage")
            more = (await self._read(1))[0]
            size |= (more & 0x7F) << shift
            shift += 7
        if kind & 0xF0 != _PUBLISH & 0xF0:
            await self._read(size)
            return kind
        view = await self._read(2)
        topic_size = view[0] << 8 | view[1]
        acknowledge = kind & 0x06
        left = size = size - topic_size - (4 if acknowledge else 2)
        if topic_size > _MAX_TOPIC or size < 0:
            raise OSError("garbage")
        topic = str(await self._read(topic_size), "utf-8")
        if acknowledge:
            pid = bytes(await self._read(2))
        while left > self._max_in:
            left -= len(await self._read(self._max_in))
        view = await self._read(left)
        self._on_message(topic, view if left == size else size)
        if acknowledge:
            await self._send(_PUBACK, pid)
        return kind

    async def _read(self, size):
        """Return a view of the next bytes, valid until the next call."""
        if size > len(self._view):
            raise OSError("garbage")
        view = self._view[:size]
        at = 0
        while at < size:
            n = await self._stream.readinto(view[at:])
            if n == 0:
                raise OSError("closed")
            at += n or 0  # None: of a record of TLS only a part is there
        self._heard = True
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
                raise OSError("offline")
            stream.write(head + body)
            await self._drain(stream)
            for part in parts:
                stream.write(part)
                await self._drain(stream)


def _field(text):
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw
