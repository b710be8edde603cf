"""Names the board's memory holds: "the pump" becomes one token that knows its pin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .spelling import slipped
from .words import Token, clean, joined, split

_PIN = re.compile(
    r"\b(?:gpio|pin|io|port|d)[ _-]*(?:number|no\.?|num|#)?[ _-]*(\d{1,2})\b", re.IGNORECASE
)
_BARE = re.compile(r"\s*(\d{1,2})\s*")
_ARTICLES = ("the", "my", "our", "a", "an", "your", "this", "that")
MAX_PIN = 48


def pin_of(value: str) -> int | None:
    """Return the one pin a remembered value names ("gpio 5", "relay on pin 7", "5"), or None."""
    bare = _BARE.fullmatch(value)
    found = {int(bare.group(1))} if bare else {int(digits) for digits in _PIN.findall(value)}
    return found.pop() if len(found) == 1 and max(found) <= MAX_PIN else None


def plain_name(name: str) -> str:
    """Return a name as the memory keys it: lower case, single spaces, no article in front."""
    words = clean(name).lower().split()
    while len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    return " ".join(words)


def merge_names(tokens: list[Token], memory: Mapping[str, str]) -> list[Token]:
    """Return the tokens with each remembered name as one token; the longest name wins.

    memory: name to value. A name is matched whole, whatever its case, with "_" and "-" as spaces,
    and with one slip of the fingers if it is then the only one that is meant.
    """
    keys: dict[tuple[str, ...], tuple[str, str]] = {}
    for key, value in memory.items():
        words = tuple(token.text for token in split(re.sub(r"[_-]", " ", plain_name(str(key)))))
        if words:
            keys[words] = (str(key), str(value))
    gapped: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for words in keys:
        for gap in _gaps(words):
            gapped.setdefault(gap, []).append(words)
    longest = min(max(map(len, keys), default=0), 8)
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        for length in range(longest, 0, -1):
            parts = tokens[i : i + length]
            said = tuple(part.text for part in parts)
            if len(parts) == length and (hit := keys.get(said) or keys.get(_meant(said, gapped))):
                token = joined(parts, "name", hit[0], _chip(hit[1]))
                out.append(replace(token, pin=pin_of(hit[1])))
                i += length
                break
        else:
            out.append(tokens[i])
            i += 1
    return out


def _gaps(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the words with each in turn as its first letter, where a slip is never."""
    return [(*words[:i], f"\0{word[0]}", *words[i + 1 :]) for i, word in enumerate(words)]


def _meant(
    said: tuple[str, ...], gapped: Mapping[tuple[str, ...], Sequence[tuple[str, ...]]]
) -> tuple[str, ...]:
    """Return the one name that these words are with one slip in one of them, () if none is.

    gapped: the names by each of their gaps.
    """
    near = [
        words
        for i, gap in enumerate(_gaps(said))
        for words in gapped.get(gap, ())
        if slipped(said[i], words[i])
    ]
    return near[0] if len(near) == 1 else ()


def _chip(value: str) -> str:
    """Return the sensor a remembered value names: dht11, dht22, ds18b20 or nothing."""
    low = re.sub(r"[ -]", "", value.lower())
    return next((chip for chip in ("dht11", "dht22", "ds18b20") if chip in low), "")
