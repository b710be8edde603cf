"""What a word of denial stops, and what it does not."""

import pytest

from cloud_proxy.edge_model.grammar import Call
from cloud_proxy.edge_model.guards import forbidden
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
]
NEEDLESS = [
    ("turn 5 off, won't you", OFF),
    ("turn 5 on if it's not too much trouble", ON),
    ("I no longer need 5, turn it off", OFF),
    ("the script party isn't needed any more, delete it", GONE),
    ("we don't need 5 anymore, turn it off", OFF),
    ("the script party is not used any longer, drop it", GONE),
]


@pytest.mark.parametrize(("said", "call"), DENIED)
def test_a_denial_stops_a_change(said, call):
    assert forbidden(read(said), [call])


@pytest.mark.parametrize(("said", "call"), NEEDLESS)
def test_manners_and_what_nobody_needs_stop_nothing(said, call):
    assert not forbidden(read(said), [call])
