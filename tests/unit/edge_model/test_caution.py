"""How sure the model must be before it calls, and where that threshold comes from."""

import pytest

from cloud_proxy.edge_model import EdgeModel
from cloud_proxy.edge_model.evaluate import DEV, calibrate, curve
from cloud_proxy.edge_model.weights import DEFAULT, load

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


def test_the_files_threshold_is_the_one_that_the_rule_gives(model: EdgeModel):
    assert calibrate(DEFAULT) == pytest.approx(model.threshold, abs=0.011)
    mark = curve(model, DEV, (model.threshold,))[0]
    assert mark.precision >= 0.99


def test_a_higher_threshold_answers_less_and_never_more(model: EdgeModel):
    recalls = [mark.recall for mark in curve(model, DEV, (0.0, 0.5, 0.8, 0.99, 1.01))]
    assert recalls == sorted(recalls, reverse=True)
    assert recalls[0] > 0.8 and recalls[-1] == 0
