"""Time and chance of the programs of a world, put under Python's own functions.

A program asks `time.monotonic()` or draws `random.random()` as anywhere. These functions, in their
modules and wherever else they were imported to by name, are replaced by ones that look which event
loop runs on the calling thread: a loop of a world answers with its own time and its own seeded
chance; everybody else gets what the function always gave. What was captured otherwise is not
reached: a default argument, `datetime.now()`, `random.Random()` without a seed.
"""

import asyncio
import os
import random
import sys
import time
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable, Mapping
from typing import Any

Function = Callable[..., Any]
# They wait by the wall, for threads and processes; a time that stands still would deceive them.
_BY_THE_WALL = {"threading", "queue", "selectors", "subprocess", "multiprocessing.connection"}
_users = 0
_replaced: dict[int, tuple[Function, Function]] = {}  # id of the real one -> real one, ours


class AmbientLoop(asyncio.BaseEventLoop):
    """An event loop that has a date and chance of its own."""

    chance: random.Random

    def now_us(self) -> int:
        """Return microseconds on a clock that never goes back."""
        raise NotImplementedError

    def unix_us(self) -> int:
        """Return microseconds since 1970."""
        raise NotImplementedError


def install() -> None:
    """Replace the functions, unless they are; each call wants one of `remove`."""
    global _users
    _users += 1
    if _users == 1:
        _replaced.update({id(real): (real, ours) for real, ours in _table().items()})
        _swap({number: ours for number, (_, ours) in _replaced.items()})


def remove() -> None:
    """Put the real functions back once nobody needs ours."""
    global _users
    _users -= 1
    if not _users:
        _swap({id(ours): real for real, ours in _replaced.values()})
        _replaced.clear()


def _table() -> dict[Function, Function]:
    """Return ours by real function."""
    table: dict[Function, Function] = {
        time.time: _asking(time.time, lambda loop: lambda: loop.unix_us() / 1e6),
        time.time_ns: _asking(time.time_ns, lambda loop: lambda: loop.unix_us() * 1000),
        os.urandom: _asking(os.urandom, lambda loop: loop.chance.randbytes),
    }
    for real in (time.monotonic, time.perf_counter):
        table[real] = _asking(real, lambda loop: lambda: loop.now_us() / 1e6)
    for real in (time.monotonic_ns, time.perf_counter_ns):
        table[real] = _asking(real, lambda loop: lambda: loop.now_us() * 1000)
    for name in random.__all__:
        real = getattr(random, name)
        if isinstance(getattr(real, "__self__", None), random.Random):
            table[real] = _asking(real, _drawing(name))
    return table


def _asking(real: Function, own: Callable[[AmbientLoop], Function]) -> Function:
    """Return a function that is `own(loop)` on a loop of a world, `real` elsewhere."""

    def ask(*args: Any, **named: Any) -> Any:
        loop = _get_running_loop()
        if isinstance(loop, AmbientLoop):
            return own(loop)(*args, **named)
        return real(*args, **named)

    return ask


def _drawing(name: str) -> Callable[[AmbientLoop], Function]:
    return lambda loop: getattr(loop.chance, name)


def _swap(wanted: Mapping[int, Function]) -> None:
    """Put a function in the place of each whose id is given, in all modules there are."""
    for module_name, module in list(sys.modules.items()):
        if module_name in _BY_THE_WALL:
            continue
        names: dict[str, Any] = getattr(module, "__dict__", {})
        for name, value in list(names.items()):
            if id(value) in wanted:
                names[name] = wanted[id(value)]
