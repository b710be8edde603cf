"""What fills the slots: pins, names of things, names of rules."""

from __future__ import annotations

import random

from ..listed import spaced
from .amounts import say_number
from .nouns import anything
from .pattern import Said, choose, slot

THINGS = spaced(
    "led lamp light pump fan heater relay valve motor buzzer siren lock sprinkler boiler "
    "charger kettle radio screen bulb lights leds speaker mixer blower humidifier "
    "dehumidifier cooler freezer oven toaster printer projector router feeder compressor "
    "solenoid horn bell beacon laser vent thing one gate door blind curtain thermostat "
    "lantern chandelier strip fountain irrigation aquarium filter heating alarm display "
    "backlight transmitter camera magnet winch conveyor spotlight floodlight nightlight "
    "radiator extractor dishwasher washer dryer fridge lamps fountain waterfall skimmer "
    "bubbler airpump mister fogger drill saw lathe grinder laminator turntable amplifier "
    "subwoofer telly television computer monitor server hub inverter battery incubator kiln "
    "furnace stove grill hob hood cooker jacuzzi sauna shower toilet geyser immersion "
    "windmill turbine generator crane lift elevator hoist ramp barrier shutter awning bollard "
    "turnstile scarecrow birdhouse kennel coop hutch terrarium vivarium trough sprayer "
    "dripper mower robot train carousel candle torch lights strobe projector disco discoball "
    "sign neon billboard clock"
)
PLACES = spaced(
    "kitchen garden front back bedroom bathroom garage hall living room greenhouse attic "
    "cellar office porch shed desk ceiling pond pool tank left right upper lower main second "
    "spare big small old new red green blue yellow white water air status night grow heating "
    "exhaust outdoor indoor balcony terrace chicken workshop stairs hallway landing porch "
    "loft basement pantry utility laundry dining guest kids nursery study library driveway "
    "patio deck carport barn stable yard lawn rose tomato herb veg fish turtle dog cat "
    "reading corner ambient warm cold hot wall floor window door entrance exit north south "
    "east west middle inner outer top bottom tall long round side"
)
_SYLLABLES = spaced(
    "ba ko ri tal mun dex vor sil fen gra plo zu chi nex wob tor lam pek ost quin yar hup dro"
)


def thing(rng: random.Random) -> str:
    """Return the name of something that hangs on a pin; now and then an invented word."""
    roll = rng.random()
    if roll < 0.42:
        return rng.choice(THINGS)
    if roll < 0.8:
        return f"{rng.choice(PLACES)} {rng.choice(THINGS)}"
    if roll < 0.86:
        return anything(rng) if roll < 0.83 else f"{anything(rng)} {rng.choice(THINGS)}"
    word = "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3))))
    return word if roll < 0.94 else f"{word} {rng.choice(THINGS)}"


def pin_number(rng: random.Random) -> str:
    """Return a pin number as a person writes it."""
    return say_number(
        rng.choice(
            (rng.randint(0, 39), rng.randint(0, 39), rng.randint(1, 22), rng.randint(0, 48))
        ),
        rng,
    )


def remembered_pin(rng: random.Random) -> str:
    """Return a memory value that names a pin."""
    return choose(
        f"[gpio|pin|gpio|pin number|relay on gpio|GPIO|io|led on pin] {rng.randint(0, 39)}", rng
    )


_RULE_VERBS = spaced("blink water night morning daily toggle heat cool evening guard check good")
_WITH_THING = (
    "[the|the|my|] {t} [on|at|on|connected to|attached to|wired to] "
    "[pin|gpio|pin|pin number|io|] {n}"
)
_PLAIN = "[pin|gpio|pin|gpio|pin|pin number|gpio pin|io|output|the pin|digital pin|GPIO|p|d] {n}"


def _numbered(rng: random.Random, mark: str, pattern: str, name: str) -> Said:
    text = choose(pattern, rng).replace("{t}", name)
    before, after = text.split("{n}")
    if before.endswith(("gpio ", "GPIO ", "io ", "pin ", " p ", " d ")) and rng.random() < 0.2:
        before = before[:-1]
    number = pin_number(rng)
    if not before.endswith(" ") and before:
        number = str(rng.randint(0, 39))
    return Said([(before, ""), (number, mark), (after, "")], ["=" + mark])


