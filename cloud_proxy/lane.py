"""A lane for what can wait: requests are held back until enough have come, and go off together.

Servers that batch by themselves (vLLM, SGLang) make most of requests that come at once; what is
urgent goes past the lane.
"""

import asyncio


class Lane:
    """Lets requests go in groups of `size`, or after window_s with as many as there are."""

    def __init__(self, size: int, window_s: float) -> None:
        self._size = size
        self._window_s = window_s
        self._group: asyncio.Event | None = None  # of those who wait now
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None

    async def join(self, at_most_s: float) -> None:
        """Wait for the group to go, or until at_most_s have passed."""
        if self._group is None:
            self._group = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._window_s, self._go)
        group = self._group
        self._waiting += 1
        if self._waiting >= self._size:
            self._go()
        try:
            async with asyncio.timeout(max(0.0, at_most_s)):
                await group.wait()
        except TimeoutError:
            pass
        finally:
            if group is self._group:  # it goes alone, or was cancelled
                self._waiting -= 1

    def _go(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._group:
            self._group.set()
        self._group, self._waiting = None, 0
