"""What is known of devices, for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from firmware import wire
from host.fleet_facts import Device
from host.fleet_seen import Seen

HEAD = ("DEVICE", "STATE", "FW", "BOARD", "TAGS", "NOTES")


def plain(value: object) -> str:
    """Return a text without what a terminal would obey: anybody may have published it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def row(device: Device, seen: Seen, now_s: float) -> list[str]:
    """Return a device's cells, as HEAD names them."""
    info = device.info or {}
    cells = [device.name, seen.state(device, now_s), info.get("fw", ""), info.get("board", "")]
    cells += [",".join(map(str, info.get("tags", []))), ", ".join(notes(device))]
    return [plain(cell) for cell in cells]


def notes(device: Device) -> list[str]:
    """Return what is out of the ordinary, in a word or two each."""
    found: list[str] = []
    if device.crash is not None:
        found.append("crash")
    if device.drift:
        found.append("drift")
    if device.job and device.job.get("state") not in (None, "done"):
        found.append(f"update {device.job['state']}")
    if device.odd:
        found.append("garbage")
    return found


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows under HEAD in columns."""
    lines = [HEAD, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    cells = (
        [f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in cells)


def as_object(device: Device, seen: Seen) -> dict[str, Any]:
    """Return what a program gets of a device. last_seen, offline_by: see Seen.times, or null."""
    online, offline = seen.times(device.name)
    return {
        **device.facts(),
        "last_seen": online or None,
        "offline_by": offline or None,
        "info": device.info,
        "crash": device.crash,
        "desired": device.desired,
        "reported": device.reported,
        "job": device.job,
        "odd": device.odd,
    }


def counts(devices: Iterable[Device], total: int) -> str:
    """Return how many there are, in a line."""
    states = Counter(device.online for device in devices)
    parts = [f"{states[True]} online", f"{states[False]} offline"]
    if states[None]:
        parts.append(f"{states[None]} not heard")
    shown = states.total()
    return f"{shown} of {total} devices: {', '.join(parts)}"


def show(device: Device, seen: Seen, now_s: float) -> str:
    """Return all that is known of one device, in lines."""
    info = device.info or {}
    lines = [f"{device.name}: {seen.state(device, now_s)}"]
    for name in ("fw", "board", "chip", "tags", "tz", "persona", "nonce", "pins"):
        if name in info:
            value = info[name]
            text = " ".join(map(str, value)) if isinstance(value, list) else value  # pyright: ignore
            lines.append(f"  {name:9} {plain(text)}")
    if device.info:
        lines.append(f"  tools     {plain(' '.join(info['tools']))}")
    for name in ("crash", "desired", "reported", "job"):
        body = getattr(device, name)
        if body is not None:
            lines.append(f"  {name:9} {plain(json.dumps(body, ensure_ascii=False))}")
    lines += [f"  garbage   {plain(kind)}: {plain(why)}" for kind, why in device.odd.items()]
    return "\n".join(lines)


def why(device: Device, all_devices: Sequence[Device], seen: Seen, now_s: float) -> list[str]:
    """Return what may be wrong with a device, each with what to do; nothing if nothing is seen."""
    found: list[str] = []
    if device == Device(device.name):
        near = get_close_matches(device.name, [other.name for other in all_devices], 1)
        what = f"; there is {near[0]}" if near else ""
        return [
            f"the broker keeps nothing of {device.name}{what}: it has never been connected here"
        ]
    if device.online is None:
        found.append(
            "it never said online: the access rules may forbid it to, or others took it back"
        )
    elif not device.online:
        state = seen.state(device, now_s)
        found.append(f"{state}: the broker misses it; look at its supply, Wi-Fi, key and console")
    if device.info is None:
        found.append("it has not said what it is (up/info): it has not come online completely")
    if device.crash is not None:
        text = plain(json.dumps(device.crash, ensure_ascii=False))
        found.append(f"it has crashed: {text}")
    reported = device.reported or {}
    if device.drift and reported.get("err"):
        found.append(f"it refused the desired settings: {plain(reported['err'])}")
    elif device.drift:
        wanted = (device.desired or {}).get("v")
        found.append(
            f"settings {wanted} are wanted, {reported.get('v', 'none')} reported: "
            + ("it has not answered yet" if device.online else "it takes them when it is back")
        )
    if device.job and device.job.get("state") not in (None, "done"):
        found.append(f"update: {plain(json.dumps(device.job, ensure_ascii=False))}")
    for kind, problem in device.odd.items():
        whose = "an operator" if kind == wire.DESIRED else "it, or somebody with its rights,"
        found.append(f"{kind}: {whose} sent what is no message: {plain(problem)}")
    return found + _unlike_others(device, all_devices)


def _unlike_others(device: Device, others: Sequence[Device]) -> list[str]:
    info = device.info or {}
    found: list[str] = []
    same_nonce = [o.name for o in others if o.name != device.name and o.info and info]
    same_nonce = [n for n in same_nonce if _nonce(others, n) == info.get("nonce")]
    if same_nonce:
        found.append(f"it has the boot nonce of {', '.join(same_nonce[:3])}: a copy of its flash?")
    versions = Counter(o.info.get("fw") for o in others if o.info)
    common = versions.most_common(1)
    if info and common and common[0][0] != info.get("fw") and common[0][1] * 2 > len(others):
        most = plain(common[0][0])
        found.append(f"firmware {plain(info.get('fw'))}, most others have {most}")
    return found


def _nonce(devices: Sequence[Device], name: str) -> object:
    return next((d.info.get("nonce") for d in devices if d.name == name and d.info), None)
