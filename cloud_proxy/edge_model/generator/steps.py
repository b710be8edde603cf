"""Steps of rules and scripts: "turns 5 on, waits 30 seconds, then turns it off"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from ..table import TOOLS
from .amounts import say_number
from .nouns import anything
from .pattern import SLOTS, Said, choose, fill, join
from .slots import PLACES, thing
from .steptables import (
    ALL,
    ASK,
    BUS,
    DARK,
    EMIT,
    MOVES,
    NUMBERS,
    OFF,
    ON,
    OTHERS,
    RUN,
    STRIP,
    TELL,
    TOGGLE,
    WAIT,
    WIRED,
)  # fmt: skip
from .texts import TEXT_SLOTS

_VERB = re.compile(r"<(\w+)>")
_ING = {"set": "setting", "put": "putting", "dim": "dimming", "run": "running", "stop": "stopping", "cut": "cutting", "flip": "flipping",
        "shut": "shutting", "get": "getting", "let": "letting"}  # fmt: skip
_PIN = "<P>"


def conjugated(text: str, person: str) -> str:
    """Return the text with its <verbs> as "turn", "turns" (person "s") or "turning" ("ing")."""

    def form(match: re.Match[str]) -> str:
        verb = match.group(1)
        if person == "s":
            return verb + ("es" if verb.endswith(("ch", "sh", "o")) else "s")
        if person == "ing":
            return _ING.get(verb) or (verb[:-1] if verb.endswith("e") else verb) + "ing"
        return verb

    return _VERB.sub(form, text)


class Steps:
    """Makes steps one after the other; a later one may call the pin of an earlier one "it"."""

    def __init__(self, rng: random.Random, mark: str, person: str = "", pin: str = "sure") -> None:
        """person: see `conjugated`. pin: the slot that new pins come from."""
        self._rng, self._mark, self._person, self._slot = rng, mark, person, pin
        self._last: Said | None = None
        self._count = 0

    def _pin(self, again: float) -> Said:
        self._count += 1
        if self._last is not None and self._rng.random() < again:
            if self._rng.random() < 0.65:
                return Said(
                    [
                        (
                            self._rng.choice(
                                ("it", "it", "it", "it", "that", "that one", "the pin", "this")
                            ),
                            "",
                        )
                    ],
                    self._last.program,
                )
            words = "".join(text for text, _ in self._last.pieces)
            mark = f"{self._mark}r{self._count}"
            pieces = [(text, mark if m else "") for text, m in self._last.pieces]
            return Said(pieces, ["=" + mark], self._last.memory) if words else self._last
        kind = self._slot if self._rng.random() < 0.55 else "num"
        made = SLOTS[kind](self._rng, f"{self._mark}p{self._count}")
        self._last = made if made.program[0][0] == "=" else None
        return made

    def _with_pin(self, patterns: tuple[str, ...], program: str, again: float = 0.7) -> Said:
        pin = self._pin(again)
        pattern = self._rng.choice(patterns)
        if pin.pieces[0][0] in ("it", "that", "this"):
            pattern = re.sub(r"> (on|off|up) <P>", r"> <P> \1", pattern)
        before, after = conjugated(pattern.replace(_PIN, "\x01"), self._person).split("\x01")
        said = join(before, pin, after)
        name, *rest = program.split()
        return Said(said.pieces, [name, *pin.program, *rest], said.memory)

    def on(self, again: float = 0.3) -> Said:
        """A step that switches a pin on."""
        return self._with_pin(ON, "gpio_write on", again)

    def off(self, again: float = 0.8) -> Said:
        """A step that switches a pin off."""
        return self._with_pin(OFF, "gpio_write off", again)

    def toggle(self) -> Said:
        """A step that toggles a pin."""
        return self._with_pin(TOGGLE, "gpio_toggle", 0.2)

    def wait(self) -> Said:
        """A step that waits."""
        return self._fill(self._rng.choice(WAIT), "delay {pause}")

    def tell(self) -> Said:
        """A step that tells the person something."""
        pattern = choose(self._rng.choice(TELL), self._rng)
        slot_name = next(name for name in TEXT_SLOTS if "{" + name + "}" in pattern)
        return self._fill(pattern, f"notify {{{slot_name}}}")

    def several(self) -> Said:
        """A step that does one thing to a list of pins: "turns off 2, 4 and 16"."""
        state = self._rng.choice((0, 1, 1, 2))
        before, after = conjugated(self._rng.choice(NUMBERS[state]), self._person).split("@")
        tool = (["gpio_write", "on"], ["gpio_write", "off"], ["gpio_toggle"])[state]
        count = self._rng.choice((2, 2, 3, 3, 4))
        every, last = self._rng.choice(((", ", " and "), (", ", " and "), (", ", ", and "), (" and ", " and "), (", ", " & ")))  # fmt: skip
        said = Said([(before + self._rng.choice(("", "", "", "pins ", "gpios ")), "")])
        for n, pin in enumerate(self._rng.sample(range(40), count)):
            self._count += 1
            mark = f"{self._mark}b{self._count}"
            between = "" if not n else last if n + 1 == count else every
            number = Said([(say_number(pin, self._rng, 0.1), mark)], [tool[0], "=" + mark, *tool[1:]])  # fmt: skip
            said = join(said, between, number)
        self._last = None
        return join(said, after)

    def wired(self) -> Said:
        """A step on the I2C bus."""
        program, patterns = self._rng.choice(WIRED)
        return self._fill(self._rng.choice(patterns).replace("B", self._rng.choice(BUS)), program)

    def glow(self) -> Said:
        """A step that colours a strip, mostly without a verb: "ring on 16 to 0 0 0"."""
        colour = self._rng.choice(("{colour}", "{colour}", "to {colour}", "to {rgb}", "to {rgb}"))
        where = self._rng.choice((" {num} ", " {num} ", " on {num} ", " on {num} ", " on pin {num} ", " at {num} ")) if "rgb" not in colour else " on {num} "  # fmt: skip
        verbs = ("<set> the ", "<turn> the ", "<make> the ")[0 if "to" in colour else 1 :]
        verbs = verbs[:2] if "to" in colour else verbs
        verb = self._rng.choice(verbs if self._person else ("", "", *verbs))
        pattern = verb + self._rng.choice(STRIP) + where + colour
        return self._fill(pattern, f"neopixel_write {{num}} {{{colour.split('{')[1]}")

    def emit(self) -> Said:
        """A step that emits an event."""
        return self._fill(*self._rng.choice(EMIT))

    def ask(self) -> Said:
        """A step that asks the model."""
        return self._fill(*self._rng.choice(ASK))

    def run(self) -> Said:
        """A step that runs a script."""
        return self._fill(*self._rng.choice(RUN))

    def other(self) -> Said:
        """Any other step."""
        return self._fill(*self._rng.choice(OTHERS))

    def for_a_while(self) -> Said:
        """On, wait, off, said as "turn 5 on for 10 seconds"."""
        first = self.on(0.1)
        pin = first.program[1]
        self._count += 1
        wait = SLOTS["pause"](self._rng, f"{self._mark}w{self._count}")
        said = join(first, " for ", wait)
        return Said(
            said.pieces,
            [*first.program, "delay", *wait.program, "gpio_write", pin, "off"],
            said.memory,
        )

    def moves(self) -> list[Said]:
        """Return steps with one part, called "it" later: a servo, a strip, a dimmed pin."""
        self._count += 1
        tool, first, values, patterns = self._rng.choice(MOVES)
        part = SLOTS[first](self._rng, f"{self._mark}v{self._count}")
        made: list[Said] = []
        for n in range(self._rng.choice((2, 2, 3))):
            value = SLOTS[values](self._rng, f"{self._mark}v{self._count}n{n}")
            off = tool == "neopixel_write" and n and self._rng.random() < 0.35
            it = Said([(self._rng.choice(("it", "it", "it", "them")), "")], part.program)
            again = n and self._rng.random() < 0.85
            pattern = self._rng.choice(DARK if off else patterns)
            before, rest = conjugated(pattern.replace(_PIN, "\x01"), self._person).split("\x01")
            middle, *after = rest.split("\x02")
            fresh = SLOTS[first](self._rng, f"{self._mark}v{self._count}p{n}")
            which = it if again else part if not n else fresh
            said = join(before, which, middle, *(() if off else (value, *after)))
            words = ["off"] if off else value.program
            made.append(Said(said.pieces, [tool, *which.program, *words], said.memory))
            if self._rng.random() < 0.7:
                made.append(self.wait())
        return made[:-1] if made[-1].program[0] == "delay" else made

    def _fill(self, pattern: str, program: str) -> Said:
        self._count += 1
        text = conjugated(choose(pattern, self._rng), self._person)
        return fill(text, program, self._rng, f"{self._mark}f{self._count}")

    def some(self, count: int) -> list[Said]:
        """Return so many steps that make sense together, texts to tell only at the end."""
        made: list[Said] = self.moves() if count > 1 and self._rng.random() < 0.14 else []
        kind = self._rng.random()
        if not made and kind < 0.17:
            made = [self.several() if kind < 0.1 else self.glow()]
            if kind > 0.04 and self._rng.random() < 0.5:
                made.append(self.tell() if kind < 0.1 else self.wait())
            if kind > 0.13:
                made += [self.glow(), *([self.wait()] if self._rng.random() < 0.6 else [])]
        elif not made and kind < 0.21:
            made = [self.emit(), self.tell() if self._rng.random() < 0.7 else self.on()]
        elif not made and kind < 0.25 and TOOLS["i2c_write"].step:
            made = [self.wired(), *([self.wait()] if self._rng.random() < 0.6 else [])]
            made += [self.wired()] if len(made) > 1 and self._rng.random() < 0.4 else []
        if made and made[-1].program[0] == "notify":
            return made
        while len(made) < count:
            roll = self._rng.random()
            before = made[-1].program[0] if made else ""
            if made and before != "delay" and len(made) + 1 < count and roll < 0.6:
                made.append(self.wait())
            elif made and roll < 0.35:
                made.append(self.off())
            elif roll < 0.6:
                made.append(self.on(0.4))
            elif roll < 0.7:
                made.append(self.toggle())
            elif roll < 0.78 and not made:
                made.append(self.for_a_while())
            elif roll < 0.81:
                made.append(self.off(0.5))
            elif len(made) + 1 == count and made and roll < 0.9:
                made.append(self.tell() if self._rng.random() < 0.8 else self.emit())
            else:
                made.append(self.other())
        return made


def joined(steps: list[Said], rng: random.Random) -> Said:
    """Return steps in one sentence: "a, b and c"."""
    style = rng.choice(
        (", ", ", ", ", ", "; ", " and ", " then ", ", then ", " and then ", ". ", ", and ")
    )
    last = rng.choice(
        (
            " and ",
            ", then ",
            " and then ",
            ", and then ",
            ", ",
            " then ",
            ", and ",
            " and finally ",
            style,
        )
    )
    parts: list[Said | str] = []
    for n, step in enumerate(steps):
        if n:
            parts.append(last if n + 1 == len(steps) else style)
        parts.append(step)
    return join(*parts)


def sequence(rng: random.Random, mark: str, person: str = "", most: int = 5) -> Said:
    """Return several steps as one part of a sentence."""
    pin = "sure" if rng.random() < 0.93 else "pin"
    steps = Steps(rng, mark, person, pin)
    return joined(steps.some(rng.choice((1, 2, 2, 3, 3, 3, 3, 4, 5)[: most + 4])), rng)


def repeated(rng: random.Random, mark: str, person: str = "") -> Said:
    """Return steps that are done several times."""
    steps = Steps(rng, mark, person)
    number = say_number(rng.choice((rng.randint(2, 10), rng.randint(2, 30))), rng, 0.45)
    twice = rng.random() < 0.12
    times = Said([("twice" if twice else number, mark + "n")], ["=" + mark + "n"])
    word = "" if twice else rng.choice((" times", " times", " times", "x"))
    roll = rng.random()
    if rng.random() < 0.25:
        return again(rng, mark, person, steps, times, word)
    if roll < 0.3:
        wait = SLOTS["pause"](rng, mark + "b")
        body = steps.toggle()
        said = join(body, " ", times, word, rng.choice((" with ", " with a gap of ", " with pauses of ", " waiting ", " every ")), wait,
                    rng.choice((" between", " in between", " between each", "", " each time")))  # fmt: skip
        inner = [*body.program, "delay", *wait.program]
    else:
        made = (
            [steps.on(0), steps.wait(), steps.off(1)]
            if rng.random() < 0.6
            else [steps.toggle(), steps.wait()]
        )
        if len(made) == 3 and rng.random() < 0.6:
            made.append(steps.wait())
        body = joined(made, rng)
        inner = body.program
        if roll < 0.6:
            verb = conjugated("<repeat>", person)
            said = join(
                rng.choice((f"{verb} ", f"{verb} this ", f"{verb} the following "))
                if not twice
                else f"{verb} ",
                times,
                word,
                rng.choice((": ", ": ", ", ", " ")),
                body,
            )
        elif roll < 0.75:
            said = join(times, word, rng.choice((": ", " ", ", ")), body)
        else:
            said = join(
                body,
                rng.choice(
                    (", ", " ", ", and that ", ", all that ", " and repeat that ", ", repeated ")
                ),
                times,
                word,
            )
    memory = {**said.memory, **body.memory}
    return Said(said.pieces, ["repeat", *times.program, *inner, "done"], memory)


def again(
    rng: random.Random, mark: str, person: str, steps: Steps, times: Said, word: str
) -> Said:
    """Return steps with what repeats all of them behind: "..., all of it 10 times"."""
    if rng.random() < 0.45:
        wait = SLOTS["pause"](rng, mark + "q")
        made: list[Said] = []
        for n in range(2):
            made.append(steps.glow() if rng.random() < 0.7 else steps.on(0.2))
            mended = [(text, f"{mark}q{n}" if m else "") for text, m in wait.pieces]
            made.append(join(conjugated("<wait> ", person), Said(mended, ["delay", f"={mark}q{n}"])))  # fmt: skip
    else:
        made = [step for _ in range(rng.choice((1, 2))) for step in (steps.on(0.2), steps.wait(), steps.off(0.9))]  # fmt: skip
        made += [steps.wait()] if rng.random() < 0.6 else []
    parts: list[Said | str] = []
    comma = rng.choice((", ", ", ", ", then ", "; ", " then "))
    for n, step in enumerate(made):
        parts += [comma if n else "", step]
    body = join(*parts)
    said = join(Said(body.pieces), rng.choice((", ", ", ", "; ", " - ", ". ")), rng.choice(ALL) + " ", Said(times.pieces), word)  # fmt: skip
    return Said(said.pieces, ["repeat", *times.program, *body.program, "done"], body.memory)


def device_name(rng: random.Random) -> str:
    """Return a name for a thing that is wired to a pin."""
    roll = rng.random()
    return thing(rng) if roll < 0.75 else rng.choice(PLACES) if roll < 0.88 else anything(rng)
