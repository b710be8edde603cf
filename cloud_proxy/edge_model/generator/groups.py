"""Several pins after one verb and others after another: "kill 4, 12 and 19 but switch 21 on"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re
from collections.abc import Callable

from ..listed import barred, spaced
from . import mind, mixed
from .amounts import say_number
from .clauses import QUESTION, half
from .pairs import words
from .pattern import SLOTS, Said, choose, fill, join
from .slots import PLACES, THINGS, remembered_pin

# What is done with the pins at @: V is a value for all of them. "late": the state stands last.
_ON = ("[turn|turn|switch|switch|put|flip|power] on @", "[turn|turn|switch|put|flip|have|get] @ on", "[start|activate|energise|energize|enable|power|power up|fire up|light|light up|engage] @", "[set|pull|drive|bring|take|make|put] @ high",
    "[raise|lift] pins @", "[set|put] @ to [high|on|1]", "give @ power", "[start up|bring up|wake|wake up|boot up] @", "[send|give] power to @")  # fmt: skip
_OFF = ("[turn|turn|switch|switch|shut|put|power|flip] off @", "[turn|turn|switch|put|flip|shut|have|get] @ off", "[kill|kill|stop|cut|deactivate|disable|shut down|power down|halt|end|douse|disengage|de-energise|unpower] @", "[set|pull|drive|bring|take|make|put] @ low",
    "[drop|lower] pins @", "[set|put] @ to [low|off|0]", "cut [the power to|power to|the power on] @", "[knock|take] @ off", "[kill|cut] the power [to|on] @")  # fmt: skip
_FORMS = {
    "on": _ON,
    "off": _OFF,
    "toggle": ("[toggle|toggle|flip|invert|reverse] @", "[toggle|invert|flip] the state of @"),
    "read": ("[read|read|check|look at|query|poll|show me] @", "[tell me|show me|give me|report|get] the [state|level|status] of @", "[read|check] the [state|level] of @", "read [out|back] @"),
    "volts": ("[read|measure|sample|get|take] the [voltage|voltages|adc value|analog value] on @", "[tell me|show me|give me] the [voltage|voltages|millivolts] on @"),
    "dim": ("[dim|set|put|bring|fade|turn|take] @ to V", "[run|set|put|drive|keep] @ at V", "[dim|fade|bring] @ to V"),
}  # fmt: skip
_LATE = {"on": ("@ on", "@ on", "@ high", "@ back on"), "off": ("@ off", "@ off", "@ low", "@ back off")}  # fmt: skip
_TOOL = {
    "on": ("gpio_write", "on"),
    "off": ("gpio_write", "off"),
    "toggle": ("gpio_toggle", ""),
    "read": ("gpio_read", ""),
    "volts": ("adc_read", ""),
    "dim": ("pwm_write", ""),
}
_ACTS = (*("on",) * 6, *("off",) * 6, "toggle", "toggle", "toggle", "read", "read", "dim", "volts")
_JOINTS = (" and ", " and ", " and ", ", ", ", and ", ", and ", "; ", ", then ", " and then ", " then ", ". ", " while you ", ", and also ",
    " and also ", " & ", ", plus ", ". Then ", " - and ", " n ", ", and please ", ", also ", ". Also ", ", oh and ", ", and on top of that ", ", next ")  # fmt: skip
_AGAINST = (" but ", " but ", " yet ", ", but ", " and ", ", and ", ", however ", " and then ", " while you ")  # fmt: skip
_LISTS = ((", ", " and "), (", ", " and "), (", ", " and "), (", ", ", and "), (" and ", " and "), (", ", ", "), (", ", " & "), (" & ", " & "), (", ", " plus "), (" + ", " + "),
    (", ", " as well as "), (" ", " and "), (",", ","), (",", " and "), ("/", "/"), (", ", " n "))  # fmt: skip
_FRONTS = ("", "", "", "pins ", "pins ", "gpios ", "gpio ", "pin ", "both ", "outputs ")


def _number(rng: random.Random, mark: str, seen: list[str]) -> Said:
    """Return the number of a pin that was not named yet; `seen` keeps it."""
    while (number := str(rng.choice((rng.randint(0, 39), rng.randint(1, 33))))) in seen:
        pass
    seen.append(number)
    spoken = say_number(int(number), rng, 0.1)
    return Said([(spoken, mark)], ["=" + mark])


def _pins(rng: random.Random, mark: str, count: int, named: bool, seen: list[str]) -> Said:
    """Return so many pins in a list; its program holds one word for each of them."""
    found: list[Said] = []
    while len(found) < count:
        pin = _number(rng, f"{mark}{len(found)}", seen)
        if named and rng.random() < 0.75:
            pin = SLOTS["sure"](rng, f"{mark}{len(found)}")
        if words(pin) not in map(words, found):
            found.append(pin)
    every, last = rng.choice(_LISTS)
    if named or any(not words(pin).isdigit() for pin in found) and every in (" ", ",", "/"):
        every, last = rng.choice(_LISTS[:5])
    front = "" if named else rng.choice(_FRONTS)
    if front == "both " and (count != 2 or last.strip() not in ("and", "&")):
        front = ""
    if count == 1 and front not in ("", "pin ", "gpio "):
        front = "pin "
    each = "pin " if front in ("pin ", "gpio ") and rng.random() < 0.4 else ""
    said = Said([(front, "")])
    for n, pin in enumerate(found):
        between = "" if not n else last if n + 1 == count else every
        said = join(said, between + (each if n else ""), pin)
    return said


def groups(rng: random.Random, mark: str) -> Said:
    """Return two or three groups of pins, each with what is to be done with it."""
    many = rng.choice((2, 2, 2, 2, 3))
    while True:
        acts = [rng.choice(_ACTS) for _ in range(many)]
        if all(one != other for one, other in zip(acts, acts[1:], strict=False)):
            break
    late = rng.random() < 0.22 and not {"toggle", "read", "dim", "volts"} & set(acts)
    verb = rng.choice(("", "", "turn ", "switch ", "set ", "put ")) if late else ""
    seen: list[str] = []
    counts = [rng.choice((1, 1, 2, 2, 3, 3, 4)) for _ in acts]
    if max(counts) == 1:
        counts[rng.randrange(many)] = rng.choice((2, 2, 3, 4))
    total = 0
    said = Said([(verb, "")])
    for n, act in enumerate(acts):
        count = counts[n] if total + counts[n] + many - n <= 8 else 1
        total += count
        named = rng.random() < 0.25
        pins = _pins(rng, f"{mark}g{n}", count, named, seen)
        pattern = choose(rng.choice((_LATE if late else _FORMS)[act]), rng)
        if "pins @" in pattern:
            pattern = pattern if words(pins)[0].isdigit() else pattern.replace("pins ", "")
            pattern = pattern.replace("pins @", "pin @") if count == 1 else pattern
        before, after = pattern.split("@")
        value = SLOTS["pct"](rng, f"{mark}v{n}") if "V" in after else Said()
        tail, *rest = after.split("V")
        tool, state = _TOOL[act]
        program: list[str] = []
        for pin in pins.program:
            program += [tool, pin, *([state] if state else []), *value.program]
        text = join(before, Said(pins.pieces), tail, Said(value.pieces), *rest)
        against = n and {acts[n - 1], act} == {"on", "off"} and rng.random() < 0.45
        joint = rng.choice(_AGAINST if against else _JOINTS)
        if late and (joint.strip(" .,;&-").lower() not in ("", "and", "but", "then", "while")):
            joint = rng.choice((" and ", ", ", " but ", ", and ", "; "))
        if joint.endswith(("you ", "please ")) and late:
            joint = " and "
        if words(said)[-1:].isdigit() and not before:
            joint = "; "
        said = join(said, joint if n else "", Said(text.pieces, program, pins.memory))
    return said


_MOODS = barred("movie|party|bedtime|cinema|romance|dinner|study|gaming|chill|night|holiday|disco|cosy|reading|film|work|sleep|nap|focus|dance|story|yoga|summer|date|spooky|concert|beach|siesta|lunch|quiet|guest|winter|sunday|lounge|cleaning|stealth")  # fmt: skip
_CLOSERS = ("{m} mode", "{m} mode", "{m} mode", "{m} time", "{m} vibes", "it's {m} time", "it is {m} time", "{m} night", "let's go", "that's it", "that's all", "chop chop", "quick", "go", "go go go", "cheers", "hurry", "and we're set", "perfect",
    "the film is starting", "we're leaving", "I'm off", "guests are here", "lovely", "showtime", "done", "ready steady go", "time to relax", "here we go", "just like last night")  # fmt: skip
_CALLS = ("", "", "", "", " baby", " please", " now", " everyone", " people", " mate", " thanks", " guys", " folks", " buddy", " yay", " woohoo")  # fmt: skip
_OPENERS = ("[both|all] {t} [halt|rest|go quiet|go to sleep|wind down|shut down|come to a halt], so", "[we are|we're|I am|I'm|everybody is] [leaving|going out|off to bed|going to sleep|done for the day|about to eat], so", "{m} [time|mode|night][:|, so|!|,]",
    "[it's|it is] {m} [time|night][:|, so|,]", "[guests are coming|the film starts soon|the shift is over|the shop is closing|the kids are asleep|it got dark|it's dark outside|it's getting late|the sun is up], so", "[for|ready for] {m} [mode|time|night][:|,]",
    "[ok|okay|right|alright|listen|now|fine], {m} [mode|time|night][:|,]", "[everything|the whole place|the house] [quiet|calm|cosy|bright|dark] please[:|, so|,]")  # fmt: skip
_NAMED_FORMS = (  # (tool, the slot of a value, its state, forms without a verb, forms with one); P, V
    ("gpio_write", "", "on", ("P on", "P on"), ("[turn|switch|put] P on", "[turn|switch|put] on P", "[start|fire up|activate] P")),
    ("gpio_write", "", "off", ("P off", "P off"), ("[turn|switch|put] P off", "[turn|switch|put|shut] off P", "[kill|cut] P")),
    ("pwm_write", "pct", "", ("P [to|at] V", "P to V", "P V"), ("[set|put|drive|bring|dim|run|fade|take] P to V", "[run|drive|keep] P at V")),
    ("servo_write", "degrees", "", ("P [to|at] V", "P to V", "P V"), ("[set|put|drive|bring|move|turn|swing|rotate|take|tilt|point] P to V",)),
    ("neopixel_write", "colour", "", ("P V", "P to V", "P in V"), ("[set|change|switch|turn] P to V", "[make|paint|turn|colour] P V")),
)  # fmt: skip
_LIMBS = spaced("claw arm gripper wrist elbow shoulder neck head jaw tail wing rudder flap hatch lid vane damper gimbal mirror sail steering bucket pointer needle boom ladder tray hand leg hip knee mast fin hook chute turret lever latch")  # fmt: skip
_GLOWS = spaced("strip ring glow bookshelf backlight halo sky rainbow matrix badge mask crown pixels sign underglow moodlight rope ceiling ambilight shelf canopy")  # fmt: skip
_NEAR = (", ", ", ", ", ", " and ", " and ", " n ", " & ", ", and ", "; ", " plus ", " + ", " and also ", ", also ", " / ")  # fmt: skip


def known(rng: random.Random, mark: str, tool: str) -> Said:
    """Return the name of a part that the memory knows, or a part with its pin."""
    roll = rng.random()
    if roll < 0.35:
        return timed_part(rng, mark, {"servo_write": "servo", "neopixel_write": "neopixel"}.get(tool, "sure"))  # fmt: skip
    ends = _LIMBS if tool == "servo_write" else _GLOWS if tool == "neopixel_write" else THINGS
    name = rng.choice(ends)
    if rng.random() < 0.4:
        name = f"{rng.choice(PLACES)} {name}"
    article = rng.choice(("the ", "the ", "", "", "my "))
    if roll < 0.6:
        joint = rng.choice((" on ", " on ", " on pin ", " on gpio ", " at ", " at pin "))
        number = str(rng.randint(0, 39))
        return Said([(f"{article}{name}{joint}", ""), (number, mark)], ["=" + mark])
    return Said([(article, ""), (name, mark)], ["=" + mark], {name: remembered_pin(rng)})


def timed_part(rng: random.Random, mark: str, kind: str) -> Said:
    """Return a part of this kind of which the pin is known."""
    while (part := SLOTS[kind](rng, mark)).program[0][0] != "=":
        pass
    return part


def _put(pattern: str, part: Said, value: Said) -> Said:
    """Return a pattern with its P and V filled, without a program."""
    said = Said()
    for piece in re.split("([PV])", pattern):
        filled = {"P": part, "V": value}.get(piece)
        said = join(said, piece if filled is None else Said(filled.pieces, [], filled.memory))
    return said


def valued(rng: random.Random, mark: str, fronted: bool = True) -> Said:
    """Return parts with a value each: "drive motor to 40% n the claw to 0 degrees"."""
    count = rng.choice((2, 2, 2, 3, 3, 4))
    led = rng.random() < 0.5  # one verb at the beginning holds for all of them
    comma, last, said = rng.choice(_NEAR), rng.choice(_NEAR), Said()
    seen: list[str] = []
    alike = rng.random() < 0.15
    forms = rng.choices(_NAMED_FORMS, (3, 3, 3, 3, 2), k=count)
    forms = [forms[0]] * count if alike else forms
    if led and any(form[0] != "gpio_write" for form in forms):
        forms = [form for form in forms if form[0] != "gpio_write"]
        forms += forms[:1] if len(forms) < 2 else []
    for n, (tool, slot_name, state, bare, verbs) in enumerate(forms):
        while words(part := known(rng, f"{mark}p{n}", tool)) in seen:
            pass
        seen.append(words(part))
        value = SLOTS[slot_name](rng, f"{mark}v{n}") if slot_name else Said()
        pattern = choose(rng.choice(bare), rng)
        if led:
            to = "to " if tool != "gpio_write" else ""
            verb = rng.choice(("set ", "put ", "turn ", "bring ")) if not to or tool != "servo_write" else choose("[set|move|drive|turn|put|bring] ", rng)  # fmt: skip
            verb = rng.choice(("turn ", "switch ", "put ")) if not to else verb
            pattern = ("" if n else verb) + ("P V" if to else "P " + state).replace("V", to + "V")
        elif rng.random() < 0.3:
            pattern = choose(rng.choice(verbs), rng)
        text = _put(pattern, part, value)
        program = [tool, *part.program, *([state] if state else value.program)]
        between = "" if not n else last if n + 1 == len(forms) else comma
        if words(said)[-1:].isdigit() and between in (" ", " / "):
            between = ", "
        said = join(said, between, Said(text.pieces, program, text.memory))
    return _wrapped(rng, said) if fronted else said


def _wrapped(rng: random.Random, said: Said) -> Said:
    """Return orders with a word about the occasion before or behind them, or as they are."""
    roll = rng.random()
    mood = rng.choice(_MOODS)
    if roll < 0.4:
        closer = rng.choice(_CLOSERS).format(m=mood) + rng.choice(_CALLS)
        return join(said, rng.choice((", ", ", ", ", ", " - ", ". ", "! ", "; ")), closer)
    if roll < 0.6:
        opener = choose(rng.choice(_OPENERS), rng).format(m=mood, t=rng.choice(THINGS) + "s")
        return join(opener + " ", said)
    return said


def states(rng: random.Random, mark: str) -> Said:
    """Return what goes on and off in a few words with the occasion: "bedtime, so 25 off and 26 off"."""
    count = rng.choice((2, 2, 3, 3, 4))
    last, comma, said = rng.choice((" and ", " and ", ", ", ", and ")), ", ", Said()
    same = rng.randrange(2) if rng.random() < 0.5 else None
    seen: list[str] = []
    for n in range(count):
        state = rng.randrange(2) if same is None else same
        pin = _number(rng, f"{mark}s{n}", seen)
        pin = known(rng, f"{mark}s{n}", "gpio_write") if rng.random() < 0.35 else pin
        word = rng.choice((("off", "off", "low"), ("on", "on", "high"))[state])
        program = ["gpio_write", *pin.program, "on" if state else "off"]
        between = "" if not n else last if n + 1 == count else comma
        said = join(said, between, Said([*pin.pieces, (f" {word}", "")], program, pin.memory))
    return _wrapped(rng, said)


_SPELLS = ("P on for V", "P on for V", "[turn|switch|put|keep|leave|have] P on for V", "[turn|switch|put] on P for V", "[run|start|open|light] P for V", "let P run for V", "P for V", "V of P")  # fmt: skip
_SIDE = (" and ", " and ", " and ", ", ", ", and ", "; ", " & ", " plus ", " and also ", ", but ", " but ", ", also ", " n ", ". And ")  # fmt: skip


def spell(rng: random.Random, mark: str) -> Said:
    """Return a part that is on for a while beside others: the rule that ends it stands last."""
    part, time = known(rng, f"{mark}p", "gpio_write"), SLOTS["dur"](rng, f"{mark}d")
    text = _put(choose(rng.choice(_SPELLS), rng), part, time)
    first = ["gpio_write", *part.program, "on"]
    rule = ["rule_set", "w_in", *time.program, "gpio_write", *part.program, "off"]
    said, program = Said(text.pieces, [], part.memory), list[str]()
    late = rng.random() < 0.65
    for n in range(rng.choice((1, 1, 1, 2))):
        forms = _NAMED_FORMS if late else _NAMED_FORMS[1:]  # "A on and B on for a minute": both?
        tool, slot_name, state, bare, verbs = rng.choice(forms)
        while words(other := known(rng, f"{mark}o{n}", tool)) == words(part):
            pass
        value = SLOTS[slot_name](rng, f"{mark}v{n}") if slot_name else Said()
        pattern = choose(rng.choice(verbs if rng.random() < 0.75 else bare), rng)
        clause = _put(pattern, other, value)
        between = rng.choice(_SIDE)
        said = join(said, between, clause) if late else join(clause, between, said)
        new = [tool, *other.program, *([state] if state else value.program)]
        program = [*program, *new] if late else [*new, *program]
    both = [*first, *program] if late else [*program, *first]
    return Said(said.pieces, [*both, *rule], said.memory)


_HELD = (  # (tool, the slot of a name, how it is called)
    ("rule_delete", "name", ("the rule ", "the rule ", "rule ", "my rule ", "the rule called ", "the rule named ")),
    ("rule_delete", "ruleno", ("the rule ", "rule ")),
    ("script_delete", "sname", ("the script ", "the script ", "script ", "my script ", "the script called ", "the script named ")),
    ("device_delete", "dname", ("the device ", "the device ", "device ", "my device ", "the device called ")),
    ("memory_delete", "key", ("the note about the ", "the note on the ", "your note about the ", "the note about my ")),
)  # fmt: skip
_AWAY = "[delete|delete|remove|erase|drop|get rid of|scrap|bin|trash|throw away|throw out|wipe|ditch|dump|clear out|discard|forget]"


def away(rng: random.Random, mark: str) -> Said:
    """Return what is deleted of several kinds: "delete the script knock and the rule frost"."""
    kinds = rng.sample(_HELD, rng.choice((2, 2, 2, 2, 3)))
    if len({kind[0] for kind in kinds}) < 2:
        kinds[1] = _HELD[2]
    again = rng.random() < 0.25
    verb, said = choose(_AWAY, rng), Said()
    front = choose("[||both|] ", rng).lstrip() if len(kinds) == 2 and not again else ""
    for n, (tool, slot_name, calls) in enumerate(kinds):
        name = SLOTS[slot_name](rng, f"{mark}w{n}")
        order = f"{verb} {front}" if not n else f"{choose(_AWAY, rng)} " if again else ""
        between = "" if not n else ", " if n + 1 < len(kinds) else rng.choice((" and ", " and ", " and ", ", and ", " and also ", " as well as ", " & "))  # fmt: skip
        between = " and " if "both" in front and n else between
        text = join(order + rng.choice(calls), Said(name.pieces))
        said = join(said, between, Said(text.pieces, [tool, *name.program], name.memory))
    return join(said, rng.choice(("", "", "", "", " please", " for me", ", thanks", " now")))


_MANNERS = [row for row in mind.PERSONA if "?" not in row[1]]
_ASIDE = ("get_time", "get_time", "get_status", "gpio_read", "adc_read", "rule_list", "script_list", "device_list", "memory_list", "memory_get", "dht_read", "gpio_read_all", "gpio_write", "gpio_write",
    "gpio_toggle", "pwm_write", "neopixel_write", "script_run", "set_timezone", "rule_delete", "script_delete")  # fmt: skip
_ASK_TIME = ("[tell me|say] [what time it is|the time|what the time is]", "[give me|let me have|show me] the [time|current time]", "what time is it", "what's the time", "[tell me|let me know] what time it is [now|right now]")  # fmt: skip


def manners(rng: random.Random, mark: str) -> Said:
    """Return a tone and an order: "be friendly and tell me what time it is"."""
    tone = fill(*rng.choice(_MANNERS), rng, f"{mark}p")
    tool = rng.choice(_ASIDE)
    other = half(rng, f"{mark}o", tool, True)
    if tool == "get_time" and rng.random() < 0.7:
        other = Said([(choose(rng.choice(_ASK_TIME), rng), "")], ["get_time"])
    if rng.random() < 0.75:
        return join(tone, rng.choice((" and ", " and ", ", and ", " and then ", ", then ", ". ", "; ", " & ", ". Then ")), other)  # fmt: skip
    return join(other, "? " if QUESTION.match(words(other)) else rng.choice((" and ", ", and ", ". ", "; ", " and also ", ". Also, ")), tone)  # fmt: skip


_SCANS = "[scan|scan|scan|check|sweep|probe|search] [i2c|the i2c bus|the bus|the i2c|i2c bus] [on|with|at|using|,|for devices on|] "
_WIRES = ("sda {} scl {}", "sda {} scl {}", "sda {}, scl {}", "sda {} and scl {}", "sda on {} and scl on {}", "sda={} scl={}", "pins {} and {}", "{}/{}", "SDA on GPIO {} and SCL on GPIO {}", "sda pin {} and scl pin {}", "sda on gpio {} with scl on gpio {}",
    "data {} and clock {}")  # fmt: skip
_FOUND = ("[list|show|give|report|tell me|read out|print] [the|all the|all] [addresses|devices|devices you find|addresses found|addresses that answer|found addresses|results|chips found]", "[tell me|show me|let me know|report|say] [what|which devices|which addresses|who] [answers|answer|is there|is on it|you find|you found|responds|you see]".replace("which devices|which addresses|", "").replace("answers|answer|", "answers|"),
    "[tell me|show me|list] the addresses [you find|that respond|you found|that answer]", "[list|show me|tell me] what [you find|is found|is there|comes up|turns up]", "[report|list] everything [you find|that answers]", "print the result")  # fmt: skip
_AGAIN = ("[and also|and also|, also|, and also|and|and then|plus|, then|as well as|and additionally] ", "[and|, then|, and|and then] [scan|check|do] ", "[and|, then|. Then] the same [on|for|with] ", "[, and|, then|and] the other [bus|one] on ")  # fmt: skip


def scans(rng: random.Random, mark: str) -> Said:
    """Return two buses that are scanned, or one of which the answer is asked for besides."""
    said = Said([(choose(_SCANS, rng), "")])
    twice = rng.random() < 0.5
    pins = [str(pin) for pin in rng.sample(range(40), 4)]
    wires = rng.choice(_WIRES)
    for n in range(1 + twice):
        wires = wires if rng.random() < 0.8 else rng.choice(_WIRES)
        first, second, last = wires.split("{}")
        marks = [f"{mark}i{n}{end}" for end in "ab"]
        bus = [(first, ""), (pins[2 * n], marks[0]), (second, ""), (pins[2 * n + 1], marks[1]), (last, "")]  # fmt: skip
        again = choose(rng.choice(_AGAIN), rng)
        between = "" if not n else again if again[0] in ",." else f" {again}"
        said = join(said, between, Said(bus, ["i2c_scan", *("=" + end for end in marks)]))
    if twice:
        return join(said, rng.choice(("", "", "", "", " too", " as well", " please")))
    tail = choose(rng.choice(_FOUND), rng)
    return join(said, rng.choice((" and ", " and ", " and ", ", and ", ", then ", " and then ", ", ", "; ")), tail)  # fmt: skip


KINDS: tuple[tuple[Callable[[random.Random, str], Said], float], ...] = (
    (groups, 0.3), (valued, 0.25), (states, 0.1), (spell, 0.1), (away, 0.09), (manners, 0.07), (scans, 0.07),
    (mixed.i2c, 0.04),
)  # fmt: skip


def grouped(rng: random.Random, mark: str) -> Said:
    """Return one of the sentences of this module."""
    kind = rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
    return kind(rng, mark)
