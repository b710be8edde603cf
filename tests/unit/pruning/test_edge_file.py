"""The edge model in a packed file: loaded, answered with, refused when damaged."""

import numpy as np
import pytest

from cloud_proxy.edge_model import DamagedModel, EdgeModel, weights
from cloud_proxy.pruning import masks

KINDS = {2: ("sparse4", 32)}


def packed_copy(path):
    """Write the shipped model with a tenth of its weights gone."""
    stored = weights.load()
    kinds = {
        name: ("int8", 32) if name.endswith("_embed") else KINDS[2]
        for name, value in stored.weights.items()
        if value.ndim == 2
    }
    thinned = {
        name: np.where(masks.per_matrix(np.abs(value), 0.1), np.float32(0), value)
        if name in kinds
        else value
        for name, value in stored.weights.items()
    }
    weights.save_packed(
        path, stored.shape, thinned, kinds, stored.threshold, {**stored.about, "of": "a test"}
    )
    return stored


def test_a_packed_model_answers(tmp_path):
    stored = packed_copy(tmp_path / "edge.packed")
    model = EdgeModel.load(tmp_path / "edge.packed")
    assert model.about == {**stored.about, "of": "a test"}
    assert model.threshold == stored.threshold
    calls = model.answer("turn on pin 2").calls
    assert [(call.tool, call.args) for call in calls] == [("gpio_write", {"pin": 2, "value": 1})]


def test_a_packed_model_has_the_same_tensors_near_what_they_were(tmp_path):
    stored = packed_copy(tmp_path / "edge.packed")
    back = weights.load(tmp_path / "edge.packed")
    assert back.shape == stored.shape
    assert back.weights.keys() == stored.weights.keys()
    for name, value in stored.weights.items():
        assert back.weights[name].shape == value.shape
        assert np.abs(back.weights[name] - value).mean() <= 0.2 * np.abs(value).mean() + 1e-3


DAMAGES = {
    "empty": lambda c: b"",
    "cut in half": lambda c: c[: len(c) // 2],
    "one bit flipped": lambda c: c[:-1] + bytes([c[-1] ^ 1]),
    "two letters of a zip archive": lambda c: b"PK",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_packed_model_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "edge.packed"
    packed_copy(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedModel, match=r"edge\.packed"):
        EdgeModel.load(path)


def test_a_packed_file_of_something_else_is_refused(tmp_path):
    weights.packed.save(tmp_path / "lm.packed", {"w": np.float16([1])}, {"config": {}})
    with pytest.raises(DamagedModel, match="another version"):
        EdgeModel.load(tmp_path / "lm.packed")


def test_recovery_ends_with_what_the_packed_file_holds(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")
    from cloud_proxy.edge_model.network import Shape
    from cloud_proxy.edge_model.table import SYMBOLS
    from cloud_proxy.edge_model.torch_network import TorchNetwork
    from cloud_proxy.pruning import edge

    torch.manual_seed(3)
    net = TorchNetwork(Shape(width=32, inner=48, symbols=len(SYMBOLS), buckets=4096))
    goals = edge.targets(net, 0.7)
    edge.recover(net, goals, steps=6, batch=4)
    arrays = {name: value.numpy() for name, value in net.named().items()}
    kinds = {name: (goal.kind, goal.group) for name, goal in goals.items()}
    path = tmp_path / "edge.packed"
    weights.save_packed(path, net.shape, arrays, kinds, 0.5, {})
    back = weights.load(path).weights
    lines = edge.linear(goals)
    for name in goals:
        assert np.array_equal(back[name], arrays[name]), name
    zeros = sum(int((back[name] == 0).sum()) for name in lines)
    total = sum(back[name].size for name in lines)
    assert zeros >= 0.7 * total - len(lines)
