"""`limpet fleet logs`: a line for each thing that devices say."""

import json
import queue
import time
from typing import Any

from firmware import wire
from host.broker_address import Address
from host.fleet_facts import Fleet, look
from host.fleet_show import plain
from host.fleet_where import Where
from host.operator import Operator

_KEPT = (wire.STATUS, wire.CRASH)  # by the broker
_LIVE = (wire.EVENT, wire.ANSWER)
_MAX_WAITING = 100_000  # lines; a terminal that stands still must not fill our memory


def run(
    address: Address, names: list[str], where: Where | None, follow: bool, as_json: bool
) -> None:
    """Print what is kept, and with `follow` what comes, until Ctrl-C. Raises UserError."""
    lines: queue.Queue[tuple[str, str, bytes]] = queue.Queue(_MAX_WAITING)
    fleet = Fleet()
    lost = 0

    def heard(topic: str, payload: bytes) -> None:
        nonlocal lost
        fleet.take(topic, payload)
        try:
            name, kind = wire.split(topic)
            if kind in _KEPT + _LIVE and wire.valid_name(name):
                lines.put_nowait((name, kind, payload))
        except wire.WireError:
            pass
        except queue.Full:
            lost += 1

    with Operator(address, heard) as operator:
        kinds = _KEPT
        if where:  # what it asks about must be known before the first line
            look(operator, fleet, names)
            kinds = ()  # `look` has asked for them
        if follow:
            kinds += _LIVE
        operator.subscribe([wire.topic(name, kind) for name in names or ["+"] for kind in kinds])
        while True:
            try:
                name, kind, payload = lines.get(timeout=0.5) if follow else lines.get_nowait()
            except queue.Empty:
                if not follow:
                    return
                continue
            if where and not where(fleet.find(name).facts()):
                continue
            print(_line(name, kind, payload, as_json), flush=True)
            if lost:
                missed, lost = lost, 0
                print(_line("-", "lost", b"%d messages" % missed, as_json), flush=True)


def _line(name: str, kind: str, payload: bytes, as_json: bool) -> str:
    text = payload.decode("utf-8", "replace")
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        body = text
    if as_json:
        line = {"t": round(time.time(), 3), "device": name, "kind": kind, "body": body}
        return json.dumps(line)
    clock = time.strftime("%H:%M:%S")
    return f"{clock} {name:16} {kind.removeprefix('up/'):10} {plain(_words(kind, body))}"


def _words(kind: str, body: Any) -> str:
    if not isinstance(body, dict):
        return str(body)
    fields: dict[str, Any] = dict(body)  # pyright: ignore[reportUnknownArgumentType]
    if kind == wire.ANSWER and "text" in fields:
        return ("" if fields.get("ok", True) else "failed: ") + str(fields["text"])
    fields.pop("t", None)
    first = [str(fields.pop(key)) for key in ("e", "name", "text", "why") if key in fields]
    rest = json.dumps(fields, ensure_ascii=False) if fields else ""
    return " ".join([*first, rest]).strip()
