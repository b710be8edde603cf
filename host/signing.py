"""An operator's messages to one board: made and checked, no I/O.

A payload is 64 lower-case hexadecimal digits and a JSON object right after them. They are the
HMAC-SHA256 of three lines: the topic, a nonce, and the object. The key belongs to one device and
to those who may command it; the proxy and the broker have none. The nonce is of the board's birth
message, so that a command is dead after a restart; for down/desired it is empty. Decision 0015
has why there is no key of a group.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from firmware import wire

KEY_BYTES = 32
MAC_DIGITS = 64
_HEX = frozenset("0123456789abcdef")


class SigningError(ValueError):
    """A key that is none, or a payload that nobody with the key made; the text says which."""


def new_key() -> str:
    """Return a device's key, for `cmd_key` in its settings: 32 random bytes in hex."""
    return secrets.token_hex(KEY_BYTES)


def sign(key: str, topic: str, nonce: str, body: bytes) -> bytes:
    """Return a payload for a topic. nonce: "" where it must outlive restarts.

    Raises SigningError for a key that is no 32 bytes in hex, or a payload that no board takes.
    """
    payload = _mac(key, topic, nonce, body).encode() + body
    if len(payload) > wire.MAX_IN:
        raise SigningError(f"{len(payload)} bytes, a board takes at most {wire.MAX_IN}")
    return payload


def opened(key: str, topic: str, nonce: str, payload: bytes) -> bytes:
    """Return the object of a payload. Raises SigningError unless it was signed so."""
    mac, body = payload[:MAC_DIGITS], payload[MAC_DIGITS:]
    if not hmac.compare_digest(mac, _mac(key, topic, nonce, body).encode()):
        raise SigningError(f"{topic}: the MAC is wrong")
    return body


def command(
    key: str,
    device: str,
    nonce: str,
    *,
    id: str,
    n: int,
    calls: Sequence[Mapping[str, Any]],
    exp: int | None = None,
) -> bytes:
    """Return the payload of one command for down/cmd.

    nonce: of the device's birth message that is retained now. n: larger than in each command
    since that birth; Unix milliseconds do. exp: Unix seconds, see wire.FIELDS. calls: of tools,
    [{"tool", "args"}]. Raises SigningError, WireError for calls that are none.
    """
    wire.check_calls([dict(call) for call in calls])
    body: dict[str, Any] = {"id": id, "n": n, "calls": list(calls)}
    if exp is not None:
        body["exp"] = exp
    return _signed(key, device, wire.COMMAND, nonce, body)


def desired(key: str, device: str, *, v: int, set: Mapping[str, Any]) -> bytes:
    """Return the payload of one desired state for down/desired, to be retained.

    v: larger than of each one before. set: field of the settings -> its value, None: the default.
    """
    return _signed(key, device, wire.DESIRED, "", {"v": v, "set": dict(set)})


def _signed(key: str, device: str, kind: str, nonce: str, body: Mapping[str, Any]) -> bytes:
    encoded = wire.encode(body)
    wire.decode(kind, encoded)
    return sign(key, wire.topic(device, kind), nonce, encoded)


def _mac(key: str, topic: str, nonce: str, body: bytes) -> str:
    if len(key) != 2 * KEY_BYTES or not _HEX.issuperset(key):
        raise SigningError(f"a key is {KEY_BYTES} bytes in lower-case hex")
    message = f"{topic}\n{nonce}\n".encode() + body
    return hmac.new(bytes.fromhex(key), message, hashlib.sha256).hexdigest()
