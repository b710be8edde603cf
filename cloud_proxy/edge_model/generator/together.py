"""Sentences with several calls or several rules, and rules that lack something."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from . import groups, mind, pairs, timed
from .mixed import days, mixture
from .pattern import SLOTS, Said, fill, join
from .pins import rows as _rows
from .rules import AT, DAY, EDGE, IN, change, many, reading
from .scripts import remembered
from .steps import Steps
from .voices import states

_FOR = [
    *_rows("gpio_write {opening} on rule_set w_in {dur} gpio_write {opening} off", "[open|start|run] {opening} for {dur}", "open {opening} for {dur}"),
    *_rows("gpio_write {sure} on rule_set w_in {dur} gpio_write {sure} off", "[turn|switch] on {sure} for {dur}", "[turn|switch] {sure} on for {dur}", "[turn|switch] {sure} on for [the next|about|another|just|only] {dur}", "[turn|switch] on {sure} for [the next|about|just|only] {dur}", "[have|keep|leave|let|get] {sure} [on|running] for [the next|] {dur}",
           "for [the next|] {dur} [turn|switch|keep|have] {sure} on", "I [want|need|would like] {sure} on for [the next|] {dur}", "let {sure} run for {dur}", "{sure} on for the next {dur}", "{sure} on for {dur}[, then off| then off| and then off|, off after that]",
           "[run|activate|power|start] {sure} for {dur}", "keep {sure} on for {dur}", "{sure} on for {dur}", "for {dur} turn on {sure}",
           "turn on {sure} [and|then] [turn|switch] it [back|] off [after|in] {dur}", "turn {sure} on, [wait|then wait] {dur}, then turn it off",
           "switch {sure} on and off again after {dur}", "[turn|switch] on {sure} and after {dur} [turn|switch] it off [again|]", "[turn|switch] {sure} on and [turn|switch] it off [again|] [after|in] {dur}", "give {sure} {dur} of [power|water|light]",
           "{sure} on [and|,] off [again|] [after|in] {dur}", "[turn|switch] {sure} on , off [after|in] {dur}"),
    *_rows("gpio_write {sure} off rule_set w_in {dur} gpio_write {sure} on", "[turn|switch] off {sure} for {dur}", "[turn|switch] {sure} off for {dur}",
           "turn off {sure} [and|then] [turn|switch] it back on [after|in] {dur}", "keep {sure} off for {dur}"),
    *_rows("rule_set w_at {clock} gpio_write {sure} on rule_set w_at {clock2} gpio_write {sure} off",
           "turn on {sure} at {clock} and [turn it|] off at {clock2}", f"{DAY} turn {{sure}} on at {{clock}} and off at {{clock2}}",
           "turn {sure} on at {clock} and off at {clock2}", f"[turn|switch|set|put] {{sure}} on at {{clock}} and off at {{clock2}} {DAY}", "{sure} on at {clock}, off at {clock2}", "{sure} on at {clock} and off [again|] at {clock2}", f"{DAY} {{sure}} on at {{clock}}, off at {{clock2}}", "switch {sure} on at {clock} and [switch it|] off [again|] at {clock2}",
           "keep {sure} on [from|between] {clock} [to|until|and] {clock2}"),
    *_rows("gpio_write {num} on gpio_write {num2} on", "[turn|switch|put] on [pins|pin|gpios|gpio|] {num} and {num2}", "[turn|switch] [pins|gpio|] {num} and {num2} on",
           "[turn|switch] on both [pins|] {num} and {num2}", "set [pins|gpio|pin] {num} and {num2} [high|on|to 1]", "[pins|] {num} and {num2} on"),
    *_rows("gpio_write {num} off gpio_write {num2} off", "[turn|switch|put] off [pins|pin|gpios|gpio|] {num} and {num2}", "[turn|switch] [pins|gpio|] {num} and {num2} off",
           "[turn|switch] off both [pins|] {num} and {num2}", "set [pins|gpio|pin] {num} and {num2} [low|off|to 0]", "[pins|] {num} and {num2} off"),
    *_rows("gpio_write {num} on gpio_write {num2} on gpio_write {num3} on", "[turn|switch] on [pins|gpios|] {num} , {num2} and {num3}", "[turn|switch] on [pins|] {num}, {num2}, {num3}",
           "[turn|switch] [pins|] {num}, {num2} and {num3} on"),
    *_rows("gpio_write {num} off gpio_write {num2} off gpio_write {num3} off", "[turn|switch] off [pins|gpios|] {num}, {num2} and {num3}", "[turn|switch] off [pins|] {num}, {num2}, {num3}",
           "[turn|switch] [pins|] {num}, {num2} and {num3} off"),
    *_rows("gpio_toggle {num} gpio_toggle {num2}", "toggle [pins|] {num} and {num2}", "[flip|toggle] both {num} and {num2}"),
    *_rows("gpio_read {num} gpio_read {num2}", "read [pins|] {num} and {num2}", "are [pins|] {num} and {num2} [on|high|off]", "check {num} and {num2}"),
    *_rows("gpio_write {num} on gpio_write {num2} off", "{num} on, {num2} off", "turn on {num} and off {num2}", "turn {num} on and {num2} off", "turn on {num} but turn off {num2}"),
    *_rows("gpio_write {num} off gpio_write {num2} on", "{num} off, {num2} on", "turn off {num} and on {num2}", "turn {num} off and {num2} on"),
    *_rows("gpio_write {sure} on gpio_write {sure2} on", "turn on {sure} and {sure2}", "switch {sure} and {sure2} on", "turn on both {sure} and {sure2}"),
    *_rows("gpio_write {sure} off gpio_write {sure2} off", "turn off {sure} and {sure2}", "switch {sure} and {sure2} off"),
    *_rows("rule_set w_every {dur} gpio_toggle {num} gpio_toggle {num2}", "[blink|toggle] {num} and {num2} every {dur}", "every {dur} [toggle|blink] [pins|] {num} and {num2}"),
    *_rows("rule_set w_every ?", "[blink|flash|strobe|pulse] {sure}", "make {sure} [blink|flash]", "start [blinking|flashing] {sure}",
           "[toggle|blink] {sure} [regularly|periodically|repeatedly|again and again|forever]"),
    *_rows("gpio_write ?", "[turn|switch] [on|off] pins {num} [to|through|until] {num2}", "[turn|switch|set] pins {num}-{num2} [on|off|high|low]", "[turn|switch] [on|off] pins {num}-{num2}", "set pins {num} [to|through] {num2} [high|low]"),
    *_rows("rule_set ?", "[make|create|add|set up|set] a [rule|schedule|timer|new rule|automation]", "schedule [something|{sure}]", "I want a [rule|schedule|timer]"),
    *_rows("rule_set w_at ?", "turn {sure} on [later|at some point|in the evening|in the morning|every evening|every day|daily|at night]", "[schedule|turn on] {sure} every [morning|evening|day]"),
    *_rows("rule_set w_in {dur} ?", "in {dur}", "[set a|] timer [for|of] {dur}", "wait {dur}", "after {dur} do something"),
    *_rows("rule_set w_every {dur} ?", "every {dur}", "do something every {dur}"),
]  # fmt: skip


_EXTRAS = [
    *_rows("get_time", "tell me the time", "what time is it", "show the time"), *_rows("get_status", "show the status", "tell me your status", "give me the status"),
    *_rows("rule_list", "list the rules", "show me the rules"), *_rows("gpio_read_all", "show all pins", "read all pins"), *_rows("memory_list", "list your memory"),
    *_rows("script_list", "list the scripts"), *_rows("device_list", "list the devices"), *_rows("script_run {sname}", "run {sname}", "run the {sname} script"),
    *_rows("rule_delete {name}", "delete the rule {name}"), *_rows("rule_enable {name} off", "pause the rule {name}"), *_rows("gpio_read {sure}", "is {sure} on", "tell me if {sure} is on"),
    *_rows("adc_read {sure}", "tell me the voltage on {sure}", "what is the voltage on {sure}"), *_rows("memory_set {pinfact}", "remember that {pinfact}"),
]  # fmt: skip


_PAIRS = (pairs.names, pairs.names, pairs.switched, pairs.facts, pairs.both_ways)
_CHORES = (mind.ZONE, mind.PERSONA, mind.RULE_DELETE, mind.RULE_ENABLE, mind.RULE_ENABLE, mind.MEMORY_DELETE, mind.MEMORY_GET, mind.SCOPED)  # fmt: skip


def several(rng: random.Random) -> Said:
    """Return a sentence with several calls, or a rule that lacks something."""
    if rng.random() < 0.15:
        return groups.grouped(rng, "m")
    roll = rng.random()
    if roll < 0.3:
        return mixture(rng, "m")
    if roll < 0.46:
        return timed.timed(rng, "m")
    roll = rng.random()
    if roll < 0.38:
        return fill(*rng.choice(_FOR), rng)
    if roll < 0.54:
        return many(rng, "m")
    if roll < 0.63:
        return mixed(rng, "m")
    if roll < 0.7:
        return two_rules(rng)
    if roll < 0.71:
        return remembered(rng)
    if roll < 0.74:
        return amounts(rng, "m")
    if roll < 0.77:
        return states(rng, "m")
    if roll < 0.83:
        return rng.choice(_PAIRS)(rng, "m")
    parts: list[Said | str] = []
    for n in range(rng.choice((2, 2, 2, 3, 3))):
        if n:
            parts.append(
                rng.choice(
                    (
                        " and ",
                        " and ",
                        ", then ",
                        " then ",
                        " and then ",
                        ", ",
                        "; ",
                        ", and ",
                        ". ",
                    )
                    + (" & ", " and also ", " plus ", " after that ")
                )
            )
        kind = rng.random()
        if kind < 0.22:
            parts.append(reading(rng, f"s{n}"))
        elif kind < 0.36:
            parts.append(fill(*rng.choice(_EXTRAS), rng, f"s{n}"))
        elif kind < 0.42:
            parts.append(fill(*rng.choice(rng.choice(_CHORES)), rng, f"s{n}"))
        elif kind < 0.5:
            parts.append(many(rng, f"s{n}"))
        else:
            parts.append(change(rng, f"s{n}"))
    return join(*parts)


def two_rules(rng: random.Random) -> Said:
    """Return two rules in one sentence: "at 7 turn on 4 and at 22:00 turn it off"."""
    steps = Steps(rng, "t")
    first, second = steps.on(0), steps.off(0.7)
    if rng.random() < 0.3:
        second = Steps(rng, "u").toggle()
    rows = rng.choice((AT, AT, EDGE, IN))
    while True:
        one, two = (fill(*rng.choice(rows), rng, mark) for mark in ("w", "x"))
        if not days(two):
            break
    joint = rng.choice((" and ", ", and ", ", ", "; ", " and then "))
    spoken = (
        join(
            Said(one.pieces),
            " ",
            Said(first.pieces),
            joint,
            Said(two.pieces),
            " ",
            Said(second.pieces),
        )
        if rng.random() < 0.6 or days(one)
        else join(
            Said(first.pieces),
            " ",
            Said(one.pieces),
            joint,
            Said(second.pieces),
            " ",
            Said(two.pieces),
        )
    )
    program = ["rule_set", *one.program, *first.program, "rule_set", *two.program, *second.program]
    return Said(
        spoken.pieces, program, {**one.memory, **two.memory, **first.memory, **second.memory}
    )


def mixed(rng: random.Random, mark: str) -> Said:
    """Return states of several pins without a verb for each: "2 on, 4 off"."""
    count = rng.choice((2, 2, 3))
    verb = rng.choice(("", "", "turn ", "switch ", "set "))
    states = ("high", "low") if verb == "set " else ("on", "off")
    parts: list[Said | str] = [verb]
    kind = rng.choice(("num", "num", "sure"))
    for n in range(count):
        if n:
            parts.append(rng.choice((", ", " and ", ", and ", "; ", " but ")))
        pin = SLOTS[kind](rng, f"{mark}x{n}")
        state = rng.randrange(2)
        said = join(pin, " " + states[1 - state])
        parts.append(
            Said(said.pieces, ["gpio_write", *pin.program, "on" if state else "off"], said.memory)
        )
    return join(*parts)


def amounts(rng: random.Random, mark: str) -> Said:
    """Return values of several parts after one verb: "dim 12 to 20% and 13 to 40%"."""
    tool, part, value, verbs = rng.choice(
        (
            ("pwm_write", "sure", "pct", ("dim", "set", "bring", "put", "")),
            ("servo_write", "servo", "degrees", ("turn", "move", "set", "rotate")),
            ("neopixel_write", "neopixel", "colour", ("set", "turn", "change", "switch")),
        )
    )
    said: list[Said | str] = [rng.choice(verbs) + " "]
    one = rng.random() < 0.25  # "the servo on 4 to 10 and the one on 5 to 20"
    for n in range(2 if one else rng.choice((2, 2, 3))):
        if n:
            said.append(rng.choice((" and ", ", ", ", and ", " & ")))
        which = SLOTS["num" if tool == "pwm_write" and rng.random() < 0.6 else part](
            rng, f"{mark}y{n}"
        )
        if n and one:
            number = SLOTS["num"](rng, f"{mark}y{n}")
            front = rng.choice(("the one on ", "the other one on ", "the one on pin ", "that on "))
            which = join(front, number)
        made = SLOTS[value](rng, f"{mark}z{n}")
        both = join(which, " to ", made)
        said.append(Said(both.pieces, [tool, *which.program, *made.program], both.memory))
    return join(*said)
