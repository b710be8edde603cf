"""The generator: what it writes is legal, repeatable and covers every tool."""

import random

from cloud_proxy.edge_model.evaluate import DEV, SETS, TEST, cases
from cloud_proxy.edge_model.generator.sample import follow, sample
from cloud_proxy.edge_model.guards import tools_of
from cloud_proxy.edge_model.table import TOOLS


def test_every_example_is_a_legal_program_and_every_tool_occurs():
    rng, seen = random.Random(2), set()
    for _ in range(4000):
        made = sample(rng)
        assert follow(made.sentence, list(made.actions)) == made.outcome
        seen.update(tools_of(made.outcome.calls))
    assert seen == set(TOOLS)


def test_the_same_seed_gives_the_same_sentences():
    one, other = random.Random(7), random.Random(7)
    assert [sample(one).text for _ in range(50)] == [sample(other).text for _ in range(50)]


def test_the_hand_written_sets_are_apart_and_large_enough():
    dev, test = cases(DEV), cases(TEST)
    assert sum(case.scope == "in" for case in dev) >= 400 and len(test) >= 200
    assert sum(case.scope != "in" for case in test) >= 60
    assert sum(case.scope == "out" for case in dev) >= 100
    texts = [[case.sentence.lower() for case in cases(path)] for path in SETS.values()]
    assert len({text for one in texts for text in one}) == sum(len(set(one)) for one in texts)
