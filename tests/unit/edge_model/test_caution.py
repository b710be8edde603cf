"""How sure the model must be before it calls, and where that threshold comes from."""

import pytest

from cloud_proxy.edge_model import EdgeModel
from cloud_proxy.edge_model.evaluate import DEV, MARKS, Mark, curve, lowest
from cloud_proxy.edge_model.weights import load

ORDERS = {
    "switch a pin": "turn on pin 2",
    "make a rule": "every 10 seconds toggle pin 2",
    "remember": "remember that the pump is on gpio 5",
    "look at a pin": "read pin 4",
    "look at the rules": "list the rules",
}


@pytest.fixture(scope="module")
def doubter() -> EdgeModel:
    return EdgeModel(load(), threshold=1.1)


@pytest.mark.parametrize("what", ORDERS)
def test_who_doubts_everything_does_not(doubter: EdgeModel, model: EdgeModel, what: str):
    assert model.answer(ORDERS[what]).calls
    held = doubter.answer(ORDERS[what])
    assert held.calls == () and "not sure" in held.say


@pytest.fixture(scope="module")
def marks(model: EdgeModel) -> list[Mark]:
    return curve(model, DEV, (0.0, *MARKS, 0.99, 1.01))


def test_the_files_threshold_is_the_one_that_the_rule_gives(model: EdgeModel, marks: list[Mark]):
    assert lowest(marks[1:-2]) == pytest.approx(model.threshold, abs=0.011)
    above = [mark for mark in marks if model.threshold <= mark.threshold < 1]
    assert all(mark.precision >= 0.99 for mark in above)


def test_a_higher_threshold_answers_less_and_never_more(marks: list[Mark]):
    recalls = [mark.recall for mark in marks]
    assert recalls == sorted(recalls, reverse=True)
    assert recalls[0] > 0.8 and recalls[-1] == 0
