"""`limpet fleet` as a person runs it, against a broker of the test's own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from host.broker import Broker

LIMPET = (sys.executable, "-m", "host.cli", "fleet")


def environment(broker: Broker, folder: Path) -> dict[str, str]:
    """Return the environment of a command that talks to a broker and keeps its notes in a folder."""
    where = {"LIMPET_BROKER": f"127.0.0.1:{broker.port}", "LIMPET_CACHE": str(folder / "cache")}
    where |= {"LIMPET_KEYS": str(folder / "keys.toml"), "NO_COLOR": "1", "COLUMNS": "120"}
    return os.environ | where


class Run:
    """Runs `limpet fleet`."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self.done = subprocess.run(
            [*LIMPET, *arguments],
            capture_output=True,
            text=True,
            timeout=100,
            env=self.env,
            stdin=subprocess.DEVNULL,
        )
        assert self.done.returncode == code, self.done.stdout + self.done.stderr
        assert "Traceback" not in self.done.stderr
        return self.done.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))

    def names(self, where: str) -> list[str]:
        return [row["device"] for row in self.json("ls", "--where", where)]


def follow(env: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*LIMPET, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def line(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())


def end(process: "subprocess.Popen[str]") -> None:
    """Press Ctrl-C: it ends at once and in peace."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and not said, said
