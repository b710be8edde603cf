"""asyncio for the boards: the CircuitPython package, turned back into MicroPython's own ways.

On the chip asyncio is frozen into the firmware. The package differs from it in its tick functions,
in how it reports an uncaught exception, in never returning when no task can run any more, and
in lacking ThreadSafeFlag. Each change must fit exactly once, so a new release fails loudly.
"""

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from host.errors import UserError

_PACKAGE = "adafruit-circuitpython-asyncio"
_VERSION = "3.1.1"
_MODULES = ("__init__", "core", "event", "funcs", "lock", "stream")

_CHANGES = {
    "core": [
        (
            "from adafruit_ticks import ticks_add, ticks_diff\n"
            "from adafruit_ticks import ticks_ms as ticks\n",
            "from time import ticks_add, ticks_diff, ticks_ms as ticks\n",
        ),
        (
            "try:\n    from traceback import print_exception\n"
            "except:\n    from .traceback import print_exception\n",
            "",
        ),
        (
            'exc = context["exception"]\n        print_exception(None, exc, exc.__traceback__)\n',
            'print(context["message"], file=sys.stderr)\n'
            '        future = context["future"]\n'
            '        print("future:", future, "coro=", future.coro, file=sys.stderr)\n'
            '        sys.print_exception(context["exception"], sys.stderr)\n',
        ),
        # A chip asks its streams before each task, which takes it about a millisecond.
        (
            "    while True:\n        # Wait until the head",
            "    asked = None  # when the streams were, in ms\n"
            "    while True:\n        # Wait until the head",
        ),
        (
            "dt = max(0, ticks_diff(t.ph_key, ticks()))\n",
            "now = ticks()\n                dt = max(0, ticks_diff(t.ph_key, now))\n",
        ),
        (
            "            _io_queue.wait_io_event(dt)\n",
            "            if dt or now != asked:\n"
            "                _io_queue.wait_io_event(dt)\n"
            "                asked = ticks()\n",
        ),
        (
            "if not main_task or not main_task.state:\n"
            "                    # no main_task, or main_task is done so finished running\n"
            "                    return\n",
            "return\n",
        ),
    ],
    "stream": [
        ("from uerrno import EINPROGRESS", "from errno import EINPROGRESS"),
        (
            "async def start_server(cb, host, port, backlog=5):",
            "async def start_server(cb, host, port, backlog=5, ssl=None):",
        ),
    ],
}


class AsyncioError(Exception):
    """The installed package is not the one these changes were written for."""


def sources() -> dict[str, str]:
    """Return {module name: source text} of the changed package. Raises UserError without it."""
    try:
        root = Path(str(distribution(_PACKAGE).locate_file("asyncio")))
    except PackageNotFoundError:
        raise UserError(
            "the boards' asyncio is not installed",
            f"the package {_PACKAGE} is missing",
            f"{sys.executable} -m pip install --no-deps {_PACKAGE}=={_VERSION}",
        ) from None
    texts = {name: (root / f"{name}.py").read_text() for name in _MODULES}
    for name, changes in _CHANGES.items():
        for old, new in changes:
            if texts[name].count(old) != 1:
                raise AsyncioError(
                    f"asyncio/{name}.py of {_PACKAGE} has changed near {old[:40]!r}"
                )
            texts[name] = texts[name].replace(old, new)
    flag = Path(__file__).parent / "shims" / "thread_safe_flag.py"
    texts["event"] += "\n" + flag.read_text()
    return texts
