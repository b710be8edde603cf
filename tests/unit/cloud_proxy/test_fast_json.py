"""What orjson refuses and upstreams send all the same."""

import json

import pytest

from cloud_proxy.fast_json import decode, encode

TEXTS = {
    "half of a character": b'{"content":"\\ud83d"}',
    "an object as most are": b'{"a":[1,2.5,null,true,"\xc3\xa9"]}',
}
BROKEN = {"cut short": b'{"a":', "no UTF-8": b'"\xff"', "words": b"hello", "nothing": b""}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_comes_in_can_go_out(text):
    value = decode(text)
    assert value == json.loads(text)
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):
        decode(text)


def test_what_is_nested_without_end_is_refused():
    with pytest.raises((ValueError, RecursionError)):
        decode(b"[" * 100_000)


def test_a_number_of_more_than_64_bits_is_rounded_on_its_way_in_and_not_on_its_way_out():
    big = 123456789012345678901234567890
    assert decode(str(big)) == float(big)
    assert encode(big) == str(big).encode()


def test_no_number_goes_out_as_null():
    assert encode([float("nan")]) == b"[null]"
