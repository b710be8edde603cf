"""What a busy day does to the flash: writes, block erases, and the years it lasts.

The board's own store writes a day's worth in one go on an emulated flash chip under LittleFS as
the chip has it; the chip counts programs and erases.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from results import row, save

from host.boards import load_board
from host.emulator import World
from host.emulator.flash import BLOCK
from host.image import agent_program, board_files

BOARD = "esp32-devkit"
ERASES_A_BLOCK_BEARS = 100_000  # as makers of such flash chips state it
SETTINGS = {"device": "busy", "broker": {"host": "127.0.0.1", "port": 1}}
HEAD = """
from firmware.clock import Clock
from firmware.store import Store
store = Store()
store.clock = Clock(store)
"""
# what the board does in a busy day -> the program
JOURNAL = "journal: 20 different causes in each minute"
TURNS = "200 turns (note, its end, conversation), 300 model calls, 100 changes"
DAY = {
    JOURNAL: """
for minute in range(1440):
    for rule in range(20):
        store.note("rule number %d" % rule, "gpio_write", {"pin": rule, "value": 1},
            {"pin": rule, "value": 1})
    store.flush()
""",
    TURNS: """
rules = {"rule %d" % n: {"when": {"every_s": 60}, "do": [{"tool": "gpio_toggle",
    "args": {"pin": 2}}], "on": True} for n in range(10)}
memory = {"key %d" % n: "a value of some length" for n in range(20)}
history = [[{"u": "turn on the pump in the garden, number %d" % n}, {"a": "Done.", "calls": [
    {"tool": "gpio_write", "args": {"pin": 5, "value": 1}}]}] for n in range(6)]
for n in range(200):
    for call in range(1 + n % 2):
        store.save("limits", [1767571200, n, 1767571200, n + call])
    store.save("turn", {"id": "chat-%d" % n, "calls": "gpio_write, gpio_read"})
    store.save("turn", {})
    history = history[1:] + history[:1]
    store.save("history", history)
    if n % 4 == 0:
        memory["key 0"] = str(n)
        store.save("memory", memory)
        rules["rule 0"]["when"]["every_s"] = n + 1
        store.save("rules", rules)
""",
}


def main() -> None:
    rows = []
    erases: dict[int, int] = {}
    writes = 0
    for what, program in DAY.items():
        files = board_files(load_board(BOARD), SETTINGS)
        files["/main.py"] = agent_program(HEAD + program + 'print("WRITES", store.writes)\n')
        with World() as world:
            board = world.board(BOARD, files=files)
            before = dict(board.flash.counters.erases)
            board.start()
            world.run(minutes=10)
            assert board.exit == 0, board.serial.text
            wrote = int(board.serial.text.split("WRITES ")[1])
            counts = board.flash.counters.erases
            blocks = board.flash.blocks
            new = {b: n - before.get(b, 0) for b, n in counts.items() if n > before.get(b, 0)}
        how = "Store of the firmware on an emulated chip, one day's writes in a row"
        rows.append(row(f"writes a day, {what}", wrote, "writes", how=how))
        rows.append(row(f"block erases a day, {what}", sum(new.values()), "erases", how=how))
        writes += wrote
        for block, count in new.items():
            erases[block] = erases.get(block, 0) + count
    total = sum(erases.values())
    years = ERASES_A_BLOCK_BEARS * (blocks - 2) / total / 365
    how = f"{ERASES_A_BLOCK_BEARS} erases a block, {blocks} blocks of {BLOCK} B"
    rows.append(row("writes a busy day", writes, "writes", how="all of the above"))
    rows.append(row("block erases a busy day", total, "erases", how="all of the above"))
    rows.append(row("years until the flash is worn, evenly", round(years, 1), "years", how=how))
    most = max(erases.values())
    rows.append(row("erases of the most erased block of that day", most, "erases", how=how))
    rows.append(
        row(
            "years if that were always the same block",
            round(ERASES_A_BLOCK_BEARS / most / 365, 1),
            "years",
            how=how,
        )
    )
    for result in rows:
        print(f"{result['metric']:95} {result['value']:8,} {result['unit']}")
    save(__file__, rows)


if __name__ == "__main__":
    main()
