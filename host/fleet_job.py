"""A job: one thing that is to be done with each of many devices, and how far it has come.

It is kept in a file while it runs, so that Ctrl-C, or a lost connection, ends nothing for good.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host.cache import cache_dir
from host.errors import UserError
from host.secret_file import write_secret

WAITING, SENT = "waiting", "sent"  # the states that are none to stay in
OK, FAILED, OFFLINE, SILENT, PENDING = "ok", "failed", "offline", "no answer", "pending"
_KEPT = 50  # files of jobs
_VERSION = 1


@dataclass
class Attempt:
    """What became of one device.

    state: one of the above. "no answer": it was sent, and nobody knows whether it was done;
    "pending": the broker keeps it for a device that is away. sent: what was sent, so that the same
    can be sent again.
    """

    state: str = WAITING
    why: str = ""
    result: Any = None
    sent: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Job:
    """kind: "cmd", "set" or "ask". what: its calls, its settings, its sentence."""

    kind: str
    what: Any
    broker: str
    ttl_s: int
    attempts: dict[str, Attempt]
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    began: int = field(default_factory=lambda: int(time.time()))

    @property
    def counts(self) -> Counter[str]:
        """Return how many devices are in each state."""
        return Counter(attempt.state for attempt in self.attempts.values())

    @property
    def is_done(self) -> bool:
        """Whether all have succeeded."""
        return self.counts[OK] == len(self.attempts)

    def save(self) -> None:
        """Write it to its file. Raises UserError."""
        path = _path(self.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {"version": _VERSION, **vars(self)}
        data["attempts"] = {name: vars(attempt) for name, attempt in self.attempts.items()}
        write_secret(path, json.dumps(data).encode())

    def rows(self) -> list[dict[str, Any]]:
        """Return what programs get: a row for each device, by name."""
        return [
            {"device": name, "state": a.state, "why": a.why, "result": a.result}
            for name, a in sorted(self.attempts.items())
        ]


def new_job(kind: str, what: Any, broker: str, ttl_s: int, names: Iterable[str]) -> Job:
    """Return a job of which nothing is done; the oldest files make room."""
    for path in _files()[_KEPT - 1 :]:
        path.unlink(missing_ok=True)
    return Job(kind, what, broker, ttl_s, {name: Attempt() for name in names})


def load_job(wanted: str | None) -> Job:
    """Return the job with an id, or the latest. Raises UserError."""
    files = _files()
    path = _path(wanted) if wanted and wanted.isalnum() else files[0] if files else None
    if path is None or not path.exists():
        raise UserError(
            f"there is no job {wanted or 'yet'}", f"none is in {_folder()}", "limpet fleet jobs"
        )
    try:
        data = json.loads(path.read_bytes())
        if data.pop("version") != _VERSION:
            raise ValueError("of another version of limpet")
        data["attempts"] = {name: Attempt(**row) for name, row in data["attempts"].items()}
        return Job(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise UserError(f"{path} is no job", str(e), "limpet fleet jobs") from e


def all_jobs() -> list[Job]:
    """Return the jobs that can be read, the latest first."""
    found: list[Job] = []
    for path in _files():
        try:
            found.append(load_job(path.stem))
        except UserError:
            continue
    return found


def _folder() -> Path:
    return cache_dir() / "fleet" / "jobs"


def _path(job_id: str) -> Path:
    return _folder() / f"{job_id}.json"


def _files() -> list[Path]:
    return sorted(_folder().glob("*.json"), key=lambda path: -path.stat().st_mtime)
