"""The emulator's pace and size: boots, fleets of 1, 100 and 1,000 boards, calls of peripherals.

python benchmarks/emulator.py             measure all, write results/emulator.json: minutes
python benchmarks/emulator.py fleet N     measure a fleet of N boards alone, print JSON
python benchmarks/emulator.py processes P [N]   P processes with N boards each (1,000) beside one,
                                          put their rows in place of older ones of results
python benchmarks/emulator.py talk N      the same of N boards that talk to the proxy

A fleet runs the full firmware in one process, on the network of an isolated world with a broker of
its own: each board joins the Wi-Fi, connects and says hello, then idles with its link kept alive.
Each fleet has a process of its own, so that memory is its own. A fleet that talks has the real
proxy in its world, with the edge model and a ledger; each board is told one sentence, at moments
spread over TALK_S, and has carried it out and answered at the end. What QEMU does is what its
users state; nothing of it was measured here.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from results import RESULTS, row, save

from cloud_proxy.app import serve
from cloud_proxy.config import Config
from cloud_proxy.report import attempts
from firmware import wire
from host.boards import load_board
from host.emulator import World
from host.image import board_files

FLEETS = {1: 86400, 100: 3600, 1000: 600}  # boards: virtual seconds that they idle
PROCESSES, EACH = 2, 1000  # boards of several processes
TALKERS, TALK_S = 100, 60  # boards, and virtual seconds in which each is told a sentence
ONLINE_S = 20  # virtual, from power-on until all have said hello
BOOTS, CALLS = 20, 20_000
BOOT_TARGET_MS = 50
Row = dict[str, Any]

LOOPS = {
    "an empty loop": "pass",
    "time.ticks_ms()": "time.ticks_ms()",
    "Pin.value(1)": "pin.value(1)",
    "Pin.value()": "button.value()",
    "ADC.read_uv()": "adc.read_uv()",
    "PWM.duty_u16(n)": "pwm.duty_u16(n)",
    "I2C.readfrom(60, 4)": "i2c.readfrom(60, 4)",
    "NeoPixel.write(), one pixel": "pixels.write()",
}
PROGRAM = """
import time
from machine import ADC, I2C, PWM, Pin
from neopixel import NeoPixel
pin, button, adc, pwm = Pin(2, Pin.OUT), Pin(4, Pin.IN), ADC(Pin(34)), PWM(Pin(5), freq=1000)
i2c, pixels = I2C(0, sda=Pin(21), scl=Pin(22)), NeoPixel(Pin(18), 1)
def main():
    for n in range({calls}):
        {line}
