"""An asyncio event loop that a world steps: its time is the world's, its network too.

Timers are alarms of the schedule. A step runs all that is ready, and takes no time. What a program
gives to an executor runs on the spot: it takes no time either, and what it does is in its order.
"""

import asyncio
import errno
import heapq
import itertools
import random
import socket
import ssl as tls
import sys
import threading
from asyncio.events import _get_running_loop, _set_running_loop  # pyright: ignore[reportPrivateUsage]
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from host.emulator.async_ambient import AmbientLoop
from host.emulator.async_tls import check, secured
from host.emulator.async_transport import Factory, StreamServer, StreamTransport, os_error
from host.emulator.clock import Alarm
from host.emulator.network import Site
from host.emulator.stream import Stream

T = TypeVar("T")
_ROUNDS = 10_000  # of what is ready, at one instant; a program that spins on gets no further
_SPIN_US = 1000  # what so many rounds take
_MOST_TIMERS = 10_000  # that a program which was cut off may wait for
_LOOPBACKS = ("127.0.0.1", "localhost")


class _Numbered:
    """Something whose place in a set depends on when it was made, not on its address."""

    _number = 0

    def __hash__(self) -> int:
        return self._number


class _Task(_Numbered, asyncio.Task[Any]):
    def __init__(self, coro: Coroutine[Any, Any, Any], *, number: int, **more: Any) -> None:
        self._number = number
        super().__init__(coro, **more)


