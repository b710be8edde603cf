"""More ways to say when: days, clock times, edges, limits."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

from .pins import Row
from .pins import rows as _rows

_DAYS = (
    "every day|each day|daily|once a day|every morning|every evening|every night|on weekdays|every weekday|on weekends|"
    "at the weekend|every monday|on mondays|every friday|on saturdays and sundays|monday to friday|every weekend|"
    "on tuesday and thursday|mon, wed and fri|from monday to friday|on sundays|every tuesday|every sunday morning|"
    "monday through thursday|each saturday|on wednesdays|every afternoon|each morning|every single day|wednesdays|"
    "on working days|on mon and tue|every workday|on week days|weekdays|weekends|mornings|in the mornings|in the evenings|"
    "mon-fri|mon - fri|sat and sun|on weekend days|each weekday|all days|on all days|mondays|sundays and mondays|each night|"
    "monday till friday|tue to sat|on every monday|seven days a week|every working day|on fridays|fri and sat"
)
DAY = f"[{_DAYS}|{{days}}|{{days}}|{{days}}]"
_HALF = "[in the morning|in the evening|in the afternoon|at night|tonight|sharp|this evening|exactly|on the dot|o'clock|every day|daily|]"
IF = "[if|when|whenever|once|as soon as|each time|every time|any time|the moment|the instant|in case|the second|if ever|each time that|every time that|whenever it happens that|in the event that|in case that|the very moment]"
AT = [
    *_rows("w_at {clock}", f"at {{clock}} {_HALF}", f"around {{clock}} {_HALF}", f"{DAY} at {{clock}} {_HALF}", f"at {{clock}} {_HALF} {DAY}", f"{DAY}, {{bclock}},",
           "when [the clock shows|the clock says|the clock hits|the time is|it's|the time comes to] {clock}", "[as soon as|once] it's {clock}", "[the moment|the minute] it is {clock}", f"{DAY} starting at {{bclock}}"),
    *_rows("w_at {bclock}", "{bclock}", f"{DAY} {{bclock}}", f"{{bclock}} {DAY}", f"{DAY}: {{bclock}}", "at {bclock}", "at {bclock}", "at exactly {bclock}", f"{DAY} at {{bclock}}", f"at {{bclock}} {DAY}", "schedule for {bclock}", "[set|scheduled] for {bclock}", f"{DAY} when the clock [shows|hits|says] {{bclock}}"),
]  # fmt: skip
EVERY = _rows("w_every {dur}", "every {dur}", "each and every {dur}", "once each {dur}", "[always|regularly|periodically|automatically|repeatedly] every {dur}", "at {dur} intervals", "on a {dur} interval", "with {dur} between", "in a {dur} rhythm", "every {dur} from now on", "again every {dur}", "interval {dur}", "[with|at] an interval of {dur}") + _rows(
    "w_every {unit}", "once every {unit}", "once per {unit}", "each and every {unit}", "[always|automatically] every {unit}")  # fmt: skip
IN = _rows("w_in {dur}", "in {dur}", "after {dur}", "in exactly {dur}", "in just {dur}", "once {dur} is over", "when {dur} is up", "once {dur} are up", "as soon as {dur} have passed", "[give it|wait] {dur}, then", "{dur} after now", "with {dur} delay", "delayed by {dur}", "when {dur} have gone by", "in {dur} time", "{dur} from this moment")  # fmt: skip
_UP = "[goes high|goes up|rises|turns on|becomes high|comes on|gets high|turns high|is high|switches on|jumps to high|goes to high|transitions to high|changes to high|flips to high|is pulled high|is driven high|goes from low to high|becomes active|is set high|reads high|is on|hits high|reaches high|goes HIGH|goes to 1|becomes 1|equals 1|gets power]"
_DOWN = "[goes low|drops|falls|turns off|becomes low|drops low|gets low|turns low|is low|switches off|drops to low|goes to low|transitions to low|changes to low|flips to low|is pulled low|is driven low|goes from high to low|becomes inactive|is set low|reads low|is off|hits low|goes down|goes LOW|goes to 0|becomes 0|equals 0|loses power|is grounded|is pulled to ground]"
_MOVES = "[changes|toggles|flips|changes state|changes level|changes its state|switches|switches state|moves|is toggled|goes high or low|goes up or down|changes either way|changes value|goes on or off|alters]"
EDGE = [
    *_rows("w_edge {pin} rising", f"{IF} {{pin}} {_UP}", f"{IF} {{num}} {_UP}", f"{IF} [pin|gpio] {{num}} {_UP}", f"{IF} the [input|signal|level|sensor|line] [on|at|of] {{pin}} {_UP}", "[on|upon|at|with] a rising edge [on|of|at|from] {pin}", "[on|upon] rising edge [on|of|at] {pin}", "[on|upon|with] [the|] [activation|rise] of {pin}",
           f"{IF} you [see|detect|get|notice] a [high|rising edge|high level|high signal] [on|at] {{pin}}", f"{IF} [motion|movement|presence|a person|somebody|someone|something] is [detected|sensed|seen|noticed|spotted|registered] [by|on|at] {{pin}}", f"{IF} the [motion sensor|pir|pir sensor|motion detector|movement sensor|radar] [on|at] {{pin}} [triggers|fires|is triggered|goes off|detects motion|sees something|sees someone|detects movement|goes high|trips|is tripped|is activated|picks something up|senses motion]"),
    *_rows("w_edge {pin} falling", f"{IF} {{pin}} {_DOWN}", f"{IF} {{num}} {_DOWN}", f"{IF} [pin|gpio] {{num}} {_DOWN}", f"{IF} the [input|signal|level|sensor|line] [on|at|of] {{pin}} {_DOWN}", "[on|upon|at|with] a falling edge [on|of|at|from] {pin}", "[on|upon] falling edge [on|of|at] {pin}", "[on|upon|with] [the|] [deactivation|fall] of {pin}",
           f"{IF} you [see|detect|get|notice] a [low|falling edge|low level|low signal] [on|at] {{pin}}"),
    *_rows("w_edge {pin} both", f"{IF} {{pin}} {_MOVES}", f"{IF} {{num}} {_MOVES}", f"{IF} [pin|gpio] {{num}} {_MOVES}", f"{IF} the [input|signal|level|state|sensor] [on|at|of] {{pin}} {_MOVES}", "[on|upon|at|with] [any|every|each|a] [change|edge|transition|state change|level change] [of|on|at|in] {pin}", f"{IF} there [is|'s] [a|any] [change|edge|transition|activity] [on|at|in|of] {{pin}}", f"{IF} {{button}} [changes|changes state|toggles|opens or closes]"),
    *_rows("w_edge {button} falling", f"{IF} {{button}} is [pressed|pushed|hit|tapped|held|clicked|touched|pressed down|depressed]", f"{IF} [I|someone|somebody|anybody|anyone|a visitor|the user|a guest] [press|presses|push|pushes|hit|hits|click|clicks|taps|tap] {{button}}", "[on|upon|at|with] [a|each|every|] [press|push|click|tap] [of|on] {button}", "[on|upon] {button} press", "{button} [pressed|pushed]:", f"{IF} {{button}} [gets|is being] [pressed|pushed|hit]", "should {button} be pressed", f"{IF} {{button}} {_DOWN}"),
    *_rows("w_edge {button} rising", f"{IF} {{button}} is [released|let go|let go of|no longer pressed]", f"{IF} [I|someone|somebody|anyone] [release|releases|let go of|lets go of] {{button}}", "[on|upon] [release|the release] of {button}", f"{IF} {{button}} {_UP}"),
]  # fmt: skip
_ABOVE = "[is above|goes above|rises above|exceeds|is over|goes over|is higher than|gets above|climbs above|is greater than|is more than|goes beyond|climbs over|rises over|gets over|surpasses|goes higher than|crosses|goes past|gets past|is beyond|>|is larger than|has risen above|jumps above|shoots past|gets to more than|hits over]"
_BELOW = "[is below|goes below|falls below|drops below|is under|goes under|is lower than|gets below|sinks below|is less than|drops under|falls under|dips below|gets under|is beneath|goes lower than|<|is smaller than|has fallen below|has dropped below|gets to less than|dips under|sinks under|slips below]"


def _limits() -> list[Row]:
    found: list[Row] = []
    for symbol, words, than in (("w_above", _ABOVE, "[above|over|more than|higher than|beyond|greater than]"), ("w_below", _BELOW, "[below|under|less than|lower than|beneath]")):  # fmt: skip
        warm = "[warmer|hotter]" if symbol == "w_above" else "[colder|cooler]"
        wet = "[more humid|damper]" if symbol == "w_above" else "[drier|less humid]"
        for model, name in (("dht11", "[dht11|DHT11|dht 11]"), ("dht22", "[dht22|DHT22|dht 22|am2302]")):  # fmt: skip
            for field, what, limit in (("temperature_c", "[temperature|temp|air temperature|heat]", "{limit}"), ("humidity_pct", "[humidity|relative humidity|air humidity|moisture]", "{level}")):  # fmt: skip
                found += _rows(
                    f"{symbol} dht_read {{sure}} {model} {field} {limit}",
                    f"{IF} the {what} [on|of|from|at|measured by|reported by|according to|shown by] the {name} [sensor|] [on|at|connected to|wired to] {{sure}} {words} {limit}",
                    f"{IF} {what} ({name} [on|at|,|] {{sure}}) {words} {limit}",
                    f"{IF} the {name} [sensor|] [on|at] {{sure}} [shows|reads|reports|measures|says|sees|registers|has|gives] a {what} {than} {limit}",
                    f"{IF} the {name} {what} [on|at] {{sure}} {words} {limit}",
                    f"{IF} the {what} {words} {limit} [on|at|according to] the {name} [on|at] {{sure}}",
                    f"{IF} {what} {than} {limit} [on|at] the {name} [on|at] {{sure}}",
                    f"should the {what} of the {name} [on|at] {{sure}} [go|be|get] {than} {limit}",
                )
            found += _rows(
                f"{symbol} dht_read {{sure}} {model} temperature_c {{limit}}",
                f"{IF} the {name} [sensor|] [on|at|connected to] {{sure}} {words} {{limit}}",
                f"{IF} the {name} [sensor|] [on|at] {{sure}} [shows|reads|reports|measures|says] {than} {{limit}}",
                f"{IF} it [is|gets|becomes] {warm} than {{limit}} [at|on|by|near|according to] the {name} [on|at] {{sure}}",
                f"{IF} the {name} [on|at] {{sure}} [is|gets] {warm} than {{limit}}",
                f"{IF} it [is|gets] {than} {{limit}} [at|on|according to] the {name} [on|at] {{sure}}",
            )
            found += _rows(f"{symbol} dht_read {{sure}} {model} humidity_pct {{level}}", f"{IF} it [is|gets|becomes] {wet} than {{level}} [at|on|according to] the {name} [on|at] {{sure}}")  # fmt: skip
        probe = "[ds18b20|DS18B20|ds18b20 probe|ds18x20|ds18b20 sensor|ds18b20 thermometer]"
        found += _rows(
            f"{symbol} ds18x20_read {{sure}} {{limit}}",
            f"{IF} the {probe} [on|at|connected to] {{sure}} {words} {{limit}}",
            f"{IF} the [temperature|temp|water temperature] [of|on|from|at|measured by|according to] the {probe} [on|at] {{sure}} {words} {{limit}}",
            f"{IF} the {probe} [on|at] {{sure}} [shows|reads|reports|measures|says] {than} {{limit}}",
            f"{IF} it [is|gets] {warm} than {{limit}} [at|on|according to] the {probe} [on|at] {{sure}}",
            f"{IF} the {probe} [on|at] {{sure}} [is|gets] {warm} than {{limit}}",
            f"{IF} the temperature {words} {{limit}} [on|at|according to] the {probe} [on|at] {{sure}}",
        )
        found += _rows(
            f"{symbol} adc_read {{pin}} {{volts}}",
            f"{IF} the [voltage|analog value|analogue value|adc value|adc|adc reading|analog reading|analog input|input voltage|potential] [on|of|at|from] {{pin}} {words} {{volts}}",
            f"{IF} {{pin}} [reads|measures|shows|sees|has|is at] {than} {{volts}}",
            f"{IF} [pin|gpio|adc|analog] {{num}} [reads|measures|shows|sees] {than} {{volts}}",
            f"{IF} [adc|analog|the adc on|the analog pin] {{num}} {words} {{volts}}",
            f"{IF} there [is|are] {than} {{volts}} [on|at] {{pin}}",
            f"{IF} {{analog}} [reads|measures|shows|says] {than} {{volts}}",
            f"{IF} you measure {than} {{volts}} [on|at] {{pin}}",
        )
        found += _rows(
            f"{symbol} dht_read ?",
            f"{IF} [it|the room|the air|the greenhouse|the house] [is|gets|becomes] {warm}",
            f"{IF} the [temperature|humidity|temp] {words} [30|25 degrees|60%|40 percent|a limit]",
            f"{IF} it [is|gets] {warm} than [30|25 degrees|20 c]",
        )
    return found


READ = _limits()
