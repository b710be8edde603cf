"""What the encoder sees of a word: ids of its kind, of itself, of its letter groups."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

from .words import Token

BUCKETS = 4096  # rows of the embedding; row 0 stays zero (padding)
_KINDS = (
    *("word", "mark", "chip", "num", "dur", "time", "zone", "colour", "name"),
    *("hexa", "nth", "cron"),
)
_UNITS = ("", "pct", "deg", "c", "f", "mv", "hz", "am", "pm", "dht11", "dht22", "ds18b20")
_RESERVED = 64  # rows 1..63 are for kinds, units and shapes of numbers
MAX_IDS = 24


def ids_of(token: Token) -> tuple[int, ...]:
    """Return the embedding rows of one token, the kind first, at most MAX_IDS.

    A number is its shape, not its digits, so that every pin is treated alike; a remembered name is
    its words and the fact that it is known.
    """
    ids = [1 + _KINDS.index(token.kind)]
    if token.unit in _UNITS[1:]:
        ids.append(16 + _UNITS.index(token.unit))
    if token.kind in ("word", "mark", "chip"):
        meant = (55, _hashed(token.mend)) if token.mend else ()
        return (*ids, *meant, *word_ids(token.text))[:MAX_IDS]
    if token.kind == "name":
        ids.append(40 if token.pin is None else 41)
        for word in token.text.split()[:3]:
            ids += word_ids(word)[:6]
    elif token.kind == "num" and isinstance(token.value, (int, float)):
        value = token.value
        ids.append(42 if isinstance(value, float) else 43)
        if token.text in ("0", "1", "100", "half", "one", "zero"):
            ids += [_hashed(token.text)]
        ids.append(
            44
            if value < 0
            else 45
            if value <= 1
            else 46
            if value <= 48
            else 47
            if value <= 255
            else 48
        )
        if value < 24:
            ids.append(49)
        if token.text[0].isalpha():
            ids.append(50)
    elif token.kind == "dur":
        ids += [51, _hashed(token.text.split()[-1])]
    elif token.kind == "time":
        ids.append(52 if token.unit else 53)
    elif token.kind in ("colour", "zone"):
        ids.append(54)
    return tuple(ids[:MAX_IDS])


def blurred(ids: Sequence[int], token: Token, offset: int) -> tuple[int, ...]:
    """Return a word's rows without every fourth of those that say which word it is.

    offset: which of the four; numbers, times and names keep all.
    """
    if token.kind not in ("word", "mark"):
        return tuple(ids)
    return (ids[0], *(row for at, row in enumerate(ids[1:], 1) if (at + offset) % 4))


@lru_cache(maxsize=8192)
def word_ids(word: str) -> tuple[int, ...]:
    """Return the rows of a word: itself, its letters in any order, its frame, groups of letters.

    Letters in any order survive a swap; the frame, each consonant once, a wrong vowel.
    """
    word = word[:24]
    if len(word) == 1:
        return (_hashed(word),)
    framed = f"<{word}>"
    sizes = (2, 3) if len(word) < 5 else (3, 4)
    groups = [framed[i : i + size] for size in sizes for i in range(len(framed) - size + 1)]
    frame = "".join(dict.fromkeys(c for c in word if c not in "aeiou"))
    shapes = [_hashed("@" + "".join(sorted(word))), _hashed("~" + frame)]
    return tuple(
        dict.fromkeys([_hashed(word), *shapes, *(_hashed("#" + group) for group in groups)])
    )[: MAX_IDS - 3]


def _hashed(text: str) -> int:
    return _RESERVED + zlib.crc32(text.encode()) % (BUCKETS - _RESERVED)
