"""What a tap on a board's sockets makes of the bytes that pass."""

import pytest

from host.emulator.mqtt_tap import MqttTap

CONNECT = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id"
AT_MOST_ONCE = b"\x30\x07\x00\x03a/bhi"
AT_LEAST_ONCE = b"\x32\x09\x00\x03a/b\x00\x07hi"
LONG = b"\x30\xcd\x01\x00\x03a/b" + b"x" * 200
CASES = {
    "QoS 0": ([("out", CONNECT + AT_MOST_ONCE)], [("out", "a/b", "hi")]),
    "QoS 1 has a packet number": ([("out", CONNECT + AT_LEAST_ONCE)], [("out", "a/b", "hi")]),
    "a length of two bytes": ([("out", CONNECT + LONG)], [("out", "a/b", "x" * 200)]),
    "to the board": ([("out", CONNECT), ("in", AT_MOST_ONCE)], [("in", "a/b", "hi")]),
    "byte by byte": (
        [("out", bytes([b])) for b in CONNECT + AT_LEAST_ONCE],
        [("out", "a/b", "hi")],
    ),
    "HTTP is none": ([("out", b"GET / HTTP/1.0\r\n\r\n"), ("in", AT_MOST_ONCE)], []),
    "what begins like a CONNECT may be none": (
        [("out", b"\x10\x02ab"), ("out", AT_MOST_ONCE)],
        [],
    ),
    "a peer that speaks first speaks no MQTT": ([("in", AT_MOST_ONCE)], []),
}


@pytest.mark.parametrize(("traffic", "messages"), CASES.values(), ids=CASES)
def test_the_tap_tells_of_messages(
    traffic: list[tuple[str, bytes]], messages: list[tuple[str, str, str]]
):
    seen: list[tuple[str, str, str]] = []
    tap = MqttTap(lambda *message: seen.append(message))
    for direction, data in traffic:
        tap(1, direction, data)
    assert seen == messages
