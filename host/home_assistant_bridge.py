"""`limpet fleet home-assistant`: stands between Home Assistant and boards, as an operator does.

Home Assistant cannot sign; this process can. What a person switches there becomes a signed
command, so that the board's own rules on pins and rates hold, and neither the broker nor the proxy
can do the same. It polls no faster than it is told, and no two boards at the same moment.
"""

import heapq
import itertools
import json
import queue
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from firmware import wire
from host import home_assistant as ha
from host import signing
from host.broker_address import Address
from host.errors import UserError
from host.fleet_facts import Device, Fleet, look, matching
from host.fleet_where import Where
from host.home_assistant_readings import Readings
from host.home_assistant_update import Updates
from host.keys import Keys
from host.operator import Operator

_LOOK: list[dict[str, Any]] = [
    {"tool": "device_list", "args": {}},
    {"tool": "gpio_read_all", "args": {}},
    {"tool": "get_status", "args": {}},
]
_ANSWER_S = 30.0  # for a command to be answered; then it is forgotten
_SOON_S = 0.3  # after something happened on a board
_AGAIN_S = 2.0  # after an announcement: states that come before it is read are lost
_A_SECOND = 200  # boards that are looked at in one second, at most
_TTL_S = 20  # of a command
_MAX_WAITING = 1000  # things that people want and no board has been told yet

Told = Callable[[str], None]


_READ = "read "  # what a command is for, before the entity


@dataclass
class _Board:
    """What the bridge knows of one board."""

    name: str
    nonce: str = ""
    things: dict[str, ha.Thing] = field(default_factory=dict[str, ha.Thing])
    announcement: bytes = b""
    due_s: float = 0.0  # of the next look
    looked_s: float = 0.0  # when the look under way began, 0 for none
    round_s: float = 0.0  # when the last look began
    counter: int = 0
    readings: Readings = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        self.readings = Readings(self.name)


