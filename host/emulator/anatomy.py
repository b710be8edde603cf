"""Where the VM keeps its own state in linear memory: found by looking, once in a process.

Some things on a chip are done by hardware and C code beside the VM: an interrupt puts a callback
into the scheduler's queue, errno's numbers are the chip's, the heap can be looked at. The host
does them here, by reading and writing where the VM itself would. A probe program runs once and
shows where that is: no address is written down, only MicroPython's own data layouts, and each find
is checked to be the only one.
"""

import struct
import threading
from dataclasses import dataclass
from functools import cache

from host.emulator import errnos
from host.emulator.memory import GuestMemory
from host.emulator.probe import run_probe

_PENDING, _IDLE = 0, 1  # py/mpstate.h: the scheduler's states
_BLOCK = 16  # bytes of a heap block
_NEAR = 8192  # bytes: the scheduler's parts lie in one C structure

_PROBE = """
import host, micropython, errno, sys
def f(x): pass
for n, name in errno.errorcode.items(): host.call('errno', '%d %s' % (n, name))
host.call('objects', '%d %d %d %d' % (id(f), id(host), id(errno), id(errno.errorcode)))
host.call('platform', str(id(sys.platform)))
host.call('before', '')
micropython.schedule(f, host), host.call('after', '')
n = 0
def g(x):
    global n
    try:
        while True:
            micropython.schedule(f, None)
            n += 1
    except RuntimeError:
        pass
micropython.schedule(g, None)
for _ in range(9): pass
host.call('depth', str(n))
e = KeyboardInterrupt()
try:
    host.call('raise', '%d %d' % (id(globals()), id(e)))
    for _ in range(9): pass
except KeyboardInterrupt as caught:
    host.call('caught', str(caught is e))
"""


class AnatomyError(Exception):
    """The VM's state is not laid out as expected: another MicroPython, or another compiler."""


@dataclass(frozen=True)
class Anatomy:
    """Addresses in linear memory, the same in every instance of one module.

    sched_state: of a u16 that is followed by two u8, the queue's length and its first index.
    sched_queue: of `depth` pairs of pointers, function and argument.
    errno_words: (address of an object word that holds an errno number, the ESP32's number).
    pending_error: of the exception that is raised at the next bytecode that jumps, if any.
    platform: of the str object sys.platform. heap: of the collector's record of its heap.
    """

    sched_state: int
    sched_queue: int
    depth: int
    pending_error: int
    errno_words: tuple[tuple[int, int], ...]
    platform: int
    heap: int

    def schedule(self, memory: GuestMemory, function: int, argument: int) -> bool:
        """Do what mp_sched_schedule does; False if the queue is full, as on the chip."""
        state, count, first = struct.unpack("<hBB", memory.window(self.sched_state, 4))
        if count >= self.depth:
            return False
        if state == _IDLE:
            state = _PENDING
        slot = self.sched_queue + 8 * ((first + count) % self.depth)
        memory.write(slot, struct.pack("<II", function, argument))
        memory.write(self.sched_state, struct.pack("<hBB", state, count + 1, first))
        return True

    def is_pending(self, memory: GuestMemory) -> bool:
        """Whether the VM has a callback or an exception to deal with before it goes on."""
        return struct.unpack("<h", memory.window(self.sched_state, 2))[0] == _PENDING

    def raise_soon(self, memory: GuestMemory, error: int) -> None:
        """Do what mp_sched_exception does: have an exception object raised; 0: none any more."""
        if error:
            memory.write(error + 4, bytes(8))  # it may have been raised before: no traceback yet
        memory.put_u32(self.pending_error, error)
        state = struct.unpack("<h", memory.window(self.sched_state, 2))[0]
        if error and state == _IDLE:
            memory.write(self.sched_state, struct.pack("<h", _PENDING))

    def set_errnos(self, memory: GuestMemory) -> None:
        """Give the errno module, and the text of OSError, the ESP32's numbers."""
        for address, number in self.errno_words:
            memory.put_u32(address, number << 1 | 1)

    def set_platform(self, memory: GuestMemory, name: bytes, name_at: int) -> None:
        """Let sys.platform be `name`, which is stored at `name_at` for good."""
        memory.write(name_at, name)
        memory.write(self.platform + 4, struct.pack("<III", 0, len(name), name_at))

    def heap_use(self, memory: GuestMemory) -> tuple[int, int]:
        """Return (bytes in all, bytes in use) of the collector's heap."""
        table, size, _, start, end = struct.unpack("<IIIII", memory.window(self.heap, 20))
        bits = int.from_bytes(memory.window(table, size), "little")
        return end - start, _BLOCK * ((bits | bits >> 1) & _pairs(size)).bit_count()


@cache
def _pairs(size: int) -> int:
    """Return the lower of each pair of bits: a block has two, both 0 where it is free."""
    return int.from_bytes(b"\x55" * size, "little")


