"""What fills the slots: pins and names of things, numbers, times, colours, keys and values."""

from __future__ import annotations

import random

from ..colours import COLOURS
from ..places import ZONES
from .pattern import Said, choose, slot

THINGS = (
    "led lamp light pump fan heater relay valve motor buzzer siren lock sprinkler boiler charger kettle radio "
    "screen bulb lights leds speaker mixer blower humidifier dehumidifier cooler freezer oven toaster printer "
    "projector router feeder compressor solenoid horn bell beacon laser vent thing one gate door blind curtain "
    "thermostat lantern chandelier strip fountain irrigation aquarium filter heating alarm display backlight "
    "transmitter camera magnet winch conveyor spotlight floodlight nightlight radiator extractor"
).split()
PLACES = (
    "kitchen garden front back bedroom bathroom garage hall living room greenhouse attic cellar office porch shed "
    "desk ceiling pond pool tank left right upper lower main second spare big small old new red green blue yellow "
    "white water air status night grow heating exhaust outdoor indoor balcony terrace chicken workshop stairs"
).split()
_SYLLABLES = "ba ko ri tal mun dex vor sil fen gra plo zu chi nex wob tor lam pek ost quin yar hup dro".split()
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def say_number(number: int, rng: random.Random, words: float = 0.15) -> str:
    """Return a number as digits, or (with this chance) as words up to a hundred."""
    if rng.random() > words or not 0 <= number <= 100:
        return str(number)
    if number <= 20:
        return _ONES[number]
    if number == 100:
        return rng.choice(["a hundred", "one hundred"])
    tens = _TENS[number // 10 - 2]
    return tens if number % 10 == 0 else tens + rng.choice(["-", " "]) + _ONES[number % 10]


def thing(rng: random.Random) -> str:
    """Return the name of something that hangs on a pin; now and then an invented word."""
    roll = rng.random()
    if roll < 0.45:
        return rng.choice(THINGS)
    if roll < 0.85:
        return f"{rng.choice(PLACES)} {rng.choice(THINGS)}"
    word = "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3))))
    return word if roll < 0.95 else f"{word} {rng.choice(THINGS)}"


def pin_number(rng: random.Random) -> str:
    """Return a pin number as a person writes it."""
    return say_number(rng.choice((rng.randint(0, 39), rng.randint(0, 39), rng.randint(1, 22), rng.randint(0, 48))), rng)


def remembered_pin(rng: random.Random) -> str:
    """Return a memory value that names a pin."""
    return choose(f"[gpio|pin|gpio|pin number|relay on gpio|GPIO|io|led on pin] {rng.randint(0, 39)}", rng)


_WITH_THING = "[the|the|my|] {t} [on|at|on|connected to|attached to|wired to] [pin|gpio|pin|pin number|io|] {n}"
_PLAIN = "[pin|gpio|pin|gpio|pin|pin number|gpio pin|io|output|the pin|digital pin|GPIO|p|d] {n}"


def _numbered(rng: random.Random, mark: str, pattern: str, name: str) -> Said:
    text = choose(pattern, rng).replace("{t}", name)
    before, after = text.split("{n}")
    if before.endswith(("gpio ", "GPIO ", "io ", "pin ", " p ", " d ")) and rng.random() < 0.2:
        before = before[:-1]
    number = pin_number(rng)
    if not before.endswith(" ") and before:
        number = str(rng.randint(0, 39))
    return Said([(before, ""), (number, mark), (after, "")], ["=" + mark])


def _pin(rng: random.Random, mark: str, bare: float, unknown: float, things: float = 0.3) -> Said:
    """A pin as a number, as a name the memory knows, as an unknown name, or not said at all."""
    roll = rng.random()
    name = thing(rng)
    if roll < bare:
        return Said([(pin_number(rng), mark)], ["=" + mark])
    if roll < bare + unknown:
        if rng.random() < 0.3:
            word = rng.choice(("it", "that", "this", "it", "that one", "this one", "the pin", "something", "them"))
            return Said([(word, "")], ["?"])
        article = rng.choice(("the ", "the ", "the ", "my ", "", "our "))
        other = {thing(rng): remembered_pin(rng)} if rng.random() < 0.4 else {}
        other.pop(name, None)
        return Said([(article, ""), (name, mark)], ["?named", ":" + mark], other)
    if roll < bare + unknown + 0.2:
        article = rng.choice(("the ", "the ", "the ", "my ", "", "our "))
        memory = {name: remembered_pin(rng)}
        if rng.random() < 0.5:
            memory[thing(rng)] = remembered_pin(rng)
        if rng.random() < 0.3:
            memory["name"] = "Alice"
        return Said([(article, ""), (name, mark)], ["=" + mark], dict(reversed(memory.items())))
    if rng.random() < things:
        said = _numbered(rng, mark, _WITH_THING, name)
        if rng.random() < 0.15:
            said.memory[name] = remembered_pin(rng)
        return said
    return _numbered(rng, mark, _PLAIN, name)


@slot("pin")
def _any_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.0, 0.16)


