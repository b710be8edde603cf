"""Scores and masks: exact counts, and LSA's greedy error against the error itself."""

import numpy as np
import pytest

from cloud_proxy.pruning import lsa, masks
from cloud_proxy.pruning.scores import SCORES, norms, prune, sparsegpt, wanda

RNG = np.random.default_rng(2)


def layer(rows, columns, tokens=200):
    """Return a weight, inputs with channels that go together, and their Gram matrix."""
    mixed = RNG.normal(size=(columns, columns)) / np.sqrt(columns) + np.eye(columns)
    inputs = (mixed @ RNG.normal(size=(columns, tokens))).astype(np.float32)
    inputs *= np.exp(RNG.normal(size=(columns, 1))).astype(np.float32)
    return RNG.normal(size=(rows, columns)).astype(np.float32), inputs, inputs @ inputs.T


SIZES = {
    "one group": (6, 96),
    "several groups": (5, 300),
    "a last group of two": (4, 130),
    "one row": (1, 128),
}


@pytest.mark.parametrize("rows, columns", SIZES.values(), ids=SIZES)
def test_lsa_greedy_error_is_that_of_the_mask_it_found(rows, columns):
    weight, inputs, _ = layer(rows, columns)
    weight, inputs = weight.astype(np.float64), inputs.astype(np.float64)
    error, gone = lsa.greedy(weight, inputs @ inputs.T)
    brute = ((np.where(gone, weight, 0) @ inputs) ** 2).sum(axis=1)
    np.testing.assert_allclose(error, brute, rtol=1e-9)
    counts = [int(min(128, columns - start) * 0.5) for start in range(0, columns, 128)]
    assert (gone.sum(axis=1) == sum(counts)).all()


def test_lsa_takes_the_least_error_that_any_single_next_weight_would_give():
    weight, inputs, gram = layer(3, 10)
    error, gone = lsa.greedy(
        weight.astype(np.float64), gram.astype(np.float64), group=10, share=0.1
    )
    alone = (weight.astype(np.float64) ** 2) * (inputs.astype(np.float64) ** 2).sum(axis=1)
    np.testing.assert_allclose(error, alone.min(axis=1), rtol=1e-5)
    assert (alone.argmin(axis=1) == gone.argmax(axis=1)).all()


def test_lsa_error_of_a_layer_is_twice_the_mean_squared_output_lost_a_token_and_row():
    weight, inputs, gram = layer(4, 64)
    _, gone = lsa.greedy(weight.astype(np.float64), gram.astype(np.float64))
    lost = np.where(gone, weight, 0) @ inputs
    expected = 2 * (lost**2).mean(axis=1).mean()
    assert lsa.error(weight, gram, inputs.shape[1]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("sparsity", (0.0, 0.1, 0.333, 0.5, 0.7, 0.99, 1.0))
@pytest.mark.parametrize("score", SCORES)
def test_the_count_of_zeros_is_exact(score, sparsity):
    weight, _, gram = layer(37, 150)
    zeros = int((prune(weight, gram, sparsity, score) == 0).sum())
    assert zeros == round(sparsity * weight.size)


def test_rows_differ_by_one_zero_at_most_under_wanda():
    weight, _, gram = layer(37, 150)
    counts = (prune(weight, gram, 0.633, "wanda") == 0).sum(axis=1)
    assert counts.max() - counts.min() <= 1


def test_what_is_kept_matters_more_than_what_went():
    weight, _, gram = layer(9, 64)
    scores = wanda(weight, norms(gram))
    mask = masks.per_row(scores, 0.5)
    for row in range(9):
        assert scores[row, mask[row]].max() <= scores[row, ~mask[row]].min()


def test_scores_order_as_published_on_the_output_they_leave():
    weight, inputs, gram = layer(64, 256, tokens=2000)
    lost = {s: ((prune(weight, gram, 0.6, s) - weight) @ inputs).var() for s in SCORES}
    assert lost["sparsegpt"] < lost["wanda"] < lost["magnitude"]


def test_sparsegpt_with_independent_inputs_leaves_the_kept_weights_alone():
    weight = RNG.normal(size=(5, 40)).astype(np.float32)
    left = sparsegpt(weight, np.eye(40, dtype=np.float32), 0.5, block=40)
    kept = left != 0
    np.testing.assert_allclose(left[kept], weight[kept], rtol=1e-5)
    assert np.abs(weight[~kept]).max() <= np.abs(weight[kept]).min()


def test_sparsegpt_survives_inputs_that_are_never_there():
    weight, inputs, _ = layer(6, 50)
    inputs[[3, 20]] = 0
    left = sparsegpt(weight, inputs @ inputs.T, 0.4)
    assert np.isfinite(left).all()
    assert not left[:, [3, 20]].any()


WRONG = {
    "an unknown score": lambda w, g: prune(w, g, 0.5, "luck"),
    "no gram matrix": lambda w, g: prune(w, None, 0.5, "wanda"),
    "norms of another width": lambda w, g: wanda(w, np.ones(3, np.float32)),
    "a sparsity above one": lambda w, g: prune(w, g, 1.2, "magnitude"),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_misuse_is_a_value_error(call):
    weight, _, gram = layer(2, 8)
    with pytest.raises(ValueError):
        call(weight, gram)


def test_equal_scores_are_counted_exactly_too():
    scores = np.zeros((5, 9), np.float32)
    scores[2:, :4] = 1
    scores[4] = 3
    for count in range(46):
        assert masks.per_row(scores, count / 45).sum() == count
