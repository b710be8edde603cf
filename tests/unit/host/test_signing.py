"""What an operator signs: what opens again, and what does not."""

import json
from typing import Any

import pytest

from firmware import wire
from host import signing

KEY = "0f" * 32
CALLS = [{"tool": "gpio_write", "args": {"pin": 2, "value": 1}}]


def made(key: str = KEY, device: str = "hut", nonce: str = "ab12") -> bytes:
    return signing.command(key, device, nonce, id="a-1", n=7, exp=1_800_000_000, calls=CALLS)


def test_a_payload_is_what_anybody_can_compute_from_the_contract() -> None:
    payload = signing.sign(KEY, "limpet/v1/hut/down/cmd", "ab12", b"{}")
    assert payload == (b"6ab51f6b55aecbd7d77a109b3a4504a88911ac8901b92402916fddf5bf27090d{}")


def test_a_command_opens_and_is_one_of_the_wire() -> None:
    body = signing.opened(KEY, wire.topic("hut", wire.COMMAND), "ab12", made())
    assert wire.decode(wire.COMMAND, body) == {
        "id": "a-1",
        "n": 7,
        "exp": 1_800_000_000,
        "calls": CALLS,
    }


def test_a_desired_state_needs_no_nonce() -> None:
    payload = signing.desired(KEY, "hut", v=3, set={"tz": "Europe/Paris", "tags": None})
    body = signing.opened(KEY, wire.topic("hut", wire.DESIRED), "", payload)
    assert json.loads(body) == {"v": 3, "set": {"tz": "Europe/Paris", "tags": None}}


# What reaches a board in place of the command that was made for it.
FORGED: dict[str, bytes] = {
    "without its MAC": made()[signing.MAC_DIGITS :],
    "with half of its MAC": made()[:32] + made()[signing.MAC_DIGITS :],
    "with a MAC in capitals": made()[:64].upper() + made()[64:],
    "with one bit of its body turned": made()[:-2] + bytes([made()[-2] ^ 1]) + made()[-1:],
    "with a body of zero bytes": made()[: signing.MAC_DIGITS],
    "of another key": made(key="f0" * 32),
    "of another device": made(device="barn"),
    "of the boot before": made(nonce="ab11"),
    "made for another topic": signing.desired(KEY, "hut", v=3, set={}),
    "empty": b"",
    "of bytes that are no text": b"\xff" * 200,
}


@pytest.mark.parametrize("payload", FORGED.values(), ids=FORGED)
def test_a_payload_does_not_open(payload: bytes) -> None:
    with pytest.raises(signing.SigningError, match="the MAC is wrong"):
        signing.opened(KEY, wire.topic("hut", wire.COMMAND), "ab12", payload)


def command(**changes: Any) -> bytes:
    return signing.command(**GOOD | changes)


GOOD: dict[str, Any] = {
    "key": KEY,
    "device": "hut",
    "nonce": "ab",
    "id": "a",
    "n": 1,
    "calls": CALLS,
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a key that is too short": ({"key": "0f" * 16}, "32 bytes in lower-case hex"),
    "a key in capitals": ({"key": "0F" * 32}, "32 bytes in lower-case hex"),
    "a call without arguments": ({"calls": [{"tool": "gpio_read"}]}, "args is missing"),
    "too many calls": ({"calls": CALLS * 9}, "at most 8"),
    "a counter that is no number": ({"n": "1"}, "n must be int"),
    "more than a board takes": (
        {"calls": [{"tool": "notify", "args": {"text": "x" * 2990}}]},
        "at most 3072",
    ),
}


@pytest.mark.parametrize("changes, why", REFUSED.values(), ids=REFUSED)
def test_nobody_signs(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        command(**changes)


def test_keys_differ_and_fit() -> None:
    keys = {signing.new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(signing.opened(k, "t", "", signing.sign(k, "t", "", b"x")) == b"x" for k in keys)
