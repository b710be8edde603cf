"""Texts to tell, names of scripts and events, pauses: the slots that steps are filled with."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from ..listed import barred
from . import outside
from .amounts import say_number
from .nouns import anything
from .pattern import SLOTS, Said, slot
from .slots import PLACES, THINGS

TEXT_SLOTS = ("said", "todo")
_CLAUSES = barred(
    "the door opened|the door is open|it is too hot|it is too cold|someone is at the door|the {p} {t} is on|the {t} was switched off|the water is boiling|"
    "somebody rang|there is a leak|the tank is empty|the tank is full|motion in the {p}|the {p} window is open|frost is coming|the {t} needs attention|"
    "the mail has arrived|it is time to go|dinner is ready|the dog is out|the battery is low|the {p} is wet|the alarm went off|power is back|"
    "time for bed|water detected|check the {t}|the {p} door is closed|the washing is done|the job is done|all is well|the plants were watered|"
    "please close the {p} door|intruder|hello|good morning|it has started|watering is finished|the {t} is ready|something moved in the {p}|"
    "the temperature is too high|the freezer is warm|the {p} light is still on|the gate is open|the cat came home|the soil is dry|fire|"
    "there is somebody in the {p}|the sun is up|the bell rang|lunch is ready|the lid was lifted|we are out of oil|the kids are home|the fridge was left open|"
    "the board is back|you are awake|you're alive|you are back|I should drink|I need to leave|we have to go|they are here|he is home|it works|you're done|it got dark|my tea is ready|our guests arrived|somebody came in|someone came in|movement in the {p}|visitor at the {p} gate|the bins go out|frost is near|the rent is due|the {t} is flat|the {p} is too humid|the engine is running|the {t} stopped|{t} on|{t} failure|attention|wake up|the post is here"
)
_TODO = barred(
    "close the windows|take the pizza out|pay the rent|check the filters|water my cactus|pick up the kids|call the dentist|switch the {t} off|do my homework|check the oven|feed the cat|take out the bins|water the plants|drink water|call Anna|take a break|lock the {p} door|turn off the {t}|"
    "go to bed|buy milk|take my pills|walk the dog|check the {t}|empty the {p} bin|stretch|put the kettle on|clean the {t}|go home|stand up|leave for work|bring in the washing"
)
_PROMPTS = barred(
    "a joke|how to dress today|sum up the day|what to cook|a short poem|whether the readings look normal|what this means|tell me a story|the news|a fun fact|"
    "a greeting|what I should do about the heat|say good night|if the {t} should be on|what to do next|describe the state of the {p}|a weather report|write a haiku|"
    "why the {t} is so warm|suggest a dinner|comment on the temperature|a quote of the day|give me a summary"
)
_EVENTS = barred(
    "door_open|door_closed|motion|alarm|lights_out|goodnight|good_night|panic|leak|button_pressed|wake_up|too_hot|frost|doorbell|water_low|tank_full|"
    "intruder|away|home|party|sunrise|night|shutdown|fire|water_now|bell|ready|start|ping|open_gate|lights-on|visitor|heat|rain|storm|test|sos|mode1|flood|hello"
)
_SCRIPT_VERBS = barred(
    "water|open|close|start|stop|flash|blink|wash|feed|cool|heat|check|reset|warm|clean|fill|drain|wave|test|dim|vent|lock|rinse|mix|light|pulse|spray|charge|prime"
)
_SCRIPT_NOUNS = barred(
    "plants|door|gate|lights|pump|cat|house|lamp|all|garden|tank|show|cycle|sequence|routine|room|fish|floor|valve|strip|window|roof|led|pipes|loop|fan|engine|mode|dog"
)
_SCRIPT_WORDS = barred("party|sunrise|sunset|goodnight|morning|alarm|disco|wave|greet|hello|bedtime|wakeup|rainbow|strobe|siren|demo|startup|evening|movie|relax|panic|dance|rain|police|welcome|leave|arrive|lockup|"
                       "soak|rinse|knock|breathe|heartbeat|christmas|lighthouse|twinkle|sos|beep|purge|nap|guard|spa|defrost|sleepy|yoga|warmup|watering|feeding|cleanup|check|test|cooldown|lightshow|blinky|mist|fog")  # fmt: skip


def script_name(rng: random.Random) -> str:
    """Return a script's name as it is written in one word."""
    roll = rng.random()
    if roll < 0.32:
        return rng.choice(_SCRIPT_WORDS)
    if roll < 0.47:
        return anything(rng) + rng.choice(("", "", "", "2", "3"))
    if roll < 0.52:
        return f"{anything(rng)}{rng.choice('_-')}{rng.choice(_SCRIPT_NOUNS)}"
    joint = rng.choice("___-")
    name = rng.choice(_SCRIPT_VERBS) + joint + rng.choice(_SCRIPT_NOUNS)
    return name + rng.choice(("", "", "", "", "2", f"{joint}now"))


@slot("sname")
def _script(rng: random.Random, mark: str) -> Said:
    return Said([(script_name(rng), mark)], [":" + mark])


@slot("ename")
def _event(rng: random.Random, mark: str) -> Said:
    name = rng.choice(_EVENTS) if rng.random() < 0.65 else script_name(rng)
    return Said([(name, mark)], [":" + mark])


