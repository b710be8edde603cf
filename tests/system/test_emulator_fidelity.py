"""What the emulated board answers, next to what a real ESP32 build (v1.23.0) answered.

The differences are those of host/emulator/fidelity.toml, of which docs/fidelity.md is made, and no
others; one that is no difference any more has to go from there.
"""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.system import signatures
from tests.system.emulator_kit import printed, run_to_end, source

ROOT = Path(__file__).parents[2]
CHIP = json.loads((ROOT / "tests/fixtures/esp32-v1.23.json").read_text("utf-8"))
TABLE = tomllib.loads((ROOT / "host/emulator/fidelity.toml").read_text("utf-8"))
NOT_THERE = TABLE["refused"]["modules"] + TABLE["refused"]["frozen"]
ERRNO = {
    **{"EPERM": 1, "ENOENT": 2, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13},
    **{"EEXIST": 17, "ENODEV": 19, "EISDIR": 21, "EINVAL": 22, "EOPNOTSUPP": 95},
    **{"ECONNRESET": 104, "ENOBUFS": 105, "ECONNREFUSED": 111, "EADDRINUSE": 112},
    **{"ECONNABORTED": 113, "ETIMEDOUT": 116, "EHOSTUNREACH": 118, "EINPROGRESS": 119},
    **{"EALREADY": 120, "ENOTCONN": 128},
}
_DESCRIBE = """
import gc, json
def describe(value):
    kind = type(value).__name__
    if kind in ("function", "bound_method", "closure", "generator"):
        return "function"
    if kind == "int":
        return value
    if kind == "str":
        return "text " + value
    if kind == "type":
        words = ["class"]
        for name in sorted(dir(value)):
            member = None if name[:2] == "__" else getattr(value, name, None)
            if type(member) is int:
                name += "=%d" % member
            words.append(name)
        return " ".join(words)
    return kind
for name, wanted in MODULES.items():
    gc.collect()
    try:
        module = __import__(name)
    except ImportError as error:
        print(json.dumps((name, "", str(error))))
        continue
    for part in name.split(".")[1:]:
        module = getattr(module, part)
    for attribute in set(dir(module)) | set(wanted):
        if hasattr(module, attribute):
            print(json.dumps((name, attribute, describe(getattr(module, attribute)))))
"""
_ANSWER = """
import sys, os, time, json, machine, network, socket, select, asyncio, errno, gc, micropython
import esp32, binascii, hashlib, dht
from machine import *
for probe in PROBES:
    gc.collect()
    try:
        answer = repr(eval(probe))
    except Exception as error:
        answer = type(error).__name__ + " " + str(error)
    print(json.dumps((probe, answer)))
"""


@pytest.fixture(scope="module")
def board_has() -> dict[str, dict[str, object]]:
    """Module -> name -> what it is on the emulated board; under "" why there is no module."""
    wanted = {name: list(names or ()) for name, names in CHIP["modules"].items()}
    board = run_to_end(_DESCRIBE.replace("MODULES", repr(wanted)), heap_kb=512)
    assert board.exit == 0, board.serial.text
    found: dict[str, dict[str, object]] = {}
    for line in board.serial.lines:
        module, name, value = json.loads(line)
        found.setdefault(module, {})[name] = value
    return found


def differing(chip: dict[str, object], here: dict[str, object]) -> set[str]:
    """Return the names, `Class.member` where it is one of a class, that are not alike."""
    names = {name for name in {*chip, *here} if name in chip or name[0] != "_"}
    found: set[str] = set()
    for name in names:
        theirs, ours = chip.get(name), here.get(name)
        if theirs == ours:
            continue
        if not all(str(value).startswith("class") for value in (theirs, ours)):
            found.add(name)
            continue
        known, members = set(str(theirs).split()), set(str(ours).split())
        members = {word for word in members if word[0] != "_" or word in known}
        found |= {f"{name}.{re.split('=', word)[0]}" for word in known ^ members}
    return found


