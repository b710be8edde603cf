"""The boards we know: data in boards/<name>.toml, checked when it is loaded."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from host.board_check import findings
from host.board_chips import CHIPS, Chip
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

    def spans(self, field: str) -> dict[str, str]:
        """Return forbidden or strapping by single number: "6-11" stands for six pins.

        Raises ValueError for a key that is neither.
        """
        found: dict[str, str] = {}
        for span, why in getattr(self, field).items():
            first, _, last = span.partition("-")
            found |= {str(number): why for number in range(int(first), int(last or first) + 1)}
        return found


class Led(_Strict):
    """The LED that sits on the board. kind: gpio_write switches a plain one, not a neopixel."""

    pin: int
    inverted: bool = False
    kind: Literal["plain", "neopixel"] = "plain"


class Button(_Strict):
    """A button on the board; pressed it pulls its pin to ground."""

    name: str
    pin: int


class BoardSpec(_Strict):
    """One board: its chip, its flash layout and its pins. Offsets are bytes from flash 0.

    firmware: MicroPython's name of the image that fits. reset: what is printed at its reset
    button, "" where there is none or it is not known. wired: name -> pin of what else sits there.
    vfs_offset: in MicroPython's usual layout; flashing takes it from the image's own table.
    """

    name: str
    title: str
    chip: str
    flash_mb: int
    heap_kb: int
    confirm: tuple[str, ...] = ()  # tools that wait for a person's yes
    base_offset: int
    vfs_offset: int
    firmware: str
    reset: str = ""
    pins: PinTable
    led: Led | None = None
    button: tuple[Button, ...] = ()
    wired: dict[str, int] = {}

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

    @property
    def silicon(self) -> Chip:
        """Return what the chip itself has."""
        return CHIPS[self.chip]

    def for_chip(self) -> dict[str, Any]:
        """Return what firmware reads from /board.json: the pin policy."""
        pins = self.pins
        return {
            "name": self.name,
            "chip": self.chip,
            "usable": pins.usable,
            "outputs": [n for n in pins.usable if n not in pins.input_only],
            "adc": pins.adc,
            "forbidden": pins.spans("forbidden"),
            "led": self.led.pin if self.led else None,
            "button": next((b.pin for b in self.button if b.name == "boot"), None),
            "confirm": self.confirm,
        }


def board_names() -> list[str]:
    """Return the names of all boards that ship, sorted."""
    return sorted(path.stem for path in BOARDS_DIR.glob("*.toml"))


@cache
def load_board(name: str) -> BoardSpec:
    """Return one board by its name, or by the path of a .toml file of one's own.

    Raises UserError if there is none, or its file is wrong: it names the file and each field.
    """
    path = Path(name) if name.endswith(".toml") else BOARDS_DIR / f"{name}.toml"
    if not path.is_file():
        raise UserError(
            f"no board is called {name}",
            f"boards: {', '.join(board_names())}",
            "limpet boards",
        )
    try:
        board = BoardSpec.model_validate(tomllib.loads(path.read_text()))
    except ValidationError as e:
        raise _wrong(
            path, [f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in e.errors()]
        ) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise _wrong(path, [str(e)]) from e
    wrong = findings(board)
    if board.name != path.stem:
        wrong.append(f"name: {board.name} is not what the file is called, {path.stem}")
    if wrong:
        raise _wrong(path, wrong)
    return board


def _wrong(path: Path, findings: list[str]) -> UserError:
    return UserError(f"{path.name} describes no board", "; ".join(findings), f"edit {path}")


def new_board(name: str, like: str, folder: Path) -> Path:
    """Write folder/<name>.toml, a copy of another board's file to be edited; return its path.

    Raises UserError if the name is none or the file is there.
    """
    load_board(like)
    source = Path(like) if like.endswith(".toml") else BOARDS_DIR / f"{like}.toml"
    target = folder / f"{name}.toml"
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", name):
        raise UserError(
            f"{name!r} is no board's name",
            "it must be 1 to 32 of a-z, 0-9 and -",
            f"limpet boards new my-board --like {like}",
        )
    if target.exists():
        raise UserError(f"{target} is there already", "it is not overwritten", f"rm {target}")
    text = re.sub(r'^name = ".*"$', f'name = "{name}"', source.read_text(), count=1, flags=re.M)
    target.write_text(text)
    return target
