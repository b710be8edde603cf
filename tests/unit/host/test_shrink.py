"""Short names: what a source does with them is what it did, and what is not ours stays."""

import ast
import contextlib
import io
import json
import re
import sys
import types

import pytest

from host.image import FIRMWARE_DIR, agent_names, agent_sources
from host.shrink import Names, ShrinkError

TABLE = 'beds msw ["dig_deep","Dig.",[["how_deep","int",0,9]]]\n'
# A module "beds" that prints when it is run; names of the right hand must be gone, the others stay.
PROGRAMS: dict[str, tuple[str, str, str]] = {
    "a class with attributes and methods": (
        "class Garden:\n"
        "    def __init__(self, flowers):\n"
        "        self.flowers = flowers\n"
        "    def watered(self, litres):\n"
        "        return [f * litres for f in self.flowers]\n"
        "print(Garden((1, 2)).watered(3))\n",
        "Garden flowers watered litres",
        "print self __init__",
    ),
    "an argument that hides a global, and one that a lambda takes along": (
        "seedlings = 5\n"
        "def planted(seedlings, rows):\n"
        "    return (lambda more: seedlings * rows + more)(1)\n"
        "print(planted(2, 3), seedlings)\n",
        "planted seedlings rows",
        "",
    ),
    "an argument that a comprehension has too": (
        "def harvest(carrots, onions):\n"
        "    return [carrots for carrots in carrots if carrots > onions], {o: carrots for o in [1]}\n"
        "print(harvest([1, 2, 3], 1))\n",
        "harvest onions",
        "",
    ),
    "an argument named as something builtin that another one is called by": (
        "def weeded(args, values):\n    return args + values\nprint(weeded(1, 2))\n",
        "weeded",
        "args values",
    ),
    "functions within a function, and nonlocal": (
        "def compost(heaps):\n"
        "    turned = 0\n"
        "    def turn_once(forks):\n"
        "        nonlocal turned\n"
        "        turned += forks * heaps\n"
        "        return turned\n"
        "    return turn_once(2) + turn_once(3)\n"
        "print(compost(2))\n",
        "compost turn_once forks heaps",
        "turned",
    ),
    "keywords": (
        "def sown(seeds, *, depth_cm=2, **further):\n    return seeds, depth_cm, sorted(further)\n"
        "print(sown(1, depth_cm=3, spacing=4), sown(1))\n",
        "sown seeds further",
        "depth_cm spacing",
    ),
    "a tool, which is looked up by its name and called by those of its arguments": (
        "def dig_deep(garden, how_deep):\n    return how_deep\n"
        "print(globals()['dig_deep'](None, **{'how_deep': 3}))\n",
        "garden",
        "dig_deep how_deep",
    ),
    "strings that are called as something is": (
        "class Shed:\n    def __init__(self):\n        self.rakes = {'rakes': 2}\n"
        "print(Shed().rakes['rakes'], 'Shed')\n",
        "",
        "",
    ),
    "what others call the same": (
        "import json\n"
        "class Fence:\n    def dumps(self, append):\n        return append\n    painted = 1\n"
        "print(Fence().dumps(json.dumps([Fence.painted])))\n",
        "Fence painted",
        "dumps",
    ),
    "what an exception is called, and a name that is bound by except": (
        "class Frosted(ValueError):\n    pass\n"
        "def warmed(plants):\n"
        "    try:\n        raise Frosted(plants)\n"
        "    except Frosted as plants:\n        return str(plants)\n"
        "print(warmed(4))\n",
        "Frosted warmed",
        "",
    ),
}


def names_of(**sources: str) -> Names:
    return Names.of(sources, "", TABLE)


