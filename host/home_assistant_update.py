"""The update that Home Assistant may install on a board: one release, signed before.

Whoever may switch a board in Home Assistant may start this release on it and no other: the key
that signs is not here, and a board takes only what is signed and newer.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware import wire
from host import home_assistant as ha
from host import update
from host.errors import UserError
from host.fleet_facts import Device
from host.operator import Operator
from host.rollout import DONE, FAILED, FETCH, OFFERED, TRIAL

_MOST = 20  # boards at once
_SILENCE_S = 1800.0  # as a rollout has it

Told = Callable[[str], None]


@dataclass
class _UnderWay:
    """A board that installs it. since_s: when it last said anything."""

    since_s: float
    state: str = OFFERED
    percent: int | None = None


@dataclass
class Updates:
    """A release, and the boards that install it now. changed: called with a board's name."""

    release: update.Release
    payload: bytes
    told: Told
    changed: Callable[[str], None]
    _under_way: dict[str, _UnderWay] = field(default_factory=dict[str, _UnderWay])

    @property
    def version(self) -> str:
        """Return what people call it."""
        return str(self.release.job.get("fw") or self.release.job["id"])

    def fits(self, info: Mapping[str, Any]) -> bool:
        """Return whether it is for such a board; info: its birth message."""
        boards = self.release.job.get("boards")
        return not boards or info.get("board") in boards

    def has(self, device: Device) -> bool:
        """Return whether a board has it; its agent may be called otherwise than the release."""
        return self._is_ours(device.job) and (device.job or {}).get("state") == DONE

    def state(self, device: Device) -> str:
        """Return the state of a board's update entity."""
        installed = self.version if self.has(device) else str((device.info or {}).get("fw", ""))
        under_way = self._under_way.get(device.name)
        percent = under_way.percent if under_way else None
        return ha.update_state(installed, self.version, under_way is not None, percent)

    def install(self, operator: Operator, device: Device) -> None:
        """Offer it to a board. Raises ValueError where that is of no use, or cannot be."""
        name, info = device.name, device.info or {}
        if name in self._under_way:
            return
        if not self.fits(info):
            raise ValueError(f"{self.version} is not for a {info.get('board')}")
        if self.has(device):
            raise ValueError(f"it runs {self.version} already")
        if len(self._under_way) >= _MOST:
            raise ValueError(f"{_MOST} boards are being updated already")
        job = wire.topic(name, wire.JOB)
        try:
            outcome = operator.publish(job, self.payload, retain=True)
        except UserError as e:  # the broker has gone; the bridge waits for it
            raise ValueError(f"{self.version} was not offered: {e.what}") from e
        if outcome == "forbidden":
            raise ValueError("the broker forbids this user to offer updates")
        self._under_way[name] = _UnderWay(time.monotonic())
        self.told(f"{name}: {self.version} is offered")

    def resume(self, name: str, job: Mapping[str, Any] | None) -> None:
        """Go on with a board that was at it when an earlier bridge ended. job: what it said."""
        if self._is_ours(job) and job and job.get("state") == FETCH:
            self._under_way.setdefault(name, _UnderWay(time.monotonic(), FETCH))

    def wanted(self, operator: Operator, name: str, request: bytes) -> None:
        """Give a board the block that it asks for."""
        device = self._under_way.get(name)
        block = self.release.block(request) if device else None
        if device is None or block is None:
            return
        operator.begin(wire.topic(name, wire.BLOCK), block)
        device.since_s = time.monotonic()
        body = wire.decode(wire.WANTED, request)
        percent = self._percent(str(body["f"]), int(str(body["o"])))
        if percent != device.percent:
            device.percent = percent
            self.changed(name)

    def progress(self, name: str, body: Mapping[str, Any]) -> None:
        """Take a board's word on its job."""
        device = self._under_way.get(name)
        if device is None or not self._is_ours(body):
            return
        state = body.get("state")
        if state in (DONE, FAILED):
            del self._under_way[name]
            self.told(f"{name}: {self.version} {state} {body.get('why') or ''}".rstrip())
        elif state in (FETCH, TRIAL):
            device.state, device.since_s = str(state), time.monotonic()
        self.changed(name)

    def give_up(self, operator: Operator) -> None:
        """Forget boards that have said nothing for long; one that never began has it no more."""
        for name, device in list(self._under_way.items()):
            if time.monotonic() > device.since_s + _SILENCE_S:
                del self._under_way[name]
                if device.state == OFFERED:
                    operator.begin(wire.topic(name, wire.JOB), b"", retain=True)
                self.told(f"{name}: nothing heard after {device.state}")
                self.changed(name)

    def _is_ours(self, body: Mapping[str, Any] | None) -> bool:
        return body is not None and body.get("id") == self.release.job["id"]

    def _percent(self, name: str, at: int) -> int:
        rows = [(str(row[0]), int(row[1])) for row in self.release.job["files"]]
        before = 0
        for file, size in rows:
            if file == name:
                break
            before += size
        return min(100, 100 * (before + at) // max(1, sum(size for _, size in rows)))


def read(folder: Path, told: Told, changed: Callable[[str], None]) -> Updates:
    """Return the updates of a signed release. Raises UserError."""
    return Updates(update.read(folder), update.read_signed(folder), told, changed)
