"""Sentences about memory, rules, the clock and the board itself: (pattern, program) rows."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from ..listed import barred
from . import chores, stiff
from .nouns import anything, invented
from .pattern import Said, choose, slot
from .pins import rows as _rows
from .slots import PLACES, THINGS, remembered_pin, thing

_FACTS = barred(
    "name|wifi name|wifi password|cat's name|dog's name|mother's name|sister|brother|teacher|car plate|size|shoe size|medication|allergy|favourite food|favourite drink|favourite team|bank|insurance number|pet|room number|door code|birthday|favourite colour|favorite color|address|phone number|dog|"
    "cat|car|code|password hint|bin day|watering day|landlord|plumber|wife|husband|son|daughter|"
    "alarm code|spare key|key|meter number|serial number|budget|favourite song|tea|shopping list|"
    "anniversary|hometown|job|boss|school|house number|locker|bike|parking spot|garden size|"
    "tank size|fish|parrot|neighbour|doctor|gate code|pin code|boiler pressure|router|printer|"
    "owner|location|language|timezone|unit|team|project|nickname|email"
)
_VALUES = barred(
    "Alice|Bob|Rex|blue|1234|42|under the mat|in the kitchen|Tuesday|3 May|Dr Smith|green tea|"
    "a Volvo|20 litres|12 Elm Street|next to the door|Anna|Metallica|Berlin|in the second drawer|"
    "very old|555 0199|upstairs|Limpet|07700 900123|Monday and Thursday|room 4|called Max|"
    "two bar|in Spain|black|at noon|every Friday|7|Celsius|tall|the red one|broken|full|empty|"
    "behind the shed|a teacher|English|my sister|20 square metres|jo@example.org"
)
_WHERE = (
    "under",
    "in",
    "behind",
    "next to",
    "above",
    "near",
    "below",
    "inside",
    "left of",
    "beside",
)
_LINK = "[on|on|on|connected to|attached to|wired to|at|hooked up to|plugged into]"


_WHOSE = barred(
    "brother|sister|mother|father|cat|dog|wife|husband|boss|neighbour|son|daughter|friend|Anna|Tom|landlord"
)


def _key(rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.5:
        return thing(rng)
    if roll < 0.56:
        return f"{rng.choice(_WHOSE)}'s {rng.choice(_FACTS)}"
    return anything(rng) if roll < 0.62 else rng.choice(_FACTS)


@slot("fact")
def _fact(rng: random.Random, mark: str) -> Said:
    """KEY is VALUE, in one of many ways; the program is the key's and the value's parts."""
    article = rng.choice(("the ", "the ", "my ", "", "our "))
    if rng.random() < 0.55:
        key, value = (
            _key(rng),
            choose(
                f"[gpio|pin|gpio|pin number|io|GPIO|the relay on pin] {rng.randint(0, 39)}", rng
            ),
        )
        link = choose(f" [is|is|is|'s|will be|sits|lives|hangs|goes] {_LINK} ", rng)
        value, front = (value[4:], "the ") if value.startswith("the ") else (value, "")
        pieces = [(article, ""), (key, mark + "k"), (link + front, ""), (value, mark + "v")]
        if rng.random() < 0.15:
            link = rng.choice(
                (
                    " has the ",
                    " is the ",
                    " drives the ",
                    " controls the ",
                    " belongs to the ",
                    " runs the ",
                )
            )
            pieces = [(value, mark + "v"), (link, ""), (key, mark + "k")]
    else:
        key, value = "name" if rng.random() < 0.12 else rng.choice(_FACTS), rng.choice(_VALUES)
        if key == "name" or rng.random() < 0.25:  # a word that nobody has heard of
            value = invented(rng).capitalize()
            value += f" {invented(rng)}" if rng.random() < 0.2 else ""
        if rng.random() < 0.3:
            value = f"{rng.choice(_WHERE)} the {thing(rng)}"
        if rng.random() < 0.3:
            key = thing(rng)
        link = rng.choice(
            (
                " is ",
                " is ",
                " is ",
                " = ",
                ": ",
                " are ",
                "'s ",
                " was ",
                " is called ",
                " is named ",
            )
        )
        pieces = [(article, ""), (key, mark + "k"), (link, ""), (value, mark + "v")]
    memory = {thing(rng): remembered_pin(rng)} if rng.random() < 0.2 else {}
    if rng.random() < 0.1:
        memory[key] = remembered_pin(rng)
    return Said(pieces, [":" + mark + "k", ":" + mark + "v"], memory)


@slot("pinfact")
def _pin_fact(rng: random.Random, mark: str) -> Said:
    key, value = thing(rng), choose(f"[gpio|pin|gpio] {rng.randint(0, 39)}", rng)
    pieces = [
        ("the ", ""),
        (key, mark + "k"),
        (choose(f" [is|sits|is now] {_LINK} ", rng), ""),
        (value, mark + "v"),
    ]
    return Said(pieces, [":" + mark + "k", ":" + mark + "v"])


@slot("pinof")
def _pin_text(rng: random.Random, mark: str) -> Said:
    return Said([(choose(f"[gpio|pin|gpio] {rng.randint(0, 39)}", rng), mark)], [":" + mark])


@slot("key")
def _any_key(rng: random.Random, mark: str) -> Said:
    """A key the memory may or may not hold."""
    key = _key(rng)
    memory = (
        {key: remembered_pin(rng) if rng.random() < 0.6 else rng.choice(_VALUES)}
        if rng.random() < 0.6
        else {}
    )
    return Said([(key, mark)], [":" + mark], memory)


@slot("held")
def _held_key(rng: random.Random, mark: str) -> Said:
    """A key that the memory holds."""
    key = _key(rng)
    memory = {key: remembered_pin(rng) if rng.random() < 0.5 else rng.choice(_VALUES)}
    if rng.random() < 0.3:
        memory[thing(rng)] = remembered_pin(rng)
    return Said([(key, mark)], [":" + mark], memory)


@slot("ruleno")
def _rule_number(rng: random.Random, mark: str) -> Said:
    return Said([(str(rng.randint(1, 12)), mark)], [":" + mark])


@slot("note")
def _note(rng: random.Random, mark: str) -> Said:
    return Said([(rng.choice(("to water the plants", "this", "that", "everything", "to call mum", "it", "me",
                              "to buy milk", f"the {rng.choice(PLACES)} {rng.choice(THINGS)}", "something for me",
                              "what I said", "a note", "to feed the cat", "something", "a thing for later")), "")])  # fmt: skip


_KEEP = "[remember|remember that|remember that|please remember that|don't forget that|do not forget that|note that|note|keep in mind that|memorise that|memorize that|save that|store that|for the record,|learn that|make a note that|write down that|remember this:|take note that|bear in mind that]"
MEMORY_SET = [
    *_rows("memory_set {fact}", f"{_KEEP} {{fact}}", f"{_KEEP} {{fact}}", "I want you to remember [that|] {fact}",
           "[just so you know|fyi|for your information|remember|to remember], {fact}"),
    *_rows("memory_set {fact}", f"{_KEEP} {{fact}}", "{fact}, [remember that|please remember|keep that in mind|remember it|don't forget|note that|ok|got it]", "{fact}, [please keep that in mind|please note|please save that|remember that please|keep it in mind|please remember that|so you know|for your memory|write that down]", "[keep in mind|bear in mind|don't forget|do not forget|mind you|remember this|please note|a note|for the record|to remember]: {fact}",
           "[please|] [note|remember|know] that {fact}", "[please|] [note|remember] {fact}",
           "[note|save this|for later|remember|memo|info|store this|keep this|reminder|important|save]: {fact}", "[please|] [note|remember|save|store|know] [:|that|] {fact}",
           "[you should know|you need to know|I tell you|let me tell you|please know|I'd like you to know|mind|know] that {fact}", "[add|put] to [memory|your memory|your notes]: {fact}"),
    *_rows("memory_set {pinfact}", "{pinfact}", "[ok|so|well|by the way|btw|now] {pinfact}"),
    *_rows("memory_set {key} {pinof}", *["[call|call|name] {pinof} [the|my|] {key}"] * 4, "[call|name|label] {pinof} [the|my] {key}", "[call|name|label|save|store|remember] {pinof} [as|] [the|my|] {key}",
           "[store|save|remember|put down|register] [the|my|] {key} [as|=|:|on|at] {pinof}", "{pinof} [is|is called|is the|is my] {key}",
           "[when I say|if I say] {key} I mean {pinof}", "the word {key} means {pinof}", "{key} [means|=] {pinof}"),
    *_rows("memory_set ?", "remember {note}", "[can you|could you] remember [something|this|things]",
           "[make|take] a note", "save {note}", "don't forget {note}", "remind yourself {note}"),
]  # fmt: skip
MEMORY_GET = [
    *chores.MEMORY_GET, *stiff.KEPT * 4,
    *_rows("memory_get {key}", "which [pin|gpio] did I [put|wire|connect|attach] [the|my] {key} [on|to]", *["[which|what] [pin|gpio] [did|do] [I|we] use for [the|my] {key}"] * 2,
           "where did I say [the|my] {key} [was|is|hangs]", "where [is|was] [the|my] {key} again, [you remember|you should know|I told you]", "do you remember my {key}", "do you [know|remember|recall] [what|] [the|my] {key} [is|]", "do you [still|] [know|remember] where [the|my] {key} is", "[what|which] is my {key} again",
           "what's [my|the] {key}, do you [remember|know]", "[recall|retrieve|fetch|look up|read back|tell me|find] [the|my|] {key} [from memory|in memory|in your memory|from your notes]", "what is stored [under|for|as] [the|my|] {key}", "memory_get {key}", "what [pin|gpio] is [the|my] {key} on", "what does [the|your] memory say about [the|my|] {key}", "[recall|look up|tell me] what you know about [the|my] {key}", "what was [the|my] {key} again", "what have you [saved|stored|noted] [for|about|under] [the|my|] {key}", "[which|what] [pin|gpio] is [the|my] {key} [on|connected to|attached to|at|wired to]",
           "where did I [connect|put|plug|say] [the|my] {key} [is|]", "what did I [tell you|say] about [the|my] {key}",
           "what do you [know|remember] about [the|my] {key}", "do you [remember|know] [the|my] {key}",
           "[recall|look up|tell me|retrieve] [the|my] {key} [from|in] [memory|your memory]", "what is my {key}", "what's my {key}",
           "[do you|can you] remember [where|what] [the|my] {key} is", "which pin [did I use|do I use|do we use] for [the|my] {key}",
           "[recall|look up] [the|my|] {key}", "what did I [call|save as|store as|store under] [the|] {key}"),
    *_rows("memory_get {held}", "where is [the|my] {held}", "what is [the|my] {held}", "what's [the|my] {held}",
           "where's [the|my] {held} [connected|attached|]", "tell me [the|my] {held}", "who is my {held}", "[the|my] {held}?",
           "remind me [of|what] [the|my] {held} [is|]", "remind me where [the|my] {held} is"),
]  # fmt: skip
MEMORY_LIST = chores.MEMORY_LIST + _rows(
    "memory_list",
    "what do you [remember|know|have in memory|remember so far|remember right now]",
    "what [have you|did you] [remembered|memorised|stored|saved|noted|learn|keep in mind|learned]",
    "[list|show|print|tell me|show me|dump|display|recite|recall] [your|the|all your|all the|everything in your] [memory|memories|notes]",
    "[tell me|show me|list|recall|say] [everything|all|all the things|what] you [remember|know|have remembered|have stored|memorised]",
    "what [is|'s] in [your|the] memory",
    "what's in your [memory|notes]",
    "what [things|names|facts] [do you|have you] [know|remember|stored|learned]",
    "what did I [tell|ask] you [to remember|so far|to keep in mind]",
    "[memory|memories|memory list|list memory]",
    "do you remember [anything|things|something|stuff]",
    "which names do you know",
    "what have I told you",
    "what all do you [remember|know]",
)
MEMORY_DELETE = [
    *_rows("memory_delete {key}", "forget [about|] [the|my|] {key}", *["forget [about|] [the|my|] {key}"] * 3, "[wipe|erase|drop|remove|delete|scrub] [the|that|my] [fact|note|entry|bit|thing] [about|on|for] [the|my|] {key} [from your memory|from memory|]", "you [don't need to|no longer need to|need not] remember [the|my] {key} [any more|anymore|]".replace("don't need to|", ""), "memory_delete {key}", "[remove|drop|clear|wipe] {key} from [your|the] [notes|memory]", "[delete|remove|erase|drop|clear|wipe] [the|my|] {key} from [memory|your memory|the memory]",
           "[you can|please] forget [about|] [the|my] {key}", "[delete|erase|remove] the [memory|note|entry] [of|about|for|on] [the|my|] {key}",
           "forget what I [said|told you] about [the|my] {key}", "forget where [the|my] {key} is",
           "[delete|remove|erase] [the|my|] memory {key}", "unlearn [the|my|] {key}"),
    *_rows("memory_delete {held}", "[delete|erase|remove|forget] [the|my|] {held}"),
    *_rows("memory_delete ?", "forget [it|that|something|everything|what I said|all of it|all]", "[clear|erase|wipe|delete] [your|the] memory",
           "delete [a|the] [memory|note]"),
]  # fmt: skip
_RULE = "[rule|rule|rule|schedule|automation|timer]"
_RULES = "[rules|rules|schedules|automations|timers|routines]"
RULE_LIST = _rows(
    "rule_list",
    f"[list|show|show me|print|tell me|display|read me|give me] [the|all|all the|your|my|all your|] {_RULES}",
    f"[what|which] {_RULES} [do you have|are there|are set|are active|are stored|have I set|exist|are running|did I make]",
    f"what are [the|your|my] {_RULES}",
    f"do you have any {_RULES}",
    "[what|which things] [is|are] scheduled",
    "what have you got [planned|scheduled]",
    f"are there any {_RULES} [set|active|stored|]",
    "what [will you do|are you going to do|happens] [later|next|automatically|on its own]",
    f"how many {_RULES} [are there|do you have|have I set]",
    "[rules|rule list|list rules|schedule]",
    "what is on [your|the] schedule",
    "what did I [schedule|automate]",
)
RULE_DELETE = [
    *chores.RULE_DELETE, *stiff.ASKED * 2,
    *_rows("rule_delete {ruleno}", *["[delete|remove|cancel|kill|drop|erase|stop|clear|get rid of|scrap|bin] [the|] rule {ruleno}"] * 3),
    *_rows("rule_delete {name}", *["[delete|remove|get rid of|cancel|drop|scrap|bin|erase] [the|my|] rule {name}"] * 3, "I [no longer need|am done with|don't need] [the|] rule {name}".replace("|don't need", "")),
    *_rows("rule_delete {name}", f"[delete|remove|cancel|drop|erase|kill|clear|get rid of|stop] [the|] {_RULE} [called|named|] {{name}}",
           f"[delete|remove|cancel|drop|erase|stop] [the|my] {{name}} {_RULE}", f"{_RULE} {{name}} [can go|should be deleted]",
           f"delete {_RULE} {{name}}", f"throw away [the|] {_RULE} {{name}}"),
    *_rows("rule_delete ?", f"[delete|remove|cancel|stop] [the|a|that|this|my] {_RULE}", f"[delete|cancel|remove|clear] [all|all the|the|every] {_RULES}",
           "[stop|quit] [blinking|flashing|toggling] [it|{pin}|]", "cancel [that|it]", "stop [it|that]",
           "cancel [the blinking|the last one|what I scheduled]"),
]  # fmt: skip
RULE_ENABLE = [
    *chores.RULE_ENABLE,
    *_rows("rule_enable {ruleno} on", "[enable|resume|activate|turn on|switch on|restart] rule {ruleno}", "[turn|switch] rule {ruleno} [back|] on"),
    *_rows("rule_enable {ruleno} off", "[disable|pause|deactivate|turn off|switch off|suspend] rule {ruleno}", "[turn|switch] rule {ruleno} off"),
    *_rows("rule_enable {name} on", f"[enable|activate|resume|reactivate|re-enable|turn on|switch on|unpause|start] [the|] {_RULE} [called|named|] {{name}}",
           f"[enable|resume|activate|turn on|unpause] [the|my] {{name}} {_RULE}", f"[turn|switch|put] [the|] {_RULE} {{name}} [back on|on|on again|back on again]",
           f"turn the {{name}} {_RULE} [back on|on]"),
    *_rows("rule_enable {name} off", f"[disable|pause|deactivate|suspend|turn off|switch off|mute|hold] [the|] {_RULE} [called|named|] {{name}}",
           f"[disable|pause|deactivate|suspend|turn off] [the|my] {{name}} {_RULE}", f"turn [the|] {_RULE} {{name}} off",
           f"turn the {{name}} {_RULE} off", f"put [the|] {_RULE} {{name}} on hold"),
    *_rows("rule_enable ?", f"[enable|disable|pause|resume|suspend] [the|a|my|that] {_RULE}", f"[pause|disable|enable|resume] all {_RULES}"),
]  # fmt: skip
TIME = _rows(
    "get_time",
    "what time is it [now|right now|there|on your side|over there|]",
    "what [is|'s] the time",
    "what's the [time|current time|time now|date|date today|hour]",
    "[tell me|show|show me|give me|say|read] the [time|current time|date|clock|hour|date and time]",
    "[do you know|can you tell me|could you tell me] [what time it is|the time|what the time is]",
    "[current time|the time|time|clock|date|time and date|date and time|time now]",
    "what [day|date] is [it|today|it today]",
    "what is today's date",
    "how late is it",
    "have you got the time",
    "what does your clock say",
    "[which|what] timezone are you [in|using|set to]",
    "what is your timezone",
    "check the [clock|time]",
    "is it [noon|midnight|morning] yet",
)
ZONE = [
    *_rows("set_timezone {zone}", "[set|change|switch|put|move] [the|your|my|] [timezone|time zone|clock|zone|tz] to {zone} [time|]",
           "[set|change|switch] [the|your|] [timezone|time zone] [as|=|:] {zone}", "[use|switch to|go to|change to] [the|] {zone} [time|timezone|time zone|as timezone|as the time zone]",
           "[timezone|time zone|tz] [is|=|:|] {zone}", "[we are|I am|I'm|we're|you are|you're] in {zone}", "[I|we] live in {zone}",
           "[my|our|your|the] [timezone|time zone] is {zone}", "your location is {zone}, so use its time", "the [board|device] is in {zone}",
           "[we|I] [moved|have moved] to {zone}", "use the [timezone|time zone|clock|time] of {zone}"),
    *_rows("set_timezone ?", "[set|change|fix|adjust] [the|your|my|] [timezone|time zone|tz]", "your timezone is wrong",
           "[set|change] the [time zone|timezone] to [mine|the right one|local time|atlantis|mars|my home town]"),
]  # fmt: skip
STATUS = _rows(
    "get_status",
    "[status|get status|board status|system status|status report|health|uptime|free memory|heap|diagnostics|stats]",
    "[give me|show|show me|tell me|print|report|get|check] [your|the|a|the board's|the device] [status|state|system status|status report|health|uptime|diagnostics|free memory|free heap|system info|stats]",
    "what [is|'s] your [status|uptime|health|free memory|state]",
    "what's your [status|uptime|free heap|health]",
    "how long have you been [up|running|on|awake|alive|online]",
    "how much [memory|heap|ram|free memory|free heap|free ram] [do you have|is left|is free|have you got|is available|remains]",
    "are you [ok|okay|alright|healthy|working|online|there|alive|still there|running|all right]",
    "how's the [board|device|system|chip|memory|hardware] [doing|running|feeling|holding up|]",
    "how is the [board|device|system|chip] [doing|running|]",
    "is everything [ok|okay|alright|working|fine]",
    "how are your [vitals|resources]",
    "when did you [boot|start|last boot|last restart]",
    "how full is your memory",
    "[system check|self test|check yourself|check the system|report in]",
    "how much ram is free",
)
SCOPED = [
    *_rows("get_status +scope link", "[status of|check|how is|how's|what about|show|tell me about|report on] the [link|wifi link|connection|network link|wifi connection|mqtt link]", "[link|connection|wifi|network] [status|state]", "how is the [link|connection|wifi] [doing|]", "show [me|] the [link|connection] status", "is the [link|connection] [ok|up|fine|good]", "are you [connected|still connected|connected to the broker]", "how good is the [link|connection]"),
    *_rows("get_status +scope heap", "[show|tell me|give me|report|check] the heap [status|state]", "heap [status|state]", "status of the heap", "status [scope|for|of] heap", "[show|give me] the status of [the|your] heap"),
    *_rows("get_status +scope rules", "[show|tell me|give me|report|check] the rules status", "status of the rules", "rules status", "status [scope|for] rules", "[show|give me] the status of [the|your|all] rules"),
]  # fmt: skip
_PERSONAS = {
    "friendly": "[friendly|friendlier|nice|kind|warm|more friendly|warmer|nicer|cheerful|polite]",
    "neutral": "[neutral|normal|plain|standard|default|matter of fact|more neutral|ordinary]",
    "technical": "[technical|more technical|precise|geeky|detailed|nerdy|engineer-like|expert]",
    "witty": "[witty|funny|funnier|humorous|sarcastic|wittier|more witty|joking|amusing|playful]",
}
PERSONA = [
    row
    for persona, words in _PERSONAS.items()
    for row in _rows(
        f"set_persona {persona}",
        f"[be|become|act|sound|get] [a bit|a little|more||] {words}",
        f"[set|switch|change] [your|the] [persona|personality|tone|style|voice|character] to {words}",
        f"[use|take|adopt] [a|an|the|your] {words} [persona|tone|style|personality|voice]",
        f"[talk|speak|answer|reply|respond] [to me|] in [a|an] {words} [way|tone|style|manner]",
        f"[I want|I'd like] you to [be|sound|act|talk|answer] {words}",
        f"[be|act|sound] {words} again",
        f"[switch|change|go] [back|] to [the|a|] {words} [persona|tone|mode|personality|voice]",
        f"[can you|could you] be [a bit|more|a little|] {words}",
        f"[persona|tone|mode|personality][:| is| =|] {words}",
        f"{words} [persona|mode|tone|personality]",
        f"persona {persona}",
    )
] + _rows("set_persona ?", "[change|set|switch] [your|the] [persona|personality|tone|style|character]",
          "[use|take] another [persona|personality|tone|voice]", "talk differently")  # fmt: skip
HELLO = _rows(
    "hello",
    stiff.HELLO,
    "[hi|hello|hey|hiya|howdy|good morning|good evening|good afternoon|greetings|hey there|hi there|hello there|yo|morning|evening|hallo|g'day] [limpet|board|there|buddy|friend|again|my friend|everyone|||]",
    "[hello|hi|hey] [hello|hi|hey|you]",
    "nice to [meet|see] you",
    "good [morning|evening|day] to you",
)
THANKS = _rows(
    "thanks",
    "[thanks|thank you|thanks a lot|thank you very much|thank you so much|cheers|many thanks|ta|thx|much appreciated|great, thanks|perfect, thank you|nice, thanks|ty|thanks so much] [limpet|board|buddy|mate|||]",
    "[well done|good job|great job|good work|nice work|great|perfect|awesome|excellent|that's great|nice|brilliant|good bot|lovely|wonderful|cool|super|fantastic]",
    "[thanks|thank you] for [your help|that|the help|everything|helping]",
    "I appreciate [it|that|your help]",
    "that [worked|was great|was perfect|helped]",
)
BYE = _rows("bye", "[bye|goodbye|bye bye|see you|see you later|good night|goodnight|farewell|see ya|later|so long|take care|talk to you later|until tomorrow|ciao] [limpet|board|buddy||]",
            "I am [leaving|off|going to bed] now, bye")  # fmt: skip
HELP = chores.HELP + _rows(
    "help",
    "what can you do [for me|]",
    "what are you [able to do|capable of|good for|good at]",
    "[help|help me|help please|I need help|usage|commands|manual|instructions|options]",
    "[what|which] [commands|tools|functions|features|things|skills] do you [have|know|support|understand|offer]",
    "how [do I|can I|should I] [use|talk to|command|control] you",
    "[list|show|tell me|show me] [your|the] [commands|tools|features|functions|capabilities|abilities|skills]",
    "what can I [say|ask|ask you|tell you|do|ask you to do]",
    "[tell me|show me|explain] what you can do",
    "how [does this|do you] work",
    "what do you do",
    "how can you help [me|]",
    "[who|what] are you",
    "what is limpet",
    "introduce yourself",
    "give me [some|a few] examples",
    "what's your name",
    "can you [help|help me|do anything|do something|do anything useful]",
)
VAGUE = _rows(
    "what_to_do",
    "{sure}",
    "what about {sure}",
    "[do something with|use|take|handle|play with] {sure}",
    "and {sure}",
    "{sure} please",
    "I have [a led|a relay|something|a sensor] on {sure}",
    "[pin|gpio|the led|the pump] please",
    "[change|adjust|configure|control|work on] {sure}",
)
