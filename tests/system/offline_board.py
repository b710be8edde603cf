"""A board without any network: calls are made on it and virtual time passes."""

import json
from collections.abc import Sequence
from typing import Any

from host.boards import load_board
from host.emulator import Board, World
from host.image import agent_program, board_files

Call = tuple[str, dict[str, Any]]
# 2027-01-15 07:00:00 UTC, a Friday.
FRIDAY_7_UTC = 1_799_996_400

MAIN = agent_program("""
import asyncio, gc, json
from firmware.app import make
from firmware.guard import Guard
from firmware.store import Store

gc.threshold(8192)  # as the firmware's own start has it
store = Store()
app = make(store, Guard(store))
send = app.send

def tell(kind, message):
    print("SENT", kind, json.dumps(message))
    send(kind, message)

app.send = tell

async def drive():
    await asyncio.sleep_ms(50)
    with open("/calls.json") as f:
        for tool, args in json.load(f):
            if tool == "wait":
                await asyncio.sleep_ms(args["ms"])
                continue
            print("RESULT", json.dumps(await app.tools.run(tool, args, "m", "test")))

async def main():
    await asyncio.gather(app.run(), drive())

asyncio.run(main())
""")


class OfflineBoard:
    """The firmware on an emulated board whose broker does not exist.

    calls: made by a model, so to say, at each start; ("wait", {"ms": n}) lets time pass between.
    """

    def __init__(
        self, world: World, calls: Sequence[Call] = (), settings: dict[str, Any] | None = None
    ) -> None:
        self.world = world
        base = {"device": "lonely", "broker": {"host": "127.0.0.1", "port": 9}}
        files = board_files(load_board("esp32-devkit"), base | (settings or {}))
        files |= {"/main.py": MAIN, "/calls.json": json.dumps(list(calls)).encode()}
        self.board: Board = world.board(files=files)

    def start(self) -> "OfflineBoard":
        """Boot, and let the calls be made."""
        self.board.start()
        self.world.run(seconds=2)
        return self

    def restart(self, calls: Sequence[Call] = (), away_s: float = 0) -> None:
        """Cut the power, let time pass, boot again with other calls."""
        self.board.power_cut()
        self.board.files.write("/calls.json", json.dumps(list(calls)).encode())
        self.world.run(seconds=away_s)
        self.start()

    @property
    def results(self) -> list[dict[str, Any]]:
        """Return what the calls gave back, of all starts."""
        return [json.loads(line[7:]) for line in self._lines("RESULT ")]

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Return the messages that the board wanted to send, of all starts."""
        return [json.loads(line.split(" ", 2)[2]) for line in self._lines("SENT ")]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind."""
        return [event for event in self.sent if event.get("e") == kind]

    def levels(self, pin: int) -> list[tuple[int, int]]:
        """Return the history of a pin as (whole seconds, level)."""
        return [(round(t), level) for t, level in self.board.pin(pin).history]

    def _lines(self, start: str) -> list[str]:
        return [line for line in self.board.serial.text.splitlines() if line.startswith(start)]
