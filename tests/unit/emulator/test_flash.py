"""The flash chip under the file system."""

import pytest

from host.emulator.flash import BLOCK, FlashChip

ERASED = b"\xff" * 32


def test_programming_only_clears_bits():
    chip = FlashChip(4)
    assert chip.prog(None, 1, 0, b"\xf0" * 32) == 0
    assert chip.prog(None, 1, 0, b"\x3f" * 32) == 0
    assert chip.read(None, 1, 0, 32) == b"\x30" * 32
    assert chip.erase(None, 1) == 0
    assert chip.read(None, 1, 0, 32) == ERASED


def test_operations_and_wear_are_counted():
    chip = FlashChip(4)
    chip.read(None, 0, 0, 1)
    chip.erase(None, 2)
    chip.erase(None, 2)
    chip.prog(None, 2, 0, b"x")
    assert (chip.counters.reads, chip.counters.programs, chip.counters.erases) == (1, 1, {2: 2})
    assert chip.counters.writes == 3


def test_a_cut_loses_that_operation_and_all_after_it():
    chip = FlashChip(4)
    chip.cut_after(1)
    assert chip.prog(None, 0, 0, b"\x00" * 32) == 0
    assert chip.prog(None, 0, 32, b"\x00" * 32) < 0
    assert chip.prog(None, 0, 64, b"\x00" * 32) < 0
    assert chip.is_cut
    assert chip.read(None, 0, 32, 64) == ERASED * 2
    chip.restore()
    assert chip.prog(None, 0, 32, b"\x00" * 32) == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_torn_program_leaves_a_part(seed: int):
    chip = FlashChip(4, seed=seed)
    chip.cut_after(0, torn=True)
    assert chip.prog(None, 0, 0, b"\x00" * 32) < 0
    done = chip.read(None, 0, 0, 32).rstrip(b"\xff")
    assert set(done) <= {0} and len(done) < 32


def test_a_torn_erase_leaves_the_rest_of_the_block():
    chip = FlashChip(4, seed=3)
    chip.prog(None, 0, 0, b"\x00" * BLOCK)
    chip.cut_after(0, torn=True)
    assert chip.erase(None, 0) < 0
    left = chip.read(None, 0, 0, BLOCK).lstrip(b"\xff")
    assert set(left) == {0} and len(left) < BLOCK


def test_the_storage_file_keeps_the_content(tmp_path):
    path = tmp_path / "flash.bin"
    chip = FlashChip(4, path)
    chip.prog(None, 3, 5, b"tide")
    image = chip.image()
    chip.close()
    assert path.read_bytes() == image
    again = FlashChip(4, path)
    assert again.read(None, 3, 5, 4) == b"tide"
    again.close()


def test_a_storage_file_of_another_size_is_refused(tmp_path):
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * BLOCK)
    with pytest.raises(ValueError, match="has 4096 bytes, this board's flash has 16384"):
        FlashChip(4, path)