main()
"""
# In a function, as PROGRAM's loops are.
UNIX_LOOP = "import time\ndef main():\n for n in range({calls}):\n  {line}\nmain()\n"
UNIX_CALLS = 5_000_000  # a call there takes less than the start of a process varies by


class Register:
    """An I2C device that answers what is asked for."""

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, size: int) -> bytes:
        return bytes(size)


def firmware(name: str) -> dict[str, bytes]:
    settings = {
        "device": name,
        "broker": {"host": "broker"},
        "wifi": {"ssid": "home", "password": "secret"},
    }
    return board_files(load_board("esp32-devkit"), settings)


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fleet(count: int, waits: bool = False) -> dict[str, float]:
    """Return what a fleet takes: seconds of the wall and of processors, MB.

    waits: once online, say so and wait for a line, so that several processes idle together.
    """
    with World(isolated=True) as first:  # what is made once in a process
        first.broker()
        first.board(name="first", files=firmware("first")).start()
        first.run(seconds=ONLINE_S)
    files = [firmware(f"board-{n}") for n in range(count)]
    before_mb = resident_mb()
    with World(seed=1, isolated=True) as world:
        broker = world.broker()
        wall_s, cpu_s = time.monotonic(), time.process_time()
        for n in range(count):
            world.board(name=f"board-{n}", files=files[n]).start()
        world.run(seconds=ONLINE_S)
        if len(broker.clients) != count:
            raise RuntimeError(f"only {len(broker.clients)} of {count} boards are online")
        found = {"start_s": time.monotonic() - wall_s, "start_cpu_s": time.process_time() - cpu_s}
        if waits:
            print("online", flush=True)
            sys.stdin.readline()
        wall_s, cpu_s = time.monotonic(), time.process_time()
        world.run(seconds=FLEETS.get(count, FLEETS[1000]))
        found |= {"idle_s": time.monotonic() - wall_s, "idle_cpu_s": time.process_time() - cpu_s}
        if len(broker.clients) != count:
            raise RuntimeError(f"{count - len(broker.clients)} boards were lost")
        return found | {"mb": resident_mb() - before_mb}


def talk(count: int) -> dict[str, float]:
    """Return what it takes that each board is told a sentence: seconds of wall and processors."""
    config = Config.model_validate({"mqtt": {"broker": "broker:1883"}})
    with TemporaryDirectory() as folder, World(seed=1, isolated=True) as world:
        ledger = Path(folder, "ledger.sqlite")
        broker = world.broker()
        proxy = world.program("proxy", lambda: serve(config, ledger, on_ready=lambda _: None))
        proxy.start()
        for n in range(count):
            world.board(name=f"board-{n}", files=firmware(f"board-{n}")).start()
        world.run(seconds=ONLINE_S)
        chat = json.dumps({"id": "1", "text": "turn on pin 2"}).encode()
        wall_s, cpu_s = time.monotonic(), time.process_time()
        for n in range(count):
            tell = partial(broker.publish, wire.topic(f"board-{n}", wire.CHAT), chat, 1)
            broker.later(TALK_S * 1000 * n / count, tell)
        world.run(seconds=TALK_S + 2)
        found = {"wall_s": time.monotonic() - wall_s, "cpu_s": time.process_time() - cpu_s}
        lit = sum(board.pin(2).value == 1 for board in world.boards)
        proxy.signal()
        world.run(seconds=2)
        rows = [row for row in attempts(ledger) if row["outcome"] == "ok"]
        if (lit, len(rows)) != (count, count):
            raise RuntimeError(f"of {count} boards {lit} have lit, {len(rows)} were answered")
        return found


def talk_rows() -> list[Row]:
    command = [sys.executable, __file__, "talk", str(TALKERS)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ratio = (TALK_S + 2) / found["wall_s"]
    return [
        row(
            f"{TALKERS} boards that talk to the real proxy, virtual to wall time",
            round(ratio, 1),
            "x",
            compared_with="1, boards and a proxy by the wall",
            ratio=ratio,
            how=f"each is told a sentence within {TALK_S} virtual seconds, the edge model "
            f"answers, an LED lights; {os.cpu_count()} cores, {found['cpu_s']:.1f} s of processor",
        ),
        row(
            "a turn of a board and the real proxy, broker and boards included",
            round(found["cpu_s"] / TALKERS * 1000, 1),
            "ms",
            how="processor time, the same run",
        ),
    ]


def fleet_rows() -> list[Row]:
    rows: list[Row] = []
    for count, virtual_s in FLEETS.items():
        command = [sys.executable, __file__, "fleet", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        name = f"{count:,} board{'s' if count > 1 else ''}"
        ratio = virtual_s / found["idle_s"]
        rows += [
            row(
                f"{name}, virtual to wall time",
                round(ratio, 1),
                "x",
                compared_with="QEMU for the ESP32: at most 1, see below",
                ratio=ratio,
                how=f"online and idle for {virtual_s} virtual seconds, {os.cpu_count()} cores "
                f"that others used too; {found['idle_cpu_s']:.1f} s of processor",
            ),
            row(
                f"{name}, board-hours in a second of processor",
                round(count * virtual_s / 3600 / found["idle_cpu_s"], 2),
                "h",
                how="the same run",
            ),
            row(
                f"{name}, from power-on to hello, each",
                round(found["start_cpu_s"] / count * 1000, 1),
                "ms",
                how="processor time: make, boot, join, connect, say hello; "
                f"{found['start_s']:.1f} s of the wall for all",
            ),
        ]
        if count > 1:  # one more takes what the first has left
            how = "highest resident size, less that of the process after a first board"
            rows.append(row(f"{name}, memory each", round(found["mb"] / count, 2), "MB", how=how))
    return rows


def processes(count: int, each: int) -> list[dict[str, float]]:
    """Return what fleets take that idle at the same time, each in a process of its own."""
    command = [sys.executable, __file__, "fleet", str(each), "waits"]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(count)]
    for process in running:
        assert process.stdout
        if process.stdout.readline() != "online\n":
            raise RuntimeError("a fleet did not come online")
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in running]


def process_rows(count: int, each: int) -> list[Row]:
    alone, together = processes(1, each), processes(count, each)
    virtual_s = FLEETS.get(each, FLEETS[1000])
    name = f"{count} processes of {each:,} boards"
    one = f"one process with {each:,} boards, measured before"

    def hours(found: list[dict[str, float]]) -> float:
        """Board-hours in a second of the wall."""
        slowest_s = max(process["idle_s"] for process in found)
        return len(found) * each * virtual_s / 3600 / slowest_s

    def mb(found: list[dict[str, float]]) -> float:
        return sum(process["mb"] for process in found) / len(found) / each

    used = f"all idle at once for {virtual_s} virtual seconds, {os.cpu_count()} cores"
    return [
        row(
            f"{name}, boards online",
            count * each,
            "boards",
            compared_with=one,
            ratio=float(count),
            how="each process has a world and a broker of its own; all stayed online",
        ),
        row(
            f"{name}, board-hours in a second of the wall",
            round(hours(together), 2),
            "h",
            compared_with=f"{one}: {hours(alone):.2f} h",
            ratio=hours(together) / hours(alone),
            how=used + f"; {sum(found['idle_cpu_s'] for found in together):.1f} s of processor",
        ),
        row(
            f"{name}, memory each",
            round(mb(together), 2),
            "MB",
            compared_with=f"{one}: {mb(alone):.2f} MB",
            ratio=mb(together) / mb(alone),
            how="highest resident size, less that of each process after a first board",
        ),
    ]


def timed(program: str) -> float:
    """Return the seconds of processor that a program takes on a board, from power-on."""
    with World() as world:
        board = world.board(files={"/main.py": program.encode()})
        board.i2c(sda=21, scl=22).attach(60, Register())
        began_s = time.process_time()
        board.start()
        world.run(hours=24)
        if board.exit != 0:
            raise RuntimeError(board.serial.text)
        return time.process_time() - began_s


def boot_rows() -> list[Row]:
    timed("")
    boot_ms = median(timed("") for _ in range(BOOTS)) * 1000
    return [
        row(
            "boot, from power-on to the end of an empty main.py",
            round(boot_ms, 1),
            "ms",
            compared_with=f"{BOOT_TARGET_MS} ms, the target",
            ratio=boot_ms / BOOT_TARGET_MS,
            how=f"processor time, median of {BOOTS}",
        )
    ]


def call_rows() -> list[Row]:
    rows: list[Row] = []
    empty_s = min(timed(PROGRAM.format(calls=0, line="pass")) for _ in range(3))
    costs = {
        name: min(timed(PROGRAM.format(calls=CALLS, line=line)) for _ in range(3)) - empty_s
        for name, line in LOOPS.items()
    }
    loop_s = costs["an empty loop"]
    peer_us = unix_port_us()
    absent = "MicroPython's unix port: not installed here, Debian 12 has no package of it"
    for name, cost_s in costs.items():
        each_us = (cost_s if name == "an empty loop" else cost_s - loop_s) / CALLS * 1e6
        peer = name == "time.ticks_ms()"
        rows.append(
            row(
                f"call, {name}",
                round(each_us, 2),
                "us",
                compared_with=(absent if peer_us is None else "MicroPython's unix port")
                if peer
                else None,
                ratio=each_us / peer_us if peer and peer_us else None,
                how=f"processor time of {CALLS} in a loop, best of 3, less "
                + ("the program without it" if name == "an empty loop" else "the empty loop"),
            )
        )
    return rows


def unix_port_us() -> float | None:
    """Return the microseconds of a ticks_ms() on MicroPython's unix port; None without it."""
    port = shutil.which("micropython")
    if port is None:
        return None
    took: dict[str, float] = {}
    for line in ("pass", "time.ticks_ms()"):
        before_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        program = UNIX_LOOP.format(calls=UNIX_CALLS, line=line)
        subprocess.run([port, "-c", program], check=True)
        took[line] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before_s
    return (took["time.ticks_ms()"] - took["pass"]) / UNIX_CALLS * 1e6