class _Finds:
    """What the probe program told and showed."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.function = self.argument = self.module = self.errorcode = self.depth = 0
        self.before = self.after = b""
        self.platform = self.pending_error = 0
        self.is_caught = False

    def errno(self, _memory: GuestMemory, text: str) -> None:
        number, name = text.split()
        self.names[int(number)] = name

    def objects(self, _memory: GuestMemory, text: str) -> None:
        self.function, self.argument, self.module, self.errorcode = map(int, text.split())

    def see_platform(self, memory: GuestMemory, text: str) -> None:
        self.platform = int(text)
        _, _, size, data = struct.unpack("<IIII", memory.window(self.platform, 16))
        if memory.read(data, size) != b"linux":
            raise AnatomyError("sys.platform is not the str object it should be")

    def see_before(self, memory: GuestMemory, _text: str) -> None:
        self.before = memory.read(0, memory.size)

    def see_after(self, memory: GuestMemory, _text: str) -> None:
        self.after = memory.read(0, memory.size)

    def see_depth(self, _memory: GuestMemory, text: str) -> None:
        self.depth = int(text)

    def see_raise(self, memory: GuestMemory, text: str) -> None:
        """Find the pending exception, and try it: the probe catches what is put there."""
        main, error = map(int, text.split())
        state, _ = self.scheduler()
        # In the thread's record: locals, globals (both the module's here), two links of
        # exception handlers, the pending exception.
        both = struct.pack("<II", main, main)
        found = [at for at in self._all(both) if abs(at - state) < _NEAR]
        if len(found) != 1:
            raise AnatomyError(f"the thread's record is in {len(found)} places, not in one")
        self.pending_error = found[0] + 16
        if memory.u32(self.pending_error):
            raise AnatomyError("an exception seems to be pending where there is none")
        memory.put_u32(self.pending_error, error)
        memory.write(state, struct.pack("<h", _PENDING))

    def caught(self, _memory: GuestMemory, text: str) -> None:
        self.is_caught = text == "True"

    def _word(self, address: int) -> int:
        return struct.unpack_from("<I", self.before, address)[0]

    def _all(self, pattern: bytes) -> list[int]:
        found: list[int] = []
        at = self.after.find(pattern)
        while at >= 0:
            found.append(at)
            at = self.after.find(pattern, at + 1)
        return found

    def scheduler(self) -> tuple[int, int]:
        """Return the addresses of sched_state and sched_queue."""
        pairs = self._all(struct.pack("<II", self.function, self.argument))
        found: list[tuple[int, int]] = []
        for first in range(self.depth):
            was = struct.pack("<hBB", _IDLE, 0, first)
            for state in self._all(struct.pack("<hBB", _PENDING, 1, first)):
                if self.before[state : state + 4] == was:
                    found += [(state, p - 8 * first) for p in pairs if abs(p - state) < _NEAR]
        if len(found) != 1:
            raise AnatomyError(f"the scheduler's queue is in {len(found)} places, not in one")
        return found[0]

    def heap(self, near: int) -> int:
        """Return the address, near another one, of the record of the collector's heap.

        It is told by its first five words, which fit together as nothing else does.
        They are: the allocation table and its length (2 bits a block), the finaliser table behind
        it (1 bit a block), the pool's start behind that, the pool's end.
        """
        found: list[int] = []
        limit = len(self.before)
        words = memoryview(self.before).cast("I")
        for i in range((near - _NEAR) // 4, (near + _NEAR) // 4):
            table, size, finalisers, start, end = words[i : i + 5]
            if (
                0 < table < finalisers < start < end <= limit
                and end - start == size * 4 * _BLOCK
                and table + size <= finalisers <= table + size + 8
            ):
                found.append(4 * i)
        if len(found) != 1:
            raise AnatomyError(f"the heap's record is in {len(found)} places, not in one")
        return found[0]

    def _entries(self, dictionary: int) -> list[int]:
        """Return the addresses of the (key, value) pairs of a dict object."""
        # Its words: type, number of pairs << 3 | flags, size, table.
        _, used, _, table = struct.unpack_from("<IIII", self.before, dictionary)
        return [table + 8 * i for i in range(used >> 3)]

    def errno_words(self) -> tuple[tuple[int, int], ...]:
        """Return where the errno module and its errorcode dict hold numbers, and the ESP32's."""
        values = [entry + 4 for entry in self._entries(self._word(self.module + 4))]
        keys = self._entries(self.errorcode)
        found: list[tuple[int, int]] = []
        for address in values + keys:
            word = self._word(address)
            name = self.names.get(word >> 1) if word & 1 else None
            if name in errnos.ESP32:
                found.append((address, errnos.ESP32[name]))
        if len(found) != 2 * len(self.names):
            raise AnatomyError(f"{len(found)} errno numbers found, not {2 * len(self.names)}")
        return tuple(found)


_once = threading.Lock()


@cache
def _look() -> Anatomy:
    finds = _Finds()
    run_probe(
        _PROBE,
        {
            "errno": finds.errno,
            "objects": finds.objects,
            "platform": finds.see_platform,
            "before": finds.see_before,
            "after": finds.see_after,
            "depth": finds.see_depth,
            "raise": finds.see_raise,
            "caught": finds.caught,
        },
    )
    if not finds.is_caught:
        raise AnatomyError("what was put where the pending exception is was not raised")
    state, queue = finds.scheduler()
    return Anatomy(
        state,
        queue,
        finds.depth,
        finds.pending_error,
        finds.errno_words(),
        finds.platform,
        finds.heap(near=state),
    )


def anatomy() -> Anatomy:
    """Return the addresses for the module in use. Raises AnatomyError if they are not found."""
    with _once:
        return _look()
