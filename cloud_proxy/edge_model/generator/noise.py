"""What people put around a sentence, and what goes wrong while they type it."""

from __future__ import annotations

import random
import re

from ..listed import barred
from .amounts import spoken
from .pattern import Said, join

_FRONT = barred(
    "please |please |please |can you |can you please |could you |could you please |would you |"
    "will you |hey |hey, |ok |ok, |okay |now |now please |I want you to |I'd like you to |"
    "I need you to |would you kindly |go ahead and |hey limpet |limpet, |limpet |hello, |hi, |"
    "hi limpet, |hey board, |just |quickly |let's |alright, |right, |so |um |uh, |well, |"
    "and now |kindly |be so kind and |hey there, |good morning, |be a dear and |pls |plz |can u |"
    "could u |you should |you can |you may |time to |I would like to |I want to |I need to |"
    "help me |next, |first, |also |then |yo |listen, |actually |do me a favour and |"
    "do me a favor: |make sure to |be sure to |try to |it's time to |could I ask you to |"
    "I'd love you to |we need to |may I ask you to |let us |ok so |great, now |"
    "could you like |can you like |like, |um so could you |uh can you |so yeah, |you know, |"
    "ok um |well then, |well then |I guess |basically |"
)
_BACK = barred(
    " please| please| please|, please| thanks| thank you|, thanks| now| right now| for me|"
    " for me please| immediately| at once| would you|, will you|, ok?| if you can| if possible|"
    " asap| limpet|, buddy| again| quickly| pls| mate| if you don't mind| when you can|"
    " real quick| , cheers| straight away| then| ok|  already|, would you|, could you|"
    " please, would you| would you please| if that is ok|"
)
_ASK_FRONT = barred(
    "hey, |please tell me, |tell me, |limpet, |hey limpet, |hi, |so |ok, |and |quick question: |"
    "um, |excuse me, |I'd like to know: |can you tell me, |do you know, |and now, |well, |"
    "right, |hello, |just checking, |sorry, "
)
_ASK_BACK = ["", ""] + [
    " please",
    " right now",
    " now",
    " at the moment",
    ", please",
    " currently",
    " limpet",
]
_NEVER = barred(
    "don't|do not|dont|don't|never|please don't|please do not|you must not|you should not|do not|"
    "you shouldn't|I don't want you to|do not ever|under no circumstances|no need to|don't|"
    "you don't have to|there is no need to|I do not want to|better not|make sure you don't|"
    "make sure not to|avoid to|refrain from|I'd rather not|let's not|you may not|don't you dare|"
    "you are not allowed to|I never said to|stop, don't|no, don't|can you please not|never ever|"
    "could you not|I did not ask you to|I didn't say|we won't|not yet: don't|in no case"
)
_NEAR = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "j": "hk",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "w",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "w": "qe",
    "x": "zc",
    "y": "tu",
    "z": "x",
}


def around_command(said: Said, rng: random.Random) -> Said:
    """Return a command with politeness around it, more often without."""
    front = rng.choice(_FRONT) if rng.random() < 0.45 else ""
    if front and rng.random() < 0.08:
        front = rng.choice(("hey ", "ok ", "hi, ", "so ", "um ")) + front
    back = rng.choice(_BACK) if rng.random() < 0.25 else ""
    return join(front, said, back)


def around_question(said: Said, rng: random.Random) -> Said:
    """Return a question with a few words around it, more often without."""
    front = rng.choice(_ASK_FRONT) if rng.random() < 0.25 else ""
    return join(front, said, rng.choice(_ASK_BACK) if rng.random() < 0.2 else "")


def negated(said: Said, rng: random.Random) -> Said:
    """Return a command turned into its prohibition."""
    front = rng.choice(_NEVER) + " "
    return Said([(front, ""), *said.pieces], ["refuse"], said.memory)


def mistyped(text: str, rng: random.Random) -> str:
    """Return the text with one letter of one longer word wrong, missing, doubled or swapped."""
    places = [
        i
        for i in range(1, len(text) - 1)
        if text[i - 1 : i + 2].isascii() and text[i - 1 : i + 2].isalpha()
    ]
    if not places:
        return text
    i = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1 :]
    if kind == 1:
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    if kind == 2:
        return text[:i] + text[i] + text[i:]
    return text[:i] + rng.choice(_NEAR.get(text[i].lower(), "e")) + text[i + 1 :]


_SLOPPY = 0.08  # sentences with slips all over
_LETTERS = re.compile(r"[A-Za-z]{3,}")


