"""Write the pages of docs/ that come from the code: protocol, tools, fidelity, what was measured.

python docs/generate.py          write them
python docs/generate.py --check  exit 1 if what is written differs from the code
"""

import ast
import io
import json
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_DIRECTIONS = {"up": "board to peers", "down": "peers to board"}


def main() -> int:
    stale = []
    pages = {
        "protocol.md": protocol(),
        "tools.md": tools(),
        "fidelity.md": fidelity(),
        "board.md": board(),
        "emulator-numbers.md": emulator_numbers(),
        "proxy-numbers.md": proxy_numbers(),
        "fleet-numbers.md": fleet_numbers(),
    }
    for name, text in pages.items():
        path = ROOT / "docs" / name
        if path.is_file() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    for name in stale:
        print(f"docs/{name} {'is stale: run make docs' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


def fidelity() -> str:
    """Return docs/fidelity.md, from host/emulator/fidelity.toml."""
    table = tomllib.loads((ROOT / "host" / "emulator" / "fidelity.toml").read_text("utf-8"))
    refused = table.pop("refused")
    lines = [
        "# What the emulated board does, and where it differs",
        "",
        "Generated from `host/emulator/fidelity.toml` by `make docs`; do not edit.",
        "",
        "Compared with the official ESP32 build v1.23.0, names and constants of every module and",
        "what it answered to 86 expressions, and with the calls that `micropython-esp32-stubs`",
        "describes. `tests/system/test_emulator_fidelity.py` fails on a difference that is not",
        "listed here, and on one listed that is none. `tests/system/test_emulator_refusals.py`",
        "tries every module and name of both: each is here, or is one that the build has not",
        "either, or says that it is not emulated.",
        "",
        "| module | emulated | approximated or missing |",
        "|---|---|---|",
    ]
    lines += [f"| `{m}` | {e['emulated']} | {e['approximated']} |" for m, e in table.items()]
    lines += ["", "Modules not named here are the VM's own, with the chip's names.", ""]
    lines += ["| what | here | why |", "|---|---|---|"]
    for module, entry in table.items():
        for name, why in entry.get("names", {}).items():
            kind, _, reason = why.partition(": ")
            lines.append(f"| `{module}.{name}` | {kind} | {reason or 'not emulated'} |")
    for module, entry in table.items():
        for call, said in entry.get("refused", {}).items():
            lines.append(f"| `{module}.{call}` | refused | {said} |")
    for entry in table.values():
        for probe, why in entry.get("probes", {}).items():
            lines.append(f"| `{probe.replace('|', chr(92) + '|')}` | other answer | {why} |")
    for module, entry in table.items():
        for name, why in entry.get("signatures", {}).items():
            lines.append(f"| `{module}.{name}()` | fewer arguments | {why} |")
    for names, why in (
        (refused["modules"], "`ImportError`: not emulated"),
        (refused["frozen"], "not in the image: a file of the program's own is imported"),
    ):
        lines += [f"| `{name}` | no module | {why} |" for name in names]
    return "\n".join(lines) + "\n"


def protocol() -> str:
    """Return docs/protocol.md, from firmware/wire.py and the comments beside its fields."""
    source = (ROOT / "firmware" / "wire.py").read_text()
    comments = _comments(source)
    constants: dict[str, object] = {}
    lines = [
        "# The wire",
        "",
        "Generated from `firmware/wire.py` by `make docs`; do not edit.",
        "",
        "MQTT 3.1.1. Topics are `limpet/v1/<device>/<kind>`; `<device>` is the board's user name",
        "and client id. Bodies are UTF-8 JSON objects unless said otherwise.",
        "",
        "| limit or kind | value | meaning |",
        "|---|---|---|",
    ]
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(value)) if name.isupper():
                constants[name] = value
                lines.append(f"| {name} | `{value}` | {comments.get(node.lineno, '')} |")
            case _:
                pass
    kind = ""
    for number, line in enumerate(source.splitlines(), 1):
        found = re.match(r' +(?:([A-Z]+): )?[( ]*(?:"(\w+):(\w+)(!?) ")?', line)
        if found and found[1]:
            kind = str(constants[found[1]])
            lines += ["", f"## {kind}", "", _DIRECTIONS[kind.split("/")[0]] + ".", ""]
            lines += ["| field | type | required | meaning |", "|---|---|---|---|"]
        if found and kind and found[2]:
            required = "yes" if found[4] else "no"
            meaning = comments.get(number, "")
            lines.append(f"| `{found[2]}` | {found[3]} | {required} | {meaning} |")
    entry = source[source.index("# One entry") : source.index("FIELDS = {")]
    lines += ["", "## Entries of msgs", "", "```"]
    lines += [line.removeprefix("# ") for line in entry.strip().splitlines()]
    lines += ["```"]
    return "\n".join(lines) + "\n"


