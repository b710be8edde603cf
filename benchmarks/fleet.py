"""Ten thousand boards on one mosquitto, all on this machine: list, command, storm.

The boards are clients of the protocol's level (loads/fleet.py), in one process; `limpet fleet`
runs as a person runs it, its start included. Without mosquitto there is nothing to measure.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from results import row, save

from host.broker import Broker, find_mosquitto, free_port
from host.keys import ensure_keys

COUNT = 10_000
ROOT = Path(__file__).parents[1]
LINES = ("max_queued_messages 20000", "sys_interval 0")
OPEN_FILES = 12_000
Rows = list[dict[str, Any]]
HOW = f"{COUNT} protocol-level boards with the real catalogue of tools, mosquitto, on loopback"
CALM_S = (
    35.0  # longer than half a keepalive of 60 s: then a board's pauses begin at a second again
)


class Boards:
    """The boards, in a process of their own."""

    def __init__(self, port: int, keys: Path, jitter: bool) -> None:
        load = ROOT / "benchmarks" / "loads" / "fleet.py"
        arguments = [str(port), str(COUNT), str(keys), "1" if jitter else "0"]
        self._process = subprocess.Popen(
            [sys.executable, str(load), *arguments], stdout=subprocess.PIPE, text=True
        )

    def await_all(self) -> dict[str, Any]:
        """Return what is told once all are online."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the boards have ended"
        return json.loads(line)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def limpet(port: int, folder: Path, *arguments: str) -> tuple[Any, float, float]:
    """Return (what it says as JSON, seconds, MB of memory at most) of `limpet fleet`."""
    env = {"LIMPET_BROKER": f"127.0.0.1:{port}", "LIMPET_CACHE": str(folder / "cache")}
    env |= {"LIMPET_KEYS": str(folder / "keys.toml"), "PYTHONPATH": str(ROOT)}
    begun = time.monotonic()
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "host.cli", "fleet", *arguments, "--json"],
            stdout=out,
            env=os.environ | env,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took_s = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = json.load(out)
    assert process.returncode == 0, said
    return said, took_s, usage.ru_maxrss / 1024


def lists(port: int, folder: Path) -> Rows:
    found: Rows = []
    said, took_s, mb = limpet(port, folder, "ls")
    assert len(said) == COUNT and all(device["online"] and device["tool"] for device in said)
    how = f"limpet fleet ls --json, its start included; {HOW}"
    found.append(row("list: all boards, all births", round(took_s, 2), "s", how=how))
    found.append(row("list: memory of the command", round(mb, 1), "MB", how=how))
    where = "fw<0.3 and tag=prod and online"
    said, took_s, _ = limpet(port, folder, "ls", "--where", where)
    assert len(said) == COUNT // 4, len(said)
    how = f"limpet fleet ls --where '{where}', {len(said)} match; {HOW}"
    found.append(row("list: those that an expression selects", round(took_s, 2), "s", how=how))
    said, took_s, _ = limpet(port, folder, "show", "d77")
    how = f"limpet fleet show d77, its start included; {HOW}"
    found.append(row("show: one board among all", round(took_s, 2), "s", how=how))
    return found


def commands(port: int, folder: Path) -> Rows:
    found: Rows = []
    for cap in (50, 500):
        said, took_s, _ = limpet(port, folder, "cmd", "get_status", "--all", "--cap", str(cap))
        assert len(said) == COUNT and {device["state"] for device in said} == {"ok"}
        how = f"limpet fleet cmd get_status --all --cap {cap}: signed, sent, answered; {HOW}"
        what = f"command: {COUNT:,} results, {cap} under way"
        found.append(row(what, round(took_s, 2), "s", how=how))
        what = f"command: boards a second, {cap} under way"
        found.append(row(what, round(COUNT / took_s), "1/s", how=how))
    return found


def storm(broker: Broker, boards: Boards, away_s: float) -> dict[str, Any]:
    """Take the broker away for a while; return what is told when all are back."""
    time.sleep(CALM_S)
    broker.stop()
    time.sleep(away_s)  # an outage has a length: the boards' pauses grow meanwhile
    begun = time.monotonic()
    broker.start()
    told = boards.await_all()
    return told | {"back_s": time.monotonic() - begun}


def measure(folder: Path, jitter: bool) -> Rows:
    found: Rows = []
    with Broker("mosquitto", free_port(), LINES) as broker:
        broker.start()
        boards = Boards(broker.port, folder / "keys.toml", jitter)
        try:
            told = boards.await_all()
            if jitter:
                how = f"connect, subscribe, hello, birth, 200 at a time; {HOW}"
                found.append(
                    row("first start: all online", round(told["took_s"], 2), "s", how=how)
                )
                found += lists(broker.port, folder)
                found += commands(broker.port, folder)
            for away_s in (5.0, 60.0) if jitter else (5.0,):
                told = storm(broker, boards, away_s)
                kind = "half of each pause left to chance" if jitter else "no chance in the pauses"
                what = f"storm after {away_s:.0f} s, {kind}"
                how = f"mosquitto stopped for {away_s:.0f} s and started; {HOW}"
                found.append(
                    row(f"{what}: all online again", round(told["back_s"], 2), "s", how=how)
                )
                found.append(
                    row(f"{what}: most connections in 0.1 s", told["busiest"], "", how=how)
                )
                found.append(row(f"{what}: attempts", told["attempts"], "", how=how))
                if jitter:
                    said, took_s, _ = limpet(broker.port, folder, "ls", "--where", "online")
                    assert len(said) == COUNT
        finally:
            boards.close()
    return found


def main() -> None:
    if not find_mosquitto():
        print("mosquitto is not installed: nothing is measured", file=sys.stderr)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ensure_keys(folder / "keys.toml", (f"d{number}" for number in range(COUNT)))
        rows = [*measure(folder, True), *measure(folder, False)]
    for one in rows:
        print(f"{one['metric']:70} {one['value']:>10} {one['unit']}")
    save(__file__, rows)


if __name__ == "__main__":
    main()