@slot("p")
def _short_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.3, 0.08)


@slot("num")
def _bare_pin(rng: random.Random, mark: str) -> Said:
    return Said([(pin_number(rng), mark)], ["=" + mark])


@slot("sure")
def _certain_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.0, 0.0)


def _kind_of_pin(*names: str, bare: str = "") -> None:
    """Register slots for pins of one kind of part: "the servo on pin 4", or a known or unknown name."""

    def part(rng: random.Random, mark: str) -> Said:
        name = rng.choice(names)
        if rng.random() < 0.3:
            name = f"{rng.choice(PLACES)} {name}"
        roll = rng.random()
        article = rng.choice(("the ", "the ", "my ", ""))
        if roll < 0.15:
            memory = {name: f"{bare} on gpio {rng.randint(0, 39)}".strip() if bare else remembered_pin(rng)}
            return Said([(article, ""), (name, mark)], ["=" + mark], memory)
        if roll < 0.27:
            return Said([(article, ""), (name, mark)], ["?named", ":" + mark])
        joint = "[on|on|at|connected to|wired to|] [pin|gpio|pin|pin number|io|]" if roll < 0.9 else ""
        said = _numbered(rng, mark, f"{article}{name} {joint} {{n}}".replace("  ", " "), name)
        return said

    slot(names[0])(part)


_kind_of_pin("servo", "servo motor", "servo", "arm servo", "servomotor")
_kind_of_pin("neopixel", "neopixels", "strip", "led strip", "pixels", "ring", "rgb strip", "ws2812", "pixel",
             "ws2812b strip", "light strip", "rgb led", "neopixel ring", "rgb light")  # fmt: skip
_kind_of_pin("analog", "sensor", "potentiometer", "pot", "light sensor", "ldr", "moisture sensor", "battery",
             "soil sensor", "photoresistor", "analog input", "analogue input", "knob", "joystick")  # fmt: skip
_kind_of_pin("button", "button", "switch", "door sensor", "motion sensor", "pir", "reed switch", "contact",
             "push button", "door contact", "limit switch", "pir sensor", "input", "doorbell")  # fmt: skip


@slot("pct")
def _percent(rng: random.Random, mark: str) -> Said:
    number = rng.choice((rng.randint(0, 100), rng.randrange(0, 101, 5), rng.randrange(0, 101, 10)))
    text = say_number(number, rng) + rng.choice(("%", "%", " %", " percent", " percent", " pct"))
    return Said([(text, mark)], ["=" + mark])


@slot("part")
def _part(rng: random.Random, mark: str) -> Said:
    return Said([(rng.choice(("half", "full", "maximum", "max", "minimum", "quarter")), mark)], ["=" + mark])


@slot("level")
def _level(rng: random.Random, mark: str) -> Said:
    if rng.random() < 0.7:
        return _percent(rng, mark)
    return Said([(say_number(rng.randint(0, 100), rng), mark)], ["=" + mark])


