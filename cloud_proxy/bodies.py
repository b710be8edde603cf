"""`firmware.wire` with types: that page has no annotations, because it runs on the board too."""

# pyright: reportUnknownMemberType=false
from typing import Any, cast

from firmware import wire

Body = dict[str, Any]
WireError = wire.WireError


def decode(kind: str, payload: bytes) -> Body:
    """Return the checked body of a message that a board sent. Raises WireError."""
    return cast(Body, wire.decode(kind, payload, wire.MAX_OUT))


def encode(message: Body) -> bytes:
    """Return a message as JSON."""
    return wire.encode(message)


def topic(device: str, kind: str) -> str:
    """Return the topic of one device's messages of a kind."""
    return wire.topic(device, kind)


def split(name: str) -> tuple[str, str]:
    """Return the device, whose name is a valid one, and the kind. Raises WireError."""
    device, kind = wire.split(name)
    if not wire.valid_name(device):
        raise WireError("a device's name cannot be " + repr(device[:40]))
    return device, kind


def check_calls(calls: Any) -> list[Body]:
    """Return the calls of a conversation if they are well formed. Raises WireError."""
    return cast(list[Body], wire.check_calls(calls))
