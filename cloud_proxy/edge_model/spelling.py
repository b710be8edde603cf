"""Slips of the fingers: which word of our trade an unknown word was meant to be."""

from __future__ import annotations

from functools import lru_cache

from .listed import spaced

_WORDS = spaced(
    "turn switch toggle flip set read check measure show list tell give make run start "
    "stop open close remember forget delete remove enable disable pause resume dim "
    "brightness bright power light lights lamp fan pump heater relay servo strip pixels "
    "neopixel sensor button valve motor pin pins gpio high low off every each when "
    "whenever temperature humidity voltage analog value level state status time timezone "
    "rule rules script scripts device devices memory the that and then with for please "
    "what which from minute minutes second seconds hour hours day days percent degrees "
    "degree celsius fahrenheit volts volt millivolts hertz weekday weekdays weekend "
    "weekends monday tuesday wednesday thursday friday saturday sunday morning evening "
    "afternoon night noon midnight o'clock three seven eight eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred yellow orange purple violet magenta turquoise green "
    "white pressed released above below goes drops falls rises between wait blink flash "
    "called named notify message event persona neutral friendly technical witty connected "
    "scan address write bytes register all put activate deactivate schedule timer board "
    "startup boot execute"
)
_REAL = frozenset(
    spaced(
        "threw torn tune tuna sat sit net let lets get got red reed real tread bread road ready "
        "lamb lame damp ramp camp clamp stamp can van ran ban man fun far fat pine pint pain "
        "ping pink spin pond pomp dump jump bump water later layer heated theater delay rely "
        "really serve serves stripe trip strap steep value valves mother hugh thigh sigh of "
        "oil owl law lot now how row slow flow blow below ever very even seven eve ease reach "
        "teach beach peach wren went hen then than this thin thing them they their there "
        "these those he she ten tea want waits wall wise wish wife wash will rung ruin rune "
        "rain rum sun son gun bun stars stare stark state stats stand stall sop shop step top "
        "spot stove stone pane pens opera upon pin's closed closet loose chose clone forge "
        "forgot forgets deleted removed moved move unable table able stable cable cause "
        "pauses pose light right night might fight sight tight flight lights rights nights "
        "slight eight height weight sights lit list lisp lost last lest mist fist least tall "
        "tale tells sell bell fell cell hell well gave gives live dive five hive made male "
        "mare mate cake take bake lake wake rake he'd her here hear here's hey hay hi his him "
        "hit hip if it in is its i'd i'll out our or on one old ok oh too two tow toe to "
        "time's tie tip tin tim team steam mites minuted secondly our's hour's hours' hoarse "
        "house horse dry say may way pay lay bay today days' daisy percents volt's bolt bolts "
        "colt volts mourning moaning warning morning's evenings knight moon soon boon room "
        "threes tree trees free elevens fort fourth fifth sixth sixteenth nifty hundreds yell "
        "mellow fellow oranges orangey purples violent violets greet greens great "
        "while whites write whine wine whit press presses dressed release relieved about love "
        "alone glow allow goose does toes foes hopes ropes droops falls calls balls halls "
        "tails fails rise rose raises prices wheat blank brink drink blinks link flesh flush "
        "slash clash calmed named games tamed names notice massage messages vent events "
        "invent person personal neural natural friend friends fiendish technique pretty city "
        "kitty wits collected connect scam scar scab dress addresses white wrote writes byte "
        "bites bite registers ball call hall mall ill put's cut nut but hut pit pot pat act "
        "active activates scheduled schedules timers time times timed dimer diner bored hoard "
        "broad boards hoot foot boots root boat executed executes shot snow shown shows shoe "
        "shed who whom whose why where whether were wear weary clear close clothes rea ad had "
        "has hat have cat mat bat rat pans fans tans pumps plump relays delays sense sensors "
        "center centre tensor bottom buttons mutton cotton rotor motors tutor notes state's "
        "statue rate fate gate date late slate stays stayed script's scrip scraps descript "
        "rude role rulers ruler rule's mules device's devise devices' advice memo memories "
        "form farm frame prom front freeze for's fir four fur nor and's hand sand band land "
        "end add ant any an are area at ate as ask asks am amp wit wide width wth pleas "
        "pleased pleases plea peace police place placed what's chat that's hats watch which's "
        "witch rich whichever fro trom drum set's sets bet met pet wet jet seat sent sect "
        "best rest test nest west vest lead leaf leak lean leap learn meal meat mean head "
        "dead bead load loan read's reads spread dread thread check's checks cheek chick "
        "chuck deck neck peck treasure measured measures pleasure lists listed makes making "
        "maker puts rums starts started star start's stops stopped opens opened open's pen "
        "closes seen steven sven sever seventh eighth forth thirsty blind blinds boost smart "
        "given header parse persons states released stated stage stale stade caller writer "
        "remote scheduler tier scans level levels risks relax greek closer remembers powers "
        "vague fill fills name drop fall wherever thirst heather leather weather whether "
        "smarts boosts foot fight fold gold food good mood moon soon noun town down gown "
        "thorn throne forums former farmer warmer summer hammer hummer dinners thinner "
        "winner inner"
    )
)
_KNOWN = frozenset(_WORDS)


def _drops(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


_INDEX: dict[str, set[str]] = {}
for _word in _WORDS:
    for _key in (_word, *_drops(_word)):
        _INDEX.setdefault(_key, set()).add(_word)


@lru_cache(maxsize=8192)
def mended(word: str) -> str:
    """Return the word of our trade that differs by one slip, or "" if there is none or several.

    Of forms of one word it is the longest.

    A slip is a letter that is missing, too many, wrong, or swapped with its neighbour; the first
    letter is right. Words that are right as they are stay: "" for them.
    """
    if len(word) < 3 or word in _KNOWN or word in _REAL or not word.isalpha():
        return ""
    near = {
        good
        for key in (word, *_drops(word))
        for good in _INDEX.get(key, ())
        if good[0] == word[0] and _slip(word, good)
    }
    best = max(near, key=lambda good: (len(good), good), default="")
    return best if all(good[:4] == best[:4] for good in near) else ""


def slipped(word: str, name: str) -> bool:
    """Whether a word is a longer name's with one slip, and no word that is right as it is."""
    if len(name) < 5 or word in _KNOWN or word in _REAL or word[0] != name[0]:
        return False
    return word != name and word.isalpha() and _slip(word, name)


def _slip(word: str, good: str) -> bool:
    """Whether one slip makes `word` of `good`; three letters may only be swapped or doubled."""
    if len(word) == len(good):
        apart = [i for i in range(len(good)) if word[i] != good[i]]
        if len(apart) == 2 and apart[1] == apart[0] + 1:
            return word[apart[0]] == good[apart[1]] and word[apart[1]] == good[apart[0]]
        return len(apart) == 1 and len(good) > 4
    if len(word) > len(good):
        return good in _drops(word) and (len(good) > 3 or word[-1] == word[-2])
    return (
        word in _drops(good) and len(good) > 4 or good in ("turn", "read") and word in _drops(good)
    )
