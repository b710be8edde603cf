"""A UART beside the console's: two queues of bytes between the program and the world outside."""

import threading
from collections.abc import Callable

_MOST_BYTES = 1 << 20  # kept of what the board sent


class UartLine:
    """One UART, seen from the other end of its wires.

    data: what the board sent and was not cleared. on_data: called with each piece of it, on the
    board's thread. rx_size: bytes the board's receive buffer holds; what comes on top is lost.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.data = bytearray()
        self.on_data: Callable[[bytes], None] | None = None
        self.rx_size = 256
        self._wake = wake
        self._lock = threading.Lock()
        self._received = bytearray()

    def write(self, data: bytes) -> None:
        """Send bytes to the board. They are there at once, whatever the baud rate."""
        with self._lock:
            self._received += data[: max(0, self.rx_size - len(self._received))]
        self._wake()

    # The board's side.

    @property
    def waiting(self) -> int:
        """How many bytes the board can read."""
        return len(self._received)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes that came."""
        with self._lock:
            taken = bytes(self._received[:size])
            del self._received[:size]
        return taken

    def put(self, data: bytes) -> None:
        """Send bytes from the board."""
        self.data += data
        del self.data[:-_MOST_BYTES]
        if self.on_data:
            self.on_data(data)

    def reset(self) -> None:
        """Forget what came, as a reset does."""
        with self._lock:
            self._received.clear()
