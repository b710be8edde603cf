"""The conversation: what outlives a restart, and what waits for a person's yes."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from firmware import wire
from host.boards import BOARDS_DIR, BoardSpec
from host.lab import Lab
from tests.system.scripted_proxy import ScriptedProxy, final
from tests.system.test_survival import Shelf, sealed
from tests.system.test_trouble import on

CONFIRM = ("gpio_write", "rule_delete")
IMPATIENT = {"llm": {"ttl_s": 3, "try_s": 2}}


def kept(lab: Lab) -> Any:
    """Return the conversation as it lies on the flash."""
    if not lab.board.files.exists("/data/history"):
        return []
    return json.loads(lab.board.files.read("/data/history").rsplit(b"\n", 1)[0])


def wait_kept(lab: Lab, text: str) -> Any:
    """Return the conversation once its last turn, of this sentence, lies on the flash."""
    turn = json.dumps([[{"u": text}]])[:-2]
    lab.world.wait_for(lambda: json.dumps(kept(lab)[-1:]).startswith(turn), 10, text)
    return kept(lab)


class Talk:
    """A board that asks before CONFIRM, and a proxy that says what the test wants."""

    def __init__(self) -> None:
        self.lab = Lab(settings=IMPATIENT, proxy=False)
        self.proxy = ScriptedProxy(self.lab)
        policy = json.loads(self.lab.board.files.read("/board.json")) | {"confirm": CONFIRM}
        self.restart({"/board.json": json.dumps(policy).encode()})

    def restart(self, files: dict[str, bytes] | None = None) -> None:
        """Cut the power, put files on the flash, and wait until the board is back."""
        hello = self.lab.hellos() + 1
        self.lab.board.power_cut()
        for path, data in (files or {}).items():
            self.lab.board.files.write(path, data)
        self.lab.board.start()
        self.lab.wait_online(hello=hello)

    def say(self, text: str, **reply: Any) -> dict[str, Any]:
        """Say a sentence to which the model, if it is asked, replies so; return the answer."""
        self.proxy.script = lambda request: [final(request, **reply)]
        return self.lab.person.ask(text, timeout_s=20)

    def type(self, text: str, want: str, **reply: Any) -> None:
        """Type a sentence on the serial line and wait for a text in the answer."""
        self.proxy.script = lambda request: [final(request, **reply)]
        serial = self.lab.board.serial
        seen = len(serial.text)
        serial.write(text.encode() + b"\r\n")
        self.lab.world.wait_for(lambda: want in serial.text[seen:], 20, want)

    @property
    def asked(self) -> int:
        """Return how many requests the model has had."""
        return len(self.proxy.requests)

    @property
    def carried(self) -> list[str]:
        """Return the sentences of the last request, oldest first."""
        return [entry["u"] for entry in self.proxy.requests[-1]["msgs"] if "u" in entry]

    def level(self, pin: int) -> int:
        return self.lab.board.pin(pin).value or 0

    def close(self) -> None:
        self.proxy.close()
        self.lab.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Talk]:
    talk = Talk()
    yield talk
    talk.close()


@pytest.fixture
def talk(shared: Talk) -> Talk:
    """Return the board with nothing on its mind: no history, no rules, no pin on."""
    files = shared.lab.board.files
    for name in ("history", "rules", "scripts", "turn", "limits"):
        if files.exists(f"/data/{name}"):
            files.remove(f"/data/{name}")
    shared.restart()
    return shared


def test_the_next_sentence_after_a_restart_carries_the_turns_before(talk: Talk) -> None:
    read = {"tool": "gpio_read", "args": {"pin": 4}}
    assert (
        talk.say("read pin 4", say="it is {0.value:off|on}", calls=[read])["text"] == "it is off"
    )
    assert talk.say("and pin 5?", say="off too")["ok"]
    assert not talk.say("and pin 6?", err="upstream", why="no luck")["ok"]
    wait_kept(talk.lab, "and pin 5?")
    talk.restart()
    assert talk.say("is it still so?", say="yes")["ok"]
    assert talk.proxy.requests[-1]["msgs"] == [
        {"u": "read pin 4"},
        {"a": "it is off", "calls": [read]},
        {"u": "and pin 5?"},
        {"a": "off too"},
        {"u": "is it still so?"},
    ]


def test_a_turn_of_two_rounds_is_kept_whole(talk: Talk) -> None:
    read = {"tool": "gpio_read", "args": {"pin": 4}}

    def script(request: dict[str, Any]) -> list[bytes]:
        if "r" in request["msgs"][-1]:
            return [final(request, say="it is off")]
        return [json.dumps({"id": request["id"], "fin": True, "calls": [read]}).encode()]

    talk.proxy.script = script
    assert talk.lab.person.ask("read pin 4")["text"] == "it is off"
    wait_kept(talk.lab, "read pin 4")
    talk.restart()
    assert talk.say("really?", say="yes")["ok"]
    kinds = [min(entry) for entry in talk.proxy.requests[-1]["msgs"]]
    assert kinds == ["u", "a", "r", "a", "u"]


def test_only_a_turn_that_went_well_is_written(talk: Talk) -> None:
    assert talk.say("hello", say="hello")["ok"]
    before = wait_kept(talk.lab, "hello")
    for why in ("busy", "budget"):
        assert not talk.say("what now?", err=why)["ok"]
    assert "uptime_s" in talk.say("/status")["text"]
    assert kept(talk.lab) == before


# What lies on the flash under a right checksum; the sentences that fail on it, at most.
ODD_HISTORY: dict[str, tuple[Any, int]] = {
    "no turns": ([], 0),
    "a number for a turn": ([1], 1),
    "a text for a turn": (["u"], 1),
    "turns that are empty": ([[], []], 0),
    "a turn of numbers": ([[1, 2]], 1),
    "an entry of no kind": ([[{"x": 1}]], 1),
    "a sentence that is no text": ([[{"u": [1]}, {"a": "yes"}]], 1),
    "calls that are no list": ([[{"u": "hi"}, {"a": "yes", "calls": 5}]], 1),
    "an object for all": ({"u": "hi"}, 0),
    "far more than its bound": ([[{"u": "x" * 900}, {"a": "y"}]] * 4, 1),
}


@pytest.mark.parametrize(("document", "fails"), ODD_HISTORY.values(), ids=ODD_HISTORY)
def test_a_conversation_on_the_flash_that_is_odd(document: Any, fails: int) -> None:
    with Lab() as lab:
        lab.board.power_cut()
        lab.board.files.write("/data/history", sealed(document))
        lab.board.start()
        lab.wait_online(hello=2)
        answers = [lab.person.ask("turn on pin 2") for _ in range(fails + 1)]
        assert answers[-1]["ok"] and lab.board.pin(2).value == 1
        assert lab.board.boots == 2 and "a task failed" not in lab.board.serial.text
        assert len(json.dumps(wait_kept(lab, "turn on pin 2"))) < 1000


ODD_NOTES: dict[str, Any] = {
    "nothing": {},
    "no calls": {"id": "1"},
    "no id": {"calls": "gpio_write"},
    "numbers": {"id": 1, "calls": 2},
    "lists": {"id": [1], "calls": [[2], {}]},
    "objects": {"id": {}, "calls": {"a": 1}},
    "what only a rule's turn has": {"id": "rule", "0": True, "done": 1},
    "far too much": {"id": "1", "calls": "x" * 3900},
}


@pytest.mark.parametrize("note", ODD_NOTES.values(), ids=ODD_NOTES)
def test_a_note_of_a_turn_with(note: Any) -> None:
    with Shelf({"/data/turn": sealed(note)}) as shelf:
        text = shelf.run(seconds=20) + shelf.enter("/status")
        assert "a task failed" not in text and "uptime_s" in text
        assert shelf.stored("turn") == {} and shelf.board.boots == 1


def test_a_person_cannot_pass_for_a_rule(talk: Talk) -> None:
    read = {"tool": "gpio_read", "args": {"pin": 4}}
    talk.proxy.script = lambda request: [final(request, say="off", calls=[read])]
    body = {"id": "mine", "text": "read pin 4", "done": True, "0": True}
    talk.lab.person.publish(wire.CHAT, json.dumps(body).encode())
    assert talk.lab.person.answer_to("mine", 10)["text"] == "off"
    assert "a task failed" not in talk.lab.board.serial.text


OFF = {"tool": "gpio_write", "args": {"pin": 2, "value": 0}}
READ = {"tool": "gpio_read", "args": {"pin": 4}}
REMEMBER = {"tool": "memory_set", "args": {"key": "pump", "value": "gpio 5"}}
RULE = {"name": "lamp", "when": {"every_s": 600}, "do": [{"repeat": 2, "do": [on(2)]}]}
SAFE_RULE = {"name": "safe", "when": {"every_s": 600}, "do": [READ]}
SCRIPT = {"name": "lamp_on", "steps": [on(2)]}

# What a model calls, and whether the board asks before.
ASKS: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "a tool of the list": ([on(2)], True),
    "a tool that is not in the list": ([READ], False),
    "one of several": ([READ, REMEMBER, on(2)], True),
    "a rule with such a step": ([{"tool": "rule_set", "args": RULE}], True),
    "a rule without": ([{"tool": "rule_set", "args": SAFE_RULE}], False),
    "a script with such a step": ([{"tool": "script_set", "args": SCRIPT}], True),
}


@pytest.mark.parametrize(("calls", "asks"), ASKS.values(), ids=ASKS)
def test_the_board_asks_before(talk: Talk, calls: list[dict[str, Any]], asks: bool) -> None:
    answer = talk.say("please", say="done so", calls=calls)
    assert answer["ok"] and ("Say yes" in answer["text"]) == asks
    files = talk.lab.board.files
    stored = [n for n in ("rules", "scripts") if files.exists(f"/data/{n}")]
    if asks:
        assert not answer.get("calls") and not stored and talk.level(2) == 0
        for call in calls:
            assert call["tool"] in answer["text"]
        answer = talk.say("yes", err="upstream")
    assert answer["ok"] and answer["text"] == "done so"
    assert [call["tool"] for call in answer["calls"]] == [call["tool"] for call in calls]
    assert talk.asked and talk.proxy.requests[-1]["msgs"][-1] == {"u": "please"}


# What the person says next; what became of it: done, dropped, dropped and taken as a new sentence.
DONE, DROPPED, NEW = "done", "dropped", "new"
REPLIES: dict[str, tuple[str, float, str]] = {
    "yes": ("yes", 0, DONE),
    "Yes!": ("Yes!", 0, DONE),
    "y": ("y", 0, DONE),
    "OK.": ("OK.", 0, DONE),
    "do it": ("do it", 0, DONE),
    "yes after 50 s": ("yes", 50, DONE),
    "yes after a minute": ("yes", 61, DROPPED),
    "no": ("no", 0, DROPPED),
    "No.": ("No.", 0, DROPPED),
    "another sentence": ("read pin 4", 0, NEW),
    "yes and more": ("yes, but pin 4", 0, NEW),
    "a word like no": ("now read pin 4", 0, NEW),
}


@pytest.mark.parametrize(("text", "wait_s", "fate"), REPLIES.values(), ids=REPLIES)
def test_what_waits_for_a_yes_gets(talk: Talk, text: str, wait_s: float, fate: str) -> None:
    question = talk.say("turn it on", say="It is {0.value:off|on}.", calls=[on(2)])["text"]
    assert "gpio_write" in question and "pin: 2" in question and "value: 1" in question
    asked = talk.asked
    talk.lab.world.run(seconds=wait_s)
    answer = talk.say(text, say="Pin 4 is {0.value:off|on}.", calls=[READ])
    assert answer["ok"]
    assert talk.level(2) == (fate == DONE)
    assert talk.asked == asked + (fate == NEW)
    if fate == DONE:
        assert answer["text"] == "It is on." and answer["calls"][0]["result"]["value"] == 1
        assert ", confirmed (gpio_write" in talk.say("/why 2")["text"]
    else:
        assert answer["text"].startswith("Not done, as no yes came within 60 s: gpio_write")
        assert answer["text"].endswith("Pin 4 is off.") == (fate == NEW)
    # It is dropped or done: another yes is a sentence like any other.
    assert talk.say("yes", say="Yes what?")["text"] == "Yes what?"
    assert talk.carried[:2] == ["turn it on", text]


def test_a_call_that_a_model_would_comment_on_is_told_by_the_board(talk: Talk) -> None:
    reply = {"fin": True, "say": "I switch it on.", "calls": [on(2), READ]}
    talk.proxy.script = lambda r: [json.dumps({"id": r["id"], **reply}).encode()]
    assert "Say yes" in talk.lab.person.ask("turn on pin 2")["text"]
    answer = talk.say("yes", err="upstream")
    assert answer["ok"] and "gpio_write {" in answer["text"] and "gpio_read {" in answer["text"]
    assert talk.level(2) == 1


def test_what_a_reply_cost_is_told_with_the_question_and_not_again(talk: Talk) -> None:
    use = {"tier": "premium", "in": 90, "out": 12, "ud": 40}
    assert talk.say("turn on pin 2", say="on", calls=[on(2)], use=use)["use"] == use
    answer = talk.say("yes", err="upstream")
    assert answer["ok"] and not answer.get("use")
    assert "for 40 micro-dollars" in talk.say("/why 2")["text"]


def test_a_confirmed_call_that_fails_leaves_no_trace(talk: Talk) -> None:
    assert "Say yes" in talk.say("turn on pin 7", say="on", calls=[on(7)])["text"]
    answer = talk.say("yes")
    assert not answer["ok"] and "flash chip" in answer["text"]
    assert talk.say("hello", say="hello")["ok"]
    assert talk.carried == ["turn on pin 7", "hello"]


def test_a_yes_from_the_other_line_is_not_the_same_persons(talk: Talk) -> None:
    assert "Say yes" in talk.say("turn on pin 2", say="on", calls=[on(2)])["text"]
    talk.type("yes", "Yes what?", say="Yes what?")
    assert talk.level(2) == 0
    assert talk.say("yes")["text"] == "on" and talk.level(2) == 1
    # One is all that waits: the newer question takes the older one's place.
    assert "Say yes" in talk.say("turn off pin 2", say="off", calls=[OFF])["text"]
    talk.type("turn on pin 4", "Say yes", say="four is on", calls=[on(4)])
    assert talk.say("yes", say="Yes what?")["text"] == "Yes what?" and talk.level(2) == 1
    talk.type("yes", "four is on")
    assert talk.level(4) == 1


def test_what_waits_for_a_yes_does_not_outlive_a_restart(talk: Talk) -> None:
    assert "Say yes" in talk.say("turn on pin 2", say="on", calls=[on(2)])["text"]
    wait_kept(talk.lab, "turn on pin 2")
    talk.restart()
    assert talk.say("yes", say="Yes what?")["text"] == "Yes what?"
    assert talk.level(2) == 0 and talk.carried == ["turn on pin 2", "yes"]


ASKING = {"every_s": 5}
RULES: dict[str, tuple[dict[str, Any], str, int]] = {
    "that the person stored runs": ({"when": ASKING, "do": [on(2)]}, '"value": 1', 1),
    "whose model wants such a tool is refused": (
        {"when": ASKING, "do": [{"tool": "ask", "args": {"prompt": "turn on pin 2"}}]},
        "gpio_write needs a person's yes",
        0,
    ),
}


@pytest.mark.parametrize(("rule", "want", "level"), RULES.values(), ids=RULES)
def test_a_rule(talk: Talk, rule: dict[str, Any], want: str, level: int) -> None:
    talk.proxy.script = lambda request: [final(request, say="on", calls=[on(2)])]
    seen = len(talk.lab.person.events)
    talk.restart({"/data/rules": sealed({"tide": rule | {"on": True}})})
    talk.lab.world.run(seconds=6)
    talk.lab.person.wait_until(
        lambda: any(want in json.dumps(e) for e in talk.lab.person.events[seen:]), 10, want
    )
    assert talk.level(2) == level
    # What a rule was refused waits for nobody's yes.
    assert talk.say("yes", say="Yes what?")["text"] == "Yes what?" and talk.level(2) == level


TYPED: dict[str, tuple[bytes, str]] = {
    "a line": (b"/safe\n", "/safe\nthis is not safe mode\n"),
    "a line that ends as terminals do": (b"/safe\r", "/safe\nthis is not safe mode\n"),
    "a line that was pasted": (b"/safe\r\n", "/safe\nthis is not safe mode\n"),
    "empty lines": (b"\r\n\n \n", " "),
    "a letter taken back": (b"/sage\x7f\x7ffe\n", "/sage\b \b\b \bfe\nthis is not safe mode\n"),
    "more taken back than was typed": (b"x\b\b/safe\n", "x\b \b\b \b/safe\nthis is not"),
    "letters of two bytes": ("ä\x7f/safe\n".encode(), "ä\b \b/safe\nthis is not safe mode\n"),
}


@pytest.mark.parametrize(("typed", "shown"), TYPED.values(), ids=TYPED)
def test_the_serial_line_echoes(typed: bytes, shown: str) -> None:
    with Shelf() as shelf:
        shelf.run(seconds=1)
        shelf.board.serial.write(typed)
        text = shelf.run(seconds=1).replace("\r\n", "\n")
        assert text.startswith(shown), repr(text)
        assert text.count("this is not safe mode") == (b"safe" in typed or b"sage" in typed)


def test_a_board_file_may_only_list_tools_that_there_are() -> None:
    data = tomllib.loads((BOARDS_DIR / "esp32-devkit.toml").read_text())
    assert BoardSpec.model_validate(data).for_chip()["confirm"] == ()
    good = BoardSpec.model_validate(data | {"confirm": list(CONFIRM)})
    assert good.for_chip()["confirm"] == CONFIRM
    for name, why in (
        ("gpio_wirte", "there is no tool gpio_wirte"),
        ("delay", "there is no tool delay that a model calls"),
        ("script_run", "list what is in their steps"),
    ):
        with pytest.raises(ValueError, match=why):
            BoardSpec.model_validate(data | {"confirm": [name]})
