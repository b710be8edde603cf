"""Which devices: `fw<0.3 and tag=prod and online`, read once and asked of each device.

    any   := all ("or" all)*
    all   := one ("and" one)*
    one   := "not" one | "(" any ")" | FLAG | FIELD compare VALUE
    compare is = != < <= > >= ~ !~; ~ is a pattern with * ? [a-z]; a VALUE with other letters than
    those of a name stands in quotes.

What is not known of a device is neither true nor false: `fw<0.3` and `not fw<0.3` both pass over
a device whose version nobody has heard. Versions compare as versions: 0.10 is newer than 0.9, and
0.3.0-rc1 older than 0.3.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from host.errors import UserError

FIELDS = {
    "device": ("text", "its name"),
    "online": ("flag", "connected to the broker"),
    "fw": ("version", "version of the firmware"),
    "board": ("text", "its board file"),
    "chip": ("text", "esp32, esp32c3, ..."),
    "tag": ("any", "one of its groups"),
    "tool": ("any", "one of its tools"),
    "tz": ("text", "its time zone"),
    "persona": ("text", "tone of its answers"),
    "crash": ("flag", "it has reported a crash"),
    "drift": ("flag", "it has not the desired settings"),
    "config": ("number", "version of the settings that it reported"),
    "job": ("text", "state of its update"),
}
_COMPARE = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>==|!=|<=|>=|!~|[=<>~])|(?P<paren>[()])"""
    r"""|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()"'=!<>~]+))"""
)
Facts = Mapping[str, object]
Where = Callable[[Facts], bool | None]


class WhereError(UserError):
    """An expression that cannot be read. column: where, from 0."""

    def __init__(self, text: str, column: int, why: str, fix: str) -> None:
        """Show the text with a mark under the column."""
        super().__init__(
            f"this selects nothing, column {column + 1} cannot be read",
            f"{why}\n       {text}\n       {' ' * column}^",
            fix,
        )
        self.column = column


class _Token(NamedTuple):
    kind: str  # "op", "paren", "word", "quoted" or "end"
    text: str
    column: int


def parse(text: str) -> Where:
    """Return what tells of a device's facts whether they match: True, False, None if unknown.

    The facts are a value for each of FIELDS, None where it is not known. Raises WhereError.
    """
    return _Parser(text).all_of_it()


def given(text: str | None) -> Where | None:
    """Return what an option says, None if it was not given. Raises WhereError."""
    return None if text is None else parse(text)


