"""What a turn costs a board: heap at its peak, bytes on the air.

A one-tool turn ("turn on pin 2") over the real line. On the air is what MQTT carries between
board and broker: fixed header, topic, packet id and payload of each message, and its PUBACK.
"""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from results import row, save

from firmware import wire
from host.lab import Lab
from host.person import Person

TURNS = 20
AIR_BUDGET = 1536  # bytes of a one-tool turn, both ways
HEAP_BUDGET = 24 * 1024  # bytes above idle at the peak of a turn
PUBACK_BYTES = 4
NO_LIMITS = {"calls_per_hour": 10_000, "calls_per_day": 10_000, "pin_per_minute": 10_000}
TURN_KINDS = (wire.CHAT, wire.REQUEST, wire.REPLY, wire.ANSWER)


class Scale:
    """Weighs the messages of one board as they pass the broker."""

    def __init__(self, lab: Lab) -> None:
        self.bytes: dict[str, int] = {}
        ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_socket_open = Person.no_delay
        self._client.connect(lab.broker.host, lab.broker.port)
        self._client.loop_start()
        self._client.subscribe([(wire.topic(lab.device, kind), 1) for kind in TURN_KINDS])
        assert ready.wait(10)

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        body = 2 + len(message.topic) + len(message.payload) + (2 if message.qos else 0)
        header = 2 if body < 128 else 3
        kind = wire.split(message.topic)[1]
        self.bytes[kind] = header + body + (PUBACK_BYTES if message.qos else 0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def main() -> None:
    with Lab(settings={"limits": NO_LIMITS}) as lab:
        scale = Scale(lab)
        idle = lab.board.heap.total - lab.heap_free
        lab.person.ask("turn on pin 2")
        first = dict(scale.bytes)
        for turn in range(TURNS):
            answer = lab.person.ask(f"turn {'on' if turn % 2 else 'off'} pin 2")
            assert answer["ok"], answer
        # `peak` counts garbage that no collection has met yet: what the heap must hold, no less.
        peak = lab.board.heap.peak - idle
        scale.close()
        last = dict(scale.bytes)
    rows = []
    for name, seen in (("first turn", first), (f"turn {TURNS + 1}, with history", last)):
        total = sum(seen.values())
        rows.append(
            row(
                f"air bytes, {name}",
                total,
                "B",
                compared_with=f"{AIR_BUDGET} B for a one-tool turn, both ways",
                ratio=total / AIR_BUDGET,
                how="sentence, request, reply and answer with MQTT headers and PUBACKs: "
                + ", ".join(f"{kind} {size}" for kind, size in sorted(seen.items())),
            )
        )
    rows.append(
        row(
            f"heap above idle at the peak of {TURNS + 1} turns, garbage included",
            peak,
            "B",
            compared_with=f"{HEAP_BUDGET} B",
            ratio=peak / HEAP_BUDGET,
            how="the emulated board's heap, sampled at each wait",
        )
    )
    for result in rows:
        print(f"{result['metric']:60} {result['value']:8,} {result['unit']}")
    save(__file__, rows)


if __name__ == "__main__":
    main()
