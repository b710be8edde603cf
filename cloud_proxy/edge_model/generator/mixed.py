"""Several calls of any tools in one sentence; a pin or a bus that is meant again."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re
from collections.abc import Callable

from ..sentence import read
from ..values import days_of
from . import pairs, pins, rules, scripts
from .clauses import DENIED, QUESTION, TOOLS, UNCLEAR, chain, complete, half
from .pairs import words
from .pattern import SLOTS, Said, choose, fill, join


def tools(rng: random.Random, mark: str) -> Said:
    """Return two or three calls, every pair of tools as likely as any other."""
    count = rng.choice((2, 2, 2, 2, 3))
    names = rng.sample(TOOLS, count)
    asks = [name for name in names if name.endswith(("list", "read", "get")) or name[:4] == "get_"]
    if rng.random() < 0.5:  # an order first, then what is to be told
        names = [name for name in names if name not in asks] + asks
    return chain(
        rng, [half(rng, f"{mark}{n}", name, n + 1 == count) for n, name in enumerate(names)]
    )


def days(said: Said) -> bool:
    """Whether a part names days, which would be those of every time in the sentence."""
    return bool(days_of(read(words(said), {}).tokens))


def with_rule(rng: random.Random, mark: str) -> Said:
    """Return something for now and then a rule: "read 4, and every 10 minutes toggle 5"."""
    first = half(rng, f"{mark}a", rng.choice(TOOLS), False)
    while days(first):
        first = half(rng, f"{mark}a", rng.choice(TOOLS), False)
    while True:
        rows = rng.choice(
            (rules.EVERY, rules.AT, rules.AT, rules.EDGE, rules.READ, rules.BOOT, rules.IN)
        )
        when = fill(*rng.choice(rows), rng, f"{mark}w")
        act = (
            rules.action(rng, rows, f"{mark}x")
            if rng.random() < 0.6
            else fill(*rng.choice(rules.PLAIN), rng, f"{mark}x")
        )
        if "?" in when.program + act.program or "?named" in when.program + act.program:
            continue
        if (
            not UNCLEAR.search(words(act))
            and not DENIED.search(words(when))
            and words(when)[0].isalpha()
        ):
            break
    comma = (
        ""
        if words(when)[-1] in ",:" or words(when).endswith("then")
        else rng.choice(("", "", ","))
    )
    rule = join(Said(when.pieces), f"{comma} ", Said(act.pieces))
    program = ["rule_set", *when.program, *act.program]
    said = Said(rule.pieces, program, {**when.memory, **act.memory})
    between = rng.choice(
        (
            " and ",
            ", and ",
            ", and ",
            "; ",
            ". ",
            ", then ",
            ", and also ",
            ". Also, ",
            " and also ",
            ", and from now on ",
        )
    )
    between = (
        between if "w_in" not in when.program else rng.choice((" and ", ", and ", "; ", ". "))
    )
    return join(
        first, "? " if QUESTION.match(words(first)) and rng.random() < 0.5 else between, said
    )


_PLAIN_WHEN = (
    rules.EVERY,
    rules.AT,
    rules.EDGE,
    rules.READ,
    rules.IN,
)  # one each: days are those of all times


def two_rules(rng: random.Random, mark: str) -> Said:
    """Return two rules of different kinds: "every 5 minutes toggle 4 and at 8 turn on 5"."""
    first, behind = rng.sample(_PLAIN_WHEN, 2), rng.random() < 0.3
    said, program = Said(), list[str]()
    for n, rows in enumerate(first):
        while True:
            when, act = (
                fill(*rng.choice(rows), rng, f"{mark}w{n}"),
                fill(*rng.choice(rules.PLAIN), rng, f"{mark}x{n}"),
            )
            if (
                "?" not in when.program
                and "?named" not in when.program
                and not DENIED.search(words(when))
                and words(when)[0].isalpha()
            ):
                break
        late = behind and not words(when).endswith((",", ":", "then"))
        clause = (
            join(Said(act.pieces), " ", Said(when.pieces))
            if late
            else join(
                Said(when.pieces),
                " " if words(when)[-1] in ",:" else rng.choice((" ", ", ")),
                Said(act.pieces),
            )
        )
        said = join(
            said,
            rng.choice((" and ", ", and ", "; ", ". ", ", and also ", ". Also, ")) if n else "",
            Said(clause.pieces, [], {**when.memory, **act.memory}),
        )
        program += ["rule_set", *when.program, *act.program]
    return Said(said.pieces, program, said.memory)


_BINARY = re.compile(r"\b(zero|one)\b|\d")


def _numbered(said: Said) -> bool:
    """Whether a level was said as a number, which beside other numbers nobody can tell apart."""
    spoken = "".join(piece for piece, marked in said.pieces if not marked)
    return said.program[0] == "gpio_write" and _BINARY.search(spoken) is not None


_TOO = ("{} too", "{} as well", "also {}", "{} also", "the same for {}", "do the same [with|for|to] {}", "the same with {}", "{} likewise", "also [pin|gpio] {}",
    "[pin|gpio] {} too")  # fmt: skip
_ONES = ("the one [on|at] {} too", "the other one [on|at] {}", "the one [on|at] {} as well", "also the one on [pin|gpio|] {}", "the one on [pin|gpio|] {}",
    "the same for the one on {}")  # fmt: skip


def too(rng: random.Random, mark: str) -> Said:
    """Return an order and another pin for it: "turn on 4, and 5 as well"."""
    tool = rng.choice(
        (
            "gpio_write",
            "gpio_write",
            "gpio_write",
            "gpio_toggle",
            "gpio_read",
            "adc_read",
            "dht_read",
            "ds18x20_read",
            "pwm_write",
        )
    )
    first = half(rng, f"{mark}a", tool, False)
    while QUESTION.match(words(first)) or "+freq_hz" in first.program or _numbered(first):
        first = half(rng, f"{mark}a", tool, False)
    second = SLOTS["num"](rng, f"{mark}b")
    while words(second) in words(first):
        second = SLOTS["num"](rng, f"{mark}b")
    forms = _ONES if tool in ("dht_read", "ds18x20_read") else _TOO
    before, after = choose(rng.choice(forms), rng).split("{}")
    between = rng.choice((" and ", ", and ", " and ", "; ", ". And ", ", "))
    program = [tool, *second.program, *first.program[2:]]
    return join(first, between + before, Said(second.pieces, program), after)


_BUS_ROWS = [row for row in complete(pins.I2C + scripts.I2C) if row[1].startswith("i2c_")]
_ON_IT = (
    "[on|with|using] the same [pins|bus|wires|two pins|pins please]",
    "same [pins|bus|wires]",
    "[on|over|from] it",
    "on that bus",
    "on the bus",
    "there",
    ", same [pins|bus]",
    "on those pins",
    "over the same [bus|pins]",
    "[using|with] the same sda and scl",
    "on the same i2c bus",
    "",
    "",
    "via the same pins",
)
_NEXT_I2C = (
    *[("i2c_scan", "[scan|scan for devices|list the addresses|do a scan|look what is there|scan the bus]")] * 2,
    *[("i2c_read {addr} {bytes}", p) for p in ("[read|get|fetch] {bytes} [from|of] [address|device|the chip at|the device at|] {addr}", "[read|get] {bytes} from {addr}", "{bytes} from {addr}")] * 2,
    *[("i2c_write {addr} {hexdata}", p) for p in ("[write|send] {hexdata} to [address|device|the chip at|] {addr}", "[write|send|put] the [byte|bytes] {hexdata} to {addr}")],
    *[("i2c_write_read {addr} {reg} {bytes}", p) for p in ("[read|get|fetch] {bytes} from register {reg} of [address|device|] {addr}", "[read|get] {bytes} of register {reg} at {addr}")],
)  # fmt: skip


def i2c(rng: random.Random, mark: str) -> Said:
    """Return two calls of one bus: "scan i2c on sda 4 scl 5, then read 2 bytes from 0x48 there"."""
    while True:
        first = fill(*rng.choice(_BUS_ROWS), rng, f"{mark}a")
        program, pattern = rng.choice(_NEXT_I2C)
        second = fill(choose(pattern, rng), program, rng, f"{mark}b")
        once = first.program[0] == second.program[0] == "i2c_scan"
        if once or first.program[0] == "i2c_write" and second.program[0] == "i2c_read":
            continue  # a byte written and then bytes read may be one call that does both
        break
    on_it = choose(rng.choice(_ON_IT), rng)
    if second.program[0] == "i2c_scan" and on_it in ("from it", "", "on the bus"):
        on_it = "on the same pins"
    said = join(Said(second.pieces), " " if on_it[:1] not in (",", "") else "", on_it)
    if on_it[:3] in ("on ", "usi", "wit") and rng.random() < 0.15:
        said = join(on_it + " ", Said(second.pieces))
    bus = first.program[1:3]
    both = [*first.program, second.program[0], *bus, *second.program[1:]]
    between = rng.choice(
        (
            " and ",
            ", then ",
            " and then ",
            ", and ",
            "; ",
            ". Then ",
            " then ",
            ", after that ",
            " and also ",
            ", and also ",
            ", next ",
        )
    )
    return Said(join(Said(first.pieces), between, said).pieces, both)


_REST = {
    "rule": ("rule_list", "[rules|ones|rules|]"),
    "script": ("script_list", "[scripts|ones|scripts|]"),
    "device": ("device_list", "[devices|ones|devices|]"),
}


def left(rng: random.Random, mark: str) -> Said:
    """Return something deleted and a look at what is left: "delete the rule x and list the rest"."""
    kind = rng.choice(("rule", "rule", "script", "device"))
    tool = (
        rng.choice(("rule_delete", "rule_delete", "rule_enable"))
        if kind == "rule"
        else f"{kind}_delete"
    )
    first = half(rng, f"{mark}a", tool, False)
    lists, ones = _REST[kind]
    what = rng.choice(
        (
            f"[the|all the|my] [other|remaining] {ones.replace('|]', ']')}",
            "the rest",
            "the others",
            "what is left",
            "what's left",
            "the ones that are left",
            f"the {kind}s that are left",
            "the remaining ones",
            f"the rest of the {kind}s",
            f"all [the|my|] {kind}s",
            f"the {kind}s",
            f"the {kind}s again",
            "the ones I still have",
        )
    )
    if tool == "rule_enable":
        what = rng.choice(
            (
                "[the|my|all the|all] rules",
                "the [other|remaining] rules",
                "the rules [again|]",
                "the rest of the rules",
            )
        )
    verb = choose("[list|list|show me|show|tell me|give me|print|read me|display|let me see]", rng)
    tail = Said([(f"{verb} {choose(what, rng)}", "")], [lists])
    return join(
        first,
        rng.choice(
            (
                " and ",
                " and ",
                " and then ",
                ", then ",
                ", and ",
                "; ",
                ". Then ",
                ". ",
                " and afterwards ",
            )
        ),
        tail,
    )


_BACK = ("[tell me|show me|give me|read] its [state|level|new state|status]", "[read|check] it [back|]", "tell me what it is now",
    "[tell me|check] [if|whether] it is [on|high|off] [now|]", "tell me its [level|state] [after that|now|]", "read [the pin|it] again", "let me know its state")  # fmt: skip


def looked(rng: random.Random, mark: str) -> Said:
    """Return a pin that is set and read: "toggle 4 and tell me its state"."""
    first = half(rng, f"{mark}a", rng.choice(("gpio_write", "gpio_toggle", "gpio_toggle")), False)
    while _numbered(first):
        first = half(rng, f"{mark}a", "gpio_write", False)
    tail = Said([(choose(rng.choice(_BACK), rng), "")], ["gpio_read", first.program[1]])
    return join(
        first,
        rng.choice((" and ", " and then ", ", then ", ", and ", " then ", ". Then ", "; ")),
        tail,
    )


KINDS: tuple[tuple[Callable[[random.Random, str], Said], float], ...] = (
    (tools, 0.4), (pairs.shared, 0.13), (pairs.members, 0.18), (too, 0.06), (i2c, 0.05), (left, 0.05), (looked, 0.03), (with_rule, 0.08), (two_rules, 0.03),
)  # fmt: skip


_US = re.compile(r"\b(tell|show|give|let|read) me\b")
_TAILS = (
    ", would you?",
    " would you",
    ", please",
    " please",
    ", thanks",
    ", can you?",
    ", will you",
    " for me",
    ", if you can",
    ", could you?",
    " would you mind",
    ", there's a dear",
)


def mixture(rng: random.Random, mark: str) -> Said:
    """Return one of the sentences of this module."""
    kind = rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
    made = kind(rng, mark)
    if QUESTION.match(words(made)) and rng.random() < 0.5:
        made = kind(rng, mark)
    if rng.random() < 0.12:
        pieces = [(text if m else _US.sub(r"\1 us", text), m) for text, m in made.pieces]
        made = Said(pieces, made.program, made.memory)
    steps = {"notify", "ask", "script_set", "memory_set"} & set(made.program)
    if rng.random() < 0.05 and not steps and not QUESTION.match(words(made)):
        made = join(made, rng.choice(_TAILS))
    return made
