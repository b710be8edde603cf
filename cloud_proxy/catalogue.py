"""Tool catalogues: the rows of a birth message as the JSON schemas that models are given.

A row is [name, description, [[argument, type, *limits], ...]]; "argument?" is optional. The limit
of an "obj" is a list of such arguments, what may be in it, or the board's name for one; that of a
"list" is one argument, what each item is.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from cloud_proxy.lru import Lru
from cloud_proxy.metering import estimate_tokens

MAX_TOOLS = 96
MAX_CATALOGUES = 256  # kept; a fleet on one firmware shares one
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_DESCRIPTION = 300  # characters

Schema = dict[str, Any]

_WHEN = (
    'The trigger, one of {"every_s": n}, {"in_s": n}, {"at": "08:15", "days": "mon,tue"}, '
    '{"cron": "*/5 * * * *"}, {"pin": n, "edge": "rising|falling|both"}, '
    '{"read": {"tool": .., "args": {..}, "field": ..}, "above" or "below": x, "hysteresis": h, '
    '"for_s": n}, {"event": name, "from": device or tag}, {"boot": true}.'
)
_IF = "Conditions that must all hold, each an object: a time window, a pin, a value or a memory."
_PIN = "A GPIO number, or the name that the person gave to the thing on it."


def _step() -> Schema:
    return {
        "type": "object",
        "properties": {"tool": {"type": "string"}, "args": {"type": "object"}},
        "required": ["tool", "args"],
    }


def _range(kind: str) -> Callable[[list[Any]], Schema]:
    def schema(limits: list[Any]) -> Schema:
        out: Schema = {"type": kind}
        for key, limit in zip(("minimum", "maximum"), limits, strict=False):
            if isinstance(limit, int | float):
                out[key] = limit
        return out

    return schema


def _text(limits: list[Any]) -> Schema:
    return {"type": "string", **({"maxLength": limits[0]} if limits else {})}


def _hex(limits: list[Any]) -> Schema:
    most = f", at most {limits[0]} bytes" if limits else ""
    return {"type": "string", "description": f"Bytes in hexadecimal{most}."}


def _enum(limits: list[Any]) -> Schema:
    return {"type": "string", **({"enum": str(limits[0]).split("|")} if limits else {})}


def _object(limits: list[Any]) -> Schema:
    match limits:
        case [list(), *_]:
            return _parameters(cast(list[Any], limits[0]))[0]
        case _:
            return {"type": "object"}


def _list(limits: list[Any]) -> Schema:
    match limits:
        case [[str(), str(kind), *inner], *_] if kind in _TYPES:
            return {"type": "array", "items": _TYPES[kind](inner)}
        case _:
            return {"type": "array", "items": {}}


# What each type of argument looks like to a model; an unknown one is left open.
_TYPES: Mapping[str, Callable[[list[Any]], Schema]] = {
    "pin": lambda _: {"type": "string", "description": _PIN},
    "int": _range("integer"),
    "num": _range("number"),
    "str": _text,
    "enum": _enum,
    "bool": lambda _: {"type": "boolean"},
    "hex": _hex,
    "when": lambda _: {"type": "object", "description": _WHEN},
    "if": lambda _: {"type": "array", "items": {"type": "object"}, "description": _IF},
    "steps": lambda _: {"type": "array", "items": _step()},
    "obj": _object,
    "list": _list,
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tools of a firmware, in the shapes that tiers need."""

    names: frozenset[str]
    types: Mapping[str, Mapping[str, str]]  # tool -> argument -> type
    schemas: tuple[Schema, ...]  # OpenAI's "tools"
    tokens: int  # about what the schemas add to a prompt


def parse(rows: list[Any]) -> Catalogue:
    """Return the catalogue in the rows; a row that cannot be read is left out.

    At most MAX_TOOLS are read: the rows come from a device and are not to be trusted.
    """
    types: dict[str, dict[str, str]] = {}
    schemas: list[Schema] = []
    for row in rows[:MAX_TOOLS]:
        match row:
            case [str(name), str(description), list()] if _NAME.fullmatch(name):
                parameters, kinds = _parameters(cast(list[Any], row[2]))
            case _:
                continue
        types[name] = kinds
        function = {
            "name": name,
            "description": description[:_MAX_DESCRIPTION],
            "parameters": parameters,
        }
        schemas.append({"type": "function", "function": function})
    tokens = estimate_tokens(len(json.dumps(schemas)))
    return Catalogue(frozenset(types), types, tuple(schemas), tokens)


def _parameters(args: list[Any]) -> tuple[Schema, dict[str, str]]:
    properties: dict[str, Schema] = {}
    kinds: dict[str, str] = {}
    required: list[str] = []
    for arg in args:
        match arg:
            case [str(key), str(kind), *limits]:
                name = key.removesuffix("?")
                make = _TYPES.get(kind)
                properties[name] = make(limits) if make else {}
                kinds[name] = kind
                if name == key:
                    required.append(name)
            case _:
                continue
    return {"type": "object", "properties": properties, "required": required}, kinds


def coerce(catalogue: Catalogue, tool: str, args: dict[str, Any]) -> dict[str, Any]:
    """Return a model's arguments with numbers that came as text made numbers.

    Ranges and pins are the board's to check: it must not trust a proxy either.
    """
    kinds = catalogue.types.get(tool, {})
    return {key: _number(kinds.get(key, ""), value) for key, value in args.items()}


def _number(kind: str, value: Any) -> Any:
    if not isinstance(value, str) or kind not in ("pin", "int", "num"):
        return value
    text = value.strip()
    if re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    if kind == "num" and re.fullmatch(r"-?\d{1,9}\.\d{1,9}", text):
        return float(text)
    return value


class Catalogues:
    """The catalogues seen lately, one for each content.

    The key is our own digest of the rows, not the hash that a board claims, so that no board can
    put words into the catalogue of another.
    """

    def __init__(self, most: int = MAX_CATALOGUES) -> None:
        self._kept: Lru[bytes, Catalogue] = Lru(most)

    def intern(self, rows: list[Any]) -> Catalogue:
        """Return the catalogue in the rows, parsed once for all boards that announce it."""
        digest = hashlib.sha256(json.dumps(rows).encode()).digest()
        catalogue = self._kept.get(digest)
        if catalogue is None:
            catalogue = self._kept[digest] = parse(rows)
        return catalogue

    def __len__(self) -> int:
        return len(self._kept)
