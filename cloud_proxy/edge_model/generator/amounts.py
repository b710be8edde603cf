"""What fills the slots: numbers, percents, angles, times, lengths of time, colours, places."""

from __future__ import annotations

import random

from ..colours import COLOURS
from ..listed import spaced
from ..places import ZONES
from .pattern import Said, slot

_ONES = spaced(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def say_number(number: int, rng: random.Random, words: float = 0.2) -> str:
    """Return a number as digits, or (with this chance) as words up to a hundred."""
    if rng.random() > words or not 0 <= number <= 100:
        return str(number)
    if number == 100:
        return rng.choice(["a hundred", "one hundred"])
    said = spoken(number)
    return said.replace(" ", "-") if rng.random() < 0.5 else said


def spoken(number: int) -> str:
    """Return a number from 0 to 999 in words."""
    if number >= 100:
        rest = f" and {spoken(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    if number <= 20:
        return _ONES[number]
    tens = _TENS[number // 10 - 2]
    return tens if number % 10 == 0 else f"{tens} {_ONES[number % 10]}"


@slot("pct")
def _percent(rng: random.Random, mark: str) -> Said:
    number = rng.choice((rng.randint(0, 100), rng.randrange(0, 101, 5), rng.randrange(0, 101, 10)))
    if rng.random() < 0.05:
        return Said(
            [(f"{rng.randint(0, 99)}.5{rng.choice(('%', ' %', ' percent'))}", mark)], ["=" + mark]
        )
    text = say_number(number, rng) + rng.choice(("%", "%", " %", " percent", " percent", " pct"))
    return Said([(text, mark)], ["=" + mark])


@slot("part")
def _part(rng: random.Random, mark: str) -> Said:
    return Said(
        [
            (
                rng.choice(
                    (
                        "half",
                        "full",
                        "maximum",
                        "max",
                        "minimum",
                        "quarter",
                        "three quarters",
                        "two thirds",
                    )
                ),
                mark,
            )
        ],
        ["=" + mark],
    )


@slot("level")
def _level(rng: random.Random, mark: str) -> Said:
    if rng.random() < 0.7:
        return _percent(rng, mark)
    return Said([(say_number(rng.randint(0, 100), rng), mark)], ["=" + mark])


@slot("hz")
def _hertz(rng: random.Random, mark: str) -> Said:
    text = rng.choice(
        (
            "50 hz",
            "1 kHz",
            "1000 Hz",
            "5 khz",
            "25 kHz",
            "100hz",
            "20 kilohertz",
            "440 hertz",
            "500 Hz",
            f"{rng.randint(10, 20000)} Hz",
            f"{rng.randint(1, 39)} khz",
        )
    )
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
    return Said(
        [(say_number(rng.choice((rng.randint(0, 180), 90, 45, 0)), rng), mark)], ["=" + mark]
    )


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
    joint = rng.choice((" ", " ", ", ", ", ", ",", " / ", "/", ";", " , "))
    names = rng.choice(
        (("", "", ""),) * 5 + (("r ", "g ", "b "), ("r=", "g=", "b="), ("red ", "green ", "blue "))
    )
    front, back = rng.choice((("", ""),) * 5 + (("(", ")"), ("rgb(", ")"), ("[", "]")))
    pieces: list[tuple[str, str]] = [(front, "")]
    for n, name in enumerate("rgb"):
        number = str(rng.choice((rng.randint(0, 255), 0, 255, rng.randint(0, 99))))
        gap = rng.choice((joint, " and ")) if n == 2 and rng.random() < 0.2 else joint
        pieces += [((gap if n else "") + names[n], ""), (number, mark + name)]
    pieces.append((back, ""))
    return Said(pieces, ["=" + mark + name for name in "rgb"])


@slot("count")
def _count(rng: random.Random, mark: str) -> Said:
    return Said(
        [(say_number(rng.choice((8, 12, 16, 24, 30, rng.randint(2, 64))), rng), mark)],
        ["=" + mark],
    )


@slot("dur")
def _duration(rng: random.Random, mark: str) -> Said:
    unit = rng.choice(("second", "second", "minute", "minute", "hour"))
    most = {"second": 90, "minute": 90, "hour": 24}[unit]
    number = rng.choice((rng.randint(2, most), rng.choice((5, 10, 15, 20)), rng.randint(2, 10)))
    roll = rng.random()
    if roll < 0.1:
        text = rng.choice(
            (
                "half an hour",
                "an hour",
                "a minute",
                "half a minute",
                "an hour and a half",
                "one minute",
                "a couple of minutes",
                "one hour",
                "1 minute",
                "1 hour",
                "a couple of hours",
                "2.5 minutes",
                "quarter of an hour",
                "two and a half minutes",
                "1.5 hours",
                "one second",
            )
        )
    elif roll < 0.12:
        text = rng.choice(
            ("two days", "3 days", "a day", "a week", "2 weeks", "three quarters of an hour")
            + ("two minutes", f"{rng.randint(2, 10)} days", f"{rng.randint(2, 14)} days")
            + ("one day", "a second", "ninety seconds", "90 mins")
        )
    elif roll < 0.19:
        joint = rng.choice(("s and", "s", " and", ""))
        text = f"{rng.randint(1, 5)} minute{joint} {rng.randint(5, 55)} seconds"
    elif roll < 0.24:
        joint = rng.choice(("hours and", "hr", "h"))
        text = (
            f"{rng.randint(1, 9)} {joint} {rng.randint(5, 55)} {rng.choice(('mins', 'minutes'))}"
        )
    elif roll < 0.4:
        short = {
            "second": ("s", "sec", "secs"),
            "minute": ("min", "mins", "m"),
            "hour": ("h", "hrs", "hr"),
        }[unit]
        text = f"{number}{rng.choice((' ', ''))}{rng.choice(short)}"
    else:
        text = f"{say_number(number, rng)} {unit}{'s' if rng.random() < 0.95 else ''}"
    return Said([(text, mark)], ["=" + mark])


@slot("unit")
def _unit(rng: random.Random, mark: str) -> Said:
    return Said(
        [(rng.choice(("second", "minute", "hour", "minute", "half hour")), mark)], ["=" + mark]
    )


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
    text = rng.choice(
        (
            f"{rng.randint(0, 23):02d}:{minute:02d}",
            f"{rng.randint(0, 23)}:{minute:02d}",
            f"{hour}:{minute:02d}{half}",
            f"{hour}{half}",
            f"{hour}{half}",
            f"half past {rng.choice((str(hour), spoken))}",
            f"{hour} o'clock",
            f"quarter {rng.choice(('past', 'to'))} {rng.choice((str(hour), spoken))}",
            "noon",
            "midnight",
            "midday",
            f"{rng.choice((str(hour), spoken))}",
            f"{spoken} thirty",
            f"{spoken} o'clock",
            f"{hour}.{minute:02d}pm",
            f"{spoken}{half if half[0] == ' ' else ' ' + half}",
            f"ten past {spoken}",
            f"twenty to {spoken}",
            f"half {spoken}",
            f"{rng.randint(0, 23):02d}.{minute:02d}",
            f"{rng.randint(0, 23):02d}{minute:02d}",
            f"five to {spoken}",
            f"{rng.choice(('five', 'twenty-five', 'twenty'))} past {rng.choice((str(hour), spoken))}",  # noqa: E501
        )
    )
    return Said([(text, mark)], ["=" + mark])


@slot("limit")
def _limit(rng: random.Random, mark: str) -> Said:
    number = rng.choice((rng.randint(-10, 45), rng.randint(15, 35), rng.randint(20, 30)))
    text = f"{number}.5" if rng.random() < 0.1 else say_number(number, rng)
    if rng.random() < 0.06:
        text = f"{rng.choice(('minus', 'minus', 'negative'))} {say_number(abs(number), rng)}"
    elif rng.random() < 0.04:
        text = f"{spoken(abs(number))} {rng.choice(('and a half', 'point five', 'and a quarter'))}"
    text += rng.choice(
        (
            "",
            "",
            "",
            " degrees",
            " degrees",
            "\u00b0C",
            " C",
            " degrees celsius",
            "\u00b0",
            " celsius",
        )
    )
    if rng.random() < 0.06:
        text = f"{rng.randint(50, 100)} {rng.choice(('F', 'fahrenheit', 'degrees F'))}"
    return Said([(text, mark)], ["=" + mark])


@slot("volts")
def _volts(rng: random.Random, mark: str) -> Said:
    text = rng.choice(
        (
            f"{rng.randint(100, 3300)}",
            f"{rng.randint(100, 3300)} mV",
            f"{rng.randint(1, 3)} volts",
            f"{rng.randint(0, 3)}.{rng.randint(1, 9)} V",
            f"{rng.randint(100, 3300)} millivolts",
            f"{rng.randint(0, 3)}.{rng.randint(1, 9)} volts",
            f"{rng.randint(0, 3)}.{rng.randint(1, 9)}v",
            f"{spoken(rng.randint(1, 3))} {rng.choice(('and a half', 'and a quarter'))} volts",
            f"{spoken(rng.randint(0, 3))} point {spoken(rng.randint(1, 9))} volts",
            f"{spoken(rng.randint(1, 3))} volts",
        )
    )
    return Said([(text, mark)], ["=" + mark])


@slot("zone")
def _zone(rng: random.Random, mark: str) -> Said:
    place = rng.choice(tuple(ZONES))
    text = rng.choice((place.title(), place, ZONES[place], ZONES[place]))
    text = text.upper() if place in ("utc", "gmt", "uk", "est", "pst") else text
    return Said([(text, mark)], ["=" + mark])