def qemu_rows() -> list[Row]:
    said = "stated, not measured: "
    return [
        row(
            "QEMU, virtual to wall time on an ESP32",
            1,
            "x",
            how=said + "github.com/rvben/esprite/releases/tag/v0.3.0: under Espressif's fork, "
            "Xtensa images run by the wall clock only, since counting instructions hangs",
        ),
        row(
            "QEMU, from reset to the second-stage bootloader",
            679,
            "ms",
            how=said + "the boot log in github.com/gmh5225/qemu-esp32, by the chip's own clock, "
            "before any program runs",
        ),
        row("QEMU, boards in a process", 1, "board", how="by its design: a process is a machine"),
    ]


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["fleet"]:
        print(json.dumps(fleet(int(words[1]), words[2:] == ["waits"])))
        return 0
    if words[:1] == ["talk"]:
        print(json.dumps(talk(int(words[1]))))
        return 0
    if words[:1] == ["processes"]:
        count, each = (int(word) for word in [*words[1:], str(EACH)][:2])
        before = json.loads((RESULTS / "emulator.json").read_text())
        kept = [entry for entry in before if " processes of " not in entry["metric"]]
        save(__file__, [*kept, *process_rows(count, each)])
        return 0
    rows = [*boot_rows(), *call_rows(), *fleet_rows(), *process_rows(PROCESSES, EACH)]
    save(__file__, [*rows, *talk_rows(), *qemu_rows()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
