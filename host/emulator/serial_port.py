"""A board's serial line as a device file, so that mpremote and other terminals connect to it."""

import os
import pty
import re
import select
import threading
import tty
from collections import deque
from types import TracebackType
from typing import Self

from host.emulator.serial import Serial

_CHUNK = 4096
_NEWLINE = re.compile(rb"(?<!\r)\n")
_MOST_WAITING = 1 << 20  # bytes; a terminal that stops reading must not eat the desktop
_LOOK_S = 0.02  # how often it is looked whether someone has opened the device


class SerialPort:
    """A pseudo-terminal joined to a console. path: what a terminal opens.

    As on a real line, what a board says while nobody has it open is lost. POSIX only.
    """

    def __init__(self, serial: Serial) -> None:
        self._serial = serial
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._wake_out, self._wake_in = os.pipe()
        self._is_closing = False
        self._is_open = False
        self._thread = threading.Thread(target=self._serve, name=self.path, daemon=True)
        self._thread.start()
        self._last = b""
        serial.ports.append(self._said)

    def close(self) -> None:
        """Take the device away."""
        self._serial.ports.remove(self._said)
        self._is_closing = True
        self._wake()
        self._thread.join()
        for number in (self._master, self._wake_out, self._wake_in):
            os.close(number)

    def _said(self, data: bytes, is_raw: bool) -> None:
        if not is_raw:  # a newline becomes CR LF unless the program has sent the CR itself
            last, self._last = b"\r"[: self._last == b"\r"], data[-1:]
            data = _NEWLINE.sub(b"\r\n", last + data)[len(last) :]
        with self._lock:
            if not self._is_open or sum(map(len, self._waiting)) > _MOST_WAITING:
                return
            self._waiting.append(data)
        self._wake()

    def _wake(self) -> None:
        os.write(self._wake_in, b"w")

    def _serve(self) -> None:
        while not self._is_closing:
            poll = select.poll()
            poll.register(self._wake_out, select.POLLIN)
            want = select.POLLOUT if self._waiting else 0
            poll.register(self._master, select.POLLIN | want)
            # That somebody opens it is no event: without a look whoever only reads gets nothing.
            ready = dict(poll.poll(None if self._is_open else _LOOK_S * 1000))
            if self._wake_out in ready:
                os.read(self._wake_out, _CHUNK)
            bits = ready.get(self._master, 0)
            if bits & select.POLLIN:
                self._opened(True)
                self._serial.write(os.read(self._master, _CHUNK))
            elif bits & select.POLLHUP:
                self._opened(False)
                threading.Event().wait(_LOOK_S)
            else:
                self._opened(True)
            if bits & select.POLLOUT and not bits & select.POLLHUP:
                self._send()

    def _opened(self, is_open: bool) -> None:
        with self._lock:
            self._is_open = is_open
            if not is_open:
                self._waiting.clear()

    def _send(self) -> None:
        with self._lock:
            data = b"".join(self._waiting)
            self._waiting.clear()
            try:
                sent = os.write(self._master, data)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                self._waiting.append(data[sent:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()
