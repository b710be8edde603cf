"""What a person takes back in the middle of a sentence is gone before the network reads it."""

import pytest

from cloud_proxy.edge_model.sentence import read

MEMORY = {"pump": "gpio 5", "fan": "gpio 18"}
TAKEN_BACK = {
    "switch on 4 - no, sorry, 5": "switch on 5",
    "toggle 12, no, make that 21": "toggle 21",
    "give me the voltage on 34 - sorry, on 35": "give me the voltage on 35",
    "servo on 27 to twenty, no, thirty degrees": "servo on 27 to thirty degrees",
    "switch on 2, wait no, 4, and switch off 7": "switch on 4 , and switch off 7",
    "turn the fan on - no, the pump, not the fan": "turn the pump on",
    "turn 4 on no wait 5": "turn 5 on",
    "turn 4 on oops I meant 5": "turn 5 on",
    "pin 4 on, pin 5 off, sorry, pin 6 off": "pin 4 on , pin 6 off",
    "turn on 4, hold on, no, 5": "turn on 5",
    "at 7 pm, no, 8 pm turn on 4": "at 8 pm turn on 4",
    "make the strip on 5 red, no, blue": "make the strip on 5 blue",
    "turn 4 on, no, off": "turn 4 off",
    "wait 5 seconds, no, 10 seconds": "wait 10 seconds",
    "every 5 minutes, or rather every 10 minutes, toggle 4": "every 10 minutes , toggle 4",
    "don't turn on 4, no, 5": "don't turn on 5",
}
KEPT = [
    "turn on 4 , sorry for the noise , 5 is loud",
    "turn on pin no 5",
    "turn off relay 4 , no . 5 is broken",
    "turn on 4 , wait 5 seconds , turn it off",
    "turn on 5 , not 4",
    "turn on 4 and no 5",
    "set the servo on 4 to 20 and make it 30",
    "turn on 4 , sorry , 5 was wrong",
    "dim 4 to 40 % , no , 5 degrees",
    "no , 5",
    "is 4 on ? no , 5 is",
    "turn on 4 , no",
]


@pytest.mark.parametrize("said", TAKEN_BACK)
def test_only_what_was_meant_is_left(said):
    assert " ".join(token.text for token in read(said, MEMORY).tokens) == TAKEN_BACK[said]


@pytest.mark.parametrize("said", KEPT)
def test_other_words_stay(said):
    assert " ".join(token.text for token in read(said).tokens) == said
