"""A wire between esptool and a boot loader that fails once, at byte n of what the host sends."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 4096


class FaultProxy:
    """Passes on what comes to `url`. fault: "drop", "stall", "corrupt", "disconnect" or "".

    drop loses 64 bytes, stall passes nothing on any more, corrupt changes a byte, disconnect
    closes. at: how many bytes of the host are passed on before. failed: whether it has happened;
    from then on the wire is good for those that connect anew.
    """

    def __init__(self, target: tuple[str, int], fault: str = "", at: int = 0) -> None:
        self.failed = False
        self._target, self._fault, self._left = target, fault, at
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                return
            far.settimeout(None)
            self._open += [near, far]
            for source, sink, faulty in ((near, far, True), (far, near, False)):
                thread = threading.Thread(target=self._pass_on, args=(source, sink, faulty))
                thread.start()
                self._threads.append(thread)

    def _pass_on(self, source: socket.socket, sink: socket.socket, faulty: bool) -> None:
        stalled = False
        try:
            while data := source.recv(_CHUNK):
                if faulty and self._fault and not self.failed:
                    if len(data) <= self._left:
                        self._left -= len(data)
                    else:
                        self.failed = True
                        if self._fault == "disconnect":
                            break
                        stalled = self._fault == "stall"
                        data = self._hurt(data)
                if not stalled:
                    sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _hurt(self, data: bytes) -> bytes:
        at = self._left
        if self._fault == "drop":
            return data[:at] + data[at + 64 :]
        return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(5)
