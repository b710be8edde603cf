"""Power fails while an update is fetched, from the offer to the trial: one whole agent runs then."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from host import update
from host.boards import load_board
from host.emulator import World
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
# what slot b holds before, and after how many operations the next cut comes
STARTS: dict[str, tuple[dict[str, bytes], int]] = {
    "what changed": ({n: d for n, d in NEW.items() if n not in SENT}, 1),
    "what changed, over what a cut left half": (
        {n: d for n, d in NEW.items() if n not in SENT} | {"extra.bin": bytes(700)},
        3,
    ),
    "all of it": ({}, 5),
}


@pytest.mark.parametrize("slot_b, step", STARTS.values(), ids=STARTS)
@pytest.mark.timeout(900)
def test_power_is_cut_at_each_flash_operation_while_a_board_fetches(
    slot_b: dict[str, bytes],
    step: int,
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
        cuts += 0 if done else step
    record_property("power cuts", cuts // step)
    assert seen == {"0", "7"} and cuts // step >= 20
