"""The weights file: what is damaged is refused, what is shipped fits its limit."""

import numpy as np
import pytest

from cloud_proxy.edge_model import DamagedModel, EdgeModel, weights


def flipped(content):
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


def forged(content, tmp_path):
    """Return a well-formed file whose content is not what its checksum says."""
    path = tmp_path / "good.npz"
    path.write_bytes(content)
    with np.load(path) as file:
        arrays = {name: file[name].copy() for name in file.files}
    arrays["symbol_embed"].flat[0] ^= 1
    with path.open("wb") as out:
        np.savez(out, **arrays)
    return path.read_bytes()


DAMAGES = {
    "empty": lambda content, _: b"",
    "cut in half": lambda content, _: content[: len(content) // 2],
    "one bit flipped": lambda content, _: flipped(content),
    "another kind of file": lambda content, _: b"\x7fELF" + bytes(1000),
    "values altered": forged,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "weights.npz"
    path.write_bytes(damage(weights.DEFAULT.read_bytes(), tmp_path))
    with pytest.raises(DamagedModel, match="weights.npz"):
        EdgeModel.load(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        EdgeModel.load(tmp_path / "none.npz")


def test_a_file_for_another_tool_table_is_refused(tmp_path):
    arrays, meta = weights.raw(weights.DEFAULT)
    path = tmp_path / "other.npz"
    weights.write(path, arrays, {**meta, "symbols": meta["symbols"][:-1]})
    with pytest.raises(DamagedModel, match="another version"):
        EdgeModel.load(path)


def test_the_shipped_file_is_small_enough():
    assert weights.DEFAULT.stat().st_size <= 2_000_000


def test_writing_the_same_content_twice_gives_the_same_bytes(tmp_path):
    arrays, meta = weights.raw(weights.DEFAULT)
    weights.write(tmp_path / "a.npz", arrays, meta)
    weights.write(tmp_path / "b.npz", arrays, meta)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_int8_rows_are_within_half_a_step_of_the_weights():
    matrix = np.random.default_rng(1).normal(size=(7, 33)).astype(np.float32)
    matrix[3] = 0
    stored, scale = weights.quantise(matrix)
    assert stored.dtype == np.int8
    assert np.all(np.abs(stored * scale - matrix) <= 0.51 * scale)
