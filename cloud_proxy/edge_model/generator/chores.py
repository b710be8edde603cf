"""Single orders and questions in more voices: things by name, lists, rules without a verb."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

import random

from ..listed import barred, spaced
from .amounts import say_number
from .moments import DAY, IF
from .nouns import NOUNS, anything, invented
from .pattern import SLOTS, Said, choose, fill, join, slot
from .pins import Row
from .pins import rows as _rows
from .slots import PLACES, THINGS, remembered_pin, thing

# What people call a rule or a script: many of these words mean something else elsewhere.
_LIKE_OTHERS = barred(
    "siesta|disco|home time|morning bell|lights out|tea time|bed time|lunch bell|story time|play time|first frost|quiet hour|rush hour|night shift|early bird|wake up call|"
    "last orders|free time|time out|half term|open house|closing time|opening hours|water break|coffee break|good morning|sweet dreams|fire drill|test run|dry run|warm up|cool down|"
    "red alert|green light|blue hour|golden hour|power nap|day off|night owl|full moon|happy hour|rain dance|fish food|school run|clean up|lock up|wind down|slow start|cold start|"
    "curfew|recess|assembly|registration|matinee|vespers|mass|rehearsal|encore|intermission|overtime|checkout|inventory|delivery|monday blues|weekend mode|summer term|guest mode|"
    "eco|boost|vacation|heatwave|frost|storm|flood|drought|harvest|seedlings|compost|brooding|molting|milking|roost|nap time|bath time|snack time|circle time|home|away|hand|feeding"
)
_KINDS = spaced(
    "bell light watch check cycle show alarm guard mode run break watering round time shift feed "
    "rinse airing test signal call care party wash rest boost service patrol"
)
_PARTS = spaced(
    "morning evening night noon dawn lunch school holiday weekend summer winter early late daily "
    "weekly first last second quick slow long short old new spare silent gentle front back"
)


def named(rng: random.Random) -> str:
    """Return a name of one to three words of any field."""
    roll = rng.random()
    if roll < 0.3:
        return rng.choice(_LIKE_OTHERS)
    if roll < 0.45:
        return anything(rng)
    if roll < 0.62:
        return f"{rng.choice((rng.choice(_PARTS), rng.choice(PLACES), rng.choice(NOUNS)))} {rng.choice(_KINDS)}"
    if roll < 0.74:
        return f"{rng.choice(NOUNS)} {rng.choice(NOUNS)}"
    if roll < 0.82:
        return f"{rng.choice(_PARTS)} {rng.choice(PLACES)} {rng.choice(THINGS)}"
    if roll < 0.88:
        return f"{rng.choice(NOUNS)}_{rng.choice(_KINDS)}"
    return f"{invented(rng)} {rng.choice(_KINDS)}" if roll < 0.92 else thing(rng)


@slot("given")
def _given(rng: random.Random, mark: str) -> Said:
    return Said([(named(rng), mark)], [":" + mark])


@slot("why")
def _why(rng: random.Random, mark: str) -> Said:
    """A reason that changes nothing, after its comma; mostly none."""
    del mark
    if rng.random() < 0.6:
        return Said([("", "")])
    joint = rng.choice((", ", ", ", " - ", " cos ", ", because ", ". "))
    return Said([(joint + choose(rng.choice(_REASONS), rng), "")])


_REASONS = (
    "[it's|it is|its] [an inset day|a bank holiday|half term|the holidays|too loud|too early|annoying everyone|out of date|getting on my nerves|driving me mad|the weekend|useless|old]",
    "[I do it|we do that|I will do it|we do it now] [by hand|ourselves|myself|with the hand]",
    "[we are|we're|I'm|I am] [away|on holiday|closed|at home today|done with it|fed up with it|painting the room]",
    "[the|my|our] [teacher|cat|baby|plumber|neighbour|boss] [is out|is asleep|has a headache|complained|is here]",
    "[the thing|the old one|it] [has rusted through|broke|was sold|burnt out|fell apart|has had its day]",
)
_HARMLESS = ("[it's|it is|its] [an inset day|a bank holiday|half term|nearly dark|my birthday|the weekend|our turn|time]",
             "[we are|we're|I'm|I am] [back|at home today|ready|all here|waiting]", "[the|my|our] [teacher|cat|baby|plumber|boss] [is out|wants it|is here|asked for it]")  # fmt: skip


@slot("cause")
def _cause(rng: random.Random, mark: str) -> Said:
    """A reason for something to run, after its comma; mostly none."""
    del mark
    if rng.random() < 0.7:
        return Said([("", "")])
    return Said(
        [
            (
                rng.choice((", ", ", ", " - ", " cos ", ", because "))
                + choose(rng.choice(_HARMLESS), rng),
                "",
            )
        ]
    )


_AUTO = "[rule|rule|rule|automation|schedule]"
_CALLED = "[called|named|by the name of||||]"
_DROP = "[delete|remove|nuke|kill off|bin|ditch|scrap|zap|chuck out|chuck|toss|axe|trash|wipe|erase|get rid of|do away with|throw out|throw away|purge|drop|dump|lose|clear out|destroy|junk|rub out]"
_HALT = "[disable|pause|park|suspend|mute|deactivate|freeze|shelve|hold|switch off|turn off]"
_WAKE = "[enable|resume|unpause|reactivate|re-enable|activate|wake up|unfreeze|switch on|turn on|unmute|re-arm]"
_WOULD = "[would|could|can|will|would] you [please |kindly |just |]"
RULE_DELETE = [
    *_rows("rule_delete {given}", *[f"{_DROP} [the|my|our|that|] {_AUTO} {_CALLED} {{given}}{{why}}"] * 5, *[f"{_DROP} [the|my|our|that] {{given}} {_AUTO}{{why}}"] * 2, f"[the|my] {_AUTO} {{given}} [can go|can be deleted|has to go|must go|should be deleted|is for the bin|can be binned]{{why}}",
           f"throw the {_AUTO} {{given}} out{{why}}", f"{_WOULD}{_DROP} the {_AUTO} {{given}}[|, please| for me|, thanks]", f"the {_AUTO} {_CALLED} {{given}} is [obsolete|useless|old|redundant|out of date|superfluous], [delete|remove|bin|drop|scrap] it", f"[I am|I'm|we're|we are] [done with|finished with|tired of] the {_AUTO} {{given}}, [delete|remove|bin] it"),
]  # fmt: skip
RULE_ENABLE = [
    *_rows("rule_enable {given} off", f"{_WOULD}{_HALT} the {_AUTO} {{given}}[|, please| for me| for now]", *[f"{_HALT} [the|my|our|that|] {_AUTO} {_CALLED} {{given}}{{why}}"] * 5, *[f"{_HALT} [the|my|our] {{given}} {_AUTO}{{why}}"] * 2, f"put the {_AUTO} {{given}} [on hold|on pause|to sleep|on ice|out of action]{{why}}",
           f"[give|grant] the {_AUTO} {{given}} a [rest|break|pause]{{why}}", f"the {_AUTO} {{given}} should [pause|rest|sleep|be off|be paused|be disabled]{{why}}", f"[switch|turn] the {_AUTO} {{given}} off{{why}}", f"[switch|turn] the {{given}} {_AUTO} off [for now|for the moment|]{{why}}"),
    *_rows("rule_enable {given} on", f"{_WOULD}{_WAKE} the {_AUTO} {{given}}[|, please| for me| again]", *[f"{_WAKE} [the|my|our|that|] {_AUTO} {_CALLED} {{given}}{{cause}}"] * 4, *[f"{_WAKE} [the|my|our] {{given}} {_AUTO}{{cause}}"] * 2, f"[switch|turn|put] the {_AUTO} {{given}} back on{{cause}}", f"let the {_AUTO} {{given}} [work|run|go on] again{{cause}}", f"the {_AUTO} {{given}} [may|can|should] [run|work|be active] again{{cause}}",
           f"[take|bring] the {_AUTO} {{given}} [off hold|back to life|back into service]{{cause}}", f"the {_AUTO} {{given}} should be [on|active|enabled] again"),
    *_rows("rule_enable ?", "[pause|park|mute|disable|enable|resume|suspend] one of [the|my|our] [rules|automations|schedules]", "[pause|disable|suspend|enable|resume] the [rule|automation] I made [yesterday|last week|earlier|this morning]"),
]  # fmt: skip
_PROG = "[script|script|script|tool|routine|macro]"
_TURN = "[its|it's|it is|now it's|now its] [my|our|his|her] [turn|go] [now |][, |- |! |so |]"
RUN = [
    *_rows("script_run {given}", *[f"[run|run|start|do|launch|execute|play|fire off|fire up|kick off|set off|trigger|try] [the|my|our] {_PROG} {_CALLED} {{given}}{{cause}}"] * 3, *[f"[run|run|start|do|launch|execute|play|kick off|try] [the|my|our] {{given}} {_PROG}{{cause}}"] * 3, f"run {_PROG} {{given}}",
           f"{_TURN}[run|start|do|play] [the|] {_PROG} {{given}}", f"{_TURN}[run|start|do|play] the {{given}} {_PROG}", f"[my turn|my go|me next|me now|ready steady go|quick|again again|now], [run|start|do] the {_PROG} {{given}}", f"give the {_PROG} {{given}} a [go|whirl|spin|try|run]", f"go [and |]run the {_PROG} {{given}}",
           f"[have|let] the {_PROG} {{given}} [run|play] [once|now|]", *[f"{_WOULD}[run|start|play|do] [the|our|my] {_PROG} {{given}}[|, please| for us|]"] * 2, f"it is [time|the moment] for the {_PROG} {{given}}", f"we [are|'re] ready for the {_PROG} {{given}}, [run|start] it", f"[the|] {_PROG} {{given}}, [go|run it|start it|now]"),
    *_rows("script_run ?", "[run|start|launch|play] one of [the|our|my|your] [scripts|routines|macros]", "[run|start] the script [I made yesterday|from last week|we wrote together|you learned this morning]"),
]  # fmt: skip
SCRIPT_DELETE = _rows("script_delete {given}", *[f"{_DROP} [the|my|our|that] {_PROG} {_CALLED} {{given}}{{why}}"] * 4, *[f"{_DROP} [the|my|our|that] {{given}} {_PROG}{{why}}"] * 2, f"the {_PROG} {{given}} [can go|has to go|can be deleted|is for the bin|can be binned]{{why}}",
                      f"the {_PROG} {{given}} is [obsolete|useless|old|redundant|out of date], [delete|remove|bin|drop|scrap] it", f"[I am|I'm|we are] [done|finished] with the {_PROG} {{given}}, [delete|remove|bin] it") + _rows(
    "script_delete ?", "[delete|remove|bin|scrap|drop] one of [the|my|our] [scripts|routines|macros]", "[delete|remove] the script I made [yesterday|last week|earlier]")  # fmt: skip
DEVICE_DELETE = _rows("device_delete {dname}", *[f"{_DROP} the device {_CALLED} {{dname}}{{why}}"] * 3, f"{_DROP} the {{dname}} device{{why}}", "the device {dname} [can go|has to go|can be deleted|is scrap|is history], [delete|remove] it", f"{_DROP} the {{dname}} from [the|your|our] [list of devices|devices|device list]{{why}}",
                      "I [sold|scrapped|gave away|took down] the device {dname}, [delete|remove|forget] it")  # fmt: skip
_SOFAR = "[so far|up to now|by now|until now|at the moment|right now|already|in total|in all||||]"


def _listed(words: str, saved: str) -> tuple[str, ...]:
    """Return the patterns that ask for a list of things; saved: what was done to them."""
    return (
        f"[what|which] {words} have [you|we|I] {saved} {_SOFAR}", f"[what|which] {words} [are|were] {saved} {_SOFAR}", f"[what|which] {words} do [you|we|I] have {_SOFAR}", f"[what|which] {words} have [you|we|I] got {_SOFAR}", f"[what|which] {words} have been {saved} {_SOFAR}",
        f"[let me see|I want to see|I'd like to see|can I see|could we see|show us|run through|go through|read out|read me|name|give us] [all|all the|the|all my|our] {words}", f"[please|] list [all|all the|the|my] {words} [you have|we have|I have|that exist|so far]", f"how many {words} have [you|we|I] {saved} {_SOFAR}",
        f"[is there|do you have|have you got] [a list|an overview] of [the|all|all the|my] {words}", f"[remind me|tell me|tell us|say] [what|which] {words} [there are|you have|we have|I have {saved}]", f"{words} {saved} {_SOFAR}?", f"which are [my|our] {words}", f"ls {words}", f"all {words}, please",
    )  # fmt: skip


SCRIPT_LIST = _rows(
    "script_list",
    *_listed("scripts", "[saved|stored|kept|made|written|learned]"),
    *_listed("[routines|macros|scripts]", "[saved|stored|recorded|taught]"),
)
DEVICE_LIST = _rows(
    "device_list",
    *_listed("devices", "[registered|added|named|set up|entered|saved]"),
    "what [is|'s] wired to [this|the] board, by name",
    "[which|what] [devices|device names] [can I|may I|can we] use",
)
RULE_LIST = _rows(
    "rule_list",
    *_listed("rules", "[set|made|created|saved|stored]"),
    *_listed("[automations|timers|schedules]", "[set|set up|made|planned]"),
    "what [runs|happens|is going to run] by itself here",
    "what [jobs|things] are [scheduled|planned|automated]",
)
MEMORY_LIST = _rows("memory_list", *_listed("[notes|notes|facts]", "[remembered|noted|memorised]"), "[which|what] names have you [remembered|noted|learned|memorised] [so far|]", "what [is|'s] in your notebook", "what have you written down [so far|]", "[everything|all] you [remember|have noted], please")  # fmt: skip
_SPAN = "[how long|since how long|since when|for how long|how many hours|how many days]"
STATUS = _rows("get_status", f"{_SPAN} [do you run|are you running|have you run|have you been running|are you up|have you been up|are you on|have you been on|do you work|have you worked] [without a restart|without a reboot|non-stop|in one go|since the last restart|since the last boot|]",
               f"{_SPAN} [is] [the|this] [board|box|thing|chip] [on|running|up]", f"{_SPAN} has [the|this] [board|box|thing|chip] been [up|on|running|awake]", "when [were|was] you last [restarted|rebooted|started|switched on]", "what [is|'s] your [uptime|up time|running time|free memory now]", "[uptime|up time|mem free|free mem|heap left|health] [please|now|?|]", "how [are you|is the board] [for memory|off for memory|on memory]", "how much [memory|heap|ram] [have you got|is there] left",
               "[is the board|are you|is your system|is this chip] [in good shape|in good health|healthy|feeling alright|in order]", "[give|read] us your [health report|status|state of health|vital signs]", "[stat|stats|sys info|sysinfo|board info|board stat]", "how [fit|well] is the board [today|]", "do you still have [enough|some] [memory|ram|heap]")  # fmt: skip
_ABLE = "[can|may|could|might]"
_US = "[we|I|one|the children|the kids|my mum|the pupils|anyone|us kids|a beginner]"
HELP = _rows("help", *[f"what [sort|kind|sorts|kinds|type|types] of [things|stuff|jobs|tasks|tricks] {_ABLE} {_US} [ask you to do|tell you to do|get you to do|ask you for|ask of you|ask you]"] * 2, f"what [sort|kind|sorts|kinds] of [questions|orders|commands|requests] {_ABLE} {_US} [ask|give you|use here]", f"what [sort|kind|sorts|kinds] of [things|stuff|jobs|tasks] {_ABLE} you [do|manage|handle|help with|be used for]",
             f"what {_ABLE} {_US} [ask you|tell you to do|say to you|do with you|use you for|get you to do|have you do]", f"what [else|all] {_ABLE} [you do|we ask you|I ask you]", "what [are you here for|are you for|is this board for|do you understand|do you know how to do]", "how do [we|I|the kids] [talk to you|use you|give you orders|work with you]", "how does [one|a child|my class] [talk to you|use you|give you orders|work with you]", "[show|tell|teach] us [what you can do|how to use you|how you work|what to say]",
             "[which|what] [orders|sentences|commands|words|phrases] do you [understand|take|accept|listen to|get|know]", "I [am|'m] new [here|to this], what can [you do|I ask]", "what [could|should] I [ask you|say to you|try first]", "[explain yourself|give us the tour|what's on offer|what is possible here|what are my options]", "wot can u do", "what can u do 4 me", "can you [explain|tell us] what you do")  # fmt: skip
_EVERY_PIN = "[all the pins|all pins|every pin|all your pins|each pin|all of the pins|every single pin|all the gpios|every gpio|the whole lot of pins|all the inputs and outputs|every output and input]"
ALL = _rows("gpio_read_all", f"{_WOULD}[read|check|list|show me] {_EVERY_PIN}", f"[give me|give us|show me|show us|tell me|tell us|read me|read out|list|print|get me|I need|I want|I'd like|let's see|let me see|can I see|can we see|run through] the [state|states|level|levels|status|values|condition] of {_EVERY_PIN}[|, I want to go through them one by one|, one after the other| so I can check the wiring|, for my notes| in one list| at once|, I am writing it down]",
            f"[read|check|poll|scan|dump|sweep] {_EVERY_PIN} [for me|for us|at once|in one go|and tell me|]", f"what ['s|is] the state of {_EVERY_PIN}", f"what levels are on {_EVERY_PIN}", f"how do {_EVERY_PIN} [stand|look] [now|right now|at the moment|]", f"how [is|are] {_EVERY_PIN} set [now|right now|at the moment|]", "which [of the |]pins are [hi|lo|high|low|on|off|live] [just now|at the moment|at present|]", "[pin|io|gpio] [dump|sweep|overview|summary|table|listing|poll all]", "is any [pin|output|gpio] [on|high|still on] [at all|at the moment|]")  # fmt: skip
TIME = _rows("get_time", "[please|] [tell|give] [us|me] the [time|exact time|clock time|hour|date] [by your clock|on your clock|please|]", "how late [do we have|have we|is it now|is it by your clock]", "what time [do we have|have we|is it now|is it by your clock]", "[wot|wat] time is it", "whats the time", "[which|what] [hour|time] does your clock [say|show]", "what shows your clock", "what [date|day] [do we have|is it|have we] today", "is it [late|lunchtime|bedtime|home time] yet, what [time is it|does the clock say]", "[time|clock|date] check", "[the|] time on the board [please|?|]", "can you tell the time")  # fmt: skip

_OF_WHAT = spaced(
    "code key password number combination size address birthday phone name colour place brand pin setting ratio dose date price"
)


@slot("noted")
def _noted(rng: random.Random, mark: str) -> Said:
    """A key of several words that may or may not be remembered: "craft cupboard code"."""
    things = rng.choice((rng.choice(NOUNS), rng.choice(PLACES))) + " " + rng.choice(THINGS)
    front = rng.choice((things, things, rng.choice(NOUNS), rng.choice(PLACES), anything(rng)))
    key = f"{front} {rng.choice(_OF_WHAT[:-6] if rng.random() < 0.8 else _OF_WHAT)}"
    value = rng.choice((str(rng.randint(100, 99999)), f"{rng.choice(NOUNS)} {rng.randint(1, 99)}"))
    memory = {key: value} if rng.random() < 0.55 else {}
    if rng.random() < 0.2:
        memory[thing(rng)] = remembered_pin(rng)
    return Said([(key, mark)], [":" + mark], memory)  # fmt: skip


_FORGOT = "[|||, I've quite forgotten|, I forgot|, I forget|, it slipped my mind|, I have forgotten it|, my head is like a sieve|, I wrote it nowhere else|, miss wants to know|, I am at the door]"
MEMORY_GET = _rows("memory_get {noted}", *[f"[what was|what's|what is|whats|wot was|tell me|remind me of|say] [the|our|my] {{noted}} again{_FORGOT}"] * 3, f"[do you remember|do you still know|can you remember|do you recall|have you still got] [the|our|my] {{noted}}{_FORGOT}", f"[recall|look up|fetch|find] [the|our|my] {{noted}} [from your notes|in your memory|for me]{_FORGOT}",
                   "[what did I say|what did we say|what did I tell you] [the|our|my] {noted} [was|is]", "[what|which] {noted} did I [tell you|have you remember|note]", "I [forgot|have forgotten|cannot recall] [the|our|my] {noted}, [what is it|what was it|do you know it|remind me]".replace("cannot recall", "need"), "I told you [the|our|my] {noted}[,| -] what [is|was] it", "the {noted} [that|] I told you, what [is|was] it")  # fmt: skip
_OTHER = "[the opposite of what it is|the opposite of whatever it is|the opposite of whatever it is at the moment|the other way|the other state|its opposite|the opposite|the reverse of what it is now]"
TOGGLE = _rows("gpio_toggle {pin}", f"{_WOULD}[toggle|flip|swap over|invert] {{pin}}", *[f"[swap|switch|turn|flip|change] {{pin}} [round |over |]to {_OTHER}"] * 2, "[swap|flip|switch|turn|change|flick] {pin} [round|over|about] [the other way|to the other side]", "make {pin} [the opposite|the other way round|change over|swap over|do the opposite]", "[reverse|invert|change over|swap over|swap round|flip over|switch round] {pin}", "if {pin} is on [turn|switch] it off and if it is off [turn|switch] it on", "turn {pin} the other way round",
               "{num} [tgl|toggle pls|flip|inv]", "[gpio|io|pin] {num} [tgl|toggle pls|inv]", "[tgl|inv|flip] {p}", "whatever {pin} is [now|at the moment], make it the opposite", "{pin} should [change over|change its state|flip|swap]")  # fmt: skip
_GLAD = "[it would be nice|it'd be lovely|I'd love it|we would love it|the kids would love it|the grandchildren would love it|my daughter would be happy|we would like it|it would be great|I'd be glad]"
NEOPIXEL = [
    *_rows("neopixel_write {neopixel} {colour}", f"{_WOULD}[make|turn|paint|colour] {{neopixel}} {{colour}}", *[f"{_GLAD} if {{neopixel}} [were|was|went|turned|could be|glowed|shone] {{colour}}"] * 2, *["[make|let|have] {neopixel} [go|turn|be|become|glow|light up] {colour}"] * 2, "can [we|I] have {neopixel} [in |]{colour}", "[let's|lets] [have|make] {neopixel} {colour}", "{neopixel} [in|into|goes|should go|must be|wants to be] {colour}",
           "{neopixel} -> {colour}", "{neopixel} = {colour}", "[bit of|some] {colour} on {neopixel}", "[dye|tint|colour in|light up] {neopixel} {colour}", "all of {neopixel} {colour}", "every [pixel|led|light] [of|on] {neopixel} [in |]{colour}"),
    *_rows("neopixel_write {neopixel} {colour} +count {count}", "{neopixel}, [make|turn|colour|light] the first {count} of them {colour}", "[make|turn|colour|paint|light|set] the first {count} [leds|pixels|lights|ones] [of|on] {neopixel} [to |in |]{colour}", "the first {count} [of|on] {neopixel} [in |should be |]{colour}", "{neopixel}: first {count} {colour}", "[just|only] the first {count} [pixels|leds|lights] of {neopixel} {colour}",
           "[make|turn|set] {neopixel} {colour}, [but only|just|only] the first {count}", "{neopixel} has {count} [pixels|leds], [make|turn] them {colour}", "{count} {colour} [pixels|leds|lights] on {neopixel}"),
]  # fmt: skip
SERVO = _rows("servo_write {servo} {degrees}", f"{_WOULD}[move|turn|swing|take] {{servo}} to {{degrees}}", "[swing|swivel|turn|crank|sweep|move|take|bring] {servo} [all the way|right|slowly|just|round|over|out|in] to {degrees}", "[point|aim|face|park|leave|hold] {servo} at {degrees}", "[could|can] {servo} [go|move|turn|swing] to {degrees}", "{servo} [goes|shall go|wants to go|has to go] to {degrees}", "{servo} @ {degrees}", "{servo} -> {degrees}", f"{_GLAD} if {{servo}} [went|moved|turned] to {{degrees}}", "turn {servo} to {degrees} so [the vent moves|it waves|the flap moves|the arm points at me|the gate is where I want it]", "{degrees} [for|with] {servo}") + _rows(
    "servo_write {servo} ?", "[open|swing|turn|move] {servo} a [bit|little|tad] [more|further|wider|]", "[turn|move|swing] {servo} [somewhere else|to another angle]")  # fmt: skip
PWM = _rows("pwm_write {pin} {pct}", f"{_WOULD}[dim|set|turn|run] {{pin}} [to|at] {{pct}}", "[let|have|keep] {pin} [idle|hum|tick over|purr|run] at {pct}", f"{_GLAD} if {{pin}} [ran|were|was|could run] at {{pct}}", "{pin} @ {pct}", "{p} pwm {pct}", "{pin} -> {pct}", "[bump|drop|nudge|knock|wind|ease|tone] {pin} [up|down|back] to {pct}", "[could|can] {pin} [run|go|be] at {pct}", "[may|can|could] [we|I] have {pin} at {pct}", "{pin} [duty|dc] {pct}", "[only|just] {pct} [on|for|to] {pin}", "[too bright|too loud|too strong|too dim], [set|put] {pin} to {pct}") + _rows(
    "pwm_write {pin} ?", "{pin} is too [bright|loud|fast|strong], [turn it down|dim it|slow it down]", "[ease off|tone down|turn down|turn up] {pin} [a touch|a notch|a bit|slightly]", "run {pin} [gently|slowly|more slowly|at a lower speed|a bit harder]")  # fmt: skip
SHORT = [
    *_rows("gpio_write {p} on", "{p} hi", "[io|gpio|pin|io|p] {num} hi", "{p} hi pls"),
    *_rows("gpio_write {p} off", "{p} lo", "[io|gpio|pin|io|p] {num} lo", "{p} lo pls"),
]
PROBE = _rows("ds18x20_read {num}", *["[poll|read|sample|get|chk|fetch|query] [the|] [ds18b20|DS18B20|ds18x20] [@|on|at|pin|on pin|on gpio|] {num}"] * 2, "[ds18b20|DS18B20] [@|:|pin|gpio] {num}[| ?| pls| temp]", "what does the [ds18b20|ds18b20 probe] [on|at|@] {num} [say|tell us|show]")  # fmt: skip
DHT = [
    row
    for name, symbol in (("[dht22|DHT22|am2302]", "dht22"), ("[dht11|DHT11]", "dht11"))
    for row in _rows(f"dht_read {{num}} {symbol}", f"[poll|read|sample|get|chk|query] [the|] {name} [@|on|at|pin|on pin|] {{num}}", f"{name} [@|:|pin|gpio] {{num}}[| ?| pls]", f"do read the {name} on {{num}} [for the weather chart|for our diary|for us|]", f"what does the {name} [@|on] {{num}} [tell us|say|show]")
]  # fmt: skip
_WIRES = "[sda is {num}, scl is {num2}|sda is {num} and scl {num2}|sda is on {num} and scl on {num2}|sda = {num}, scl = {num2}|sda:{num} scl:{num2}|sda {num}, scl {num2}|data is {num}, clock is {num2}|sda on pin {num}, scl on pin {num2}|sda goes to {num} and scl to {num2}]"
_WHO = "[who's|what's|whats|which devices are|which chips are|what sensors are|is anyone|is anybody|is anything|anything|anyone|what lives|who lives]"
SCAN = _rows("i2c_scan {num} {num2}", *[f"{_WHO} on the [i2c bus|i2c|i2c line|bus][?|,| -|:] {_WIRES}"] * 3, f"[scan|sweep|probe|poll|search|check] the [i2c bus|i2c|bus][,|:| -|;] {_WIRES}", f"{_WIRES}[,|:|. ] [scan it|scan the bus|who's there|what's there|what is on the bus|scan for devices]", f"[which addresses answer|who answers|what answers|what responds] on [i2c|the i2c bus][,|:] {_WIRES}", "[scan|i2cdetect|i2c scan|i2cscan] {num}/{num2}",
             f"[find|list|show] [the devices|all devices|everything] on the i2c bus, {_WIRES}", f"run an i2c scan, {_WIRES}") + _rows("i2c_scan ?", "who's on the i2c bus", "[sweep|probe|poll] the i2c bus", "what [lives|hangs|sits] on the i2c bus")  # fmt: skip
EVERY = _rows("w_every {dur}", "once in every {dur}", "once in {dur}", "one time every {dur}", "one time in every {dur}", "every {dur} or so", "each {dur}", "at a {dur} interval") + _rows("w_every {dur}", *["q {quick}", "q{quick}", "every {quick}", "ev. {quick}", "ev {quick}", "@ every {quick}"]) + _rows(
    "w_every {quarter}", "every {quarter}", "each {quarter}", "once every {quarter}")  # fmt: skip


@slot("quick")
def _quick(rng: random.Random, mark: str) -> Said:
    text = f"{rng.choice((2, 5, 10, 15, 20, 30, 45, rng.randint(2, 59)))}{rng.choice(('min', 's', 'm', 'sec', ' min', ' s', 'mins', 'min'))}"
    return Said([(text, mark)], ["=" + mark])


@slot("quarter")
def _quarter(rng: random.Random, mark: str) -> Said:
    words = ("quarter of an hour", "quarter of an hour", "half an hour", "three quarters of an hour", "hour and a half", "couple of hours", "quarter hour", "half hour")  # fmt: skip
    return Said([(rng.choice(words), mark)], ["=" + mark])


_TOO = "[too|too|much too|far too|way too|a bit too|a little too|very]"
_GETS = "[is|gets|becomes|goes|grows|turns]"


def _vague() -> list[Row]:
    """Return triggers whose limit is no number."""
    found: list[Row] = []
    for symbol, warm, wet, strong in (
        ("w_above", "[warm|hot]", "[humid|damp|moist]", "high"),
        ("w_below", "[cold|chilly]", "[dry|arid]", "low"),
    ):
        for model, name in (("dht22", "[dht22|DHT22|am2302]"), ("dht11", "[dht11|DHT11]")):
            found += _rows(
                f"{symbol} dht_read {{sure}} {model} temperature_c ?",
                f"{IF} it {_GETS} {_TOO} {warm} [at|near|by] the {name} [on|at] {{sure}}",
                f"{IF} the [air|room|box|greenhouse|temperature] [at|near|by] the {name} [on|at] {{sure}} {_GETS} {_TOO} {warm}",
                f"{IF} the {name} [on|at] {{sure}} {_GETS} {_TOO} {warm}",
            )
            found += _rows(
                f"{symbol} dht_read {{sure}} {model} humidity_pct ?",
                f"{IF} it {_GETS} {_TOO} {wet} [at|near|by] the {name} [on|at] {{sure}}",
                f"{IF} the humidity [of|from|at] the {name} [on|at] {{sure}} {_GETS} {_TOO} {strong}",
            )
        found += _rows(
            f"{symbol} ds18x20_read {{sure}} ?",
            *[
                f"{IF} the [water|tank|pool|bath|soil|tea|compost|milk|beer] [at|near|by|on] the [ds18b20|ds18b20 probe] [on|at] {{sure}} {_GETS} {_TOO} {warm}"
            ]
            * 2,
            f"{IF} the [ds18b20|DS18B20|ds18b20 probe] [on|at] {{sure}} {_GETS} {_TOO} {warm}",
            f"{IF} it {_GETS} {_TOO} {warm} [at|by] the ds18b20 [on|at] {{sure}}",
        )
        found += _rows(f"{symbol} adc_read {{sure}} ?", f"{IF} the [voltage|reading|adc value|analog value] [on|at|of] {{sure}} {_GETS} {_TOO} {strong}")  # fmt: skip
    return found


VAGUE = _vague()
LATER = [  # a time or a length that is no number
    *_rows("gpio_write {sure} on rule_set w_in ?", "[turn|switch] {sure} on for a [while|bit|little while|moment|short time|good while]", "[turn|switch] on {sure} for a [while|bit|little while|moment|short time]", "{sure} on for a [while|bit]", "[run|start] {sure} for a [while|bit|short time]"),
    *_rows("rule_set w_in ?", "in a [while|bit|little while] [turn|switch] {sure} [on|off]", "after a [while|bit|short time] [turn|switch] {sure} [on|off]", "[turn|switch] {sure} [on|off] [in a while|in a bit|after a while|a bit later|some time later]"),
    *_rows("rule_set w_every ?", "[every now and then|every so often|from time to time|now and then|now and again|once in a while|at regular intervals] [toggle|flip|turn on|blink|read] {sure}", "[toggle|flip|blink] {sure} [every now and then|every so often|from time to time|once in a while|regularly]"),
    *_rows("rule_set w_at ?", f"{DAY} [turn|switch] {{sure}} [on|off]", "[turn|switch] {sure} [on|off] at [some time|a certain time|some point|the usual time]", "at [the usual time|the right time|some point] [turn|switch] {sure} [on|off]"),
]  # fmt: skip


@slot("known")
def _known(rng: random.Random, mark: str) -> Said:
    """Return a name that the memory knows, with its article."""
    name = thing(rng)
    memory = {name: remembered_pin(rng)}
    return Said(
        [(rng.choice(("the ", "the ", "my ", "our ")), ""), (name, mark)], ["=" + mark], memory
    )


_SOON = "[in|in|after|in about|in exactly]"
_TELL = "[tell|tell|warn|alert|text|notify|message] me"
_EACH = "[each time|every time|when|whenever|if|as soon as|once]"
SOON = [
    *_rows("rule_set w_in {dur} gpio_write {known} on", *[f"[turn|switch] on {{known}} {_SOON} {{dur}}", f"[turn|switch] {{known}} on {_SOON} {{dur}}"] * 2, f"{_WOULD}[turn|switch] on {{known}} {_SOON} {{dur}}", f"start {{known}} {_SOON} {{dur}}", f"{_SOON} {{dur}} [turn|switch] on {{known}}", "{known} on in {dur}", f"[would|could|can|will] you [turn|switch] on {{known}} {_SOON} {{dur}}", f"[would|could|can|will] you {_SOON} {{dur}} [turn|switch] {{known}} on"),
    *_rows("rule_set w_in {dur} gpio_write {known} off", *[f"[turn|switch] off {{known}} {_SOON} {{dur}}", f"[turn|switch] {{known}} off {_SOON} {{dur}}"] * 2, f"stop {{known}} {_SOON} {{dur}}", f"{_SOON} {{dur}} [turn|switch] off {{known}}", "{known} off in {dur}", f"[would|could|can|will] you [turn|switch] off {{known}} {_SOON} {{dur}}"),
    *_rows("rule_set w_at {bclock} gpio_write {known} on", "[turn|switch] on {known} at {bclock}", "[turn|switch] {known} on at {bclock}", "[would|could|can] you [turn|switch] on {known} at {bclock}"),
    *_rows("rule_set w_at {bclock} gpio_write {known} off", "[turn|switch] off {known} at {bclock}", "[turn|switch] {known} off at {bclock}", "[would|could|can] you [turn|switch] off {known} at {bclock}"),
]  # fmt: skip
TOLD = [
    *_rows("rule_set w_edge {sure} both notify {said}", *[f"{_EACH} {{sure}} [changes|moves|flips|changes state|switches] {_TELL} [|that |]{{said}}"] * 3),
    *_rows("rule_set w_edge {sure} rising notify {said}", *[f"{_EACH} {{sure}} [goes high|rises|comes on|goes up] {_TELL} [|that |]{{said}}"] * 2, f"{_TELL} [|that |]{{said}} when {{sure}} [goes high|rises]"),
    *_rows("rule_set w_edge {sure} falling notify {said}", *[f"{_EACH} {{sure}} [goes low|falls|drops|goes down] {_TELL} [|that |]{{said}}"] * 2, f"{_TELL} [|that |]{{said}} when {{sure}} [goes low|drops]"),
    *_rows("rule_set w_edge {button} falling notify {said}", f"{_EACH} {{button}} is [pressed|pushed] {_TELL} [|that |]{{said}}"),
]  # fmt: skip


@slot("moment")
def _moment(rng: random.Random, mark: str) -> Said:
    """A length that a step may wait: under an hour."""
    if rng.random() < 0.2:
        words = ("half an hour", "a minute", "half a minute", "a quarter of an hour", "one minute", "a couple of minutes", "ten seconds", "two and a half minutes", "90 seconds", "an hour")  # fmt: skip
        return Said([(rng.choice(words), mark)], ["=" + mark])
    if rng.random() < 0.3:
        return Said([(f"{rng.randint(2, 59)}{rng.choice((' s', 's', ' sec', ' min', 'min', ' mins', ' secs'))}", mark)], ["=" + mark])  # fmt: skip
    number = say_number(rng.choice((5, 10, 15, 20, 30, 45, rng.randint(2, 59))), rng)
    return Said([(f"{number} {rng.choice(('seconds', 'minutes'))}", mark)], ["=" + mark])


def _held(rng: random.Random, mark: str) -> Said:
    return SLOTS["sure" if rng.random() < 0.6 else "num"](rng, mark)


_FRONTS = _rows("w_at {bclock}", f"{DAY}, {{bclock}}", f"{DAY} {{bclock}}", f"{DAY} at {{bclock}}", f"{{bclock}} {DAY}", f"{{bclock}}, {DAY}", "{bclock}", f"{DAY} - {{bclock}}")  # fmt: skip


def timed(rng: random.Random) -> Said:
    """Return a rule whose days and time stand in front: "tuesdays, 17:45 - 23 on for 5 s"."""
    when, pin = fill(*rng.choice(_FRONTS), rng, "w"), _held(rng, "p")
    joint = rng.choice((" - ", ", ", "; ", " -> ", ": ", " => ", " "))
    if when.pieces[-1][0][-1:].isdigit() and joint == ": ":
        joint = " - "
    word, symbol, other = rng.choice((("on", "on", "off"), ("high", "on", "off"), ("off", "off", "on")))  # fmt: skip
    said, program = join(pin, " " + word), ["gpio_write", *pin.program, symbol]
    if rng.random() < 0.55:
        wait, runs = SLOTS["moment"](rng, "d"), symbol == "on" and rng.random() < 0.2
        said = join("run " if runs else "", pin, "" if runs else " " + word, " for ", wait)
        program += ["delay", *wait.program, "gpio_write", *pin.program, other]
    memory = {**when.memory, **pin.memory}
    spoken = join(Said(when.pieces), joint, Said(said.pieces))
    return Said(spoken.pieces, ["rule_set", *when.program, *program], memory)


def course(rng: random.Random, mark: str) -> Said:
    """Return five to nine steps, one pin after the other: "5 on, wait 45 s, 5 off, then 14 on"."""
    verb = rng.choice(("", "", "", "turn ", "switch ", "set "))
    high = verb == "set " or not verb and rng.random() < 0.25
    on, off = ("high", "low") if high else ("on", "off")
    pause = rng.choice(("wait ", "wait ", "wait ", "pause ", "delay ", "wait for ", "hold ", ""))
    comma = rng.choice((", ", ", ", "; ", ", then ", " then ", ". "))
    kind = rng.choice(("num", "num", "sure"))
    count = rng.choice((2, 2, 2, 3))
    gap = rng.random() < 0.25
    parts: list[Said | str] = []
    for n in range(count):
        pin = SLOTS[kind](rng, f"{mark}c{n}")
        wait = SLOTS["moment"](rng, f"{mark}d{n}")
        last = f"{mark}l{n}"
        named_again = [(text, last if m else "") for text, m in pin.pieces]
        again = Said(named_again, ["gpio_write", "=" + last])
        if verb and rng.random() < 0.4:
            again = Said([("it", "")], ["gpio_write", *pin.program])
        if n:
            parts.append(rng.choice((comma, ", then ", " and then ")))
        parts += [verb, Said(pin.pieces, ["gpio_write", *pin.program, "on"], pin.memory), f" {on}"]
        parts += [comma, pause, Said(wait.pieces, ["delay", *wait.program]), comma]
        closed = join(verb, Said(again.pieces), " " + off)
        parts.append(Said(closed.pieces, [*again.program, "off"]))
        if gap and n + 1 < count:
            rest = SLOTS["moment"](rng, f"{mark}g{n}")
            parts += [comma, pause or "wait ", Said(rest.pieces, ["delay", *rest.program])]
    return join(*parts)


_RUNS = ("<run> @ for ", "<run> @ for ", "<turn> @ on for ", "<switch> @ on for ", "<keep> @ on for ", "<have> @ on for ", "<start> @ for ", "<light> @ for ", "<power> @ for ", "<let> @ run for ")  # fmt: skip


def spell(rng: random.Random, mark: str, person: str) -> Said:
    """Return "runs the fan on 18 for two minutes": on, delay, off."""
    pin, wait = _held(rng, mark + "p"), SLOTS["moment"](rng, mark + "w")
    before, after = rng.choice(_RUNS).split("@")
    verb = before[1 : before.index(">")]
    forms = {"s": "switches" if verb == "switch" else "has" if verb == "have" else verb + "s"}
    ing = {"run": "running", "let": "letting"}.get(verb, verb.removesuffix("e") + "ing")
    said = join((ing if person == "ing" else forms.get(person, verb)) + " ", pin, after, wait)
    program = ["gpio_write", *pin.program, "on", "delay", *wait.program]
    program += ["gpio_write", *pin.program, "off"]
    return Said(said.pieces, program, said.memory)


def plain_rule(rng: random.Random) -> Said:
    """Return a rule of one of the plainest kinds: by days, by name, by what it tells."""
    roll = rng.random()
    if roll < 0.36:
        return timed(rng)
    return fill(*rng.choice(LATER if roll < 0.58 else SOON if roll < 0.82 else TOLD), rng)