@pytest.mark.parametrize("module", CHIP["modules"])
def test_names_and_constants_are_the_chips(module: str, board_has: dict[str, dict[str, object]]):
    chip, here = CHIP["modules"][module], board_has[module]
    if chip is None or module in NOT_THERE:
        refused = module in TABLE["refused"]["modules"]
        why = (
            f"{module} is not emulated" if refused else f"no module named '{module.split('.')[0]}'"
        )
        assert here == {"": why}
        return
    table = TABLE.get(module, {}).get("names", {})
    refused = tuple(f"{name}." for name, why in table.items() if why == "refused")
    seen = {name for name in differing(chip, here) if not name.startswith(refused)}
    seen |= {name[:-1] for name in refused}
    assert seen == set(table)


def test_what_is_refused_says_so():
    classes = [
        f"{module}.{name}"
        for module, entry in TABLE.items()
        for name, why in entry.get("names", {}).items()
        if why == "refused"
    ]
    program = "import machine, esp32, os, vfs\n" + "".join(
        f"try: {name}(1)\nexcept NotImplementedError as e: print(e)\n" for name in classes
    )
    said = [name.replace("vfs.", "os.") + " is not emulated" for name in classes]
    assert printed(program).splitlines() == said


def test_answers_are_the_chips():
    board = run_to_end(_ANSWER.replace("PROBES", repr(list(CHIP["probes"]))))
    answers = dict(json.loads(line) for line in board.serial.lines)
    differing = {probe for probe, answer in CHIP["probes"].items() if answers.get(probe) != answer}
    assert differing == {probe for entry in TABLE.values() for probe in entry.get("probes", ())}


@pytest.mark.parametrize("module", signatures.FILES)
def test_calls_are_taken_that_the_stubs_describe(module: str):
    assert signatures.compared(module) > 0
    listed = TABLE.get(module, {}).get("signatures", {})
    assert set(signatures.differences(module)) == set(listed), signatures.differences(module)


def test_error_numbers_and_their_names_are_the_chips():
    text = printed(
        """
        import errno
        for name in dir(errno):
            if name[0] == "E":
                number = getattr(errno, name)
                print(name, number, errno.errorcode[number], OSError(number))
        """
    )
    assert sorted(text.splitlines()) == sorted(
        f"{name} {number} {name} [Errno {number}] {name}" for name, number in ERRNO.items()
    )


def test_the_heap_adds_up_to_a_chips():
    assert printed("import gc\ngc.collect()\nprint(gc.mem_alloc() + gc.mem_free())") == "128064\n"


VFS = {
    "a file system of one's own": (
        """
        class Own:
            def mount(self, readonly, mkfs): pass
            def umount(self): pass
            def ilistdir(self, path): return iter([("a", 0, 0)])
            def statvfs(self, path): return (1, path)
        vfs.mount(Own(), "/own")
        print(os.listdir("/own"), os.statvfs("/own"), os.statvfs("/")[0])
        """,
        "['a'] (1, '/') 4096\n",
    ),
    "no file system": (
        """
        vfs.umount("/")
        print(os.listdir("/"), os.listdir())
        """,
        "[] []\n",
    ),
    "modules by their names": (
        "print(os, sys, vfs)",
        "<module 'os'> <module 'sys'> <module 'vfs'>\n",
    ),
    "sizes in a folder": (
        """
        with open("f", "w") as file: file.write("12345")
        os.mkdir("d")
        print([entry for entry in os.ilistdir() if entry[0] in "fd"])
        """,
        "[('d', 16384, 0, 0), ('f', 32768, 0, 5)]\n",
    ),
    "SPI and UART that take their time": (
        """
        spi, uart = machine.SPI(1, 100_000), machine.UART(1, 9600)
        start = time.ticks_us()
        spi.write(bytes(100))
        print(time.ticks_diff(time.ticks_us(), start) // 100)
        start = time.ticks_us()
        uart.write(bytes(96))
        print(time.ticks_diff(time.ticks_us(), start) < 100, uart.txdone())
        uart.flush()
        print(time.ticks_diff(time.ticks_us(), start) // 1000, uart.txdone())
        """,
        "80\nTrue False\n100 True\n",
    ),
}


@pytest.mark.parametrize(("program", "text"), VFS.values(), ids=VFS)
def test_a_program_sees(program: str, text: str):
    assert printed("import machine, os, sys, time, vfs\n" + source(program).decode()) == text
