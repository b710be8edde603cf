"""The chip runs this after boot.py: it chooses the agent's slot and hands over to the agent.

There are two: a is /firmware, b is /b/firmware. /slot says which one runs: "b", or "b2" while b is
on trial; without it a runs, and if the one that was chosen is not whole, the other. A trial has
two starts to be confirmed by the agent; after that the other slot runs again. This file is never
updated over the air.
"""

import os
import sys
import time

import machine
import micropython

# The slot on trial and its starts left -> what the next start finds, if this one is not confirmed.
NEXT = {"a2": "a1", "a1": "b", "b2": "b1", "b1": "a"}

try:
    os.stat("/settings.json")
except OSError:
    micropython.kbd_intr(-1)  # what gives a board its Wi-Fi sends 3 as any byte: improv.py
slot = ""
try:
    with open("/slot") as f:
        slot = f.read(2)
    if slot in NEXT:
        with open("/slot.new", "w") as f:
            f.write(NEXT[slot])
        os.rename("/slot.new", "/slot")
        machine.WDT(timeout=60000)  # the agent may hang before it has its own
except (OSError, ValueError):  # no file, garbage, or a full flash, and then there is no trial
    slot = NEXT.get(slot[:1] + "1", "a")

path = "/b" if slot[:1] == "b" else ""
try:
    os.stat(path + "/firmware/app.mpy")
except OSError:  # an update in that slot was never finished
    path = "" if path else "/b"
if path:
    sys.path.insert(0, path)
try:
    from firmware import app

    app.run(slot[:1] if slot in NEXT else "")
except Exception as e:
    sys.print_exception(e)
    try:
        with open("/crash", "w") as f:  # for the next start to tell
            sys.print_exception(e, f)
    except OSError:
        pass  # a full flash
    micropython.kbd_intr(3)
    time.sleep(3)  # to read why, or to press Ctrl-C
    machine.reset()
