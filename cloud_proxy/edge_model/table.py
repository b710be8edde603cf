"""The tools the model knows and the symbols it writes: one row a tool, one word a symbol."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: its key in the call and the kind of value it takes (see values.py)."""

    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    required come in this order; optional follow a key symbol. changes: it alters pins or what is
    stored.
    """

    required: tuple[Arg, ...] = ()
    optional: tuple[Arg, ...] = ()
    changes: bool = False
    step: bool = False  # may stand in the `do` of a rule


_PIN = Arg("pin", "pin")
TOOLS: dict[str, Tool] = {
    "gpio_write": Tool((_PIN, Arg("value", "bit")), changes=True, step=True),
    "gpio_read": Tool((_PIN,), step=True),
    "gpio_read_all": Tool(step=True),
    "gpio_toggle": Tool((_PIN,), changes=True, step=True),
    "pwm_write": Tool(
        (_PIN, Arg("duty_pct", "percent")), (Arg("freq_hz", "hertz"),), changes=True, step=True
    ),
    "adc_read": Tool((_PIN,), step=True),
    "servo_write": Tool((_PIN, Arg("angle_deg", "angle")), changes=True, step=True),
    "neopixel_write": Tool(
        (_PIN, Arg("rgb", "colour")), (Arg("count", "count"),), changes=True, step=True
    ),
    "dht_read": Tool((_PIN, Arg("model", "dht")), step=True),
    "ds18x20_read": Tool((_PIN,), step=True),
    "i2c_scan": Tool((Arg("sda", "pin"), Arg("scl", "pin"))),
    "memory_set": Tool((Arg("key", "key"), Arg("value", "text")), changes=True),
    "memory_get": Tool((Arg("key", "key"),)),
    "memory_list": Tool(),
    "memory_delete": Tool((Arg("key", "key"),), changes=True),
    "rule_set": Tool(
        (Arg("when", "when"), Arg("do", "steps")), (Arg("name", "name"),), changes=True
    ),
    "rule_list": Tool(),
    "rule_delete": Tool((Arg("name", "name"),), changes=True),
    "rule_enable": Tool((Arg("name", "name"), Arg("enabled", "flag")), changes=True),
    "get_time": Tool(),
    "set_timezone": Tool((Arg("timezone", "zone"),), changes=True),
    "get_status": Tool(step=True),
    "set_persona": Tool((Arg("persona", "persona"),), changes=True),
}
INTENTS = ("decline", "cannot", "refuse", "hello", "thanks", "bye", "help", "what_to_do")
CHOICES: dict[str, tuple[str, ...]] = {  # kind: symbols that are values of it
    "bit": ("off", "on"),
    "flag": ("off", "on"),
    "colour": ("off",),
    "dht": ("dht11", "dht22"),
    "persona": ("neutral", "friendly", "technical", "witty"),
    "edge": ("rising", "falling", "both"),
    "field": ("temperature_c", "humidity_pct"),
    "when": ("w_every", "w_in", "w_at", "w_edge", "w_above", "w_below"),
}
READS = ("adc_read", "dht_read", "ds18x20_read")  # what a rule may compare with a number
OPTIONS = {"freq_hz": "+freq_hz", "count": "+count", "name": "+name"}
END, ASK, ASK_NAMED = "end", "?", "?named"

SYMBOLS: tuple[str, ...] = tuple(
    dict.fromkeys(
        ("start", END, ASK, ASK_NAMED, *INTENTS, *TOOLS, *OPTIONS.values())
        + tuple(symbol for symbols in CHOICES.values() for symbol in symbols)
    )
)
SYMBOL_ID = {symbol: number for number, symbol in enumerate(SYMBOLS)}
MAX_CALLS = 8
MAX_ACTIONS = 64
