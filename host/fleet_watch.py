"""`limpet fleet ls --watch`: a table that stays up to date, or a JSON line for each change."""

import json
import queue
import sys
import time
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from host import fleet_show
from host.broker_address import Address
from host.fleet_facts import Device, Fleet, look, look_at_new, matching
from host.fleet_seen import Seen
from host.fleet_where import Where
from host.operator import Operator

_PAUSE_S = 0.25  # between two looks at the queue, and two pictures
_SAVE_S = 30.0


def run(address: Address, where: Where | None, as_json: bool) -> None:
    """Show devices until Ctrl-C. Raises UserError."""
    changes: queue.SimpleQueue[Device] = queue.SimpleQueue()
    fleet, seen = Fleet(changes.put), Seen(str(address))
    in_lines = as_json or not sys.stdout.isatty()
    with Operator(address, fleet.take) as operator:
        look(operator, fleet)
        view = _Lines(seen, where, as_json) if in_lines else _Screen(fleet, seen, where, address)
        with view:
            _follow(operator, fleet, seen, changes, view)


def _follow(
    operator: Operator,
    fleet: Fleet,
    seen: Seen,
    changes: "queue.SimpleQueue[Device]",
    view: "_Lines | _Screen",
) -> None:
    saved_s = 0.0
    asked = {device.name for device in fleet.devices()}
    try:
        while True:
            found: dict[str, Device] = {}
            with suppress(queue.Empty):
                device = changes.get(timeout=_PAUSE_S)
                found[device.name] = device
                while True:
                    device = changes.get_nowait()
                    found[device.name] = device
            look_at_new(operator, found, asked)
            seen.note(found.values(), time.time())
            view.update(found, operator.connected)
            if time.monotonic() > saved_s + _SAVE_S:
                saved_s = time.monotonic()
                seen.save()
    finally:
        seen.save()


class _Lines:
    """A line whenever a device is other than it was, also when it no longer matches."""

    def __init__(self, seen: Seen, where: Where | None, as_json: bool) -> None:
        self._seen, self._where, self._as_json = seen, where, as_json
        self._last: dict[str, str] = {}

    def update(self, found: dict[str, Device], connected: bool) -> None:
        for name, device in sorted(found.items()):
            matches = self._where is None or self._where(device.facts()) is True
            if not matches and name not in self._last:
                continue
            if self._as_json:
                line = {"matches": matches, **fleet_show.as_object(device, self._seen)}
                same = json.dumps({**line, "last_seen": None, "offline_by": None})
                text = json.dumps(line)
            else:
                cells = fleet_show.row(device, self._seen, time.time())
                cells[1] = cells[1] if matches else f"{cells[1]}, no longer selected"
                text = same = "  ".join(cells).rstrip()
            if self._last.get(name) != same:
                print(text, flush=True)
            if matches:
                self._last[name] = same
            else:
                del self._last[name]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _Screen:
    """As many rows as the terminal has; where that is too few, what changed last comes first."""

    def __init__(self, fleet: Fleet, seen: Seen, where: Where | None, address: Address) -> None:
        self._fleet, self._seen, self._where, self._address = fleet, seen, where, address
        self._changed: dict[str, float] = {}
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def update(self, found: dict[str, Device], connected: bool) -> None:
        now_s = time.time()
        self._changed.update(dict.fromkeys(found, now_s))
        devices = self._fleet.devices()
        chosen = matching(devices, self._where)
        room = self._console.height - 3
        rows = chosen
        if len(chosen) > room:
            rows = sorted(chosen, key=lambda d: -self._changed.get(d.name, 0))[: room - 1]
        grid = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for name in fleet_show.HEAD:
            grid.add_column(name, no_wrap=True, overflow="ellipsis")
        for device in rows:
            style = {True: "green", False: "red", None: "yellow"}[device.online]
            cells = [Text(cell) for cell in fleet_show.row(device, self._seen, now_s)]
            cells[1].stylize(style)
            grid.add_row(*cells)
        left = len(chosen) - len(rows)
        foot = [f"and {left} more, changed earlier"] if left else []
        state = "" if connected else "  the broker is away: this is old"
        foot.append(f"{self._address}: {fleet_show.counts(chosen, len(devices))}{state}")
        self._live.update(Group(grid, Text("\n".join(foot), style="dim")), refresh=True)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()
