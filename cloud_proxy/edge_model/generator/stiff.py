"""Orders in stiff and passive words, courtesies around named things, and what only resembles them."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from .pattern import Said, choose, fill, slot
from .pins import rows as _rows
from .slots import remembered_pin, thing

_BE = "[is to be|are to be|has to be|shall be|must be|needs to be|ought to be|is supposed to be|is now to be]"
ON = _rows("gpio_write {sure} on", f"{{sure}} {_BE} [put|switched|turned|powered] on", f"{{sure}} {_BE} [started|energised|activated|energized|on|high|driven high]", "put on {sure}", "put {sure} on", "{sure} is to [run|start|come on|go on]")  # fmt: skip
OFF = _rows("gpio_write {sure} off", f"{{sure}} {_BE} [put|switched|turned|powered|shut] off", f"{{sure}} {_BE} [stopped|shut down|deactivated|off|low|driven low]", "put off {sure}", "put {sure} off", "{sure} is to [halt|go off|be silent]")  # fmt: skip
TOGGLE = _rows("gpio_toggle {sure}", f"{{sure}} {_BE} [toggled|flipped|inverted|toggled once]", f"the state of {{sure}} {_BE} [inverted|flipped|toggled]")  # fmt: skip
PWM = _rows("pwm_write {sure} {pct}", f"{{sure}} {_BE} [set|dimmed|brought|turned down|reduced] to {{pct}}", f"{{sure}} {_BE} [run|driven|operated] at {{pct}}")  # fmt: skip


@slot("known")
def _known(rng: random.Random, mark: str) -> Said:
    """A thing whose pin the memory holds."""
    name = thing(rng)
    memory = {name: remembered_pin(rng)}
    if rng.random() < 0.4:
        memory.setdefault(thing(rng), remembered_pin(rng))
    article = rng.choice(("the ", "the ", "the ", "my ", "our "))
    return Said([(article, ""), (name, mark)], ["=" + mark], dict(reversed(memory.items())))


@slot("hung")
def _hung(rng: random.Random, mark: str) -> Said:
    """A thing is said to hang on a pin, before what to do with it."""
    front = choose(
        f"[the|our|my|] {thing(rng)} [is|is|sits|hangs|is wired|is connected] [on|to|at] [gpio|pin|io] ",
        rng,
    )
    for wrong, right in (
        ("wired on", "wired to"),
        ("wired at", "wired to"),
        ("connected on", "connected to"),
        ("connected at", "connected to"),
        ("is to", "is on"),
        ("sits to", "sits on"),
        ("hangs to", "hangs on"),
    ):
        front = front.replace(wrong, right)
    return Said([(front.strip() + " ", ""), (str(rng.randint(0, 39)), mark)], ["=" + mark])  # fmt: skip


_HANDY = "[, |; |. |, so ][kindly |please |now |][do the needful and |be so kind and |go and |||]"
_WOULD = "[would you|would you kindly|would you please|could you kindly|will you kindly|could I ask you to|may I ask you to|might I ask you to|may I trouble you to|would you be so kind as to|could you possibly|I must ask you to|please do|kindly|arrey|arre|oi|yo|ey|]"
_MIND = "[would you mind|do you mind|would you awfully mind]"
_END = "[, please|?| please|, my dear| na| fam| baby| bro| homie| mate| ta|, ta| yaar| man| love| innit||||]"
POLITE = (
    *((program, f"{_WOULD} {verb}", f"{_MIND} {ing}") for program, verb, ing in (
        ("gpio_write P on", "[turn|switch|put] on X", "[turning|switching|putting] on X"),
        ("gpio_write P on", "[turn|switch] X on", "[turning|switching] X on"),
        ("gpio_write P off", "[turn|switch|shut] off X", "[turning|switching|shutting] off X"),
        ("gpio_write P off", "[turn|switch] X off", "[turning|switching] X off"),
        ("gpio_toggle P", "[toggle|flip|invert] X", "[toggling|flipping|inverting] X"),
        ("pwm_write P {pct}", "[dim|set|bring] X to {pct}", "[dimming|setting|bringing] X to {pct}"),
    )),
)  # fmt: skip
READS = (
    ("gpio_read P", f"{_WOULD} [read|check] X", f"{_MIND} [reading|checking] X"),
    ("adc_read P", f"{_WOULD} [read|measure|check] the voltage of X", f"{_MIND} [reading|measuring] the voltage of X"),
    ("servo_write P {degrees}", f"{_WOULD} [turn|move|rotate] X to {{degrees}}", f"{_MIND} [turning|moving|rotating] X to {{degrees}}"),
)  # fmt: skip
_SPOTS = (
    "{known}",
    "{known}",
    "{known}",
    "{sure}",
    "[the relay|the pump|the fan|the lamp] [at|on] {num}",
)


def _courteous(
    said: tuple[tuple[str, str, str], ...], after: str, when: str
) -> list[tuple[str, str]]:
    return [
        (f"{text.replace('X', spot)}{after}{_END}", when + meant.replace("P", spot[spot.index("{") :] if "[" in spot else spot))
        for meant, *texts in said for text in texts for spot in _SPOTS
    ]  # fmt: skip


_SAID = [
    *_rows("gpio_write {hung} on", f"{{hung}}{_HANDY}[start it|switch it on|turn it on|put it on|get it going]"),
    *_rows("gpio_write {hung} off", f"{{hung}}{_HANDY}[stop it|switch it off|turn it off|put it off|shut it off]"),
    *_rows("gpio_toggle {hung}", f"{{hung}}{_HANDY}[toggle it|flip it]"),
    *_rows("pwm_write {hung} {pct}", f"{{hung}}{_HANDY}[set it to|run it at|bring it to] {{pct}}"),
]  # fmt: skip
_SENSE = "[xducer|transducer|sensor|probe|sender|pickup]"
_GAUGE = f"[pressure|level|flow|light|soil|gas|ph|moisture|current] {_SENSE}"
_SEEN = [
    *_rows("adc_read {num}", f"[what's|whats|what is] the {_GAUGE} on [io|pin|gpio] {{num}} [putting out|giving|giving out|sending|delivering] [in mv|in millivolts|in volts]", f"how many [millivolts|volts|mv] [is|does] the {_GAUGE} on [io|pin|gpio] {{num}} [put out|give]".replace("[is|does]", "does"),
           "[analog|analogue|adc|raw analog] value of [gpio|pin|io] {num}[,|] what is it", "[please|kindly|] [revert|revert back|get back to me|come back to me|report back] with the [voltage|millivolts|analog value] [on|of|at] [pin|gpio|io] {num}"),
    *(_rows("adc_read {num} adc_read {num2}", "[measure|sample] [gpio|pins|] {num} and {num2} in [millivolts|mv|volts]"))
    + _rows("adc_read {num} adc_read {num2} adc_read {num3}", "[measure|sample|read] [gpio|pins|gpios|] {num}, {num2} and {num3} in [millivolts|mv|volts]"),
    *_rows("gpio_read {num}", "[what's|whats|what is] [pin|gpio|io] {num} [doing|at|saying|showing][, | - |: ][1 or 0|0 or 1|one or zero|high or low|on or off]", "[is|so is] [pin|gpio|io] {num} [a 1 or a 0|a one or a zero|1 or 0]"),
    *[row for model in ("dht22", "dht11") for row in _rows(f"dht_read {{num}} {model}", f"how [sweaty|muggy|sticky|clammy|steamy|stuffy|toasty|chilly|damp|humid] is [the|our|my] [garage|loft|cellar|greenhouse|shed|bathroom|bedroom|tent][,|?|,] [the|] {model} is on [pin|gpio|] {{num}}", f"how [muggy|sticky|toasty|damp|nippy] is it in the [garage|loft|cellar|greenhouse|shed], {model} on [pin|gpio|] {{num}}")],
    *_rows("i2c_read {num} {num2} {addr} {bytes}", "[grab|pull|snatch|take|get|nab] {bytes} [off|from|out of] {addr}, sda {num} scl {num2}", "[grab|pull|take] {bytes} off {addr} [on|with] sda {num} [and|,] scl {num2}"),
    *_rows("neopixel_write {neopixel} {colour} +count {count}", "[light|set|make|turn|colour] the first {count} [neopixels|leds|pixels] [on|of] {neopixel} {colour}", "{neopixel}[, |: ]make the first {count} [of them|leds|pixels] {colour}"),
    *_rows("neopixel_write {num} {letters} +count {count}", "[light|set|fill] the first {count} [neopixels|leds|pixels] on [gpio|pin] {num} [with|to] {letters}"),
    *_rows("neopixel_write {num} {letters}", "[light|set|fill] the [neopixels|strip|ring] on [gpio|pin] {num} [with|to] {letters}"),
    *_rows("script_run ?", "run [some|a|one] script", "[kindly|] start [some|a] script", "run one of the scripts"),
]  # fmt: skip


@slot("letters")
def _letters(rng: random.Random, mark: str) -> Said:
    """A colour as R 255, G 140, B 0."""
    joint = rng.choice((", ", " ", ", "))
    names = rng.choice((("R ", "G ", "B "), ("r=", "g=", "b="), ("R=", "G=", "B="), ("R: ", "G: ", "B: "), ("red ", "green ", "blue ")))  # fmt: skip
    pieces: list[tuple[str, str]] = []
    for n, name in enumerate("rgb"):
        pieces += [((joint if n else "") + names[n], ""), (str(rng.choice((0, 255, rng.randint(0, 255)))), mark + name)]  # fmt: skip
    return Said(pieces, ["=" + mark + name for name in "rgb"])


VOICES = [
    *_courteous((*POLITE, *READS), "", ""),
    *_SAID * 6,
    *_SEEN * 4,
]
_LATER = _courteous(POLITE, " in {dur}", "rule_set w_in {dur} ") + _courteous(
    POLITE, " at {bclock}", "rule_set w_at {bclock} "
)
_DHT = [
    (f"[if|when|whenever|once] the [dht22|DHT22] on [gpio|pin] {{num}} {verb} {{rh}}, {order}[, with a hysteresis of| with a hysteresis of|, hysteresis] {{rh2}}", f"rule_set {symbol} dht_read {{num}} dht22 humidity_pct {{rh}} +hysteresis {{rh2}} gpio_write {{sure}} {state}")
    for verb, symbol in (("[exceeds|goes over|rises above|climbs past]", "w_above"), ("[falls below|drops under|sinks below]", "w_below"))
    for order, state in (("[switch|turn|put] on {sure}", "on"), ("[switch|turn|shut] off {sure}", "off"))
]  # fmt: skip


@slot("rh")
def _relative(rng: random.Random, mark: str) -> Said:
    number = rng.randint(2, 6) if mark.endswith("2") else rng.randint(20, 95)
    return Said(
        [(str(number) + rng.choice(("%", " %")), mark), (rng.choice((" RH", "RH", " rh")), "")],
        ["=" + mark],
    )


def rule(rng: random.Random) -> Said:
    """Return a courteous order for later, or one by a hygrometer."""
    return fill(*rng.choice(_DHT if rng.random() < 0.12 else _LATER), rng)


EVENT = _rows("w_event {ename} +from {tag}", "[if|when|whenever|once] the board {tag} [sends|emits|reports|broadcasts|signals] {ename}", "[if|when|whenever|once] the {tag} [board|one] [sends|reports|signals|emits] {ename}".replace("[board|one]", "board"), "[if|when|whenever|once] board {tag} [reports|sends|signals] {ename}")  # fmt: skip
_HM = "[let me see|let me think|what shall I say|hmm|say|er|um|let's say|I'd say|you know]"
IN = _rows("w_in {dur}", f"in, {_HM}, {{dur}}", f"in, {_HM} {{dur}}", f"after, {_HM}, {{dur}}")
EDGE = _rows("w_edge {num} rising", "[if|when|whenever] [theres|there's|there is] [motion|movement|a signal|activity] [on|at] [pin|gpio|] {num}")  # fmt: skip
REST = _rows("+min_s {dur}", "[, but|,|] [not|no] more than once in {dur}", "[, but|,|] not more than once in {dur}", "[, but|,|] at most once in {dur}")  # fmt: skip
_CODES = "[craft cupboard|back gate|gym locker|bike lock|safe|garage|shed|alarm|front door|office|parcel box|cellar] [code|combination|pin code|password]"
KEPT = [
    ("what was [the|my|our] {key} again[, |? |. ][I've quite forgotten|I forgot|I've forgotten|it slipped my mind|I can't recall|my memory is bad|remind me]", "memory_get {key}"),
    ("what was [the|our|my] {code} again[, |? |. ][I've quite forgotten|I forgot it|it slipped my mind|remind me]", "memory_get {code}"),
]  # fmt: skip


@slot("code")
def _code(rng: random.Random, mark: str) -> Said:
    return Said([(choose(_CODES, rng), mark)], [":" + mark])


ASKED = _rows("rule_delete ?", "[kindly|please|] [delete|remove|scrap] [one|a|some] rule", "[kindly|please|] [delete|remove] one of the rules")  # fmt: skip
HELLO = "[yo|yoo|hey|heya|hi|ayy] [whats up|what's up|wassup|sup|how goes it] [board|limpet|mate|fam|buddy|]"
KEEP = (
    "{sure} [should|is to|shall|must|can] stay [how it is|as it is|the way it is|just as it is]", "[please|kindly|] leave {sure} [alone|be|as it is|the way it is]",
    "[please|kindly|] leave the [rule|script|device] {name} [alone|be|as it is|in peace]", "the rule {name} [should|is to|can] stay [as it is|how it is]", "[keep your|hands off|fingers off] {sure}".replace("keep your|", ""),
)  # fmt: skip
_ROOM = "[light|lamp|sound|air|smell|view|warmth|glow] in [our|my|their|the] [hallway|kitchen|garden|attic|greenhouse|old house|cellar|bedroom]"
_LIVE = "[she|he|my wife|my boss|the nurse|our plumber|my sister|the doctor|the new girl]"
OUTSIDE = (
    *["play [some|a bit of|me some|more] [drake|mozart|abba|queen|techno|jazz|reggae|bach|lofi|metal|adele|k-pop|blues|hip hop|country]", "[would you|could you kindly|may I ask you to|would you mind if we] [play|listen to|sing|hear] [some|a bit of] [mozart|abba|jazz|techno|drake|queen]"],
    *["[whats|what's|what is|do you know|tell me] the [colour code|color code|colour bands|stripes] [for|of|on] a {a} [ohm|k|kilohm] resistor", "[how many|how much] [amps|watts|ohms|milliamps] [does|is] a {a} [ohm resistor|watt bulb|volt motor] [draw|take|need]".replace("[does|is]", "does"), "what [resistor|capacitor|fuse|wire gauge] do I need for [a|an] {a} [volt led|watt motor|amp load|volt fan]"],
    *[f"the {_ROOM} is [lovely|wonderful|so pretty|at its best|quite special|beautiful] [in autumn|in summer|at dusk|in the morning|at christmas|this time of year]", f"[I love|we adore|everyone likes] the {_ROOM} [in spring|on sundays|in the evening|]"],
    *[f"{_LIVE} is [off|out|away|on duty|on call] at [5|6|7|8|9|ten|half past four|11] and [on again|back|in again|off again] [from [5|6|7|8|9|ten|half past four|11]|at [5|6|7|8|9|ten|half past four|11]] [until late|tomorrow|until noon|]", f"{_LIVE} [starts|finishes|clocks off|gets off|comes on] at [5|6|7|8|9|ten|half past four|11] [today|on mondays|this week|and is back on at [5|6|7|8|9|ten|half past four|11]]"],
    *["[my brother|my aunt|the teacher|grandpa|our neighbour|a colleague|someone on tv] [once|always|never|just|] [shouted|yelled|said|whispered|muttered|told] \"[turn on [2|4|12|17|27|5]|switch off [2|4|12|17|27|5]|turn the lamp off|toggle [2|4|12|17|27|5]|read [2|4|12|17|27|5]]\" [at|to] [his|her|the] [kettle|toaster|dog|parrot|phone|fridge|car]".replace("|never|", "|").replace("|told]", "]"),
      "[would you mind|do you mind] [waiting|passing the salt|telling me about your day|holding my coffee|{a} more minutes of chess]", "[would you kindly|may I ask you to|could I ask you to] [pass the salt|sit down|call my mother|bring me {food}|explain {stuff}|wait {a} minutes for me]"],
)  # fmt: skip
REPORTED = (
    "they [told|asked|advised] me to [turn on|switch off|toggle|reset] {p} before [reading|using|touching] {p2}, but that was [on the old board|last year|in the old house|at my last job]",
    "[the manual|my dad|the forum|the old owner|a friend] [said|says|told me] to [turn on|switch off|toggle|read] {p} [first|twice|before the fuse], [but that was years ago|which was nonsense|on a different board|and he was wrong]",
    "[on|with] the old board [we|I|they] [had to|used to|would] [turn on|switch off|toggle|read] {p} [every morning|by hand|twice|before {p2}]",
)  # fmt: skip