def tools() -> str:
    """Return docs/tools.md, from firmware/tools.txt."""
    module = ast.parse((ROOT / "firmware" / "tools.py").read_text())
    lines = [
        "# The tools of a board",
        "",
        "Generated from `firmware/tools.txt` by `make docs`; do not edit.",
        "",
        "| tool | arguments | called by | what it does |",
        "|---|---|---|---|",
    ]
    objects: list[str] = []
    for line in (ROOT / "firmware" / "tools.txt").read_text().splitlines():
        _module, who, row = line.split(" ", 2)
        name, text, arguments = [_cell(part) for part in json.loads(row)]
        if who == "-":
            objects.append(f"| `{name}` | {arguments} | {text} |")
        else:
            lines.append(f"| `{name}` | {arguments or 'none'} | {_callers(who)} | {text} |")
    lines += ["", "| object | what may be in it | what it is |", "|---|---|---|", *objects]
    lines += ["", "```", (ast.get_docstring(module) or "").split("\n\n", 1)[1], "```"]
    return "\n".join(lines) + "\n"


def board() -> str:
    """Return docs/board.md, from what benchmarks/board.py measured."""
    rows = _results("board")
    lines = [
        "# What the board's software costs",
        "",
        "Generated from `benchmarks/results/board.json` by `make docs`; do not edit. Measured by",
        "`python benchmarks/board.py` on the emulated esp32-devkit, whose heap is the chip's.",
        "What zclaw takes is what its authors state; nothing of it was measured here.",
    ]
    for kind, title in (("flash", "Flash"), ("", "Running"), ("zclaw", "zclaw, as stated")):
        lines += ["", f"## {title}", ""]
        lines += _measured(
            row
            for row in rows
            if kind == next((k for k in ("flash", "zclaw") if row["metric"].startswith(k)), "")
        )
    return "\n".join(lines) + "\n"


def emulator_numbers() -> str:
    """Return docs/emulator-numbers.md, from what benchmarks/emulator.py measured."""
    lines = [
        "# What the emulator costs",
        "",
        "Generated from `benchmarks/results/emulator.json` by `make docs`; do not edit. Measured",
        "by `python benchmarks/emulator.py`. Each board runs the full firmware, in one process,",
        "with a broker in the same world. What QEMU does is what its users state.",
        "",
        *_measured(_results("emulator")),
    ]
    return "\n".join(lines) + "\n"


def proxy_numbers() -> str:
    """Return docs/proxy-numbers.md, from what benchmarks/proxy.py and routing.py measured."""
    lines = [
        "# What the proxy adds, and what its routing saves",
        "",
        "Generated from `benchmarks/results/proxy.json` and `routing.json` by `make docs`; do not",
        "edit.",
        "",
        "## Beside other gateways",
        "",
        "`python benchmarks/proxy.py`: in one run, or where a row says so in a run of its own, on",
        "a machine of two cores, one worker each, in front of a backend that answers after a",
        "fixed time. The aiohttp forwarder parses, forwards and hands back, and nothing else: it",
        "is the floor for a gateway in Python.",
        "",
        *_measured(_results("proxy")),
        "",
        "## Beside other policies",
        "",
        "`python benchmarks/routing.py`: a simulation.",
        "",
        *_measured(_results("routing")),
    ]
    return "\n".join(lines) + "\n"


def fleet_numbers() -> str:
    """Return docs/fleet-numbers.md, from what benchmarks/fleet.py measured."""
    lines = [
        "# Ten thousand boards on one broker",
        "",
        "Generated from `benchmarks/results/fleet.json` by `make docs`; do not edit. Measured by",
        "`python benchmarks/fleet.py` on a machine of two cores, which the broker, the boards and",
        "`limpet fleet` share. The boards are clients of the protocol's level with the pauses of",
        "`firmware/link.py`; what a chip takes for a handshake is not in it.",
        "",
        *_measured(_results("fleet")),
        "",
        "## A rollout to a thousand boards",
        "",
        "`python benchmarks/rollout.py`: emulated boards with the real firmware, in virtual time.",
        "",
        *_measured(_results("rollout")),
    ]
    return "\n".join(lines) + "\n"


def _results(name: str) -> list[dict[str, Any]]:
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())


def _measured(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [
        "| | | compared with | ratio | how |",
        "|---|---:|---|---:|---|",
        *(
            f"| {row['metric']} | {row['value']:,} {row['unit']} | {row['compared_with'] or ''} "
            f"| {'' if row['ratio'] is None else round(row['ratio'], 3)} | {row['how']} |"
            for row in rows
        ),
    ]


def _cell(part: str | list[list[Any]]) -> str:
    return (part if isinstance(part, str) else _arguments(part)).replace("|", r"\|")


def _arguments(specs: list[list[Any]]) -> str:
    words = [
        " ".join(f"({_limits(p)})" if isinstance(p, list) else str(p) for p in spec)
        for spec in specs
    ]
    return "; ".join(words)


def _limits(limits: list[Any]) -> str:
    return _arguments(limits if isinstance(limits[0], list) else [limits])


def _callers(who: str) -> str:
    callers = {"m": "conversations", "s": "rules, scripts"}
    return ", ".join(words for letter, words in callers.items() if letter in who)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


if __name__ == "__main__":
    sys.exit(main())
