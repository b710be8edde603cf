"""A fleet with the real firmware and the real proxy, in the virtual time of an isolated world."""

import asyncio
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cloud_proxy import app, keys
from cloud_proxy.config import Config
from cloud_proxy.report import attempts
from firmware import wire
from host.boards import load_board
from host.emulator import Board, Program, World
from host.emulator.event_log import EventLog
from host.emulator.mqtt_broker import Message, MqttBroker
from host.image import board_files
from tests.system.certificates import make_certificates
from tests.system.proxy_kit import chunk, events, say

ROOT = Path(__file__).parents[2]
START_UNIX_S = 1_767_571_200  # 2026-01-05, when a world begins
EDGE = """
[mqtt]
broker = "broker:1883"
"""
UPSTREAM = """
[tiers.{name}]
kind = "openai"
url = "http://{name}:8000/v1"
model = "{name}-model"
price = {{ input = {usd}, output = {usd} }}
idle_timeout_s = {patience_s}
"""
SENTENCES = (
    "turn on pin 2",
    "switch off the led on pin 2",
    "set pin 2 to 1",
    "remember that the pump is green",
    "blink pin 2 every 10 seconds",
    "what is the capital of France?",
)


def firmware_files(name: str, ca: bytes | None) -> dict[str, bytes]:
    settings = {
        "device": name,
        "broker": {"host": "broker"} | ({"tls": "/ca.der"} if ca else {}),
        "wifi": {"ssid": "home", "password": ""},
    }
    return board_files(load_board("esp32-devkit"), settings) | ({"/ca.der": ca} if ca else {})


class Fleet:
    """A broker, boards called b0, b1, ... and a proxy in a world, all begun and online."""

    def __init__(
        self,
        world: World,
        folder: Path,
        boards: int,
        config: str = EDGE,
        pki: Path | None = None,
    ) -> None:
        """pki: certificates, with which all speak TLS to the broker."""
        self.world = world
        chain = (pki / "server.pem", pki / "server.key") if pki else None
        self.broker: MqttBroker = world.broker(tls=chain)
        ca = (pki / "ca.der").read_bytes() if pki else None
        self.config = Config.model_validate(tomllib.loads(config))
        self.ledger = folder / "ledger.sqlite"
        self.proxy = self.add_proxy("proxy", self.ledger)
        names = [f"b{n}" for n in range(boards)]
        self.boards: list[Board] = [
            world.board(name=name, files=firmware_files(name, ca)) for name in names
        ]
        for board in self.boards:
            board.start()
        self.until(lambda: set(names) <= set(self.broker.clients))

    def add_proxy(self, name: str, ledger: Path) -> Program:
        ready: list[str] = []
        proxy = self.world.program(name, lambda: app.serve(self.config, ledger, ready.append))
        proxy.start()
        self.until(lambda: ready or proxy.state != "running")
        assert proxy.state == "running", proxy.error
        return proxy

    def until(self, true: Callable[[], object], seconds: int = 200) -> None:
        for _ in range(seconds * 4):
            if true():
                return
            self.world.run(ms=250)
        consoles = [board.serial.text[-300:] for board in self.world.boards[:3]]
        raise AssertionError(f"not within {seconds} virtual s: {consoles}")

    def tell(self, board: int, text: str, chat: str = "c1") -> None:
        body = json.dumps({"id": chat, "text": text}).encode()
        self.broker.publish(wire.topic(f"b{board}", wire.CHAT), body, 1)

    def said(self, kind: str) -> list[Message]:
        return [m for m in self.broker.messages if wire.split(m.topic)[1] == kind]

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload) for message in self.said(wire.ANSWER)]

    def turn(self, board: int, text: str) -> dict[str, Any]:
        """Return what the board answers to a sentence."""
        before = len(self.answers())
        self.tell(board, text, f"c{before}")
        self.until(lambda: len(self.answers()) > before)
        return self.answers()[-1]

    def rows(self) -> list[dict[str, Any]]:
        """End the proxy in order and return its ledger."""
        self.proxy.signal()
        self.until(lambda: self.proxy.state != "running")
        assert self.proxy.state == "stopped", self.proxy.error
        return attempts(self.ledger)


