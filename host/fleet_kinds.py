"""What a job does with one device: which message it sends, and what the answer means.

A command is signed for the boot that the device is in: the same bytes sent again are taken once at
most. After a restart nobody knows whether it was done, so it is not signed anew unless asked.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from firmware import wire
from host import signing
from host.errors import UserError
from host.fleet_facts import Device
from host.fleet_job import FAILED, OK, PENDING, SENT, SILENT, Attempt, Job
from host.keys import Keys


@dataclass(frozen=True)
class Message:
    """What is to be published. topic: below the device's."""

    kind: str
    payload: bytes
    retain: bool = False


class Kind(Protocol):
    """answers: the kind of message that answers. only_online: others are not sent to."""

    answers: str
    only_online: bool

    def is_ready(self, device: Device) -> bool:
        """Whether a message can be made for it, and would reach it."""
        ...

    def message(self, device: Device, attempt: Attempt) -> Message | None:
        """Return what is to be sent, noted in the attempt; None where that says why not."""
        ...

    def read(self, body: Mapping[str, Any], attempt: Attempt) -> bool:
        """Note an answer in the attempt. Returns False if it is to something else."""
        ...

    def late(self, device: Device, attempt: Attempt) -> None:
        """Note that none came in time."""
        ...


def kind_of(job: Job, keys: Mapping[str, Keys]) -> Kind:
    """Return how a job is done. keys: of the devices; not needed to ask."""
    if job.kind == "ask":
        return Ask(job)
    return Command(job, keys) if job.kind == "cmd" else Desired(job, keys)


class Command:
    """Tool calls. Raises nothing for a device without a key: the attempt says so."""

    answers, only_online = wire.RESULT, True

    def __init__(self, job: Job, keys: Mapping[str, Keys]) -> None:
        self._job, self._keys = job, keys

    def is_ready(self, device: Device) -> bool:
        """See Kind: the nonce must be that of the boot it is in."""
        known = isinstance((device.info or {}).get("nonce"), str)
        return bool(device.online) and known and not device.is_reborn

    def message(self, device: Device, attempt: Attempt) -> Message | None:
        """See Kind."""
        key, nonce = self._keys.get(device.name), (device.info or {}).get("nonce")
        if key is None:
            attempt.state, attempt.why = FAILED, "no key"
            return None
        if attempt.state == SENT and attempt.sent["nonce"] != nonce:
            attempt.state = SILENT
            attempt.why = "it has restarted since: nobody knows whether it was done"
            return None
        if attempt.state != SENT:
            now_s = time.time()
            attempt.sent = {"id": self._job.id, "n": int(now_s * 1000), "nonce": nonce}
            attempt.sent["exp"] = int(now_s) + self._job.ttl_s
        try:
            payload = signing.command(
                key.cmd_key, device.name, calls=self._job.what, **attempt.sent
            )
        except (signing.SigningError, wire.WireError) as e:
            raise UserError("this is no command", str(e), "limpet fleet cmd --help") from e
        attempt.state = SENT
        return Message(wire.COMMAND, payload)

    def read(self, body: Mapping[str, Any], attempt: Attempt) -> bool:
        """See Kind."""
        sent = attempt.sent
        if (body.get("id"), body.get("n")) != (sent.get("id"), sent.get("n")):
            return False
        attempt.state = OK if body.get("ok") is True else FAILED
        attempt.why = " ".join(str(body[name]) for name in ("err", "why") if body.get(name))
        attempt.result = body.get("res")
        return True

    def late(self, device: Device, attempt: Attempt) -> None:
        """See Kind."""
        again = (device.info or {}).get("nonce") != attempt.sent["nonce"]
        attempt.state = SILENT
        attempt.why = "it has restarted meanwhile" if again else "sent; nobody knows"


class Ask:
    """A sentence."""

    answers, only_online = wire.ANSWER, True

    def __init__(self, job: Job) -> None:
        self._job = job

    def is_ready(self, device: Device) -> bool:
        """See Kind."""
        return bool(device.online)

    def message(self, device: Device, attempt: Attempt) -> Message | None:
        """See Kind."""
        attempt.state = SENT
        attempt.sent = {"id": f"{self._job.id}-{device.name}"}
        return Message(wire.CHAT, wire.encode({**attempt.sent, "text": self._job.what}))

    def read(self, body: Mapping[str, Any], attempt: Attempt) -> bool:
        """See Kind."""
        if body.get("id") != attempt.sent.get("id"):
            return False
        attempt.state = OK if body.get("ok") is True else FAILED
        attempt.result = {"text": body.get("text"), "calls": body.get("calls", [])}
        attempt.why = "" if attempt.state == OK else str(body.get("text"))
        return True

    def late(self, device: Device, attempt: Attempt) -> None:
        """See Kind."""
        attempt.state, attempt.why = SILENT, "sent; nobody knows"


class Desired:
    """Settings, kept by the broker until the device has them.

    What was desired before and is not named again stays desired, so that a device which was away
    for several versions misses none.
    """

    answers, only_online = wire.REPORTED, False

    def __init__(self, job: Job, keys: Mapping[str, Keys]) -> None:
        self._job, self._keys = job, keys

    def is_ready(self, device: Device) -> bool:
        """See Kind: the broker keeps it for whoever is away."""
        return True

    def message(self, device: Device, attempt: Attempt) -> Message | None:
        """See Kind."""
        key = self._keys.get(device.name)
        if key is None:
            attempt.state, attempt.why = FAILED, "no key"
            return None
        if attempt.state != SENT:
            before = _trusted(device, key)
            versions = [body.get("v") for body in (before, device.reported or {})]
            highest = max((v for v in versions if isinstance(v, int)), default=0)
            attempt.sent = {"v": highest + 1, "set": {**before.get("set", {}), **self._job.what}}
        try:
            payload = signing.desired(key.cmd_key, device.name, **attempt.sent)
        except (signing.SigningError, wire.WireError) as e:
            raise UserError("these are no settings", str(e), "limpet fleet set --help") from e
        attempt.state = SENT
        return Message(wire.DESIRED, payload, retain=True)

    def read(self, body: Mapping[str, Any], attempt: Attempt) -> bool:
        """See Kind."""
        if body.get("v") != attempt.sent.get("v"):
            return False
        attempt.state = FAILED if body.get("err") else OK
        attempt.why, attempt.result = str(body.get("err") or ""), body.get("set")
        return True

    def late(self, device: Device, attempt: Attempt) -> None:
        """See Kind."""
        attempt.state = PENDING
        attempt.why = (
            "it has not reported yet" if device.online else "offline: it takes them when back"
        )


def _trusted(device: Device, key: Keys) -> dict[str, Any]:
    """Return the desired state that an operator has signed, {} where somebody else wrote one."""
    topic = wire.topic(device.name, wire.DESIRED)
    try:
        body = signing.opened(key.cmd_key, topic, "", device.desired_payload)
        return cast("dict[str, Any]", wire.decode(wire.DESIRED, body))
    except ValueError:
        return {}
