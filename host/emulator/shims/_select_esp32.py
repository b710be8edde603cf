# ruff: noqa: F821  (the build puts in what is not defined here)
# select: poll sets live on the host, which waits for sockets and virtual time together.
from _port import port
from uctypes import bytearray_at
from utime import ticks_add, ticks_diff, ticks_ms

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_IOCTL_POLL = const(3)
_INTERRUPTED = const(1 << 28)
_MORE = const(1 << 24)
_SLOW_MS = const(1)  # how often a stream written in Python is asked
_LONG_MS = const(1000000)  # that the host is asked to wait at once

_nothing = iter(())
_used = 0  # the set that the host's calls mean now
_has_input = bytearray_at(port(0, OP_INPUT_FLAG), 1)  # of the console


def _number(stream):
    if isinstance(stream, int):
        raise OSError(22)  # EINVAL: the chip's poll takes no file numbers
    try:
        return stream.fileno()
    except AttributeError:
        if hasattr(stream, "ioctl"):
            return -1
        raise OSError(22)  # EINVAL: not a stream


class poll:
    # The host has a set of file numbers. Streams in Python are asked here: `_flags` are asyncio's
    # flags, which only interrupts and other code here set, `_slow` any others.
    def __init__(self):
        self._set = port(0, OP_POLL_NEW)
        self._streams = {}  # file number -> stream
        self._calls = (
            0  # of the file numbers, those of which only the host knows if they are ready
        )
        self._flags = []  # [stream, bits]
        self._slow = []
        self._hits = []
        self._found = 0  # what the host has found ready, the first of them
        self._once = False

    def _use(self):
        global _used
        if _used != self._set:
            port(self._set, OP_POLL_USE)
            _used = self._set

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        number = _number(stream)
        if number < 0:
            entries = self._flags if hasattr(stream, "set_by_interrupt") else self._slow
            for entry in entries:
                if entry[0] is stream:
                    entry[1] = eventmask
                    return
            entries.append([stream, eventmask])
            return
        if number not in self._streams and (number > 2 or eventmask != POLLIN):
            self._calls += 1
        self._streams[number] = stream
        if _used != self._set:
            self._use()
        port(number << 8 | eventmask & 0xFF, OP_POLL_PUT)

    def modify(self, stream, eventmask):
        number = _number(stream)
        known = number in self._streams
        if number < 0:
            for entries in (self._flags, self._slow):
                for entry in entries:
                    known = known or entry[0] is stream
        if not known:
            raise OSError(2)  # ENOENT
        if 0 <= number <= 2:
            self._calls += 1
        self.register(stream, eventmask)

    def unregister(self, stream):
        for entries in (self._flags, self._slow):
            for i in range(len(entries)):
                if entries[i][0] is stream:
                    del entries[i]
                    return
        number = -1
        for key in self._streams:
            if self._streams[key] is stream:
                number = key
        if number >= 0:
            del self._streams[number]
            if number > 2:
                self._calls -= 1
            self._use()
            port(number, OP_POLL_DROP)

    def _ask(self):
        # Ask the streams in Python.
        for entry in self._flags:
            if entry[0].state:
                self._hits.append((entry[0], entry[1]))
        for entry in self._slow:
            bits = entry[0].ioctl(_IOCTL_POLL, entry[1])
            if bits < 0:
                raise OSError(-bits)
            if bits:
                self._hits.append((entry[0], bits))

    def _wait(self, timeout):
        forever = timeout is None or timeout < 0
        end = 0 if forever else ticks_add(ticks_ms(), timeout)
        while True:
            pause = _LONG_MS if forever or timeout > _LONG_MS else timeout
            if self._flags or self._slow:
                self._ask()
                if self._hits:
                    pause = 0
                elif self._slow and pause > _SLOW_MS:
                    pause = _SLOW_MS
            if _used != self._set:
                self._use()
            ready = port(pause, OP_POLL_WAIT)
            if ready and ready != _INTERRUPTED:
                self._found = ready
                return
            if self._hits:
                return
            if not forever:
                if ready or pause != timeout:
                    timeout = ticks_diff(end, ticks_ms())
                else:
                    timeout = 0
                if timeout <= 0:
                    if self._flags or self._slow:
                        self._ask()
                    return

    def ipoll(self, timeout=-1, flags=0):
        if self._hits:
            self._hits.clear()
        self._once = flags & 1
        self._found = 0
        if timeout == 0 and not self._calls and not _has_input[0]:
            ticks_ms()  # takes its time, and lets interrupts come
            if self._flags or self._slow:
                self._ask()
        else:
            self._wait(timeout)
        return self if self._found or self._hits else _nothing

    def poll(self, timeout=-1, flags=0):
        return list(self.ipoll(timeout, flags))

    def __iter__(self):
        return self

    def __next__(self):
        while self._found:
            ready = self._found
            self._found = 0
            if ready & _MORE:
                self._use()
                self._found = port(0, OP_POLL_NEXT)
            stream = self._streams.get(ready >> 8 & 0xFFFF)
            if stream is not None:
                if self._once:
                    self.register(stream, 0)
                return (stream, ready & 0xFF)
        if self._hits:
            return self._hits.pop()
        raise StopIteration


def select(rlist, wlist, xlist, timeout=None):
    p = poll()
    masks = {}
    for streams, bit in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR)):
        for s in streams:
            masks[id(s)] = (s, masks.get(id(s), (s, 0))[1] | bit)
    for s, mask in masks.values():
        p.register(s, mask)
    r, w, x = [], [], []
    for s, bits in p.poll(-1 if timeout is None else int(timeout * 1000)):
        if bits & ~POLLOUT and s in rlist:
            r.append(s)
        if bits & ~POLLIN and s in wlist:
            w.append(s)
        if bits & POLLERR and s in xlist:
            x.append(s)
    return r, w, x
