"""The seven sentences of the demo through the real line, asserted on pins, flash and ledger."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from host.broker import find_mosquitto
from host.lab import Lab

KINDS = [
    pytest.param(
        "mosquitto",
        marks=pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not installed"),
    ),
    "iotcore",
]


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(broker_kind=request.param) as lab:
        yield lab


def stored(lab: Lab, name: str) -> Any:
    """Return a document as it lies on the board's flash, without its seal."""
    return json.loads(lab.board.files.read(f"/data/{name}").rsplit(b"\n", 1)[0])


def test_a_sentence_lights_the_led(lab: Lab) -> None:
    answer = lab.person.ask("turn on the led on pin 2")
    assert answer["ok"], answer
    assert lab.board.pin(2).value == 1
    assert [call["result"] for call in answer["calls"]] == [{"pin": 2, "value": 1}]


def test_a_question_reads_the_pin(lab: Lab) -> None:
    before = list(lab.board.pin(2).history)
    answer = lab.person.ask("is pin 2 on?")
    assert answer["ok"] and "on" in answer["text"]
    assert [call["tool"] for call in answer["calls"]] == ["gpio_read"]
    assert list(lab.board.pin(2).history) == before


def test_a_fact_is_kept_on_the_flash(lab: Lab) -> None:
    assert lab.person.ask("remember that the pump is on gpio 5")["ok"]
    assert stored(lab, "memory") == {"pump": "gpio 5"}


def test_the_board_tells_what_it_remembers(lab: Lab) -> None:
    answer = lab.person.ask("what do you remember?")
    assert answer["ok"] and "pump" in answer["text"] and "gpio 5" in answer["text"]


def test_a_remembered_name_drives_its_pin(lab: Lab) -> None:
    assert lab.person.ask("turn on the pump")["ok"]
    assert lab.board.pin(5).value == 1


def test_a_question_out_of_scope_is_declined_without_a_call(lab: Lab) -> None:
    levels = {n: lab.board.pin(n).value for n in lab.spec.pins.usable}
    answer = lab.person.ask("who won the world cup?")
    assert answer["text"] and not answer.get("calls")
    assert {n: lab.board.pin(n).value for n in lab.spec.pins.usable} == levels


def test_rules_fire_on_time_while_the_broker_is_stopped(lab: Lab) -> None:
    assert lab.person.ask("blink pin 2 every 10 seconds")["ok"]
    assert lab.person.ask("in 20 minutes turn pin 2 off")["ok"]
    rules = stored(lab, "rules")
    whens = [rule["when"] for rule in rules.values()]
    assert {"every_s": 10} in whens and {"in_s": 1200} in whens
    start = len(lab.board.pin(2).history)
    lab.broker.stop()
    lab.world.run(seconds=1205)
    edges = list(lab.board.pin(2).history)[start:]
    times = [t for t, _ in edges]
    assert 119 <= len(edges) <= 122
    steps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert all(abs(step - 10) < 0.1 for step in steps[:-2])
    assert edges[-1][1] == 0 or lab.board.pin(2).value == 0
    assert [rule["when"] for rule in stored(lab, "rules").values()] == [{"every_s": 10}]
    lab.end_outage()


def test_the_ledger_has_a_row_for_each_request(lab: Lab) -> None:
    assert lab.proxy
    sentences = {answer["id"] for answer in lab.person.answers}
    rows = lab.proxy.report(rows=True)
    assert len(rows) == len(sentences) == 8
    assert {row["tier"] for row in rows} == {"edge"}
    assert all(row["device"] == lab.device and row["outcome"] == "ok" for row in rows)
    assert all(row["input_tokens"] > 0 and row["cost_ud"] == 0 for row in rows)


def test_the_board_answers_again_after_the_outage(lab: Lab) -> None:
    assert lab.person.ask("turn off the pump")["ok"]
    assert lab.board.pin(5).value == 0
