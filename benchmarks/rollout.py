"""A rollout to a thousand boards in virtual time: a good release, and one that 3% cannot run.

Each board is emulated and runs the real firmware; a tenth has no power. The release is signed,
its blocks are fetched, the slot is switched, the trial is judged by the board itself; the bad one
cannot be imported on boards drawn by chance. host/rollout.py decides, as for `limpet update
rollout`.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from results import row, save

from firmware import wire
from host import rsa, update
from host.boards import load_board
from host.emulator import World
from host.image import agent_sources, board_files, compile_agent, slot_files
from host.rollout import FAILED, FINISHED, HALTED, RUNNING, Plan, Rollout

BOARDS, AWAY, BAD = 1000, 100, 30
GOOD_BOARDS = 50  # in the rollout that is to finish: each fetches, switches, restarts
ONLINE_S = 30  # virtual
SETTLE_S = 2400  # virtual: until trials that were under way have ended
LIMIT_S = 6 * 3600
PLAN = Plan(waves=(1, 5, 25, 100), soak_s=300, cap=10, max_failures=5, silence_s=3600)
KEY = rsa.new_key()
Row = dict[str, Any]


def release(bad: set[str]) -> update.Release:
    """Return another agent, one that cannot run on these boards."""
    files = {path.rsplit("/", 1)[1]: data for path, data in slot_files("a").items()}
    app = agent_sources()["app"].replace('VERSION = const("', 'VERSION = const("9.')
    if bad:
        app += (
            f"\nimport json\nif json.load(open('/settings.json'))['device'] in {tuple(bad)!r}:\n"
        )
        app += "    raise ImportError('a driver that this board has not')\n"
    files["app.mpy"] = compile_agent("app", app)
    return update.build("9", 9, files=files)


class Site:
    """A world with a broker, boards, and an operator who carries a rollout out."""

    def __init__(self, count: int, away: set[str], bad: set[str], plan: Plan) -> None:
        names = [f"b{n:04}" for n in range(count)]
        self.release = release(bad)
        self.payload = update.signed(self.release.body, KEY)
        self.rollout = Rollout(self.release.job["id"], plan, names)
        self.world = World(seed=1, isolated=True)
        self.broker = self.world.broker()
        self.online: set[str] = set()
        self.versions: dict[str, str] = {}
        self.offered: set[str] = set()
        self.broker.subscribe("limpet/v1/+/up/#", self.hear)
        spec = load_board("esp32-devkit")
        for name in names:
            if name not in away:
                settings = {
                    "device": name,
                    "broker": {"host": "broker"},
                    "update_key": KEY.public_hex,
                }
                settings["wifi"] = {"ssid": "home", "password": "secret"}
                self.world.board(name=name, files=board_files(spec, settings)).start()
        self.world.run(seconds=ONLINE_S)
        assert len(self.online) == count - len(away), len(self.online)

    def hear(self, topic: str, payload: bytes) -> None:
        name, kind = wire.split(topic)
        if kind == wire.STATUS:
            (self.online.add if payload == b"online" else self.online.discard)(name)
        elif kind == wire.INFO:
            self.versions[name] = json.loads(payload)["fw"].split(".")[0]
        elif kind == wire.WANTED:
            block = self.release.block(payload)
            if block:
                self.broker.publish(wire.topic(name, wire.BLOCK), block, 1)
                self.rollout.progress[name].since = self.now_s
        elif kind == wire.PROGRESS:
            said = json.loads(payload)
            self.rollout.heard(name, said["state"], said.get("why") or "", self.now_s)

    @property
    def now_s(self) -> float:
        return self.world.now_s + 1e9

    def act(self) -> None:
        for what, name in self.rollout.step(lambda name: name in self.online, self.now_s):
            payload = self.payload if what == "offer" else b""
            self.offered |= {name} if what == "offer" else set()
            self.broker.publish(wire.topic(name, wire.JOB), payload, 1, retain=True)

    def run(self) -> float:
        """Carry it out; return virtual seconds until it ended."""
        begun_s = self.world.now_s
        while self.rollout.status == RUNNING and self.world.now_s < begun_s + LIMIT_S:
            self.act()
            self.world.run(seconds=1)
        self.act()
        took_s = self.world.now_s - begun_s
        self.world.run(seconds=SETTLE_S)
        return took_s


def bad_build(boards: int, plan: Plan) -> list[Row]:
    chance = random.Random(8)
    names = [f"b{n:04}" for n in range(boards)]
    away = set(chance.sample(names, boards * AWAY // BOARDS))
    bad = set(chance.sample(names, boards * BAD // BOARDS))
    begun_s = time.monotonic()
    site = Site(boards, away, bad, plan)
    took_s = site.run()
    rollout = site.rollout
    assert rollout.status == HALTED, rollout.counts
    failed = rollout.counts[FAILED]
    assert failed <= plan.most_harm
    assert site.online == set(names) - away, "a board is lost"
    old = [n for n in bad - away if site.versions[n] != "9"]
    assert set(old) == bad - away, "a bad build stayed"
    how = (
        f"{boards} emulated boards, {len(away)} without power, {len(bad)} cannot run the release; "
        f"canary, then 1, 5, 25, 100 %, {plan.cap} at a time, {plan.max_failures} failures halt; "
        f"{time.monotonic() - begun_s:.0f} s of the wall"
    )
    reach = len(bad - away)
    return [
        row(
            "bad release: boards that failed before it halted",
            failed,
            "",
            compared_with=f"{reach} that would have",
            ratio=failed / reach,
            how=how,
        ),
        row("bad release: the most that the plan allows", plan.most_harm, "", how=how),
        row("bad release: boards that it was offered to", len(site.offered), "", how=how),
        row(
            "bad release: boards that run the old agent again or still, of those it is bad for",
            len(old),
            "",
            how=how,
        ),
        row("bad release: boards that are lost", 0, "", how=how),
        row("bad release: until it halted", round(took_s / 60, 1), "virtual min", how=how),
    ]


def good_build(boards: int, plan: Plan) -> list[Row]:
    begun_s = time.monotonic()
    site = Site(boards, set(), set(), plan)
    took_s = site.run()
    assert site.rollout.status == FINISHED, site.rollout.counts
    assert set(site.versions.values()) == {"9"} and len(site.online) == boards
    how = (
        f"{boards} emulated boards; waves as above; {time.monotonic() - begun_s:.0f} s of the wall"
    )
    return [row("good release: until all have it", round(took_s / 60, 1), "virtual min", how=how)]


def main() -> None:
    rows = [*bad_build(BOARDS, PLAN), *good_build(GOOD_BOARDS, PLAN)]
    for one in rows:
        print(f"{one['metric']:84} {one['value']:>8} {one['unit']}")
    save(__file__, rows)


if __name__ == "__main__":
    main()
