"""How much of the chip the firmware takes: bytecode per file, heap after boot.

python benchmarks/size.py          print the table and write benchmarks/results/size.json
python benchmarks/size.py --check  exit 1 above a budget, write nothing
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from results import row, save
from rich.console import Console
from rich.table import Table

from host.boards import load_board
from host.image import compile_mpy, firmware_files
from host.lab import Lab

BOARD = "esp32-devkit"
CODE_BUDGET = 39_276  # bytes: zclaw's application logic, as its authors state it
FREE_BUDGET = 64 * 1024  # bytes of the heap, once online


def main() -> int:
    files = firmware_files()
    code = {path: len(data) for path, data in files.items() if path.endswith(".mpy")}
    code["/main.py"] = len(compile_mpy(files["/main.py"], "main.py"))  # the chip has the source
    total = sum(code.values())
    heap_bytes = load_board(BOARD).heap_kb * 1024
    with Lab(BOARD, proxy=False) as lab:
        free = lab.heap_free
    table = Table(box=None, pad_edge=False)
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for path, size in sorted(code.items(), key=lambda item: -item[1]):
        table.add_row(path, f"{size:,}")
    table.add_row("all bytecode", f"{total:,}", style="bold")
    table.add_row("budget", f"{CODE_BUDGET:,}")
    table.add_row(f"heap free once online, of {heap_bytes:,}", f"{free:,}", style="bold")
    table.add_row("at least", f"{FREE_BUDGET:,}")
    Console().print(table)
    if "--check" not in sys.argv:
        how = "mpy-cross -O3, each file of firmware/, main.py too"
        rows = [row(path, size, "B", how=how) for path, size in sorted(code.items())]
        rows.append(
            row(
                "all bytecode",
                total,
                "B",
                compared_with="zclaw's application logic, 39,276 B",
                ratio=total / CODE_BUDGET,
                how=how,
            )
        )
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
        save(__file__, rows)
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


if __name__ == "__main__":
    sys.exit(main())
