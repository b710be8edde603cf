"""Sentences that make a rule, and those with several calls."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from . import pins
from .pattern import Said, choose, fill, join, slot
from .pins import Row
from .pins import rows as _rows

_DAYS = (
    "every day|each day|daily|every morning|every evening|every night|on weekdays|every weekday|on weekends|"
    "at the weekend|every monday|on mondays|every friday|on saturdays and sundays|monday to friday|every weekend|"
    "on tuesday and thursday|mon, wed and fri|from monday to friday|on sundays|every tuesday|every sunday morning|"
    "monday through thursday|each saturday|on wednesdays|every afternoon|each morning|every single day|wednesdays|"
    "on working days|on mon and tue|every workday|on week days"
)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = f"[{_DAYS}|{{days}}|{{days}}|{{days}}]"
EVERY = _rows("w_every {dur}", "every {dur}", "every {dur}", "each {dur}", "once every {dur}", "once per {dur}",
              "at intervals of {dur}", "with an interval of {dur}", "repeatedly every {dur}", "over and over every {dur}",
              "with a period of {dur}", "in {dur} intervals") + _rows(
    "w_every {unit}", "every {unit}", "each {unit}", "every single {unit}"
) + _rows("w_every {rate}", "{rate}")  # fmt: skip
IN = _rows("w_in {dur}", "in {dur}", "in {dur}", "in {dur}", "after {dur}", "after {dur}", "after {dur}", "{dur} from now", "in about {dur}",
           "in {dur} from now", "wait {dur} and then", "once {dur} have passed",
           "when {dur} have passed", "{dur} later", "with a delay of {dur}", "after a delay of {dur}",
           "after waiting {dur}", "in {dur} time")  # fmt: skip
AT = [
    *_rows("w_at {clock}", "at {clock}", "at {clock}", "at {clock} [in the morning|in the evening|in the afternoon|at night|tonight|sharp]"),
    *_rows("w_at {clock}", f"at {{clock}} {_DAY}", f"{_DAY} at {{clock}}", f"{_DAY} at {{clock}}", "when it is {clock}", "when the clock strikes {clock}",
           "as soon as it is {clock}", f"{_DAY} when it is {{clock}}", f"{_DAY}, at {{clock}}"),
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
    *_rows("w_edge {pin} rising", f"{_IF} {{pin}} [goes|turns|gets|becomes|jumps|is] [high|HIGH|to high|to 1]",
           f"{_IF} {{pin}} [rises|goes up|comes on|turns on|switches on|is pulled high|reads high|reads 1]", "on a rising edge [on|of|at] {pin}",
           f"{_IF} there is a rising edge on {{pin}}", f"{_IF} {{num}} [goes high|rises]"),
    *_rows("w_edge {pin} falling", f"{_IF} {{pin}} [goes|turns|gets|becomes|drops|is] [low|LOW|to low|to 0]",
           f"{_IF} {{pin}} [falls|goes down|turns off|drops|switches off|is pulled low|reads low|reads 0]", "on a falling edge [on|of|at] {pin}",
           f"{_IF} there is a falling edge on {{pin}}", f"{_IF} {{num}} [goes low|drops low|falls]"),
    *_rows("w_edge {pin} both", f"{_IF} {{pin}} [changes|toggles|switches|flips|changes state|changes level|changes its state]",
           "on [any|every|each] [change|edge] [of|on] {pin}", f"{_IF} the [state|level] of {{pin}} changes",
           f"{_IF} {{button}} [changes|changes state|toggles|moves]"),
]  # fmt: skip
_OVER = "[is above|goes above|rises above|exceeds|is over|goes over|is higher than|gets above|climbs above|is greater than|is more than|goes beyond|gets hotter than|reaches more than|is hotter than|passes|tops|hits more than|>]"
_UNDER = "[is below|goes below|falls below|drops below|is under|goes under|is lower than|gets below|sinks below|is less than|drops under|gets colder than|is colder than|dips below|<]"


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


READ = _read_rows()
WHEN = ((EVERY, 0.23), (IN, 0.18), (AT, 0.22), (EDGE, 0.19), (READ, 0.18))
_CHANGES = (
    (pins.ON, 0.34),
    (pins.OFF, 0.28),
    (pins.TOGGLE, 0.14),
    (pins.PWM, 0.1),
    (pins.SERVO, 0.07),
    (pins.NEOPIXEL, 0.07),
)
_READS = ((pins.READ, 0.3), (pins.ADC, 0.3), (pins.DHT, 0.2), (pins.PROBE, 0.1), (pins.ALL, 0.1))
BLINK = _rows("gpio_toggle {pin}", "[blink|flash|toggle|pulse|wink|strobe] {pin}", "[blink|flash|toggle] {pin}",
              "make {pin} [blink|flash]", "let {pin} [blink|flash]", "have {pin} [blink|flash]", "toggle {pin}")  # fmt: skip


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


def rule(rng: random.Random) -> Said:
    """Return a sentence that makes one rule."""
    rows = rng.choices([rows for rows, _ in WHEN], [weight for _, weight in WHEN])[0]
    when = fill(*rng.choice(rows), rng, "w")
    if rows is EVERY and rng.random() < 0.5:
        action = fill(*rng.choice(BLINK), rng, "a")
    elif rng.random() < 0.12:
        action = reading(rng, "a")
    else:
        action = change(rng, "a")
    if rng.random() < 0.1:
        action = join(
            action, rng.choice((" and ", " then ", ", then ", " and then ")), change(rng, "b")
        )
    program = Said([], ["rule_set"])
    name = Said()
    if rng.random() < 0.09:
        name = fill(*rng.choice(_NAMED), rng, "n")
    roll = rng.random()
    comma = rng.choice((" ", ", ", " ", ", then " if rows in (EDGE, READ) else " "))
    if roll < 0.45:
        spoken = join(Said(when.pieces), comma, Said(action.pieces))
    else:
        spoken = join(Said(action.pieces), " ", Said(when.pieces))
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
    meant = join(program, name, when, action)
    return Said(spoken.pieces, meant.program, meant.memory)


_NAMED = _rows("+name {name}", "[rule|a rule|make a rule|create a rule|new rule|add a rule|set up a rule|a new rule] [called|named] {name}",
               "[call|name] [it|this|the rule] {name}")  # fmt: skip
_FOR = [
    *_rows("gpio_write {sure} on rule_set w_in {dur} gpio_write {sure} off", "[turn|switch] on {sure} for {dur}", "[turn|switch] {sure} on for {dur}",
           "[run|activate|power|start] {sure} for {dur}", "keep {sure} on for {dur}", "{sure} on for {dur}", "for {dur} turn on {sure}",
           "turn on {sure} [and|then] [turn|switch] it [back|] off [after|in] {dur}", "turn {sure} on, [wait|then wait] {dur}, then turn it off",
           "switch {sure} on and off again after {dur}"),
    *_rows("gpio_write {sure} off rule_set w_in {dur} gpio_write {sure} on", "[turn|switch] off {sure} for {dur}", "[turn|switch] {sure} off for {dur}",
           "turn off {sure} [and|then] [turn|switch] it back on [after|in] {dur}", "keep {sure} off for {dur}"),
    *_rows("rule_set w_at {clock} gpio_write {sure} on rule_set w_at {clock2} gpio_write {sure} off",
           "turn on {sure} at {clock} and [turn it|] off at {clock2}", f"{_DAY} turn {{sure}} on at {{clock}} and off at {{clock2}}",
           "turn {sure} on at {clock} and off at {clock2}", "switch {sure} on at {clock} and [switch it|] off [again|] at {clock2}",
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
    *_rows("rule_set ?", "[make|create|add|set up|set] a [rule|schedule|timer|new rule|automation]", "schedule [something|{sure}]", "I want a [rule|schedule|timer]"),
    *_rows("rule_set w_at ?", "turn {sure} on [later|at some point|in the evening|in the morning|every evening|every day|daily|at night]", "[schedule|turn on] {sure} every [morning|evening|day]"),
    *_rows("rule_set w_in {dur} ?", "in {dur}", "[set a|] timer [for|of] {dur}", "wait {dur}", "after {dur} do something"),
    *_rows("rule_set w_every {dur} ?", "every {dur}", "do something every {dur}"),
]  # fmt: skip


def several(rng: random.Random) -> Said:
    """Return a sentence with several calls, or a rule that lacks something."""
    if rng.random() < 0.62:
        return fill(*rng.choice(_FOR), rng)
    parts: list[Said | str] = []
    for n in range(rng.choice((2, 2, 2, 3))):
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
                        " & ",
                        " and also ",
                        " plus ",
                        " after that ",
                    )
                )
            )
        parts.append(reading(rng, f"s{n}") if rng.random() < 0.25 else change(rng, f"s{n}"))
    return join(*parts)