@slot("hz")
def _hertz(rng: random.Random, mark: str) -> Said:
    text = rng.choice(("50 hz", "1 kHz", "1000 Hz", "5 khz", "25 kHz", "100hz", "20 kilohertz", "440 hertz", "500 Hz",
                       f"{rng.randint(10, 20000)} Hz", f"{rng.randint(1, 40)} khz"))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


@slot("degrees")
def _degrees(rng: random.Random, mark: str) -> Said:
    number = rng.choice((rng.randint(0, 180), rng.randrange(0, 181, 15), 90, 45, 180))
    text = say_number(number, rng) + rng.choice((" degrees", " degrees", "\u00b0", " deg"))
    return Said([(text, mark)], ["=" + mark])


@slot("angle")
def _angle(rng: random.Random, mark: str) -> Said:
    if rng.random() < 0.5:
        return _degrees(rng, mark)
    return Said([(say_number(rng.choice((rng.randint(0, 180), 90, 45, 0)), rng), mark)], ["=" + mark])


@slot("middle")
def _middle(rng: random.Random, mark: str) -> Said:
    return Said([(rng.choice(("middle", "center", "centre")), mark)], ["=" + mark])


@slot("colour")
def _colour(rng: random.Random, mark: str) -> Said:
    if rng.random() < 0.06:
        return Said([(f"#{rng.randrange(1 << 24):06x}", mark)], ["=" + mark])
    return Said([(rng.choice(tuple(COLOURS)), mark)], ["=" + mark])


@slot("rgb")
def _rgb(rng: random.Random, mark: str) -> Said:
    joint = rng.choice((" ", ", ", ",", " / "))
    pieces: list[tuple[str, str]] = []
    letters = rng.random() < 0.2
    for n, name in enumerate(("r", "g", "b")):
        number = str(rng.choice((rng.randint(0, 255), 0, 255)))
        pieces += [((joint if n else "") + (name + " " if letters else ""), ""), (number, mark + name)]
    return Said(pieces, ["=" + mark + name for name in "rgb"])


@slot("count")
def _count(rng: random.Random, mark: str) -> Said:
    return Said([(say_number(rng.choice((8, 12, 16, 24, 30, rng.randint(2, 144))), rng), mark)], ["=" + mark])


@slot("dur")
def _duration(rng: random.Random, mark: str) -> Said:
    unit = rng.choice(("second", "second", "minute", "minute", "hour"))
    most = {"second": 90, "minute": 90, "hour": 24}[unit]
    number = rng.choice((rng.randint(2, most), rng.choice((5, 10, 15, 20)), rng.randint(2, 10)))
    roll = rng.random()
    if roll < 0.1:
        text = rng.choice(("half an hour", "an hour", "a minute", "half a minute", "an hour and a half", "one minute",
                           "a couple of minutes", "one hour", "1 minute", "1 hour", "a couple of hours", "2.5 minutes",
                           "quarter of an hour", "two and a half minutes", "1.5 hours", "one second"))  # fmt: skip
    elif roll < 0.18:
        text = f"{rng.randint(1, 5)} minute{rng.choice(('s', ''))} {rng.choice(('and ', ''))}{rng.randint(5, 55)} seconds"
    elif roll < 0.24:
        text = f"{rng.randint(1, 9)} h{rng.choice(('ours', 'r'))} and {rng.randint(5, 55)} min{rng.choice(('s', 'utes'))}"
    elif roll < 0.4:
        short = {"second": ("s", "sec", "secs"), "minute": ("min", "mins", "m"), "hour": ("h", "hrs", "hr")}[unit]
        text = f"{number}{rng.choice((' ', ''))}{rng.choice(short)}"
    else:
        text = f"{say_number(number, rng)} {unit}{'s' if rng.random() < 0.95 else ''}"
    return Said([(text, mark)], ["=" + mark])


@slot("unit")
def _unit(rng: random.Random, mark: str) -> Said:
    return Said([(rng.choice(("second", "minute", "hour", "minute", "half hour")), mark)], ["=" + mark])


