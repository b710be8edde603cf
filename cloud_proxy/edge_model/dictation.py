"""What a dictating person spells: "d h t twenty two", "g p i o", "7 p m", "hex three c"."""

from __future__ import annotations

from itertools import product

from .listed import spaced
from .words import Token, joined, merged

_UP_TO_NINE = "zero one two three four five six seven eight nine"
_DIGITS = {
    **{word: str(n) for n, word in enumerate(spaced(_UP_TO_NINE))},
    "oh": "0",
    **{digit: digit for digit in "0123456789abcdef"},
}
_ADDRESS = ("address", "addr", "at", "device", "is")
_HOURS = frozenset(
    spaced(
        "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty "
        "forty fifty o'clock o clock the hundred"
    )
)
_TWENTY_TWO = ("22", "twenty two", "twenty - two", "twentytwo", "two two")
_PHRASES = (  # the ways to say it, part by part, and what is meant
    ((("dht", "d h t"), ("", "-"), _TWENTY_TWO), "chip", "dht22"),
    ((("dht", "d h t"), ("", "-"), ("11", "eleven", "one one")), "chip", "dht11"),
    ((("d h t",),), "word", "dht"),
    (
        (("ds", "d s"), ("", "-"), ("18", "eighteen", "one eight"), ("b",))
        + (("20", "twenty", "two zero", "two oh"),),
        "chip",
        "ds18b20",
    ),
    ((("am", "a m"), ("2302", "twenty three oh two", "twenty three zero two")), "chip", "am2302"),
    ((("ws", "w s"), ("2812", "twenty eight twelve"), ("b",)), "chip", "ws2812b"),
    ((("ws", "w s"), ("2812", "twenty eight twelve")), "chip", "ws2812"),
    ((("i",), ("two", "2", "squared", "square"), ("c",)), "chip", "i2c"),
    ((("neo",), ("pixel",)), "word", "neopixel"),
    ((("neo",), ("pixels",)), "word", "neopixels"),
    ((("o",), ("clock",)), "word", "o'clock"),
    *(
        (((" ".join(word),),), "word", word)
        for word in ("gpio", "pwm", "sda", "scl", "rgb", "leds", "led", "adc", "utc")
    ),
)
_Row = tuple[tuple[str, ...], str, str]


def _rows() -> dict[str, list[_Row]]:
    rows: dict[str, list[_Row]] = {}
    for ways, kind, meant in _PHRASES:
        for said in product(*ways):
            words = tuple(" ".join(said).split())
            rows.setdefault(words[0], []).append((words, kind, meant))
    for found in rows.values():
        found.sort(key=lambda row: -len(row[0]))
    return rows


_BY_FIRST = _rows()


def merge_dictated(tokens: list[Token]) -> list[Token]:
    """Return the tokens with what was spelt as the one word that it stands for."""
    return merged(tokens, _merge)


def _merge(tokens: list[Token], i: int, out: list[Token]) -> tuple[Token, int] | None:
    del out
    return _spelt(tokens, i) or _half(tokens, i) or _hexadecimal(tokens, i)


def _letters(tokens: list[Token], i: int, count: int) -> tuple[list[str], list[int]]:
    """Return the next words with the number of tokens up to each; a letter's full stop is its."""
    texts: list[str] = []
    used: list[int] = []
    at = i
    while at < len(tokens) and len(texts) < count:
        texts.append(tokens[at].text)
        at += 1
        letter = len(texts[-1]) == 1 and texts[-1].isalpha()
        if letter and at < len(tokens) and tokens[at].text == ".":
            at += tokens[at].start == tokens[at - 1].end
        used.append(at - i)
    return texts, used


def _spelt(tokens: list[Token], i: int) -> tuple[Token, int] | None:
    rows = _BY_FIRST.get(tokens[i].text)
    if rows is None:
        return None
    texts, used = _letters(tokens, i, len(rows[0][0]))
    for words, kind, meant in rows:
        if texts[: len(words)] == list(words):
            return _one(tokens, i, used[len(words) - 1], kind, meant)
    return None


def _one(
    tokens: list[Token], i: int, used: int, kind: str, meant: str, value: int | None = None
) -> tuple[Token, int]:
    return Token(meant, tokens[i].start, tokens[i + used - 1].end, kind, "", value), used


def _half(tokens: list[Token], i: int) -> tuple[Token, int] | None:
    """Return "am" or "pm" for "p m" after what may be a time."""
    if tokens[i].text not in ("a", "p") or not i:
        return None
    before = tokens[i - 1]
    if before.kind not in ("num", "time") and before.text not in _HOURS:
        return None
    texts, used = _letters(tokens, i, 2)
    if texts[1:] != ["m"]:
        return None
    return _one(tokens, i, used[1], "word", texts[0] + "m")


def _hexadecimal(tokens: list[Token], i: int) -> tuple[Token, int] | None:
    """Return the address in "hex three c", "oh x 3c" or "address 3c"."""
    before = tokens[i - 1].text if i else ""
    if before not in _ADDRESS:
        return None
    at = i + 1 if tokens[i].text == "hex" else i
    if tokens[i].text in ("oh", "o", "zero", "0") and tokens[i + 1 : i + 2]:
        at = i + 2 if tokens[i + 1].text == "x" else i
    spelt = at > i
    glued = tokens[i].kind == "num" and tokens[i + 1 : i + 2]
    if not spelt and not (glued and tokens[i + 1].start == tokens[i].end):
        return None
    digits = ""
    while at < len(tokens) and len(digits) < 2:
        text = tokens[at].text
        more = text if tokens[at].kind == "num" and text.isdecimal() else _DIGITS.get(text, "")
        if not more or len(digits + more) > 2:
            break
        digits, at = digits + more, at + 1
    if len(digits) < 2 or not spelt and (digits.isdecimal() or before not in _ADDRESS[:2]):
        return None
    return joined(tokens[i:at], "hexa", int(digits, 16)), at - i
