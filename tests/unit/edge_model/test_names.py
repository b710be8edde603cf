"""Remembered names with a slip of the fingers are still that name, if no other is meant."""

import pytest

from cloud_proxy.edge_model.sentence import read

MEMORY = {"sampling arm": "gpio 13", "sprinkler": "gpio 19", "lamp": "gpio 4", "back_gate": "5"}
SLIPS = {
    "turn the samplng arm to 30": 13,
    "sprinklr on": 19,
    "the sprnikler": 19,
    "open the bakc gate": None,  # a short word may be another
    "the sampling arms": None,
    "the lamb": None,  # right as it is
    "the sampling art": None,
    "a grinkler": None,  # the first letter is right
}


@pytest.mark.parametrize("said", SLIPS)
def test_a_slip_in_a_longer_word_is_forgiven(said):
    pins = [token.pin for token in read(said, MEMORY).tokens if token.kind == "name"]
    assert pins == ([SLIPS[said]] if SLIPS[said] else [])


def test_of_two_names_that_are_as_near_none_is_taken():
    both = {"trailer": "gpio 4", "trawler": "gpio 5"}
    assert all(token.kind != "name" for token in read("the traler", both).tokens)
