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
    step: bool = False  # may stand in the steps of a rule or a script
    talk: bool = True  # may be called in a conversation


_PIN = Arg("pin", "pin")
_BUS = (Arg("sda", "pin"), Arg("scl", "pin"), Arg("address", "address"))
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
    "i2c_scan": Tool(_BUS[:2], step=True),
    "i2c_read": Tool((*_BUS, Arg("length", "length")), step=True),
    "i2c_write": Tool((*_BUS, Arg("data_hex", "data")), changes=True, step=True),
    "i2c_write_read": Tool(
        (*_BUS, Arg("write_hex", "register"), Arg("length", "length")), step=True
    ),
    "memory_set": Tool((Arg("key", "key"), Arg("value", "text")), changes=True),
    "memory_get": Tool((Arg("key", "key"),)),
    "memory_list": Tool(),
    "memory_delete": Tool((Arg("key", "key"),), changes=True),
    "device_set": Tool(
        (Arg("name", "name"), Arg("kind", "thing"), _PIN),
        (
            Arg("inverted", "yes"),
            Arg("max_on_s", "seconds"),
            Arg("safe", "bit"),
            Arg("min_off_s", "seconds"),
            Arg("not_with", "name"),
        ),
        changes=True,
    ),
    "device_list": Tool(),
    "device_delete": Tool((Arg("name", "name"),), changes=True),
    "rule_set": Tool(
        (Arg("when", "when"), Arg("do", "steps")), (Arg("name", "rule"),), changes=True
    ),
    "rule_list": Tool(),
    "rule_delete": Tool((Arg("name", "rule"),), changes=True),
    "rule_enable": Tool((Arg("name", "rule"), Arg("enabled", "flag")), changes=True),
    "script_set": Tool((Arg("name", "slug"), Arg("steps", "steps")), changes=True),
    "script_run": Tool((Arg("name", "slug"),), changes=True, step=True),
    "script_list": Tool(),
    "script_delete": Tool((Arg("name", "slug"),), changes=True),
    "delay": Tool((Arg("ms", "ms"),), step=True, talk=False),
    "notify": Tool((Arg("text", "said"),), step=True, talk=False),
    "ask": Tool((Arg("prompt", "said"),), step=True, talk=False),
    "emit": Tool((Arg("event", "slug"),), (Arg("tag", "slug"),), step=True, talk=False),
    "get_time": Tool(),
    "set_timezone": Tool((Arg("timezone", "zone"),), changes=True),
    "get_status": Tool((), (Arg("scope", "scope"),), step=True),
    "set_persona": Tool((Arg("persona", "persona"),), changes=True),
}
INTENTS = ("decline", "cannot", "refuse", "hello", "thanks", "bye", "help", "what_to_do")
CHOICES: dict[str, tuple[str, ...]] = {  # kind: symbols that are values of it
    "bit": ("off", "on"),
    "flag": ("off", "on"),
    "yes": ("on",),
    "colour": ("off",),
    "dht": ("dht11", "dht22"),
    "persona": ("neutral", "friendly", "technical", "witty"),
    "scope": ("heap", "link", "rules"),
    "thing": (
        *("led", "relay", "lamp", "pump", "valve", "fan", "heater", "button", "sensor", "servo"),
        "other",
    ),
    "edge": ("rising", "falling", "both"),
    "field": ("temperature_c", "humidity_pct"),
    "when": (
        *("w_every", "w_in", "w_at", "w_edge", "w_above", "w_below"),
        *("w_event", "w_boot", "w_cron", "w_monthly"),
    ),
}
READS = ("adc_read", "dht_read", "ds18x20_read")  # what a rule may compare with a number
OPTIONS = {
    "freq_hz": "+freq_hz",
    "count": "+count",
    "name": "+name",
    "tag": "+tag",
    "scope": "+scope",
    "inverted": "+inverted",
    "max_on_s": "+max_on_s",
    "safe": "+safe",
    "min_off_s": "+min_off_s",
    "not_with": "+not_with",
}
TRIGGER_OPTIONS: dict[str, Arg] = {  # what may follow a trigger, by its symbol
    "+from": Arg("from", "slug"),
    "+for_s": Arg("for_s", "seconds"),
    "+hysteresis": Arg("hysteresis", "amount"),
    "+poll_s": Arg("poll_s", "seconds"),
    "+min_s": Arg("min_s", "seconds"),
}
CONDITIONS = ("if_time", "if_pin", "if_memory")
REPEAT, DONE = "repeat", "done"
END, ASK, ASK_NAMED = "end", "?", "?named"

SYMBOLS: tuple[str, ...] = tuple(
    dict.fromkeys(
        ("start", END, ASK, ASK_NAMED, *INTENTS, *TOOLS, *OPTIONS.values(), *TRIGGER_OPTIONS)
        + (*CONDITIONS, REPEAT, DONE)
        + tuple(symbol for symbols in CHOICES.values() for symbol in symbols)
    )
)
SYMBOL_ID = {symbol: number for number, symbol in enumerate(SYMBOLS)}
MAX_CALLS = 8
MAX_STEPS = 12
MAX_ACTIONS = 64