class _Future(_Numbered, asyncio.Future[Any]):
    def __init__(self, *, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        super().__init__(loop=loop)


def _hush(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    pass


class ProgramLoop(AmbientLoop):
    """The loop of one run of a program. transports: its open connections, in order."""

    _ready: deque[asyncio.Handle]  # these three are BaseEventLoop's
    _asyncgen_firstiter_hook: Callable[[Any], None]
    _asyncgen_finalizer_hook: Callable[[Any], None]

    def __init__(self, site: Site, start_unix_us: int, chance: random.Random) -> None:
        super().__init__()
        self._thread_id: int | None = None  # BaseEventLoop's too: who runs it now
        self.site = site
        self.chance = chance
        self.transports: dict[StreamTransport, None] = {}
        self._start_unix_us = start_unix_us
        self._signals: dict[int, Callable[[], object]] = {}
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self._alarm: Alarm | None = None
        self._own_us: int | None = None  # the time of a program that was cut off
        self._connected: WeakKeyDictionary[socket.socket, Stream] = WeakKeyDictionary()
        self._home = threading.get_ident()
        self.set_task_factory(self._new_task)

    # -- time ----------------------------------------------------------------------------------

    def now_us(self) -> int:
        """Return virtual microseconds since the world began."""
        return self.site.now_us if self._own_us is None else self._own_us

    def unix_us(self) -> int:
        """Return microseconds since 1970, by the world's date."""
        return self._start_unix_us + self.now_us()

    def time(self) -> float:
        """Return virtual seconds since the world began."""
        return self.now_us() / 1e6

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Have it called in this step or, from outside of one, in the next."""
        handle = super().call_soon(callback, *args, context=context)
        self._arm()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Do the same. Raises RuntimeError on another thread: its pace is not the world's."""
        if threading.get_ident() != self._home:
            raise RuntimeError("no thread may call into a program of a world: use run_in_executor")
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Have it called when `time()` is `when`, at the next whole microsecond."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        at_us = max(-int(-when * 1e6 // 1), self.now_us())
        heapq.heappush(self._timers, (at_us, next(self._order), handle))
        self._arm()
        return handle

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        """It is left where it is until it is due."""

    # -- steps ---------------------------------------------------------------------------------

    def is_running(self) -> bool:
        """Return whether a step is under way."""
        return self._thread_id is not None

    def _arm(self, soonest_us: int = 0) -> None:
        """Have the schedule come back when there is something to do."""
        if self.is_running() or self._own_us is not None:
            return
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        due_us = self._timers[0][0] if self._timers else None
        at_us = self.now_us() if self._ready else due_us
        if self._alarm:
            if self._alarm.at_us == at_us:
                return
            self._alarm.cancel()
            self._alarm = None
        if at_us is not None:
            self._alarm = self.site.alarm(max(at_us, soonest_us), self._step)

    def _step(self) -> None:
        self._alarm = None
        spins = False
        try:
            spins = self._run_ready()
        finally:
            if not self.is_closed():
                self._arm(self.now_us() + _SPIN_US if spins else 0)

    def _run_ready(self) -> bool:
        """Run what is ready and what becomes so; return whether there is no end to that."""
        outer, hooks = _get_running_loop(), sys.get_asyncgen_hooks()
        _set_running_loop(self)
        self._thread_id = self._home
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        try:
            for _ in range(_ROUNDS):
                self._take_due()
                if not self._ready:
                    return False
                for _ in range(len(self._ready)):
                    handle = self._ready.popleft()
                    if not handle.cancelled():
                        handle._run()
            return True
        finally:
            sys.set_asyncgen_hooks(*hooks)
            self._thread_id = None
            _set_running_loop(outer)

    def _take_due(self) -> None:
        now_us = self.now_us()
        while self._timers and self._timers[0][0] <= now_us:
            handle = heapq.heappop(self._timers)[2]
            if not handle.cancelled():
                self._ready.append(handle)

    def run_forever(self) -> None:
        """Raises RuntimeError."""
        raise RuntimeError("a program of a world goes on in World.run")

    def cut_off(self, task: "asyncio.Task[Any]") -> None:
        """End a task, and do all it still does in no time of the world and heard by nobody.

        What it waits for comes at once. Raises RuntimeError if it never ends.
        """
        self._own_us = self.now_us()
        self.set_exception_handler(_hush)  # a process that is killed says nothing
        if self._alarm:
            self._alarm.cancel()
        self.site.listeners.clear()
        for transport in self.transports:
            transport.silence()
        task.cancel()
        for _ in range(_MOST_TIMERS):
            self._run_ready()
            if task.done():
                return
            if not self._timers:
                break
            self._own_us = max(self._own_us, self._timers[0][0])
        raise RuntimeError(f"{task.get_name()} does not end when it is cancelled")

    def end(self) -> None:
        """Close what is left open, as the system does after a process, and the loop."""
        self.site.listeners.clear()
        for transport in list(self.transports):
            transport.close()
        self._run_ready()
        if self._alarm:
            self._alarm.cancel()
        self.close()

    # -- what tasks need -----------------------------------------------------------------------

    def _new_task(
        self, _: asyncio.AbstractEventLoop, coro: Any, **more: Any
    ) -> "asyncio.Task[Any]":
        return _Task(coro, number=next(self._numbers), loop=self, **more)

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future."""
        return _Future(number=next(self._numbers), loop=self)

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Run it on this thread, in this step but not before the caller waits."""
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as e:
                future.set_exception(e)
            else:
                future.set_result(result)

        self.call_soon(work)
        return future

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """Have it called when somebody sends the program this signal."""
        self._signals[sig] = lambda: callback(*args)

    def remove_signal_handler(self, sig: int) -> bool:
        """Return whether there was one."""
        return self._signals.pop(sig, None) is not None

    def signal(self, number: int) -> bool:
        """Send the program a signal; return False if it has no handler for it."""
        handler = self._signals.get(number)
        if handler:
            self.call_soon(handler)
        return handler is not None

    # -- the network ---------------------------------------------------------------------------

    async def getaddrinfo(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        host: str | bytes | None,
        port: str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[Any, ...]]:
        """Return the IPv4 address behind a name. Raises socket.gaierror if nobody knows it."""
        name = host.decode() if isinstance(host, bytes) else host or "0.0.0.0"
        address = "127.0.0.1" if name == "localhost" else self.site.network.resolve(name)
        if address is None or family not in (0, socket.AF_INET):
            raise socket.gaierror(socket.EAI_NONAME, f"nobody in the world is called {name}")
        text = str(port or 0)
        number = int(text) if text.isdigit() else socket.getservbyname(text)
        kind = socket.SocketKind(type or socket.SOCK_STREAM)
        return [(socket.AF_INET, kind, proto or socket.IPPROTO_TCP, "", (address, number))]

    async def _connect(self, host: str, port: int) -> Stream:
        """Return a connection. Raises OSError."""
        address = (await self.getaddrinfo(host, port))[0][4][0]
        if self._own_us is not None:
            raise OSError(errno.ENETDOWN, "the program was cut off")
        stream = Stream.connect(self.site, address, port)
        answered = self.create_future()

        def changed() -> None:
            if (stream.is_open or stream.is_ended or stream.error) and not answered.done():
                answered.set_result(None)

        stream.changed = changed
        try:
            await answered
        except asyncio.CancelledError:
            stream.close()
            raise
        if stream.error:
            raise os_error(stream.error, f"{host}:{port}")
        return stream

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect; the socket only stands for the connection, as a key to `create_connection`."""
        self._connected[sock] = await self._connect(*address[:2])

    async def create_connection(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        protocol_factory: Factory,
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: tls.SSLContext | bool | None = None,
        sock: socket.socket | None = None,
        server_hostname: str | None = None,
        **_: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Return a transport and the protocol on it. Raises OSError."""
        if sock is not None:
            stream = self._connected.pop(sock)
        elif host is None or port is None:
            raise ValueError("neither host and port nor a socket to connect with")
        else:
            stream = await self._connect(host, int(port))
        protocol, begun = protocol_factory(), self.create_future()
        if not ssl:
            transport = StreamTransport(self, stream, protocol, sock)
            transport.begin(begun)
            await begun
            return transport, protocol
        context = ssl if isinstance(ssl, tls.SSLContext) else tls.create_default_context()
        speaker = secured(self, protocol, context, begun, server_hostname or host)
        plain = StreamTransport(self, stream, speaker, sock)
        plain.begin()
        try:
            await begun
            transport = cast(asyncio.Transport, speaker._app_transport)
            check(transport, context, self.unix_us() / 1e6)
        except BaseException:
            plain.abort()
            raise
        return transport, protocol

    async def create_server(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        protocol_factory: Factory,
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: tls.SSLContext | None = None,
        start_serving: bool = True,
        **_: Any,
    ) -> StreamServer:
        """Return a server; on a loopback address it is for this host alone. Raises OSError."""
        local = host in _LOOPBACKS
        context = ssl

        def factory() -> asyncio.BaseProtocol:
            protocol = protocol_factory()
            return secured(self, protocol, context) if context else protocol

        server = StreamServer(self, factory, port or self.site.new_port(), local)
        if start_serving:
            await server.start_serving()
        return server

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> Any:
        """Raises NotImplementedError."""
        raise NotImplementedError("programs of a world have no datagrams")
