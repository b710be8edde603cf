"""What the board's software costs: flash, heap, bytes on the air, instructions, growth.

python benchmarks/board.py           measure all and write benchmarks/results/board.json: minutes
python benchmarks/board.py TURNS     watch the heap for so many turns only, write nothing

A one-tool turn ("turn on pin 2") over the real line. On the air is what MQTT carries between
board and broker: fixed header, topic, packet id and payload of each message, and its PUBACK.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from results import row, save
from turns import NO_LIMITS, SAMPLES, Turns, quick_lab

from firmware import wire
from host.image import firmware_files
from host.lab import Lab
from host.person import Person

TURNS = 20
FEW, MANY = 100, 10_000  # turns between which the heap should not grow
AIR_BUDGET = 1536  # bytes of a one-tool turn, both ways
HEAP_BUDGET = 24 * 1024  # bytes above idle at the peak of a turn
FREE_BUDGET = 64 * 1024  # bytes of the heap, once online
ZCLAW_LOGIC = 39_276  # bytes, the budget of size.py
PUBACK_BYTES = 4
TURN_KINDS = (wire.CHAT, wire.REQUEST, wire.REPLY, wire.ANSWER)
Row = dict[str, Any]


class Scale:
    """Weighs the messages of one board as they pass the broker."""

    def __init__(self, lab: Lab) -> None:
        self.bytes: dict[str, int] = {}
        self._changed = threading.Condition()
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
        with self._changed:
            self.bytes[kind] = header + body + (PUBACK_BYTES if message.qos else 0)
            self._changed.notify()

    def weigh(self, turn: Callable[[], object]) -> dict[str, int]:
        """Return the bytes of each message of one turn."""
        with self._changed:
            self.bytes.clear()
        turn()
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.bytes) == len(TURN_KINDS), 10):
                raise TimeoutError(f"only {sorted(self.bytes)} passed the broker")
            return dict(self.bytes)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def flash_rows() -> list[Row]:
    """What the firmware takes of the flash, file by file."""
    files = firmware_files()
    code = {path: len(data) for path, data in files.items() if path.endswith(".mpy")}
    rows = [
        row(
            f"flash, {path}",
            len(data),
            "B",
            how="size of the file, short names and mpy-cross -O3 for .mpy",
        )
        for path, data in sorted(files.items())
    ]
    total = sum(code.values())
    rows.append(
        row(
            "flash, all bytecode",
            total,
            "B",
            compared_with="39,276 B, the budget: zclaw's application logic",
            ratio=total / ZCLAW_LOGIC,
            how="sum of the .mpy files",
        )
    )
    all_files = sum(map(len, files.values()))
    rows.append(
        row(
            "flash, all files of the firmware",
            all_files,
            "B",
            compared_with="the bytecode alone",
            ratio=all_files / total,
            how="bytecode, boot.py and main.py, the tables of tools and time zones",
        )
    )
    return rows


def air_and_peak_rows() -> list[Row]:
    """Bytes on the air and the heap's peak, of turns over the real line."""
    with Lab(settings={"limits": NO_LIMITS}) as lab:
        scale = Scale(lab)
        free = lab.heap_free
        idle = lab.board.heap.total - free
        first = scale.weigh(lambda: ask(lab, 0))
        for turn in range(1, TURNS):
            ask(lab, turn)
        last = scale.weigh(lambda: ask(lab, TURNS))
        # `peak` counts garbage that no collection has met yet: what the heap must hold, no less.
        peak = lab.board.heap.peak - idle
        scale.close()
    rows = [
        row(
            "heap free at idle",
            free,
            "B",
            compared_with=f"{FREE_BUDGET} B, of a heap of 128,064 B",
            ratio=free / FREE_BUDGET,
            how="gc.mem_free() after gc.collect() once online, as the board's console tells",
        ),
        row(
            f"heap above idle at the peak of {TURNS + 1} turns, garbage included",
            peak,
            "B",
            compared_with=f"{HEAP_BUDGET} B",
            ratio=peak / HEAP_BUDGET,
            how="the emulated board's heap, sampled at each wait",
        ),
    ]
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
    return rows


def ask(lab: Lab, turn: int) -> None:
    """Make a one-tool turn."""
    answer = lab.person.ask(f"turn {'off' if turn % 2 else 'on'} pin 2")
    if not answer["ok"]:
        raise RuntimeError(answer["text"])


def fuel_rows() -> list[Row]:
    """Instructions of the VM for one turn."""
    with quick_lab(fuel=True) as lab:
        turns = Turns(lab)
        first = turns.fuel()
        turns.run(TURNS)
        later = median(turns.fuel() for _ in range(TURNS))
        turns.close()
    how = "WebAssembly instructions that the emulated VM executes, from a sentence to the board "
    how += "at rest after its answer; the proxy answers by a script"
    return [
        row("VM instructions, first turn", first, "instructions", how=how),
        row(
            "VM instructions, a turn with history",
            round(later),
            "instructions",
            compared_with="the first turn",
            ratio=later / first,
            how=f"{how}; median of {TURNS}",
        ),
    ]


def growth_rows(many: int) -> list[Row]:
    """How much more of the heap is in use after many turns than after a few."""
    with quick_lab() as lab:
        turns = Turns(lab)
        turns.run(FEW)
        before = turns.heap_used()
        turns.run(many)
        after = turns.heap_used()
        turns.close()
    how = f"total less gc.mem_free() after gc.collect() within a turn, least of {SAMPLES} turns"
    return [
        row(f"heap in use after {FEW} turns", before, "B", how=how),
        row(
            f"heap in use after {many:,} turns",
            after,
            "B",
            compared_with=f"after {FEW} turns",
            ratio=after / before,
            how=how,
        ),
        row(f"growth of the heap in use over {many:,} turns", after - before, "B", how=how),
    ]


def zclaw_rows() -> list[Row]:
    """What the authors of zclaw state for theirs."""
    readme = "stated in README.md of github.com/tnm/zclaw"
    return [
        row(
            "zclaw: cap of the whole firmware image, as stated",
            888 * 1024,
            "B",
            how=f"{readme}: 888 KiB with ESP-IDF, Wi-Fi, TLS and certificates",
        ),
        row(
            "zclaw: firmware image for esp32s3, as stated",
            865_888,
            "B",
            how=f"{readme}, commit 145c0b5: size of zclaw.bin",
        ),
        row(
            "zclaw: its own code in that image, as stated",
            26_430,
            "B",
            how=f"{readme}, commit 145c0b5: libmain.a by idf.py size-components",
        ),
        row(
            "zclaw: its own code in a later image, as stated",
            35_742,
            "B",
            how="stated on zclaw.dev: libmain.a of a default esp32s3 build",
        ),
    ]


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    rows = [*flash_rows(), *air_and_peak_rows(), *fuel_rows(), *growth_rows(many), *zclaw_rows()]
    for result in rows:
        print(f"{result['metric']:66} {result['value']:12,} {result['unit']}")
    if many == MANY:
        save(__file__, rows)


if __name__ == "__main__":
    main()
