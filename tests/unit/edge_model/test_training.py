"""Training: the optimiser's step, and a break that changes nothing."""

import random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")

from cloud_proxy.edge_model import weights  # noqa: E402
from cloud_proxy.edge_model.network import Shape  # noqa: E402
from cloud_proxy.edge_model.optimiser import Optimiser, level  # noqa: E402
from cloud_proxy.edge_model.table import SYMBOLS  # noqa: E402
from cloud_proxy.edge_model.torch_network import TorchNetwork  # noqa: E402
from cloud_proxy.edge_model.train import learn, named, train  # noqa: E402


def network(seed):
    torch.manual_seed(seed)
    return TorchNetwork(Shape(width=16, inner=24, symbols=len(SYMBOLS), buckets=4096), 0.0)


@pytest.mark.parametrize("rows, columns", ((16, 16), (24, 16), (16, 24), (48, 16)))
def test_a_levelled_gradient_turns_every_direction_about_as_far(rows, columns):
    torch.manual_seed(5)
    skewed = torch.randn(3, rows, columns) @ torch.diag(torch.logspace(0, -1.5, columns))
    sizes = torch.linalg.svdvals(level(skewed))
    assert sizes.min() > 0.3 and sizes.max() < 1.4
    before = torch.linalg.svdvals(skewed)
    assert before.max() / before.min() > 20


def test_a_weight_behind_its_mask_does_not_move():
    net = network(1)
    weights = named(net)
    mask = torch.rand(weights["enc0.qkv"].shape) < 0.5
    old = weights["enc0.qkv"].detach().clone()
    optimiser = Optimiser(weights, {"enc0.qkv": mask})
    learn(net, optimiser, random.Random(1), steps=2, batch=4, rate=lambda step: 0.01)
    moved = weights["enc0.qkv"].detach() != old
    assert not moved[~mask].any()
    assert moved[mask].all()


def test_a_few_steps_on_the_same_sentences_lower_the_loss():
    losses = []
    for steps in (1, 90):
        net = network(2)
        seen = []
        learn(
            net,
            Optimiser(named(net)),
            random.Random(3),
            steps=steps,
            batch=8,
            rate=lambda step: 0.02,
            after=lambda step, loss, seen=seen: seen.append(loss),
        )
        losses.append(seen[-1])
    assert losses[1] < 0.9 * losses[0]


class _Break(Exception):
    pass


def test_a_training_that_was_broken_off_ends_as_if_it_had_not_been(tmp_path):
    def run(kept=None, until=None):
        net = network(4)

        def before(step):
            if step == until:
                raise _Break

        torch.manual_seed(6)
        learn(
            net,
            Optimiser(named(net)),
            random.Random(6),
            steps=6,
            batch=4,
            rate=lambda step: 0.01 / (step + 1),
            before=before,
            kept=kept,
            every=2,
        )
        return named(net)

    whole = run()
    with pytest.raises(_Break):
        run(tmp_path / "state", until=5)
    again = run(tmp_path / "state")
    for name, weight in whole.items():
        assert torch.equal(weight, again[name]), name


def test_the_same_seed_trains_the_same_bytes_and_another_seed_others(tmp_path):
    def trained(seed, name):
        net = train(seed, steps=3, batch=8, rate=0.01, quiet=True)
        arrays = {name: value.numpy() for name, value in net.named().items()}
        weights.save(tmp_path / name, net.shape, arrays, 0.5, {})
        return (tmp_path / name).read_bytes()

    once = trained(1, "once")
    assert trained(1, "again") == once
    assert trained(2, "other") != once
