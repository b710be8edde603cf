"""From a sentence to a changed pin, in real time, and where the time goes.

All parts run on this machine: person, broker, emulated board, proxy with the edge model. An
observer on the same broker sees the request and the reply pass; the broker's share is what a
message to oneself takes, three times (sentence, request, reply).
"""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from results import row, save

from cloud_proxy.edge_model import EdgeModel
from firmware import wire
from host.emulator.pins import Pin
from host.lab import Lab
from host.person import Person

TURNS = 200
SENTENCES = ("turn on the led on pin 2", "turn off the led on pin 2")
TURN_TIMEOUT_S = 20.0
# A person never talks so fast; a board would refuse.
NO_LIMITS = {"calls_per_hour": 10_000, "calls_per_day": 10_000, "pin_per_minute": 10_000}


class Observer:
    """Notes when messages pass through the broker, by kind."""

    def __init__(self, lab: Lab) -> None:
        self.seen: dict[str, float] = {}
        self._echo = f"limpet-bench/{lab.device}"
        self._echoed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_socket_open = Person.no_delay
        self._client.connect(lab.broker.host, lab.broker.port)
        self._client.loop_start()
        for kind in (wire.REQUEST, wire.REPLY):
            self._client.subscribe(wire.topic(lab.device, kind), 1)
        self._client.subscribe(self._echo, 1)
        self._client.publish(self._echo, b"", 1)
        assert self._echoed.wait(10)

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        now = time.perf_counter()
        if message.topic == self._echo:
            self.seen["echo"] = now
            self._echoed.set()
        else:
            self.seen[wire.split(message.topic)[1]] = now

    def hop_s(self) -> float:
        """Return what one message takes from a client through the broker to a client."""
        self._echoed.clear()
        start = time.perf_counter()
        self._client.publish(self._echo, b"x" * 200, 1)
        assert self._echoed.wait(10)
        return self.seen["echo"] - start

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def main() -> None:
    parts: dict[str, list[float]] = {
        name: [] for name in ("sentence to pin", "board", "broker", "proxy", "model")
    }
    model = EdgeModel.load()
    with Lab(settings={"limits": NO_LIMITS}) as lab:
        observer = Observer(lab)
        pin = lab.board.pin(2)
        changed = threading.Event()
        moment = [0.0]

        def on_change(_: Pin, __: int, ___: int) -> None:
            moment[0] = time.perf_counter()
            changed.set()

        pin.on_change = on_change
        for turn in range(TURNS):
            sentence = SENTENCES[turn % 2]
            hop_s = observer.hop_s()
            start = time.perf_counter()
            model.answer(sentence)
            model_s = time.perf_counter() - start
            changed.clear()
            start = time.perf_counter()
            chat = lab.person.say(sentence)
            assert changed.wait(TURN_TIMEOUT_S), f"turn {turn}: pin 2 did not change"
            total_s = moment[0] - start
            lab.person.answer_to(chat, TURN_TIMEOUT_S)
            proxy_s = observer.seen[wire.REPLY] - observer.seen[wire.REQUEST] - hop_s
            parts["sentence to pin"].append(total_s)
            parts["broker"].append(3 * hop_s)
            parts["model"].append(model_s)
            parts["proxy"].append(max(0.0, proxy_s - model_s))
            parts["board"].append(max(0.0, total_s - 3 * hop_s - proxy_s))
        observer.close()
        kind = lab.broker.kind
    rows = []
    whole = _quantile(parts["sentence to pin"], 0.5)
    for name, values in parts.items():
        for label, part in (("p50", 0.5), ("p99", 0.99)):
            value = _quantile(values, part)
            print(f"{name:16} {label} {value * 1000:8.2f} ms")
            rows.append(
                row(
                    f"{name} {label}",
                    round(value * 1000, 3),
                    "ms",
                    compared_with="sentence to pin p50",
                    ratio=value / whole,
                    how=f"{TURNS} turns, {kind} on loopback, emulated esp32-devkit, edge tier",
                )
            )
    save(__file__, rows)


def _quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


if __name__ == "__main__":
    main()