def printed(source: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(
            compile(source, "beds", "exec"),
            {"__name__": "firmware.beds", "__package__": "firmware"},
        )
    return out.getvalue()


@pytest.mark.parametrize("text, gone, kept", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_prints_the_same_with(text: str, gone: str, kept: str) -> None:
    module = "main" if "globals" in text else "beds"
    names = names_of(beds=text.replace("globals()", "{'dig_deep': dig_deep}"))
    short = names.shrink(module, text)
    assert printed(short) == printed(text) != ""
    found = set(re.findall(r"\w+", re.sub(r"'\w+'", "", short)))
    assert not found & set(gone.split())
    assert found >= set(kept.split())
    assert short.count("\n") == text.count("\n")


def test_a_name_is_the_same_in_each_module(monkeypatch: pytest.MonkeyPatch) -> None:
    pot = "class Terracotta:\n    def glazed(self, colours):\n        return colours * 2\n"
    use = "from firmware.pot import Terracotta\nprint(Terracotta().glazed(4))\n"
    names = names_of(pot=pot, use=use)
    module = types.ModuleType("firmware.pot")
    exec(names.shrink("pot", pot), module.__dict__)
    monkeypatch.setitem(sys.modules, "firmware.pot", module)
    assert printed(names.shrink("use", use)) == "8\n"
    assert not hasattr(module, "Terracotta")


REFUSED = {
    "getattr of who knows what": (
        "x = getattr(print, input())",
        "say in shrink.py what it looks up",
    ),
    "globals": ("x = globals()", "globals"),
    "global": ("def f():\n    global watered\n    watered = 1", "global"),
    "an f-string": ("x = 1\ny = f'{x}'", "an f-string"),
    "a decorator": ("@print\ndef f():\n    pass", "a decorator"),
    "import *": ("from json import *", r"import \*"),
    "letters beyond ASCII": ("x = 'ä'", "beyond ASCII"),
    "nonlocal of an argument": (
        "def f(a):\n    def g():\n        nonlocal a\n        a = 1\n    g()",
        "nonlocal that is an argument",
    ),
}


@pytest.mark.parametrize("text, why", REFUSED.values(), ids=REFUSED)
def test_a_source_is_refused_for(text: str, why: str) -> None:
    with pytest.raises(ShrinkError, match=why):
        names_of(beds=text).shrink("beds", text)


def test_the_firmware_keeps_its_lines_its_strings_and_the_names_of_its_tools() -> None:
    names = agent_names()
    tools = {
        json.loads(line.split(" ", 2)[2])[0]
        for line in (FIRMWARE_DIR / "tools.txt").read_text().splitlines()
    }
    assert not tools & set(names.short)
    assert len(set(names.short.values())) == len(names.short) > 150
    assert not {"run", "__init__", "sleep_ms", "wrap_socket"} & set(names.short)
    for module, text in agent_sources().items():
        short = names.shrink(module, text)
        assert short.count("\n") == text.count("\n")
        assert set(strings(text)) - set(strings(short)) <= set(names.texts)


def strings(text: str) -> list[object]:
    return [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]


def test_names_are_the_same_each_time_and_outlive_a_file() -> None:
    main, table = (FIRMWARE_DIR / "main.py"), (FIRMWARE_DIR / "tools.txt")
    again = Names.of(agent_sources(), main.read_text(), table.read_text())
    assert again == agent_names() == Names.from_json(again.to_json())


def test_a_traceback_is_read_with_the_names_of_the_source() -> None:
    names = agent_names()
    file, error = names.files["app"], names.short["ToolError"]
    rows = {
        "Traceback (most recent call last):": "Traceback (most recent call last):",
        '  File "main.py", line 34, in <module>': '  File "main.py", line 34, in <module>',
        f'  File "{file}", line 1, in {names.short["announce"]}': (
            '  File "app.py", line 1, in announce'
        ),
        f'  File "{file}", line 1, in run': '  File "app.py", line 1, in run',
        f"{error}: no pin": "ToolError: no pin",
        f"AttributeError: 'App' object has no attribute '{names.short['outbox']}'": (
            "AttributeError: 'App' object has no attribute 'outbox'"
        ),
        "limpet 0.1.0 on a board": "limpet 0.1.0 on a board",
        "": "",
    }
    assert {row: names.words(row) for row in rows} == rows


POT = "DEPTH = 30\nNAME = 'clay'\nFIRED = DEPTH > 2\ndef filled():\n    return DEPTH * 2\n"
POT_USE = (
    "from firmware import pot\nfrom firmware.pot import FIRED\n"
    "def planted(pot_count):\n    return pot.NAME * pot_count, pot.DEPTH, pot.filled(), FIRED\n"
    "print(planted(2))\n"
)


def test_constants_are_where_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    names = names_of(pot=POT, use=POT_USE)
    module, package = types.ModuleType("firmware.pot"), types.ModuleType("firmware")
    short = names.shrink("pot", POT)
    module.__dict__["const"] = lambda value: value
    exec(short, module.__dict__)
    package.pot = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "firmware", package)
    monkeypatch.setitem(sys.modules, "firmware.pot", module)
    use = names.shrink("use", POT_USE)
    assert printed(use) == "('clayclay', 30, 60, True)\n"
    assert "_DEPTH = const(30)" in short and "_NAME = const('clay')" in short
    assert "'clay' *" in use and ", 30, " in use


SAYING = (
    "import json  # which it needs\n"
    "HOT = {'too': 'it is far too hot'}\n"
    "def refused(pin, why):\n"
    '    """Say why a pin is refused, at some length."""\n'
    "    if why == 'it is much too cold':\n"
    "        return 'pin %d is not to be used: %s' % (pin, why)\n"
    "    return json.dumps('this one is used by '\n"
    "        'another part of the board'), 'short one'\n"
    "print(refused(4, HOT['too']), refused(5, 'it is much too ' + 'cold'))\n"
    "if __debug__:\n    WARM = 'what is not in the bytecode'\n"
)
TOOLS = "def said(place):\n    return TABLE[place // 256 :][: place % 256]\n"


def test_texts_are_read_from_their_table(monkeypatch: pytest.MonkeyPatch) -> None:
    names = names_of(tools=TOOLS, talk=SAYING)
    module = types.ModuleType("firmware.tools")
    module.__dict__["TABLE"] = names.table
    exec(names.shrink("tools", TOOLS), module.__dict__)
    monkeypatch.setitem(sys.modules, "firmware.tools", module)
    short = names.shrink("talk", SAYING)
    assert printed(short) == printed(SAYING)
    assert set(names.texts) == {
        "pin %d is not to be used: %s",
        "this one is used by another part of the board",
        "it is far too hot",
        "it is much too ",
    }
    assert (
        "is not to be used" not in short
        and "far too hot" not in short
        and "cold" in short
        and "length" in short
    )
    assert short.count("\n") == SAYING.count("\n")


def test_a_program_without_the_reader_keeps_its_texts() -> None:
    assert not names_of(talk=SAYING).texts
