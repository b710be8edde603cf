"""Several of a kind in one sentence: names, facts, pins, lists; a pin that is "it"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from .moments import IF
from .pattern import SLOTS, Said, choose, fill, join
from .pins import rows as _rows
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


def words(said: Said) -> str:
    """Return what a part says."""
    return "".join(piece for piece, _ in said.pieces)


_LISTS = (("rule_list", "[rules|rules|schedules|automations|timers]"), ("script_list", "[scripts|scripts|routines|macros]"), ("device_list",
    "[devices|devices|named things]"), ("memory_list", "[notes|memories]"))  # fmt: skip
_LIST_VERBS = "[list|list|list|show me|show|tell me|give me|print|display|what are|I want to see|let me see|read me|let's see|read out|name]"
_NOUNS = (  # (row, which verbs it goes with)
    (_rows("rule_list", "[the|my|all the|all] [rules|schedules|timers|automations]"), "s"),
    (_rows("script_list", "[the|my|all the|all] [scripts|scripts|macros]"), "s"),
    (_rows("device_list", "[the|my|all the|all] [devices|named things]"), "s"),
    (_rows("memory_list", "[your|the|all your] [memory|notes|memories]"), "s"),
    (_rows("get_time", "the [current|local|] [time|time|date]"), "sq"),
    (_rows("get_status", "[your|the|the board's] [status|uptime|health]"), "sq"),
    (_rows("gpio_read_all", "[the state of all pins|all the pin states|all pin states|the levels of all pins]"), "sr"),
    (_rows("gpio_read {sure}", "the [state|level|status|value] [of|on] {sure}"), "sqr"),
    (_rows("gpio_read {num}", "[pin|gpio] {num}"), "r"),
    (_rows("adc_read {sure}", "the [voltage|analog value|adc value|voltage] [on|at|of] {sure}"), "sqr"),
    *((_rows(f"dht_read {{sure}} {model}", f"the {model} [on|at] [pin|gpio|] {{num}}", f"the {model} [on|at] {{sure}}"), "r") for model in ("dht11", "dht22")),
    *((_rows(f"dht_read {{sure}} {model}", f"the [temperature|humidity|temp] [of|from|on|at] the {model} [on|at] {{sure}}", f"the {model} [on|at] {{sure}}"), "sqr") for model in ("dht11", "dht22")),
    (_rows("ds18x20_read {sure}", "the [ds18b20|DS18B20|ds18b20 probe] [on|at] {sure}"), "r"),
    (_rows("ds18x20_read {sure}", "the [temperature|temp] [of|from|on|at] the [ds18b20|DS18B20] [on|at] {sure}"), "sqr"),
)  # fmt: skip
_VERBS = {
    "s": "[tell me|tell me|show me|give me|show|get me|report|let me have|I need|I want to know|let me know|I'd like to know|tell us|get]",
    "q": "[what is|what's|what is|whats]",
    "r": "[read|read|check|read out|get|poll|query|take a look at|fetch]",
}
_ALSO = (*(" and ",) * 5, ", ", " and also ", " plus ", " as well as ", " and then ", ", and ", " along with ", " together with ", ", then ", " & ", ", and also ", " and after that ")  # fmt: skip


def shared(rng: random.Random, mark: str) -> Said:
    """Return one verb for what is read by several tools: "list the rules and the scripts"."""
    count = rng.choice((2, 2, 2, 3))
    if rng.random() < 0.3:
        rows = [_rows(tool, name)[0] for tool, name in rng.sample(_LISTS, count)]
        article = rng.choice(("the ", "the ", "my ", "", "all the ", "all my "))
        again = rng.random() < 0.5
        verb = choose(_LIST_VERBS, rng)
        parts = [
            join(article if n == 0 or again else "", fill(*row, rng)) for n, row in enumerate(rows)
        ]
    else:
        kind = rng.choice("ssqrr")
        chosen = rng.sample([rows for rows, kinds in _NOUNS if kind in kinds], count)
        if rng.random() < 0.15:
            chosen[-1] = chosen[0]
        verb = choose(_VERBS[kind], rng)
        parts = [fill(*rng.choice(rows), rng, f"{mark}h{n}") for n, rows in enumerate(chosen)]
        if kind == "q" and rng.random() < 0.3:
            parts[1] = Said(
                [(choose("[what is|what's] ", rng), ""), *parts[1].pieces],
                parts[1].program,
                parts[1].memory,
            )
    said = join(verb + " ", parts[0])
    for n, part in enumerate(parts[1:], 2):
        said = join(said, rng.choice(_ALSO) if n == count else ", ", part)
    return join(said, rng.choice(("", "", "", "", "", " too", " as well", " please", " for me")))


_SAME = (  # (tool, what follows the pin, patterns; @ is pins, % is "on" pins, {...} a value for all)
    *[("gpio_write", "on", p) for p in ("[turn|switch|put|flip|power] on @", "[turn|switch|put|flip|power] on @", "[turn|switch|put|have] @ on", "set @ [high|to high|on|to 1]", "[activate|start|energise|energize|enable|power up] @", "[pull|drive|bring] @ high", "@ [on|high|hi]", "make @ high")],
    *[("gpio_write", "off", p) for p in ("[turn|switch|shut|power] off @", "[turn|switch|shut|power] off @", "[turn|switch|put|have] @ off", "set @ [low|to low|off|to 0]", "[deactivate|kill|disable|power down|stop] @", "[pull|drive|bring] @ low", "@ [off|low|lo]", "make @ low")],
    *[("gpio_toggle", "", p) for p in ("[toggle|flip|invert|reverse] @", "[toggle|flip|invert] @", "[toggle|invert] the [state|states] of @")] * 2,
    *[("gpio_read", "", p) for p in ("[read|check|look at|show me|query] @", "are @ [on|high|off|low]", "what's %", "what is the state of @", "[tell me|give me|show me|read|get] the [states|levels|state|level|values] of @", "[tell me|check] whether @ are [on|high|off]", "what are @ [doing|at|reading]", "digital read @")],
    *[("adc_read", "", p) for p in ("[read|measure|sample|get|check|take] the [voltage|voltages|analog values|adc values|adc] %", "what [is|are] the [voltage|voltages] %", "how many volts are %", "[analog read|adc] @", "[tell me|show me|give me] the [voltages|voltage|millivolts] %", "[voltage|voltages] %")],
    *[("dht_read", f"{m}", p) for m in ("dht11", "dht22") for p in (f"[read|check|query|poll|read out] the {m}[s|s| sensors|] %", f"[what is|tell me|read|get] the [temperature|humidity] of the {m}[s|s|] %", f"what do the {m}s % [say|read|show]", f"{m}[s|] %")],
    *[("ds18x20_read", "", p) for p in ("[read|check|query|poll|read out] the ds18b20[s|s| sensors| probes|] %", "[what is|tell me|read|get] the temperature of the ds18b20[s|s| probes|] %", "what do the ds18b20s % [say|read|show]", "ds18b20[s|] %", "how [warm|cold] are the ds18b20s %")] * 2,
    *[("pwm_write", "{pct}", p) for p in ("[dim|set|put|bring|fade|turn] @ to {v}", "[run|set|put|drive] @ at {v}", "@ [at|to] {v}", "pwm @ {v}")],
    *[("servo_write", "{degrees}", p) for p in ("[move|turn|set|rotate|swing|put] the servos % to {v}", "servos % to {v}")] * 2,
    *[("neopixel_write", "{colour}", p) for p in ("[make|turn|paint|colour] the [strips|neopixels|leds|rings] % {v}", "set the [strips|neopixels] % to {v}", "[strips|neopixels] % {v}")],
    ("neopixel_write", "off", "[turn|switch] off the [strips|neopixels] %"),
)  # fmt: skip
_BETWEEN = ((", ", " and "), (", ", ", and "), (" and ", " and "), (" and also ", " and also "), (", ", " and also "), (", ", " plus "), (" plus ", " plus "), (", ", ", "), (", ", " & "), (" & ", " & "),
            (", ", " as well as "), (" and then ", " and then "), (", ", ", also "), (" also ", " also "), (", also ", " and "), (" and ", " and also "), (" and ", " plus "), (" + ", " + "))  # fmt: skip


def members(rng: random.Random, mark: str) -> Said:
    """Return one order for several pins: "read the ds18b20s on 4 and on 16"."""
    tool, after, pattern = rng.choice(_SAME)
    pattern = choose(pattern, rng)
    count = rng.choice((2, 2, 2, 3, 3, 4))
    value = (
        SLOTS[after[1:-1]](rng, f"{mark}v")
        if after[:1] == "{"
        else Said([], [after] if after else [])
    )
    on = "%" in pattern
    named = not on and tool in ("gpio_write", "gpio_toggle", "gpio_read") and rng.random() < 0.3
    found: list[Said] = []
    while len(found) < count:
        pin = SLOTS["sure" if named and rng.random() < 0.7 else "num"](rng, f"{mark}e{len(found)}")
        if words(pin) not in map(words, found):
            found.append(pin)
    word = "" if named else rng.choice(("", "", "", "pin ", "gpio "))
    plural = rng.choice(("pins ", "", "", "gpios ")) if not word and not named else ""
    prep = rng.choice(("on ", "on ", "on ", "at ")) if on else ""
    again = prep and rng.random() < 0.5 and not plural  # "on 4 and on 16"
    both = rng.choice(("both ", "")) if count == 2 and rng.random() < 0.3 else ""
    every, last = rng.choice(_BETWEEN)
    both = both if "and" in last else ""
    listed = join(both + prep if again else prep + both, plural)
    for n, pin in enumerate(found):
        between = "" if n == 0 else last if n + 1 == count else every
        listed = join(listed, between + (prep if again and n else "") + word, Said(pin.pieces))
    before, rest = re.split("[@%]", pattern)
    tail = rest.split("{v}")
    said = join(before, listed, tail[0], *((Said(value.pieces), tail[1]) if len(tail) > 1 else ()))
    if not rest and "also" not in last and rng.random() < 0.2:
        said = join(
            said,
            rng.choice(
                (
                    " too",
                    " as well",
                    ", all of them" if count > 2 else ", both of them",
                    " please",
                    " also",
                )
            ),
        )
    program = [word_ for pin in found for word_ in (tool, *pin.program, *value.program)]
    return Said(said.pieces, program, {k: v for pin in found for k, v in pin.memory.items()})
