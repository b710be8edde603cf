"""A month alone: twenty rules of every kind on one board, with outages, restarts and a lost clock.

Thirty days of a board near Paris pass, over the change to summer time and over the wrap of the
chip's ticks. What was due is computed here, from the tz database and by arithmetic of our own, and
compared with the history of each pin and with the journal. Heap is what /status tells after a
collection, the best of five.

python benchmarks/soak.py [DAYS]
"""

import json
import sys
import time
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

from results import row, save

from host.boards import load_board
from host.emulator import World
from host.image import board_files

DAYS = 30
START = datetime(2027, 3, 8, tzinfo=UTC)  # a Monday; clocks move on March 28
START_S = int(START.timestamp())
PARIS = ZoneInfo("Europe/Paris")
MINUTE, HOUR, DAY = 60, 3600, 86400
HEAP_SLACK = 1024  # bytes: dicts grow in steps, and a message may be on its way
LATE_S = 2  # a rule fires within so many seconds, unless it polls
POLL_S = 300


def toggle(pin: int, **more: Any) -> dict[str, Any]:
    return {"on": True, "do": [{"tool": "gpio_toggle", "args": {"pin": pin}}]} | more


def adc(pin: int) -> dict[str, Any]:
    read = {"tool": "adc_read", "args": {"pin": pin}, "field": "mv"}
    return {"read": read, "poll_s": POLL_S}


BUTTON, WARM, DRY, DARK = 39, 34, 35, 36  # what is wired to inputs
PUMP = [
    {"tool": "gpio_write", "args": {"pin": 23, "value": 1}},
    {"tool": "delay", "args": {"ms": HOUR * 1000}},
    {"tool": "gpio_write", "args": {"pin": 23, "value": 0}},
]
BY_DAY = {"if": [{"time": "08:00-18:00"}]}
RULES: dict[str, dict[str, Any]] = {
    "quarters": toggle(2, when={"cron": "*/15 * * * *"}),
    "work": toggle(4, when={"cron": "0 6-20 * * mon-fri"}),
    "bins": toggle(5, when={"at": "08:15", "days": "mon,tue"}),
    "night": toggle(12, when={"at": "02:30"}),
    "shutter": toggle(13, when={"at": "22:00", "catch_up": "once"}),
    "feed": toggle(14, when={"cron": "30 */6 * * *", "catch_up": "once"}),
    "by-day": toggle(15, when={"every_s": HOUR}, due=START_S + HOUR, **BY_DAY),
    "half-hours": toggle(16, when={"every_s": 1800}, due=START_S + 1800),
    "seldom": toggle(17, when={"every_s": 900, "min_s": 2000}, due=START_S + 900),
    "soon": toggle(18, when={"in_s": 20000}, due=START_S + 20000),
    "promise": toggle(18, when={"in_s": 10 * DAY + 77}, due=START_S + 10 * DAY + 77),
    "warm": toggle(21, when=adc(WARM) | {"above": 2000, "hysteresis": 300}),
    "dry": toggle(22, when=adc(DRY) | {"below": 500, "for_s": 1800}),
    "dark": toggle(19, when=adc(DARK) | {"below": 100}),
    "bell": toggle(25, when={"pin": BUTTON, "edge": "rising"}),
    "touched": toggle(26, when={"pin": BUTTON, "edge": "both", "min_s": 600}),
    "gate": toggle(32, when={"event": "open", "from": "gate"}),
    "barn": toggle(33, when={"event": "alarm", "from": "barn-tag"}),
    "started": toggle(27, when={"boot": True}),
    "pump": {"on": True, "when": {"cron": "0,30 12 * * *"}, "do": PUMP},
}  # fmt: skip


@dataclass
class Trouble:
    """Something that happens to the board: from `at` for `span` seconds."""

    kind: str
    at: int
    span: int = 0