class Bridge:
    """One connection. told: gets a line for whatever an operator may want to read.

    every_s: between two looks at a board. latest: the newest firmware there is, "" for unknown;
    offer: makes the updates that may be installed, of what tells a line and what looks at a board.
    """

    def __init__(
        self,
        keys: Mapping[str, Keys],
        where: Where | None,
        told: Told,
        *,
        every_s: float = 60.0,
        prefix: str = ha.PREFIX,
        latest: str = "",
        offer: Callable[[Told, Callable[[str], None]], Updates] | None = None,
    ) -> None:
        self._keys, self._where, self._told = keys, where, told
        self._every_s, self._prefix, self._latest = every_s, prefix, latest
        self._events: queue.SimpleQueue[tuple[str, Any, bytes]] = queue.SimpleQueue()
        self._fleet = Fleet(lambda device: self._events.put(("device", device, b"")))
        self._boards: dict[str, _Board] = {}
        self._due: list[tuple[float, int, str]] = []  # a heap: when, a number, device
        self._numbers = itertools.count()
        self._flying: dict[str, tuple[float, str, str]] = {}  # command -> since, device, entity
        self._run = secrets.token_hex(4)
        self._kept: dict[str, bytes] = {}  # announcements that the broker has
        self._changed: set[str] = set()  # boards whose updates have come on
        self._updates = offer(told, self._changed.add) if offer else None

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message: an operator is to call this, from any thread."""
        self._fleet.take(topic, payload)
        self._events.put(("message", topic, payload))

    def open(self, address: Address) -> Operator:
        """Connect and listen. Raises UserError."""
        operator = Operator(address, self.heard, will=(ha.BRIDGE, b"offline"))
        look(operator, self._fleet, list(self._keys))
        kinds = [wire.RESULT, wire.EVENT, wire.ANSWER]
        kinds += [wire.WANTED, wire.PROGRESS] if self._updates else []
        operator.subscribe([f"{wire.ROOT}+/{kind}" for kind in kinds])
        operator.subscribe([f"{ha.ROOT}+/+/set", f"{self._prefix}/status"])
        operator.subscribe([f"{self._prefix}/device/+/config"])
        return operator

    def run(self, operator: Operator, until: Callable[[], bool] = lambda: False) -> None:
        """Serve until `until` says so, or Ctrl-C; say "offline" in the end."""
        was_up = False
        try:
            while not until():
                if operator.connected and not was_up:  # our will may have been carried out
                    operator.begin(ha.BRIDGE, b"online", retain=True)
                was_up = operator.connected
                now_s = time.monotonic()
                wait_s = min(1.0, max(0.0, self._due[0][0] - now_s)) if self._due else 1.0
                with suppress(queue.Empty):
                    event = self._events.get(timeout=wait_s)
                    while True:
                        self._take(operator, *event)
                        event = self._events.get_nowait()
                if was_up:
                    self._look_round(operator)
        finally:
            with suppress(UserError):
                operator.publish(ha.BRIDGE, b"offline", retain=True)

    def remove(self, operator: Operator) -> int:
        """Take back announcements of boards that match, of our keys' if nothing is to match.

        Return how many there were.
        """
        while not self._events.empty():
            self._take(operator, *self._events.get())
        removed = 0
        for topic, kept in self._kept.items():
            name = ha.announced(topic, self._prefix)
            there = self._fleet.find(name)
            if kept and (matching([there], self._where) if self._where else name in self._keys):
                operator.publish(topic, b"", retain=True)
                removed += 1
        return removed

    # -- what comes ----------------------------------------------------------------------------

    def _take(self, operator: Operator, what: str, key: Any, payload: bytes) -> None:
        if what == "device":
            self._met(key)
        elif wanted := ha.wanted(key):
            self._want(operator, *wanted, payload)
        elif key == f"{self._prefix}/status":
            if payload == b"online":  # it has restarted and knows nothing
                self._tell_all(operator)
        elif ha.announced(key, self._prefix):
            self._kept[key] = payload
        elif key.startswith(wire.ROOT):
            self._heard_board(operator, key, payload)

    def _met(self, device: Device) -> None:
        """Look at a board that was born or came back, if it is one of ours."""
        name, info = device.name, device.info
        if name not in self._keys or not device.online or info is None:
            return
        if not matching([device], self._where):
            return
        board = self._boards.get(name)
        if board is None:
            board = self._boards[name] = _Board(name)
            if self._updates:
                self._updates.resume(name, device.job)
            self._soon(board, len(self._boards) / _A_SECOND)
        elif board.nonce != info.get("nonce"):
            self._soon(board, _SOON_S)
        board.nonce = str(info.get("nonce", ""))

    def _want(self, operator: Operator, name: str, entity: str, payload: bytes) -> None:
        board = self._boards.get(name)
        if board is None:
            return
        if entity == "ask":
            text = payload.decode("utf-8", "replace")[: ha.MAX_STATE]
            message = wire.encode({"id": f"ha-{self._run}-{next(self._numbers)}", "text": text})
            operator.begin(wire.topic(name, wire.CHAT), message)
            return
        thing = board.things.get(entity)
        try:
            if entity == "update" and self._updates and payload == ha.INSTALL.encode():
                self._updates.install(operator, self._fleet.find(name))
                self._changed.add(name)
                return
            if thing is None:
                raise ValueError(f"it has no {entity[:32]}")
            if len(self._flying) >= _MAX_WAITING:
                raise ValueError("too much is wanted at once")
            self._command(operator, board, [ha.call(thing, payload)], entity)
        except ValueError as e:
            self._told(f"{name}: {e}")
            self._soon(board, _SOON_S)  # Home Assistant has to see what it is

    def _heard_board(self, operator: Operator, topic: str, payload: bytes) -> None:
        try:
            name, kind = wire.split(topic)
            board = self._boards.get(name)
            if board and kind == wire.WANTED and self._updates:
                self._updates.wanted(operator, name, payload)
                return
            kinds = (wire.RESULT, wire.EVENT, wire.ANSWER, wire.PROGRESS)
            if board is None or kind not in kinds or not payload:
                return
            body: dict[str, Any] = json.loads(payload)
            if kind == wire.RESULT:
                self._result(operator, board, body)
                return
            if kind == wire.PROGRESS:
                if self._updates:
                    self._updates.progress(name, body)
                return
            if kind == wire.ANSWER:
                state, attributes = ha.answer(str(body["text"]), bool(body.get("ok")))
                operator.begin(ha.topic(name, "answer", "state"), state.encode())
                operator.begin(ha.topic(name, "answer", "attributes"), attributes)
            self._soon(board, _SOON_S)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            self._told(f"{topic}: {type(e).__name__}: {str(e)[:80]}")

    def _result(self, operator: Operator, board: _Board, body: dict[str, Any]) -> None:
        _since_s, name, entity = self._flying.pop(str(body.get("id")), (0.0, "", ""))
        if name != board.name:  # somebody else has commanded it
            self._soon(board, _SOON_S)
            return
        if entity.startswith(_READ):
            self._was_read(operator, board, entity.removeprefix(_READ), body)
            return
        if not body["ok"]:
            self._told(f"{name}: {body.get('why') or body.get('err')}")
        if entity:  # something was switched
            self._soon(board, 0.0)
            return
        board.looked_s = 0.0
        if body["ok"]:
            devices, pins, status = [row["result"] for row in body["res"]]
            self._announce(operator, board, ha.things(devices["devices"]))
            states = ha.states(name, board.things.values(), pins["pins"], status)
            self._publish(operator, states | board.readings.states | self._update_state(board))

    def _was_read(
        self, operator: Operator, board: _Board, entity: str, body: Mapping[str, Any]
    ) -> None:
        """Take what a sensor told, or try another way to read it."""
        thing = board.things.get(entity)
        if thing is None or not thing.ways:
            return  # it is another thing meanwhile
        call, told = board.readings.take(thing, body)
        if call:
            self._command(operator, board, [call], _READ + entity)
            return
        if told:
            self._told(f"{board.name}: {told}")
        self._announce(operator, board, list(board.things.values()))
        self._publish(operator, board.readings.states)
        self._read_next(operator, board)

    # -- what is said --------------------------------------------------------------------------

    def _announce(self, operator: Operator, board: _Board, things: Sequence[ha.Thing]) -> None:
        """Announce a board if it is not what it was."""
        topic = ha.config_topic(board.name, self._prefix)
        before = ha.platforms(board.announcement or self._kept.get(topic, b""))
        things = board.readings.known(list(things), before)
        board.things = {thing.entity: thing for thing in things}
        info = self._fleet.find(board.name).info or {}
        latest, installs = self._latest, False
        if self._updates:
            installs = self._updates.fits(info)
            latest = self._updates.version if installs else ""
        now = {e: p for thing in things for e, p in thing.platforms.items()}
        now |= {"update": "update"} if latest else {}
        mine = {e: p for e, p in before.items() if e.startswith("gpio") or e == "update"}
        gone = {e: p for e, p in mine.items() if now.get(e) != p}
        made = ha.discovery(board.name, info, things, latest=latest, installs=installs)
        if made == board.announcement:
            return
        if gone:  # an entity goes when its announcement has nothing but its platform
            parting = [thing for thing in things if thing.entity not in gone]
            told = ha.discovery(
                board.name, info, parting, latest=latest, installs=installs, gone=gone
            )
            operator.begin(topic, told, retain=True)
        if not board.announcement:
            self._told(f"{board.name}: {len(things)} things")
        self._soon(board, _AGAIN_S)
        board.announcement = made
        operator.begin(topic, made, retain=True)

    def _update_state(self, board: _Board) -> dict[str, str]:
        device, topic = self._fleet.find(board.name), ha.topic(board.name, "update", "state")
        info = device.info or {}
        if self._updates:
            return {topic: self._updates.state(device)} if self._updates.fits(info) else {}
        installed = str(info.get("fw", ""))
        return {topic: ha.update_state(installed, self._latest)} if self._latest else {}

    def _tell_all(self, operator: Operator) -> None:
        self._told("Home Assistant has started")
        for number, board in enumerate(self._boards.values()):
            if board.announcement:
                topic = ha.config_topic(board.name, self._prefix)
                operator.begin(topic, board.announcement, retain=True)
            self._soon(board, number / _A_SECOND)

    def _publish(self, operator: Operator, states: Mapping[str, str]) -> None:
        for topic, state in states.items():
            operator.begin(topic, state.encode())

    # -- looking -------------------------------------------------------------------------------

    def _soon(self, board: _Board, in_s: float) -> None:
        """Look at a board then, unless that will be done before."""
        due_s = time.monotonic() + in_s
        if not board.due_s or due_s < board.due_s:
            board.due_s = due_s
            heapq.heappush(self._due, (due_s, next(self._numbers), board.name))

    def _read_next(self, operator: Operator, board: _Board) -> None:
        """Read a sensor that has not been read since the look: one at a time, a board is small."""
        for thing in board.things.values():
            if call := board.readings.due(thing, board.round_s):
                self._command(operator, board, [call], _READ + thing.entity)
                return

    def _look_round(self, operator: Operator) -> None:
        while self._changed:
            board = self._boards.get(self._changed.pop())
            if board:
                self._publish(operator, self._update_state(board))
        if self._updates:
            self._updates.give_up(operator)
        now_s = time.monotonic()
        while self._due and self._due[0][0] <= now_s:
            due_s, _, name = heapq.heappop(self._due)
            board = self._boards[name]
            if board.due_s != due_s:  # it was moved to the front
                continue
            board.due_s = 0.0
            self._soon(board, self._every_s)
            waiting = board.looked_s and now_s < board.looked_s + _ANSWER_S
            if self._fleet.find(name).online and not waiting:
                board.looked_s = now_s
                self._command(operator, board, _LOOK, "")
                board.round_s = now_s
                self._read_next(operator, board)
        for number, (since_s, name, entity) in list(self._flying.items()):
            if now_s < since_s + _ANSWER_S:
                break  # they are in the order in which they were sent
            del self._flying[number]
            if entity and not entity.startswith(_READ):
                self._told(f"{name}: {entity} was not answered")
                self._soon(self._boards[name], 0.0)

    def _command(
        self, operator: Operator, board: _Board, calls: Sequence[dict[str, Any]], entity: str
    ) -> None:
        board.counter = max(board.counter + 1, time.time_ns() // 1_000_000)
        number = f"ha-{self._run}-{next(self._numbers)}"
        payload = signing.command(
            self._keys[board.name].cmd_key,
            board.name,
            board.nonce,
            id=number,
            n=board.counter,
            calls=calls,
            exp=int(time.time()) + _TTL_S,
        )
        self._flying[number] = time.monotonic(), board.name, entity
        operator.begin(wire.topic(board.name, wire.COMMAND), payload)
