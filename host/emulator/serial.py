"""The board's serial line as seen from the desktop."""

import threading
from collections import deque
from collections.abc import Callable

_KEEP_BYTES = 4 * 1024 * 1024  # a board that prints for a virtual month must not eat the desktop


class Serial:
    """What the board printed, and its standard input.

    on_line: called with each finished line (without its end), on the board's thread.
    on_output: called with each piece of output, raw bytes, on the board's thread.
    taps: called with each piece of output too, after on_output. ports: so too, and told whether
    it is raw.
    repl: what follows main.py: 0 the end, 1 MicroPython's prompt, 2 its raw prompt.
    interrupt_char: raises KeyboardInterrupt in the program when it is typed; None for none.
    on_trace: gets the final traceback's bytes in place of the output, if it is set.
    """

    def __init__(self) -> None:
        self.on_line: Callable[[str], None] | None = None
        self.on_output: Callable[[bytes], None] | None = None
        self.taps: list[Callable[[bytes], None]] = []
        self.ports: list[Callable[[bytes, bool], None]] = []
        self._lock = threading.Lock()
        self._output = bytearray()
        self._line = bytearray()
        self._input: deque[int] = deque()
        self.is_ended = False
        self.on_trace: Callable[[bytes], None] | None = None
        self._input_came: Callable[[], None] = lambda: None
        self._input_is_there: Callable[[bool], None] = lambda _: None
        self.repl = 0
        self.interrupt_char: int | None = None
        self.on_interrupt: Callable[[], None] = lambda: None

    @property
    def data(self) -> bytes:
        """All that was printed so far, as bytes."""
        with self._lock:
            return bytes(self._output)

    @property
    def text(self) -> str:
        """All that was printed so far."""
        return self.data.decode("utf-8", "replace")

    @property
    def lines(self) -> list[str]:
        """The lines printed so far; the last one may be unfinished."""
        return self.text.splitlines()

    def write(self, data: bytes) -> None:
        """Type bytes into the board's standard input; Ctrl-C interrupts its program."""
        char = self.interrupt_char
        is_interrupt = char is not None and char in data
        if is_interrupt:
            data = data.replace(bytes([char or 0]), b"")
        with self._lock:
            self._input.extend(data)
            self._input_is_there(bool(self._input))
        if is_interrupt:
            self.on_interrupt()
        self._input_came()

    def end_input(self) -> None:
        """Say that no more input will come: a read returns b"" from now on."""
        self.is_ended = True
        self._input_came()

    def clear(self) -> None:
        """Forget what was printed so far."""
        with self._lock:
            self._output.clear()

    # The board's side.

    def connect(
        self, input_came: Callable[[], None], input_is_there: Callable[[bool], None]
    ) -> None:
        """Have `input_came` called when someone writes, the other when that changes."""
        self._input_came = input_came
        self._input_is_there = input_is_there

    @property
    def has_input(self) -> bool:
        """Whether the board has something to read."""
        return bool(self._input)

    def take_input(self, size: int) -> bytes:
        """Return up to `size` bytes of input."""
        with self._lock:
            taken = bytes(self._input.popleft() for _ in range(min(size, len(self._input))))
            self._input_is_there(bool(self._input))
            return taken

    def put_trace(self, data: bytes) -> None:
        """Print a part of the traceback that ends the program."""
        if self.on_trace:
            self.on_trace(data)
        else:
            self.put_output(data)

    def put_output(self, data: bytes, is_raw: bool = False) -> None:
        """Print bytes. is_raw: they are no text, a device file gets them as they are."""
        with self._lock:
            self._output += data
            if len(self._output) > _KEEP_BYTES:
                del self._output[: -_KEEP_BYTES // 2]
        if self.on_output:
            self.on_output(data)
        for tap in self.taps:
            tap(data)
        for port in self.ports:
            port(data, is_raw)
        if self.on_line:
            self._line += data
            while (end := self._line.find(b"\n")) >= 0:
                line = self._line[:end].rstrip(b"\r").decode("utf-8", "replace")
                del self._line[: end + 1]
                self.on_line(line)
