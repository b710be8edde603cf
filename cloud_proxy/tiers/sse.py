"""Server-sent events as pure code: bytes in, the payloads of their data lines out."""

from collections.abc import Iterator

MAX_EVENT_BYTES = 262_144


class EventTooLong(ValueError):
    """A line that does not end within MAX_EVENT_BYTES."""


class Events:
    """A parser that is fed what comes from the wire, cut anywhere.

    Chat completions put one JSON text into one data line, so lines are what it gives back;
    comments, event names and ids are passed over. Source: WHATWG HTML, 9.2.6.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the payload of each data line that is complete. Raises EventTooLong."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_EVENT_BYTES:
            raise EventTooLong(f"a line of over {MAX_EVENT_BYTES} bytes")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
