"""Carries a rollout out: offers the job to boards, hands them their blocks, notes what they say.

Its state is a file beside the release, so that one who is killed goes on where he was. Two
operators cannot run the same rollout: on one machine by a lock, else by the claim.
"""

import fcntl
import json
import os
import queue
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from firmware import wire
from host.cache import write_atomic
from host.errors import UserError
from host.fleet_facts import Fleet
from host.operator import Operator
from host.rollout import PAUSED, RUNNING, Plan, Rollout, from_json, to_json
from host.rollout_claim import Holder

STATE, LOCK, _WISH = "rollout.json", "rollout.lock", "rollout.wish"
OFFER, WANTED, BLOCK = "down/job", "up/blob", "down/blob"
_LOOK_S = 0.5
_VERSION = 1
WISHES = ("pause", "resume", "abort")


class Carrier:
    """Carries one rollout out over one connection.

    payload: of the signed job. block: returns what to publish on down/blob for a request, None if
    it is not of this job. told: after each step in which something changed. holder: has the claim.
    """

    def __init__(
        self,
        folder: Path,
        rollout: Rollout,
        payload: bytes,
        block: Callable[[bytes], bytes | None],
        told: Callable[[Rollout], None],
        holder: Holder,
    ) -> None:
        self.rollout, self._holder = rollout, holder
        self._folder, self._payload, self._block, self._told = folder, payload, block, told
        self._events: queue.SimpleQueue[tuple[str, str, bytes]] = queue.SimpleQueue()

    def go(self, operator: Operator, fleet: Fleet) -> None:
        """Carry it out until it is finished, halted or aborted, with the operator of the fleet.

        Ctrl-C leaves it as it is: those that fetch wait for their blocks. Raises UserError.
        """

        def heard(topic: str, payload: bytes) -> None:
            fleet.take(topic, payload)
            self._holder.heard(topic, payload)
            with suppress(wire.WireError):
                name, kind = wire.split(topic)
                if kind in (wire.PROGRESS, WANTED):
                    self._events.put((name, kind, payload))

        operator.hand_over(heard, lambda number, outcome: None)
        operator.subscribe([f"{wire.ROOT}+/{kind}" for kind in (wire.PROGRESS, WANTED)])
        rollout, before = self.rollout, ""
        while True:
            self._take(operator)
            self._obey()
            if not self._holder.keep():
                continue
            for what, name in rollout.step(lambda n: fleet.find(n).online is True, time.time()):
                self._holder.keep()  # a machine that slept in between may have lost it
                payload = self._payload if what == "offer" else b""
                if operator.publish(wire.topic(name, OFFER), payload, retain=True) == "forbidden":
                    rollout.abort("the broker forbids this user to offer updates")
            after = json.dumps(to_json(rollout))
            if after != before:
                before = after
                save(self._folder, rollout)
                self._holder.changed()
                self._told(rollout)
            if rollout.status not in (RUNNING, PAUSED):
                return

    def _take(self, operator: Operator) -> None:
        with suppress(queue.Empty):
            event = self._events.get(timeout=_LOOK_S)
            while True:
                self._one(operator, *event)
                event = self._events.get_nowait()

    def _one(self, operator: Operator, name: str, kind: str, payload: bytes) -> None:
        if name not in self.rollout.progress:
            return
        if kind == WANTED:
            answer = self._block(payload)
            if answer is not None:
                operator.begin(wire.topic(name, BLOCK), answer)
                device = self.rollout.progress[name]
                device.since = time.time()  # it is alive
            return
        try:
            body: Any = json.loads(payload)
        except (ValueError, RecursionError):
            return
        if isinstance(body, dict) and body.get("id") == self.rollout.id:  # pyright: ignore
            state, why = str(body.get("state")), str(body.get("why") or "")  # pyright: ignore
            self.rollout.heard(name, state, why, time.time())

    def _obey(self) -> None:
        path = self._folder / _WISH
        with suppress(OSError):
            wish = path.read_text().strip()
            path.unlink()
            apply(self.rollout, wish)


def apply(rollout: Rollout, wish: str) -> None:
    """Do what another terminal wishes for: one of WISHES."""
    if wish == "pause":
        rollout.pause()
    elif wish == "resume" and rollout.status == PAUSED:
        rollout.resume()
    elif wish == "abort":
        rollout.abort("by the operator")


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Keep others from running the rollout of a folder meanwhile. Raises UserError."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise UserError(f"{folder} is no release", str(e), "limpet update build") from e
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise UserError(
                f"the rollout of {folder} is running",
                "somebody else holds its lock",
                f"limpet update rollout status {folder}",
            ) from e
        with suppress(OSError):
            (folder / _WISH).unlink()  # of an earlier run
        yield
    finally:
        os.close(handle)


def is_running(folder: Path) -> bool:
    """Whether somebody holds the lock of a folder's rollout."""
    try:
        with locked(folder):
            return False
    except UserError:
        return True


def wish(folder: Path, what: str) -> Rollout:
    """Tell whoever runs it, or change the state where nobody does; return that. UserError."""
    rollout = load(folder)
    if is_running(folder):
        write_atomic(folder / _WISH, what.encode())
        return rollout
    with locked(folder):
        apply(rollout, what)
        save(folder, rollout)
    return rollout


def save(folder: Path, rollout: Rollout) -> None:
    """Write the state."""
    data = {"version": _VERSION, **to_json(rollout)}
    write_atomic(folder / STATE, json.dumps(data).encode())


def load(folder: Path) -> Rollout:
    """Return the state. Raises UserError if there is none."""
    try:
        data = json.loads((folder / STATE).read_bytes())
        if data.pop("version") != _VERSION:
            raise ValueError("of another version of limpet")
        return from_json(data)
    except FileNotFoundError as e:
        raise UserError(
            f"{folder} has no rollout",
            f"there is no {STATE}",
            f"limpet update rollout start {folder}",
        ) from e
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise UserError(f"{folder / STATE} is no rollout", str(e), "take it away") from e


def begin(folder: Path, job_id: str, plan: Plan, names: list[str]) -> Rollout:
    """Return the rollout of a job: the one under way in a folder, else a new one. UserError."""
    if not (folder / STATE).exists():
        return Rollout(job_id, plan, names)
    rollout = load(folder)
    if rollout.id != job_id:
        raise UserError(
            f"{folder} has the rollout of another job",
            f"it is of {rollout.id}, the release is {job_id}",
            f"take {folder / STATE} away, if that one is over",
        )
    return rollout