def _pin(rng: random.Random, mark: str, bare: float, unknown: float, things: float = 0.3) -> Said:
    """A pin as a number, as a name the memory knows, as an unknown name, or not said at all."""
    roll = rng.random()
    name = thing(rng)
    if roll < bare:
        return Said([(pin_number(rng), mark)], ["=" + mark])
    if roll < bare + unknown:
        if rng.random() < 0.3:
            word = rng.choice(
                (
                    "it",
                    "that",
                    "this",
                    "it",
                    "that one",
                    "this one",
                    "the pin",
                    "something",
                    "them",
                )
            )
            return Said([(word, "")], ["?"])
        article = rng.choice(("the ", "the ", "the ", "my ", "", "our "))
        other = {thing(rng): remembered_pin(rng)} if rng.random() < 0.4 else {}
        other.pop(name, None)
        return Said([(article, ""), (name, mark)], ["?named", ":" + mark], other)
    if roll < bare + unknown + 0.2:
        article = rng.choice(("the ", "the ", "the ", "my ", "", "our "))
        memory = {name: remembered_pin(rng)}
        if rng.random() < 0.5:
            memory[thing(rng)] = remembered_pin(rng)
        if rng.random() < 0.3:
            memory["name"] = "Alice"
        return Said([(article, ""), (name, mark)], ["=" + mark], dict(reversed(memory.items())))
    if rng.random() < things:
        said = _numbered(rng, mark, _WITH_THING, name)
        if rng.random() < 0.15:
            said.memory[name] = remembered_pin(rng)
        return said
    return _numbered(rng, mark, _PLAIN, name)


@slot("pin")
def _any_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.12, 0.14)


@slot("p")
def _short_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.3, 0.08)


@slot("num")
def _bare_pin(rng: random.Random, mark: str) -> Said:
    return Said([(pin_number(rng), mark)], ["=" + mark])


@slot("sure")
def _certain_pin(rng: random.Random, mark: str) -> Said:
    return _pin(rng, mark, 0.12, 0.0)


def _kind_of_pin(*names: str, bare: str = "") -> None:
    """Register a slot for one kind of part: "the servo on pin 4", a known or an unknown name."""

    def part(rng: random.Random, mark: str) -> Said:
        name = rng.choice(names if len(names) < 5 else names[1:])
        if rng.random() < 0.3:
            name = f"{rng.choice(PLACES)} {name}"
        roll = rng.random()
        article = rng.choice(("the ", "the ", "my ", ""))
        if roll < 0.15:
            memory = {
                name: f"{bare} on gpio {rng.randint(0, 39)}".strip()
                if bare
                else remembered_pin(rng)
            }
            return Said([(article, ""), (name, mark)], ["=" + mark], memory)
        if roll < 0.27:
            return Said([(article, ""), (name, mark)], ["?named", ":" + mark])
        joint = (
            "[on|on|at|connected to|wired to|] [pin|gpio|pin|pin number|io||]"
            if roll < 0.9
            else ""
        )
        said = _numbered(rng, mark, f"{article}{name} {joint} {{n}}".replace("  ", " "), name)
        return said

    slot(names[0])(part)


_kind_of_pin("servo", "servo motor", "servo", "arm servo", "servomotor")
_kind_of_pin(
    "neopixel",
    "neopixels",
    "strip",
    "led strip",
    "pixels",
    "ring",
    "rgb strip",
    "ws2812",
    "pixel",
    "ws2812b strip",
    "light strip",
    "rgb led",
    "neopixel ring",
    "rgb light",
)
_kind_of_pin(
    "analog",
    "sensor",
    "potentiometer",
    "pot",
    "light sensor",
    "ldr",
    "moisture sensor",
    "battery",
    "soil sensor",
    "photoresistor",
    "analog input",
    "analogue input",
    "knob",
    "joystick",
)
_kind_of_pin(
    *("opening", "valve", "valve", "water valve", "gas valve", "tap", "gate", "vent", "hatch"),
    *("solenoid", "garage door", "door", "sluice", "window", "curtain", "blind", "flap"),
)
_kind_of_pin(
    *("noisy", "buzzer", "buzzer", "siren", "horn", "bell", "alarm", "speaker", "beeper"),
    *("doorbell", "whistle", "gong"),
)
_kind_of_pin(
    "button",
    "button",
    "switch",
    "door sensor",
    "motion sensor",
    "pir",
    "reed switch",
    "contact",
    "push button",
    "door contact",
    "limit switch",
    "pir sensor",
    "input",
    "doorbell",
)


@slot("name")
def _rule_name(rng: random.Random, mark: str) -> Said:
    number = rng.randint(1, 20)
    own = rng.choice(PLACES), rng.choice(THINGS)
    verb = rng.choice(_RULE_VERBS)
    text = rng.choice(
        (f"{own[0]}_{own[1]}", thing(rng), f"rule{number}", f"r{number}", verb, f"{verb}_{own[1]}")
        + (f"{verb} {rng.choice(('light', 'routine', 'watering'))}", f"rule_{number}", str(number))
        + (anything(rng), anything(rng), f"{anything(rng)}_{own[1]}", f"{anything(rng)} {own[1]}")
    )
    return Said([(text, mark)], [":" + mark])
