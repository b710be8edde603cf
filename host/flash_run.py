"""`limpet flash` from start to end: find, fetch, build, write, wait for hello."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from host import firmware_images, flash, flash_volume
from host.board_trust import Trust
from host.boards import load_board
from host.device_console import greeting
from host.device_serial import await_agent, find_port
from host.device_settings import read_settings
from host.errors import UserError
from host.flash_layout import Base, parse_base
from host.image_build import Region, base_region, files_region, given_region, read_image
from host.settings_dialog import Given, ask

_HELLO_S = 60.0


@dataclass(frozen=True)
class Wish:
    """What the person asked for; None: find out.

    image: a file system that is built already, settings and all. trust: whom it is to trust.
    """

    board: str
    port: str | None = None
    settings: Path | None = None
    image: Path | None = None
    given: Given = Given()
    trust: Trust = Trust()
    firmware: Path | None = None
    sha256: str | None = None
    erase: bool = False
    agent_only: bool = False
    baud: int = 460800
    wait: bool = True
    verbose: bool = False


def run(wish: Wish) -> None:
    """Flash one board and say what to do next. Raises UserError."""
    talk = Console(stderr=True, highlight=False)
    board = load_board(wish.board)
    settings: dict[str, Any] | None = read_settings(wish.settings) if wish.settings else None
    if wish.given.is_any:
        settings = ask(wish.given)
    if wish.image:
        settings = read_image(wish.image)[1] or None
    port_name = wish.port or find_port()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(*columns, console=talk, transient=True) as bars:
        bar = bars.add_task("looking", total=100)

        def show(what: str, percent: float) -> None:
            bars.update(bar, description=what.lower(), completed=percent)

        def show_bytes(done: int, total: int) -> None:
            show("fetching MicroPython", 100 * done / total if total else 0)

        port = flash.Port(port_name, wish.baud, board, show)
        found = flash.detect(port)
        flash.plan(board, found, [])  # a wrong chip is refused before anything is fetched
        talk.print(f"{port_name}: {found.chip}, {found.flash_bytes >> 20} MB, {found.mac}")
        base = _base(wish, show_bytes, talk.print)
        offset, size = base.files_at(found.flash_bytes)
        kept = {} if wish.erase else flash.keep(port, found, offset, size)
        mine = len(kept)
        if wish.image:
            if kept:
                raise UserError(
                    "the board has files of yours",
                    f"an image takes their place: {', '.join(sorted(kept)[:5])}",
                    f"limpet backup FILE; then limpet flash --image {wish.image} --erase",
                )
            files = given_region(wish.image, board, offset, size)
        else:
            if settings is None and "/settings.json" not in kept and sys.stdin.isatty():
                bars.stop()
                settings = ask(wish.given)
                bars.start()
            if settings is not None:
                kept.pop("/settings.json", None)
                settings = wish.trust.named(settings)
            kept |= wish.trust.files
            files = files_region(board, settings, base, found.flash_bytes, kept)
        regions = [Region("files", offset, flash_volume.used(files.data))]
        if not wish.agent_only:
            regions.insert(0, base_region(base))
        flash.apply(flash.plan(board, found, regions, wish.erase), port)
        flash.forget(found)
    talk.print(f"written and verified; kept {mine} files of yours")
    if settings is None and "/settings.json" not in kept:
        talk.print(f"it waits for its settings: limpet provision --port {port_name}")
    if not wish.wait:
        if settings is not None:
            print(settings["device"])
        return

    def tell(row: str) -> None:
        talk.print(f"  {row}", markup=False)

    device = await_agent(port_name, _HELLO_S, tell, was_reset=True, verbose=wish.verbose)
    print(device)
    if device:
        talk.print(greeting(port_name, device))


def _base(wish: Wish, progress: firmware_images.Progress, tell: Callable[[str], None]) -> Base:
    board = load_board(wish.board)
    if wish.firmware:
        data = firmware_images.take(wish.firmware, wish.sha256)
        base = parse_base(data, board)
        if wish.sha256:
            firmware_images.pin_file(board.firmware, wish.firmware.name, wish.sha256, data)
        return base
    path = firmware_images.fetch(board.firmware, progress, tell=tell)
    return parse_base(path.read_bytes(), board)
