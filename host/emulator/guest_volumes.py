"""File systems on block devices that the program has written in Python: VfsLfs2 and VfsFat.

They run here, the device's methods run in the guest, and the host cannot call the guest. So each
call of a file system runs on a thread of the volume. When it wants a block, that thread stops, and
the guest's call of the host returns with the request: the shim serves it and calls again with the
answer. Guest and thread never run at the same time.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

from littlefs.errors import LittleFSError

from host.emulator import errnos
from host.emulator.descriptors import GuestError
from host.emulator.memory import GuestMemory

READ, PROGRAM, ERASE, SYNC = 1, 2, 3, 4  # what a request asks of the block device; 0: none
_EBUSY, _EIO = 16, 5
_END_S = 5.0  # for a file system to give up whose device answers no more

Answer = tuple[int, ...] | bytes


@dataclass
class Request:
    """What is asked of the device; block, offset and size as far as they matter."""

    kind: int
    block: int
    offset: int = 0
    size: int = 0
    data: bytes = b""


class Errand:
    """A thread that does one piece of work after the other, and stops where it asks something."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: Callable[[], Answer] | None = None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._is_over = False
        self.is_busy = False
        self.request: Request | None = None
        self.code, self.data = 0, b""
        self.read_error = 0  # of a read that failed since `begin`
        self.answer: Answer = ()
        self.error: Exception | None = None

    def begin(self, work: Callable[[], Answer]) -> None:
        """Do it as far as the first request, or to the end: then `request` is None."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._work, self.is_busy, self.error = work, True, None
        self._swap()

    def go_on(self, code: int, data: bytes) -> None:
        """Go on with what the device has answered: 0 or a negative error, and bytes."""
        self.code, self.data = code, data
        self._swap()

    def _swap(self) -> None:
        self.request = None
        self._go.release()
        self._stopped.acquire()

    def ask(self, request: Request) -> int:
        """Have the device asked; on the thread."""
        if self._is_over:
            return -_EIO
        self.request = request
        self._stopped.release()
        self._go.acquire()
        return -_EIO if self._is_over else self.code

    def _run(self) -> None:
        self._go.acquire()
        while not self._is_over:
            work, self._work = self._work, None
            self.read_error = 0
            try:
                self.answer = work() if work else ()
            except (LittleFSError, GuestError, ValueError) as error:
                self.error = error
            if self.read_error:
                self.error = GuestError(-self.read_error)
            self.is_busy = False
            self.request = None
            self._stopped.release()
            if not self._is_over:
                self._go.acquire()

    def end(self) -> None:
        """End the thread; a request under way fails."""
        self._is_over = True
        self._go.release()
        if self._thread:
            self._thread.join(_END_S)


class GuestVolume:
    """One of the guest's file systems: what LittleFsVolume and FatVolume share.

    Their methods begin a call, on the volume's thread; `begin` and `go_on` say how it goes on.
    box: the address of four words and a name in the guest, through which answers go.
    """

    def __init__(self, memory: GuestMemory, box: int) -> None:
        self._memory = memory
        self._box = box
        self.errand = Errand("a file system of the program")
        self._listings: dict[int, list[tuple[str, int, int]]] = {}

    def begin(self, work: Callable[[], Answer]) -> int:
        """Begin a call; return what it asks of the device, 0: it is done.

        Its answer, or the request, lies in the box then. Raises what the call raises.
        """
        if self.errand.is_busy:
            raise GuestError(_EBUSY)  # from a handler or the device's own methods
        self.errand.begin(work)
        return self._step()

    def go_on(self, code: int, address: int) -> int:
        """Answer the request and go on as `begin`. address: of the bytes that were read."""
        request = self.errand.request
        if request is None:
            raise GuestError(errnos.EINVAL)
        has_data = request.kind == READ and not code
        self.errand.go_on(code, self._memory.read(address, request.size) if has_data else b"")
        return self._step()

    def fetch(self, address: int) -> None:
        """Store the bytes that the request wants programmed."""
        request = self.errand.request
        if request:
            self._memory.write(address, request.data)

    def _step(self) -> int:
        request = self.errand.request
        if request:
            words = struct.pack("<III", request.block, request.offset, request.size)
            self._memory.write(self._box, words)
            return request.kind
        if self.errand.error:
            raise self.errand.error
        answer = self.errand.answer
        if isinstance(answer, tuple):
            answer = struct.pack(f"<{len(answer)}I", *answer)
        self._memory.write(self._box, answer)
        return 0

    def end(self) -> None:
        """Let go of the thread."""
        self.errand.end()

    def _listed(self, entries: list[tuple[str, int, int]]) -> Answer:
        number = max(self._listings, default=0) + 1
        self._listings[number] = entries[::-1]
        return (number,)

    def next(self, number: int) -> Answer:
        """Answer the next entry: type, size, length of the name, which follows; 0 at the end."""
        entries = self._listings.get(number)
        if not entries:
            self._listings.pop(number, None)
            return (0,)
        name, kind, size = entries.pop()
        raw = name.encode()
        return struct.pack("<IIII", kind, size, len(raw), 0) + raw
