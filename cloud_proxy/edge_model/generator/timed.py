"""One part at several times, and parts with a value each: "25 to 60% now and in an hour to 20%"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from ..sentence import read
from ..values import days_of
from .moments import DAY, IF
from .pattern import SLOTS, Said, choose, fill, join
from .pins import rows as _rows


@dataclass(frozen=True, slots=True)
class _Part:
    """How one tool says its values: P the part, V the value; `it` for the part named before."""

    tool: str
    slots: tuple[str, ...]
    value: str
    whole: tuple[str, ...]
    it: tuple[str, ...]
    short: tuple[str, ...]
    later: str = ""  # the slot of a second value, if it may be said shorter


_PARTS = (
    _Part(
        "pwm_write", ("sure", "num", "num"), "pct",
        ("[set|dim|put|bring|run|turn|fade|drive] P to V", "[set|dim|put|fade] P to V", "[run|drive|keep|have] P at V", "set the [brightness|power|speed|duty] [of|on] P to V", "P [to|at] V"),
        ("[set|put|bring|dim|turn|fade] it [back |down |up |]to V", "[set|bring|dim] it to V", "[change|switch] it to V", "[run|have] it at V"),
        ("[to|back to|down to|up to|at|go to] V", "V"), "level",
    ),
    _Part(
        "servo_write", ("servo", "servo", "servo"), "degrees",
        ("[move|turn|set|put|rotate|swing|bring|drive] P to V", "[move|turn|set|put] P to V", "P [to|at] V"),
        ("[move|turn|set|put|rotate|swing|bring] it [back |]to V", "[put|move|bring] it back to V", "[return|send] it to V"),
        ("[to|back to|at|go to|return to] V", "V"), "angle",
    ),
    _Part(
        "neopixel_write", ("neopixel",), "colour",
        ("[make|turn|colour|paint|light|set] P V", "[set|change|switch] P to V", "P V", "P [to|in] V"),
        ("[make|turn|paint|colour] it V", "[set|change|switch] it to V"), ("V", "to V"),
    ),
)  # fmt: skip
_ON = ("[turn|switch|put|flip] P on", "[turn|switch|put] on P", "[turn|switch] on P", "[energize|energise|start|power up|activate|fire up|enable|power] P", "P on",
    "[set|pull|drive] P high")  # fmt: skip
_OFF = ("[turn|switch|put|flip|shut] P off", "[turn|switch|shut] off P", "[turn|switch] off P", "[kill|stop|cut|shut down|power down|deactivate|disable] P", "P off",
    "[set|pull|drive] P low")  # fmt: skip
_ON_IT = ("[turn|switch|put] it [back |]on[| again]", "[turn|switch] it on", "[start|power|energize|activate] it[| again]", "[turn|switch] on that")  # fmt: skip
_OFF_IT = ("[turn|switch|put|shut] it [back |]off[| again]", "[turn|switch|shut] it off", "[kill|stop|cut|deactivate] it", "shut it [down|off]", "[switch|turn] it off")  # fmt: skip
_SHORT = ("[back |]{}[| again]", "{}")
_NOW = ("now", "now", "right now", "straight away", "immediately", "right away", "at once", "for now", "for the moment")  # fmt: skip
_IN = ("in {dur}", "in {dur}", "in {dur}", "after {dur}", "{dur} later", "in {dur} from now", "{dur} from now", "once {dur} have passed")  # fmt: skip
_FROM_NOW = (
    "in {dur}",
    "in {dur}",
    "in {dur}",
    "{dur} from now",
)  # of several only these all count from now
_AT = ("at {bclock}", "at {bclock}", "at {bclock}", "at {bclock}", "at {clock}")
_DAILY = ("every day", "each day", "daily", "every single day")
_HOURS = re.compile("morning|evening|night|noon|seven")
_UNIT = re.compile(r" ?(%|\u00b0|percent|pct|degrees|deg)")
_BESIDE = (
    " and ",
    " and ",
    ", and ",
    ", and ",
    ", ",
    "; ",
    ". ",
)  # a "then" would count from the one before
_AND = (" and ", " and ", " and ", ", and ", ", and ", ", ", "; ", " and then ", ", then ", " then ", ". Then ", ", but ", " but ")  # fmt: skip


def _setting(
    rng: random.Random, mark: str, count: int, apart: float = 0.2
) -> list[tuple[Said, Said]]:
    """Return so many settings of one part as (a whole clause, a few words), programs in both.

    apart: how often a later one names the part again.
    """
    made: list[tuple[Said, Said]] = []
    if rng.random() < 0.45:
        pin, state = _known(rng, f"{mark}p", rng.choice(("sure", "sure", "num"))), rng.randrange(2)
        for n in range(count):
            on = (state + n) % 2 == 0
            word = "on" if on else "off"
            again = n and rng.random() >= apart
            forms = ((_ON_IT, _OFF_IT) if again else (_ON, _OFF))[not on]
            which = pin if again else _again(pin, n, mark)
            program = ["gpio_write", *which.program, word]
            pattern = choose(rng.choice(forms), rng)
            said = Said([(pattern, "")]) if again else _placed(pattern, which, Said())
            few = Said(
                [(choose(rng.choice(_SHORT), rng).format(word), "")],
                ["gpio_write", *pin.program, word],
            )
            made.append((Said(said.pieces, program, pin.memory), few))
        return made
    kind = rng.choice(_PARTS)
    part, before = _known(rng, f"{mark}p", rng.choice(kind.slots)), ""
    for n in range(count):
        while True:
            shorter = n and kind.later and rng.random() < 0.3
            value = SLOTS[kind.later if shorter else kind.value](rng, f"{mark}v{n}")
            if (text := _UNIT.sub("", "".join(piece for piece, _ in value.pieces))) != before:
                break
        dark = kind.tool == "neopixel_write" and n and before != "off" and rng.random() < 0.3
        before = "off" if dark else text
        value = Said([("off", "")], ["off"]) if dark else value
        again = n and rng.random() >= apart
        which = part if again else _again(part, n, mark)
        program = [kind.tool, *which.program, *value.program]
        forms = (
            (("turn it off", "switch it off") if again else ("turn P off",))
            if dark
            else kind.it
            if again
            else kind.whole
        )
        said = _placed(choose(rng.choice(forms), rng), which, value)
        few = _placed("off" if dark else choose(rng.choice(kind.short), rng), part, value)
        made.append(
            (
                Said(said.pieces, program, part.memory),
                Said(few.pieces, [kind.tool, *part.program, *value.program]),
            )
        )
    return made


def _known(rng: random.Random, mark: str, name: str) -> Said:
    """Return a part of which the pin is known."""
    while True:
        part = SLOTS[name](rng, mark)
        if part.program[0][0] == "=":
            return part


def _again(part: Said, n: int, mark: str) -> Said:
    """Return the part as it is named the n-th time: each time is pointed to, none is left over."""
    if not n:
        return part
    pieces = [(text, f"{mark}r{n}" if marked else "") for text, marked in part.pieces]
    return Said(pieces, [f"={mark}r{n}"], part.memory)


def _placed(pattern: str, part: Said, value: Said) -> Said:
    """Return a pattern with its P and V filled."""
    said = Said()
    for piece in pattern.replace("P", "\x01P\x01").replace("V", "\x01V\x01").split("\x01"):
        said = join(
            said, Said({"P": part, "V": value}[piece].pieces) if piece in ("P", "V") else piece
        )
    return said


def _times(rng: random.Random, mark: str, symbol: str, count: int) -> list[Said]:
    """Return so many different times of one kind."""
    made: list[Said] = []
    while len(made) < count:
        pattern = rng.choice(_AT if symbol == "w_at" else _IN if count == 1 else _FROM_NOW)
        slot = pattern[pattern.index("{") + 1 : pattern.index("}")]
        said = fill(pattern, f"{symbol} {{{slot}}}", rng, f"{mark}t{len(made)}")
        if all(said.pieces != other.pieces for other in made):
            made.append(said)
    return sorted(made, key=_length) if symbol == "w_in" and count > 1 else made


def _length(when: Said) -> float:
    """Return the seconds of a length of time, 0 if it is none."""
    tokens = read("".join(piece for piece, _ in when.pieces), {}).tokens
    return max(
        (float(t.value) for t in tokens if t.kind == "dur" and isinstance(t.value, int | float)),
        default=0.0,
    )


def _day(rng: random.Random, mark: str) -> Said:
    """Return on which days, without a part of the day."""
    while True:
        said = fill(choose(DAY, rng), "", rng, mark)
        text = "".join(piece for piece, _ in said.pieces)
        named = days_of(read(text, {}).tokens) or text in _DAILY
        if named and not _HOURS.search(text):
            return said


def _rule(when: Said, clause: Said) -> list[str]:
    return ["rule_set", *when.program, *clause.program]


def _about(rng: random.Random, when: Said, clause: Said, short: bool) -> Said:
    """Return a clause with its time before or behind it."""
    if rng.random() < (0.4 if short else 0.6):
        return join(Said(when.pieces), rng.choice((" ", " ", " ", ", ")), Said(clause.pieces))
    return join(Said(clause.pieces), " ", Said(when.pieces))


def now_and_later(rng: random.Random, mark: str) -> Said:
    """Return a setting for now and one for later: "energize 13 now and kill it in 5 minutes"."""
    count = rng.choice((2, 2, 2, 2, 2, 3))
    clauses = _setting(rng, mark, count)
    times = _times(rng, mark, rng.choice(("w_in", "w_in", "w_at")), count - 1)
    first = clauses[0][0]
    now = rng.choice(_NOW)
    roll = rng.random()
    said = (
        join(Said(first.pieces), f" {now}")
        if roll < 0.55
        else join(f"{now} ", Said(first.pieces))
        if roll < 0.65 and not now.startswith("for")
        else Said(first.pieces)
    )
    program = list(first.program)
    joints = _BESIDE if count > 2 and times[0].program[0] == "w_in" else _AND
    for n, when in enumerate(times, 1):
        short = rng.random() < 0.4
        clause = clauses[n][1 if short else 0]
        said = join(said, rng.choice(joints), Said(_about(rng, when, clause, short).pieces))
        program += _rule(when, clause)
    return Said(said.pieces, program, first.memory)


def daily(rng: random.Random, mark: str) -> Said:
    """Return settings of one part at several times: "at 8 put the servo on 13 to 60 degrees, and at 19:30 back to 0"."""
    count = rng.choice((2, 2, 2, 3))
    clauses = _setting(rng, mark, count)
    symbol = rng.choice(("w_at", "w_at", "w_at", "w_in"))
    times = _times(rng, mark, symbol, count)
    said, program = Said(), list[str]()
    front = rng.random() < 0.6
    early = front or rng.random() < 0.5
    each = _day(rng, f"{mark}d") if symbol == "w_at" and rng.random() < 0.35 else None
    joints = _AND if symbol == "w_at" else _BESIDE
    late = each is not None and not early  # "on at 8 and off at 9 on mondays"
    for n, (when, (whole, few)) in enumerate(zip(times, clauses, strict=True)):
        short = n > 0 and (late or rng.random() < 0.45)
        clause = few if short else whole
        ordered = (when, clause) if front else (clause, when)
        gap = rng.choice((" ", " ", " ", ", ")) if front else " "
        between = (
            "" if not n else rng.choice(_AND[:5] if late else joints) if n + 1 == count else ", "
        )
        said = join(said, between, Said(ordered[0].pieces), gap, Said(ordered[1].pieces))
        program += _rule(when, clause)
    if each is not None:
        said = join(each, rng.choice((" ", ", ")), said) if early else join(said, " ", each)
    return Said(said.pieces, program, clauses[0][0].memory)


def apart(rng: random.Random, mark: str) -> Said:
    """Return one part for now and another for later: "turn on 4 now and in 10 minutes turn off 5"."""
    first, second = _setting(rng, f"{mark}f", 1)[0][0], _setting(rng, f"{mark}s", 1)[0][0]
    when = _times(rng, mark, rng.choice(("w_in", "w_at")), 1)[0]
    now = rng.choice(_NOW[:7])
    later = join(Said(when.pieces), " ", Said(second.pieces))
    said = join(Said(first.pieces), f" {now}", rng.choice(_AND[:9]), later)
    program = [*first.program, *_rule(when, second)]
    return Said(said.pieces, program, {**first.memory, **second.memory})


_EACH = (  # what a part of a list may say, with its program
    *(_rows("gpio_write {num} on", "{num} [on|high|hi]", "{num} [on|high|hi]", "[pin|gpio] {num} [on|high|hi]", "{num} [to|=] [high|hi|on]") + _rows("gpio_write {sure} on", "{sure} on", "{sure} high")) * 2,
    *(_rows("gpio_write {num} off", "{num} [off|low|lo]", "{num} [off|low|lo]", "[pin|gpio] {num} [off|low|lo]", "{num} [to|=] [low|lo|off]") + _rows("gpio_write {sure} off", "{sure} off", "{sure} low")) * 2,
    *_rows("pwm_write {num} {pct}", "{num} [at|to] {pct}", "{num} {pct}", "[pin|gpio] {num} [at|to] {pct}", "pwm {num} {pct}"),
    *_rows("pwm_write {sure} {pct}", "{sure} [at|to] {pct}", "{sure} {pct}"),
    *_rows("servo_write {servo} {degrees}", "{servo} [to|at] {degrees}", "{servo} {degrees}"),
    *_rows("servo_write {servo} {angle}", "{servo} [to|at] {angle}"),
    *_rows("neopixel_write {neopixel} {colour}", "{neopixel} {colour}", "{neopixel} {colour}", "{neopixel} to {colour}"),
    *_rows("neopixel_write {neopixel} off", "{neopixel} off"),
)  # fmt: skip
_FRONTS = (
    *("",) * 6,
    "set ",
    "set ",
    "put ",
    "have ",
    "I want ",
    "I'd like ",
    "could we have ",
    "can I have ",
    "could we possibly have ",
    "let's have ",
    "I need ",
    "get ",
    "may I have ",
    "we need ",
    "can we get ",
)
_COMMAS = (", ", ", ", ", ", " and ", " and ", ", and ", "; ", " / ", " & ", " plus ")


def each_its_own(rng: random.Random, mark: str) -> Said:
    """Return parts with a value each and no verb of their own: "12 on, 13 at 40%, servo on 14 to 90"."""
    count = rng.choice((2, 2, 2, 3, 3, 4))
    alike = rng.random() < 0.35
    rows = [row for row in _EACH if row[1].startswith("gpio")] if alike else list(_EACH)
    comma, last = (
        rng.choice(_COMMAS),
        rng.choice((*_COMMAS, " and ", " but " if count == 2 else " and ")),
    )
    said = Said([(rng.choice(_FRONTS), "")])
    for n in range(count):
        while True:
            part = fill(*rng.choice(rows), rng, f"{mark}{n}")
            if "?named" not in part.program and "?" not in part.program:
                break
        said = join(said, "" if not n else last if n + 1 == count else comma, part)
    return said


_PRESS = (("{} is [pressed|pushed|pressed|hit|held down|tapped|clicked]", "{} is [released|released|let go|let go of|released again]"), ("I [press|push|hold|hit|tap] {}",
    "I [release|let go of] {}"), ("[someone|somebody|anyone] [presses|pushes|hits] {}", "they [release|let go of] {}"), ("[someone|somebody] [presses|pushes] {}",
    "[someone|somebody] [releases|lets go of] {}"), ("{} gets [pressed|pushed]", "{} gets [released|let go]"))  # fmt: skip
_BUTTONS = ("the button", "the button", "the push button", "button", "my button", "the switch", "the doorbell", "the key", "the pushbutton")  # fmt: skip


def pressed(rng: random.Random, mark: str) -> Said:
    """Return a button with an action for either way: "while 15 is pressed" falls, "released" rises."""
    clauses = _setting(rng, mark, 2, 0.5)
    number = SLOTS["num"](rng, f"{mark}b")
    thing = rng.choice(_BUTTONS)
    front = f"{thing} {choose('[on|on|at|wired to|connected to|] [pin|gpio|]', rng)} ".replace(
        "  ", " "
    )
    down, up = rng.choice(_PRESS)
    orders = [("falling", down), ("rising", up)]
    if rng.random() < 0.12:
        orders.reverse()
    behind = rng.random() < 0.3
    word, said, program = choose(IF, rng), Said(), list[str]()
    for n, ((edge, pattern), (whole, few)) in enumerate(zip(orders, clauses, strict=True)):
        before, after = choose(pattern, rng).split("{}")
        again, where = rng.random(), number
        if n and again < 0.55:
            name = Said([("it", "")])
        elif n and again < 0.8:
            name = Said([(thing, "")])
        else:
            where = _again(number, n, f"{mark}b")
            name = join(front, Said(where.pieces))
        when = join(f"{word} {before}", name, after)
        clause = few if n and rng.random() < 0.3 else whole
        each = (
            join(Said(clause.pieces), " ", when)
            if behind
            else join(when, rng.choice((" ", ", ")), Said(clause.pieces))
        )
        said = join(
            said,
            rng.choice((" and ", ", and ", " and ", ", ", "; ", " but ", ". ")) if n else "",
            each,
        )
        program += ["rule_set", "w_edge", *where.program, edge, *clause.program]
    return Said(said.pieces, program, clauses[0][0].memory)


_KINDS = ((now_and_later, 0.3), (daily, 0.25), (apart, 0.06), (each_its_own, 0.22), (pressed, 0.17))  # fmt: skip


def timed(rng: random.Random, mark: str) -> Said:
    """Return one of the sentences of this module."""
    made = rng.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    return made(rng, mark)
