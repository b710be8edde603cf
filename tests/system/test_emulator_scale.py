"""Many boards in one process: what they share, and that one that dies does so alone."""

from host.emulator import World
from tests.system.emulator_kit import source
from tests.system.test_emulator_determinism import firmware_files

WELL = "import time\nwhile True:\n    time.sleep(1)\n    print(time.ticks_ms() // 1000)"
DEATHS = {
    "recurses too deep": (
        "def f():\n    f()\nf()",
        "stopped",
        "RuntimeError: maximum recursion depth exceeded\n",
    ),
    "exhausts its heap": (
        "kept = []\nwhile True:\n    kept.append(bytearray(4096))",
        "stopped",
        "MemoryError: memory allocation failed, allocating 4096 bytes\n",
    ),
    "loops for ever": ("while True: pass", "crashed", "neither waiting nor asking the time\n"),
    "loops for ever under a watchdog": (
        "import machine\nif machine.reset_cause() == 1: machine.WDT(timeout=3000)\n"
        "while machine.reset_cause() == 1: pass\nprint('up again')",
        "stopped",
        "Rebooting...\nup again\n",
    ),
    "breaks the VM": (
        "import machine\nmachine.mem32[0x7fff0000]",
        "crashed",
        "the VM crashed: wasm trap: out of bounds memory access\n",
    ),
}


def test_boards_that_cannot_go_on_die_alone_in_a_world_of_their_own():
    with World(seed=1, isolated=True, stuck_s=0.5) as world:
        well = [world.board(name=f"well-{n}", files={"/main.py": source(WELL)}) for n in range(3)]
        for name, (program, _, _) in DEATHS.items():
            world.board(name=name, files={"/main.py": source(program)})
        for board in world.boards:
            board.start()
        world.run(seconds=30)
        world.run(seconds=30)
        for board in well:
            assert (board.state, board.serial.lines[-1]) == ("running", "59"), board.serial.text
        for board in world.boards[3:]:
            _, state, text = DEATHS[board.name]
            assert (board.name, board.state) == (board.name, state)
            assert board.serial.text.endswith(text), board.serial.text


def test_boards_share_what_their_flash_holds_alike():
    with World(isolated=True) as world:
        boards = [world.board(files=firmware_files(name)) for name in ("one", "two")]
        contents = [board.flash.content() for board in boards]
        shared = sum(contents[0][block] is contents[1].get(block) for block in contents[0])
        assert shared > 0.8 * len(contents[0])
        boards[0].files.write("/firmware/wire.mpy", b"changed")
        assert boards[1].files.read("/firmware/wire.mpy") != b"changed"
        assert boards[1].files.read("/settings.json") != boards[0].files.read("/settings.json")


def test_a_hundred_boards_with_the_full_firmware_are_online_in_one_process():
    with World(seed=2, isolated=True) as world:
        broker = world.broker()
        names = [f"board-{n}" for n in range(100)]
        for name in names:
            world.board(name=name, files=firmware_files(name)).start()
        world.run(seconds=20)
        assert broker.clients == sorted(names)
        world.boards[7].power_cut()
        world.run(minutes=3)
        assert len(broker.clients) == 99
