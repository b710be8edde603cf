"""Devices of the protocol's level that take a job: they fetch a file, and say that they switched.

And operators, each at a machine of his own, who run `limpet update rollout`.
"""

import json
import signal
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from host import update
from host.broker import Broker
from tests.system.fleet_kit import LIMIT_S, Client, birth
from tests.system.fleet_run_kit import LIMPET, environment

FILE = bytes(range(256)) * 11  # three blocks, the last one short
RELEASE = update.build("0.4", 77, files={"app.mpy": FILE})
JOB_ID = str(RELEASE.job["id"])
NAMES = [f"d{i}" for i in range(6)]
PAYLOAD = b"0" * update.SIGNATURE_DIGITS + RELEASE.body  # these devices check no signature


def release(folder: Path) -> Path:
    """Write the release into a folder, as if it was signed, and return that."""
    update.write(RELEASE, folder)
    (folder / "job.signed").write_bytes(PAYLOAD)
    return folder


class Taker(Client):
    """A device that takes a job: fetches a file block by block, then says that it was switched to.

    ends: what it says in the end. gate: it goes on to the trial once this is set. offers: how often
    it was asked to take a job.
    """

    def __init__(self, port: int, name: str, ends: str = "done") -> None:
        self.file = b""
        self.jobs: list[bytes] = []
        self.ends = ends
        self.gate = threading.Event()
        self.gate.set()
        self._again: threading.Timer | None = None
        super().__init__(port, name, will=True)
        self.on_message = self._take
        self.subscribe(f"limpet/v1/{name}/down/#")
        self.say("up/status", b"online")
        self.say("up/info", json.dumps(birth()).encode())

    @property
    def offers(self) -> int:
        return sum(bool(job) for job in self.jobs)

    def say(self, kind: str, payload: bytes, retain: bool = True) -> None:
        self.client.publish(f"limpet/v1/{self.name}/{kind}", payload, 1, retain)

    def _state(self, state: str) -> None:
        body = {"id": JOB_ID, "state": state, "why": "import error" if state == "failed" else None}
        self.say("up/job", json.dumps(body).encode())

    def _ask(self) -> None:
        """Ask for the next block, and again when none comes."""
        if self._again:
            self._again.cancel()
        body = {"id": JOB_ID, "f": "app.mpy", "o": len(self.file)}
        self.say("up/blob", json.dumps(body).encode(), retain=False)
        self._again = threading.Timer(1.0, self._ask)
        self._again.start()

    def __exit__(self, *of: Any) -> None:
        super().__exit__(*of)
        self.gate.set()
        if self._again:
            self._again.cancel()

    def _take(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/down/job"):
            self.jobs.append(payload)
            if payload:
                self.file = b""
                self._state("fetch")
                self._ask()
            return
        head, _, data = payload.partition(b"\n")
        if head.split()[2] != b"%d" % len(self.file):
            return
        self.file += data
        if len(self.file) < len(FILE):
            self._ask()
            return
        if self._again:
            self._again.cancel()
        threading.Thread(target=self._switch).start()

    def _switch(self) -> None:
        assert self.gate.wait(10 * LIMIT_S)
        self._state("trial")
        self._state(self.ends)


class Site:
    """Six devices, and `limpet update rollout start` on two machines, each with what it keeps."""

    def __init__(self, broker: Broker, folder: Path, stack: ExitStack) -> None:
        self.takers = {name: stack.enter_context(Taker(broker.port, name)) for name in NAMES}
        self._env = {n: environment(broker, folder / n) for n in ("desk", "laptop")}
        self.folder, self._stack = folder, stack

    def start(self, machine: str, *options: str) -> "subprocess.Popen[str]":
        folder = self.folder / machine
        if not folder.exists():
            release(folder)
        quick = ("--waves", "50,100", "--soak", "0", "--min-ended", "100", "--json")
        process = subprocess.Popen(
            [*LIMPET[:-1], "update", "rollout", "start", str(folder), "--all", *quick, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._env[machine],
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self._stack.callback(self._end, process)
        return process

    @staticmethod
    def _end(process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.communicate()

    def offers(self) -> dict[str, int]:
        return {name: taker.offers for name, taker in self.takers.items()}


def told(process: "subprocess.Popen[str]", **wanted: int) -> None:
    """Return once it says that so many devices are in these states."""
    assert process.stdout
    for text in process.stdout:
        counts = json.loads(text)["counts"]
        if all(counts.get(state, 0) >= count for state, count in wanted.items()):
            return
    raise AssertionError(process.communicate()[1])


def ended(process: "subprocess.Popen[str]", code: int) -> str:
    said, errors = process.communicate(timeout=2 * LIMIT_S)
    assert process.returncode == code and "Traceback" not in errors, said + errors
    return said + errors
