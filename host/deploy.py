"""`limpet deploy`: a new agent over the serial line, into the slot that does not run.

The board switches to it for a trial, as decision 0009 has it: a new agent that does not start well
twice gives way to the old one, which is never touched.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from host.device_prompt import Prompt
from host.device_serial import BOOT, ONLINE, Line, await_agent
from host.errors import UserError
from host.image import SLOTS, slot_files

_TRIAL_S = 300.0  # two starts that hang until the watchdog bites, and the old agent's
_CONFIRMED_S = 75.0  # after its first row: without a network a trial is confirmed after 60 s
_HELLO_S = 60.0
_ERROR = re.compile(r"^\w*(Error|Exception|Interrupt)\b")
_ABOUT = """
import os, sys, json
slot = ""
try:
    with open("/slot") as file:
        slot = file.read(4)
except (OSError, ValueError):
    pass
free = os.statvfs("/")
print(json.dumps([slot, sys.implementation._mpy & 255, free[0] * free[3]]))
"""
_COPY = """
for old, new in {pairs}:
    with open(old, "rb") as source, open(new, "wb") as target:
        while part := source.read(512):
            target.write(part)
"""
# What a slot that is on trial falls back to, by what /slot holds meanwhile.
_STABLE = {"a2": "b", "a1": "b", "b2": "a", "b1": "a"}

Progress = Callable[[str, int, int], None]  # what, files so far, files in all


@dataclass(frozen=True)
class Plan:
    """What makes the other slot new. copied: from -> to on the board; removed: paths."""

    active: str
    target: str
    written: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    copied: Mapping[str, str] = field(default_factory=dict[str, str])
    removed: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether the running slot differs from what is to be deployed."""
        return self.active != self.target


def plan(selector: str, there: Mapping[str, str], new: Mapping[str, bytes]) -> Plan:
    """Return what to do. selector: what /slot holds; there: {path: SHA-256}; new: by file name.

    Raises UserError if the board has no agent.
    """
    active = _STABLE.get(selector[:2], selector[:1])
    if active not in SLOTS or f"{SLOTS[active]}/app.mpy" not in there:
        active = "a"
    if f"{SLOTS[active]}/app.mpy" not in there:
        raise UserError("the board has no agent", "/firmware is not there", "limpet flash")
    wanted = {name: hashlib.sha256(data).hexdigest() for name, data in new.items()}
    if _names(there, active) == wanted and selector[:2] not in _STABLE:
        return Plan(active, active)
    target = "b" if active == "a" else "a"
    had = _names(there, target)
    runs = _names(there, active)
    changed = [name for name in new if had.get(name) != wanted[name]]
    copied = [name for name in changed if runs.get(name) == wanted[name]]
    return Plan(
        active,
        target,
        {f"{SLOTS[target]}/{name}": new[name] for name in changed if name not in copied},
        {f"{SLOTS[active]}/{name}": f"{SLOTS[target]}/{name}" for name in copied},
        tuple(f"{SLOTS[target]}/{name}" for name in sorted(set(had) - set(new))),
    )


def _names(there: Mapping[str, str], slot: str) -> dict[str, str]:
    start = f"{SLOTS[slot]}/"
    return {path[len(start) :]: sha for path, sha in there.items() if path.startswith(start)}


def deploy(
    port: str,
    progress: Progress,
    tell: Callable[[str], None],
    new: Mapping[str, bytes] | None = None,
) -> tuple[str, Plan]:
    """Bring the board at a port up to this agent; return its name and what was done once it runs.

    new: the agent by file name, this limpet's by default. tell: gets the board's rows. Raises
    UserError; the old agent runs then, also where the new one was tried.
    """
    if new is None:
        new = {PurePosixPath(path).name: data for path, data in slot_files("a").items()}
    with Prompt(port, restart=False) as prompt:
        progress("comparing", 0, 1)
        selector, bytecode, free = prompt.evaluate(_ABOUT)
        steps = plan(selector, prompt.digests(), new)
        if steps.is_needed:
            _check(steps, bytecode, free)
            _apply(prompt, steps, new, progress)
    if steps.is_needed:
        _await_trial(port, steps, tell)
    return await_agent(port, _HELLO_S, tell, restart=True), steps


def _check(steps: Plan, bytecode: int, free: int) -> None:
    for data in steps.written.values():
        if data[:1] == b"M" and data[1] != bytecode:
            raise UserError(
                "the board's MicroPython cannot load this agent",
                f"it takes bytecode of version {bytecode}, the agent has {data[1]}",
                "limpet flash, which brings MicroPython too",
            )
    size = sum(map(len, steps.written.values()))
    if size > free:
        raise UserError(
            "the board's flash is full",
            f"{free} bytes are free, the new agent needs {size}",
            "delete what you put there, or limpet flash --agent-only",
        )


def _apply(prompt: Prompt, steps: Plan, new: Mapping[str, bytes], progress: Progress) -> None:
    """Make the other slot new and switch to it; until the last line the board is as it was."""
    prompt.switch("/slot", steps.active.encode())  # no trial of a slot that is half written
    total, done = len(steps.written), 0

    def count(path: str) -> None:
        nonlocal done
        if path in steps.written:
            done += 1
            progress("writing", done, total)

    prompt.write(steps.written, count, SLOTS[steps.target])
    prompt.exec(_COPY.format(pairs=repr(tuple(steps.copied.items()))))
    prompt.rename({}, steps.removed)
    progress("verifying", total, total)
    found = prompt.verify({f"{SLOTS[steps.target]}/{name}": data for name, data in new.items()})
    if len(_names(found, steps.target)) != len(new):
        raise AssertionError("a file is in the slot that is not the agent's")
    prompt.switch("/slot", f"{steps.target}2".encode())


def _await_trial(port: str, steps: Plan, tell: Callable[[str], None]) -> None:
    """Start the board and return once it has confirmed the new slot. Raises UserError."""
    why, online = "", False
    until_s = time.monotonic() + _TRIAL_S
    with Line(port) as line:
        line.restart()
        while not online and time.monotonic() < until_s:
            for row in line.rows(1.0):
                tell(row)
                why = row if _ERROR.match(row) else why
                if BOOT.match(row):
                    until_s = time.monotonic() + _CONFIRMED_S
                online = online or bool(ONLINE.match(row))
    with Prompt(port, restart=False) as prompt:
        selector = prompt.evaluate(_ABOUT)[0]
        if selector != steps.target:
            raise UserError(
                "the new agent did not start well, and the old one runs again",
                why or f"/slot holds {selector!r}, not {steps.target!r}",
                "limpet monitor shows what it says; mend it, then limpet deploy",
            )
