"""`limpet fleet flash`: many boards at once, each by a `limpet flash` of its own; resumable."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from host.boards import load_board
from host.cache import write_atomic
from host.errors import UserError
from host.flash import Port, detect
from host.fleet_list import Wanted
from host.keys import add_psks, ensure_keys, with_keys
from host.secret_file import write_secret


@dataclass(frozen=True)
class Outcome:
    """How one board fared. error: what `limpet flash` said, or "" if it is done."""

    device: str
    port: str
    mac: str
    error: str


def read_state(path: Path) -> dict[str, str]:
    """Return {device: MAC of its chip} of the boards that are done. Raises UserError."""
    try:
        return {str(name): str(mac) for name, mac in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as e:
        raise UserError(f"{path} is damaged", str(e), f"rm {path}, to flash all again") from e


def plan(
    wanted: Sequence[Wanted], done: Mapping[str, str], chips: Mapping[str, str]
) -> list[tuple[Wanted, str]]:
    """Return which board goes to which port. chips: {port: MAC} of what is plugged in.

    A chip that has its name keeps it; rows that name a port get that one, and the others what is
    left, in order. More rows than ports wait for the next run.
    """
    free = [port for port, mac in chips.items() if mac not in done.values()]
    rest = [row for row in wanted if row.device not in done]
    named = [(row, row.port) for row in rest if row.port in free]
    taken = {row.port for row in rest if row.port}
    others = [row for row in rest if not row.port]
    return [*named, *zip(others, [port for port in free if port not in taken], strict=False)]


def keyed(
    wanted: Sequence[Wanted],
    done: Mapping[str, str],
    key_file: Path,
    psk_file: Path | None = None,
) -> list[Wanted]:
    """Return the boards, those that are not done with their keys in their settings.

    key_file: has their keys, or gets new ones. psk_file: boards whose settings name no broker.tls
    get a pre-shared key, which goes into this file as mosquitto has it. Raises UserError.
    """
    todo = [row for row in wanted if row.device not in done]
    keys = ensure_keys(key_file, [row.device for row in todo])
    psks: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}
    for row in todo:
        own = settings[row.device] = with_keys(row.settings, keys[row.device])
        if psk_file and not own["broker"].get("tls"):
            own["broker"]["tls"] = psks[row.device] = f"{row.device}:{keys[row.device].psk}"
    if psk_file:
        add_psks(psk_file, psks.values())
    return [replace(row, settings=settings.get(row.device, row.settings)) for row in wanted]


def flash_all(
    wanted: Sequence[Wanted],
    state: Path,
    ports: Sequence[str],
    options: Sequence[str],
    jobs: int,
    tell: Callable[[Outcome], None],
) -> list[Outcome]:
    """Flash what is plugged in, `jobs` at a time, and return how each board fared.

    state: remembers, after each board, who is done. ports: where to look besides those that the
    rows name. options: for each `limpet flash`. Raises UserError if the state cannot be read.
    """
    done = read_state(state)
    lock = Lock()
    outcomes: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        with lock:
            outcomes.append(outcome)
            if not outcome.error:
                done[outcome.device] = outcome.mac
                write_atomic(state, (json.dumps(done, indent=2) + "\n").encode())
            tell(outcome)

    places = list(dict.fromkeys([*(row.port for row in wanted if row.port), *ports]))
    rows = {row.port: row for row in wanted if row.port}
    chips: dict[str, str] = {}

    def look(port: str) -> None:
        row = rows.get(port)
        if row and row.device in done:
            return
        try:
            mac = _mac(port)
        except UserError as e:
            keep(Outcome(row.device if row else "", port, "", str(e)))
        else:
            with lock:
                chips[port] = mac

    def work(pair: tuple[Wanted, str]) -> None:
        keep(_flash(*pair, chips[pair[1]], options))

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(look, places))
        ordered = {port: chips[port] for port in places if port in chips}
        pairs = plan(wanted, done, ordered)
        list(pool.map(work, pairs))
    return outcomes


def _mac(port: str) -> str:
    asked = Port(port, 115200, load_board("esp32-devkit"), lambda what, percent: None)
    return detect(asked).mac


def _flash(row: Wanted, port: str, mac: str, options: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="limpet-fleet-") as folder:
        path = Path(folder, "settings.json")
        write_secret(path, json.dumps(row.settings).encode())
        where = ("--port", port, "--board", row.board, "--settings", str(path))
        done = subprocess.run(
            [sys.executable, "-m", "host.cli", "flash", *where, *options],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"NO_COLOR": "1"},
        )
    said = done.stderr[done.stderr.find("error: ") :].strip() or f"exit code {done.returncode}"
    return Outcome(row.device, port, mac, said if done.returncode else "")
