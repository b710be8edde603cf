"""Text on its way to a board while the answer is still being made."""

import asyncio
from collections.abc import Callable

from cloud_proxy import reply as replies
from cloud_proxy.config import Mqtt

MAX_BUFFERED = 20_000  # characters of text that wait for the next delta


class Deltas:
    """Text on its way out: the first piece at once, later ones together at an interval."""

    def __init__(
        self, request_id: str, send: Callable[[bytes], None], config: Mqtt, wanted: bool = True
    ) -> None:
        self._request_id = request_id
        self._send = send
        self._on = wanted and config.deltas
        self._interval_s = config.delta_interval_ms / 1000
        self._number = 0
        self._text = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, text: str) -> None:
        """Take a piece of the answer."""
        if not self._on or len(self._text) > MAX_BUFFERED:
            return
        self._text += text
        if self._timer is None:
            self._flush()

    def stop(self) -> None:
        """Send no more; what waits is in the final message."""
        self._on = False
        if self._timer:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        if not self._text:
            return
        piece, self._text = self._text[: replies.MAX_DELTA], self._text[replies.MAX_DELTA :]
        self._send(replies.delta(self._request_id, self._number, piece))
        self._number += 1
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._flush)
