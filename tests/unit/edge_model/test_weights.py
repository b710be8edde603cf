"""The weights file: what is damaged is refused, what is shipped fits its limit."""

import numpy as np
import pytest

from cloud_proxy.edge_model import DamagedModel, EdgeModel, weights
from cloud_proxy.pruning import packed


@pytest.fixture(scope="module")
def stored():
    return weights.load()


@pytest.fixture(scope="module")
def dense(stored, tmp_path_factory):
    """Return the bytes of a file of the other kind, int8 rows in a .npz, as training writes it."""
    path = tmp_path_factory.mktemp("dense") / "dense.npz"
    weights.save(path, stored.shape, stored.weights, 0.5, {})
    return path.read_bytes()


def flipped(content):
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


DAMAGES = {
    "empty": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "one bit flipped": flipped,
    "another kind of file": lambda content: b"\x7fELF" + bytes(1000),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_by_name(tmp_path, dense, damage):
    for content in (weights.DEFAULT.read_bytes(), dense):
        path = tmp_path / "weights.any"
        path.write_bytes(damage(content))
        with pytest.raises(DamagedModel, match=r"weights\.any"):
            EdgeModel.load(path)


def test_a_file_whose_content_is_not_what_its_checksum_says_is_refused(tmp_path, dense):
    path = tmp_path / "forged.npz"
    path.write_bytes(dense)
    with np.load(path) as file:
        arrays = {name: file[name].copy() for name in file.files}
    arrays["symbol_embed"].flat[0] ^= 1
    with path.open("wb") as out:
        np.savez(out, **arrays)
    with pytest.raises(DamagedModel, match="checksum"):
        EdgeModel.load(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        EdgeModel.load(tmp_path / "none.npz")


def test_a_file_for_another_tool_table_is_refused(tmp_path, dense):
    path = tmp_path / "other.npz"
    path.write_bytes(dense)
    arrays, meta = weights.raw(path)
    weights.write(path, arrays, {**meta, "symbols": meta["symbols"][:-1]})
    with pytest.raises(DamagedModel, match="another version"):
        EdgeModel.load(path)


def test_the_shipped_file_is_under_a_megabyte():
    assert weights.DEFAULT.stat().st_size <= 1_000_000


def test_seven_of_ten_weights_of_the_shipped_linear_layers_are_zero_and_the_rest_int4():
    tensors, _ = packed.load(weights.DEFAULT)
    matrices = {n: t for n, t in tensors.items() if isinstance(t, packed.Quantised)}
    names = [name for name in matrices if not name.endswith("_embed")]  # these are looked up
    assert {matrices[name].kind for name in names} == {"sparse4"}
    codes = np.concatenate([matrices[name].codes.ravel() for name in names])
    assert codes.size > 500_000
    assert np.mean(codes == 0) >= 0.7
    assert codes.min() >= -8 and codes.max() <= 8


def test_writing_the_same_content_twice_gives_the_same_bytes(tmp_path, dense):
    path = tmp_path / "a.npz"
    path.write_bytes(dense)
    weights.write(tmp_path / "b.npz", *weights.raw(path))
    assert (tmp_path / "b.npz").read_bytes() == dense


def test_int8_rows_are_within_half_a_step_of_the_weights():
    matrix = np.random.default_rng(1).normal(size=(7, 33)).astype(np.float32)
    matrix[3] = 0
    stored, scale = weights.quantise(matrix)
    assert stored.dtype == np.int8
    assert np.all(np.abs(stored * scale - matrix) <= 0.51 * scale)


def test_training_begins_with_what_a_file_of_another_table_knows(tmp_path, dense):
    torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")
    from cloud_proxy.edge_model.network import Shape
    from cloud_proxy.edge_model.table import SYMBOLS
    from cloud_proxy.edge_model.torch_network import TorchNetwork
    from cloud_proxy.edge_model.train import begin

    path = tmp_path / "other.npz"
    path.write_bytes(dense)
    arrays, meta = weights.raw(path)
    names = ["gone", *meta["symbols"][:0:-1]]  # another order, and the first one unknown
    weights.write(path, arrays, {**meta, "symbols": names})
    known, _ = weights.contents(path)
    torch.manual_seed(1)
    net = TorchNetwork(Shape(symbols=len(SYMBOLS)))
    drawn = net.named()["symbol_embed"][0].clone()
    begin(net, path)
    named = net.named()
    assert torch.equal(named["symbol_embed"][0], drawn)
    row = names.index("gpio_write")
    ours = named["symbol_embed"][SYMBOLS.index("gpio_write")].numpy()
    assert np.array_equal(ours, known["symbol_embed"][row])
    assert np.array_equal(named["enc0.up"].numpy(), known["enc0.up"])
