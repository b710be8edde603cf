"""The boards we know: data in boards/<name>.toml, checked when it is loaded."""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from host.errors import UserError

BOARDS_DIR = Path(__file__).parent.parent / "boards"
_TOOLS = BOARDS_DIR.parent / "firmware" / "tools.txt"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PinTable(_Strict):
    """Which GPIO numbers may be used, for what, and why the others must not."""

    usable: tuple[int, ...]
    input_only: tuple[int, ...] = ()
    adc: tuple[int, ...] = ()
    i2c: dict[str, int] = {}
    forbidden: dict[str, str] = {}
    strapping: dict[str, str] = {}

    def reasons(self) -> dict[str, str]:
        """Return why a pin must be left alone, by its number: "6-11" stands for six pins."""
        found: dict[str, str] = {}
        for span, why in self.forbidden.items():
            first, _, last = span.partition("-")
            found |= {str(number): why for number in range(int(first), int(last or first) + 1)}
        return found


class Led(_Strict):
    """The LED that sits on the board."""

    pin: int
    inverted: bool = False


class Button(_Strict):
    """A button on the board; pressed it pulls its pin to ground."""

    name: str
    pin: int


class BoardSpec(_Strict):
    """One board: its chip, its flash layout and its pins. Offsets are bytes from flash 0."""

    name: str
    title: str
    chip: str
    flash_mb: int
    heap_kb: int
    confirm: tuple[str, ...] = ()  # tools that wait for a person's yes
    base_offset: int
    vfs_offset: int
    pins: PinTable
    led: Led | None = None
    button: tuple[Button, ...] = ()

    @field_validator("confirm")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Raise ValueError for a name that would protect nothing."""
        rows = [line.split(" ", 2) for line in _TOOLS.read_text().splitlines()]
        known = {json.loads(row)[0] for _, who, row in rows if "m" in who}
        for name in names:
            if name not in known:
                raise ValueError(f"there is no tool {name} that a model calls")
            if name == "script_run":
                raise ValueError("models call scripts by name: list what is in their steps")
        return names

    @property
    def vfs_bytes(self) -> int:
        """Return the size of the file system in bytes."""
        return self.flash_mb * 1024 * 1024 - self.vfs_offset

    def for_chip(self) -> dict[str, Any]:
        """Return what firmware reads from /board.json: the pin policy."""
        pins = self.pins
        return {
            "name": self.name,
            "chip": self.chip,
            "usable": pins.usable,
            "outputs": [n for n in pins.usable if n not in pins.input_only],
            "adc": pins.adc,
            "forbidden": pins.reasons(),
            "led": self.led.pin if self.led else None,
            "button": next((b.pin for b in self.button if b.name == "boot"), None),
            "confirm": self.confirm,
        }


def board_names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.stem for path in BOARDS_DIR.glob("*.toml"))


@cache
def load_board(name: str) -> BoardSpec:
    """Return one board. Raises UserError if there is none or its file is wrong."""
    path = BOARDS_DIR / f"{name}.toml"
    if not path.is_file():
        raise UserError(
            f"no board is called {name}",
            f"boards: {', '.join(board_names())}",
            "limpet boards",
        )
    try:
        return BoardSpec.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as e:
        raise UserError(f"boards/{name}.toml is wrong", str(e), f"edit {path}") from e