@slot("tag")
def _tag(rng: random.Random, mark: str) -> Said:
    return Said([(rng.choice(("kitchen", "garden", "bedroom", "lights", "cellar", "garage", "pumps", "upstairs",
                              "greenhouse", "outside", "hall", "shed", rng.choice(PLACES), anything(rng), f"board{rng.randint(1, 9)}")), mark)], [":" + mark])  # fmt: skip


_TAILS = barred(
    " now| now| in here| in there| out there| again| right now| over there| already| today| outside| at last| soon| for good| downstairs"
)
_WHOLE = (
    "its",
    "it's",
    "there is",
    "hey,",
    "please check:",
    "oh no,",
    "careful,",
    "just so you know,",
)


_BODIES = barred(
    "the {n} moved|the {n} opened|the {n} fell|the {n} tripped|the {p} {n} moved|the {n} is {a}|the {p} {n} is {a}|my {n} needs {m}|the {n} has {m}|there is {m} in the {p}|{m} in the {p}|the {n} in the {p} is {a}|somebody is at the {p} {n}|someone is in the {p}|its {a} in the {p}|it's {a} in here|"
    "the {n} went {a}|the {n} looks {a}|we need {m} for the {n}|please look at the {n}|the {n} and the {t} are {a}|it is too {a} in the {p}|the {n} runs without {m}|{n} {a}|{n} is on the {p} {t}|the {n} came back to the {p}"
)
_DOINGS = barred("check the {p} {n}|check the {n} {t}|look at the {n}|clean the {p} {t}|buy {m}|refill the {n} with {m}|turn the {n}|take the {n} to the {p}|close the {p} {n}|put {m} in the {n}|bring the {t} back in|fix the {n} on the {p} {t}|test the {n}")  # fmt: skip
_STATES_OF = barred(
    "dry|wet|hot|cold|empty|full|open|closed|stuck|loose|loud|dark|bright|ready|done|dirty|warm|low|high|freezing|leaking|broken|flat|running"
)
_STUFF = barred(
    "water|milk|soil|paper|oil|salt|smoke|dust|light|heat|a leak|new filters|fresh air|fertiliser|batteries|motion|noise|gas|wood|filament|solder"
)


_DONE = barred(
    "has moved|has opened|has closed|has tipped over|has come up|has stopped|has started|has arrived|has changed|has gone off|has been opened|has been pressed|has fallen down|has run dry|has jammed|just opened|just moved|just stopped|just rang|just went dark|just came home|"
    "is up|is down|is back|is overflowing|is moving|is jammed|is about to spill|is being opened|was opened|was touched|was moved|was left open|wants feeding|wants attention|needs emptying|needs a look|came loose|went quiet|went off|rang|moved|opened|clicked|woke up|seems stuck|looks empty|must be closed|should be refilled"
)


def _words(options: tuple[str, ...], rng: random.Random) -> str:
    if options is _CLAUSES and rng.random() < 0.25:  # with an article, which is the text's own
        options = (f"{rng.choice(('the', 'the', 'the', 'the {p}', 'a', 'my', 'our', 'your'))} {rng.choice(('{n}', '{t}', '{t}'))} {rng.choice(_DONE)}",)  # fmt: skip
    elif options is _CLAUSES and rng.random() < 0.4:
        options = _BODIES
    elif options is _TODO and rng.random() < 0.4:
        options = _DOINGS
    text = rng.choice(options)
    for mark, words in (("{a}", _STATES_OF), ("{m}", _STUFF), ("{t}", THINGS), ("{p}", PLACES)):
        text = text.replace(mark, rng.choice(words))
    return text.replace("{n}", anything(rng))


@slot("said")
def _said(rng: random.Random, mark: str) -> Said:
    """A text to tell: mostly a short report, now and then any sentence at all."""
    roll = rng.random()
    text = _words(_CLAUSES, rng)
    if roll < 0.12:
        text = f"{text} and {_words(_CLAUSES, rng)}" if roll < 0.06 else text + rng.choice(_TAILS)
    elif roll < 0.16:
        text = f"{rng.choice(_WHOLE)} {text}"
    elif roll < 0.3:
        text = "".join(piece for piece, _ in outside.plain(rng).pieces)
        text = re.sub(r"[^\w ']", "", text).strip() or "hello"
    return Said([(text, mark)], [":" + mark])


@slot("todo")
def _todo(rng: random.Random, mark: str) -> Said:
    return Said([(_words(_TODO, rng), mark)], [":" + mark])


@slot("prompt")
def _prompt(rng: random.Random, mark: str) -> Said:
    return Said([(_words(_PROMPTS, rng), mark)], [":" + mark])


@slot("pause")
def _pause(rng: random.Random, mark: str) -> Said:
    """A length of time that may be under a second."""
    if rng.random() < 0.75:
        return SLOTS["dur"](rng, mark)
    text = rng.choice(
        ("half a second", f"{rng.randint(1, 19) * 50} ms", f"{rng.randint(1, 9) * 100} milliseconds", "a second", "a sec", "one second", "1 second",
         "0.5 seconds", "a minute", "1.5 seconds", "1s", "2s", "5s", "a quarter of a second", "500ms", "100 ms", "2.5 s")
    )  # fmt: skip
    return Said([(text, mark)], ["=" + mark])


@slot("plainpause")
def _plain_pause(rng: random.Random, mark: str) -> Said:
    number = say_number(rng.randint(2, 30), rng)
    return Said([(f"{number} {rng.choice(('seconds', 'minutes'))}", mark)], ["=" + mark])
