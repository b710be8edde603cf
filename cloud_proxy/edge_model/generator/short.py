"""Commands of a few letters: "5 on", "gpio 4?"."""

from __future__ import annotations

from . import chores, stiff
from .pins import rows as _rows

SHORT = [
    *stiff.VOICES,
    *chores.SHORT,
    *_rows(
        "gpio_write {p} on",
        "{p} on",
        "{p} high",
        "{p} = 1",
        "{p}: on",
        "[turn|switch] on {p}",
        "{p} to high",
    ),
    *_rows(
        "gpio_write {p} off",
        "{p} off",
        "{p} low",
        "{p} = 0",
        "{p}: off",
        "[turn|switch] off {p}",
        "{p} to low",
    ),
    *_rows("gpio_write {p} on", "[turn|switch] {p} on", "set {p} [high|on|to 1]", "on {num}"),
    *_rows("gpio_write {p} off", "[turn|switch] {p} off", "set {p} [low|off|to 0]", "off {num}"),
    *_rows("gpio_toggle {p}", "toggle {p}", "flip {p}", "invert {p}", "{p} toggle"),
    *_rows(
        "gpio_read {p}",
        "read {p}",
        "{p}?",
        "is {p} [on|high|off|low]",
        "state of {p}",
        "check {p}",
        "get {p}",
    ),
]
STATES = [row for row in SHORT if row[1].startswith("gpio_write")]
