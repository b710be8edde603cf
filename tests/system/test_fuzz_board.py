"""More than ten thousand inputs into one board: it lives, answers, and its heap has not grown."""

import json

from host.boards import load_board
from host.emulator import World
from host.image import agent_program, board_files
from tests.system.test_survival import SETTINGS

# Runs on the board: random bytes and broken messages into the doors that the world outside has.
FUZZ = """
import asyncio, binascii, gc, json, os, random, sys
from firmware import app as app_module
from firmware import wire
from firmware.guard import Guard
from firmware.store import Store

random.seed(%d)
store = Store()
app = app_module.make(store, Guard(store))
counts = {}
GOOD = (
    b'{"id":"x-1","fin":true,"end":true,"say":"Pin {0.pin} is {0.value:off|on}.","calls":'
    b'[{"tool":"gpio_write","args":{"pin":2,"value":1}}],"use":{"in":5,"out":7,"ud":3}}',
    b'{"id":"x-1","n":0,"d":"tex"}',
    b'{"id":"c1","text":"turn on the pump","private":true,"slo_ms":5}',
    b'{"e":"emit","name":"door_open","from":"shelf2","value":3}',
    b'/why pin 5', b'/status', b'why did pin 2 turn on?', b'/safe off', b'/rules x', b'/pins',
)
KINDS = ("down/llm/res", "down/chat", "down/cmd", "down/desired", "down/job", "down/blob", "down/x", "", "up/event")
PARTS = (b'"', b"{", b"}", b"[", b"]", b":", b",", b"null", b"-1e99", b"\\xff\\xfe", b"\\\\u0000",
    b"true", b"9" * 40, b"\\x00", b'"calls"', b'"text"', b'"id"', b"/why ", b"pin ", b"\\xc3\\xa4")
WORDS = (None, 0, -1, 5, 1 << 40, 1.5, True, "", "pin", "x" * 300, [], {}, [[]], {"a": {}}, "gpio 5")

def mutated(raw):
    raw = bytearray(raw)
    for _ in range(random.randint(0, 4)):
        at = random.randint(0, len(raw))
        what = random.randint(0, 3)
        if what == 0:
            raw[at:at] = PARTS[random.randint(0, len(PARTS) - 1)]
        elif what == 1:
            raw[at:at + random.randint(1, 8)] = b''
        elif what == 2 and at < len(raw):
            raw[at] = random.randint(0, 255)
        else:
            raw[at:] = b''
    return bytes(raw)

def pick(items):
    return items[random.randint(0, len(items) - 1)]

def message():
    app.agent._id = "x-1"
    kind = pick(KINDS)
    topic = app.topic(kind) if kind != "up/event" else pick(("limpet/v1/g/a/event", "x", "limpet/v1/b/up/event"))
    app._on_message(topic, memoryview(mutated(pick(GOOD))))
    app.agent._chats.clear()

def console():
    text = str(bytes([c & 127 for c in mutated(pick(GOOD[4:]))]), "utf-8").strip()
    if text and "factory" not in text and "reboot" not in text:
        app.hear({"id": "serial", "text": text})
    app.agent._chats.clear()

def args():
    return {pick(("pin", "value", "key", "name", "when", "do", "steps", "kind", "args")): pick(WORDS)
        for _ in range(random.randint(0, 4))}

NAMES = tuple(json.loads(row)[0] for row in app.tools.catalogue())

async def call():
    name = pick(NAMES)
    if name.startswith("gpio") or name.startswith("memory") or name[-4:] == "list":
        return  # those would do what they are asked
    result = await app.tools.run(name, args(), "m", "chat f")
    json.dumps(result)

def stored():
    name = pick(("notes", "junk"))
    good = b'{"pump":"gpio 5"}'
    raw = mutated(good + b"\\n" + binascii.hexlify(binascii.crc32(good).to_bytes(4, "big")))
    with open("/data/" + name, "wb") as f:
        f.write(raw)
    store.load(name, {})
    store.problems.clear()

async def main():
    for kind, times in (("message", 6000), ("console", 2000), ("call", 2000), ("stored", 400)):
        function = globals()[kind]
        gc.collect()
        before = gc.mem_free()
        for n in range(times):
            try:
                got = function()
                if got:
                    await got
            except Exception as e:
                print("FAILED", kind, n)
                sys.print_exception(e)
            app.outbox.clear()
            if n %% 100 == 0:
                app.guard._dog.feed()
                await asyncio.sleep_ms(0)
            if n == 200:
                gc.collect()
                before = gc.mem_free()
        gc.collect()
        counts[kind] = [times, before - gc.mem_free()]
    print("COUNTS", json.dumps(counts))
    await app.run()

asyncio.run(main())
"""
GROWTH = 2048  # bytes that a kind of input may leave behind: interned names, grown tables


def test_ten_thousand_inputs_leave_the_board_alive_and_its_heap_as_it_was() -> None:
    files = board_files(load_board("esp32-devkit"), SETTINGS)
    with World(seed=3) as world:
        board = world.board(files=files | {"/main.py": agent_program(FUZZ % 2026)})
        board.start()
        for _ in range(400):
            world.run(seconds=1)
            if "COUNTS" in board.serial.text:
                break
        text = board.serial.text
        assert "FAILED" not in text, text[text.index("FAILED") :][:1500]
        counts = json.loads(text.split("COUNTS ")[1].splitlines()[0])
        assert sum(times for times, _ in counts.values()) >= 10_000
        assert all(grown <= GROWTH for _, grown in counts.values()), counts
        # It is a board as any other afterwards.
        world.run(seconds=5)
        seen = len(board.serial.text)
        board.serial.write(b"/status\n")
        world.run(seconds=2)
        assert "uptime_s" in board.serial.text[seen:] and board.boots == 1
