"""More voices: other words, other orders, other moods for what `pins` and `mind` say already."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from . import chores, mind, pins
from .amounts import say_number
from .pattern import Said, choose, join, slot
from .pins import rows as _rows
from .slots import THINGS


@slot("portion")
def _portion(rng: random.Random, mark: str) -> Said:
    """A part of the whole, said with its article: the word that counts is marked."""
    front, word = rng.choice(
        (("a ", "third"), ("one ", "third"), ("a ", "quarter"), ("one ", "quarter"), ("", "half"), ("", "two thirds"), ("", "three quarters"), ("one ", "half"),
         ("", "full"), ("", "maximum"), ("", "max"), ("", "minimum"), ("a ", "half"), ("the ", "maximum"), ("the ", "minimum"))
    )  # fmt: skip
    return Said([(front, ""), (word, mark)], ["=" + mark])


@slot("utmost")
def _utmost(rng: random.Random, mark: str) -> Said:
    """Full power in other words: "full blast"."""
    word, rest = (
        rng.choice(("full", "full", "full", "half", "maximum")),
        "[blast|tilt|throttle|steam|whack|power|speed|brightness]",
    )
    return Said([(word, mark), (" " + choose(rest, rng), "")], ["=" + mark])


_OF = "[of its|of the|of full|of maximum|of its full|]"
_MUCH = "[brightness|power|speed|duty|intensity|strength|duty cycle|throttle|force|level]"
PWM = [
    *pins.PWM,
    *chores.PWM,
    *_rows(
        "pwm_write {pin} {portion}",
        f"[dim|fade|set|put|bring|turn|reduce|lower|raise|run|drive] {{pin}} to {{portion}} [{_MUCH}|]",
        f"[run|drive|operate|keep|have] {{pin}} at {{portion}} {_OF} {_MUCH}",
        f"[run|drive|operate] {{pin}} at {{portion}} [{_MUCH}|]",
        f"[set|turn|dim] {{pin}} to {{portion}} {_OF} {_MUCH}",
        f"{{pin}} at {{portion}} {_MUCH}",
        f"give {{pin}} {{portion}} {_MUCH}",
    ),
    *_rows("pwm_write {pin} {utmost}", "[run|drive|set|put|turn|have|start|fire|crank] {pin} [at|to|on|] {utmost}", "{pin} [at|on|to|] {utmost}"),
    *_rows("pwm_write {pin} {portion}", f"{{pin}} {{portion}} {_MUCH}", f"{{portion}} {_MUCH} [on|for|at] {{pin}}", f"{{pin}} to {{portion}} [{_MUCH}|]"),
    *_rows(
        "pwm_write {pin} {pct}",
        f"[dim|fade|brighten|lower|raise] {{pin}} [down|up|] to [about|around|exactly|roughly|just|only|] {{pct}} [{_MUCH}|]",
        f"[make|have|let] {{pin}} [run|shine|glow|spin|go|burn|turn] [at|with] {{pct}} [{_MUCH}|]",
        f"[run|spin|drive|operate|power] {{pin}} [at|with] {{pct}} [{_MUCH}|]",
        f"{{pct}} {_MUCH} [on|for|to|at] {{pin}}",
        f"[I want|I'd like|I need|we need] {{pin}} [at|on] {{pct}} [{_MUCH}|]",
        f"[set|adjust|change|bring|put|fix] the {_MUCH} [of|on|for|at] {{pin}} [to|at] {{pct}}",
        "[pwm_write|pwm|pwm write|analogWrite|duty] {num} {pct}",
        "pwm_write({num}, {pct})",
        "set [the|] pwm [on|of|for] {pin} to {pct} [duty|duty cycle|]",
        "pwm on {pin}, {pct} [duty|duty cycle|]",
        "[turn|crank|dial|tone] {pin} [up|down] to {pct}",
        "{pin} should [be|run|shine] at {pct}",
    ),
    *_rows(
        "pwm_write {pin} {pct} +freq_hz {hz}",
        "[set|run|drive|start] pwm [on|at] {pin} [with|at|to] {pct} [duty|duty cycle|] [and|at|,|with] {hz}",
        "pwm {num} {pct} {hz}",
        "{pct} [duty|duty cycle|pwm|] [at|and|with] {hz} on {pin}",
        "pwm {pct} [at|with] {hz} [on|for] {pin}",
        "pwm {pin}, {pct}, {hz}",
        "{pin}: pwm {pct} [at|with|,] {hz}",
        "[put|set] {pin} [at|to|on] {pct} [duty|duty cycle|] [with|at|and] [a frequency of|] {hz} [frequency|]",
        "[pulse width modulate|modulate] {pin} [at|with] {pct} [and|at] {hz}",
    ),
    *_rows("pwm_write {pin} {pct} +freq_hz {hz}", "pwm [at|of|with] {hz} [and|with|at] {pct} [duty|] on {pin}", "set {pin} to {hz} [with|and|at] {pct} [duty|duty cycle|]", "[send|put out] {hz} [with|at] {pct} [duty|duty cycle] [on|to] {pin}"),
    *_rows("pwm_write {pin} ?", "[make|turn] {pin} [a little|a bit|] [brighter|darker|dimmer|slower|faster|softer]", "[dim|slow down|speed up|brighten] {pin} [please|somewhat|slightly|a tad|]", "[change|adjust|set] the [brightness|speed|duty|duty cycle|pwm] [of|on] {pin}", "[lower|raise|reduce] {pin} a [bit|little|tad]"),
]  # fmt: skip
_WORDS_Q = "[tell me|I wonder|do you know|can you tell me|could you tell me|I'd like to know|I want to know|any idea|show me|find out|please tell me|let me know|can you find out|say|would you tell me|let me see|gimme|check]"
READ_ASK = [
    *pins.READ_ASK,
    *_rows(
        "gpio_read {pin}",
        f"{_WORDS_Q} [what|how] the [state|level|value|status|reading] [of|on|at] {{pin}} is",
        f"{_WORDS_Q} what {{pin}} [is|reads|says|shows|is doing|is set to|is at|does]",
        f"{_WORDS_Q} [if|whether] {{pin}} is [on|off|high|low|on or off|high or low|still on|still off|active|running|lit|powered|switched on]",
        f"{_WORDS_Q} the [state|level|value|status|reading|current state|input] [of|on|at] {{pin}}",
        "is {located} [, is it|][ on| off|]".replace("[, is it|][ on| off|]", ""),
        "is [it|that] on, {located}",
        "what's on {pin}",
        "what is [there |]on {pin}",
        "is {pin} [still|] [burning|glowing|alight|going|open|shut|closed]",
        "is {pin} [currently|still|already|really|even] [on|off|high|low|running|lit|active|powered]",
        "[what|which] [state|level|position] [does|is] {pin} [have|in]",
        "what [state|level|value] does {pin} have",
        "has {pin} [gone|turned|come|been switched|been turned] [on|off]",
        "{pin} [on|off|high|low] [or not|or what|right now|now|]?",
        "[gpio_read|digitalRead|digital read|gpio read|read pin|pin read] {num}",
        "[gpio_read|digitalRead]({num})",
        "[do you have|have you got] {pin} [on|off|running]",
        "how's {pin} [doing|looking|set|]",
        "what about {pin}, is it [on|off|high|low]",
        "is {pin} left [on|off]",
        "what [is|'s] the [current|present|actual|logic|digital] [state|level|value|reading] [of|on|at] {pin}",
        "what [is|'s] {pin} [up to|like|currently|at right now]",
        "[is|are] the [light|lamp|pump|led|relay|fan|heater|motor] on {pin} [on|off|running]",
        "is [anything|something] [coming in|there|active] on {pin}",
        "is {button} [being pressed|pressed right now|pushed|closed|open|shut|active|triggered]",
        "[see|have a look|take a look|look] [whether|if] {pin} is [on|off|high|low]",
        "have a look at {pin} and tell me [its|the] [state|level|value|status]",
        "[read|check] {pin} and tell me [its|the] [state|level|value]",
        "[give me|get me|fetch|gimme|report|print|display|return|query] [the|a] [state|status|level|reading|value] [of|from|on|for] {pin}",
    ),
]  # fmt: skip
ADC_ASK = [
    *pins.ADC_ASK,
    *_rows(
        "adc_read {pin}",
        f"{_WORDS_Q} [what|how high] the [voltage|analog value|analogue value|adc value|analog reading] [on|at|of] {{pin}} is",
        f"{_WORDS_Q} how [many|much] [volts|millivolts|voltage|mv] [there is|there are|is|are|we have] [on|at] {{pin}}",
        f"{_WORDS_Q} the [voltage|analog value|analogue value|adc value|analog reading|millivolts] [on|at|of|from] {{pin}}",
        "[voltage|volts|millivolts|adc|analog|analogue] [on|at|of|for|] {pin}",
        "[adc_read|analogRead|analog read|adc read] {num}",
        "[adc_read|analogRead]({num})",
        "what [voltage|millivolts] [does|do] {pin} [have|show|measure|read]",
        "[get|take|do|give me|make] [a|an] [voltage|adc|analog|analogue] [reading|measurement|sample] [on|of|at|from] {pin}",
        "[measure|sample|probe|meter] {pin} [in volts|in millivolts|for me|]",
        "[measure|read|sample|get] the [potential|input voltage|analog signal] [on|at|of] {pin}",
        "how [high|low|big|large] is the voltage [on|at|of] {pin}",
        "[use|read] the adc [on|at|of] {pin}",
        "what [is|'s] the [current|present|actual|measured] voltage [on|at|of] {pin}",
        "what [is|'s] {pin} in [volts|millivolts]",
    ),
]  # fmt: skip


@slot("lost")
def _lost(rng: random.Random, mark: str) -> Said:
    """A thing of which nobody knows the pin."""
    pieces = [(rng.choice(("the ", "the ", "my ", "")), ""), (rng.choice(THINGS), mark)]
    return Said(pieces, ["?named", ":" + mark])


def _climate(name: str, symbol: str) -> list[pins.Row]:
    what = "[temperature|humidity|temp|air temperature|relative humidity|moisture]"
    return _rows(
        f"dht_read {{sure}} {symbol}",
        f"{_WORDS_Q} [what|how high] the {what} [on|at|of|from] the {name} [on|at] {{sure}} is",
        f"{_WORDS_Q} how [warm|hot|cold|humid|damp] it is [at|on|according to] the {name} [on|at] {{sure}}",
        f"how [warm|hot|cold|humid|damp|moist] is it [at|according to|by|on|near] the {name} [on|at|connected to] {{sure}}",
        f"how [warm|hot|cold|humid|damp] is it? [there is|I have|use|read] [a|the|] {name} on {{sure}}",
        f"what [is|'s] the {what} [now|right now|today|]? [there is|I have|use|it is|the sensor is] [a|the|] {name} [on|at] {{sure}}",
        f"{what} [please|], {name} [on|at|] {{sure}}",
        f"{name} [on|at|,|:|] {{sure}} [please|now|reading|]",
        f"[use|query|ask|poll|take|sample] the {name} [on|at|connected to|wired to] {{sure}}",
        f"[get|give me|show|read|fetch|tell me] {what} [and|,] [humidity|temperature], {name} [on|at] {{sure}}",
        f"what does the {name} [sensor|] [on|at] {{sure}} [say|report|measure|show|give]",
        f"[dht_read|dht read|read dht] {{num}} {name}",
        f"[there is|there's] [a|the] {name} [on|at] {{sure}}, [read it|what does it say|read it out]",
    )  # fmt: skip


DHT_ASK = [*pins.DHT_ASK, *chores.DHT, *_climate("[dht11|DHT11|dht 11]", "dht11"), *_climate("[dht22|DHT22|dht 22|am2302]", "dht22")]  # fmt: skip
_D = "[ds18b20|DS18B20|ds18x20|ds18b20 sensor|ds18b20 probe|DS18B20 sensor]"
PROBE = [
    *pins.PROBE,
    *chores.PROBE,
    *_rows(
        "ds18x20_read {sure}",
        f"{_WORDS_Q} [what|how high] the [temperature|temp] [on|at|of|from] the {_D} [on|at] {{sure}} is",
        f"{_WORDS_Q} how [warm|hot|cold] it is at the {_D} [on|at] {{sure}}",
        f"how [warm|hot|cold] is it [at|according to|by|near] the {_D} [on|at] {{sure}}",
        f"[use|query|ask|poll|sample|check] the {_D} [on|at|connected to] {{sure}}",
        f"[temperature|temp], {_D} [on|at|] {{sure}}",
        "[read|check|get] the [one wire|onewire] [temperature|sensor|probe|thermometer] [on|at] {sure}",
        f"[ds18x20 read|{_D}] {{num}}",
    ),
]  # fmt: skip
SERVO = [
    *pins.SERVO,
    *chores.SERVO,
    *_rows(
        "servo_write {servo} {degrees}",
        "[turn|move|rotate|swing|bring|drive|take|steer|swivel|shift|adjust|tilt] {servo} [over|round|around|back|] to [exactly|about|the|] {degrees} [position|angle|]",
        "[I want|I'd like|I need] {servo} at {degrees}",
        "{servo} [should|must] [go|be|move|turn|point] to {degrees}",
        "{degrees} on {servo}",
        "[set|put] the [angle|position] [of|on] {servo} [to|at] {degrees}",
        "[make|have|let] {servo} [go|move|turn|point|swing] to {degrees}",
    ),
    *_rows(
        "servo_write {servo} {angle}",
        "[servo_write|servo|servo write] {num} {angle}",
        "[set|put] the [angle|position] [of|on] {servo} [to|at] {angle}",
        "[turn|move|rotate|swing|bring|send|drive] {servo} [over|back|round|] to [angle|position|] {angle}",
        "position {angle} [for|on] {servo}",
    ),
    *_rows("servo_write {servo} ?", "[turn|move|rotate|swing|adjust|shift] {servo} [please|somewhere else|left|right|up|down|a little further|]", "set the angle of {servo}"),
]  # fmt: skip
NEOPIXEL = [
    *pins.NEOPIXEL,
    *chores.NEOPIXEL,
    *_rows(
        "neopixel_write {neopixel} {colour}",
        "[make|turn|set|paint|light|change|get|switch] {neopixel} [all|completely|fully|nicely|to the colour|to the color|to|] {colour} [please|now|]",
        "[I want|I'd like|I need] {colour} [light|] [on|at|from] {neopixel}",
        "[give|lend] {neopixel} [a|the|some|] {colour} [colour|color|glow|light|shade|tint]",
        "{neopixel} [should|must|needs to] be {colour}",
        "[show|display|shine|glow|use] {colour} [on|at] {neopixel}",
        "[illuminate|wash|drench|bathe|fill] {neopixel} [in|with] {colour}",
        "[could|can] {neopixel} be {colour}",
        "[neopixel|neopixels|ws2812|rgb|rgb strip|led strip|pixels] {num} {colour}",
    ),
    *_rows("neopixel_write {neopixel} {colour} +count {count}", "[set|make|turn|paint|light] {neopixel} [to|] {colour}, {count} [pixels|leds|lights|of them]", "{neopixel} {colour} [, |for |with ]{count} [pixels|leds]",
           "[set|make|turn|paint|light] {neopixel} {colour}, it has {count} [pixels|leds|lights]"),
    *_rows("neopixel_write {neopixel} off", "[turn|switch|shut|power] {neopixel} off", "[blank|clear|extinguish|darken|kill|black out] {neopixel}", "lights out on {neopixel}", "make {neopixel} [dark|go dark|go out]", "all pixels off on {neopixel}"),
]  # fmt: skip
ALL = [
    *pins.ALL,
    *chores.ALL,
    *_rows("gpio_read_all", f"{_WORDS_Q} [the state of every pin|the state of all pins|what all the pins are doing|which pins are on|which pins are high|all pin states|how the pins are set|every pin's state|which outputs are active]", "[dump|show|print|list|get|scan|read out] [every|all] [gpio|pin|pins|gpios] [state|states|levels|values|]",
           "gpio_read_all", "[whole|full|complete] [pin|gpio] [status|state|overview|report]", "[what|which] [outputs|pins|gpios] [do you have|are switched|are turned] on", "how do [all|] [the|my] [pins|gpios|outputs] look", "[pins|gpios|outputs|ios] [overview|report|status|please|?]"),
]  # fmt: skip
TIME = [
    *mind.TIME,
    *chores.TIME,
    *_rows("get_time", f"{_WORDS_Q} [what time it is|what the time is|the time|how late it is|what day it is|the date|what the date is|the current time|what time it is now|today's date]", "[got|have you|do you have] the [right|exact|current|] time", "what time [do you have|have you got|is it where you are|do we have|does the board think it is|is it on the board]", "get_time", "[the|] [time|date], please", "what [is|'s] the [exact|local|current|board|system] [time|date]", "which [day|weekday|date] [is it|do we have] [today|now|]"),
]  # fmt: skip
RULE_LIST = [
    *mind.RULE_LIST,
    *chores.RULE_LIST,
    *_rows("rule_list", f"{_WORDS_Q} [which|what] [rules|schedules|automations|timers] [there are|you have|are set|are active|exist|I have set|are running]", "[overview|list|summary] of [the|all|my|your] [rules|schedules|automations|timers]", "[rules|schedules|automations|timers] [please|?|overview|list]", "rule_list", "[which|what] [rules|automations|schedules|timers] [did I|have I|have we] [set|make|made|create|created|define|defined|set up]", "are there [any|] [rules|automations|timers] [set|running|active]"),
]  # fmt: skip
STATUS = [
    *mind.STATUS,
    *chores.STATUS,
    *_rows("get_status", f"{_WORDS_Q} [your status|how the board is doing|the status of the board|how long you have been running|your uptime|how the system is|the board's health|the system status|how much memory is free|how much heap is left]", "[board|device|system|limpet] [status|health|check|report|info]", "get_status", "[full|complete|short|quick] status [report|please|]", "[run|do|make] a [health check|self check|system check|status check|checkup]", "how [healthy|busy|full] [is the board|is the device|are you]", "how much [ram|heap|memory|free ram|free memory] [is there|is there left|remains|do we have|has the board]", "how long has the [board|device|chip] been [up|running|on|online]", "are all systems [ok|go|fine|running]"),
]  # fmt: skip


def states(rng: random.Random, mark: str) -> Said:
    """Return groups of pins with a state each: "pins 2 and 4 on, 5 off"."""
    verb = rng.choice(("", "", "turn ", "switch ", "set "))
    words = (
        ("high", "low")
        if verb == "set "
        else rng.choice((("on", "off"), ("on", "off"), ("high", "low")))
    )
    parts: list[Said | str] = [verb if words[0] == "on" or verb == "set " else ""]
    first = rng.randrange(2)
    for n in range(2):
        if n:
            parts.append(rng.choice((", ", " and ", ", and ", "; ", " but ", ". ")))
        count = rng.choice((2, 2, 3)) if n == 0 or rng.random() < 0.4 else 1
        front = (
            rng.choice(("", "", "pins ", "gpios ", "pin ", "both " if count == 2 else ""))
            if count > 1
            else rng.choice(("", "pin ", "gpio "))
        )
        state = words[first if n == 0 else 1 - first]
        symbol = "on" if state in ("on", "high") else "off"
        program: list[str] = []
        parts.append(front)
        for k in range(count):
            if k:
                parts.append(" and " if k + 1 == count else ", ")
            tag = f"{mark}g{n}{k}"
            number = say_number(rng.randint(0, 39), rng)
            parts.append(Said([(number, tag)]))
            program += ["gpio_write", "=" + tag, symbol]
        parts.append(Said([(" " + state, "")], program))
    return join(*parts)


@slot("bclock")
def _bare_clock(rng: random.Random, mark: str) -> Said:
    """Return a clock time that nobody takes for another number."""
    hour, minute = rng.randint(1, 12), rng.choice((0, 15, 30, 45, rng.randint(0, 59)))
    text = rng.choice((f"{rng.randint(0, 23):02d}:{minute:02d}", f"{rng.randint(0, 23)}:{minute:02d}", f"{hour}am", f"{hour}pm", f"{hour} pm", f"{hour} am", f"{hour}:{minute:02d} pm", f"{hour}:{minute:02d} am",
                       f"{hour}:{minute:02d}pm", f"{hour}:{minute:02d}am", "noon", "midnight", f"half past {say_number(hour, rng, 0.7)}", f"{say_number(hour, rng, 0.5)} o'clock"))  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


_NOWHERE = "[55|60|70|99|100|128|500|1000|3.5|-2|ninety nine|seventy|a|x|z|abc|minus one]"
NOWHERE = [  # a pin that no board has: which one is meant?
    *_rows("gpio_write ?", f"[turn|switch] [on|off] [pin|gpio] {_NOWHERE}", f"[turn|switch] [pin|gpio] {_NOWHERE} [on|off]", f"set [pin|gpio] {_NOWHERE} [high|low]"),
    *_rows("gpio_read ?", f"[read|check] [pin|gpio] {_NOWHERE}", f"is [pin|gpio] {_NOWHERE} [on|high]"),
    *_rows("gpio_toggle ?", f"[toggle|flip] [pin|gpio] {_NOWHERE}"),
]  # fmt: skip
LOST = [
    *_rows("gpio_write {lost} on", "[turn|switch] on {lost}", "[turn|switch] {lost} on"),
    *_rows("gpio_write {lost} off", "[turn|switch] off {lost}", "[turn|switch] {lost} off"),
    *_rows("gpio_toggle {lost}", "toggle {lost}"),
    *_rows("gpio_read {lost}", "is {lost} [on|off]", "read {lost}"),
]  # fmt: skip