def upstream(behave: Callable[[web.Request, dict[str, Any]], Any]) -> Callable[[], Any]:
    """Return the main of a program that is an OpenAI-compatible server on port 8000."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await behave(request, await request.json())

    async def main() -> None:
        server = web.Application()
        server.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(server, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, port=8000).start()
        await asyncio.Event().wait()

    return main


async def stall(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    """Say nothing for 20 virtual seconds, and then that it is too late."""
    await asyncio.sleep(20)
    return await say("Too late.")(request, body)


async def tell_slowly(request: web.Request, response: web.StreamResponse) -> None:
    for word in ("a ", "rocky ", "shore."):
        await asyncio.sleep(0.3)
        await response.write(chunk({"content": word}))
    await response.write(chunk({}, "stop") + b"data: [DONE]\n\n")


@pytest.mark.timeout(600)  # twenty boards for an hour
def test_a_fleet_of_twenty_talks_to_the_real_proxy_in_virtual_time(tmp_path: Path):
    with World(seed=1, isolated=True) as world:
        fleet = Fleet(world, tmp_path, 20)
        fleet.until(lambda: world.now_s >= 60)
        for board in range(20):
            fleet.tell(board, "turn on pin 2")
        fleet.until(lambda: len(fleet.answers()) == 20)
        assert {answer["text"] for answer in fleet.answers()} == {"Pin 2 is on."}
        assert [board.pin(2).value for board in fleet.boards] == [1] * 20
        assert all(60 < message.at_s < 60.5 for message in fleet.said(wire.ANSWER))
        world.run(hours=1)  # nobody's keep-alive or connection ends while nothing is asked
        assert fleet.turn(7, "turn off pin 2")["text"] == "Pin 2 is off."
        assert len(fleet.broker.clients) == 21 and len(fleet.said(wire.STATUS)) == 20
        rows = fleet.rows()
    assert {row["device"] for row in rows} == {f"b{n}" for n in range(20)}
    assert [row["tier"] for row in rows] == ["edge"] * 21
    at_s = [row["time_ms"] / 1000 - START_UNIX_S for row in rows]
    assert all(60 < s < 60.5 for s in at_s[:20]) and 3660 < at_s[20] < 3661


def test_an_upstream_that_stalls_makes_the_next_one_answer(tmp_path: Path):
    tiers = UPSTREAM.format(name="gpu", usd=1, patience_s=15)
    tiers += UPSTREAM.format(name="cloud", usd=9, patience_s=15)
    with World(seed=1, isolated=True) as world:
        for name, behave in (("gpu", stall), ("cloud", events(then=tell_slowly))):
            world.program(name, upstream(behave)).start()
        fleet = Fleet(world, tmp_path, 1, EDGE + tiers)
        asked_s = world.now_s
        answer = fleet.turn(0, "what does a limpet cling to?")
        assert answer["text"] == "a rocky shore." and answer["use"]["tier"] == "cloud"
        assert 15.9 < fleet.said(wire.ANSWER)[0].at_s - asked_s < 16.5
        deltas = [json.loads(m.payload).get("d") for m in fleet.said(wire.REPLY)]
        rows = fleet.rows()
    assert [row["outcome"] for row in rows] == ["unsure", "timeout", "ok"]
    assert [row["tier"] for row in rows] == ["edge", "gpu", "cloud"]
    assert 15_000 <= rows[1]["total_ms"] <= 15_100 and 900 <= rows[2]["total_ms"] <= 1000
    assert deltas == [None]  # boards show none and ask for none: the final message is all


def test_a_budget_that_is_spent_is_there_again_in_the_next_hour(tmp_path: Path):
    usage = {"prompt_tokens": 3000, "completion_tokens": 100, "total_tokens": 3100}
    tiers = UPSTREAM.format(name="cloud", usd=9, patience_s=10)
    budget = '[[budgets]]\nscope = "fleet"\nper = "hour"\nusd = 0.13\n'
    with World(isolated=True) as world:
        world.program("cloud", upstream(say("A rock.", usage=usage))).start()
        fleet = Fleet(world, tmp_path, 1, EDGE + tiers + budget)
        asked = "what does a limpet cling to?"
        used = [fleet.turn(0, asked)["use"] for _ in range(2)]
        world.run(hours=1)
        used.append(fleet.turn(0, asked)["use"])
    assert [use["tier"] for use in used] == ["cloud", "edge", "cloud"]
    assert [use["ud"] for use in used] == [27_900, 0, 27_900]


def test_board_and_proxy_speak_tls_to_the_broker(tmp_path: Path):
    pki = make_certificates(tmp_path, "broker")
    unix_s = (pki / "server.pem").stat().st_mtime + 86400  # by which its certificate holds
    secure = EDGE + f'tls = true\nca_file = "{pki / "ca.pem"}"\n'
    with World(isolated=True, unix_s=unix_s) as world:
        fleet = Fleet(world, tmp_path, 1, secure, pki)
        assert fleet.turn(0, "turn on pin 2")["text"] == "Pin 2 is on."
        assert fleet.broker.tls and fleet.broker.tls.failures == []


def test_a_program_asks_over_http_in_virtual_time_and_the_same_ids_come_again(tmp_path: Path):
    async def ask() -> list[str]:
        body = {"messages": [{"role": "user", "content": "turn on pin 2"}]}
        headers = {"authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            said: list[str] = []
            for _ in range(2):
                async with session.post("http://proxy:80/v1/chat/completions", json=body) as done:
                    said.append((await done.json())["id"])
                await asyncio.sleep(100)  # over the server's idle time: a new connection
            return said

    key = keys.add(tmp_path / "keys", "cli")
    http = f'[http]\nlisten = "0.0.0.0:80"\nkeys_file = "{tmp_path / "keys"}"'
    told: list[object] = []
    for run in ("one", "two"):
        with World(seed=1, isolated=True) as world:
            fleet = Fleet(world, tmp_path / run, 0, EDGE + http)
            asking = world.program("asking", ask)
            asking.start()
            world.run(minutes=5)
            assert asking.state == "stopped", asking.error
            told.append((asking.result, fleet.rows()))
            assert [row["device"] for row in fleet.rows()] == ["cli"] * 2
    assert told[0] == told[1]


def a_day_of_trouble(seed: int, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return what a fleet, its broker and its ledger saw."""
    folder.mkdir(exist_ok=True)
    with World(seed=seed, isolated=True) as world:
        world.network.jitter_ms, world.network.loss = 30, 0.05
        world.program("cloud", upstream(events(then=tell_slowly))).start()
        tier = UPSTREAM.format(name="cloud", usd=9, patience_s=10)
        fleet = Fleet(world, folder, 6, EDGE + tier)
        log = EventLog(world.boards)
        for turn, text in enumerate(SENTENCES * 2):
            fleet.tell(turn % 6, text, f"c{turn}")
            fleet.tell((turn + 1) % 6, "/status", f"s{turn}")
            world.run(ms=700)
            if turn == 4:
                fleet.broker.stop()
                world.run(seconds=3)
                fleet.broker.start()
            if turn == 7:
                fleet.proxy.kill()
                fleet.proxy.start()
        world.run(minutes=2)
        text = log.text() + "".join(f"{message}\n" for message in fleet.broker.messages)
        return text, fleet.rows()


