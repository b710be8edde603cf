"""pytest fixtures for tests on emulated boards: `world` and `board`, set up by markers.

    @pytest.mark.world(seed=7)
    @pytest.mark.board(files={"/main.py": Path("blink.py")})
    def test_blinks(world, board): ...

Loaded by pytest itself once Limpet is installed. The emulator is imported by the first test that
asks for a fixture.
"""

from __future__ import annotations

import textwrap
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from host.emulator import Board, World

_WORLD = pytest.StashKey["World"]()
_MARKERS = (
    "world(realtime=False, seed=0, unix_s=None, date_is_set=True): the fixture `world`, as World",
    "board(spec_name='esp32-devkit', *, main=None, files=None, heap_kb=None, start=True, ...): "
    "the fixture `board`, as World.board; main: the program, an indented text, bytes or a Path",
)
Content = bytes | str | Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's option."""
    parser.getgroup("limpet").addoption(
        "--board-traces",
        metavar="DIR",
        type=Path,
        help="write what the fixture `board` did in each test to DIR, as a page and as VCD",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Generator[World]:
    """A world whose boards are switched off after the test. Its seed is 0 unless marked."""
    from host.emulator import World

    marker = request.node.get_closest_marker("world")
    with World(*marker.args, **marker.kwargs) if marker else World() as made:
        request.node.stash[_WORLD] = made
        yield made


@pytest.fixture
def board(request: pytest.FixtureRequest, world: World) -> Generator[Board]:
    """A board of `world`, switched on unless it is marked with start=False."""
    from host.emulator import Trace

    marker = request.node.get_closest_marker("board")
    args: tuple[Any, ...] = marker.args if marker else ()
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    is_on = options.pop("start", True)
    main = options.pop("main", None)
    files: Mapping[str, Content] = options.pop("files", None) or {}
    contents = {path: _content(content) for path, content in files.items()}
    if main is not None:
        contents["/main.py"] = _content(main)
    made = world.board(*args, files=contents, **options)
    folder: Path | None = request.config.getoption("board_traces")
    trace = Trace(made) if folder else None
    if is_on:
        made.start()
    yield made
    if trace and folder:
        folder.mkdir(parents=True, exist_ok=True)
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in request.node.nodeid)
        for form in ("html", "vcd"):
            trace.write(folder / f"{name}.{form}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what its boards printed."""
    report = yield
    made = item.stash.get(_WORLD, None)
    if made and report.failed:
        for one in made.boards:
            title = f"{one.name} is {one.state} after {one.seen_s:.3f} s, its console"
            report.sections.append((title, one.serial.text))
    return report


def _content(content: Content) -> bytes:
    """Return a file's content; text is taken without its common indentation."""
    if isinstance(content, Path):
        return content.read_bytes()
    return textwrap.dedent(content).encode() if isinstance(content, str) else content
