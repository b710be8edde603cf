"""Steps of rules and scripts: "turns 5 on, waits 30 seconds, then turns it off"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from ..listed import barred
from .amounts import say_number
from .nouns import anything
from .pattern import SLOTS, Said, choose, fill, join
from .pins import rows as _rows
from .slots import PLACES, thing
from .texts import TEXT_SLOTS

_VERB = re.compile(r"<(\w+)>")
_ING = {"set": "setting", "put": "putting", "dim": "dimming", "run": "running", "stop": "stopping", "cut": "cutting", "flip": "flipping",
        "shut": "shutting", "get": "getting", "let": "letting"}  # fmt: skip
_PIN = "<P>"
_ON = barred(
    "<turn> <P> on|<turn> <P> on|<turn> on <P>|<switch> <P> on|<switch> on <P>|<set> <P> high|<set> <P> to 1|<activate> <P>|"
    "<start> <P>|<open> <P>|<turn> <P> back on|<pull> <P> high|<power> <P>|<put> <P> on|<set> <P> on|<switch> <P> on again|<bring> <P> up|"
    "<fire> <P> up|<power> up <P>|<energise> <P>|<enable> <P>|<drive> <P> high|<make> <P> high|<bring> <P> high|<raise> <P>|<light> <P>|<light> up <P>|<run> <P>|<take> <P> high|<write> 1 to <P>|<flip> <P> on|<P> on|<P> on|<P> high|<keep> <P> on|<get> <P> going"
)
_OFF = barred(
    "<turn> <P> off|<turn> <P> off|<turn> off <P>|<switch> <P> off|<switch> off <P>|<set> <P> low|<set> <P> to 0|<deactivate> <P>|"
    "<stop> <P>|<close> <P>|<turn> <P> off again|<turn> <P> back off|<pull> <P> low|<shut> <P> off|<put> <P> off|<switch> <P> off again|<cut> <P>|<set> <P> off|"
    "<power> down <P>|<disable> <P>|<drive> <P> low|<make> <P> low|<bring> <P> low|<lower> <P>|<kill> <P>|<shut> off <P>|<shut> <P> down|<halt> <P>|<take> <P> low|<write> 0 to <P>|<flip> <P> off|<clear> <P>|<P> off|<P> off|<P> low|<end> <P>|<silence> <P>"
)
_TOGGLE = barred("<toggle> <P>|<toggle> <P>|<flip> <P>|<invert> <P>|<toggle> the state of <P>")
_WAIT = barred(
    "<wait> {pause}|<wait> {pause}|<wait> {pause}|<wait> for {pause}|<pause> {pause}|<pause> for {pause}|<delay> {pause}|<wait> another {plainpause}|"
    "<hold> for {pause}|<sleep> {pause}|<sleep> for {pause}|<delay> for {pause}|<give> it {pause}|<rest> for {pause}"
)
_TELL = barred(
    "<tell> me {said}|<tell> me that {said}|<notify> me that {said}|<send> me a message that {said}|<let> me know that {said}|<warn> me that {said}|"
    '<tell> me "{said}"|<send> a notification saying {said}|<say> {said}|<inform> me that {said}|<alert> me that {said}|<notify> me: {said}|'
    "<send> me a message: {said}|<send> me a notification: {said}|<send> me a note that {said}|<send> a message saying {said}|<send> a text that {said}|<send> me an alert: {said}|<send> a notification: {said}|<send> a message that {said}|<send> an alert with the text {said}|<remind> me to {todo}|<remind> me that {said}|<ping> me that {said}|"
    "<message> me that {said}|<text> me that {said}|<notify> me with {said}|<report> that {said}|<tell> us that {said}|<announce> that {said}|<notify> me to {todo}|<tell> me to {todo}|"
    "<alert> me: {said}|<notify> {said}|<write> me that {said}|<give> me the message {said}|<send> me: {said}"
)
_EMIT = (
    *_rows("emit {ename}", "<emit> {ename}", "<emit> the event {ename}", "<send> the event {ename}", "<send> event {ename}", "<broadcast> {ename}",
           "<broadcast> the event {ename}", "<fire> the event {ename}", "<raise> the event {ename}", "<publish> the event {ename}", "<emit> an event called {ename}",
           "<tell> the other boards {ename}", "<send> an event named {ename}", "<signal> {ename} to the other boards", "<trigger> the event {ename}",
           "<send> {ename} to [all|the|all the] other boards", "<send> out the event {ename}", "<tell> [all|the] [other|] boards about {ename}"),
    *_rows("emit {ename} +tag {tag}", "<emit> {ename} to all boards tagged {tag}", "<send> the event {ename} to the {tag} boards", "<emit> the event {ename} to the {tag} boards",
           "<send> the event {ename} to the boards tagged {tag}", "<emit> {ename} to [everyone|all] with the tag {tag}", "<broadcast> {ename} to the tag {tag}",
           "<send> {ename} to [the|] {tag}", "<emit> the event {ename} with tag {tag}", "<tell> the {tag} boards {ename}"),
)  # fmt: skip
_ASK = _rows("ask {prompt}", "<ask> the [model|ai|assistant|llm|big model|cloud] {prompt}", "<ask> the [model|ai|assistant] to {prompt}", "<ask> the [model|ai|assistant] for {prompt}",
             "<ask> the [model|ai|assistant] about {prompt}", "<ask> the model: {prompt}", "<ask> ai for {prompt}", "<ask> the model \"{prompt}\"")  # fmt: skip
_OTHERS = [
    *_rows("pwm_write {sure} {pct}", "{sure} [at|to] {pct}", "<set> {sure} to {pct}", "<dim> {sure} to {pct}", "<run> {sure} at {pct}", "<set> {sure} to {pct} [power|brightness|duty|speed]", "<bring> {sure} to {pct}"),
    *_rows("servo_write {servo} {degrees}", "<move> {servo} to {degrees}", "<turn> {servo} to {degrees}", "<set> {servo} to {angle}", "<rotate> {servo} to {degrees}"),
    *_rows("neopixel_write {neopixel} {colour}", "<set> {neopixel} to {colour}", "<make> {neopixel} {colour}", "<turn> {neopixel} {colour}", "<colour> {neopixel} {colour}", "<paint> {neopixel} {colour}"),
    *_rows("neopixel_write {neopixel} off", "<turn> {neopixel} off", "<turn> off {neopixel}", "<clear> {neopixel}", "<switch> {neopixel} off"),
    *_rows("gpio_read {sure}", "<read> {sure}", "<read> the level of {sure}", "<look> at {sure}", "<check> {sure}", "<read> the state of {sure}"),
    *_rows("adc_read {sure}", "<measure> the voltage on {sure}", "<read> the voltage [on|of] {sure}", "<read> the adc on {sure}"),
    *_rows("dht_read {sure} dht22", "<read> the dht22 on {sure}"),
    *_rows("ds18x20_read {sure}", "<read> the ds18b20 on {sure}"),
    *_rows("script_run {sname}", "<run> {sname}", "<run> the {sname} script", "<run> the script {sname}", "<start> the script {sname}", "<execute> {sname}", "<call> {sname}"),
]  # fmt: skip
RUN = _rows("script_run {sname}", "<run> {sname}", "<run> {sname}", "<run> the {sname} [script|routine|macro|tool]", "<run> the [script|routine|macro|tool] [called|named|] {sname}", "<execute> [the|] [script|routine|tool] {sname}", "<execute> {sname}",
            "<start> the [script|routine|macro|tool] {sname}", "<start> the {sname} [script|routine|tool]", "<launch> the script {sname}", "<call> {sname}", "<use> {sname}", "<perform> {sname}", "<do> the {sname} [routine|script]", "<trigger> the {sname} script", "<play> the script {sname}")  # fmt: skip


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


_MOVES = (
    ("servo_write", "servo", "degrees", ("<move> <P> to \x02", "<turn> <P> to \x02", "<set> <P> to \x02", "<rotate> <P> to \x02", "<swing> <P> to \x02", "<bring> <P> back to \x02", "<open> <P> to \x02", "<close> <P> to \x02")),
    ("servo_write", "servo", "angle", ("<move> <P> to \x02", "<turn> <P> to \x02", "<set> <P> to \x02")),
    ("pwm_write", "sure", "pct", ("<set> <P> to \x02", "<dim> <P> to \x02", "<bring> <P> to \x02", "<run> <P> at \x02", "<put> <P> at \x02", "<fade> <P> to \x02")),
    ("neopixel_write", "neopixel", "colour", ("<set> <P> to \x02", "<make> <P> \x02", "<turn> <P> \x02", "<change> <P> to \x02", "<paint> <P> \x02")),
)  # fmt: skip
_DARK = ("<turn> <P> off", "<switch> <P> off", "<turn> <P> off again")


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
        return self._with_pin(_ON, "gpio_write on", again)

    def off(self, again: float = 0.8) -> Said:
        """A step that switches a pin off."""
        return self._with_pin(_OFF, "gpio_write off", again)

    def toggle(self) -> Said:
        """A step that toggles a pin."""
        return self._with_pin(_TOGGLE, "gpio_toggle", 0.2)

    def wait(self) -> Said:
        """A step that waits."""
        return self._fill(self._rng.choice(_WAIT), "delay {pause}")

    def tell(self) -> Said:
        """A step that tells the person something."""
        pattern = choose(self._rng.choice(_TELL), self._rng)
        slot_name = next(name for name in TEXT_SLOTS if "{" + name + "}" in pattern)
        return self._fill(pattern, f"notify {{{slot_name}}}")

    def emit(self) -> Said:
        """A step that emits an event."""
        return self._fill(*self._rng.choice(_EMIT))

    def ask(self) -> Said:
        """A step that asks the model."""
        return self._fill(*self._rng.choice(_ASK))

    def run(self) -> Said:
        """A step that runs a script."""
        return self._fill(*self._rng.choice(RUN))

    def other(self) -> Said:
        """Any other step."""
        return self._fill(*self._rng.choice(_OTHERS))

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
        tool, first, values, patterns = self._rng.choice(_MOVES)
        part = SLOTS[first](self._rng, f"{self._mark}v{self._count}")
        made: list[Said] = []
        for n in range(self._rng.choice((2, 2, 3))):
            value = SLOTS[values](self._rng, f"{self._mark}v{self._count}n{n}")
            off = tool == "neopixel_write" and n and self._rng.random() < 0.35
            it = Said([(self._rng.choice(("it", "it", "it", "them")), "")], part.program)
            again = n and self._rng.random() < 0.85
            pattern = self._rng.choice(_DARK if off else patterns)
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


def device_name(rng: random.Random) -> str:
    """Return a name for a thing that is wired to a pin."""
    roll = rng.random()
    return thing(rng) if roll < 0.75 else rng.choice(PLACES) if roll < 0.88 else anything(rng)
