"""Several pins after one verb and others after another: "kill 4, 12 and 19 but switch 21 on"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
from collections.abc import Callable

from .amounts import say_number
from .pairs import words
from .pattern import SLOTS, Said, choose, join

# What is done with the pins at @: V is a value for all of them. "late": the state stands last.
_ON = ("[turn|turn|switch|switch|put|flip|power] on @", "[turn|turn|switch|put|flip|have|get] @ on", "[start|activate|energise|energize|enable|power|power up|fire up|light|light up|engage] @", "[set|pull|drive|bring|take|make|put] @ high",
    "[raise|lift] pins @", "[set|put] @ to [high|on|1]", "give @ power", "[start up|bring up|wake|wake up|boot up] @", "[send|give] power to @")  # fmt: skip
_OFF = ("[turn|turn|switch|switch|shut|put|power|flip] off @", "[turn|turn|switch|put|flip|shut|have|get] @ off", "[kill|kill|stop|cut|deactivate|disable|shut down|power down|halt|end|douse|disengage|de-energise|unpower] @", "[set|pull|drive|bring|take|make|put] @ low",
    "[drop|lower] pins @", "[set|put] @ to [low|off|0]", "cut [the power to|power to|the power on] @", "[knock|take] @ off", "[kill|cut] the power [to|on] @")  # fmt: skip
_FORMS = {
    "on": _ON,
    "off": _OFF,
    "toggle": ("[toggle|toggle|flip|invert|reverse] @", "[toggle|invert|flip] the state of @"),
    "read": ("[read|read|check|look at|query|poll|show me] @", "[tell me|show me|give me|report|get] the [state|level|status] of @", "[read|check] the [state|level] of @", "read [out|back] @"),
    "volts": ("[read|measure|sample|get|take] the [voltage|voltages|adc value|analog value] on @", "[tell me|show me|give me] the [voltage|voltages|millivolts] on @"),
    "dim": ("[dim|set|put|bring|fade|turn|take] @ to V", "[run|set|put|drive|keep] @ at V", "[dim|fade|bring] @ to V"),
}  # fmt: skip
_LATE = {"on": ("@ on", "@ on", "@ high", "@ back on"), "off": ("@ off", "@ off", "@ low", "@ back off")}  # fmt: skip
_TOOL = {
    "on": ("gpio_write", "on"),
    "off": ("gpio_write", "off"),
    "toggle": ("gpio_toggle", ""),
    "read": ("gpio_read", ""),
    "volts": ("adc_read", ""),
    "dim": ("pwm_write", ""),
}
_ACTS = (*("on",) * 6, *("off",) * 6, "toggle", "toggle", "toggle", "read", "read", "dim", "volts")
_JOINTS = (" and ", " and ", " and ", ", ", ", and ", ", and ", "; ", ", then ", " and then ", " then ", ". ", " while you ", ", and also ",
    " and also ", " & ", ", plus ", ". Then ", " - and ", " n ", ", and please ", ", also ", ". Also ", ", oh and ", ", and on top of that ", ", next ")  # fmt: skip
_AGAINST = (" but ", " but ", " yet ", ", but ", " and ", ", and ", ", however ", " and then ", " while you ")  # fmt: skip
_LISTS = ((", ", " and "), (", ", " and "), (", ", " and "), (", ", ", and "), (" and ", " and "), (", ", ", "), (", ", " & "), (" & ", " & "), (", ", " plus "), (" + ", " + "),
    (", ", " as well as "), (" ", " and "), (",", ","), (",", " and "), ("/", "/"), (", ", " n "))  # fmt: skip
_FRONTS = ("", "", "", "pins ", "pins ", "gpios ", "gpio ", "pin ", "both ", "outputs ")


def _number(rng: random.Random, mark: str, seen: list[str]) -> Said:
    """Return the number of a pin that was not named yet; `seen` keeps it."""
    while (number := str(rng.choice((rng.randint(0, 39), rng.randint(1, 33))))) in seen:
        pass
    seen.append(number)
    spoken = say_number(int(number), rng, 0.1)
    return Said([(spoken, mark)], ["=" + mark])


def _pins(rng: random.Random, mark: str, count: int, named: bool, seen: list[str]) -> Said:
    """Return so many pins in a list; its program holds one word for each of them."""
    found: list[Said] = []
    while len(found) < count:
        pin = _number(rng, f"{mark}{len(found)}", seen)
        if named and rng.random() < 0.75:
            pin = SLOTS["sure"](rng, f"{mark}{len(found)}")
        if words(pin) not in map(words, found):
            found.append(pin)
    every, last = rng.choice(_LISTS)
    if named or any(not words(pin).isdigit() for pin in found) and every in (" ", ",", "/"):
        every, last = rng.choice(_LISTS[:5])
    front = "" if named else rng.choice(_FRONTS)
    if front == "both " and (count != 2 or last.strip() not in ("and", "&")):
        front = ""
    front = front if count > 1 or front in ("pin ", "gpio ") else rng.choice(("", "", "pin "))
    each = "pin " if front in ("pin ", "gpio ") and rng.random() < 0.4 else ""
    said = Said([(front, "")])
    for n, pin in enumerate(found):
        between = "" if not n else last if n + 1 == count else every
        said = join(said, between + (each if n else ""), pin)
    return said


def groups(rng: random.Random, mark: str) -> Said:
    """Return two or three groups of pins, each with what is to be done with it."""
    many = rng.choice((2, 2, 2, 2, 3))
    while True:
        acts = [rng.choice(_ACTS) for _ in range(many)]
        if all(one != other for one, other in zip(acts, acts[1:], strict=False)):
            break
    late = rng.random() < 0.22 and not {"toggle", "read", "dim", "volts"} & set(acts)
    verb = rng.choice(("", "", "turn ", "switch ", "set ", "put ")) if late else ""
    seen: list[str] = []
    counts = [rng.choice((1, 1, 2, 2, 3, 3, 4)) for _ in acts]
    if max(counts) == 1:
        counts[rng.randrange(many)] = rng.choice((2, 2, 3, 4))
    total = 0
    said = Said([(verb, "")])
    for n, act in enumerate(acts):
        count = counts[n] if total + counts[n] + many - n <= 8 else 1
        total += count
        named = rng.random() < 0.25
        pins = _pins(rng, f"{mark}g{n}", count, named, seen)
        pattern = choose(rng.choice((_LATE if late else _FORMS)[act]), rng)
        if "pins @" in pattern:
            pattern = pattern if words(pins)[0].isdigit() else pattern.replace("pins ", "")
            pattern = pattern.replace("pins @", "pin @") if count == 1 else pattern
        before, after = pattern.split("@")
        value = SLOTS["pct"](rng, f"{mark}v{n}") if "V" in after else Said()
        tail, *rest = after.split("V")
        tool, state = _TOOL[act]
        program: list[str] = []
        for pin in pins.program:
            program += [tool, pin, *([state] if state else []), *value.program]
        text = join(before, Said(pins.pieces), tail, Said(value.pieces), *rest)
        against = n and {acts[n - 1], act} == {"on", "off"} and rng.random() < 0.45
        joint = rng.choice(_AGAINST if against else _JOINTS)
        if late and (joint.strip(" .,;&-").lower() not in ("", "and", "but", "then", "while")):
            joint = rng.choice((" and ", ", ", " but ", ", and ", "; "))
        if joint.endswith(("you ", "please ")) and late:
            joint = " and "
        if words(said)[-1:].isdigit() and not before:
            joint = "; "
        said = join(said, joint if n else "", Said(text.pieces, program, pins.memory))
    return said


KINDS: tuple[tuple[Callable[[random.Random, str], Said], float], ...] = ((groups, 1.0),)


def grouped(rng: random.Random, mark: str) -> Said:
    """Return one of the sentences of this module."""
    kind = rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
    return kind(rng, mark)
