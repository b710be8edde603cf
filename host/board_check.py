"""What must hold within a board's file, each finding as "field: what is wrong"."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import TYPE_CHECKING

from host.board_chips import CHIPS, Chip

if TYPE_CHECKING:
    from host.boards import BoardSpec

_NAME = re.compile("[a-z0-9][a-z0-9-]{0,31}")
_BLOCK = 4096
_MB = 1024 * 1024


def findings(board: BoardSpec) -> list[str]:
    """Return what contradicts itself or the chip, [] if nothing does."""
    chip = CHIPS.get(board.chip)
    if chip is None:
        return [f"chip: {board.chip} is not one of {', '.join(CHIPS)}"]
    found = _layout(board, chip)
    if not _NAME.fullmatch(board.name):
        found.append(f"name: {board.name!r} is not 1 to 32 of a-z, 0-9 and -")
    return found + _pins(board, chip) + _parts(board, chip)


def _layout(board: BoardSpec, chip: Chip) -> list[str]:
    found: list[str] = []
    if board.base_offset != chip.base_offset:
        wanted = f"{chip.base_offset:#x} on {chip.title}, not {board.base_offset:#x}"
        found.append(f"base_offset: a base image starts at {wanted}")
    if board.flash_mb not in (2, 4, 8, 16, 32):
        found.append(f"flash_mb: {board.flash_mb} is not 2, 4, 8, 16 or 32")
    if board.vfs_offset % _BLOCK or not 0x10000 < board.vfs_offset < board.flash_mb * _MB:
        found.append(
            f"vfs_offset: {board.vfs_offset:#x} is no multiple of {_BLOCK} between the "
            f"application and the end of {board.flash_mb} MB"
        )
    return found


def _pins(board: BoardSpec, chip: Chip) -> list[str]:
    pins = board.pins
    found: list[str] = []
    usable = set(pins.usable)
    if len(usable) < len(pins.usable):
        found.append("pins.usable: a pin is listed twice")
    if not usable:
        found.append("pins.usable: no pin is left")
    rows: dict[str, tuple[Set[int], Set[int], str]] = {
        "pins.usable": (usable, chip.gpio, f"not on {chip.title}"),
        "pins.input_only": (set(pins.input_only), usable, "not in pins.usable"),
        "pins.adc": (set(pins.adc), usable & chip.adc, "not usable, or no ADC pin"),
        "pins.i2c": (set(pins.i2c.values()), usable, "not in pins.usable"),
    }
    for field in ("forbidden", "strapping"):
        try:
            rows["pins." + field] = (
                {int(number) for number in pins.spans(field)},
                chip.gpio,
                f"not on {chip.title}",
            )
        except ValueError:
            found.append(f'pins.{field}: a key is a number, or a range like "6-11"')
    for field, (numbers, allowed, why) in rows.items():
        if numbers - allowed:
            found.append(f"{field}: {_listed(numbers - allowed)} {why}")
    forbidden = rows.get("pins.forbidden", (set[int](), usable, ""))[0]
    if forbidden & usable:
        found.append(f"pins.forbidden: {_listed(forbidden & usable)} in pins.usable too")
    missing = (chip.input_only & usable) - set(pins.input_only)
    if missing:
        found.append(f"pins.input_only: {_listed(missing)} missing: {chip.title} cannot drive it")
    silent = set(chip.gpio) - usable - forbidden
    if silent:
        found.append(f"pins.forbidden: no reason for {_listed(silent)}, which is not usable")
    if pins.i2c and set(pins.i2c) != {"sda", "scl"}:
        found.append("pins.i2c: it has sda and scl, or is left out")
    return found


def _parts(board: BoardSpec, chip: Chip) -> list[str]:
    found: list[str] = []
    if board.led and board.led.pin not in board.pins.usable:
        found.append(f"led.pin: {board.led.pin} is not in pins.usable")
    for button in board.button:
        if button.pin not in chip.gpio:
            found.append(f"button.pin: {button.pin} is not on {chip.title}")
    for name, number in board.wired.items():
        if number not in board.pins.usable or number in board.pins.input_only:
            found.append(f"wired.{name}: {number} is no usable output")
    return found


def _listed(numbers: Set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
