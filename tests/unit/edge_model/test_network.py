"""The numpy network against the torch one that was trained."""

import random

import numpy as np
import pytest

from cloud_proxy.edge_model import EdgeModel
from cloud_proxy.edge_model.features import ids_of
from cloud_proxy.edge_model.generator.sample import sample
from cloud_proxy.edge_model.network import Network, Shape
from cloud_proxy.edge_model.table import SYMBOL_ID, SYMBOLS


def test_torch_and_numpy_agree_on_twenty_sentences():
    torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")
    from cloud_proxy.edge_model.torch_network import TorchNetwork
    from cloud_proxy.edge_model.train import tensors

    torch.manual_seed(3)
    shape = Shape(width=32, inner=48, symbols=len(SYMBOLS))
    theirs = TorchNetwork(shape).eval()
    ours = Network(shape, {name: value.numpy() for name, value in theirs.named().items()})
    rng = random.Random(5)
    samples = [s for s in (sample(rng) for _ in range(40)) if s.sentence.tokens][:20]
    with torch.no_grad():
        words, fed, pointed, _ = tensors(samples)
        expected = theirs(words, fed, pointed).numpy()
    for row, made in enumerate(samples):
        state = ours.start(ours.encode([ids_of(token) for token in made.sentence.tokens]))
        symbol, word = SYMBOL_ID["start"], -1
        for step, action in enumerate(made.actions):
            logits = ours.step(state, symbol, word)
            np.testing.assert_allclose(logits, expected[row, step, : len(logits)], atol=2e-4)
            symbol, word = (SYMBOL_ID[action], -1) if isinstance(action, str) else (0, action)


def test_a_path_weighed_in_one_go_is_as_probable_as_step_by_step():
    model = EdgeModel.load()
    network = Network(model.stored.shape, model.stored.weights)
    rng = random.Random(8)
    for made in [s for s in (sample(rng) for _ in range(40)) if s.sentence.tokens][:20]:
        rows = [ids_of(token) for token in made.sentence.tokens]
        actions = [(SYMBOL_ID[a], -1) if isinstance(a, str) else (0, a) for a in made.actions]
        state, fed, expected = network.start(network.encode(rows)), (SYMBOL_ID["start"], -1), []
        for action in actions:
            logits = network.step(state, *fed).astype(np.float64)
            at = action[0] if action[1] < 0 else len(SYMBOLS) + action[1]
            expected.append(
                logits[at] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
            )
            fed = action
        found = network.weigh([rows, rows], SYMBOL_ID["start"], actions)
        assert found.shape == (2, len(actions))
        np.testing.assert_allclose(found, [expected, expected], atol=1e-3)
