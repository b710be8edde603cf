"""An operator's commands and desired settings: what he signed is done once, and nothing else is."""

import json
import secrets
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware import wire
from host import signing
from host.lab import Lab
from host.mqtt import leave
from host.person import Person

KEY = signing.new_key()
LIMITS = {"pin_per_minute": 1_000_000}
ON = {"tool": "gpio_write", "args": {"pin": 2, "value": 1}}
OFF = {"tool": "gpio_write", "args": {"pin": 2, "value": 0}}
ANSWER_S = 30.0


class Operator:
    """One who holds the key of a board, and a spy who hears all that the board says."""

    def __init__(self, lab: Lab, device: str | None = None) -> None:
        self.lab = lab
        self.device = device or lab.device
        self.heard: list[tuple[str, bytes, bool]] = []
        self._changed = threading.Condition()
        ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=secrets.token_hex(4))
        self._client.on_socket_open = Person.no_delay
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(
            wire.topic(self.device, "up/#"), 1
        )
        self._client.max_inflight_messages_set(1000)
        self._client.connect(lab.broker.host, lab.broker.port)
        self._client.loop_start()
        assert ready.wait(ANSWER_S)
        self.n = 0

    def _on_message(self, _: Any, __: Any, message: mqtt.MQTTMessage) -> None:
        _device, kind = wire.split(message.topic)
        with self._changed:
            self.heard.append((kind, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Return what the board has said of a kind, checked against the contract."""
        return [wire.decode(kind, body, 65_536) for k, body, _ in self.heard if k == kind]

    def await_body(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the first message of a kind that has these fields."""

        def find() -> dict[str, Any] | None:
            found = (b for b in self.bodies(kind) if fields.items() <= b.items())
            return next(found, None)

        with self._changed:
            assert self._changed.wait_for(lambda: find() is not None, ANSWER_S), (
                f"no {kind} with {fields}; its console says:\n{self.lab.board.serial.text}"
            )
            found = find()
        assert found is not None
        return found

    @property
    def nonce(self) -> str:
        """The nonce of the last birth message."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.bodies(wire.INFO)), ANSWER_S)
        return self.bodies(wire.INFO)[-1]["nonce"]

    def signed(self, *calls: dict[str, Any], id: str | None = None, **more: Any) -> bytes:
        """Return the next command."""
        self.n += 1
        fields: dict[str, Any] = {"key": KEY, "device": self.device, "nonce": self.nonce}
        fields |= {"id": id or f"c{self.n}", "n": self.n, "calls": calls}
        return signing.command(**fields | more)

    def send(self, payload: bytes, kind: str = wire.COMMAND, retain: bool = False) -> None:
        self._client.publish(wire.topic(self.device, kind), payload, 1, retain)

    def do(self, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        payload = self.signed(*calls, **more)
        self.send(payload)
        return self.await_body(wire.RESULT, id=json.loads(payload[64:])["id"])

    def mark(self) -> None:
        """Return when the board has dealt with all that was sent before."""
        assert self.do({"tool": "get_time", "args": {}}, id=secrets.token_hex(4))["n"] == self.n

    def close(self) -> None:
        leave(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()


@pytest.fixture
def operator() -> Iterator[Operator]:
    with (
        Lab(proxy=False, settings={"cmd_key": KEY, "limits": LIMITS}) as lab,
        Operator(lab) as operator,
    ):
        yield operator


def test_a_command_is_carried_out_and_answered_and_leaves_its_reason(operator: Operator) -> None:
    result = operator.do(ON, {"tool": "gpio_read", "args": {"pin": 2}}, id="night-7")
    assert result == {
        "id": "night-7",
        "n": 1,
        "ok": True,
        "res": [
            ON | {"result": {"pin": 2, "value": 1}},
            {"tool": "gpio_read", "args": {"pin": 2}, "result": {"pin": 2, "value": 1}},
        ],
    }
    assert operator.lab.board.pin(2).value == 1
    assert "because of command night-7 (gpio_write" in operator.lab.person.ask("/why 2")["text"]


NO_SUCH = {"tool": "launch", "args": {}}
FORBIDDEN = {"tool": "gpio_write", "args": {"pin": 6, "value": 1}}
# calls, how many of them are in the result, what is said
FAILING: dict[str, tuple[list[dict[str, Any]], int, str]] = {
    "a pin that the board file forbids": ([ON, FORBIDDEN, OFF], 2, "pin 6 is"),
    "a tool that is not there": ([ON, NO_SUCH, OFF], 2, "there is no tool launch here"),
    "a tool that only steps may call": (
        [ON, {"tool": "delay", "args": {"ms": 1}}, OFF],
        2,
        "there is no tool delay here",
    ),
    "more results than a message holds": (
        [ON, *[{"tool": "memory_list", "args": {}}] * 7],
        7,
        "longer than 4096 bytes",
    ),
}


@pytest.mark.parametrize("calls, made, why", FAILING.values(), ids=FAILING)
def test_a_command_ends_at(
    operator: Operator, calls: list[dict[str, Any]], made: int, why: str
) -> None:
    for key in "abcde" if made == 7 else "":
        remember = {"tool": "memory_set", "args": {"key": key, "value": "x" * 150}}
        assert operator.do(remember)["ok"]
    result = operator.do(*calls)
    assert not result["ok"] and result["err"] == "failed" and why in result["why"]
    assert len(result["res"]) == made and operator.lab.board.pin(2).value == 1


def test_what_came_too_late_is_answered_once_and_not_done(operator: Operator) -> None:
    late = operator.signed(ON, exp=1_600_000_000)
    for _ in range(3):
        operator.send(late)
    operator.mark()
    assert operator.bodies(wire.RESULT)[0] == {
        "id": "c1",
        "n": 1,
        "ok": False,
        "err": "expired",
        "res": [],
    }
    assert len(operator.bodies(wire.RESULT)) == 2 and not operator.lab.board.pin(2).value


# What somebody without the key makes of a command that he has recorded, or of nothing.
FORGERIES = {
    "the same again": lambda good, _: good,
    "without its MAC": lambda good, _: good[64:],
    "with half of its MAC": lambda good, _: good[:32] + good[64:],
    "with a MAC of zeroes": lambda good, _: b"0" * 64 + good[64:],
    "the MAC alone": lambda good, _: good[:64],
    "nothing": lambda good, _: b"\0",
    "another body": lambda good, _: good.replace(b'"value":1', b'"value":0'),
    "with another key": lambda _, op: op.signed(OFF, key=signing.new_key(), n=99),
    "with a key of zeroes": lambda _, op: op.signed(OFF, key="00" * 32, n=99),
    "for another device": lambda _, op: op.signed(OFF, device="barn", n=99),
    "of another boot": lambda _, op: op.signed(OFF, nonce="ab" * 8, n=99),
    "a desired state": lambda _, op: signing.desired(KEY, op.device, v=9, set={}),
    "with an older counter": lambda _, op: op.signed(OFF, n=0),
}


def test_nothing_that_is_forged_or_repeated_does_or_says_anything(operator: Operator) -> None:
    good = operator.signed(ON)
    operator.send(good)
    operator.await_body(wire.RESULT, id="c1")
    operator.do(OFF), operator.do(ON)
    before = len(operator.bodies(wire.RESULT))
    for forge in FORGERIES.values():
        operator.send(forge(good, operator))
    operator.n += 100
    operator.mark()
    assert len(operator.bodies(wire.RESULT)) == before + 1
    assert [level for _, level in operator.lab.board.pin(2).history] == [1, 0, 1]
    # One word a minute says that somebody tries.
    assert [e["name"] for e in operator.bodies(wire.EVENT) if e["e"] == "refused"] == ["down/cmd"]


def test_a_recorded_command_is_dead_after_a_restart(operator: Operator) -> None:
    good = operator.signed(ON)
    operator.send(good)
    operator.await_body(wire.RESULT, id="c1")
    old = operator.nonce
    operator.lab.board.power_cut()
    operator.heard.clear()
    operator.lab.board.start()
    assert operator.nonce != old
    operator.send(good)
    operator.mark()
    assert "c1" not in [b["id"] for b in operator.bodies(wire.RESULT)]
    assert not operator.lab.board.pin(2).value


def test_a_board_without_a_key_takes_no_command() -> None:
    with Lab(proxy=False) as lab, Operator(lab) as operator:
        for key in (KEY, "00" * 32):
            operator.send(operator.signed(ON, key=key))
        operator.send(b'{"id":"c9","n":9,"calls":[]}')
        assert operator.lab.person.ask("/status")["ok"]
        assert not operator.bodies(wire.RESULT) and not lab.board.pin(2).value


FLOOD = 1000
RULE = {
    "tool": "rule_set",
    "args": {"name": "beat", "when": {"every_s": 1}, "do": [{"tool": "gpio_toggle", "args": {"pin": 4}}]},
}  # fmt: skip


def test_a_thousand_forged_messages_in_a_row_leave_rules_and_operator_alone(
    operator: Operator,
) -> None:
    assert operator.do(RULE)["ok"]
    good = operator.signed(ON)
    operator.n += FLOOD
    before = len(operator.lab.board.pin(4).history)
    for number in range(FLOOD):
        operator.send((b"%064x" % number) + good[64:])
    operator.mark()
    assert not operator.lab.board.pin(2).value and operator.do(ON)["ok"]
    assert operator.lab.board.pin(2).value == 1
    seen = len(operator.lab.board.pin(4).history)
    operator.lab.world.wait_for(
        lambda: len(operator.lab.board.pin(4).history) >= seen + 3, 60, "the rule goes on"
    )
    assert seen >= before and operator.lab.board.boots == 1
    refused = [e for e in operator.bodies(wire.EVENT) if e["e"] == "refused"]
    assert 1 <= len(refused) <= 3
    assert "link:" not in operator.lab.board.serial.text


def desire(operator: Operator, v: int, **fields: Any) -> dict[str, Any]:
    operator.send(signing.desired(KEY, operator.device, v=v, set=fields), wire.DESIRED, True)
    return operator.await_body(wire.REPORTED, v=v)


def test_what_is_desired_holds_is_reported_and_outlives_a_restart(operator: Operator) -> None:
    wanted = {"tags": ["cellar"], "limits.calls_per_hour": 7, "tz": "Europe/Paris"}
    assert desire(operator, 1, **wanted) == {"v": 1, "set": wanted}
    operator.await_body(wire.INFO, tags=["cellar"], tz="Europe/Paris")
    assert operator.heard and json.loads(operator.lab.board.files.read("/settings.json"))[
        "limits"
    ] == LIMITS | {"calls_per_hour": 7}
    operator.heard.clear()
    operator.lab.board.reset()
    operator.lab.wait_online(hello=2)
    assert operator.await_body(wire.INFO)["tags"] == ["cellar"]
    assert operator.await_body(wire.REPORTED) == {"v": 1, "set": wanted}
    # It is said of a board that is off, too, and null brings the defaults back.
    defaults = {"tags": [], "limits.calls_per_hour": 60, "tz": "UTC", "persona": "neutral"}
    assert desire(operator, 2, **dict.fromkeys(defaults))["set"] == defaults


# version 1 holds; what comes then, and what is said of it
POISON: dict[str, tuple[int, dict[str, Any], str]] = {
    "a field that would cut the board off": (2, {"broker.host": "evil"}, "cannot be set"),
    "a key": (2, {"cmd_key": "00" * 32}, "cannot be set"),
    "a value of a wrong type": (2, {"limits.calls_per_hour": "many"}, "must be a number"),
    "tags that are none": (2, {"tags": ["g", 5]}, "must be 1 to 32 of"),
    "a field that is not there": (2, {"limits.sun": 1}, "fields: "),
    "a zone that is not there": (2, {"tz": "Mars/Base"}, "no time zone is called"),
}


@pytest.mark.parametrize("v, wanted, why", POISON.values(), ids=POISON)
def test_a_desired_state_is_refused_with(
    operator: Operator, v: int, wanted: dict[str, Any], why: str
) -> None:
    assert "err" not in desire(operator, 1, **{"limits.calls_per_hour": 7})
    before = operator.lab.board.files.read("/settings.json")
    assert why in desire(operator, v, **wanted)["err"]
    assert operator.lab.board.files.read("/settings.json") == before
    # Once more with the same version, mended: what failed was not taken.
    assert operator.do({"tool": "get_status", "args": {}})["ok"]


def test_a_retained_state_that_nobody_signed_or_that_is_old_changes_nothing(
    operator: Operator,
) -> None:
    old = signing.desired(KEY, operator.device, v=1, set={"limits.calls_per_hour": 7})
    operator.send(old, wire.DESIRED)
    operator.await_body(wire.REPORTED, v=1)
    desire(operator, 2, **{"limits.calls_per_hour": 8})
    before = operator.lab.board.files.read("/settings.json")
    for poison in (old, b"garbage", b"0" * 64 + old[64:], old[64:], b"\xff" * 3000):
        operator.send(poison, wire.DESIRED, True)
        hello = operator.lab.hellos() + 1
        operator.lab.board.reset()
        operator.lab.wait_online(hello=hello)
        operator.n = 0
        assert operator.lab.board.files.read("/settings.json") == before
    assert operator.lab.board.boots == 6
