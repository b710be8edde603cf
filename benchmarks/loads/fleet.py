"""Boards as a broker sees them: python fleet.py PORT DEVICES KEYS JITTER. Prints lines of JSON.

Each says hello with the real catalogue of tools, listens to its down/#, obeys commands that are
signed with its key of the key file, and comes back as firmware/link.py does: after a pause that
doubles from 1 s to 60 s, of which half is left to chance (JITTER 1) or nothing (JITTER 0). A line
comes whenever all are online: {"online", "took_s", "attempts", "busiest"}, with the most
connections that the broker has taken within 100 ms.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import uvloop

from firmware import wire
from host import signing
from host.keys import read_keys

TOOLS = Path(__file__).parents[2] / "firmware" / "tools.txt"
KEEPALIVE_S = 600
CALM_S = 30.0  # online that long, a board's pauses begin at a second again
AT_ONCE = 200  # first connections that are under way, before anything is measured
_WINDOW_S = 0.1


def catalogue() -> list[object]:
    """Return the tools that a board announces."""
    rows = [line.split(" ", 2) for line in TOOLS.read_text("utf-8").splitlines()]
    return [json.loads(row) for _module, who, row in rows if who != "-"]


def field(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | 0x80 if size else low)
        if not size:
            return bytes([kind, *length]) + body


class World:
    """What all boards share."""

    def __init__(self, port: int, count: int, keys: dict[str, str], jitter: bool) -> None:
        self.port, self.count, self.keys, self.jitter = port, count, keys, jitter
        self.online = self.attempts = 0
        self.since_s = time.monotonic()
        self.taken: Counter[int] = Counter()
        self.tools = json.dumps(catalogue(), separators=(",", ":"))
        self.gate = asyncio.Semaphore(AT_ONCE)

    def came(self) -> None:
        self.online += 1
        self.taken[int(time.monotonic() / _WINDOW_S)] += 1
        if self.online == self.count:
            took_s = time.monotonic() - self.since_s
            told = {"online": self.online, "took_s": took_s, "attempts": self.attempts}
            print(json.dumps(told | {"busiest": max(self.taken.values())}), flush=True)

    def went(self) -> None:
        if self.online == self.count:  # the first to go: a storm begins
            self.since_s, self.attempts = time.monotonic(), 0
            self.taken.clear()
        self.online -= 1


class Device(asyncio.Protocol):
    """One connection of one board."""

    def __init__(self, world: World, name: str, lost: asyncio.Event) -> None:
        self.world, self.name, self.lost = world, name, lost
        self.nonce = random.randbytes(4).hex()
        self.buffer = bytearray()
        self.up_s = 0.0  # when it came online
        self.greeted = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        name = self.name.encode()
        will = field(b"limpet/v1/" + name + b"/up/status") + field(b"offline")
        head = field(b"MQTT") + bytes([4, 0x2E]) + KEEPALIVE_S.to_bytes(2, "big")
        self.send(packet(0x10, head + field(name) + will))

    def send(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]

    def publish(self, kind: str, body: bytes, retain: bool = False) -> None:
        head = field(wire.topic(self.name, kind).encode()) + b"\0\2"
        self.send(packet(0x32 | retain, head + body))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (taken := self.take()) is not None:
            kind, body = taken
            if kind == 0x20:
                self.send(
                    packet(0x82, b"\0\1" + field(f"limpet/v1/{self.name}/down/#".encode()) + b"\1")
                )
            elif kind == 0x90:
                self.publish(wire.STATUS, b"online", True)
                self.publish(wire.INFO, self.info(), True)
                self.up_s = time.monotonic()
                self.greeted.set()
                self.world.came()
            elif kind & 0xF0 == 0x30:
                self.hear(kind, body)

    def take(self) -> tuple[int, bytes] | None:
        size = shift = 0
        for at in range(1, min(5, len(self.buffer))):
            size |= (self.buffer[at] & 0x7F) << shift
            shift += 7
            if self.buffer[at] < 0x80:
                end = at + 1 + size
                if end > len(self.buffer):
                    return None
                found = self.buffer[0], bytes(self.buffer[at + 1 : end])
                del self.buffer[:end]
                return found
        return None

    def info(self) -> bytes:
        number = int(self.name[1:])
        info = {"v": 1, "fw": f"0.{number % 4}.0", "board": "esp32-devkit", "chip": "esp32"}
        info |= {"nonce": self.nonce, "hash": "h", "pins": [2, 4, 5], "tz": "UTC"}
        info["tags"] = ["prod"] if number % 2 else ["test"]
        return json.dumps(info)[:-1].encode() + b',"tools":' + self.world.tools.encode() + b"}"

    def hear(self, kind: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:end].decode()
        if kind & 6:
            self.send(packet(0x40, body[end : end + 2]))
            end += 2
        if topic.endswith("/" + wire.COMMAND):
            own = signing.opened(self.world.keys[self.name], topic, self.nonce, body[end:])
            told = json.loads(own)
            done = [{**call, "result": {"ok": 1}} for call in told["calls"]]
            answer = {"id": told["id"], "n": told["n"], "ok": True, "res": done}
            self.publish(wire.RESULT, json.dumps(answer).encode())

    def connection_lost(self, _: Exception | None) -> None:
        if self.up_s:
            self.world.went()
        self.greeted.set()
        self.lost.set()


async def live(world: World, name: str) -> None:
    """Be a board for ever."""
    backoff_s = 1.0
    loop = asyncio.get_running_loop()
    first = True
    while True:
        lost = asyncio.Event()
        world.attempts += 1
        calm = False
        try:
            if first:
                async with world.gate:
                    _, device = await loop.create_connection(
                        lambda lost=lost: Device(world, name, lost), "127.0.0.1", world.port
                    )
                    await device.greeted.wait()
            else:
                _, device = await loop.create_connection(
                    lambda lost=lost: Device(world, name, lost), "127.0.0.1", world.port
                )
            await lost.wait()
            calm = bool(device.up_s) and time.monotonic() - device.up_s > CALM_S
        except OSError:
            pass
        first = False
        backoff_s = 1.0 if calm else backoff_s
        half = backoff_s / 2
        await asyncio.sleep(half + (random.random() * half if world.jitter else half))
        backoff_s = min(backoff_s * 2, 60.0)


async def main(port: int, count: int, keys: Path, jitter: bool) -> None:
    known = {name: own.cmd_key for name, own in read_keys(keys).items()}
    world = World(port, count, known, jitter)
    await asyncio.gather(*(live(world, f"d{number}") for number in range(count)))


if __name__ == "__main__":
    port, count, keys, jitter = sys.argv[1:]
    uvloop.run(main(int(port), int(count), Path(keys), jitter == "1"))
