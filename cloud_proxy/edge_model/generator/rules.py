"""Sentences that make a rule, and those with several calls."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from . import chores, moments, pairs, pins, short, stiff, switching, voices
from .amounts import say_number
from .moments import DAY
from .pattern import SLOTS, Said, choose, fill, join, slot
from .pins import Row
from .pins import rows as _rows
from .steps import Steps, joined, repeated, sequence
from .triggers import (
    BOOT,
    CRON,
    EVENT,
    MONTHLY,
    POLLED,
    clause,
    condition,
    narrowed,
    rest,
)

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY = _rows("w_every {dur}", "[every|once every] {ndays}", "every {dur}", "every {dur}", "each {dur}", "once every {dur}", "once per {dur}",
              "at intervals of {dur}", "with an interval of {dur}", "repeatedly every {dur}", "over and over every {dur}",
              "with a period of {dur}", "in {dur} intervals") + _rows(
    "w_every {unit}", "every {unit}", "each {unit}", "every single {unit}"
) + _rows("w_every {rate}", "{rate}") + moments.EVERY + chores.EVERY  # fmt: skip
IN = _rows("w_in {dur}", "in {dur}", "in {dur}", "in {dur}", "after {dur}", "after {dur}", "after {dur}", "{dur} from now", "in about {dur}",
           "in {dur} from now", "wait {dur} and then", "once {dur} have passed",
           "when {dur} have passed", "{dur} later", "with a delay of {dur}", "after a delay of {dur}",
           "after waiting {dur}", "in {dur} time") + moments.IN + stiff.IN * 2  # fmt: skip
AT = [
    *_rows("w_at {clock}", "at {clock}", "at {clock}", "at {clock} [in the morning|in the evening|in the afternoon|at night|tonight|sharp]"),
    *_rows("w_at {clock}", f"at {{clock}} {DAY}", f"{DAY} at {{clock}}", f"{DAY} at {{clock}}", "when it is {clock}", "when the clock strikes {clock}",
           "as soon as it is {clock}", f"{DAY} when it is {{clock}}", f"{DAY}, at {{clock}}"),
    *moments.AT,
]  # fmt: skip
_IF = "[if|when|whenever|once|as soon as|each time|every time|any time]"
_BUTTON = [
    *_rows("w_edge {button} falling", f"{_IF} {{button}} is [pressed|pushed|hit|tapped|held down|clicked]", f"{_IF} [I|someone|somebody] [press|presses|push|pushes|hit|hits|click] {{button}}"),
    *_rows("w_edge {button} rising", f"{_IF} {{button}} is [released|let go]", f"{_IF} I [release|let go of] {{button}}"),
    *_rows("w_edge {button} rising", f"{_IF} {{button}} [goes high|turns high|becomes high|rises|goes to 1|comes on|goes active|is triggered|triggers|detects something]"),
    *_rows("w_edge {button} falling", f"{_IF} {{button}} [goes low|turns low|becomes low|drops|falls|goes to 0|drops low|drops to low]"),
]  # fmt: skip
EDGE = [
    *_BUTTON,
    *_rows("w_edge {pin} rising", f"{_IF} [motion|movement|something|somebody|a signal] is [seen|detected|noticed|sensed] [on|at|by] {{pin}}", f"{_IF} there is [motion|movement|a signal] [on|at] {{pin}}", f"{_IF} {{pin}} [detects|senses|sees] [motion|movement|something|somebody]",
           f"{_IF} {{num}} [goes high|goes up|rises|turns on|becomes high|comes on]"),
    *_rows("w_edge {pin} falling", f"{_IF} {{num}} [goes low|drops|falls|turns off|becomes low|drops low]"),
    *_rows("w_edge {pin} both", f"{_IF} {{num}} changes"),
    *_rows("w_edge {pin} rising", f"{_IF} {{pin}} [goes|turns|gets|becomes|jumps|is] [high|HIGH|to high|to 1]",
           f"{_IF} {{pin}} [rises|goes up|comes on|turns on|switches on|is pulled high|reads high|reads 1]", "on a rising edge [on|of|at] {pin}",
           f"{_IF} there is a rising edge on {{pin}}", f"{_IF} {{num}} [goes high|rises]"),
    *_rows("w_edge {pin} falling", f"{_IF} {{pin}} [goes|turns|gets|becomes|drops|is] [low|LOW|to low|to 0]",
           f"{_IF} {{pin}} [falls|goes down|turns off|drops|switches off|is pulled low|reads low|reads 0]", "on a falling edge [on|of|at] {pin}",
           f"{_IF} there is a falling edge on {{pin}}", f"{_IF} {{num}} [goes low|drops low|falls]"),
    *_rows("w_edge {pin} both", f"{_IF} {{pin}} [changes|toggles|switches|flips|changes state|changes level|changes its state]",
           "on [any|every|each] [change|edge] [of|on] {pin}", f"{_IF} the [state|level] of {{pin}} changes",
           f"{_IF} {{button}} [changes|changes state|toggles|moves]"),
    *moments.EDGE, *stiff.EDGE * 3,
]  # fmt: skip
_OVER = "[is above|goes above|rises above|exceeds|is over|goes over|is higher than|gets above|climbs above|is greater than|is more than|goes beyond|gets hotter than|reaches more than|is hotter than|passes|tops|hits more than|climbs past|rises past|moves past|runs above|climbs over|shows more than|creeps above|>]"
_UNDER = "[is below|goes below|falls below|drops below|is under|goes under|is lower than|gets below|sinks below|is less than|drops under|gets colder than|is colder than|dips below|slides below|sinks under|goes down below|is down below|creeps below|shows less than|<]"


def _read_rows() -> list[Row]:
    found: list[Row] = []
    for symbol, words in (("w_above", _OVER), ("w_below", _UNDER)):
        for model, name in (("dht11", "[dht11|DHT11]"), ("dht22", "[dht22|DHT22|dht 22|am2302]")):
            for what, said in (
                ("temperature_c", "[temperature|temp]"),
                ("humidity_pct", "humidity"),
            ):
                limit = "{limit}" if what == "temperature_c" else "{level}"
                found += _rows(
                    f"{symbol} dht_read {{sure}} {model} {what} {limit}",
                    f"{_IF} the {said} [on|of|from|at] the {name} [on|at] {{sure}} {words} {limit}",
                    f"{_IF} the {name} [on|at] {{sure}} [shows|reads|reports|has|says] a {said} [above|over]".replace(
                        "[above|over]",
                        "[above|over|of more than]"
                        if symbol == "w_above"
                        else "[below|under|of less than]",
                    )
                    + f" {limit}",
                    f"{_IF} the {name} {said} on {{sure}} {words} {limit}",
                )
            found += _rows(
                f"{symbol} dht_read {{sure}} {model} temperature_c {{limit}}",
                f"{_IF} the {name} [on|at] {{sure}} {words} {{limit}}",
                f"{_IF} the {name} [on|at] {{num}} {words} {{limit}}",
            )
        found += _rows(
            f"{symbol} ds18x20_read {{sure}} {{limit}}",
            f"{_IF} the [ds18b20|DS18B20|ds18b20 probe] [on|at] {{sure}} {words} {{limit}}",
            f"{_IF} the temperature [of|on|from] the [ds18b20|DS18B20|ds18x20] [on|at] {{sure}} {words} {{limit}}",
        )
        found += _rows(
            f"{symbol} adc_read {{pin}} {{volts}}",
            f"{_IF} the [voltage|analog value|adc value|adc] [on|of|at] {{pin}} {words} {{volts}}",
            f"{_IF} {{pin}} [reads|measures] [over|above|more than] {{volts}}".replace(
                "[over|above|more than]",
                "[over|above|more than]" if symbol == "w_above" else "[under|below|less than]",
            ),
            f"{_IF} {{analog}} {words} {{volts}}",
        )
        found += _rows(
            f"{symbol} dht_read {{sure}} ?",
            f"{_IF} the [temperature|temp|humidity] [on|at] {{sure}} {words} [30|25 degrees|60%]",
        )
        found += _rows(
            f"{symbol} dht_read ?",
            f"{_IF} the [temperature|temp|humidity] {words} [30|25 degrees|60%]",
            f"{_IF} it {words} [30|25 degrees]",
        )
    return found  # fmt: skip


READ = [*_read_rows(), *moments.READ, *chores.VAGUE]
WHEN = (
    (EVERY, 0.16),
    (IN, 0.13),
    (AT, 0.21),
    (EDGE, 0.18),
    (READ, 0.17),
    (EVENT, 0.05),
    (BOOT, 0.06),
    (CRON, 0.02),
    (MONTHLY, 0.02),
    (POLLED, 0.01),
)
_CHANGES = (
    (switching.ON, 0.34),
    (switching.OFF, 0.28),
    (switching.TOGGLE, 0.14),
    (voices.PWM, 0.1),
    (voices.SERVO, 0.07),
    (voices.NEOPIXEL, 0.07),
    (short.STATES, 0.06),
)
_READS = (
    (pins.READ, 0.3),
    (pins.ADC, 0.3),
    (pins.DHT, 0.2),
    (voices.PROBE, 0.1),
    (voices.ALL, 0.1),
)
BLINK = _rows("gpio_toggle {pin}", "[blink|flash|toggle|pulse|wink|strobe] {pin}", "[blink|flash|toggle] {pin}",
              "make {pin} [blink|flash]", "let {pin} [blink|flash]", "have {pin} [blink|flash]", "toggle {pin}")  # fmt: skip


@slot("ndays")
def _days_long(rng: random.Random, mark: str) -> Said:
    word = rng.choice(("days", "days", "weeks", "hours"))
    return Said([(f"{say_number(rng.randint(2, 12), rng, 0.4)} {word}", mark)], ["=" + mark])


@slot("days")
def _some_days(rng: random.Random, mark: str) -> Said:
    """Days in any combination; the program takes them from the sentence, so nothing is marked."""
    del mark
    names = rng.choice((_WEEK, _SHORT_WEEK, _WEEK))
    days = [names[day] for day in sorted(rng.sample(range(7), rng.choice((1, 1, 2, 2, 3))))]
    if names is _WEEK and rng.random() < 0.3:
        days = [day + "s" for day in days]
    said = " and ".join((", ".join(days[:-1]), days[-1])) if len(days) > 1 else days[0]
    return Said([(rng.choice(("on ", "on ", "every ", "each ", "")) + said, "")])


def pick(table: tuple[tuple[list[Row], float], ...], rng: random.Random) -> Row:
    """Return a row of one of the weighted lists."""
    rows = rng.choices([rows for rows, _ in table], [weight for _, weight in table])[0]
    return rng.choice(rows)


def change(rng: random.Random, mark: str = "") -> Said:
    """Return an imperative that alters a pin."""
    return fill(*pick(_CHANGES, rng), rng, mark)


def reading(rng: random.Random, mark: str = "") -> Said:
    """Return an imperative that reads something."""
    return fill(*pick(_READS, rng), rng, mark)


def many(rng: random.Random, mark: str) -> Said:
    """Return one verb for several pins: "turn off 2, 4 and the fan"."""
    count = rng.choice((2, 2, 2, 3, 3, 4))
    kind = rng.choice(("num", "num", "num", "sure", "name"))
    pins_: list[Said] = []
    for n in range(count):
        slot_name = "sure" if kind != "num" and (kind == "sure" or n % 2) else "num"
        made = SLOTS[slot_name](rng, f"{mark}m{n}")
        pins_.append(made)
    comma = rng.choice((", ", ", ", ", ", " and ", " & ", ","))
    last = rng.choice((" and ", " and ", " and ", ", ", " & ", " plus ", ", and ", " as well as "))
    parts: list[Said | str] = []
    for n, pin in enumerate(pins_):
        if n:
            parts.append(last if n + 1 == count else comma)
        parts.append(pin)
    front = rng.choice(
        (
            "pins ",
            "",
            "",
            "gpios ",
            "pin ",
            "gpio ",
            "outputs ",
            "both " if count == 2 else "all of ",
        )
    )
    both = join(
        front if kind == "num" else rng.choice(("", "", "both ")) if count == 2 else "", *parts
    )
    tool, tail, pattern = rng.choice(_MANY)
    before, after = choose(pattern, rng).split("@")
    said = join(before, Said(both.pieces), after)
    if rng.random() < 0.04:
        word = ("", "", "two", "three", "four")[count]
        said = join(
            said, ", ", rng.choice((f"all {word} of them", "all of them", f"the {word} of them"))
        )
    program = [word for pin in pins_ for word in (tool, *pin.program, *tail)]
    return Said(said.pieces, program, both.memory)


_MANY = (
    *[("gpio_write", ("on",), p) for p in ("[turn|switch|put] on @", "[turn|switch] @ on", "set @ [high|on|to 1|to high]", "@ on", "[activate|start|power up] @", "@ high", "[pull|drive|bring] @ high")],
    *[("gpio_write", ("off",), p) for p in ("[turn|switch|shut|put] off @", "[turn|switch] @ off", "set @ [low|off|to 0|to low]", "@ off", "[deactivate|stop|kill] @", "@ low", "[pull|drive|bring] @ low")],
    *[("gpio_toggle", (), p) for p in ("[toggle|flip|invert] @", "[toggle|flip] the state of @")],
    ("gpio_read", (), "[read|check] @"), ("gpio_read", (), "are @ [on|high|off|low]"), ("adc_read", (), "[read|measure|get] the [voltage|voltages|adc values] [on|of] @"),
)  # fmt: skip


PLAIN = [
    *_rows("gpio_write {num} on", "[turn|switch] on [pin|gpio|] {num}", "[turn|switch] [pin|gpio] {num} on", "turn on [pin|gpio|] {num}"),
    *_rows("gpio_write {num} off", "[turn|switch] off [pin|gpio|] {num}", "[turn|switch] [pin|gpio] {num} off", "turn off [pin|gpio|] {num}"),
    *_rows("gpio_write {sure} on", "turn on {sure}", "turn {sure} on"), *_rows("gpio_write {sure} off", "turn off {sure}", "turn {sure} off"),
    *_rows("gpio_toggle {num}", "toggle [pin|gpio] {num}"), *stiff.ON, *stiff.OFF, *stiff.TOGGLE, *stiff.PWM,
]  # fmt: skip


def action(rng: random.Random, rows: list[Row], mark: str) -> Said:
    """Return what a rule does."""
    roll = rng.random()
    if rows is EVERY and roll < 0.4:
        return fill(*rng.choice(BLINK), rng, mark)
    roll = rng.random()
    steps = Steps(rng, mark)
    if roll < 0.03 and rows in (EDGE, READ, EVENT, BOOT):
        return pairs.later(rng, mark)
    if roll < 0.12:
        return (
            reading(rng, mark) if rows in (EVERY, AT, IN) or rng.random() < 0.3 else steps.tell()
        )
    if roll < 0.26:  # the plainest ones, so that they stay beyond doubt
        return fill(*rng.choice(PLAIN), rng, mark)
    if roll < 0.44:
        return change(rng, mark)
    if roll < 0.54:
        return steps.tell()
    if roll < 0.6:
        return steps.emit()
    if roll < 0.63:
        return steps.ask()
    if roll < 0.7:
        return steps.run()
    if roll < 0.77:
        return steps.for_a_while()
    if roll < 0.83:
        return many(rng, mark)
    if roll < 0.845:
        return repeated(rng, mark)
    if roll < 0.92:
        made = steps.on(0) if rng.random() < 0.5 else steps.off(0)
        return joined([made, steps.tell() if rng.random() < 0.8 else steps.emit()], rng)
    return sequence(rng, mark)


_TELL_IF_CHOICES = (
    "[tell|notify|alert|warn|inform|message|text|ping] me", "[tell|notify|alert|warn] me", "let me know", "send me a [message|notification|text]", "give me a [shout|notice|warning|heads up]",
    "send a [notification|message]", "notify", "drop me a line", "report", "send an alert", "[please|] tell me", "I want to know", "I want to be [told|notified]",
)  # fmt: skip


_REMIND = (  # what stands before and after the trigger, and the text's slot
    ("[remind|tell|warn|ask|ping|prompt|nudge|get] me", "to", "todo"),
    ("[tell|remind|notify|message|text|ping|alert|inform|warn] me", "that", "said"),
    ("[send|give|drop] me a [message|notification|note|reminder|text|ping|line]", "[saying|that says|that|with|:|to say]", "said"),
    ("[send|give|set] me a [reminder|notification|nudge]", "to", "todo"),
    ("[ping|message|text|notify|greet|alert] me", "[with|:|saying|with the words]", "said"),
    ("[say|announce|report]", "[:|that]", "said"),
    ("[I want to be|let me be|have me] [told|reminded|notified]", "that", "said"),
)  # fmt: skip


def reminder(when: Said, rng: random.Random) -> Said:
    """Return a rule that tells something, its trigger in the middle: "tell me at 8 that ..."."""
    before, after, text = rng.choice(_REMIND)
    words = SLOTS[text](rng, "rt")
    front, back = choose(before, rng) + " ", choose(after, rng)
    back = back if back == ":" else " " + back
    spoken = join(front, Said(when.pieces), back + " ", Said(words.pieces))
    program = ["rule_set", *when.program, "notify", *words.program]
    return Said(spoken.pieces, program, when.memory)


def rule(rng: random.Random) -> Said:
    """Return a sentence that makes one rule."""
    if (roll := rng.random()) < 0.16:
        return (chores.plain_rule if roll < 0.11 else stiff.rule)(rng)
    rows = rng.choices([rows for rows, _ in WHEN], [weight for _, weight in WHEN])[0]
    when = narrowed(fill(*rng.choice(rows), rng, "w"), rng, "v")
    if (
        rows in (EVERY, IN, AT, MONTHLY)
        and " then" not in when.pieces[-1][0]
        and rng.random() < 0.07
    ):
        return reminder(when, rng)
    if rows in (EVERY, AT) and " then" not in when.pieces[-1][0] and rng.random() < 0.04:
        return pairs.checked(when, rng, "q")
    told = clause(when, "c") if rows in (EDGE, READ) and rng.random() < 0.19 else None
    if told is not None:
        when = told
        made = Said([(choose(rng.choice(_TELL_IF_CHOICES), rng), "")], ["notify", ":c"])
    else:
        made = action(rng, rows, "a")
    program = Said([], ["rule_set"])
    name = Said()
    if rng.random() < 0.08:
        name = fill(*rng.choice(_NAMED), rng, "n")
    narrow = Said()
    if rng.random() < (0.22 if rows in (EVERY, EDGE) else 0.12) and rows is not CRON:
        narrow = condition(rng, "i")
    elif rng.random() < 0.05 and rows not in (IN, POLLED):
        narrow = rest(rng, "r")
    roll = rng.random()
    comma = rng.choice((" ", ", ", " ", ", then " if rows in (EDGE, READ) else " "))
    if rng.random() < 0.14:
        comma = rng.choice(_BRIDGES)
    if when.pieces[0][0].startswith("wait"):
        roll = 0.0
    if rows is POLLED:
        roll, comma = 0.0, rng.choice((" ", ", "))
    extra: list[Said | str] = []
    if narrow.pieces:
        first = narrow.pieces[0][0]
        extra = [
            Said(narrow.pieces)
            if first[:1] in (",", " ")
            else join(rng.choice((" ", ", ")), Said(narrow.pieces))
        ]
    if told is None and roll < 0.52 or rows is POLLED:
        middle = extra if rng.random() < 0.55 and narrow.program[:1] != ["+min_s"] else []
        after = [] if middle else extra
        if after and made.program[-2:-1] == ["notify"]:
            middle, after = after, []
        spoken = join(
            Said(when.pieces),
            *middle,
            comma if not middle else rng.choice((", ", " ", ", ")),
            Said(made.pieces),
            *after,
        )
    else:
        spoken = join(
            Said(made.pieces), rng.choice((" ", " ", " ", ", ")), Said(when.pieces), *extra
        )
    if name.pieces:
        parts = (
            (Said(name.pieces), ": ", spoken)
            if rng.random() < 0.6
            else (spoken, ", ", Said(name.pieces))
        )
        spoken = join(*parts)
    elif rng.random() < 0.06:
        spoken = join(
            choose(
                "[make|create|set up|add|set] a [rule|schedule|timer|automation][:| to|,| that says] ",
                rng,
            ),
            spoken,
        )
    meant = join(program, name, when, narrow, made)
    return Said(spoken.pieces, meant.program, meant.memory)


_BRIDGES = (": ", " - ", " -> ", " => ", ", please ", " please ", ", could you ", ", can you please ", ", I want you to ", ", just ", ", make sure to ", ", you should ", "; ",
            " you ", ", kindly ", " just ", ", go ahead and ", " I'd like you to ", "... ", ", I need you to ", " then ", " always ", " automatically ", ", would you ")  # fmt: skip
_NAMED = _rows("+name {name}", "[rule|a rule|make a rule|create a rule|new rule|add a rule|set up a rule|a new rule] [called|named] {name}",
               "[call|name] [it|this|the rule] {name}")  # fmt: skip
