"""Triggers by event, start and calendar; what narrows a trigger: conditions, lengths, rests."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from . import stiff
from .amounts import say_number
from .pattern import Said, fill, join, slot
from .pins import rows as _rows

_IF = "[if|when|whenever|once|as soon as|each time|every time]"
_BOARD = "[board|board|device|]"
EVENT = [
    *_rows("w_event {ename}", f"{_IF} [the|an|] event {{ename}} [arrives|comes in|is received|comes|happens|fires|occurs|is heard|is emitted|is sent|turns up]", f"{_IF} [you|the board|we] [get|receive|hear|see] [the|an|] event {{ename}}", "on [the|] event {ename}", "on [the|] event {ename}",
           f"{_IF} [another|some other|any|any other|a] board [sends|emits|says|broadcasts|reports|signals] [the event|] {{ename}}", f"{_IF} {{ename}} is [emitted|broadcast|received|sent]", f"{_IF} there is an event [called|named|] {{ename}}", "upon event {ename}", f"{_IF} somebody [emits|sends] {{ename}}", "on an incoming {ename} event",
           f"{_IF} the {{ename}} event [arrives|comes|fires|comes in|happens]", f"{_IF} you [receive|get|hear] [a|the] {{ename}} event"),
    *_rows("w_event {ename} +from {tag}", f"{_IF} [the|] event {{ename}} [arrives|comes|is received|comes in] from [the|] {{tag}} {_BOARD}", "on [the|] event {ename} from [the|] {tag} [board|]", f"{_IF} [the|] board {{tag}} [sends|emits|says|broadcasts|reports] [the event|] {{ename}}",
           f"{_IF} the {{tag}} board [sends|emits|says|broadcasts|reports] [the event|] {{ename}}", f"{_IF} {{tag}} emits {{ename}}", f"{_IF} you [get|hear|receive] [the event|] {{ename}} from [the|] {{tag}} {_BOARD}"),
    *stiff.EVENT * 2,
]  # fmt: skip
BOOT = _rows("w_boot", "[at|on|after|upon] [boot|startup|start-up|power on|power up|power-up|reboot|restart|start|booting|boot up|power-on]", "[when|whenever|every time|each time|as soon as|once] [you|it] [boot|start|start up|power up|restart|boot up|wake up|come up|are started|are switched on|are restarted]",
             "[when|whenever|every time|each time|as soon as|once] the board [boots|starts|starts up|powers up|restarts|boots up|comes up|is started|is powered|reboots|gets power|comes back]", "[after|on|at] [every|each|a|any] [restart|reboot|boot|power cut|start|startup|power failure|reset]", "at [each|every|the] [boot|start|startup]", "on every start of the board",
             "when power comes back", "right after [boot|startup|starting]", "first thing after [boot|a restart]", "during startup")  # fmt: skip
CRON = _rows("w_cron {cron}", "cron {cron}", "[on|by|with|using|at|per] cron {cron}", "[on|with|by|using] the cron [schedule|expression|line|string|rule|] {cron}", "cron [schedule|expression|line]: {cron}", "on [the|] schedule {cron}", "cron: {cron}", "following the cron {cron}", "cron '{cron}'", 'cron "{cron}"', "crontab {cron}", "schedule {cron}")  # fmt: skip
MONTHLY = _rows("w_monthly {nth} {mclock}", "on the {nth} [day|] of [every|each|the|a] month at {mclock}", "on the {nth} of [every|each|the] month at {mclock}", "[every|each] month on the {nth} at {mclock}", "monthly on the {nth} at {mclock}", "every {nth} of the month at {mclock}", "each {nth} of the month at {mclock}") + _rows(
    "w_monthly {nth} {mclock}", "at {mclock} on the {nth} of [every|each|the] month", "at {mclock} every {nth} of the month")  # fmt: skip


@slot("mclock")
def _plain_clock(rng: random.Random, mark: str) -> Said:
    hour, minute = rng.randint(1, 12), rng.choice((0, 15, 30, 45, rng.randint(0, 59)))
    half = rng.choice(("am", "pm", " am", " pm"))
    text = rng.choice((f"{rng.randint(0, 23):02d}:{minute:02d}", f"{rng.randint(0, 23)}:{minute:02d}", f"{hour}{half}", f"{hour}:{minute:02d}{half}", "noon", "midnight", f"half past {say_number(hour, rng, 0.6)}", f"{hour} o'clock", f"{hour}"))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


@slot("cron")
def _cron(rng: random.Random, mark: str) -> Said:
    minute = rng.choice(
        ("*/5", "*/10", "*/15", "*/2", "0", "30", "15", str(rng.randrange(60)), "0,30", "*")
    )
    hour = rng.choice(
        ("*", "*", str(rng.randrange(24)), "8-18", "*/2", "6,18", str(rng.randrange(24)))
    )
    days = rng.choice(("*", "*", "*", "1", "15", "1,15"))
    month = rng.choice(("*", "*", "*", "6-8", "12", "*"))
    weekday = rng.choice(("*", "*", "1-5", "0", "6", "mon-fri", "sat,sun", "1"))
    if "*" not in minute + hour + days + month + weekday:
        month = "*"
    return Said([(f"{minute} {hour} {days} {month} {weekday}", mark)], ["=" + mark])


@slot("nth")
def _nth(rng: random.Random, mark: str) -> Said:
    day = rng.randint(1, 28)
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day not in (11, 12, 13) else 0, "th")
    return Said([(rng.choice((f"{day}{suffix}", f"{day}{suffix}", "first", "1st", "15th", "tenth", "third", "fifth", "twenty-first", "twelfth", "twentieth", "second", "eighth")), mark)], ["=" + mark])  # fmt: skip


@slot("hour")
def _hour(rng: random.Random, mark: str) -> Said:
    hour, minute = rng.randint(1, 12), rng.choice((0, 0, 30, 15, 45))
    text = rng.choice((f"{rng.randint(0, 23):02d}:{minute:02d}", f"{rng.randint(0, 23)}:{minute:02d}", f"{hour}{rng.choice(('am', 'pm', ' am', ' pm'))}", f"{hour} {rng.choice(('am', 'pm'))}", f"{rng.randint(0, 23):02d}:00", f"{hour}:{minute:02d} {rng.choice(('am', 'pm'))}", str(rng.randint(0, 23)), str(rng.randint(5, 22))))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


_ONLY = "[only if|but only if|if|as long as|provided|only when|but only when|while|only while|and only if|on condition that|given that|so long as]"
_HOURS = _rows("if_time {hour} {hour2}", "[but only|only|but just|just|] between {hour} and {hour2}", "[but only|only|] from {hour} to {hour2}", f"{_ONLY} it is between {{hour}} and {{hour2}}", f"{_ONLY} [the time is|it's] between {{hour}} and {{hour2}}", "[but only|only|] [from|between] {hour} [until|till|to|and] {hour2}",
               "and it is between {hour} and {hour2}", "[only|] {hour} - {hour2}", "[only|but only|] during {hour} to {hour2}", "[only|but only|] after {hour} and before {hour2}")  # fmt: skip
_LEVELS = [
    *_rows("if_pin {pin2} on", f"{_ONLY} {{sure}} is [on|high|active|1|still on|switched on|running]", "and {sure} is [on|high]"),
    *_rows("if_pin {pin2} off", f"{_ONLY} {{sure}} is [off|low|inactive|0|still off|switched off|not on]".replace("|not on", ""), "and {sure} is [off|low]"),
]  # fmt: skip
_MEMORY = _rows("if_memory {mkey} {mvalue}", f"{_ONLY} the memory {{mkey}} [is|equals|says|holds|is set to] {{mvalue}}", f"{_ONLY} [memory|the memory key|the remembered|the stored] {{mkey}} [is|equals|says] {{mvalue}}", f"{_ONLY} {{mkey}} is remembered as {{mvalue}}", f"{_ONLY} {{mkey}} in memory is {{mvalue}}")  # fmt: skip


@slot("mkey")
def _memory_key(rng: random.Random, mark: str) -> Said:
    words = (
        "mode",
        "state",
        "season",
        "guest mode",
        "house mode",
        "status",
        "weather",
        "holiday",
        "alarm",
        "profile",
        "night mode",
        "scene",
        "owner",
        "who is home",
        "level",
    )
    return Said([(rng.choice(words[:-2]), mark)], [":" + mark])


@slot("mvalue")
def _memory_value(rng: random.Random, mark: str) -> Said:
    words = (
        "away",
        "home",
        "on",
        "off",
        "summer",
        "winter",
        "yes",
        "no",
        "armed",
        "night",
        "day",
        "active",
        "holiday",
        "guest",
        "auto",
        "manual",
        "open",
        "closed",
        "dry",
        "party",
    )
    return Said([(rng.choice([w for w in words if w != "no"]), mark)], [":" + mark])


def condition(rng: random.Random, mark: str) -> Said:
    """Return one condition of a rule: "but only between 22:00 and 6:00"."""
    rows = rng.choices((_HOURS, _LEVELS, _MEMORY), (0.42, 0.46, 0.12))[0]
    pattern, program = rng.choice(rows)
    return fill(pattern, program, rng, mark)


@slot("amount")
def _amount(rng: random.Random, mark: str) -> Said:
    text = rng.choice(
        (
            str(rng.randint(1, 5)),
            f"{rng.randint(0, 2)}.5",
            say_number(rng.randint(1, 5), rng, 0.5),
            str(rng.randint(1, 10)),
        )
    )
    text += rng.choice(
        ("", "", " degrees", " degree", "%" if rng.random() < 0.3 else " degrees", "\u00b0")
    )
    return Said([(text, mark)], ["=" + mark])


_FOR = _rows("+for_s {dur}", " for {dur}", " for [more than|at least|over|longer than|] {dur}", " for {dur} [straight|in a row|on end|running|or more|or longer]", " for a period of {dur}")  # fmt: skip
_HYSTERESIS = _rows("+hysteresis {amount}", "[,|] with [a|] hysteresis of {amount}", "[,|] with {amount} [of|] hysteresis", ", hysteresis {amount}", "[,|] with a {amount} hysteresis", " and a hysteresis of {amount}")  # fmt: skip
_REST = _rows("+min_s {dur}", "[, but|,|] at most once [every|per|in|in every] {dur}", "[, but|,|] [no|not] more [often|] than [once |][every|per] {dur}", "[,|] at most every {dur}", "[, but|,] [then|] not again for {dur}".replace(" not again for", " at most once in"), ", with a minimum of {dur} in between", ", with at least {dur} between") + _rows(
    "+min_s {onceper}", "[, but|,|] at most {onceper}", "[, but|,|] no more than {onceper}", ", maximum {onceper}") + stiff.REST  # fmt: skip
_POLL = _rows(
    "+poll_s {dur}",
    ", [checking|polling|checked|polled|measured|check] every {dur}",
    " [checking|measured] every {dur}",
)


@slot("onceper")
def _once(rng: random.Random, mark: str) -> Said:
    text = f"once {rng.choice(('a', 'per', 'an', 'every'))} {rng.choice(('minute', 'hour', 'day', 'second'))}"
    return Said(
        [
            (
                text.replace("a hour", "an hour")
                .replace("an minute", "a minute")
                .replace("an day", "a day")
                .replace("an second", "a second"),
                mark,
            )
        ],
        ["=" + mark],
    )


def narrowed(when: Said, rng: random.Random, mark: str) -> Said:
    """Return a trigger with what may follow its own words: how long, how often."""
    read = when.program[0] in ("w_above", "w_below") and "?" not in when.program
    parts: list[Said] = []
    if read and rng.random() < 0.16:
        parts.append(fill(*rng.choice(_FOR), rng, mark + "f"))
    if read and rng.random() < 0.09:
        parts.append(fill(*rng.choice(_HYSTERESIS), rng, mark + "h"))
    if read and not parts and rng.random() < 0.04:
        parts.append(fill(*rng.choice(_POLL), rng, mark + "p"))
    return join(when, *parts)


def rest(rng: random.Random, mark: str) -> Said:
    """Return how often a rule may fire: "at most once an hour"."""
    return fill(*rng.choice(_REST), rng, mark)


_CHECK = "[check|read|poll|look at|watch|measure]"
POLLED = [
    row
    for symbol, words in (("w_above", "[is above|is over|goes above|exceeds|rises above|is more than]"), ("w_below", "[is below|is under|drops below|falls below|is less than]"))
    for row in (
        *_rows(f"{symbol} dht_read {{sure}} dht22 temperature_c {{limit}} +poll_s {{dur}}", f"{_CHECK} the [dht22|DHT22] on {{sure}} every {{dur}} and [if|when|once|as soon as] it {words} {{limit}}", f"{_CHECK} the temperature of the dht22 on {{sure}} every {{dur}} and [if|when] it {words} {{limit}}"),
        *_rows(f"{symbol} dht_read {{sure}} dht11 temperature_c {{limit}} +poll_s {{dur}}", f"{_CHECK} the dht11 on {{sure}} every {{dur}} and [if|when|once] it {words} {{limit}}"),
        *_rows(f"{symbol} dht_read {{sure}} dht22 humidity_pct {{level}} +poll_s {{dur}}", f"{_CHECK} the humidity of the dht22 on {{sure}} every {{dur}} and [if|when] it {words} {{level}}"),
        *_rows(f"{symbol} ds18x20_read {{sure}} {{limit}} +poll_s {{dur}}", f"{_CHECK} the ds18b20 on {{sure}} every {{dur}} and [if|when|once] it {words} {{limit}}"),
        *_rows(f"{symbol} adc_read {{sure}} {{volts}} +poll_s {{dur}}", f"{_CHECK} the voltage on {{sure}} every {{dur}} and [if|when|once] it {words} {{volts}}"),
    )
]  # fmt: skip
_WORDS = re.compile(
    r"(?:if|when|whenever|once|as soon as|each time|every time|any time|the moment|the instant) ",
    re.IGNORECASE,
)


def clause(when: Said, mark: str) -> Said | None:
    """Return a trigger with the part after "when" marked, None if it has no such part."""
    first, *others = when.pieces
    found = _WORDS.match(first[0]) if not first[1] else None
    if found is None or not (first[0][found.end() :] or others):
        return None
    inner = [
        (first[0][: found.end()], ""),
        ("", "<" + mark),
        (first[0][found.end() :], ""),
        *others,
        ("", ">" + mark),
    ]
    return Said(inner, when.program, when.memory)
