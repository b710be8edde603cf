"""Two attempts at one request of which one is heard: the first that has something to say."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

R = TypeVar("R")
Contender = Callable[[Callable[[], bool]], Coroutine[Any, Any, R]]  # is given its own `claim`


class Race(Generic[R]):
    """Runs a first attempt, and a second one if the first is silent for too long.

    good: whether a result counts as an answer. Whoever claims first, or first ends well, is
    heard; the other is cancelled, and has ended when `run` returns.
    """

    def __init__(self, good: Callable[[R], bool]) -> None:
        self._good = good
        self._heard: int | None = None  # number of the one that is heard
        self._change = asyncio.Event()

    async def run(
        self,
        first: Contender[R],
        second: Contender[R],
        after_s: float,
        may_help: Callable[[], bool],
    ) -> tuple[R, bool]:
        """Return the result that counts, and whether the second attempt was begun."""
        tasks = [self._start(first, 0)]
        try:
            try:
                async with asyncio.timeout(after_s):
                    await self._change.wait()
            except TimeoutError:
                if not tasks[0].done() and may_help():
                    tasks.append(self._start(second, 1))
            while True:
                if self._heard is not None:
                    return await tasks[self._heard], len(tasks) > 1
                if all(task.done() for task in tasks):  # none was good: the first one's word
                    return tasks[0].result(), len(tasks) > 1
                self._change.clear()
                await self._change.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, contender: Contender[R], number: int) -> asyncio.Task[R]:
        def claim() -> bool:
            if self._heard is None:
                self._heard = number
                self._change.set()
            return self._heard == number

        task = asyncio.create_task(contender(claim), name=f"attempt {number}")

        def ended(_: asyncio.Task[R]) -> None:
            if not task.cancelled() and task.exception() is None and self._good(task.result()):
                claim()
            self._change.set()

        task.add_done_callback(ended)
        return task


class Allowance:
    """How many requests may be hedged: a share of all, saved up to a few."""

    _MOST = 3.0

    def __init__(self, share: float) -> None:
        """share: of the requests, 0 to 1."""
        self._share = share
        self._saved = 0.0

    def request(self) -> None:
        """Note a request that might be hedged."""
        self._saved = min(self._MOST, self._saved + self._share)

    def take(self) -> bool:
        """Return whether one may be hedged now, and count it."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
