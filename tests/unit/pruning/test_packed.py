"""The packed file: every bit comes back, the layout is what is documented, damage is refused."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cloud_proxy.pruning import packed, tensors
from cloud_proxy.pruning.quantise import SPARSE4_TOP, dense4, dequantise, int8, sparse4, spread

RNG = np.random.default_rng(6)


def pruned(rows, columns, sparsity=0.7):
    weight = RNG.normal(size=(rows, columns)).astype(np.float32)
    weight[RNG.random((rows, columns)) < sparsity] = 0
    return weight


MATRICES = {
    "70% of the weights are zero": pruned(48, 128),
    "rows that end inside a byte and inside a group": pruned(7, 45),
    "nothing is left": np.zeros((5, 40), np.float32),
    "nothing is pruned": pruned(6, 64, 0.0),
    "one row, one weight": np.ones((1, 1), np.float32),
    "a row far larger than its neighbour": pruned(2, 64) * np.float32([[1e4], [1e-3]]),
    "no rows": np.zeros((0, 32), np.float32),
}
KINDS = ("sparse4", "dense4", "int8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_what_is_packed_comes_back_bit_for_bit(tmp_path, matrix, kind):
    made = packed.quantised(matrix, kind)
    packed.save(tmp_path / "a", {"w": made, "bias": np.float16([1, 2])}, {"of": "a test"})
    back, about = packed.load(tmp_path / "a")
    assert about == {"of": "a test"}
    assert np.array_equal(back["bias"], np.float16([1, 2]))
    assert np.array_equal(back["w"].codes, made.codes)
    assert back["w"].scales.tobytes() == made.scales.tobytes()
    again = packed.quantised(back["w"].weight(), kind)
    packed.save(tmp_path / "b", {"w": again, "bias": np.float16([1, 2])}, {"of": "a test"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 50)),
        elements=st.floats(-1000, 1000, width=32),
    ),
    st.integers(1, 40),
    st.sampled_from((sparse4, dense4)),
)
def test_no_weight_moves_by_more_than_half_a_step_and_zero_stays_zero(matrix, group, kind):
    codes, scales = kind(matrix, group)
    step = spread(np.maximum(scales.astype(np.float32), 6.2e-5), matrix.shape[1], group)
    top = np.where(scales == 0, 8 * 6.2e-5, 0).max(initial=0)
    assert np.all(np.abs(dequantise(codes, scales, group) - matrix) <= 0.505 * step + top)
    assert not codes[matrix == 0].any()
    assert np.abs(codes).max(initial=0) <= SPARSE4_TOP


def test_int8_rows_are_within_half_a_step_of_the_weights():
    codes, scales = int8(MATRICES["nothing is pruned"])
    error = np.abs(codes * scales.astype(np.float32) - MATRICES["nothing is pruned"])
    assert np.all(error <= 0.51 * scales)


def test_the_documented_layout_is_what_lies_on_disk(tmp_path):
    weight = np.zeros((1, 12), np.float32)
    weight[0, :3] = 8, -1, 3
    packed.save(tmp_path / "p", {"w": packed.quantised(weight, "sparse4", 12)}, None)
    content = (tmp_path / "p").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]

    def part(name):
        start, stop = header[name]["data_offsets"]
        return data[start:stop]

    assert part("w.mask") == bytes([0b11100000, 0])
    assert part("w.code") == bytes([0x87, 0x02])  # 8 is 7, -1 is 8, then 3 is 2 in the low half
    assert part("w.scale") == np.float16(1).tobytes()


def test_three_tenths_kept_cost_2_7_bits_a_weight_with_bitmap_and_scales():
    weight = np.ones((10, 320), np.float32)
    weight[:, 96:] = 0
    assert packed.bits_per_weight({"w": packed.quantised(weight, "sparse4", 32)}) == {"w": 2.7}


def changed(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES = {
    "empty": lambda c: b"",
    "cut in half": lambda c: c[: len(c) // 2],
    "one byte short": lambda c: c[:-1],
    "one byte long": lambda c: c + b"\0",
    "one bit of a weight flipped": lambda c: changed(c, len(c) - 3),
    "one bit of the length flipped": lambda c: changed(c, 0),
    "one bit of the header flipped": lambda c: changed(c, 40),
    "a header that claims the whole memory": lambda c: b"\xff" * 8 + c[8:],
    "another kind of file": lambda c: b"\x7fELF" + bytes(2000),
    "a header that is a list": lambda c: struct.pack("<Q", 2) + b"[]",
    "the group size altered": lambda c: c.replace(b'\\"group\\": 32', b'\\"group\\": 31'),
    "another format": lambda c: c.replace(packed.FORMAT.encode(), b"limpet-packed-9"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "model.packed"
    packed.save(path, {"w": packed.quantised(pruned(8, 64), "sparse4")}, {})
    damaged = damage(path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(tensors.DamagedFile, match=r"model\.packed"):
        packed.load(path)


def forged(rows):
    """Return a well-formed, signed file whose table says `rows` of what it holds."""

    def make(path):
        packed.save(path, {"w": packed.quantised(pruned(8, 64), "sparse4")}, {})
        file = tensors.TensorFile(path)
        contents = {name: np.array(file[name]) for name in file}
        metadata = {**file.metadata, "tensors": json.dumps(rows)}
        del metadata["sha256"]
        digest = packed._digest(contents, metadata)
        tensors.write(path, contents, {**metadata, "sha256": digest})

    return make


FORGERIES = {
    "more rows than there are": {"w": {"kind": "sparse4", "shape": [9, 64], "group": 32}},
    "another group size": {"w": {"kind": "sparse4", "shape": [8, 64], "group": 16}},
    "a group of nothing": {"w": {"kind": "sparse4", "shape": [8, 64], "group": 0}},
    "a tensor that is missing": {"v": {"kind": "plain", "shape": [1], "group": 0}},
    "a kind nobody knows": {"w": {"kind": "int3", "shape": [8, 64], "group": 32}},
    "a kind whose codes it has not": {"w": {"kind": "int8", "shape": [8, 64], "group": 32}},
    "no shape": {"w": {"kind": "sparse4"}},
    "no table": [],
}


@pytest.mark.parametrize("rows", FORGERIES.values(), ids=FORGERIES)
def test_a_file_whose_table_lies_is_refused_though_its_checksum_fits(tmp_path, rows):
    path = tmp_path / "forged.packed"
    forged(rows)(path)
    with pytest.raises(tensors.DamagedFile, match=r"forged\.packed"):
        packed.load(path)


def test_what_safetensors_cannot_hold_is_an_error_and_leaves_no_file(tmp_path):
    with pytest.raises(TypeError, match="complex"):
        tensors.write(tmp_path / "x", {"w": np.zeros(3, np.complex64)}, {})
    assert not list(tmp_path.iterdir())


def test_bfloat16_comes_as_the_float32_it_stands_for(tmp_path):
    header = json.dumps({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    halves = (np.float32([1.5, -2.0]).view(np.uint32) >> 16).astype("<u2").tobytes()
    (tmp_path / "b").write_bytes(struct.pack("<Q", len(header)) + header + halves)
    assert tensors.TensorFile(tmp_path / "b")["w"].tolist() == [1.5, -2.0]
