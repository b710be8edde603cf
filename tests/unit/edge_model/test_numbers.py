"""Numbers as people say them: with halves and points, below zero, and those that only count."""

import pytest

from cloud_proxy.edge_model.sentence import read


def numbers(text):
    """Return (value, unit) of each number in the sentence."""
    return [(t.value, t.unit) for t in read(text).tokens if t.kind == "num"]


SAID = {
    "goes above two and a half volts": [(2500, "mv")],
    "above 2 and a half": [(2.5, "")],
    "three and a half degrees": [(3.5, "deg")],
    "dim 5 to twelve and a half percent": [(5, ""), (12.5, "pct")],
    "one and three quarters volts": [(1750, "mv")],
    "two and a quarter volts": [(2250, "mv")],
    "3 and one half degrees celsius": [(3.5, "c")],
    "toggle 2 and 4": [(2, ""), (4, "")],
    "two point five volts": [(2500, "mv")],
    "three point two five volts": [(3250, "mv")],
    "3 point 3 volts": [(3300, "mv")],
    "zero point eight": [(0.8, "")],
    "2\u00bd volts": [(2500, "mv")],
    "2 1/2 volts": [(2500, "mv")],
    "three thousand three hundred millivolts": [(3300, "mv")],
    "twelve hundred hertz": [(1200, "hz")],
    "a thousand two hundred hertz": [(1200, "hz")],
    "a hundred and twenty-seven": [(127, "")],
    "hundred percent": [(100, "pct")],
    "pin twentyone": [(21, "")],
    "above half a volt": [(500, "mv")],
    "three quarters of a volt": [(750, "mv")],
    "dim 5 to half a percent": [(5, ""), (0.5, "pct")],
    "drops below a volt": [(1000, "mv")],
    "rises above 3v3": [(3300, "mv")],
    "500 milli volts": [(500, "mv")],
    "1.2k hertz": [(1200, "hz")],
    "set half of the pins": [(0.5, "")],
    "make the first twelve of them red": [(12, "")],
    "swing the servo on 5 all the way to one eighty": [(5, ""), (180, "")],
    "servo on 5 to one thirty five degrees": [(5, ""), (135, "deg")],
}
BELOW_ZERO = {
    "below -5": [(-5, "")],
    "below \u22125": [(-5, "")],
    "bellow minus 5": [(-5, "")],
    "below minus five degrees": [(-5, "deg")],
    "under negative 5 celsius": [(-5, "c")],
    "below - 5": [(-5, "")],
    "drops to five below zero": [(-5, "")],
    "5 degrees below zero": [(-5, "deg")],
    "ten degrees celsius below freezing": [(-10, "c")],
    "goes below freezing turn on 5": [(0, "c"), (5, "")],
    "turn on 5 below zero degrees": [(5, ""), (0, "deg")],
    "5 minus 2": [(5, ""), (2, "")],
    "pins 4 - 5": [(4, ""), (5, "")],
}
COUNTS = {
    "switch off four and sixteen and seventeen, all three of them": [4, 16, 17],
    "turn on 4 and 5, the two of them": [4, 5],
    "turn off 4, 5, 6 and 7, all 4": [4, 5, 6, 7],
    "turn on all four pins: 2, 4, 5 and 12": [2, 4, 5, 12],
    "turn on two pins, 4 and 5": [4, 5],
    "the three relays on 4, 5 and 6": [4, 5, 6],
    "turn off 4 and 5 pins": [4, 5],
    "set all 8 leds on pin 5 to red": [8, 5],
    "turn on all on 4": [4],
    "turn on pins 12 to 15": [],
    "turn off gpios 12 through 15": [],
    "pins from 4 to 7 off": [],
    "turn on 4-6": [],
    "set pins 4 to 6 percent": [4, 6],
    "turn on 4, 5 and 12": [4, 5, 12],
}


@pytest.mark.parametrize("text, values", (SAID | BELOW_ZERO).items(), ids=SAID | BELOW_ZERO)
def test_a_number_is_what_was_said(text, values):
    assert numbers(text) == values


@pytest.mark.parametrize("text, values", COUNTS.items(), ids=COUNTS)
def test_a_count_of_what_was_named_is_no_number(text, values):
    assert [value for value, _ in numbers(text)] == values


def test_a_number_is_what_the_person_typed_from_its_first_word_to_its_last():
    sentence = read("when it goes below minus twenty and a half degrees, stop")
    (at,) = (i for i, token in enumerate(sentence.tokens) if token.kind == "num")
    assert sentence.slice(at, at) == "minus twenty and a half degrees"
