"""Power fails at each flash operation of an update, from the offer to the confirmation, torn: one
whole agent runs then, and the update ends as it would have.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware import wire
from host import update
from host.boards import load_board
from host.emulator import Board, World
from host.image import FIRMWARE_DIR, agent_program, board_files
from tests.system.test_survival import SETTINGS
from tests.system.update_kit import KEY, agent

# The board without its link: a release that lies on its own flash is what the broker would bring.
FEED = """
import os
if "slot" not in os.listdir("/"):
    import asyncio
    from firmware import app as app_module
    from firmware import update
    from firmware.guard import Guard
    from firmware.store import Store
    store = Store()
    app = app_module.make(store, Guard(store))
    def send(kind, message, device=None):
        if kind == "up/blob":
            with open("/release/" + message["f"], "rb") as f:
                f.seek(message["o"])
                block = f.read(1024)
            head = "%s %s %d" % (message["id"], message["f"], message["o"])
            update.take(app, "down/blob", memoryview(head.encode() + b"\\n" + block))
        else:
            print("STATE", message)
    app.send = send
    app.link.up = True
    async def feed():
        with open("/job", "rb") as f:
            update.take(app, "down/job", memoryview(f.read()))
        await app.guard.run(app)
    asyncio.run(feed())
"""
MAIN = (FIRMWARE_DIR / "main.py").read_bytes()
OLD = {
    p: d for p, d in board_files(load_board("esp32-devkit"), {}).items() if p[:10] == "/firmware/"
}
NEW = agent("7") | {"extra.bin": bytes(range(256)) * 10}
RELEASE = update.build("7", 7, files=NEW)
SENT = ("app.mpy", "extra.bin")
KEPT = {name: data for name, data in NEW.items() if name not in SENT}
# what slot b holds before
STARTS: dict[str, dict[str, bytes]] = {
    "what changed, over what a cut left half": KEPT | {"extra.bin": bytes(700)},
    "all of it": {},
}


@pytest.mark.parametrize("slot_b", STARTS.values(), ids=STARTS)
@pytest.mark.timeout(1800)
def test_power_is_cut_at_each_flash_operation_while_a_board_fetches(
    slot_b: dict[str, bytes],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    settings = SETTINGS | {"update_key": KEY.public_hex}
    base = board_files(load_board("esp32-devkit"), settings)
    base |= {f"/b/firmware/{name}": data for name, data in slot_b.items()}
    base |= {f"/release/{name}": NEW[name] for name in SENT}
    base |= {"/job": update.signed(RELEASE.body, KEY)}
    base |= {"/main.py": agent_program(FEED) + MAIN}
    image, storage = tmp_path / "image.bin", tmp_path / "flash.bin"
    with World() as world:
        world.board(files=base, storage=image)
    cuts = 0
    seen: set[str] = set()
    done = False
    while not done:
        with World(seed=cuts) as world:
            shutil.copy(image, storage)
            board = world.board(storage=storage)
            assert board.files.exists("/main.py")  # mounts it: a cut counts from here
            board.power_cut(after_flash_ops=cuts, torn=True)
            board.start()
            world.run(seconds=15)
            done = board.state != "off"
            assert not done or "limpet 7." in board.serial.text, board.serial.text
            board.flash.cut_after(None)
            board.stop()
            board.files.write("/main.py", MAIN)
            before = len(board.serial.text)
            board.start()
            world.run(seconds=5)
            text = board.serial.text[before:]
            runs = text.split("limpet ")[1].split(".")[0]
            seen.add(runs)
            if runs == "7":
                for name, data in NEW.items():
                    assert board.files.read(f"/b/firmware/{name}") == data, (cuts, name)
            assert {path: board.files.read(path) for path in OLD} == OLD, cuts
            assert text.count("limpet ") == 1 and "Traceback" not in text, (cuts, text)
        cuts += not done
    record_property("power cuts", cuts)
    assert seen == {"0", "7"} and cuts >= 60


class Site:
    """A board with its link, a broker and an operator's server, in a time of their own.

    The job is retained. states, versions: what the board says on up/job and in its births.
    """

    def __init__(self, release: update.Release, storage: Path, seed: int) -> None:
        self.world = World(seed=seed, isolated=True)
        self._broker = self.world.broker()
        self._release = release
        self.states: list[str] = []
        self.versions: list[str] = []
        self._broker.subscribe("limpet/v1/+/up/#", self._hear)
        payload = update.signed(release.body, KEY)
        self._broker.publish(wire.topic("shelf", wire.JOB), payload, 1, retain=True)
        self.board: Board = self.world.board(storage=storage)

    def _hear(self, topic: str, payload: bytes) -> None:
        name, kind = wire.split(topic)
        if kind == wire.WANTED:
            block = self._release.block(payload)
            assert block
            self._broker.publish(wire.topic(name, wire.BLOCK), block, 1)
        elif kind == wire.PROGRESS:
            self.states.append(json.loads(payload)["state"])
        elif kind == wire.INFO:
            self.versions.append(json.loads(payload)["fw"].split(".")[0])

    def slot(self) -> bytes:
        """Return what /slot holds; without it slot a runs."""
        files = self.board.files
        return files.read("/slot") if files.exists("/slot") else b"a"

    def run(self) -> None:
        """Run until the board has said how the update ended, and a while; or until it is off."""
        for _ in range(3000):
            if self.board.state == "off" or self.states[-1:] in (["done"], ["failed"]):
                break
            self.world.run(seconds=1)
        self.world.run(seconds=3)


# the release, how it ends, and the version that runs then
ENDS: dict[str, tuple[dict[str, bytes], str, str]] = {
    "that is good": (NEW, "done", "7"),
    "that cannot start": (
        agent("7", app="raise ImportError") | {"extra.bin": NEW["extra.bin"]},
        "failed",
        "0",
    ),
}


@pytest.mark.parametrize("files, end, version", ENDS.values(), ids=ENDS)
@pytest.mark.timeout(1800)
def test_power_is_cut_at_each_flash_operation_from_the_offer_to_the_end_of_a_release(
    files: dict[str, bytes],
    end: str,
    version: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    release = update.build("7", 7, files=files)
    settings = {"device": "shelf", "broker": {"host": "broker"}, "update_key": KEY.public_hex}
    settings |= {"wifi": {"ssid": "home", "password": "secret"}}
    base = board_files(load_board("esp32-devkit"), settings)
    base |= {f"/b/firmware/{name}": data for name, data in KEPT.items()}
    image, storage = tmp_path / "image.bin", tmp_path / "flash.bin"
    with World() as world:
        world.board(files=base, storage=image)
    cuts, done = 0, False
    again = 0  # cut after the switch and before it was noted: it is taken once more
    reached: set[tuple[str, ...]] = set()
    while not done:
        shutil.copy(image, storage)
        site = Site(release, storage, seed=cuts)
        with site.world:
            board = site.board
            assert board.files.exists("/main.py")  # mounts it: a cut counts from here
            board.power_cut(after_flash_ops=cuts, torn=True)
            board.start()
            site.run()
            done = board.state != "off"
            if not done:
                reached.add(tuple(site.states))
                site.states.clear()
                board.flash.cut_after(None)
                confirmed = site.slot() == b"b"
                site.world.wifi.down()
                board.start()
                site.world.run(seconds=70)  # a trial of a person's would be over
                assert confirmed or site.slot() != b"b", cuts
                site.world.wifi.up()
                site.run()
            assert site.states[-1] == end and site.versions[-1] == version, (cuts, site.states)
            assert set(site.versions) <= {"0", "7"} and "safe mode" not in board.serial.text
            slot = site.slot()
            assert slot in (b"a", b"b"), cuts
            again += end == "done" and slot == b"a"
            for path, data in OLD.items() if end == "failed" or slot == b"b" else ():
                assert board.files.read(path) == data, (cuts, path)
            folder = "/b/firmware/" if slot == b"b" else "/firmware/"
            for name, data in files.items() if end == "done" else ():
                assert board.files.read(folder + name) == data, (cuts, name)
        cuts += not done
    record_property("power cuts", cuts)
    # It was cut before the offer was taken, while it fetched, and in the trial.
    assert {(), ("fetch",), ("fetch", "trial")} <= reached and cuts >= 60 and again <= 4
