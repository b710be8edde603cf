"""Several of a kind in one sentence: names to delete, facts to keep, rules; a pin that is "it"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from .moments import IF
from .pattern import SLOTS, Said, choose, join
from .steps import Steps

_AND = (" and ", " and ", " and ", ", ", " & ", " and also ", " plus ", " as well as ")
_DROP = "[delete|delete|remove|erase|drop|get rid of|forget|scrap|bin|trash|throw away]"
_KINDS = (  # (tool, the slot of a name, one's word, several's word)
    ("rule_delete", "name", "rule", "rules"),
    ("rule_delete", "ruleno", "rule", "rules"),
    ("script_delete", "sname", "script", "scripts"),
    ("device_delete", "dname", "device", "devices"),
    ("memory_delete", "key", "note about the", "notes about the"),
    ("script_run", "sname", "script", "scripts"),
)


def names(rng: random.Random, mark: str) -> Said:
    """Return one verb for several names: "delete the rules mist and frost"."""
    tool, slot_name, one, several = rng.choice(_KINDS)
    count = rng.choice((2, 2, 2, 3))
    again = rng.random() < 0.5  # "the rule mist and the rule frost"
    the = rng.choice(("the ", "the ", "", "my "))
    verb = choose("[run|execute|start]" if tool == "script_run" else _DROP, rng)
    called = rng.choice(("", "", "", "called ", "named ")) if slot_name != "key" else ""
    if again and rng.random() < 0.2 and slot_name == "key":
        one, the = "", ""
    parts: list[Said | str] = [f"{verb} " + ("" if again else f"{the}{several} {called}")]
    program: list[str] = []
    for n in range(count):
        if n:
            parts.append(rng.choice(_AND) if n + 1 == count else ", ")
        name = SLOTS[slot_name](rng, f"{mark}n{n}")
        parts += [f"{the}{one} " if again and one else "", name]
        program += [tool, *name.program]
    said = join(*parts)
    return Said(said.pieces, program, said.memory)


def switched(rng: random.Random, mark: str) -> Said:
    """Return a sentence that enables and disables rules: "disable dawn and enable dusk"."""
    words = (
        "[disable|pause|switch off|turn off|suspend|stop|deactivate]",
        "[enable|resume|switch on|turn on|activate|start|unpause]",
    )
    state = rng.randrange(2)
    same = rng.random() < 0.4
    slot_name = rng.choice(("name", "name", "ruleno"))
    first, second = (SLOTS[slot_name](rng, f"{mark}{n}") for n in "ab")
    the = rng.choice(("the rule ", "rule ", "the rule "))
    other = state if same else 1 - state
    said = join(
        f"{choose(words[state], rng)} {the}",
        first,
        rng.choice((" and ", ", and ", " and then ", ", ", " but ")),
        f"{choose(words[other], rng)} " if not same or rng.random() < 0.3 else "",
        rng.choice((the, "the rule ")),
        second,
    )
    program: list[str] = []
    for name, on in ((first, state), (second, other)):
        program += ["rule_enable", *name.program, "on" if on else "off"]
    return Said(said.pieces, program, said.memory)


def facts(rng: random.Random, mark: str) -> Said:
    """Return two facts: "remember that the bell is on gpio 4 and the lamp is on gpio 5"."""
    front = choose("[remember that|remember|note that|keep in mind that|please remember:|save that|don't forget that|memorise:|] ", rng)  # fmt: skip
    first, second = (SLOTS["pinfact"](rng, mark + n) for n in "ab")
    joint = rng.choice((" and ", " and ", ", and ", ", ", "; ", " and that ", ", and that "))
    said = join(front.lstrip(), first, joint, second)
    program = ["memory_set", *first.program, "memory_set", *second.program]
    return Said(said.pieces, program, said.memory)


def checked(when: Said, rng: random.Random, mark: str) -> Said:
    """Return a rule whose condition names the pin: "every day at 9, if 4 is on, turn it off"."""
    state = rng.randrange(2)
    words = rng.choice(("on", "high") if state else ("off", "low"))
    pin = SLOTS[rng.choice(("sure", "num"))](rng, mark)
    still = rng.choice(("", "", "", "still "))
    clause = join(choose("[if|if|only if|as long as|when] ", rng), pin, f" is {still}{words}")
    verb, act = rng.choice(
        ((f"[turn|switch|put] it {'off' if state else 'on'}[ again|]", "off" if state else "on"),) * 3
        + (("toggle it", ""),)
    )  # fmt: skip
    did = choose(verb, rng)
    order = rng.random()
    if order < 0.7:
        said = join(Said(when.pieces), rng.choice((", ", " ")), clause, rng.choice((", ", ", then ", " then ", " ")), did)  # fmt: skip
    else:
        said = join(clause, rng.choice((", ", " ")), did, " ", Said(when.pieces))
    step = ["gpio_write", *pin.program, act] if act else ["gpio_toggle", *pin.program]
    program = ["rule_set", *when.program, "if_pin", *pin.program, "on" if state else "off", *step]
    return Said(said.pieces, program, {**when.memory, **pin.memory})


def later(rng: random.Random, mark: str) -> Said:
    """Return steps that begin with a pause: "wait 2 seconds and then turn on 5"."""
    steps = Steps(rng, mark)
    made = [steps.wait(), steps.on(0) if rng.random() < 0.6 else steps.off(0)]
    if rng.random() < 0.25:
        made += [steps.wait(), steps.off(1)]
    parts: list[Said | str] = []
    for n, step in enumerate(made):
        if n:
            parts.append(rng.choice((" and then ", ", then ", " then ", " and ", ", ", " before you ")) if n == 1 else ", ")  # fmt: skip
        parts.append(step)
    return join(*parts)


def both_ways(rng: random.Random, mark: str) -> Said:
    """Return a pin that follows another: "when 4 goes high turn on 5 and when it goes low turn it off"."""
    source, target = SLOTS[rng.choice(("num", "sure"))](rng, mark + "s"), SLOTS["num"](rng, mark + "t")  # fmt: skip
    up, down = rng.choice((("goes high", "goes low"), ("rises", "falls"), ("turns on", "turns off"), ("goes up", "goes down"), ("is high", "is low")))  # fmt: skip
    when = choose(IF, rng)
    it = rng.choice(("it", "it", "that"))
    said = join(
        f"{when} ", source, f" {up}{rng.choice((', ', ' '))}turn on ", target,
        rng.choice((", and ", " and ", ", ", "; ")), f"{when} {it} {down}{rng.choice((', ', ' '))}turn it off",
    )  # fmt: skip
    program: list[str] = []
    for edge, state in (("rising", "on"), ("falling", "off")):
        program += ["rule_set", "w_edge", *source.program, edge, "gpio_write", *target.program, state]  # fmt: skip
    return Said(said.pieces, program, said.memory)