CLOCK_SET_S = 2 * HOUR + 7  # nobody knows the time before
TIME_FOUND_S = 300  # after a power cut
TROUBLES = [
    Trouble("power", DAY + 14 * HOUR + 7 * MINUTE + 11, 100 * MINUTE),
    Trouble("reset", 2 * DAY + 11 * HOUR + 3 * MINUTE + 20),
    # From here the board runs for fifteen days: the ticks wrap after 12.4.
    Trouble("broker", 3 * DAY + 9 * HOUR + 40, 20 * MINUTE),
    Trouble("broker", 5 * DAY + 15 * HOUR + 130, 3 * HOUR),
    Trouble("wifi", 7 * DAY + 8 * HOUR + 70, HOUR),
    Trouble("broker", 9 * DAY + 20 * HOUR + 400, 5 * MINUTE),
    Trouble("broker", 12 * DAY + 2 * HOUR + 33, 6 * HOUR),
    Trouble("power", 17 * DAY + 19 * HOUR + 2 * MINUTE + 5, 9 * HOUR),
    Trouble("reset", 19 * DAY + 10 * HOUR + 35 * MINUTE + 3),
    Trouble("wifi", 22 * DAY + 6 * HOUR + 45, 30 * MINUTE),
    Trouble("broker", 24 * DAY + 16 * HOUR + 9, 45 * MINUTE),
    Trouble("power", 26 * DAY + 4 * HOUR + 50 * MINUTE, 20),
]


# Each day, in hours from a quarter past noon, a little later every day: pin, millivolts.
VALUES: tuple[tuple[float, int, int], ...] = (
    (0, WARM, 2400),
    (3, WARM, 1800),  # within the hysteresis
    (5, WARM, 2300),
    (7, WARM, 900),
    (8, DARK, 40),
    (18, DARK, 2000),
)
DRY_VALUES: tuple[tuple[float, int, int], ...] = (
    (-5, DRY, 400),
    (-1.2, DRY, 900),
    (-1, DRY, 300),  # not for long enough
    (-0.8, DRY, 800),
)
PRESSES = (-9, -2.5, 1, 1.1, 6)


def sealed(document: object) -> bytes:
    body = json.dumps(document).encode()
    return body + b"\n%08x" % crc32(body)


@dataclass
class Life:
    """What happened to the board, in seconds since the start."""

    boots: list[float] = field(default_factory=list[float])
    ends: list[float] = field(default_factory=list[float])  # of each boot
    set_at: list[float] = field(default_factory=list[float])  # of each boot, the time was known
    values: dict[int, list[tuple[float, int]]] = field(default_factory=dict[int, Any])
    edges: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    heard: dict[str, list[float]] = field(default_factory=dict[str, Any])
    missed: set[str] = field(default_factory=set[str])  # lines of the journal
    heap: list[int] = field(default_factory=list[int])


