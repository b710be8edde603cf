"""What a sentence is set in: a reason, an indirect request; and what forbids without "do not"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from ..listed import barred
from .pattern import Said, choose, fill, join

NOT = (  # a prohibition, without "do not" in front
    "[leave|let] {pin} [alone|be|as it is|in peace|untouched]",
    "[keep your hands|hands|fingers|stay away|keep away] [off|from] {pin}",
    "{pin} [must|should|may|can|shall|will] [not|never] be [on|off|high|low|turned on|turned off|touched|switched on|switched off|toggled|changed|used]",
    "{pin} [mustn't|shouldn't|can't|isn't to|is not to] be [on|off|turned on|turned off|touched|switched on|changed|toggled]",
    "[I|we] [don't|do not|never|really don't|didn't] [want|need|like] {pin} [on|off|to be on|to be off|to turn on|to turn off|touched|changed|running]",
    "[no|please no|definitely no] [light|lights|power|voltage|signal] on {pin}[ please|, ok|]",
    "[nobody|no one] [should|may|must] [touch|turn on|switch on|turn off|change|use] {pin}",
    "[anything but|everything except|whatever you do, don't] [turn|turning|switch|switching] on {pin}",
    "[stop|prevent|keep|block] {pin} from [turning on|going on|switching on|going high|being used|turning off]",
    "[you|it] [mustn't|shouldn't|may not|must never|should never|can't|cannot] [turn|switch|touch|toggle|set|use] [on |off |]{pin}",
    "[it's|it is] [forbidden|not allowed|prohibited|a bad idea] to [turn on|switch on|touch|turn off|use] {pin}",
    "[I forbid you to|I'd hate you to|I told you not to|I asked you not to|you were told not to|I wouldn't] [turn on|switch on|turn off|toggle|touch] {pin}",
    "[there's|there is] no [reason|need|point] [to|in] [turn on|switching on|turn off|touch|turning on|toggling] {pin}",
    "[don't|do not|never|dont] [touch|change|alter|use|write to|mess with|play with|fiddle with|disturb|reset|modify|bother] {pin}",
    "[don't|do not|never|dont] [delete|remove|forget|erase] [my rules|the rule blink|anything|the scripts|what I told you|my notes|the devices]",
    "[don't|do not|never|dont] [make|set|create|add|store] [a|any] [rule|rules|schedule|script|timer|new rule]",
    "[please|] [don't|do not|never] [do anything|do that|change anything|switch anything|turn anything on|run that|touch anything|act|make changes]",
    "[leave|keep] [everything|it all|the pins|all pins] [as it is|alone|unchanged|as they are]",
    "[without|instead of] [turning|switching] on {pin}",
    "not {pin} please",
)  # fmt: skip


def prohibition(rng: random.Random) -> Said:
    """Return a sentence that forbids something in its own words."""
    said = fill(choose(rng.choice(NOT), rng), "", rng)
    return Said(said.pieces, ["refuse"], said.memory)


_REASONS = barred(
    "it's dark in here|it is getting dark|it's too bright|it's cold|it is too warm in here|the plants look dry|the plants are thirsty|I'm leaving|I am going to bed|I'm home|we are back|"
    "the guests are here|I can't see anything|I need some light|it smells in here|the soil is dry|it is time for bed|my hands are full|I'm busy|I just woke up|the baby is asleep|"
    "it's stuffy|it's late|the kids are asleep|the party starts|I'm testing the board|I'm wiring things up|I want to test it|for a test|just to see|time to test|as discussed|"
    "dinner is ready|the room is damp|the tank is low|the alarm is annoying|the noise is killing me|I want to save power|to save energy|to be safe|for safety"
)
_FRONT = barred(
    "I was wondering if you could |would it be possible for you to |is there any chance you could |do you think you could |may I trouble you to |be so good as to |I'd be grateful if you could |"
    "any chance you can |any chance you could |your task: |new task: |command: |action: |to do: |step one: |it would help if you |could you maybe |could you perhaps |might you |I'm asking you to |"
    "I need someone to |someone should |somebody please |one thing: |quick one: |hey can you |hi, could you |ok can you |ok so please |alright, please |right, could you |now could you |then please |"
    "if you would be so kind, |if possible, |if you can, |if it's not too much trouble, |when you have a moment, |real quick, |for now, |this time, |again, |once more, |board, |hey you, |dear board, |"
    "yes |no wait, |ok board |okay limpet so |uhm could you maybe |could you maybe |alright then |yes please |actually no, |oh and |come on, |go on, |sir, |buddy, |mate, |dude, |hey buddy, |limpet: |@limpet |> |- |* |please can you |please could you |pretty please |be a darling and |I beg you to |you need to |you have to |you must |"
    "what I want is: |here's what I want: |my wish: |request: |instruction: |I say: |I said |please just |just please |kindly just |yeah, |yes, |yep, |sure, |cool, |good, |perfect, |excellent, |great, |thanks, now |"
)
_BACK = barred(
    " from now on| from here on| for a change| this instant| would you kindly| and that is it| when you get a chance| when you have a second|, if you would| if you would|, if possible|, if you please|, will ya|, can you|, can you do that|, could you do that|, can you do that for me|"
    " while you're at it| when you're at it| while youre at it|, while you are there| straight off| this minute| this second|, quick|, quickly|, chop chop|, thank you|, thanks a lot|, thx|, ty|, pls|, please and thanks|, that would be great|, that'd be great|, that would be nice|"
    "! thanks|. thanks|. thank you|. please|, sir|, dear|, my friend|, board|, dude|, man|, bud"
)
_ASIDE = (
    ", ",
    " so ",
    ", so ",
    ". ",
    " - ",
    "; ",
    " and ",
    "! ",
    ", please ",
    ", now ",
    "... ",
    ": ",
)


def framed(said: Said, rng: random.Random) -> Said:
    """Return a command or a question in a longer frame: a reason, an indirect request."""
    roll = rng.random()
    if roll < 0.45:
        return join(rng.choice(_FRONT), said)
    if roll < 0.65:
        return join(said, rng.choice(_BACK))
    if roll < 0.83:
        front = rng.choice(("", "", "", "because ", "since ", "as ", "hey, ", "oh, ", "ok, "))
        return join(
            front, rng.choice(_REASONS), rng.choice(_ASIDE if front == "" else (", ", " ")), said
        )
    return join(
        said,
        rng.choice((", ", ". ", " because ", " since ", " as ", ", because ", " - ", ", as ")),
        rng.choice(_REASONS),
    )
