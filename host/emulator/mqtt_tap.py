"""Reads along on a board's sockets and tells of the MQTT messages that pass in plain text.

Source: OASIS MQTT 3.1.1, sections 2.2, 3.1 and 3.3.
"""

from collections.abc import Callable

_CONNECT, _PUBLISH = 1, 3
_LONGEST = 1 << 20  # bytes of one packet; what claims to be longer is no MQTT


class MqttTap:
    """Takes the bytes of all connections. published: called with (direction, topic, body)."""

    def __init__(self, published: Callable[[str, str, str], None]) -> None:
        self._published = published
        self._streams: dict[tuple[int, str], bytearray | None] = {}  # None: not MQTT

    def __call__(self, connection: int, direction: str, data: bytes) -> None:
        """Take bytes of a connection; direction: "out" from the board, "in" to it."""
        key = connection, direction
        if not data:
            return
        if key not in self._streams:
            is_mqtt = self._begins_mqtt(connection, direction, data)
            self._streams[key] = bytearray() if is_mqtt else None
        stream = self._streams[key]
        if stream is None:
            return
        stream += data
        while packet := _take(stream):
            kind, flags, body = packet
            if kind == _CONNECT and body[2:6] != b"MQTT":
                self._streams[key] = None
                return
            if kind == _PUBLISH and len(body) >= 2:
                self._tell(direction, flags, body)
        if len(stream) > _LONGEST:
            self._streams[key] = None

    def _begins_mqtt(self, connection: int, direction: str, data: bytes) -> bool:
        if direction == "out":
            return data[0] == _CONNECT << 4
        return self._streams.get((connection, "out")) is not None

    def _tell(self, direction: str, flags: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        start = end + 2 if flags & 6 else end  # QoS 1 and 2 have a packet number
        topic, message = body[2:end], body[start:]
        self._published(
            direction, topic.decode("utf-8", "replace"), message.decode("utf-8", "replace")
        )


def _take(stream: bytearray) -> tuple[int, int, bytes] | None:
    """Take one whole packet off the stream: (kind, flags, what follows its length)."""
    length = shift = 0
    for at in range(1, min(5, len(stream))):
        length |= (stream[at] & 0x7F) << shift
        shift += 7
        if stream[at] < 0x80:
            end = at + 1 + length
            if end > len(stream):
                return None
            packet = stream[0] >> 4, stream[0] & 15, bytes(stream[at + 1 : end])
            del stream[:end]
            return packet
    return None