class Soak:
    """One board, its broker and its life."""

    def __init__(self, days: int) -> None:
        self.end_s = days * DAY
        self.life = Life()
        self.world = World(seed=3, unix_s=START_S, date_is_set=False, isolated=True)
        self.broker = self.world.broker("broker")
        self.broker.subscribe("limpet/v1/attic/up/info", self._greeted)
        self.broker.subscribe("limpet/v1/attic/up/chat", self._answered)
        self.connections = 0
        self._hears = False  # what is published now
        self._answers: list[str] = []
        settings = {
            "device": "attic",
            "broker": {"host": "broker", "keepalive_s": 600},
            "wifi": {"ssid": "home", "password": "secret"},
        }
        files = board_files(load_board("esp32-devkit"), settings)
        zone = {"name": "Europe/Paris", "rule": "CET-1CEST,M3.5.0,M10.5.0/3"}
        files |= {"/data/rules": sealed(RULES), "/data/zone": sealed(zone)}
        self.board = self.world.board(files=files)
        self._troubles = self._moments()

    def run(self) -> None:
        self._measure(WARM, 1500)
        self._measure(DRY, 1500)
        self._measure(DARK, 1500)
        self.board.pin(BUTTON).drive(0)
        for at, action in self._troubles:
            if at >= self.end_s:
                break
            self.world.run(seconds=at - self.world.now_s)
            action()
        self.world.run(seconds=self.end_s - self.world.now_s)
        self.look()
        self.life.ends.append(self.world.now_s)

    def _moments(self) -> list[tuple[float, Any]]:
        """Return what is done to the board and when, in order."""
        found: list[tuple[float, Any]] = [(0, self.start), (CLOCK_SET_S, self.set_clock)]
        for trouble in TROUBLES:
            end = trouble.at + trouble.span
            if trouble.kind == "power":
                found += [(trouble.at, self.cut), (end, self.start)]
                found += [(end + TIME_FOUND_S, self.set_clock)]
            elif trouble.kind == "reset":
                found += [(trouble.at, self.reset)]
            elif trouble.kind == "broker":
                found += [(trouble.at, self.broker_stop), (end, self.broker.start)]
            else:
                found += [(trouble.at, self.wifi_down), (end, self.wifi_up)]
        for day in range(self.end_s // DAY + 1):
            noon = day * DAY + 12 * HOUR + 17 * MINUTE + day * 101
            for hour, pin, mv in VALUES + (DRY_VALUES if day % 3 == 1 else ()):
                found += [(noon + hour * HOUR, partial(self._measure, pin, mv))]
            for hour in PRESSES:
                found += [(noon + hour * HOUR, partial(self._edge, 1))]
                found += [(noon + hour * HOUR + 2, partial(self._edge, 0))]
            gate = partial(self._tell, "gate", "limpet/v1/gate/up/event", "open")
            barn = partial(self._tell, "barn", "limpet/v1/g/barn-tag/event", "alarm")
            found += [(noon + 900, gate), (noon + 4 * HOUR, barn)]
            found += [(day * DAY + DAY - 60, self.look)]
            found += [(day * DAY + hour * HOUR - 30, self.read_journal) for hour in (4, 8, 12, 16)]
        return sorted(found, key=lambda moment: moment[0])

    def start(self) -> None:
        self.life.boots.append(self.world.now_s)
        self.life.set_at.append(float("inf"))
        self.board.start()

    def set_clock(self) -> None:
        self.board.rtc.sync()
        self.life.set_at[-1] = self.world.now_s

    def cut(self) -> None:
        self.life.ends.append(self.world.now_s)
        self._hears = False
        self.board.power_cut()

    def reset(self) -> None:
        self.life.ends.append(self.world.now_s)
        self.life.boots.append(self.world.now_s)
        self.life.set_at.append(self.world.now_s)
        self._hears = False
        self.board.reset()

    def broker_stop(self) -> None:
        self._hears = False
        self.broker.stop()

    def wifi_down(self) -> None:
        self._hears = False
        self.board.wifi.down()

    def wifi_up(self) -> None:
        self.board.wifi.up()

    def _greeted(self, _: str, __: bytes) -> None:
        self._hears = True
        self.connections += 1

    def _answered(self, _: str, body: bytes) -> None:
        self._answers.append(json.loads(body)["text"])

    def _measure(self, pin: int, mv: int) -> None:
        self.board.adc(pin).set_mv(mv)
        self.life.values.setdefault(pin, []).append((self.world.now_s, mv))

    def _edge(self, level: int) -> None:
        self.board.pin(BUTTON).drive(level)
        if self.board.state == "running":
            self.life.edges.append((self.world.now_s, level))

    def _tell(self, rule: str, topic: str, name: str) -> None:
        event = {"e": "emit", "name": name, "from": "gate"}
        self.broker.publish(topic, json.dumps(event).encode())
        if self._hears:
            self.life.heard.setdefault(rule, []).append(self.world.now_s)

    def read_journal(self) -> None:
        """Note what was missed; within a day the journal goes round."""
        for path in ("/data/journal", "/data/journal.old"):
            if self.board.files.exists(path):
                lines = self.board.files.read(path).decode().splitlines()
                self.life.missed |= {line for line in lines if '"missed"' in line}

    def look(self) -> None:
        """Note the heap and what the journal says was missed."""
        self.read_journal()
        # A word on the stack that looks like a pointer keeps something alive: the best of five.
        self._answers.clear()
        for number in range(5 if self._hears else 0):
            asked = json.dumps({"id": f"look-{number}", "text": "/status"})
            self.broker.publish("limpet/v1/attic/down/chat", asked.encode())
            self.world.run(seconds=3)
        found = [int(text.split("heap_free: ")[1].split()[0]) for text in self._answers]
        self.life.heap += [max(found)] if found else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.close()


# -- what was due, by arithmetic of our own ------------------------------------------------------

Window = tuple[float, float]  # when something must be done: not before, not after


def local_times(
    hours: list[int], minutes: list[int], days: int, weekdays: str = "0123456"
) -> list[float]:
    """Return when clocks in Paris show these times; one that is skipped falls after the jump."""
    found: set[float] = set()
    for day in range(-1, days + 1):
        date = START + timedelta(days=day)
        if str(date.weekday()) in weekdays:
            for hour in hours:
                for minute in minutes:
                    local = datetime(date.year, date.month, date.day, hour, minute, tzinfo=PARIS)
                    found.add(local.timestamp() - START_S)
    return sorted(found)


def spans(life: Life) -> Iterator[tuple[float, float, float]]:
    """Yield of each boot its start, when it knew the time, and its end."""
    return zip(life.boots, life.set_at, life.ends, strict=True)


def on_time(life: Life, due: list[float], once: bool = False) -> list[Window]:
    """Return what of a schedule must be done; once: what was missed is made up for."""
    found: list[Window] = []
    known_until = None
    for _, known, end in spans(life):
        if once and known_until is not None and any(known_until <= t <= known for t in due):
            found.append((known, known + LATE_S))
        found += [(t, t + LATE_S) for t in due if known < t < end]
        if known < end:
            known_until = end
    return found


def periodic(life: Life, period: int, rest: int = 0) -> list[Window]:
    """Return what of a period that began with the world must be done, at most once in `rest`."""
    found: list[Window] = []
    for start, _, end in spans(life):
        last = -1e9
        for t in range(period, int(end) + 1, period):
            if start < t < end and t - last >= rest:
                last = t
                found.append((t, t + LATE_S))
    return found


def polled(life: Life, pin: int, is_beyond: Any, is_back: Any, for_s: int = 0) -> list[Window]:
    """Return when a value that is read each POLL_S must have been acted on."""
    found: list[Window] = []
    values = life.values[pin]
    for start, _, end in spans(life):
        told = False
        for (since, mv), (until, _) in zip(values, [*values[1:], (1e9, 0)], strict=True):
            since, until = max(since, start), min(until, end)
            if since >= until:
                continue
            if is_back(mv):
                told = False
            if is_beyond(mv) and not told and until - since > for_s + 2 * POLL_S:
                told = True
                found.append((since + for_s, since + for_s + (2 if for_s else 1) * POLL_S + 10))
    return found


def at_most(times: list[float], life: Life, rest: int) -> list[Window]:
    found: list[Window] = []
    for start, _, end in spans(life):
        last = -1e9
        for t in times:
            if start <= t < end and t - last >= rest:
                last = t
                found.append((t, t + LATE_S))
    return found


def pump(life: Life, due: list[float]) -> tuple[list[Window], int]:
    """Return the edges of the pump's pin and how often it was due while it ran."""
    edges: list[Window] = []
    missed = 0
    for _, known, end in spans(life):
        off = -1e9
        for t in due:
            if known < t < end:
                if t < off:
                    missed += off < end
                    continue
                off = t + HOUR
                edges += [(s, s + LATE_S) for s in (t, off) if s < end]
    return edges, missed


def expected(life: Life, days: int) -> tuple[dict[int, list[Window]], int]:
    """Return {pin: when its level must change} and how many lines of the journal tell a miss."""
    end = life.ends[-1]
    hours = list(range(24))
    pump_edges, missed = pump(life, local_times([12], [0, 30], days))
    hourly = [window for window in periodic(life, HOUR) if _known(life, window[0])]
    by_day = [window for window in hourly if 8 <= _local_hour(window[0]) < 18]
    promises = [t for t in (20000, 10 * DAY + 77) if t < end]
    rising = [t for t, level in life.edges if level]
    touched = [t for t, _ in life.edges]
    found = {
        2: on_time(life, local_times(hours, [0, 15, 30, 45], days)),
        4: on_time(life, local_times(list(range(6, 21)), [0], days, "01234")),
        5: on_time(life, local_times([8], [15], days, "01")),
        12: on_time(life, local_times([2], [30], days)),
        13: on_time(life, local_times([22], [0], days), once=True),
        14: on_time(life, local_times([0, 6, 12, 18], [30], days), once=True),
        15: by_day,
        16: periodic(life, 1800),
        17: periodic(life, 900, rest=2000),
        18: [(t, t + LATE_S) for t in promises],
        21: polled(life, WARM, lambda mv: mv > 2000, lambda mv: mv <= 1700),
        22: polled(life, DRY, lambda mv: mv < 500, lambda mv: mv >= 500, for_s=1800),
        19: polled(life, DARK, lambda mv: mv < 100, lambda mv: mv >= 100),
        25: at_most(rising, life, 0),
        26: at_most(touched, life, 600),
        32: [(t, t + LATE_S) for t in life.heard.get("gate", [])],
        33: [(t, t + LATE_S) for t in life.heard.get("barn", [])],
        27: [(t, t + LATE_S) for t in life.boots],
        23: pump_edges,
    }  # fmt: skip
    return found, missed


def _local_hour(t: float) -> int:
    return datetime.fromtimestamp(START_S + t, PARIS).hour


def _known(life: Life, t: float) -> bool:
    return any(known <= t < end for _, known, end in spans(life))


def wrong(found: list[float], due: list[Window]) -> list[str]:
    """Return what was done and not due, and what was due and not done, in words."""
    errors: list[str] = []
    left = list(found)
    for earliest, latest in due:
        done = next((t for t in left if earliest - 0.001 <= t <= latest), None)
        if done is None:
            errors.append(f"not done: {_words(earliest)}")
        else:
            left.remove(done)
    return errors + [f"not due: {_words(t)}" for t in left]


def _words(t: float) -> str:
    return f"{t:.1f} s, " + datetime.fromtimestamp(START_S + t, PARIS).strftime("%d %b %H:%M:%S")


@dataclass
class Report:
    """How a soak went. heap: free bytes at the end of the first and of the last day."""

    due: int
    done: int
    missed: int
    errors: list[str]
    heap: tuple[int, int]
    boots: int
    connections: int
    cpu_s: float


def soak(days: int = DAYS) -> Report:
    """Let the days pass and compare what was done with what was due."""
    before = time.process_time()
    with Soak(days) as run:
        run.run()
        life, board = run.life, run.board
        due, missed = expected(life, days)
        errors: list[str] = []
        done = 0
        for pin, windows in due.items():
            # A restart takes the level away: that is no action.
            moved = [
                t
                for t, level in board.pin(pin).history
                if level or not any(0 <= t - boot < 0.02 for boot in life.boots)
            ]
            done += len(moved)
            errors += [f"pin {pin}, {error}" for error in wrong(moved, windows)]
        if len(life.missed) != missed:
            errors.append(f"the journal tells {len(life.missed)} misses of {missed}")
        if board.boots != len(life.boots) or board.state != "running":
            errors.append(f"{board.boots} starts of {len(life.boots)}, {board.state}")
        if "failed" in board.serial.text or "Traceback" in board.serial.text:
            errors.append(board.serial.text[-500:])
        return Report(
            due=sum(map(len, due.values())) + missed,
            done=done,
            missed=len(life.missed),
            errors=errors,
            heap=(life.heap[0], life.heap[-1]),
            boots=board.boots,
            connections=run.connections,
            cpu_s=time.process_time() - before,
        )


def main() -> int:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    began = time.monotonic()
    report = soak(days)
    wall_s = time.monotonic() - began
    how = f"{days} virtual days, {len(RULES)} rules, pins against due times computed apart"
    troubles = [t for t in TROUBLES if t.at < days * DAY]
    out_s = sum(t.span for t in troubles if t.kind in ("broker", "wifi"))
    rows = [
        row("actions due", report.due, "", how=how),
        row("actions done", report.done, "", how=how),
        row("due while the rule still ran, told by the journal", report.missed, "", how=how),
        row("neither done on time nor told, or done twice", len(report.errors), "", how=how),
        row("restarts", report.boots - 1, "", how="resets and power cuts up to 9 hours long"),
        row("time without a broker or Wi-Fi", round(out_s / HOUR, 1), "h", how=how),
        row("connections to the broker", report.connections, "", how=how),
        row(
            "heap free at the end",
            report.heap[1],
            "B",
            compared_with=f"{report.heap[0]} B at the end of the first day",
            ratio=report.heap[1] / report.heap[0],
            how="/status over MQTT, after a collection, best of five",
        ),
        row("CPU time of all threads", round(report.cpu_s, 1), "s", how="time.process_time()"),
        row("wall time", round(wall_s, 1), "s", how="time.monotonic(), on a shared machine"),
    ]
    for result in rows:
        print(f"{result['metric']:56} {result['value']:10,} {result['unit']}")
    for error in report.errors[:40]:
        print("error:", error, file=sys.stderr)
    if days == DAYS:
        save(__file__, rows)
    return 1 if report.errors or report.heap[1] < report.heap[0] - HEAP_SLACK else 0


if __name__ == "__main__":
    sys.exit(main())
