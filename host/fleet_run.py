"""Does a job: so many devices at a time, each until it has answered or its time is up."""

import json
import queue
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from firmware import wire
from host.fleet_facts import Device, Fleet
from host.fleet_job import FAILED, OFFLINE, PENDING, SENT, SILENT, WAITING, Attempt, Job
from host.fleet_kinds import Kind
from host.operator import Operator

_LOOK_S = 0.2
_SAVE_S = 5.0
_GRACE_S = 5.0  # for an answer to come after its command's time
Told = Callable[[str, Attempt], None]


class Run:
    """Does one job.

    fleet: one that `look` has filled with the job's devices. cap: devices at the same time.
    wait_s: how long those are waited for that are offline. told: a device's attempt has come to
    an end.
    """

    def __init__(
        self, job: Job, kind: Kind, fleet: Fleet, cap: int, wait_s: float, told: Told
    ) -> None:
        self.job, self._kind, self._cap, self._wait_s, self._told = job, kind, cap, wait_s, told
        self._events: queue.SimpleQueue[tuple[str, Any, Any]] = queue.SimpleQueue()
        self.fleet = fleet
        self._flying: dict[str, float] = {}  # device -> when its time is up
        self._sent: dict[int, str] = {}  # number of a message -> device
        self._saved_s = self._looked_s = 0.0

    def _heard(self, topic: str, payload: bytes) -> None:
        self.fleet.take(topic, payload)
        try:
            name, kind = wire.split(topic)
        except wire.WireError:
            return
        if kind == self._kind.answers and name in self.job.attempts:
            self._events.put(("answer", name, payload))

    def _changed(self, device: Device) -> None:
        self._events.put(("device", device.name, None))

    def _acked(self, number: int, outcome: str) -> None:
        self._events.put(("ack", number, outcome))

    def go(self, operator: Operator) -> None:
        """Do it, with the operator who fills the fleet. Ctrl-C leaves what is under way as sent.

        Raises UserError.
        """
        names = list(self.job.attempts)
        self.fleet.changed = self._changed
        operator.hand_over(self._heard, self._acked)
        operator.subscribe([f"{wire.ROOT}+/{self._kind.answers}"])
        todo = deque(n for n in names if self.job.attempts[n].state in (WAITING, SENT))
        away: dict[str, float] = {}  # device -> until when it is waited for
        until_s = time.monotonic() + self._wait_s
        try:
            while todo or away or self._flying:
                while todo and len(self._flying) < self._cap:
                    name = todo.popleft()
                    if not self._send(operator, name):
                        here = self.fleet.find(name).online
                        away[name] = max(until_s, time.monotonic() + _GRACE_S * bool(here))
                self._take(away, todo)
                self._look_at_the_clock(away)
                self._save(False)
        finally:
            self._save(True)

    def _send(self, operator: Operator, name: str) -> bool:
        """Send to a device. Returns False if it is to be waited for."""
        device, attempt = self.fleet.find(name), self.job.attempts[name]
        if not self._kind.is_ready(device):
            return False
        message = self._kind.message(device, attempt)
        if message is None:
            self._told(name, attempt)
            return True
        self._flying[name] = time.monotonic() + self.job.ttl_s + _GRACE_S
        topic = wire.topic(name, message.kind)
        self._sent[operator.begin(topic, message.payload, message.retain)] = name
        return True

    def _take(self, away: dict[str, float], todo: "deque[str]") -> None:
        try:
            event = self._events.get(timeout=_LOOK_S)
            while True:
                self._one(*event, away, todo)
                event = self._events.get_nowait()
        except queue.Empty:
            pass

    def _one(
        self, what: str, key: Any, value: Any, away: dict[str, float], todo: "deque[str]"
    ) -> None:
        if what == "device":
            if key in away and self._kind.is_ready(self.fleet.find(key)):
                del away[key]
                todo.append(key)
        elif what == "ack":
            name = self._sent.pop(key, "")
            if name in self._flying:
                self._taken(name, value)
        elif key in self._flying:
            body = _body(value)
            if self._kind.read(body, self.job.attempts[key]):
                self._landed(key)

    def _taken(self, name: str, outcome: str) -> None:
        """The broker has said what it did with a message."""
        device, attempt = self.fleet.find(name), self.job.attempts[name]
        if outcome == "forbidden":
            attempt.state, attempt.why = FAILED, "the broker forbids it to this user"
        elif self._kind.only_online and outcome:
            attempt.state, attempt.why = OFFLINE, "not delivered: nobody listens there"
        elif not self._kind.only_online and not device.online:
            self._kind.late(device, attempt)
        else:
            return
        self._landed(name)

    def _landed(self, name: str) -> None:
        self._flying.pop(name, None)
        self._told(name, self.job.attempts[name])

    def _look_at_the_clock(self, away: dict[str, float]) -> None:
        now_s = time.monotonic()
        if now_s < self._looked_s + _LOOK_S:
            return
        self._looked_s = now_s
        for name in [name for name, until_s in away.items() if until_s <= now_s]:
            del away[name]
            device, attempt = self.fleet.find(name), self.job.attempts[name]
            if attempt.state == SENT:
                attempt.state, attempt.why = SILENT, "sent before; it is offline now"
            else:
                attempt.state, attempt.why = OFFLINE, _absence(device)
            self._told(name, attempt)
        for name, until_s in list(self._flying.items()):
            if until_s <= now_s:
                self._kind.late(self.fleet.find(name), self.job.attempts[name])
                self._landed(name)

    def _save(self, now: bool) -> None:
        if now or time.monotonic() > self._saved_s + _SAVE_S:
            self._saved_s = time.monotonic()
            self.job.save()


def again(job: Job, unknown: bool) -> None:
    """Make ready to resume: what was not done, or may not have been if `unknown` is wanted too."""
    for attempt in job.attempts.values():
        if attempt.state in (OFFLINE, PENDING) or (attempt.state == SILENT and unknown):
            attempt.state, attempt.why = WAITING, ""
        elif attempt.state == SILENT and attempt.sent.get("exp", 0) > time.time():
            attempt.state = SENT  # the same bytes once more: a board takes them once at most


def _absence(device: Device) -> str:
    if device.online:
        return "it has not said what it is"
    return "offline" if device.online is False else "never heard of here"


def _body(payload: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}  # pyright: ignore[reportUnknownVariableType]
