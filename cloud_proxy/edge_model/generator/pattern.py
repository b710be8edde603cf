"""The pattern language: "[turn|switch] on {pin}" gives sentences, each with the program it means.

`[a|b|]` picks one alternative, `{slot}` is filled by the slot of that name (a digit at its end
makes it another one of the same kind). A program is a line of symbols; `{slot}` in it becomes what
the slot's filling means, where `=x` is the word marked x in the sentence and `:x` the first and
the last word of the part marked x.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

Node = str | list["Node"] | tuple[list["Node"], ...]
_TOKENS = re.compile(r"[\[\]|]|[^\[\]|]+")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass
class Said:
    """A part of a sentence: pieces (text, mark or ""), its program, the memory it presumes."""

    pieces: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    program: list[str] = field(default_factory=list[str])
    memory: dict[str, str] = field(default_factory=dict[str, str])


Slot = Callable[[random.Random, str], Said]
SLOTS: dict[str, Slot] = {}


def slot(name: str) -> Callable[[Slot], Slot]:
    """Register a function (rng, mark) -> Said as the slot `name`."""

    def keep(function: Slot) -> Slot:
        SLOTS[name] = function
        return function

    return keep


def choose(pattern: str, rng: random.Random) -> str:
    """Return one of the texts a pattern stands for; slots are left in it."""
    return _expand(_TOKENS.findall(pattern), rng)


def _expand(tokens: list[str], rng: random.Random) -> str:
    out, i = "", 0
    while i < len(tokens):
        if tokens[i] != "[":
            out += tokens[i]
            i += 1
            continue
        depth, start, options = 0, i + 1, list[list[str]]()
        for j in range(i, len(tokens)):
            depth += {"[": 1, "]": -1}.get(tokens[j], 0)
            if depth == 1 and tokens[j] == "|" or depth == 0:
                options.append(tokens[start:j])
                start = j + 1
            if depth == 0:
                out += _expand(rng.choice(options), rng)
                i = j + 1
                break
        else:
            raise ValueError("a [ of the pattern is not closed: " + "".join(tokens))
    return out


def fill(pattern: str, program: str, rng: random.Random, prefix: str = "") -> Said:
    """Return a sentence of this pattern with its program.

    A slot of the program that the pattern lacks takes the pattern's slot that the program lacks.
    prefix: keeps the marks of several fillings apart.
    """
    text = choose(pattern, rng)
    filled: dict[str, Said] = {}
    pieces: list[tuple[str, str]] = []
    memory: dict[str, str] = {}
    for n, part in enumerate(_SLOT.split(text)):
        if n % 2 == 0:
            pieces.append((part, ""))
            continue
        said = SLOTS[part.rstrip("0123456789")](rng, prefix + part)
        filled[part] = said
        pieces += said.pieces
        memory.update(said.memory)
    wanted = _SLOT.findall(program)
    others = [name for name in filled if name not in wanted]
    out: list[str] = []
    for word in program.split():
        match = _SLOT.fullmatch(word)
        name = match.group(1) if match else ""
        name = name if name in filled or not name else others.pop(0)
        out += filled[name].program if name else [word]
    return Said(pieces, out, memory)


def join(*parts: Said | str) -> Said:
    """Return the parts one after the other, programs too."""
    out = Said()
    for part in parts:
        said = Said([(part, "")]) if isinstance(part, str) else part
        out.pieces += said.pieces
        out.program += said.program
        out.memory.update(said.memory)
    return out
