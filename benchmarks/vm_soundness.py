"""What making the VM sound costs: `python benchmarks/vm_soundness.py`."""

import json
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "system"))

import bare_vm  # noqa: E402  (the tests' own small host)
import wasmtime  # noqa: E402
from results import row, save  # noqa: E402

from host.emulator import vm_module  # noqa: E402
from host.emulator.soundness import wasm_format  # noqa: E402
from host.emulator.soundness.call_graph import collecting_functions  # noqa: E402
from host.emulator.soundness.frames import spill  # noqa: E402

_ROUNDS = 9
_TASKS = {
    "a counting loop": "n = 0\nwhile n < 1000000: n += 1",
    "calls": "def g(x): return x\nfor n in range(300000): g(n)",
    "small lists": "for n in range(200000): [n, n]",
    "dictionary writes": "d = {}\nfor n in range(400000): d[n & 63] = n",
    "strings": "for n in range(40000): ('%d,%s' % (n, 'x')).split(',')",
    "caught exceptions": "for n in range(40000):\n  try: int('x')\n  except ValueError: pass",
    "json": "import json\nfor n in range(8000): json.loads(json.dumps({'a': [1, {'b': n}]}))",
}


def main() -> None:
    published = vm_module.published_wasm()
    start = time.thread_time()
    sound = vm_module.sound_wasm(published)
    rewrite_s = time.thread_time() - start
    before, after = len(published), len(sound)
    rows = [
        row("module, published", before, "B", how="bytes of the .wasm file"),
        row(
            "module, sound",
            after,
            "B",
            compared_with="published",
            ratio=after / before,
            how="bytes of make_sound's result",
        ),
        row("rewriting", round(rewrite_s, 2), "s", how="CPU time of one thread, once per set-up"),
        *_counts(published),
    ]
    plain = _Runner(published, fuel=False, epochs=False)
    bare = _Runner(sound, fuel=False, epochs=False)
    full = _Runner(sound, fuel=True, epochs=True)
    how = f"CPU time of one thread, least of {_ROUNDS} runs, 128 KB heap, VM start included"
    for task, code in _TASKS.items():
        times = [runner.seconds(code) for runner in (plain, bare, full)]
        rows += [
            row(
                f"{task}, sound",
                round(times[1], 4),
                "s",
                compared_with="published module",
                ratio=times[1] / times[0],
                how=how,
            ),
            row(
                f"{task}, sound, fuel and epochs",
                round(times[2], 4),
                "s",
                compared_with="sound without fuel and epochs",
                ratio=times[2] / times[1],
                how=how,
            ),
        ]
    print(json.dumps(rows, indent=1))
    save(__file__, rows)


def _counts(published: bytes) -> list[dict[str, object]]:
    module = wasm_format.decode(published)
    collecting = collecting_functions(module)
    stores = [spill(module, module.function(index), collecting) for index in sorted(collecting)]
    total = len(module.functions)
    return [
        row(
            "functions that may collect",
            len(collecting),
            "",
            compared_with="all functions",
            ratio=len(collecting) / total,
            how="an indirect call can be reached from them",
        ),
        row(
            "functions rewritten",
            sum(map(bool, stores)),
            "",
            compared_with="all functions",
            ratio=sum(map(bool, stores)) / total,
            how="those that hold a possible pointer while they call",
        ),
        row("stores added", sum(stores), "", how="one before a call, per local not yet saved"),
    ]


class _Runner:
    """Runs MicroPython code on one compiled form of the VM."""

    def __init__(self, wasm: bytes, *, fuel: bool, epochs: bool) -> None:
        config = wasmtime.Config()
        config.wasm_exceptions = True
        config.consume_fuel = fuel
        config.epoch_interruption = epochs
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module(self.engine, wasm)

    def seconds(self, code: str) -> float:
        times: list[float] = []
        for _ in range(_ROUNDS):
            start = time.thread_time()
            outcome = bare_vm.run(self.engine, self.module, code)
            times.append(time.thread_time() - start)
            assert not outcome.trap and not outcome.stderr, outcome
        return min(times)


if __name__ == "__main__":
    main()
