# ruff: noqa: F821  (the build puts in what is not defined here)
# select: poll sets live on the host, which waits for sockets and virtual time together.
from _port import port
from utime import ticks_add, ticks_diff, ticks_ms

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_IOCTL_POLL = const(3)
_INTERRUPTED = const(0xFFFF)
_SLOW_MS = const(1)  # how often a stream written in Python is asked


def _number(stream):
    if isinstance(stream, int):
        return stream
    try:
        return stream.fileno()
    except AttributeError:
        if hasattr(stream, "ioctl"):
            return -1
        raise OSError(22)  # EINVAL: not a stream


class poll:
    def __init__(self):
        self._set = port(0, OP_POLL_NEW)
        self._streams = {}  # file number -> stream
        self._slow = []  # [stream, bits]: streams in Python, asked through ioctl
        self._hits = []
        self._once = False

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        number = _number(stream)
        if number < 0:
            for entry in self._slow:
                if entry[0] is stream:
                    entry[1] = eventmask
                    return
            self._slow.append([stream, eventmask])
            return
        self._streams[number] = stream
        port(number, OP_PUSH)
        port(eventmask, OP_PUSH)
        port(self._set, OP_POLL_PUT)

    def modify(self, stream, eventmask):
        number = _number(stream)
        known = number in self._streams
        if number < 0:
            for entry in self._slow:
                known = known or entry[0] is stream
        if not known:
            raise OSError(2)  # ENOENT
        self.register(stream, eventmask)

    def unregister(self, stream):
        for i in range(len(self._slow)):
            if self._slow[i][0] is stream:
                del self._slow[i]
                return
        number = -1
        for key in self._streams:
            if self._streams[key] is stream:
                number = key
        if number >= 0:
            del self._streams[number]
            port(number, OP_PUSH)
            port(self._set, OP_POLL_DROP)

    def _ask_slow(self):
        every_ms = -1
        for entry in self._slow:
            stream = entry[0]
            bits = stream.ioctl(_IOCTL_POLL, entry[1])
            if bits:
                self._hits.append((stream, bits))
            elif not hasattr(stream, "set_by_interrupt"):
                every_ms = _SLOW_MS
        return every_ms

    def _wait(self, timeout):
        forever = timeout is None or timeout < 0
        end = 0 if forever else ticks_add(ticks_ms(), timeout)
        left = timeout
        while True:
            pause = -1 if forever else left
            if self._slow:
                every_ms = self._ask_slow()
                if self._hits:
                    pause = 0
                elif every_ms >= 0 and (forever or left > every_ms):
                    pause = every_ms
            if pause >= 0:
                port(pause, OP_PUSH)
            ready = port(self._set, OP_POLL_WAIT)
            if self._hits or 0 < ready < _INTERRUPTED:
                return
            if not forever:
                left = ticks_diff(end, ticks_ms())
                if left <= 0:
                    if self._slow:
                        self._ask_slow()
                    return

    def ipoll(self, timeout=-1, flags=0):
        if self._hits:
            self._hits.clear()
        self._once = flags & 1
        self._wait(timeout)
        return self

    def poll(self, timeout=-1, flags=0):
        return list(self.ipoll(timeout, flags))

    def __iter__(self):
        return self

    def __next__(self):
        if self._hits:
            return self._hits.pop()
        while True:
            ready = port(self._set, OP_POLL_NEXT)
            if not ready:
                raise StopIteration
            stream = self._streams.get(ready >> 8)
            if stream is not None:
                if self._once:
                    self.register(stream, 0)
                return (stream, ready & 0xFF)


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
