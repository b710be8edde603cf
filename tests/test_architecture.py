"""The arrows that may exist between the rooms; an import that is no such arrow fails here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What the ESP32 port of MicroPython builds or freezes in.
ON_THE_CHIP = {
    *(
        "array",
        "asyncio",
        "binascii",
        "collections",
        "deflate",
        "dht",
        "ds18x20",
        "errno",
        "esp32",
    ),
    *("gc", "hashlib", "heapq", "io", "json", "machine", "math", "micropython", "neopixel"),
    *("network", "ntptime", "onewire", "os", "random", "re", "select", "socket", "ssl", "struct"),
    *("sys", "time", "tls", "uctypes", "vfs"),
}


def imports_of(path: Path) -> set[str]:
    """Return the dotted names that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # "from . import" stays inside
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(name: str) -> str:
    return name.split(".")[0]


def files_of(package: str) -> list[Path]:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"{package} is empty"
    return [file for file in files if "shims" not in file.parts]


@pytest.mark.parametrize("path", files_of("firmware"), ids=lambda p: p.name)
def test_firmware_imports_only_itself_and_what_the_chip_has(path: Path) -> None:
    assert {room(name) for name in imports_of(path)} <= ON_THE_CHIP | {"firmware"}


@pytest.mark.parametrize("path", files_of("firmware"), ids=lambda p: p.name)
def test_firmware_never_asks_whether_it_is_emulated(path: Path) -> None:
    text = path.read_text().lower()
    assert "emulat" not in text and "sys.platform" not in text and "sys.implementation" not in text


def test_wire_imports_json_alone_and_names_neither_side() -> None:
    wire = ROOT / "firmware" / "wire.py"
    assert imports_of(wire) == {"json"}
    assert not {"cloud_proxy", "host."} & set(wire.read_text().split())


@pytest.mark.parametrize("path", files_of("host"), ids=lambda p: str(p.relative_to(ROOT)))
def test_host_never_imports_the_proxy(path: Path) -> None:
    assert "cloud_proxy" not in {room(name) for name in imports_of(path)}


@pytest.mark.parametrize("path", files_of("cloud_proxy"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_proxy_never_imports_host_and_of_the_firmware_only_the_wire(path: Path) -> None:
    names = imports_of(path)
    assert "host" not in {room(name) for name in names}
    assert all(name.startswith("firmware.wire") for name in names if room(name) == "firmware")


@pytest.mark.parametrize(
    "path",
    [p for package in ("host", "cloud_proxy", "firmware") for p in files_of(package)],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_no_file_grew_too_large(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 420
