"""The ROM image and the heap that is given to make up for it."""

import pytest

from host.emulator import romfs
from host.emulator.heap import heap_bytes_for, pool_bytes


def test_an_image_is_records_within_records():
    image = romfs.build({"a.txt": b"hi", "d": {"b": b""}})
    assert image == (
        b"\xd2\xcd\x31\x16"  # the volume and its length
        b"\x05\x0a\x05a.txt\x02\x02hi"  # a file: name, verbatim data
        b"\x04\x08\x01d\x05\x04\x01b\x02\x00"  # a folder with a file
    )


def test_lengths_over_127_take_two_bytes():
    assert b"\x02\x81\x00" + bytes(128) in romfs.build({"a": bytes(128)})


@pytest.mark.parametrize("kb", [64, 128, 160, 512])
@pytest.mark.parametrize("cost", [0, 1, 16_016, 17_024, 20_000])
def test_the_heap_beside_the_shims_is_as_large_as_wanted(kb: int, cost: int):
    left = pool_bytes(heap_bytes_for(kb * 1024, cost)) - cost
    assert 0 <= left - pool_bytes(kb * 1024) < 128
