"""A conversation recorded with the real proxy and replayed without any."""

import json
from pathlib import Path

from host.lab import Lab
from host.replies import Recorder, Replayer

SENTENCES = ("turn on the led on pin 2", "is pin 2 on?")


def converse(lab: Lab) -> list[tuple[str, bool, int]]:
    said = [lab.person.ask(sentence) for sentence in SENTENCES]
    return [(answer["text"], answer["ok"], lab.board.pin(2).value) for answer in said]


def test_a_conversation_is_replayed_without_a_model(tmp_path: Path):
    file = tmp_path / "replies.jsonl"
    with Lab() as lab:
        assert lab.proxy
        where = (lab.broker.host, lab.broker.port, lab.device)
        with Recorder(*where, file):
            first = converse(lab)
        lab.proxy.stop()
        assert [level for _, _, level in first] == [1, 1]
        recorded = [json.loads(line)["msgs"][-1] for line in file.read_text().splitlines()]
        assert [msg["u"] for msg in recorded if "u" in msg] == list(SENTENCES)

        lab.board.serial.write(b"/factory-reset confirm\n")  # it forgets the conversation too
        lab.wait_online(hello=2)
        assert lab.board.pin(2).value == 0
        with Replayer(*where, file) as replayer:
            assert converse(lab) == first
            assert (replayer.missing, replayer.answered) == ([], len(recorded))
            unknown = lab.person.ask("open the window")
            assert not unknown["ok"] and len(replayer.missing) == 1