@slot("rate")
def _rate(rng: random.Random, mark: str) -> Said:
    text = rng.choice(("once", "twice", "3 times", "four times", "10 times"))
    text += rng.choice((" a ", " per ", " every ")) + rng.choice(("minute", "hour"))
    return Said([("once a second" if rng.random() < 0.2 else text, mark)], ["=" + mark])


@slot("clock")
def _clock(rng: random.Random, mark: str) -> Said:
    hour, minute = rng.randint(1, 12), rng.choice((0, 15, 30, 45, rng.randint(0, 59)))
    spoken = say_number(hour, rng, 1.0)
    half = rng.choice(("am", "pm", " am", " pm", " AM", " p.m.", " a.m.", "pm", "am"))
    text = rng.choice((
        f"{rng.randint(0, 23):02d}:{minute:02d}", f"{rng.randint(0, 23)}:{minute:02d}", f"{hour}:{minute:02d}{half}",
        f"{hour}{half}", f"{hour}{half}", f"half past {rng.choice((str(hour), spoken))}", f"{hour} o'clock",
        f"quarter {rng.choice(('past', 'to'))} {rng.choice((str(hour), spoken))}", "noon", "midnight", "midday",
        f"{rng.choice((str(hour), spoken))}", f"{spoken} thirty", f"{spoken} o'clock", f"{hour}.{minute:02d}pm",
        f"{spoken}{half if half[0] == ' ' else ' ' + half}", f"ten past {spoken}", f"twenty to {spoken}",
    ))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


@slot("limit")
def _limit(rng: random.Random, mark: str) -> Said:
    number = rng.choice((rng.randint(-10, 45), rng.randint(15, 35), rng.randint(20, 30)))
    text = f"{number}.5" if rng.random() < 0.1 else say_number(number, rng)
    text += rng.choice(("", "", "", " degrees", " degrees", "\u00b0C", " C", " degrees celsius", "\u00b0", " celsius"))
    if rng.random() < 0.06:
        text = f"{rng.randint(50, 100)} {rng.choice(('F', 'fahrenheit', 'degrees F'))}"
    return Said([(text, mark)], ["=" + mark])


@slot("volts")
def _volts(rng: random.Random, mark: str) -> Said:
    text = rng.choice((f"{rng.randint(100, 3300)}", f"{rng.randint(100, 3300)} mV", f"{rng.randint(1, 3)} volts",
                       f"{rng.randint(0, 3)}.{rng.randint(1, 9)} V", f"{rng.randint(100, 3300)} millivolts",
                       f"{rng.randint(0, 3)}.{rng.randint(1, 9)} volts", f"{rng.randint(0, 3)}.{rng.randint(1, 9)}v"))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


@slot("zone")
def _zone(rng: random.Random, mark: str) -> Said:
    place = rng.choice(tuple(ZONES))
    text = rng.choice((place.title(), place, ZONES[place], ZONES[place]))
    text = text.upper() if place in ("utc", "gmt", "uk", "est", "pst") else text
    return Said([(text, mark)], ["=" + mark])


@slot("name")
def _rule_name(rng: random.Random, mark: str) -> Said:
    text = rng.choice((
        f"{rng.choice(PLACES)}_{rng.choice(THINGS)}", thing(rng), f"rule{rng.randint(1, 20)}", f"r{rng.randint(1, 20)}",
        f"{rng.choice(('blink', 'water', 'night', 'morning', 'daily', 'toggle', 'heat', 'cool', 'evening', 'guard'))}",
        f"{rng.choice(('blink', 'water', 'night', 'morning', 'check', 'toggle'))}_{rng.choice(THINGS)}",
        f"{rng.choice(('blink', 'morning', 'night', 'good', 'evening'))} {rng.choice(('light', 'routine', 'watering'))}",
        f"rule_{rng.randint(1, 20)}", f"{rng.randint(1, 9)}",
    ))  # fmt: skip
    return Said([(text, mark)], [":" + mark])
