"""Clauses of any tool that may stand beside others, and what stands between them."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import itertools
import random
import re

from . import mind, pins, scripts, switching, voices
from .pairs import words
from .pattern import Said, fill, join
from .pins import Row

JOINTS = (
    *(" and ",) * 6, *(", and ",) * 3, *(", then ",) * 2, *(" and then ",) * 2, " then ", ", and then ", ", ", "; ", ". ", " & ",
    " and also ", ", and also ", ", also ", ". Also, ", " plus ", ", plus ", " after that ", ", after that ", " and after that ", ". After that, ",
    ", oh and ", " oh and ", " - oh, and ", ", and while you are at it ", " and while you're at it, ", ", while you are at it ", ", next ", " and next ", ". Next, ", ". Then ",
    " and please ", ", and please ", " and can you ", ", and could you ", " and afterwards ", ", afterwards ", "; then ", ", and finally ", "; and ", ". And ",
)  # fmt: skip
FIRM = (" and ", ", and ", ", then ", " and then ", ". ", "; ", ". Then ", ", and also ", " and also ", ", and then ")  # fmt: skip
_ASKED = ("? ", "? And ", " and ", ", and ", "? Also, ", "? Then ")
QUESTION = re.compile(
    r"(what|which|is|are|how|has|did|do (you|I)|does|have you|have I|who|where|got)\b",
    re.IGNORECASE,
)
DENIED = re.compile(r"\b(not|no|never|none|nothing|instead|without|avoid)\b|n't\b", re.IGNORECASE)
UNCLEAR = re.compile(r"[.;?!] |\bI mean\b|, it'?s? |^it'?s? |\b(again|instead)\b.*\bI\b")
_HOUR = re.compile(r"\b(noon|midnight|morning)\b")
_UNSURE = re.compile(r"\b(if|whether|when)\b")


def complete(rows: list[Row]) -> list[Row]:
    """Return the rows that lack nothing, with pins that somebody knows."""
    return [
        (pattern.replace("{pin}", "{sure}"), program.replace("{pin}", "{sure}"))
        for pattern, program in rows
        if "?" not in program.split()
    ]


_KEPT = [
    row for row in mind.MEMORY_SET if row[0].endswith("{fact}") and not row[0].startswith("{")
]
_SAY: dict[str, list[Row]] = {
    tool: complete([row for row in rows_ if row[1].split()[0] == tool])
    for tool, rows_ in (
        ("gpio_write", switching.ON + switching.OFF),
        ("gpio_toggle", switching.TOGGLE),
        ("pwm_write", voices.PWM),
        ("servo_write", voices.SERVO),
        ("neopixel_write", voices.NEOPIXEL),
        ("gpio_read", pins.READ + voices.READ_ASK),
        ("gpio_read_all", voices.ALL),
        ("adc_read", pins.ADC + voices.ADC_ASK),
        ("dht_read", pins.DHT + voices.DHT_ASK),
        ("ds18x20_read", voices.PROBE),
        ("i2c_scan", pins.I2C + scripts.I2C),
        ("i2c_read", scripts.I2C),
        ("i2c_write", scripts.I2C),
        ("i2c_write_read", scripts.I2C),
        ("memory_set", _KEPT),
        ("memory_get", mind.MEMORY_GET),
        ("memory_list", mind.MEMORY_LIST),
        ("memory_delete", mind.MEMORY_DELETE),
        ("device_list", scripts.DEVICE_LIST),
        ("device_delete", scripts.DEVICE_DELETE),
        ("rule_list", voices.RULE_LIST),
        ("rule_delete", mind.RULE_DELETE),
        ("rule_enable", mind.RULE_ENABLE),
        ("script_run", scripts.RUN),
        ("script_list", scripts.LIST),
        ("script_delete", scripts.DELETE),
        ("get_time", voices.TIME),
        ("set_timezone", mind.ZONE),
        ("get_status", voices.STATUS + mind.SCOPED),
        ("set_persona", mind.PERSONA),
    )
}
_PURPOSE = (" for me", " for us", " for the log", " for the chart", " for our diary", " for the weather chart", " for the kids", " quickly", " please", " real quick",
    " for my records")  # fmt: skip
TOOLS = (*_SAY, "gpio_write", "gpio_write", "pwm_write", "gpio_read", "device_set")


def half(rng: random.Random, mark: str, tool: str, last: bool) -> Said:
    """Return a sentence of one tool that may stand beside another one."""
    while True:
        said = (
            scripts.device_set(rng)
            if tool == "device_set"
            else fill(*rng.choice(_SAY[tool]), rng, mark)
        )
        text = "".join(piece for piece, _ in said.pieces)
        if "?" in said.program or "?named" in said.program or UNCLEAR.search(text):
            continue
        spoken = "".join(piece for piece, marked in said.pieces if not marked)
        if DENIED.search(spoken.replace("n't forget", "").replace("not forget", "")):
            continue
        if tool == "get_time" and _HOUR.search(spoken):
            continue
        if not last and _UNSURE.search(spoken):
            continue
        if (
            tool == "set_persona"
            and text.startswith(("be ", "act ", "sound "))
            and rng.random() < 0.35
        ):
            return join(
                said,
                rng.choice(
                    (" with me", " to me", " with us", " to us", " please", " with everybody")
                ),
            )
        if tool.endswith("_read") and not QUESTION.match(text) and rng.random() < 0.1:
            return join(said, rng.choice(_PURPOSE))
        return said


def joint(rng: random.Random, first: Said, second: Said) -> str:
    """Return what stands between two parts, so that their ends are not read as one."""
    one, two = words(first), words(second)
    if QUESTION.match(one) and rng.random() < 0.7:
        return rng.choice(_ASKED)
    if one[-1:].isdigit() and two[:1].isdigit():
        return rng.choice(("; ", ". ", ", then ", " then "))
    if first.program[0] in ("memory_set", "device_set", "memory_delete", "set_persona"):
        return rng.choice(FIRM)
    if QUESTION.match(two):
        return rng.choice((*FIRM, *JOINTS[:9]))
    found = rng.choice(JOINTS)
    return found.replace("can you", "can you please") if rng.random() < 0.2 else found


def chain(rng: random.Random, parts: list[Said]) -> Said:
    """Return whole clauses one after the other, each with its own joint."""
    said = parts[0]
    first = rng.random() < 0.05 and not QUESTION.match(words(said))
    if first:
        said = join(rng.choice(("first ", "first, ", "first of all ")), said)
    for before, part in itertools.pairwise(parts):
        between = rng.choice((", then ", " and then ", ". Then ", " then ", "; then "))
        said = join(said, between if first else joint(rng, before, part), part)
    if rng.random() < 0.07 and not QUESTION.match(words(parts[-1])):
        said = join(said, rng.choice((" as well", " too", ", too", " as well please", " also")))
    return said
