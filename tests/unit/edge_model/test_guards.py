"""What a word of denial stops, and what it does not."""

import pytest

from cloud_proxy.edge_model.grammar import Call
from cloud_proxy.edge_model.guards import contrary, forbidden
from cloud_proxy.edge_model.sentence import read

OFF = Call("gpio_write", {"pin": 5, "value": 0})
ON = Call("gpio_write", {"pin": 5, "value": 1})
GONE = Call("script_delete", {"name": "party"})
DENIED = [
    ("do not turn 5 off", OFF),
    ("I no longer need 5 dark, turn it on", ON),
    ("the lamp on 5 isn't needed any more, turn it on", ON),
    ("I don't want the script party deleted", GONE),
    ("5 is not used, turn it off", OFF),
    ("no, please not now, I said 5", ON),
    ("turn 5 on, no don't", ON),
    ("please don't, it is not safe to turn 5 on", ON),
    ("turn 5 on unless nobody is home", ON),
    ("turn on 5? I'd rather not", ON),
    ("5 on, but not 4", ON),
]
NEEDLESS = [
    ("nobody is home, turn 5 off", OFF),
    ("milk should not spoil: turn 5 on", ON),
    ("drop the script party, we are not playing it now", GONE),
    ("turn 5 on because the kids can't sleep", ON),
    ("turn 5 off, won't you", OFF),
    ("turn 5 on if it's not too much trouble", ON),
    ("I no longer need 5, turn it off", OFF),
    ("the script party isn't needed any more, delete it", GONE),
    ("we don't need 5 anymore, turn it off", OFF),
    ("the script party is not used any longer, drop it", GONE),
]


def pins(said):
    """Return which words of a sentence are numbers: what the calls were read from."""
    return [i for i, token in enumerate(read(said).tokens) if token.kind == "num"]


@pytest.mark.parametrize(("said", "call"), DENIED)
def test_a_denial_stops_a_change(said, call):
    assert forbidden(read(said), [call], pins(said))


@pytest.mark.parametrize(("said", "call"), NEEDLESS)
def test_manners_and_what_nobody_needs_stop_nothing(said, call):
    assert not forbidden(read(said), [call], pins(said))


def writes(**levels):
    """Return a call for each pin: writes(p5=1) writes 1 to pin 5."""
    return [Call("gpio_write", {"pin": int(p[1:]), "value": v}) for p, v in levels.items()]


CONTRARY = [
    ("switch off 17, 23 and 27 and switch on 33", writes(p17=0, p23=0, p27=1, p33=1)),
    ("switch off 2 and also 4 and also 5 we have to go", writes(p2=0, p4=0, p5=1)),
    ("4 and 5 low please", writes(p4=1, p5=0)),
    ("when 5 rises turn off 4", [Call("rule_set", {"when": {}, "do": [
        {"tool": "gpio_write", "args": {"pin": 4, "value": 1}}]})]),
]  # fmt: skip
AGREED = [
    ("switch off 17, 23 and 27 and switch on 33", writes(p17=0, p23=0, p27=0, p33=1)),
    ("turn off 4 and 5 on", writes(p4=0, p5=1)),
    ("turn off the relay on 4", writes(p4=0)),
    ("cut the power on pin 6", writes(p6=0)),
    ("turn on 4 then kill 5", writes(p4=1, p5=0)),
    ("turn 4 on and 5 and 6 off", writes(p4=1, p5=0, p6=0)),
]


@pytest.mark.parametrize(("said", "calls"), CONTRARY)
def test_a_level_that_the_words_beside_contradict_is_doubtful(said, calls):
    assert contrary(read(said), calls)


@pytest.mark.parametrize(("said", "calls"), AGREED)
def test_a_level_that_the_words_beside_give_is_not(said, calls):
    assert not contrary(read(said), calls)
