"""What a sentence is set in: a reason, a request, an address; and what forbids without "do not"."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random
import re

from ..listed import barred, spaced
from ..places import ZONES
from . import stiff
from .pattern import Said, choose, fill, join
from .reasons import clause, people, purpose, trait, whereabouts

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
    *stiff.KEEP,
)  # fmt: skip


def prohibition(rng: random.Random) -> Said:
    """Return a sentence that forbids something in its own words."""
    said = fill(choose(rng.choice(NOT), rng), "", rng)
    return Said(said.pieces, ["refuse"], said.memory)


_BASE = (  # in front of what begins with a verb
    "[can|could|would|will|can|could] [you|you|u|ya|someone|somebody] [please|kindly|possibly|maybe|perhaps|quickly|just|pls|plz||||] ",
    "[would|could|might] you be [so kind as to|kind enough to|a dear and|an angel and|so nice as to|willing to|able to|so good as to|a sweetheart and|a star and] ",
    "[do you think|do you suppose|is there a chance|is there any chance|any chance|what are the chances] you [could|can|might] [possibly|maybe|please||] ",
    "[I was|we were|I am|we are|I'm] [just|] [wondering|hoping] [if you could|you could|you might|whether you could|if you would] ",
    "[I'd be|I would be|we'd be|we would be] [grateful|much obliged|obliged|so happy|glad|delighted|thankful] if you [could|would] ",
    "[it would be|it'd be|would be|that would be] [nice|lovely|great|brilliant|awesome|wonderful|good|super|fab] if you [could|would] ",
    "[please to|be so kind and|be so kind to|be so kind as to|please be so kind to|please be so kind and|please be so nice to|would you be so gentle to|have the kindness to|I kindly ask you to|I kindly request you to|I ask you to please|you please|you will please|you shall|it is to|please you|do please|do|please do|kindly please|kindly do|you must please|may you please|may you|I pray you|if you please,] ",
    "[pleeease|pleeeease|pleaseee|pretty please|pretty please can you|plz|pls|plz can u|pls can u|can u plz|can u pls|can u|could u|will u|wud u|cud u|quick|quick quick|quickly|hurry|hurry up and|please please|please please please|please please can you|pls pls|can we please|can we|can i|can i please|i wanna|we wanna|lets|let's please] ",
    "[I'd like you to|I'd love you to|I would love you to|I want you to|I need you to|I'll need you to|we need you to|we want you to|we'd like you to|gonna need you to|need you to|want you to|I'm going to ask you to|may I ask you to|might I ask you to|could I trouble you to|could I get you to|can I get you to|can I ask you to|let me ask you to|allow me to ask you to|I must ask you to|I'd ask you to|I have to ask you to] ",
    "[go on and|go on,|go ahead,|go ahead and|do me a favour and|do me a favor and|do us a favour and|be a good board and|be a love and|be a pal and|be an angel and|be a mate and|do your thing and|do your magic and|please go and|be sure to|make sure you|make sure to|see to it that you|try to|please try to|feel free to|you may|you can|you could|you might|you should|you ought to|you had better|you'd better|you need to|it's time to|time to|it is time for you to|let us|now would be a good time to|your job is to|your task is to|the plan is to|what I need is for you to|all I want is for you to|all you have to do is|I'd suggest you|I suggest you|I propose to|I recommend you|we ought to|we have to|we should|I should|I have to|I'd like to|I would like to|help us|help me|help me to] ",
)  # fmt: skip
_GERUND = (  # in front of a verb in -ing
    "[would you|do you|would u|will you] mind [awfully|terribly|please||||] ",
    "[how about|what about|how do you feel about|what do you say to|fancy|mind|would you consider|I suggest|I'd suggest|may I suggest|can I bother you with|could I trouble you with|I'd appreciate you|we would appreciate you|I would appreciate your|any chance of you|any chance of|is there any chance of you|would you object to|let's try|let's start by|start by|what's the chance of you|I'm in favour of|I vote for] ",
)
_FILLER = barred("er|erm|uh|um|eh|hm|hmm|mmm|ah|oh|aha|well|so|right|right then|right so|right well|okay then|ok then|ok so|okay so|alright|alright then|all right|now then|now|let me see|let's see|let me think|you know what|tell you what|I tell you what|listen|look|look here|hey|hi|yo|oi|excuse me|pardon me|sorry to bother you|sorry to disturb you|forgive me|with your permission|if I may|if you would be so kind|if you have a moment|if that's okay|if it's okay|if possible|if you can|if you please|at your leisure|for starters|to start with|first of all|next|finally|by the way|also|actually|in fact|honestly|basically|like|like um|you know|anyway|anyhow|so yeah|yeah so|yes so|yeah|yep|great|fine|good|lovely|super|perfect|cool|okey dokey|okie dokie|righto|righty ho|very well|there we go|here we go|here goes|big favour|small favour|a small request|small request|quick question|quick request|quick favour|ladies and gentlemen|attention please|attention|ready|come on|come along|go on|chop chop|hear me|hear me out|be a dear|oh dear|oh my|my goodness|goodness|gosh|blimey|crikey|wow|phew|ugh|argh|yikes|uh oh|oops|whoops|same as always|as always|as usual|as agreed|as promised|as discussed|like I said|as I said|guess what")  # fmt: skip
_NAME = barred("miss|sir|madam|ma'am|darling|computer|my friend|friend|my dear|dear|dearest|my love|love|sweetheart|sweetie|honey|hun|babe|mate|buddy|bud|pal|bro|dude|man|boss|chief|captain|professor|teacher|guys|folks|team|everyone|dear board|board|little board|limpet|dear limpet|little helper|my helper|helper|genius|butler|sunshine|champ|old friend|old chap|kind sir|my lovely|machine|clever machine|you clever thing|assistant|dear assistant|my good man|partner|comrade|hero|smarty|smartypants|my little friend|wizard|maestro|friend of mine|cutie|helper of mine")  # fmt: skip
_HELLO = barred(
    "good morning|good evening|good afternoon|good day|hello|hello again|hello there|hi|hi again|hi there|hey|hey there|greetings|hiya|howdy|g'day|morning|evening|afternoon|good to see you|nice to see you|welcome back"
)
_LABEL = "[your task|new task|task|command|action|to do|todo|my wish|a wish|request|my request|instruction|what I want is|here's what I want|here is what we need|I say|limpet|for you|order|new order|your job|job|next job|next task|to all|@limpet|>|-|*|message|note to the board]: "
_FORGOTTEN = "[I|we] [forgot|have forgotten|'ve forgotten|'ve quite forgotten|have quite forgotten|'ve clean forgotten|keep forgetting|always forget|lost track|lost my notes|lost the list|need it for the report|need it for the chart|get asked all the time|wondered about it]"
_STOPS = (", ", ", ", ", ", " ", " ", "! ", ". ", "... ", " - ", ": ")
_TAGS = (
    "[,|] [would you|will you|can you|could you|would ya|will ya|can u|could u|would u][ please| kindly|||||]",
    "[,|] please [would you|could you|can you|will you]",
    "[,|] [do that|do this|do it] for [me|us|miss|the kids|the team]",
    " for [me|us|me please|us please|me would you|us will you|me thanks|me mate|me love]",
    "[,|] [please|pls|plz|pleeease|please please|pretty please|if you please|if you would|if you can|if you could|if possible|if that's okay|if that's all right|if it's okay|if it suits you|if you have a moment|if you have time|if you would be so kind|if I may ask|be so kind|be a dear|there's a dear|there's a good board|there's a love]",
    "[,|.|!|] [thanks|thank you|thx|ta|cheers|many thanks|thanks a lot|thanks in advance|thank you very much|thank you so much|thank you kindly|much appreciated|much obliged|I'd be grateful|I'd appreciate it|I would appreciate it|appreciate it|that would be lovely|that would be great|that'd be nice|that would be kind|would be nice|would be great|that would help|that helps a lot|you're a star|you are an angel|you're the best|I owe you|love you|bless you]",
    "[,|] [while you're at it|while youre at it|while you are there|when you get a chance|when you're at it|straight off|for a change|and that is it|and that's all]",
    "[,|] [quick|quickly|right away|straight away|pronto|sharpish|asap|immediately|chop chop|and be quick|and hurry|as fast as you can|hurry|right now|this instant|at once|please hurry|now please|promptly|nice and easy|gently|carefully|please and thank you|for goodness sake|for heaven's sake|I beg you|I insist|you know|you see|you hear|you hear me|ok|okay|alright|yeah|right|got it|understood|deal|as usual|as always|as agreed|as discussed|as promised|like I said|like last time|like we said|innit|eh|huh|hm|yeah thanks|all right|go|go go go|amen]",
)  # fmt: skip
_KNOW = (  # in front of a question
    "[can|could|would|will] you [please|kindly|quickly|maybe||||] [tell me|tell us|let me know|let us know|say|find out|check for me|look up for me] ",
    "[do you|d'you|would you] [happen to|by any chance|] know ",
    "[any idea|any clue|have you any idea|I wonder|I'm wondering|I was wondering|just wondering|I'd like to know|I want to know|I would like to know|we want to know|we need to know|I need to know|just curious|out of curiosity|out of interest|for the record|for the chart|for the logbook|for my notes|quick check|quick question|a quick question|a question|question|my question is|may I ask|can I ask|might I ask|let me ask|let me ask you|pray tell|tell me|do tell me|please tell me|say|please say|so tell me|go on tell me|I forgot|I forget|sorry but|excuse me but|I am curious|I'm curious][,|:| -|] ",
)  # fmt: skip
_KNOWN = "[,|] [please|pls|do you know|can you tell me|could you tell me|can you tell|any idea|I wonder|thanks|tell me|would you know|can you check|can you say|do tell|I'd like to know|I want to know|just curious|out of interest|roughly|exactly|right now|at the moment|at present|currently|again|by the way|if I may ask|if you know|I ask myself|please tell me|if you can tell]"  # fmt: skip
_VERBS = spaced(
    "turn switch set put make read check tell show list run start stop open close delete remove "
    "forget erase pause resume dim move toggle flip give create add measure scan get let keep "
    "bring shut enable disable activate deactivate blink flash invert rotate swing "
    "write send execute launch perform call print drive pull kill cut raise lower "
    "define build teach register scrap bin restart fetch change "
    "adjust play clear store note save learn take notify warn "
    "alert message find look ask watch say wipe repeat fire poll"
)
_DOUBLED = frozenset(spaced("set put run stop dim flip get let shut cut drop scrap bin"))
_VERB = re.compile(rf"(^| and | then )({'|'.join(_VERBS)})\b(?= |$)", re.IGNORECASE)
_LATER = re.compile(rf"( and | then )({'|'.join(_VERBS)})\b(?= |$)")
_QUESTION = frozenset(spaced("what what's how is are which who where why does whats hows"))
_SILENT = frozenset(("notify", "ask", "memory_set"))  # their last words are theirs
_DEFINES = frozenset(("script_set", "device_set", "rule_set", "i2c_write", "memory_get"))
_BEFORE = (
    *(", ", ", ", " so ", ", so ", ". ", " - ", "; ", " and ", "... ", "! ", ", please ", ": "),
    *(" so please ", ", so please ", ", that's why ", ", therefore ", ". so ", ", so now ", " so now "),
)  # fmt: skip
_SINCE = barred("because|cos|since|as|because|seeing that|seeing as|given that|now that|'cause|considering that|cuz|coz")  # fmt: skip
_AFTER = (
    *(", ", ", ", ". ", " - ", "; ", " because ", ", because ", " because ", " cos ", " since "),
    *(
        ", since ",
        ", as ",
        "! ",
        "... ",
        ", you see ",
        " cause ",
        " cuz ",
        " coz ",
        ", cos ",
        ": ",
    ),
    *(" seeing as ", ", considering ", ". you know, ", " bc ", ", honestly "),
)

_HOURS = frozenset(
    barred(
        "utc|gmt|zulu|universal time|coordinated universal time|uk|british time|eastern time|eastern|est|us eastern|central time|us central|mountain time|pacific time|pacific|pst"
    )
)
_LONG = "[all day|all night|all day yesterday|the whole day|the whole night|yesterday|last night|all morning|all week|all summer|over the holidays|during the storm|the whole time|last week|this morning|for ages|for far too long|for weeks|since the storm|since this morning|since last night]"
_THEN = "[;|.|,|,|, so| so| and| -|, please|; now|. now|. please]"
_AGAIN = "[again||||]"
_LIKED = "[WHO would love it|WHO would like it|WHO would be happy|WHO would be glad|WHO would be so pleased|WHO would be delighted|WHO would appreciate it|it would be lovely|it'd be lovely|it would be fun|it would be wonderful|it would help a lot|how nice it would be|it would make my day] if"
_HAVE = "[can|could|may|might] [we|I|we|I|we|the kids] [possibly|maybe|perhaps|please|] have"
_SHOWN = f"[{_HAVE}|[WHO would love|WHO would like|it would be nice] to have] [a list of|an overview of|a look at]"
_FORGOT = "[I|we|somebody|my wife|the kids|they] [forgot|nearly forgot|asked about|used]"
_RECAST: dict[str, tuple[str, ...]] = {
    "gpio_write {sure} on": (
        f"{{sure}} [was|has been|had been] [off|dark|dead|silent|switched off|turned off|out|idle|asleep|low] {_LONG}{_THEN} [turn|switch|put|turn|switch] it [back|] on {_AGAIN}",
        f"[somebody|someone|the kids|my wife|I|we|he|she|they] [switched|turned] {{sure}} off [by mistake|yesterday|last night|for the cleaning|earlier|by accident]{_THEN} [turn|switch|put] it [back|] on {_AGAIN}",
        f"{_FORGOT} {{sure}}{_THEN} [turn|switch] it on",
        f"{{sure}} [is|is still|is also] off{_THEN} [turn|switch|put] it on",
        f"{_LIKED} {{sure}} [were|was|went|came] on",
        f"{_HAVE} {{sure}} on",
    ),
    "gpio_write {sure} off": (
        f"{{sure}} [was|has been|had been] [on|running|lit|humming|burning|switched on|turned on|active|high] {_LONG}{_THEN} [turn|switch|shut|turn|switch] it off {_AGAIN}",
        f"[somebody|someone|the kids|my wife|I|we|he|she|they] [switched|turned|left] {{sure}} on [by mistake|yesterday|last night|for the party|earlier|by accident]{_THEN} [turn|switch|shut] it [back|] off {_AGAIN}",
        f"{_FORGOT} {{sure}}{_THEN} [turn|switch] it off",
        f"{{sure}} [is|is still|is also] on{_THEN} [turn|switch|put] it off",
        f"{_LIKED} {{sure}} [were|was|went] off",
        f"{_HAVE} {{sure}} off",
    ),
    "gpio_toggle {sure}": (
        f"{_FORGOT} {{sure}}{_THEN} [toggle|flip|invert] it",
        f"{{sure}} [was stuck|was acting up|behaved oddly|was as it should be] {_LONG}{_THEN} [toggle|flip|invert] it",
        f"{_LIKED} {{sure}} [changed over|were toggled|was flipped]",
    ),
    "gpio_read {sure}": (
        f"{_HAVE} the [state|level] of {{sure}}",
        f"{{sure}} [was stuck|was acting up|was on|was off|misbehaved|behaved oddly] {_LONG}[;|.|,| -] [is it on now|is it on|read it|read it please|check it for me|is it high now|what is it now]",
        f"{_FORGOT} {{sure}}[;|.|,| -] [is it on|is it off|is it still on|is it high]",
    ),
    "pwm_write {sure} {pct}": (
        f"{{sure}} [was|has been] [too bright|too loud|too fast|too slow|too dim|too strong|too weak|far too bright|far too loud|annoying] {_LONG}{_THEN} [set|put|bring|take|change] it to {{pct}}",
        f"{_LIKED} {{sure}} [were|was|ran|stayed|went] [at|at] {{pct}}",
        f"{_HAVE} {{sure}} at {{pct}}",
    ),
    "servo_write {servo} {degrees}": (
        f"{{servo}} [was moved|was stuck|was crooked|has been moved|got knocked|was all over the place|was in the wrong place] {_LONG}{_THEN} [turn|move|set|bring|put|rotate] it to {{degrees}}",
        f"{_LIKED} {{servo}} [were at|went to|moved to|stood at|was at|turned to] {{degrees}}",
        f"{_HAVE} {{servo}} at {{degrees}}",
    ),
    "neopixel_write {neopixel} {colour}": (
        f"{{neopixel}} looked [boring|dull|awful|too garish|ugly|pretty|wrong|lifeless] {_LONG}{_THEN} [make|turn|set|paint] it {{colour}}",
        *(f"{_LIKED} {{neopixel}} [were|was|turned|went|could be|glowed|shone] {{colour}}",) * 2,
        f"{_HAVE} {{neopixel}} [in|] {{colour}}",
    ),
    "adc_read {analog}": (
        f"{_HAVE} the [voltage|reading|raw reading] [on|of|from|at] {{analog}}",
        f"{{analog}} [was odd|was wrong|was wet|was strange|was jumping around|misbehaved|was fine] {_LONG}[;|.|,| -|, so] [read it|read it please|measure it|check the voltage|what is its voltage|read it again]",
    ),
    "rule_delete {name}": (
        f"the rule {{name}} [has done its job|was only for the party|was a mistake|made trouble|was for last winter|has had its time|was a silly idea|is useless|is old|TRAIT]{_THEN} [delete|remove|scrap|erase|get rid of|bin|drop|cancel] it",
    ),
    "rule_enable {name} off": (
        f"the rule {{name}} [annoys the neighbours|annoys everybody|woke us|woke the baby|fired all night|misbehaved|went mad|is a nuisance|scares the cat|is too eager]{_THEN} [pause|disable|suspend|deactivate|pause] it",
    ),
    "rule_enable {name} on": (
        f"the rule {{name}} was [paused|asleep|disabled|inactive|idle|suspended] {_LONG}{_THEN} [resume|enable|activate|reactivate|re-enable|unpause] it",
    ),
    "script_delete {sname}": (
        f"the [script|routine|macro] {{sname}} [has done its job|was a mistake|was for the party|is useless|is old|has had its time|was only a test|belongs to the old board|TRAIT]{_THEN} [delete|remove|scrap|erase|get rid of|bin|drop] it",
    ),
    "script_run {sname}": (
        f"the [script|routine|macro] {{sname}} was [a success|great fun|great|lovely|a hit|a lot of fun] [last time|yesterday|at the party|last week]{_THEN} [run|start|play|execute] it {_AGAIN}",
    ),
    "rule_list": (
        f"{_SHOWN} [the|all the|your|all your] [rules|schedules|automations]",
        "[WHO would love to know|WHO would like to know|it would be nice to know] which [rules|schedules] [there are|you have|are set]",
    ),
    "script_list": (f"{_SHOWN} [the|all the|your|all your] [scripts|macros|routines]",),
    "device_list": (f"{_SHOWN} [the|all the|your|all your] devices",),
    "memory_list": (f"{_SHOWN} [all|] your [memories|notes]",),
    "gpio_read_all": (
        f"{_SHOWN} [all|all the] [pins|pin states|gpios]",
        f"{_HAVE} the state of all [the|] pins",
    ),
    "get_time": (
        f"{_HAVE} the [time|exact time|current time|right time]",
        "[WHO would love to know|WHO would like to know|it would be nice to know] [the time|what time it is]",
    ),
    "get_status": (
        f"{_HAVE} [your status|a status report|a quick status report|the board's status]",
    ),
    "device_delete {dname}": (
        *(f"the device {{dname}} TRAIT{_THEN} [delete|remove|forget|unregister|erase|scrap] it",)
        * 2,
    ),
}
_BY_TOOL = {
    tool: tuple(meant for meant in _RECAST if meant.split()[0] == tool)
    for tool in {meant.split()[0] for meant in _RECAST}
}


def framed(said: Said, rng: random.Random) -> Said:
    """Return a sentence in a longer frame: a reason, an indirect request, an address."""
    roll = rng.random()
    if roll < 0.24:
        if other := _recast(said, rng):
            return other
        roll = rng.uniform(0.24, 1.0)
    if roll < 0.43:
        return _reason_first(said, rng)
    if roll < 0.64:
        return _reason_last(said, rng)
    said = _asked(said, rng) if roll < 0.85 else said
    return _tagged(said, rng) if roll > 0.79 else said


def _first(said: Said) -> str:
    """Return the first word, lower case."""
    return "".join(text for text, _ in said.pieces[:3]).strip().split(" ")[0].lower().strip(",:")


def _open(said: Said) -> bool:
    """Whether the sentence ends with a name or a text, which more words would lengthen."""
    for text, mark in reversed(said.pieces):
        if mark[:1] == ">":
            return True
        if text.strip():
            return ":" + mark in said.program if mark else False
    return False


def _circumstance(said: Said, rng: random.Random, good: bool) -> str:
    """Return a reason that has no word of the memory, nor what a rule may not hold, or "".

    good: whether it may be what the deed is good for.
    """
    if said.program[:1] == ["decline"] and sum(len(text) for text, _ in said.pieces) < 14:
        return ""  # "it is dark here, please" asks for something
    taken = {word for name in said.memory for word in name.lower().split()}
    if "rule_set" in said.program:
        taken.add("yesterday")
    sure = not any(word[:1] == "?" for word in said.program)
    for _ in range(4):
        text = purpose(rng, sure) if good else clause(rng, sure)
        if not taken & set(text.lower().split()):
            return text
    return ""


def _reason_first(said: Said, rng: random.Random) -> Said:
    if said.program[:1] == ["set_timezone"] and rng.random() < 0.6:
        return _placed(said, rng)
    good = rng.random() < 0.12
    text = _circumstance(said, rng, good)
    if not text:
        return said
    if good:
        return join(text, ", ", said)
    if rng.random() < 0.22:
        return join(rng.choice(_SINCE), " ", text, rng.choice((", ", ", ", " ")), said)
    joints = (*_BEFORE, *(" ",) * 4) if _first(said) in _VERBS else _BEFORE
    front = rng.choice(_FILLER) + ", " if rng.random() < 0.12 else ""
    return join(front, text, rng.choice(joints), said)


def _placed(said: Said, rng: random.Random) -> Said:
    """Return a choice of timezone after the place that it is for: "we're in austria so ..."."""
    zone = next((ZONES.get(text.lower()) for text, mark in said.pieces if mark), None)
    places = [place for place, other in ZONES.items() if other == zone and place not in _HOURS]
    if not places:
        return said
    place = rng.choice(places)
    place = place.title() if rng.random() < 0.5 else place
    return join(whereabouts(place, rng), rng.choice(_BEFORE), said)


def _reason_last(said: Said, rng: random.Random) -> Said:
    if _SILENT & set(said.program):
        return _asked(said, rng)
    if _first(said) in _QUESTION and rng.random() < 0.15:
        text = choose(_FORGOTTEN, rng).replace(" '", "'")
        return join(said, rng.choice((", ", ". ", "? ", " - ", "; ")), text)
    lengthens = _open(said)
    good = rng.random() < 0.3 and not lengthens and not _DEFINES & set(said.program[:1])
    text = _circumstance(said, rng, good)
    if not text:
        return said
    if good:
        return join(said, rng.choice((" ", " ", " ", " ", ", ")), text)
    plain = lengthens or bool(_DEFINES & set(said.program))
    joint = rng.choice(_AFTER if plain else (*_AFTER, *(" ",) * 5))
    return join(said, joint, text)


def _asked(said: Said, rng: random.Random) -> Said:
    """Return the sentence with the words of a request in front, as its first word allows."""
    first, roll = _first(said), rng.random()
    front = ""
    if first in _VERBS and roll < 0.7:
        if roll < 0.18:
            said, front = _in_ing(said), choose(rng.choice(_GERUND), rng)
        else:
            front = choose(rng.choice(_BASE), rng)
    elif first in _QUESTION and roll < 0.5:
        inverted = first in ("is", "are", "does")
        front = choose(_KNOW[2] if inverted else rng.choice(_KNOW), rng)
        if rng.random() < 0.12:
            front = f"{people(rng)} would like to know{rng.choice((', ', ': ', ' '))}"
    if rng.random() < 0.08:
        front = re.sub(r"^([>*-]|@limpet):", r"\1", choose(_LABEL, rng)) + front
    elif not front or rng.random() < 0.25:
        roll = rng.random()
        name = rng.choice(_NAME)
        called = f"{rng.choice(_HELLO)} {name}" if roll < 0.2 else name
        if roll < 0.55:
            called = rng.choice(_FILLER) + (" " + name if roll < 0.28 else "")
        front = called + rng.choice(_STOPS) + front
    return join(re.sub("  +", " ", front), said)


def _tagged(said: Said, rng: random.Random) -> Said:
    """Return the sentence with a request or an address behind it."""
    closed = _open(said) or bool(_SILENT & set(said.program))
    tags = _TAGS[:2] if closed else _TAGS
    text = choose(_KNOWN if _first(said) in _QUESTION else rng.choice(tags), rng)
    if rng.random() < 0.3:
        text = ", " + rng.choice(_NAME) if rng.random() < 0.6 else f"{text}, {rng.choice(_NAME)}"
    if closed:
        text = ", " + text.lstrip(", ")
    return join(said, re.sub(r"^(?=\w)", " ", text))


def _in_ing(said: Said) -> Said:
    """Return the sentence with its verbs in -ing: "turn 5 on" becomes "turning 5 on"."""
    pieces = list(said.pieces)
    for n, (text, mark) in enumerate(pieces):
        if not mark:
            pattern = _VERB if not n else _LATER
            pieces[n] = (
                pattern.sub(lambda match: match.group(1) + _ing(match.group(2)), text),
                "",
            )
    return Said(pieces, said.program, said.memory)


def _ing(verb: str) -> str:
    if verb.lower() in _DOUBLED:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") else verb) + "ing"


def _recast(said: Said, rng: random.Random) -> Said | None:
    """Return another sentence of the same tool that tells its past or a wish, or None."""
    program = said.program
    kinds = _BY_TOOL.get(program[0], ()) if program else ()
    if program[:1] == ["gpio_write"] and len(program) == 6 and program[3] == "gpio_write":
        one, two = rng.choice(("on", "off")), rng.choice(("on", "off"))
        pattern = f"[{_HAVE} {{sure}}|{_LIKED} {{sure}} were] {one} and {{sure2}} {two}"
        return _told(pattern, f"gpio_write {{sure}} {one} gpio_write {{sure2}} {two}", rng)
    if not kinds or len(program) > 3 or program[1:2] == ["?"]:
        return None
    meant = rng.choice(kinds)
    return _told(rng.choice(_RECAST[meant]), meant, rng)


def _told(pattern: str, program: str, rng: random.Random) -> Said:
    pattern = pattern.replace("WHO", people(rng)).replace("TRAIT", trait(rng))
    return fill(re.sub("  +", " ", choose(pattern, rng)), program, rng)