def digest(seed: int, folder: Path) -> str:
    text, rows = a_day_of_trouble(seed, folder)
    assert len(rows) > 8 and {row["tier"] for row in rows} == {"edge", "cloud"}
    return sha256((text + json.dumps(rows)).encode()).hexdigest()


ELSEWHERE = """
import sys, types
from pathlib import Path
root = sys.argv[1]
sys.path.insert(0, root)
tests = sys.modules["tests"] = types.ModuleType("tests")  # others have a package of that name
tests.__path__ = [root + "/tests"]
from tests.system.test_virtual_proxy import digest
print(digest(1, Path(sys.argv[2])))
"""


@pytest.mark.timeout(600)  # four worlds, one of them in a process that has to begin
def test_log_and_ledger_are_the_seeds_also_in_another_process(tmp_path: Path):
    here = digest(1, tmp_path / "one")
    assert digest(1, tmp_path / "two") == here != digest(2, tmp_path / "three")
    command = [sys.executable, "-c", ELSEWHERE, str(ROOT), str(tmp_path / "four")]
    environment = os.environ | {"PYTHONHASHSEED": "42"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == here, done.stderr


def test_a_broker_that_restarts_is_found_again(tmp_path: Path):
    with World(seed=1, isolated=True) as world:
        fleet = Fleet(world, tmp_path, 2)
        fleet.broker.stop()
        world.run(minutes=5)
        fleet.broker.start()
        fleet.until(lambda: len(fleet.broker.clients) == 3)
        world.run(seconds=1)
        assert fleet.turn(1, "turn on pin 2")["text"] == "Pin 2 is on."
        assert fleet.boards[1].pin(2).value == 1


ENDS: dict[str, Callable[[Program], object]] = {
    "in order": lambda proxy: proxy.signal(),
    "without a word": lambda proxy: proxy.kill(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_proxy_that_restarts_answers_what_was_asked_meanwhile(
    tmp_path: Path, end: Callable[[Program], object]
):
    with World(seed=1, isolated=True) as world:
        fleet = Fleet(world, tmp_path, 2)
        fleet.turn(0, "turn on pin 2")
        end(fleet.proxy)
        fleet.until(lambda: fleet.proxy.state == "stopped")
        fleet.tell(1, "turn on pin 2", "late")
        world.run(seconds=2)
        assert fleet.boards[1].pin(2).value == 0
        fleet.proxy.start()
        fleet.until(lambda: fleet.boards[1].pin(2).value)
        assert len(fleet.rows()) == 2


def test_two_proxies_share_and_one_that_dies_leaves_its_part_to_the_other(tmp_path: Path):
    with World(seed=1, isolated=True) as world:
        fleet = Fleet(world, tmp_path, 4)
        other_ledger = tmp_path / "other.sqlite"
        other = fleet.add_proxy("other", other_ledger)
        for board in range(4):
            fleet.turn(board, "turn on pin 2")
        other.kill()
        for board in range(4):
            assert fleet.turn(board, "turn off pin 2")["text"] == "Pin 2 is off."
        assert len(fleet.rows()) == 6 and len(attempts(other_ledger)) == 2
