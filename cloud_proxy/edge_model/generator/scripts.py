"""Sentences about scripts, named things and the I2C bus."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from . import chores
from .pattern import Said, choose, fill, join, slot
from .pins import rows as _rows
from .slots import PLACES, THINGS
from .steps import device_name, repeated, sequence
from .texts import script_name

_WORD = "[script|script|script|tool|tool|routine|macro|sequence|trick|skill|procedure|program|command|function|scene|recipe|action]"
_MAKE = "[make|create|define|add|write|build|save|store|set up|teach yourself|record|program|learn|prepare|make me|give me|I want|I need|I'd like|let's have|let's make|let's create|can we have|new|have|write me|build me|create me|knock up|put together|set me up|program me|make us]"
_HEADS = (  # (before the name, after the name, person)
    (f"{_MAKE} [a|a|a|a new|the|] {_WORD} [called|called|named|by the name of|] ", " [that|that|which|, which|, it|and it]", "s"),
    (f"a {_WORD} [called|named] ", " [that|that|which]", "s"),
    (f"{_MAKE} [a|a new|the|] {_WORD} [called|named|] ", "[:|:| -|,|: it should|: you should]", ""),
    (f"{_MAKE} [a|a new|the|] {_WORD} [called|named] ", " [to|to|in which you|where you|so that you|that should|that will]", ""),
    (f"a {_WORD} [called|named] ", "[:|:| to|,]", ""),
    (f"[new|] {_WORD} ", "[:|:| is:| =| does:|, steps:]", ""),
    ("[store|save|remember|keep|record] [this|the following|these steps] as [script|tool|the script|a script called|] ", "[:|:|,]", ""),
    (f"[call|name] [this|it] {_WORD} ", "[:|:|,]", ""),
    ("[learn|learn how to do|define|script] ", "[:|:| as:| =]", ""),
    ("[define|define|record|store|save|set up] ", " as[|||:]", ""),
    (f"{_MAKE} [a|the] ", f" {_WORD}[:|: first|, which should|. It should|: you]", ""),
    (f"{_WORD} name ", "[, steps|: |. Steps:]", ""),
    (f"{_MAKE} [a|the] ", f" {_WORD} [that|which]", "s"),
    (f"{_MAKE} a {_WORD} for ", " by", "ing"),
    (f"[store|save|keep|remember|record|write down] [this|these steps|the following|that|the steps|this sequence|what follows] [as|under|under the name|under the name of|as the|as a script called] [{_WORD}|] ", "[:|:|,|: first]", ""),
    ("[teach you|teach yourself|I'll teach you|let me teach you|learn|learn to do|I want to teach you] ", "[:|:|,| -]", ""),
    ("[let|make] ", f" [be a {_WORD} that|a {_WORD} that|a {_WORD} which]", "s"),
    (f"{_MAKE} [a|a new|one more] {_WORD}, [call it|name it|its name is|the name is|named|called] ", "[, which|, that|, it]", "s"),
    (f"{_MAKE} [a|a new] {_WORD}, [call it|name it|named|called] ", "[:|, and let it|, it should|. It should|. It must| with these steps:|, steps:]", ""),
    (f"{_MAKE} [a|a new] {_WORD} [with|under|by] the name ", "[:|, it should| to| that will]", ""),
    ("", f" [is|shall be] a {_WORD} [that|which]", "s"),
    (f"{_WORD} ", "[ -|->| =>|: first|: |, do this:]", ""),
    ("[build|make|create|prepare|set up] ", f", a {_WORD} [that|which]", "s"),
    (f"I [want|need|would like] a {_WORD} [called|named] ", "[. It|, it| and it]", "s"),
)  # fmt: skip


def script_set(rng: random.Random) -> Said:
    """Return a sentence that stores a script, or lacks its name or its steps."""
    roll = rng.random()
    if roll < 0.05:
        return fill(*rng.choice(_NAMELESS), rng)
    before, after, person = rng.choice(_HEADS)
    name, mark = script_name(rng), "sn"
    if rng.random() < 0.1 and before.rstrip().endswith(("called|", "named]")):
        name = name.replace("_", " ").replace("-", " ")
    quote = rng.choice(("", "", "", "", "", "", "'", '"'))
    front = choose(before, rng)
    called = [(front + quote, ""), (name, mark)]
    if roll < 0.09:
        return Said(called + [(quote, "")], ["script_set", ":" + mark, "?"])
    kind = rng.random()
    if kind < 0.14 and person != "ing":
        steps = chores.course(rng, "k") if person == "" else chores.spell(rng, "k", person)
    elif kind < 0.18:
        steps = chores.spell(rng, "k", person)
    else:
        steps = repeated(rng, "k", person) if kind < 0.29 else sequence(rng, "k", person, 5)
    if rng.random() < 0.06:
        tail = choose(
            f"[as|and call it|and save it as|and store that as|, save that as|, call that|, store it as] [script|the script|{_WORD}|] ",
            rng,
        )
        said = join(steps, " ", Said([(tail, ""), (name, mark)]))
        return Said(said.pieces, ["script_set", ":" + mark, *steps.program], steps.memory)
    said = join(Said(called), quote + choose(after, rng) + " ", steps)
    return Said(said.pieces, ["script_set", ":" + mark, *steps.program], steps.memory)


_NAMELESS = _rows("script_set ?", f"{_MAKE} a {_WORD}", "I want to make a script", "[let's|] make a new script", "create a routine for me", "teach you a trick", "write me a script")  # fmt: skip
RUN = [
    *chores.RUN,
    *_rows("script_run {sname}", "run {sname}", "run {sname}", "execute {sname}", f"[run|execute|start|launch|do|perform|use|call|trigger|invoke|play|fire|kick off|begin] [the|my|] {_WORD} [called|named|] {{sname}}",
           f"[run|execute|start|launch|do|perform|use|trigger|invoke|play|fire up|kick off|begin] [the|my|our] {{sname}} {_WORD}", "run [the|my|] script {sname}", f"{_WORD} {{sname}} [now|please|go|]", "[do|launch|perform|call|invoke|use|trigger|play|start] {sname}",
           "run {sname} [now|again|once|once more]", "[it is|it's] time [for|to run] {sname}", "[I want you to|you may|please] [run|do|execute] {sname}", "let's [run|do] {sname}", "[do|run|play|start] {sname} [now|please|once|again]", "[do|run|start|play] the {sname} [thing|bit|one|number|job]", "[please|] execute [the|] {sname} [script|routine|tool|]", f"[run|execute|start] my {_WORD} {{sname}}"),
    *_rows("script_run ?", f"[run|start|execute|launch] [a|the|my|some|that] {_WORD}", f"[run|start] one of my {_WORD}s".replace("]s", "]"), "[run|execute] [it|that] script again", "call the tool"),
]  # fmt: skip
_PLURAL = "[scripts|scripts|scripts|tools I made|routines|macros|stored scripts|own tools|tricks|skills|stored tools|saved scripts]"
LIST = chores.SCRIPT_LIST + _rows("script_list", f"[list|show|show me|print|tell me|display|give me|read me] [the|my|all|all the|your|all my|] {_PLURAL}", f"[what|which] {_PLURAL} [do you have|do you know|are there|are stored|exist|have I made|have I stored|did I make|can you run|are saved]",
             "what [scripts|routines|tricks|tools] have I taught you", f"are there any {_PLURAL}", f"do you have any {_PLURAL}", "script list", "list scripts", "scripts", f"what are [the|my|your] {_PLURAL}", "which tricks did I teach you", f"how many {_PLURAL} are there", "show everything that is stored as a script")  # fmt: skip
DELETE = [
    *chores.SCRIPT_DELETE,
    *_rows("script_delete {sname}", f"[delete|remove|erase|drop|get rid of|throw away|forget|unlearn|kill|discard|trash|bin|scrap|ditch|dump|chuck] [the|my|] {_WORD} [called|named|] {{sname}}", f"[delete|remove|erase|forget|drop|discard|get rid of|trash|bin|scrap] [the|my] {{sname}} {_WORD}",
           "I no longer need the script {sname}", "the script {sname} can go", "delete script {sname}"),
    *_rows("script_delete ?", f"[delete|remove|forget] [a|the|that|my|this] {_WORD}", "[delete|remove] all scripts", "delete one of the scripts"),
]  # fmt: skip

_KIND_WORDS = {
    "led": "[led|LED|led]",
    "relay": "[relay|relay|relay board|relais]".replace("|relais", ""),
    "lamp": "[lamp|light|lamp|bulb]",
    "pump": "[pump|water pump|pump]",
    "valve": "[valve|valve|solenoid valve]",
    "fan": "[fan|fan|ventilator]",
    "heater": "[heater|heater|radiator]",
    "button": "[button|button|push button]",
    "sensor": "[sensor|sensor]",
    "servo": "[servo|servo motor|servo]",
}
_LAST = {word: kind for kind, words in {
    "led": ("led", "leds"), "relay": ("relay",), "lamp": ("lamp", "light", "lights", "bulb", "lantern", "chandelier", "spotlight", "floodlight", "nightlight", "backlight"), "pump": ("pump",),
    "valve": ("valve", "solenoid"), "fan": ("fan", "blower", "extractor"), "heater": ("heater", "radiator", "heating"),
}.items() for word in words}  # fmt: skip


@slot("dpin")
def _device_pin(rng: random.Random, mark: str) -> Said:
    front = rng.choice(("gpio ", "pin ", "gpio ", "pin ", "pin number ", "", "GPIO ", "io "))
    return Said([(front, ""), (str(rng.randint(0, 39)), mark)], ["=" + mark])


def device_set(rng: random.Random) -> Said:
    """Return a sentence that names what is wired to a pin."""
    if rng.random() < 0.05:
        return fill(*rng.choice(_NO_DEVICE), rng)
    name = device_name(rng)
    kind = rng.choice(tuple(_KIND_WORDS))
    if rng.random() < 0.4:
        kind = _LAST.get(name.split()[-1], kind)
    word = choose(_KIND_WORDS[kind], rng)
    a = "an" if word[0] in "aeiouL" else "a"
    add = (
        "[add|register|define|create|set up|configure|make|declare|install|introduce|record|enter]"
    )
    called = "[called|called|named|with the name|by the name]"
    inverted = rng.random() < 0.12
    active = (
        "active low "
        if inverted and rng.random() < 0.4
        else "inverted "
        if inverted and rng.random() < 0.2
        else ""
    )
    adjective = f"an {active}" if active else f"{a} "
    pattern = rng.choice(
        (
            f"the N is [{adjective}|{'the ' if not active else adjective}]{word} on {{dpin}}", f"the N is [{adjective}]{word} [on|at|connected to|wired to] {{dpin}}", f"my N is {adjective}{word} on {{dpin}}",
            f"{add} {adjective}{word} {called} N [on|at] {{dpin}}", f"{add} {adjective}{word} N on {{dpin}}", f"[there is|there's|we have|I have] {adjective}{word} {called} N [on|at] {{dpin}}",
            f"{add} {{dpin}} as {adjective}{word} {called} N", f"new device: N, {adjective}{word} on {{dpin}}", f"device N, {active}{word}, {{dpin}}", f"[configure|register|save|name] the {active}{word} [on|at] {{dpin}} as N",
            f"{add} the N on {{dpin}} as {adjective}{word} [device|]", f"{add} [the|a] N as {adjective}{word} on {{dpin}}", f"{add} device N kind {active}{word} pin {{dpin}}", f"{add} [a|the|a new] device {called} N of [kind|type] {word} on {{dpin}}",
            f"{add} N [on|at] {{dpin}} as [kind|type] {word}", f"[{{dpin}}] is {adjective}{word} {called} N", f"new {active}{word} {called} N on {{dpin}}", f"name the {active}{word} on {{dpin}} N", f"device: {word} N {{dpin}}", f"[call|name] the {active}{word} [on|at] {{dpin}} N", f"{add} the {active}{word} [on|at] {{dpin}} as [the|] N".replace("[the|] N", "N"), f"{add} [the|] {active}{word} N [on|at] {{dpin}}", f"new device: N, {adjective}{word} on {{dpin}}", f"the N is the {word} on {{dpin}}" if not active else f"the N is {adjective}{word} on {{dpin}}", f"the N is {adjective}{word} on {{dpin}}",
        )
    )  # fmt: skip
    if rng.random() < 0.2 and not active:
        pattern = rng.choice(
            (
                f"{add} [a|the|a new|] device [called|named|] N on {{dpin}}",
                "new device N on {dpin}",
                f"{add} N on {{dpin}} as a device",
                "[add|register] N on {dpin} [to the devices|to your devices|in the device list]",
                f"{add} the named thing N on {{dpin}}",
            )
        )
        kind = _LAST.get(
            name.split()[-1],
            "button"
            if "button" in name
            else "sensor"
            if "sensor" in name
            else "servo"
            if "servo" in name
            else "other",
        )
    before, after = (
        choose(pattern.replace("N", "\x01", 1) if "\x01" not in pattern else pattern, rng).split(
            "\x01"
        )
        if pattern.count("N")
        else (pattern, "")
    )
    first, second = fill(before, _empty(before), rng, "d"), fill(after, _empty(after), rng, "d")
    pin = first.program or second.program
    said = join(Said(first.pieces), Said([(name, "dn")]), Said(second.pieces))
    program = ["device_set", ":dn", kind, *pin]
    if inverted and not active:
        said = join(
            said,
            rng.choice(
                (
                    ", inverted",
                    ", it is active low",
                    ", active low",
                    " (inverted)",
                    ", it's inverted",
                    " and it is inverted",
                    ", low is on",
                    ", it is inverted",
                    ", active-low",
                )
            ),
        )
    if inverted:
        program.append("+inverted")
    for option in rng.sample(_LIMITS, rng.choices((0, 1, 2), (0.72, 0.23, 0.05))[0]):
        made = option(rng)
        said = join(said, Said(made.pieces))
        program += made.program
    return Said(said.pieces, program)


def _most(rng: random.Random) -> Said:
    pattern = "[, at most|, max|, for at most|, maximum|, no more than|, limit|, never longer than|, and it may run at most|, never on for more than|, with a maximum of|, which must not run longer than|, not longer than|. It must never run longer than|, cap it at]"
    return join(
        choose(pattern, rng) + " ",
        fill("{dur}", "+max_on_s {dur}", rng, "dm"),
        rng.choice(("", " on", " at a time", " of on time", " on time", " at once", "")),
    )


def _safe(rng: random.Random) -> Said:
    state = rng.randrange(2)
    level, switched = (("1", "high"), "on") if state else (("0", "low"), "off")
    word = rng.choice((*level, switched, switched))
    pattern = rng.choice(
        (f", safe {word}", f", safe state {word}", f", {word} at boot", f", {word} at start", f" that's {word} at boot", f" that is {word} at boot", f", starts {switched}", f", which starts {switched}",
         f", its safe state is {switched}", f", safe value {word}", f", safe is {word}", f" with safe {word}", f", {switched} when the board boots", f", it should be {switched} at boot", f", and it boots {switched}")
    )  # fmt: skip
    return Said([(pattern, "")], ["+safe", switched])


def _rest_of(rng: random.Random) -> Said:
    pattern = rng.choice(
        (", at least {dur} off", ", off for at least {dur}", ", minimum off time {dur}", ", min off {dur}", ", with at least {dur} of rest", ", stays off at least {dur}", ", with {dur} off in between", ", it needs at least {dur} off between runs",
         ", and it must rest {dur} between runs", ", with a minimum off time of {dur}", ", rest at least {dur}")
    )  # fmt: skip
    return fill(pattern, "+min_off_s {dur}", rng, "do")


def _not_with(rng: random.Random) -> Said:
    pattern = "[, never together with|, not with|, never with|, not together with|, never on together with|, not at the same time as|, interlocked with|, exclusive with|, never at the same time as| that must not run with| that can't be on together with| that cant be on with|, locked against|, must not be on with|, and never on together with] [the |]"
    return Said([(choose(pattern, rng), ""), (device_name(rng), "dx")], ["+not_with", ":dx"])


_LIMITS = (_most, _safe, _rest_of, _not_with)


def _empty(text: str) -> str:
    return "{dpin}" if "{dpin}" in text else ""


_NO_DEVICE = _rows("device_set ?", "add a device", "[register|create] a [new|] device", "new device", "I want to name a thing", "set up a new device")  # fmt: skip
_DEVICES = "[devices|devices|named things|things|registered devices|named devices]"
DEVICE_LIST = chores.DEVICE_LIST + _rows("device_list", *["[which|what] [devices|named things] [do you know|are there|do you have|exist|have I registered|have you got]"] * 2, "[show|list] [me|] [the|all|my] devices", f"[list|show|show me|print|tell me|display|give me] [the|my|all|all the|your|all my|] {_DEVICES}", f"[what|which] {_DEVICES} [do you have|do you know|are there|are registered|are set up|have I added|have I set up|exist|are defined]",
                    f"what are [the|my|your] {_DEVICES}", f"are there any {_DEVICES}", "device list", "devices", "what is wired up", "what have I named", f"how many {_DEVICES} are there", "[what|which] things have names", "[what|which] device names do you know", "what [is|did I] connect[ed|] to which pin".replace("did I] connect[ed|]", "is] wired"))  # fmt: skip


@slot("dname")
def _device_name(rng: random.Random, mark: str) -> Said:
    return Said([(device_name(rng), mark)], [":" + mark])


DEVICE_DELETE = [
    *chores.DEVICE_DELETE,
    *_rows("device_delete {dname}", "[delete|remove|forget|drop|unregister|erase] [the|] device [called|named|] {dname}", "[delete|remove|forget|erase] [the|] device {dname}", "[delete|remove|unregister|forget|drop] [the|my] {dname} device", "[unregister|deregister] [the|my|] {dname}", "[delete|remove] {dname} from [the|my|your] [devices|device list|named things]",
           "[remove|delete] the named thing {dname}", "the device {dname} is gone, remove it", "device {dname} can go"),
    *_rows("device_delete ?", "[delete|remove] a device", "[delete|remove|unregister] [the|that|this] device"),
]  # fmt: skip


@slot("addr")
def _address(rng: random.Random, mark: str) -> Said:
    number = rng.choice(
        (
            0x20,
            0x23,
            0x27,
            0x3C,
            0x40,
            0x48,
            0x50,
            0x57,
            0x5A,
            0x68,
            0x76,
            0x77,
            rng.randint(8, 119),
        )
    )
    return Said(
        [
            (
                str(number)
                if rng.random() < 0.25
                else rng.choice((f"0x{number:02x}", f"0x{number:02X}")),
                mark,
            )
        ],
        ["=" + mark],
    )


@slot("hexdata")
def _data(rng: random.Random, mark: str) -> Said:
    count = rng.choice((1, 1, 1, 2, 2, 3, 4))
    parts = [f"{rng.randrange(256):02x}" for _ in range(count)]
    text = rng.choice((" ", "", ", ", " ")).join(parts)
    roll = rng.random()
    if roll < 0.4:
        text = "0x" + "".join(parts)
    elif roll < 0.55:
        text = " ".join("0x" + part for part in parts)
    return Said([(text, mark)], [":" + mark])


@slot("reg")
def _register(rng: random.Random, mark: str) -> Said:
    number = rng.randrange(256)
    return Said(
        [
            (
                rng.choice(
                    (f"0x{number:02x}", f"0x{number:02X}", f"0x{number:02x}", f"{number:02x}")
                ),
                mark,
            )
        ],
        [":" + mark],
    )


@slot("bytes")
def _bytes(rng: random.Random, mark: str) -> Said:
    if rng.random() < 0.2:
        return Said([(rng.choice(("one", "1")), mark), (" byte", "")], ["=" + mark])
    if rng.random() < 0.08:
        return Said([("a ", ""), ("byte", mark)], ["=" + mark])
    number = rng.choice(
        (
            str(rng.randint(2, 16)),
            str(rng.randint(2, 8)),
            rng.choice(("two", "three", "four", "six")),
        )
    )
    return Said([(number, mark), (" bytes", "")], ["=" + mark])


_BUS = "[sda {num} scl {num2}|sda {num}, scl {num2}|sda {num} and scl {num2}|sda on {num} and scl on {num2}|pins {num} and {num2}|{num}/{num2}|sda={num} scl={num2}|sda pin {num} and scl pin {num2}]"
_AT = "[address|i2c address|device|the device|the i2c device|the chip|i2c device|addr|the sensor]"
I2C = [
    *chores.SCAN,
    *_rows("i2c_read {num} {num2} {addr} {bytes}", f"[read|get|fetch|give me|i2c read] {{bytes}} [from|at|of] {_AT} {{addr}} [on|with|,|using|, on] {_BUS}", f"[on|using|with] {_BUS}[,|] read {{bytes}} [from|at] {_AT} {{addr}}",
           f"i2c read {{bytes}} [from|at] {{addr}} {_BUS}", f"[read|fetch] {{bytes}} from {{addr}} [on|over|via] i2c [with|on] {_BUS}", f"i2c: read {{bytes}} from {{addr}}, {_BUS}", f"[read|get] {_AT} {{addr}} [on|with] {_BUS}, {{bytes}}", f"i2c: {_BUS}, [addr|address] {{addr}}, read {{bytes}}", f"[read|get] {{bytes}} from the [oled|display|expander|sensor|eeprom|rtc] [at|with address] {{addr}}[,|] {_BUS}"),
    *_rows("i2c_write {num} {num2} {addr} {hexdata}", f"[write|send|i2c write] {{hexdata}} to {_AT} {{addr}} [on|with|,|using|, on] {_BUS}", f"[write|send|put] the [byte|bytes|data|hex] {{hexdata}} [to|into] {_AT} {{addr}} [on|with|,] {_BUS}",
           f"[on|using|with] {_BUS}[,|] [write|send] {{hexdata}} to {_AT} {{addr}}", f"i2c write {{hexdata}} to {{addr}} {_BUS}", f"i2c: [write|send] {{hexdata}} to {{addr}}, {_BUS}", f"i2c: {_BUS}, [addr|address] {{addr}}, [write|send] {{hexdata}}", f"[write|send] {{hexdata}} to the [oled|display|expander|sensor|dac|eeprom|rtc] [at|with address] {{addr}}[,|] {_BUS}"),
    *_rows("i2c_write_read {num} {num2} {addr} {reg} {bytes}", f"[read|get|fetch] {{bytes}} [from|of|at] register {{reg}} [of|on|at|from|in] {_AT} {{addr}} [on|with|,|using|, on] {_BUS}", f"[read|get|fetch] register {{reg}} [of|on|at|from] {_AT} {{addr}}, {_BUS}, {{bytes}}",
           f"[on|using|with] {_BUS}[,|] read {{bytes}} [from|of] register {{reg}} [of|at] {_AT} {{addr}}", f"[write|send] {{reg}} to {_AT} {{addr}} [and|then] read {{bytes}} [back|] [on|with|,] {_BUS}", f"i2c read register {{reg}} of {{addr}} {{bytes}} {_BUS}",
           f"i2c: {_BUS}, [addr|address|device] {{addr}}, read {{bytes}} from [reg|register] {{reg}}", f"{_BUS}, [addr|address] {{addr}}: [read|get] {{bytes}} [from|of|at] [reg|register] {{reg}}", f"[read|get] [reg|register] {{reg}} [of|from|at] {{addr}}, {{bytes}}, {_BUS}", f"[read|fetch] {{bytes}} from [reg|register] {{reg}} [of|on|at] {{addr}} [on|with|,] {_BUS}",
           f"what is in register {{reg}} of {_AT} {{addr}} on {_BUS}, {{bytes}}", f"[read|get] {{bytes}} [from|of] {_AT} {{addr}} register {{reg}} [on|with|,] {_BUS}"),
    *_rows("i2c_read ?", f"read {{bytes}} from {_AT} {{addr}}", "read from the i2c bus", f"read {_AT} {{addr}}"),
    *_rows("i2c_write ?", f"write {{hexdata}} to {_AT} {{addr}}", "write to the i2c bus", f"write to {_AT} {{addr}}"),
]  # fmt: skip


def remembered(rng: random.Random) -> Said:
    """Return "remember that the fan is on gpio 18 and turn it on": the fact, and a call with it."""
    name = (
        f"{rng.choice(PLACES)} {rng.choice(THINGS)}" if rng.random() < 0.4 else rng.choice(THINGS)
    )
    front = choose(
        "[remember that|remember|note that|keep in mind that|save that|] [the|my] ", rng
    )
    link = rng.choice((" is on ", " is connected to ", " is at ", " sits on "))
    word, number = rng.choice(("gpio ", "pin ")), str(rng.randint(0, 39))
    verb = rng.choice(
        (
            ("turn it on", "on"),
            ("turn it off", "off"),
            ("switch it on", "on"),
            ("switch it off", "off"),
            ("start it", "on"),
            ("stop it", "off"),
        )
    )
    pieces = [
        (front, ""),
        (name, "mk"),
        (link, ""),
        ("", "<mv"),
        (word, ""),
        (number, "mp"),
        ("", ">mv"),
        (rng.choice((" and ", ", then ", " and then ", ", ", ". ")), ""),
        (verb[0], ""),
    ]
    return Said(pieces, ["memory_set", ":mk", ":mv", "gpio_write", "=mp", verb[1]])
