"""The pages name pictures, files and commands that there are."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from host.boards import load_board

ROOT = Path(__file__).parent.parent.parent
PAGES = {
    str(path.relative_to(ROOT)): path for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
}
START = PAGES["docs/getting-started.md"].read_text("utf-8")
BLOCKS = re.findall(r"```\w*\n(.*?)```", START, re.DOTALL)


def links_of(text: str) -> list[str]:
    """Return what a page links to or shows, outside of its examples."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [link for link in found if not re.match(r"https?:|mailto:", link)]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's titles, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for link in links_of(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_each_picture_is_shown_and_needs_nothing_from_elsewhere() -> None:
    shown = {link for link in links_of(START) if link.endswith(".svg")}
    pictures = sorted(ROOT.glob("docs/pictures/*.svg"))
    assert {f"pictures/{path.name}" for path in pictures} == shown
    for path in pictures:
        text = path.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert text.startswith("<svg") and "http" not in text and "<script" not in text, path


def test_the_readme_leads_to_this_page() -> None:
    assert "docs/getting-started.md" in links_of(PAGES["README.md"].read_text("utf-8"))


COMMANDS = {"limpet": "host.cli", "limpet-proxy": "cloud_proxy"}


@pytest.mark.parametrize("program, module", COMMANDS.items(), ids=COMMANDS)
def test_each_command_of_the_page_is_one(program: str, module: str) -> None:
    examples = "\n".join([*BLOCKS, *re.findall(r"`([^`\n]+)`", START)])
    named = set(re.findall(rf"^(?:\.venv/bin/)?{program} ([a-z]+)", examples, re.MULTILINE))
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    there = set(re.findall(r"^  ([a-z]+)  ", done.stdout, re.MULTILINE))
    assert named and named <= there, named - there


def test_each_make_target_of_the_page_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)", "\n".join(BLOCKS), re.MULTILINE))
    assert named and named <= targets


def test_the_drawing_has_each_pin_of_the_board_once() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from pictures_board import LEFT, RIGHT, board_svg, kind_of

    spec = load_board("esp32-devkit")
    pins = [pin for pin in (*LEFT, *RIGHT) if isinstance(pin, int)]
    assert len(LEFT) == len(RIGHT) and len(pins) == len(set(pins))
    assert set(spec.pins.usable) <= set(pins)
    told = tomllib.loads((ROOT / "boards" / "esp32-devkit.toml").read_text())["pins"]
    assert {p for p in pins if kind_of(spec, p) == "input only"} == set(told["input_only"])
    for pin in told["strapping"]:
        assert kind_of(spec, int(pin)) == "with care"
        assert told["strapping"][pin] in board_svg(spec)
