"""What is not emulated says so: every module and name of a real build and of the stubs is tried."""

import ast
import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.system.emulator_kit import run_to_end

ROOT = Path(__file__).parents[2]
CHIP = json.loads((ROOT / "tests/fixtures/esp32-v1.23.json").read_text("utf-8"))["modules"]
TABLE = tomllib.loads((ROOT / "host/emulator/fidelity.toml").read_text("utf-8"))
ABSENT = TABLE["refused"]
STUBS = "micropython-esp32-stubs"
_NO_MODULES = {"__builtins__"}  # of stubs, for type checkers
_TYPES_ONLY = {"machine": {"ID_T"}, "micropython": {"Const_T"}, "socket": {"Socket"}}
_LOOK = """
import gc, json
for name in NAMES:
    gc.collect()
    try:
        module = __import__(name)
        for part in name.split(".")[1:]:
            module = getattr(module, part)
        print(json.dumps((name, "", dir(module))))
    except Exception as error:
        print(json.dumps((name, type(error).__name__ + ": " + str(error), [])))
"""
_TRY = """
import json
for module, calls in CALLS.items():
    space = {}
    exec("from machine import *\\nfrom %s import *" % module, space)
    for call in calls:
        try:
            said = repr(eval(call, space))
        except Exception as error:
            said = type(error).__name__ + ": " + str(error)
        print(json.dumps((module, call, said)))
"""


def stub_names() -> dict[str, set[str]]:
    """Return module -> public names that the stubs of the ESP32 describe."""
    try:
        files = metadata.distribution(STUBS).files or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, set[str]] = {}
    for file in files:
        if file.suffix != ".pyi":
            continue
        module = str(file.with_suffix("")).removesuffix("/__init__").replace("/", ".")
        names = found.setdefault(module, set())
        for node in ast.parse(Path(str(file.locate())).read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
    return {module: {name for name in names if name[0] != "_"} for module, names in found.items()}


NAMES = stub_names()
MODULES = sorted({*CHIP, *NAMES} - _NO_MODULES)


@pytest.fixture(scope="module")
def board_has() -> dict[str, tuple[str, set[str]]]:
    """Return module -> (why it cannot be imported, or "", its names)."""
    board = run_to_end(_LOOK.replace("NAMES", repr(MODULES)), heap_kb=512)
    assert board.exit == 0, board.serial.text
    rows = (json.loads(line) for line in board.serial.lines)
    return {name: (why, set(names)) for name, why, names in rows}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_there_or_says_that_it_is_not(
    module: str, board_has: dict[str, tuple[str, set[str]]]
):
    why, _ = board_has[module]
    if module in ABSENT["modules"]:
        assert why == f"ImportError: {module} is not emulated"
    elif module in ABSENT["frozen"] or module in CHIP and CHIP[module] is None:
        assert why == f"ImportError: no module named '{module.split('.')[0]}'"
    else:
        assert why == ""


@pytest.mark.parametrize(
    "module", sorted(set(NAMES) - {*ABSENT["modules"], *ABSENT["frozen"], *_NO_MODULES})
)
def test_a_name_of_the_stubs_that_is_not_there_is_not_on_the_chip_either(
    module: str, board_has: dict[str, tuple[str, set[str]]]
):
    plain = module.removeprefix("u")
    chip = set(CHIP.get(module) or CHIP.get(plain) or ())
    listed = {name.partition(".")[0] for name in TABLE.get(module, {}).get("names", {})}
    missing = NAMES[module] - board_has[module][1] - _TYPES_ONLY.get(module, set())
    assert missing & chip <= listed
    if not missing:
        return
    program = f"import {module}\n" + "".join(
        f"try: {module}.{name}\nexcept AttributeError as e: print(e)\n" for name in sorted(missing)
    )
    said = run_to_end(program).serial.lines
    assert [line.split("'")[-2] for line in said] == sorted(missing)


def test_what_is_refused_says_what_the_table_says():
    calls = {module: entry["refused"] for module, entry in TABLE.items() if "refused" in entry}
    board = run_to_end(_TRY.replace("CALLS", repr({m: list(c) for m, c in calls.items()})))
    assert board.exit == 0, board.serial.text
    said = [tuple(json.loads(line)) for line in board.serial.lines]
    assert {row[:2]: row[2] for row in said} == {
        (module, call): f"NotImplementedError: {text}"
        for module, rows in calls.items()
        for call, text in rows.items()
    }


def test_the_table_has_everything_that_the_shims_refuse():
    said = [text for entry in TABLE.values() for text in entry.get("refused", {}).values()]
    said += [
        f"{module}.{name} is not emulated"
        for module, entry in TABLE.items()
        for name, why in entry.get("names", {}).items()
        if why == "refused"
    ]
    checked = 0
    for path in sorted((ROOT / "host/emulator/shims").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            call = node.exc
            if not (isinstance(call.func, ast.Name) and call.func.id == "NotImplementedError"):
                continue
            if path.stem == "requests":
                continue  # it is what the chip's raises
            values = [p.value for p in ast.walk(call) if isinstance(p, ast.Constant)]
            parts = [value for value in values if isinstance(value, str)]
            is_listed = any(all(part in text for part in parts) for text in said)
            assert parts and is_listed, f"{path.name}: {parts}"
            checked += 1
    assert checked > 10