def typos(said: Said, rng: random.Random) -> Said:
    """Return the sentence with slips in its unmarked words: many now and then, else hardly any."""
    chance = 0.3 if rng.random() < _SLOPPY else 0.02

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if rng.random() >= chance or word.lower() in _SHORT:
            return word
        if len(word) == 3:
            return word[0] + word[2] + word[1] if rng.random() < 0.7 else word + word[2]
        return mistyped(word, rng)

    pieces = [(text if mark else _LETTERS.sub(slip, text), mark) for text, mark in said.pieces]
    if rng.random() < 0.05:
        pieces = [(t if mark else re.sub(r"\b(?:the|a|my) ", "", t), mark) for t, mark in pieces]
    return Said(pieces, said.program, said.memory)


_DICTATED = 0.08  # sentences that were spoken: no digits, no capitals, no marks
_DIGITS = re.compile(r"(?<![\w.:#*/-])(\d{1,3})(?![\w:#*/]|[.,-]\d)")
_CLOCK = re.compile(r"(?<![\w.:])(\d{1,2}):(\d\d)(?![\w:])")
_SPELLED = (
    (re.compile(r"(?i)dht ?22"), ("d h t twenty two", "dht twenty two", "DHT twenty-two")),
    (re.compile(r"(?i)dht ?11"), ("d h t eleven", "dht eleven", "d h t 11")),
    (re.compile(r"(?i)ds18b20"), ("d s eighteen b twenty", "ds eighteen b twenty", "DS 18 B 20")),
    (re.compile(r"(?i)\bgpio\b"), ("g p i o", "gpio", "gpio", "GPIO")),
    (re.compile(r"(?i)\bi2c\b"), ("i two c", "i squared c", "I2C")),
    (re.compile(r"(?i)(?<=\d)( ?)([ap])\.?m\b\.?"), (r" \2 m", r" \2m")),
)


def _spoken_time(match: re.Match[str]) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    if minute == 0:
        return spoken(hour) + (" o'clock" if hour < 13 else " hundred hours")
    return f"{spoken(hour)} {'oh ' if minute < 10 else ''}{spoken(minute)}"


def dictated(said: Said, rng: random.Random) -> Said:
    """Return now and then the sentence as a telephone writes down what it hears."""
    if rng.random() >= _DICTATED:
        return said
    pieces: list[tuple[str, str]] = []
    for text, mark in said.pieces:
        for pattern, forms in _SPELLED:
            text = pattern.sub(rng.choice(forms), text)
        text = _CLOCK.sub(_spoken_time, text)
        text = _DIGITS.sub(lambda match: spoken(int(match.group(1))), text)
        pieces.append((text if mark else text.replace(",", "").replace(":", ""), mark))
    return Said(pieces, said.program, said.memory)


_WITHIN = barred(
    "um|uh|like|please|just|er|well|kindly|actually|quickly|now|you know|erm|simply|really|hmm|pls"
)
_OF = re.compile(r"\boff\b")


def stumbled(said: Said, rng: random.Random) -> Said:
    """Return the sentence with a filler between two of its unmarked words, or "of" for "off"."""
    pieces, roll = list(said.pieces), rng.random()
    if roll < 0.02:
        return Said(
            [(t if m else _OF.sub("of", t), m) for t, m in pieces], said.program, said.memory
        )
    if roll > 0.07:
        return said
    places = [
        (n, i)
        for n, (text, mark) in enumerate(pieces)
        for i, c in enumerate(text[:-1])
        if c == " " and not mark and i > 0 and text[i - 1].isalpha()
    ]
    if not places:
        return said
    n, i = rng.choice(places)
    comma = rng.choice(("", "", ","))
    text = f"{pieces[n][0][:i]}{comma} {rng.choice(_WITHIN)}{comma}{pieces[n][0][i:]}"
    pieces[n] = (text, "")
    return Said(pieces, said.program, said.memory)


_SHORT = ("off", "one", "two", "six", "ten", "not", "now", "dht", "adc", "sda", "scl", "ds")


def written(said: Said, rng: random.Random, question: bool) -> Said:
    """Return the sentence with the capitals and the last mark that people use or leave out."""
    pieces = [piece for piece in said.pieces if piece[0] or piece[1]]
    roll = rng.random()
    if roll < 0.45:
        pieces = [(text.lower(), mark) for text, mark in pieces]
    elif roll < 0.8 and pieces and not pieces[0][1]:
        pieces[0] = (pieces[0][0][:1].upper() + pieces[0][0][1:], "")
    elif roll < 0.83:
        pieces = [(text.upper(), mark) for text, mark in pieces]
    end = (
        rng.choice(("?", "?", "", "??", " ?"))
        if question
        else rng.choice((".", "", "", "", "!", "...", " ."))
    )
    return Said([*pieces, (end, "")], said.program, said.memory)
