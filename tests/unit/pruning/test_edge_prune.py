"""Pruning the edge model: its inputs are seen without padding, and numpy answers as torch does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")

from cloud_proxy.edge_model import weights  # noqa: E402
from cloud_proxy.edge_model.features import ids_of  # noqa: E402
from cloud_proxy.edge_model.network import Network, Shape  # noqa: E402
from cloud_proxy.edge_model.table import SYMBOL_ID, SYMBOLS  # noqa: E402
from cloud_proxy.edge_model.torch_network import TorchNetwork  # noqa: E402
from cloud_proxy.edge_model.train import tensors  # noqa: E402
from cloud_proxy.pruning import edge, edge_probe, gradual  # noqa: E402
from cloud_proxy.pruning.packed import quantised  # noqa: E402


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(11)
    return TorchNetwork(Shape(width=32, inner=48, symbols=len(SYMBOLS), buckets=4096)).eval()


def test_numpy_and_torch_agree_on_two_hundred_sentences_with_the_packed_pruned_model(tmp_path):
    shipped = edge.network(weights.load())
    samples = edge_probe.sentences(7, 200)
    grams, _ = edge_probe.observe(shipped, samples[:40])
    shares = dict.fromkeys(grams, 0.7)
    thin = edge_probe.pruned(shipped, grams, shares, "wanda")
    goals = edge.targets(thin)
    arrays = {name: value.numpy() for name, value in thin.named().items()}
    path = tmp_path / "edge.packed"
    kinds = {name: (goal.kind, goal.group) for name, goal in goals.items()}
    weights.save_packed(path, thin.shape, arrays, kinds, 0.5, {})
    stored = weights.load(path)
    theirs, ours = edge.network(stored), Network(stored.shape, stored.weights)
    for group in edge_probe.even(samples):
        with torch.no_grad():
            expected = theirs(*tensors(group)[:3]).numpy()
        for row, made in enumerate(group):
            state = ours.start(ours.encode([ids_of(token) for token in made.sentence.tokens]))
            symbol, word = SYMBOL_ID["start"], -1
            for step, action in enumerate(made.actions):
                logits = ours.step(state, symbol, word)
                np.testing.assert_allclose(logits, expected[row, step], atol=1e-3)
                text = isinstance(action, str)
                symbol, word = (SYMBOL_ID[action], -1) if text else (0, action)


def test_the_inputs_seen_are_those_of_real_words_alone(net):
    samples = edge_probe.sentences(3, 30)
    grams, tokens = edge_probe.observe(net, samples)
    assert set(grams) == set(edge.linear([n for n, v in net.named().items() if v.ndim == 2]))
    words = sum(len(s.sentence.tokens) for s in samples)
    actions = sum(len(s.actions) for s in samples)
    assert tokens["enc0.qkv"] == words and tokens["dec0.qkv"] == actions
    # The first layer's input is a norm of what one sentence at a time gives.
    total = np.zeros_like(grams["enc0.qkv"])
    for one in samples:
        total += edge_probe.observe(net, [one])[0]["enc0.qkv"]
    np.testing.assert_allclose(grams["enc0.qkv"], total, rtol=1e-3, atol=1e-3)


def test_a_probe_measures_every_allocation(net):
    phases = set()
    found = edge_probe.probe(net, 0.5, "wanda", 1, lambda what, *_: phases.add(what), count=6)
    assert len(found.candidates) >= 9
    assert phases == {"measuring damage", "probing allocations"}
    assert all(np.isfinite(c.loss) for c in found.candidates)


@pytest.mark.parametrize(
    "kind, group", (("sparse4", 32), ("sparse4", 7), ("dense4", 32), ("int8", 0))
)
def test_training_rounds_as_the_file_does(kind, group):
    weight = torch.randn(9, 45) * torch.rand(9, 1)
    weight[torch.rand(9, 45) < 0.5] = 0
    width = 45 if kind == "int8" else group
    mine = gradual.rounded(weight, width, gradual._TOPS[kind]).numpy()
    assert np.array_equal(mine, quantised(weight.numpy(), kind, group).weight())


def test_sparsity_grows_to_the_target_and_what_is_gone_gets_no_gradient():
    module = torch.nn.Linear(40, 30, bias=False)
    steps, seen = 40, []
    training = gradual.Gradual(module, {"weight": gradual.Target(0.8)}, steps, ramp=0.5)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
    for at in range(steps):
        training.step(at)
        weight = module.weight
        seen.append(float((weight == 0).float().mean()))
        gone = weight == 0
        optimiser.zero_grad()
        (module(torch.randn(16, 40)) ** 2).mean().backward()
        original = module.parametrizations.weight.original
        if at < 20:
            assert not original.grad[gone].any()
        optimiser.step()
    assert seen[0] == 0 and seen == sorted(seen[:21]) + seen[21:]
    assert seen[20] >= 0.8
    training.finish()
    assert not hasattr(module, "parametrizations")
    assert float((module.weight == 0).float().mean()) >= 0.8


def test_only_matrices_of_the_module_can_be_targets():
    with pytest.raises(ValueError, match="bias"):
        gradual.Gradual(torch.nn.Linear(3, 3), {"bias": gradual.Target()}, 10)
