"""One training example: a sentence, the memory it presumes, and the decoder's actions."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..grammar import Action, Outcome, program
from ..sentence import Sentence, TooLong, read
from ..table import ASK, ASK_NAMED, END, MAX_ACTIONS
from . import (
    frames,
    mind,
    noise,
    outside,
    pins,
    rules,
    scripts,
    short,
    switching,
    together,
    voices,
)
from .pattern import Said, fill
from .pins import Row

_COMMANDS: tuple[tuple[list[Row], float], ...] = (
    (switching.ON, 12.0),
    (switching.OFF, 11.0),
    (switching.TOGGLE, 3.5),
    (voices.PWM, 6.0),
    (voices.SERVO, 3.5),
    (voices.NEOPIXEL, 5.0),
    (short.SHORT, 4.0),
    (voices.NOWHERE, 0.6),
    (voices.LOST, 1.5),
    (pins.READ, 3.5),
    (pins.ADC, 3.0),
    (pins.DHT, 2.5),
    (voices.PROBE, 2.0),
    (voices.ALL, 2.0),
    (pins.I2C, 2.0),
    (mind.MEMORY_SET, 10.0),
    (mind.MEMORY_DELETE, 2.5),
    (mind.RULE_DELETE, 2.2),
    (mind.RULE_ENABLE, 2.2),
    (mind.ZONE, 2.2),
    (mind.PERSONA, 2.0),
    (mind.VAGUE, 1.0),
    (voices.STATUS, 1.5),
    (mind.SCOPED, 1.0),
    (voices.TIME, 0.8),
    (voices.RULE_LIST, 0.8),
    (mind.MEMORY_LIST, 0.8),
)
_QUESTIONS: tuple[tuple[list[Row], float], ...] = (
    (voices.READ_ASK, 4.5),
    (voices.ADC_ASK, 2.0),
    (voices.DHT_ASK, 3.0),
    (mind.MEMORY_GET, 3.5),
    (mind.MEMORY_LIST, 2.0),
    (voices.RULE_LIST, 2.0),
    (voices.TIME, 2.0),
    (voices.STATUS, 2.0),
    (mind.HELP, 2.0),
)
_SOCIAL: tuple[tuple[list[Row], float], ...] = (
    (mind.HELLO, 1.0),
    (mind.THANKS, 1.0),
    (mind.BYE, 0.6),
)


_FRAMED = 0.22  # sentences in a longer frame


@dataclass(frozen=True, slots=True)
class Sample:
    """One example.

    actions: what the decoder writes, ending with "end". kind: which part of the generator made it.
    """

    text: str
    memory: dict[str, str]
    sentence: Sentence
    actions: tuple[Action, ...]
    outcome: Outcome
    kind: str


def sample(rng: random.Random) -> Sample:
    """Return a random example; the same state of `rng` gives the same one."""
    while True:
        kind = rng.choices(
            (
                "command",
                "question",
                "rule",
                "several",
                "social",
                "refuse",
                "plain",
                "near",
                "cannot",
                "stored",
            ),
            (25.0, 9.5, 26.5, 17.0, 1.3, 3.5, 12.5, 8.5, 2.2, 14.0),
        )[0]
        said = _make(kind, rng)
        if kind != "social" and rng.random() < _FRAMED:
            said = frames.framed(said, rng)
        question = kind == "question"
        said = noise.written(
            noise.typos(noise.stumbled(noise.dictated(said, rng), rng), rng),
            rng,
            question or (kind in ("plain", "near") and rng.random() < 0.5),
        )
        made = resolve(said, kind)
        if made is not None:
            return made


def _stored(rng: random.Random) -> Said:
    """Return a sentence about scripts, named things or the I2C bus."""
    roll = rng.random()
    if roll < 0.4:
        return scripts.script_set(rng)
    if roll < 0.63:
        return scripts.device_set(rng)
    rows = rng.choices(
        (scripts.RUN, scripts.I2C, scripts.DELETE, scripts.LIST, scripts.DEVICE_LIST)
        + (scripts.DEVICE_DELETE,),
        (12, 11, 5, 4, 3, 3),
    )[0]
    return fill(*rng.choice(rows), rng)


def _make(kind: str, rng: random.Random) -> Said:
    if kind == "stored":
        return noise.around_command(_stored(rng), rng)
    if kind == "command":
        return noise.around_command(fill(*rules.pick(_COMMANDS, rng), rng), rng)
    if kind == "question":
        return noise.around_question(fill(*rules.pick(_QUESTIONS, rng), rng), rng)
    if kind == "rule":
        return (
            noise.around_command(rules.rule(rng), rng) if rng.random() < 0.6 else rules.rule(rng)
        )
    if kind == "several":
        return noise.around_command(together.several(rng), rng)
    if kind == "social":
        return fill(*rules.pick(_SOCIAL, rng), rng)
    if kind == "refuse":
        said = rules.rule(rng) if rng.random() < 0.25 else rules.change(rng)
        return frames.prohibition(rng) if rng.random() < 0.35 else noise.negated(said, rng)
    said = {"plain": outside.plain, "near": outside.near, "cannot": outside.unsupported}[kind](rng)
    return (
        noise.around_question(said, rng) if rng.random() < 0.5 else noise.around_command(said, rng)
    )


def resolve(said: Said, kind: str = "") -> Sample | None:
    """Return the example with its marks as word indices, or None if the words fell otherwise."""
    text, marks = "", dict[str, tuple[int, int]]()
    for piece, mark in said.pieces:
        if mark[:1] == "<":
            marks[mark[1:]] = (len(text), len(text))
        elif mark[:1] == ">":
            marks[mark[1:]] = (marks[mark[1:]][0], len(text))
        elif mark:
            marks[mark] = (len(text), len(text) + len(piece))
        text += piece
    try:
        sentence = read(text, said.memory)
    except TooLong:
        return None
    actions: list[Action] = []
    for word in said.program:
        if word[0] not in "=:":
            actions.append(word)
            if word == ASK:
                break
            continue
        start, end = marks[word[1:]]
        inside = [i for i, t in enumerate(sentence.tokens) if t.start < end and t.end > start]
        if (
            not inside
            or sentence.tokens[inside[0]].start < start
            or sentence.tokens[inside[-1]].end > end
            or (word[0] == "=" and len(inside) > 1)
        ):
            return None
        actions += [inside[0]] if word[0] == "=" else [inside[0], inside[-1]]
        if ASK_NAMED in actions:
            break
    if not set(actions) & {ASK, ASK_NAMED} and actions[0] not in (
        "decline",
        "cannot",
        "refuse",
        "hello",
        "thanks",
        "bye",
        "help",
        "what_to_do",
    ):
        actions.append(END)
    outcome = follow(sentence, actions) if len(actions) < MAX_ACTIONS else None
    return (
        None
        if outcome is None
        else Sample(text, said.memory, sentence, tuple(actions), outcome, kind)
    )


def follow(sentence: Sentence, actions: list[Action]) -> Outcome | None:
    """Return what the actions mean, or None if one of them is not legal."""
    walk = program(sentence)
    choice = next(walk)
    try:
        for action in actions:
            if action not in choice.symbols and action not in choice.words:
                return None
            choice = walk.send(action)
    except StopIteration as done:
        return done.value
    return None
