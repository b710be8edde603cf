"""A fleet file: the boards that one sitting at a bench flashes, as CSV or TOML.

CSV has a row for each board; TOML has [[board]], with what they share in [common]. Fields are
`device`, `board`, `port`, and those of settings by their dotted names, `broker.host`, `wifi.ssid`.
"""

import csv
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from host.boards import load_board
from host.device_settings import ROWS, check_settings
from host.errors import UserError


@dataclass(frozen=True)
class Wanted:
    """One board that is to be. port: "" for whichever is free. settings: as its JSON has them."""

    device: str
    board: str
    port: str
    settings: dict[str, Any]


def read_list(path: Path) -> list[Wanted]:
    """Return the rows of a fleet file, each checked. Raises UserError that names the row."""
    try:
        rows = _toml(path) if path.suffix == ".toml" else _csv(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as e:
        raise UserError(f"{path} is no fleet file", str(e), "docs/flash.md has one") from e
    found: list[Wanted] = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(_wanted(row))
        except UserError as e:
            raise UserError(f"row {number} of {path}: {e.what}", e.why, f"edit {path}") from e
    names = [wanted.device for wanted in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not found:
        why = f"twice: {', '.join(twice)}" if twice else "it has no rows"
        raise UserError(f"{path} is no fleet file", why, f"edit {path}")
    return found


def _csv(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a row has more or fewer cells than the first one names")
    return [{name.strip(): _cell(name.strip(), value) for name, value in r.items()} for r in rows]


def _cell(name: str, text: str) -> Any:
    kinds = {row[0]: row[2] for row in json.loads(ROWS.read_text())}
    kind = kinds.get(name, "str")
    if kind == "list":
        return text.split()
    return text if kind == "str" or not text else json.loads(text)


def _toml(path: Path) -> list[dict[str, Any]]:
    data = tomllib.loads(path.read_text())
    common = _flat(data.get("common", {}))
    return [common | _flat(row) for row in data["board"]]


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            flat |= {f"{key}.{name}": item for name, item in inner.items()}
        else:
            flat[key] = value
    return flat


def _wanted(row: dict[str, Any]) -> Wanted:
    row = {name: value for name, value in row.items() if value not in ("", [])}
    board, port = str(row.pop("board", "esp32-devkit")), str(row.pop("port", ""))
    settings: dict[str, Any] = {}
    for name, value in row.items():
        section, _, key = name.rpartition(".")
        (settings.setdefault(section, {}) if section else settings)[key] = value
    check_settings(settings)
    load_board(board)
    return Wanted(settings["device"], board, port, settings)
