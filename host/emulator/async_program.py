"""A Python program on a server of an isolated world, in the world's time."""

import asyncio
import random
import signal
import sys
import traceback
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable, Coroutine
from typing import Any

from host.emulator import async_ambient
from host.emulator.async_loop import ProgramLoop
from host.emulator.network import Site

Main = Callable[[], Coroutine[Any, Any, Any]]


class Program:
    """What `asyncio.run(main())` would be on a host of the world's network, called `name` there.

    It is switched off when it is made. What it gets from asyncio, `time` and `random` is the
    world's: see async_loop.py and async_ambient.py. `main` is called at each start. Threads of its
    own go by the wall; nothing should depend on when they do what they do.
    """

    def __init__(self, name: str, main: Main, site: Site, seed: int, start_unix_us: int) -> None:
        self.name = name
        self.address = site.address
        self.result: object = None
        self.error: BaseException | None = None
        self._main = main
        self._site = site
        self._seed = seed
        self._start_unix_us = start_unix_us
        self._starts = 0
        self._loop: ProgramLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    @property
    def state(self) -> str:
        """Return "off", "running", "stopped" by itself, or "failed": with `error`."""
        if self._loop:
            return "running"
        return "off" if not self._starts else "failed" if self.error else "stopped"

    def start(self) -> None:
        """Begin, when time goes on. Raises RuntimeError if it runs."""
        if self._loop:
            raise RuntimeError(f"{self.name} is running")
        self._starts += 1
        self.result = self.error = None
        chance = random.Random(f"{self._seed} {self.name} {self._starts}")
        loop = self._loop = ProgramLoop(self._site, self._start_unix_us, chance)
        async_ambient.install()
        self._task = loop.create_task(self._live(loop))
        self._task.set_name(self.name)

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal; without a handler of its own that ends it, as a process."""
        if self._loop and not self._loop.signal(number):
            self.kill()

    def kill(self) -> None:
        """End it now: its peers hear nothing of it.

        Its tasks are cancelled. What they do thereupon takes no time, and reaches files but no
        other host.
        """
        loop, task = self._loop, self._task
        if loop is None or task is None:
            return
        if isinstance(_get_running_loop(), ProgramLoop):  # a program did that: when it waits
            self._site.alarm(loop.now_us(), lambda: self._end(loop, task))
        else:
            self._end(loop, task)

    def _end(self, loop: ProgramLoop, task: "asyncio.Task[Any]") -> None:
        if self._loop is loop:
            loop.cut_off(task)
            self._close(loop)

    async def _live(self, loop: ProgramLoop) -> None:
        try:
            self.result = await self._main()
        except asyncio.CancelledError:
            pass
        except Exception as e:
            self.error = e
            print(f"{self.name} failed after {loop.time():.3f} s", file=sys.stderr)
            traceback.print_exception(e)
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await loop.shutdown_asyncgens()
            self._site.alarm(loop.now_us(), lambda: self._close(loop))

    def _close(self, loop: ProgramLoop) -> None:
        if self._loop is not loop:
            return
        loop.end()
        async_ambient.remove()
        self._loop = self._task = None