def version_key(text: str) -> tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]:
    """Return what sorts as versions do; a build of the same version, +abc, is no other one."""
    number, _, early = text.lower().lstrip("v").partition("+")[0].partition("-")
    parts = [int(part) if part.isdecimal() else 0 for part in number.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    words = re.findall(r"\d+|[a-z]+", early)
    rest = [(not word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in words]
    return tuple(parts), not early, rest


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._read()
        self._at = 0

    def all_of_it(self) -> Where:
        where = self._any()
        left = self._peek()
        if left.kind != "end":
            raise self._wrong(left, f"{left.text!r} is one too many", "join with `and` or `or`")
        return where

    def _read(self) -> list[_Token]:
        tokens: list[_Token] = []
        at, end = 0, len(self._text.rstrip())
        while at < end:
            found = _TOKEN.match(self._text, at)
            if not found:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                odd = self._text[at]
                why = "the quote is not closed" if odd in "\"'" else f"{odd!r} means nothing here"
                raise self._wrong(_Token("", odd, at), why, 'for example: --where "tag=prod"')
            kind = found.lastgroup or ""
            column = found.start(kind) - (kind in ("double", "single"))
            kind = "quoted" if kind in ("double", "single") else kind
            tokens.append(_Token(kind, found[found.lastgroup or 0], column))
            at = found.end()
        return [*tokens, _Token("end", "the end", len(self._text))]

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _is(self, word: str) -> bool:
        token = self._peek()
        if token.kind in ("word", "paren") and token.text.lower() == word:
            self._at += 1
            return True
        return False

    def _any(self) -> Where:
        parts = [self._all()]
        while self._is("or"):
            parts.append(self._all())
        return _first_of(parts, True) if parts[1:] else parts[0]

    def _all(self) -> Where:
        parts = [self._one()]
        while self._is("and"):
            parts.append(self._one())
        return _first_of(parts, False) if parts[1:] else parts[0]

    def _one(self) -> Where:
        turned = False
        while self._is("not"):
            turned = not turned
        where = self._inner() if self._peek().text == "(" else self._term()
        return _turned(where) if turned else where

    def _inner(self) -> Where:
        opened = self._next()
        if sum(token.text == "(" for token in self._tokens[: self._at]) > 50:
            raise self._wrong(opened, "more than 50 brackets", "say it with fewer")
        where = self._any()
        if not self._is(")"):
            raise self._wrong(opened, "this bracket is not closed", "add a )")
        return where

    def _term(self) -> Where:
        token = self._next()
        name = token.text.lower()
        if token.kind != "word" or name in ("and", "or", "not"):
            raise self._wrong(token, f"a field is expected, not {token.text}", _listed())
        if name == "offline":
            return _turned(lambda facts: _flag(facts.get("online")))
        if name not in FIELDS:
            close = get_close_matches(name, [*FIELDS, "offline"], 1)
            raise self._wrong(
                token, f"there is no field {name}", f"{close[0]}?" if close else _listed()
            )
        kind = FIELDS[name][0]
        op = self._peek()
        if op.kind != "op":
            if kind != "flag":
                raise self._wrong(op, f"{name} is to be compared", f"{name}=..., or {name}~...*")
            return lambda facts: _flag(facts.get(name))
        self._next()
        value = self._next()
        if value.kind not in ("word", "quoted"):
            raise self._wrong(value, f"a value is expected, not {value.text}", f"{name}=...")
        return self._compare(name, kind, op, value)

    def _compare(self, name: str, kind: str, op: _Token, value: _Token) -> Where:
        sign = "=" if op.text == "==" else op.text
        ordered = kind in ("version", "number")
        if kind == "flag":
            if sign not in ("=", "!=") or value.text.lower() not in _WORDS:
                raise self._wrong(op, f"{name} is yes or no", f"{name}, or not {name}")
            wanted = _WORDS[value.text.lower()] == (sign == "=")
            return lambda facts: _same(_flag(facts.get(name)), wanted)
        if sign in ("<", "<=", ">", ">=") and not ordered:
            raise self._wrong(op, f"{name} has no order", "use =, !=, ~ or !~")
        if kind == "version" and sign[-1] != "~" and not re.match(r"v?\d", value.text):
            raise self._wrong(value, f"{value.text} is no version", "for example: fw<0.3.1")
        if kind == "number" and not re.fullmatch(r"-?\d+", value.text):
            raise self._wrong(value, f"{value.text} is no whole number", f"for example: {name}<3")
        test = _test(kind, sign, value.text)

        def where(facts: Facts) -> bool | None:
            known = facts.get(name)
            return None if known is None else test(known)

        return where

    def _wrong(self, token: _Token, why: str, fix: str) -> WhereError:
        return WhereError(self._text, token.column, why, fix)


_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _test(kind: str, sign: str, text: str) -> Callable[[object], bool]:
    if kind == "any":
        same = _test("text", sign.replace("!", "") or "=", text)
        if sign[0] == "!":
            same = _test("text", "=" if sign == "!=" else "~", text)
            return lambda known: not any(same(one) for one in _several(known))
        return lambda known: any(same(one) for one in _several(known))
    if sign[-1] == "~":
        return lambda known: fnmatchcase(str(known).lower(), text.lower()) == (sign == "~")
    if kind == "text":
        return lambda known: (str(known) == text) == (sign == "=")
    key: Callable[[str], tuple[object, ...]] = version_key if kind == "version" else _number
    wanted = key(text)
    return lambda known: _ordered(sign, key(str(known)), wanted)


def _ordered(sign: str, a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    below, same = a < b, a == b
    return {
        "=": same,
        "!=": not same,
        "<": below,
        "<=": below or same,
        ">": not below and not same,
        ">=": not below,
    }[sign]


def _number(text: str) -> tuple[object, ...]:
    return (int(text),)


def _several(known: object) -> list[object]:
    return list(known) if isinstance(known, (list, tuple)) else [known]  # pyright: ignore


def _flag(known: object) -> bool | None:
    return None if known is None else bool(known)


def _same(known: bool | None, wanted: bool) -> bool | None:
    return None if known is None else known == wanted


def _turned(where: Where) -> Where:
    def turned(facts: Facts) -> bool | None:
        found = where(facts)
        return None if found is None else not found

    return turned


def _first_of(parts: list[Where], decisive: bool) -> Where:
    """Return `or` for True, `and` for False: one part that is decisive decides."""

    def joined(facts: Facts) -> bool | None:
        answer: bool | None = not decisive
        for part in parts:
            found = part(facts)
            if found is decisive:
                return decisive
            if found is None:
                answer = None
        return answer

    return joined


def _listed() -> str:
    return "there are " + ", ".join(FIELDS)
