"""Why people say what they say: "miss has a headache", "so the plants get some air".

A clause is a subject with a predicate of its kind. None holds a number, a time, a colour, a state
of a pin or a command, so that what stands beside it keeps its only meaning. Some deny something,
which forbids nothing: "nobody is home".
"""

# ruff: noqa: E501  (one list reads best in long lines)

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from ..listed import barred
from .pattern import choose

_WHOSE = barred("my|our|the|my|our|my dear|my poor|my")
_PERSON = barred(
    "mum|mother|mom|dad|father|wife|husband|sister|brother|daughter|son|boss|neighbour|neighbor|teacher|girlfriend|boyfriend|flatmate|roommate|landlord|"
    "nephew|niece|cousin|aunt|uncle|grandma|grandpa|granny|nan|grandson|granddaughter|colleague|assistant|doctor|dentist|plumber|electrician|"
    "customer|client|inspector|nurse|cleaner|gardener|postman|caretaker|babysitter|visitor|guest|baby|toddler|little boy|little girl|headmaster|"
    "student|apprentice|trainee|tenant|photographer|partner|best friend|old man|mother in law|stepdad|godmother|professor|coach|vicar|lodger"
)
_PEOPLE = barred(
    "kids|children|grandchildren|guests|parents|neighbours|girls|boys|twins|students|pupils|visitors|customers|friends|colleagues|grandparents|"
    "little ones|workers|players|scouts|teachers|relatives|cousins|tenants|apprentices|people next door|in-laws|parents in law|ladies|lads|folks"
)
_NAMED = barred("miss|sir|everybody|everyone|Anna|Tom|Lucy|Ben|Maria|Ahmed|Priya|Yuki|somebody|mum|dad|grandma|grandpa|the whole class|my class|our class|the whole family|our club|the team|the choir|Mrs Miller|Mister Lee|the crew")  # fmt: skip
_IS_PERSON = (
    "~be [asleep|tired|ill|hungry|thirsty|late|upset|bored|icy cold|busy|awake|excited|nervous|scared|sick|sleepy|poorly|exhausted|grumpy|impatient|allergic to dust|curious|keen|away|here|here already|still here|at home|at work|at school|home|back|outside|inside|in bed|in the bath|in a hurry|in a meeting|in the garden|in the kitchen|around|downstairs|upstairs|next door|abroad|with us|almost here|terribly cold|a bit cold|too hot|worried|very proud|afraid of the dark|fast asleep|ready|waiting outside|expecting company|under the weather]",
    "~be [sleeping|coming|coming over|coming home|waiting|leaving|cooking|working|studying|practising|filming|taking pictures|arriving|complaining|getting ready|having a nap|having lunch|having dinner|resting|trying to sleep|trying to concentrate|painting|doing homework|going out|going to bed|going home|packing up|watching a film|playing outside|visiting us|staying over|moving house|having a party|having a rest|crying again|cleaning|singing|dancing|rehearsing|baking bread|doing yoga|throwing a party|giving a talk|holding a lesson|making dinner|soldering|tidying the workshop|drawing|growing tomatoes|looking after the hens|planting seeds|shivering all over|dying of heat|losing patience|still learning|feeling better|having visitors|making a film|doing an experiment|building a rocket|making a model railway]",
    "~have [a headache|a cold|a fever|a migraine|an exam|a lesson|company|the flu|guests|work to do|homework to do|a lot to do|a sore throat|a party|a deadline|an audience|a visitor|a bad back|a new hobby|a new plan|an idea|wet hair|wet feet|cold feet|cold hands|sore eyes|a concert|a rehearsal|a science project|a bad night behind us|a plane to catch|a bus to catch|asthma|a weak heart|friends round|a birthday]",
    "~have to [pack up|go|leave|get up early|get ready|concentrate|sleep|study|catch a train|clean up|tidy up|finish the model|hurry|rest|work|cook|practise|feed the hens|wait|save money|pay the bill|be quick|show it to the class|go to bed|go home|make dinner|babysit|hang the washing out|get changed]",
    "~[want|want|need|would like|love|like|hope|plan|ask|mean] to [see it|see what happens|sleep|take a picture|take a photo|show it to the class|see how it works|make a video|try it|try it out|watch|hear it|understand it|learn something|compare them|go through them one by one|write it down|draw a chart|go to bed|have a look|be sure|surprise her|impress the guests|play|paint it|clean it|sit outside|have a bath|work in peace|enjoy the evening air|save energy|save money|eat|get some rest|feel safe|find the fault|see the effect|know for the report|be careful|finish it today|learn how it works]",
    "~have [just come home|just arrived|just left|gone to bed|gone home|gone out|fallen asleep|made a traffic light|built a rocket|made a robot|finished|finished early|left|complained again|asked for it|asked about it|moved house|woken up|planted tomatoes|planted seeds|been waiting|been asking|been ill|had enough|seen enough|come back|changed the plan|been working hard|built a lighthouse|made a model village|painted the walls|repaired it|rewired it|mended the cable|bought a new part|cleaned the tank|washed the dishes|eaten|got company|lost patience|started school|made a weather station|got the flu|promised to be quiet|invited friends]",
    "[made|built|bought|repaired|painted|finished|broke|found|ordered|soldered] [a traffic light|a lighthouse|a rocket|a model village|a greenhouse out of cardboard|a new part|it yesterday|it for the fair|it for school|a weather chart|it with friends|a crane|a volcano|it last week]",
    "[complained|asked for it|asked about it|promised the class|called|said please|slept badly|insisted|was very clear about it|dropped by|went home|left early|fell asleep|came home late|came back|just left|just came in|got a shock|got scared|got tired of it]",
    "~[love|like|enjoy|hate|prefer] [it|it this way|it like that|the noise|this|the smell|the glow|it best that way|loud noises|the dark|the quiet|surprises|the draught|the heat|the cold|company]",
    "~[look|feel|seem] [tired|cold|sleepy|ill|unwell|bored|hungry|sad|nervous|happy|very hot|worn out|better already|better that way]",
    "~[keep|start] [complaining|crying|coughing|sneezing|asking|yawning|shivering|tripping over the cable|falling over]",
    "would [love|like|appreciate|enjoy|prefer] [it|that|that a lot|to see it|some quiet|some peace|a bit of quiet|some rest]",
    "could do with [some air|some rest|a break|some peace|a bit of quiet|a rest|some company|some warmth|a nap]",
)  # fmt: skip
_ANIMAL = barred("cat|dog|puppy|kitten|hamster|rabbit|parrot|tortoise|budgie|lizard|gecko|snake|guinea pig|hedgehog|pony|goat|donkey|rooster|canary|ferret|mouse in the cage|axolotl|foal|lamb in the shed")  # fmt: skip
_ANIMALS = barred("hens|chicks|ducks|fish|cats|dogs|rabbits|bees|geese|goats|sheep|horses|cows|frogs|shrimps|snails|piglets|budgies|ducklings|puppies|guppies|birds|mice|ants|fruit flies")  # fmt: skip
_IS_ANIMAL = (
    "~be [asleep|hungry|scared|cold|too hot|waiting|restless|ill|old|thirsty|very quiet today|outside|back|awake|going mad|panting|icy cold|shivering|making a racket|nesting|moulting|having babies|sick|used to it|afraid of it|laying eggs|hiding|sleeping next to it|still small|newborn|very young]",
    "~have [gone mad|had babies|had kittens|escaped|eaten|gone to sleep|laid an egg|been fed|been restless|hatched|moved in|come back|a new home|a cold|fleas|an ear infection]",
    "~[like|love|hate|need|prefer] [it|some quiet|the warmth|the dark|a rest|fresh air|the noise|this|some shade|clean water|company]",
    "~[look|seem] [ill|cold|thirsty|hot|hungry|scared|tired|happy|bored]",
    "~[keep] [barking|meowing|scratching|running away|waking us|hiding|chewing the cable]",
    "[got scared|ran away|fell asleep|chewed the cable|woke us|knocked it over|hatched yesterday|slept badly]",
)  # fmt: skip
_PLANT = barred("basil|orchid|cactus|fern|hedge|grass|soil|compost|avocado|palm|ivy|bonsai|vine|monstera|rosemary|moss|bamboo|fig tree|lemon tree|thyme|mint|parsley")  # fmt: skip
_PLANTS = barred("plants|tomatoes|seedlings|cucumbers|herbs|flowers|daisies|tulips|peppers|strawberries|chillies|orchids|beans|pumpkins|lettuces|seeds|sunflowers|geraniums|courgettes|beds|pots|ferns|violas")  # fmt: skip
_IS_PLANT = (
    "~be [dry|bone dry|too dry|thirsty|wilting|drooping|dying|flowering|growing well|soaked|too wet|dripping wet|doing well|ready to pick|still small|sprouting|mouldy|suffering|drying out|parched|very delicate]",
    "~have [sprouted|dried out|wilted|had enough|had plenty of rain|been watered|been planted|been repotted|come through|greenfly|mildew|grown a lot]",
    "~[need|like|love|want] [some air|more air|fresh air|a drink|warmth|care|a rest|some sun|shade|it warm|it damp|sun]",
    "~[look|feel] [dry|sad|thirsty|limp|wilted|unhappy|healthy|burnt|damp|soggy]",
    "could do with [some water|a drink|some air|some sun|more warmth]",
)  # fmt: skip
_OBJECT = barred(
    "thing|old thing|engine|machine|cable|hose|bearing|pipe|part|new part|belt|gear|wiring|plug|fuse|paint|glue|varnish|gearbox|battery pack|housing|casing|bracket|cover|hinge|"
    "washing machine|roof|chain|wheel|seal|gasket|spring|propeller|blade|supply|cable drum|adapter|breadboard|enclosure|wood|concrete|resin|print|dough|soup|bread|beer|wine|cake|model|prototype|experiment|joint|axle|bucket|water butt|barrel|bin|tyre"
)  # fmt: skip
_OBJECTS = barred("wires|cables|hinges|parts|pipes|bearings|screws|tracks|gears|tyres|batteries|boots|towels|clothes|jars|bottles|eggs|prints|joints|wheels|tools|connections|buckets|bricks")  # fmt: skip
_IS_OBJECT = (
    "~be [broken|empty|leaking|dirty|damp|wet|still wet|rusty|loose|worn out|old|brand new|dusty|noisy|too loud|squeaking|rattling|getting hot|making a noise|smelling funny|dead|cracked|in the way|overheating|clogged|blocked|frozen|in pieces|here at last|ready|delicate|for the museum|going mouldy|done|drying|hot|cold|mended|past its best|falling apart|making me nervous|beyond repair|gone|jammed]",
    "~have [rusted through|broken|broken again|burnt out|been repaired|been cleaned|come loose|worn out|arrived|gone mouldy|frozen|dried|cooled|overheated|been replaced|been sold|got wet|got dirty|fallen apart|fallen over|come apart|died|been in the rain|been stolen|a crack|a leak|a loose screw|had enough]",
    "~[look|smell|sound|feel] [funny|burnt|broken|damp|odd|strange|better|dirty|worn|tired|hot|suspicious|good]",
    "~[leak|rattle|squeak|stink|wobble|buzz like mad|hum|smell|shake|shake a lot|make a noise|need a rest|need repair|need to dry|need to cool|belong to school|belong to a friend|belong in a museum]",
    "[broke|broke again|got wet|fell over|burnt out|fell apart|came loose|let us down|arrived this morning|arrived yesterday|was a bargain|went to the tip|melted|froze|jammed]",
)  # fmt: skip
_ROOM = barred(
    "kitchen|hall|classroom|bathroom|bedroom|living room|attic|cellar|basement|greenhouse|garage|workshop|shed|office|lab|nursery|library|corridor|stairwell|cabin|cottage|caravan|boat|tent|barn|stable|church|gym|studio|house|flat|"
    "place|room|garden|lawn|terrace|balcony|conservatory|pantry|laundry room|staff room|sauna|aquarium|pond|street|yard|vestry|hut|bathroom mirror|coop|loft|larder|tank"
)  # fmt: skip
_IS_ROOM = (
    "~be [stuffy|damp|a mess|dusty|empty|too hot|too warm|very hot|boiling|icy|chilly|cold|humid|steamy|smoky|quiet|too quiet|noisy|dark|pitch dark|too dark|gloomy|bright|flooded|being painted|being cleaned|packed|tidy|like an oven|like a fridge|wet|mouldy|musty|draughty|hard to heat|warm|ready|crowded|too bright|a bit stuffy]",
    "~[smell|smell of fish|smell of paint|stink|look empty|look cosy|feel damp|feel cold|need airing|need some air|need cleaning|look dark|feel stuffy|get stuffy|get hot so quickly]",
    "~have [been painted|been cleaned|got damp|got stuffy|flooded|cooled a lot|warmed a lot|a visitor|mice|a damp wall|a draught|mould|been empty]",
    "[smelled of paint|was like an icebox|got very stuffy|got flooded|was a mess|was dark]",
)  # fmt: skip
_IT = (
    "[it's|it is|its|it's getting|it is getting|its getting|it has become|it got|it gets|it feels] [cold|dark|late|chilly|stuffy|warm|too warm|too hot|hot|damp|foggy|windy|gloomy|humid|noisy|too loud|too bright|too dark|quite cold|really late|very dark|a bit cold|rather stuffy|boring|muggy|stormy|cloudy|dim in here|icy cold|draughty] [in here|outside|here|in there|in this room|out there|||||||]",
    "[it's|it is|its] [raining|pouring|snowing|drizzling|hailing|blowing a gale|thundering|sunny|foggy|frosty|icy|baking hot|boiling|lovely out here|bedtime|home time|break time|lunchtime|dinner time|teatime|playtime|my turn|her turn|our turn|his turn|my birthday|a birthday party|an inset day|a school holiday|a holiday|her birthday|the last lesson|an experiment|urgent|an emergency|important|only a test|just a test|just for fun|for school|for our rocket|for a friend|for a video|for the fair|a surprise|a present|for science|for the show|for my daughter|for the school play|part of the game|a game|our project|cosy like that|better for the plants|safer|good for the seedlings|cheaper that way|nicer like that|time for bed|time to go|time to sleep|time for lunch|time to pack up|time for a break|in the way|a long story|worth a try|what the teacher said|our experiment|what she asked for]",
    "the [sun is shining|sun is out|sun is strong|sun is blazing|sun has gone in|sun has gone|wind has picked up|wind is strong|rain has come back|rain is coming in|rain is over|storm is coming|storm has passed|frost is here|snow has melted|weather is awful|weather has changed|weather is lovely|sky is clear|air is bad|air is thick|air is dry|air is stale|heat is unbearable|heat is killing me|cold is awful|fog is thick|draught is terrible|smell is awful|noise is terrible|noise is driving me mad|smoke is everywhere|bill was huge|lesson is over|party is over|show is over|break is over|concert is over|bell has rung|school bus is here|holidays are over|music is great|food is ready|dinner is ready|lunch is ready|tea is ready|film is starting|show is starting|concert is starting|game is over|meeting is over|tide is coming in|glare is terrible|floor is slippery|ground is wet|ground is frozen]",
    "there [is|was|has been] [a storm|frost|a lot of rain|a power cut|a visitor|a funny smell|a strange noise|a draught|a party|a puddle|smoke|a leak|mould|a lot of dust|a wasp in here|a mouse in here|a burning smell|a fire drill|a fly in here|too much steam|too much noise|plenty of sun|somebody here|someone outside|a test|work to do|a baby in here]",
    "[something|somebody|someone] [smells|smells funny|is burning|is leaking|is outside|is here|is coming|has complained|is sleeping|fell over it|tripped over the cable|is rattling|is squeaking|is making noise|is in there|fell asleep|is filming]",
    "[my|our] [hands are sticky|hands are dirty|hands are wet|hands are cold|eyes hurt|eyes are sore|ears are ringing|ears hurt|head hurts|back hurts|feet are cold|feet are wet|fingers are stiff|nose is cold|phone died|arms ache|train is leaving|bus is here|taxi is here|lift is here|flight is boarding|visit is over|bill is huge|electricity bill is awful|holiday is over|shift is over|project is finished|hobby is expensive|break is over|nerves are bad|throat is sore|fingers hurt]",
    "[that|this] [is|was] [enough|plenty|fun|the last time|a mistake|the plan|how we like it|how it should be|what she wants|what he wanted|what they need|for the class|for school|for my project|only a test|safer|better|too loud|too bright|annoying|dangerous|awful|urgent|our experiment|a waste of energy|getting silly|cosy|quicker|my favourite part|my fault|for the report|for the logbook|our last try|what the doctor said|what we agreed]",
    "[I|we] [forgot|nearly forgot|left it running|left it like that|left in a hurry|promised|overslept|slept badly|lost the manual|mislaid the remote|broke the remote|lost the remote|made a mess|dropped it|burnt the toast|spilled the tea|came home late|just came in|heard a noise|smelled smoke|felt a draught|got a huge bill|got cold feet|got wet|had a long day|had a rough day|had enough]",
)  # fmt: skip
_NEEDS = (
    "[I|we|they|you] [need|want|could use|could do with|would like] [some|more|a bit more|a little|a bit of] [light|air|heat|warmth|fresh air|power|water|quiet|peace|atmosphere|silence]",
    "[I am|I'm|im|we are|they are] doing [a test|an experiment|the wiring|a repair|some soldering|a demo|a talk|some cleaning|the maintenance]",
    "[I|we] [have to|must|need to|want to|should|would like to] [see|see something|find my glasses|find my shoes|find the fault|cool the room|heat the room|dry the laundry|air the room|water the beds|feed the fish|save power|save energy|show it to her|test the wiring|test the board|clean the tank|warm the bottle|charge the phone]",
)  # fmt: skip
_DO = barred(
    "see it|see something|see what happens|see the difference|sleep|rest|eat|work|read|hear each other|hear the music|breathe|relax|play|dance|find the keys|find the way|watch the film|concentrate|take a picture|compare them|write it down|draw a chart|cool a bit|"
    "warm a bit|dry|grow|get some air|get some rest|get some sun|get warm|get ready|feel safe|feel better|find us|come in|get in|leave|go home|go to bed|clean it|repair it|understand it|learn something|have a look|enjoy it|keep warm|stay dry|stay warm|stay calm|survive|be safe|be happy"
)  # fmt: skip
_BEASTS_DO = barred(
    "sleep|rest|eat|breathe|feel safe|get warm|get some rest|stay warm|survive|be happy|hide|drink|settle|get in|come in|find the food"
)
_PLANTS_DO = barred(
    "grow|breathe|dry|get some sun|get some air|survive|stay warm|recover|drink|flower|sprout|ripen|feel better"
)
_MOVES = barred("vent|hatch|flap|lid|curtain|window|shutter|gate|arm|hand|needle|barrier|train|boat|fish|rocket|crane|puppet|dragon|windmill|lighthouse|carousel|mouth of the puppet|wheel|bridge|trapdoor|drawbridge|crocodile|door of the coop")  # fmt: skip
_MOVING = barred("opens a little|closes a little|moves a bit|spins slowly|spins|waves|looks right|looks alive|shuts properly|goes round|wobbles|swings|opens|closes|moves|lifts|drops|points at us|sways|bows|glows|comes out|wakes")  # fmt: skip
_TO = barred(
    "save energy|save power|save money|save the battery|save water|be safe|be sure|see it|see how it works|see what happens|keep the cat warm|keep the plants happy|keep the frost out|scare the birds away|scare the cat|help the seedlings|wake the kids|wake my son|impress my boss|impress the guests|surprise my wife|show it to the class|show my dad|get some air|get some rest|get some peace|cool the room|warm the room|dry the laundry|dry the paint|air the room|clear the smoke|get rid of the smell|make it cosy|make it nice|make the baby sleep|calm the dog|spare my ears|spare my eyes|annoy my sister|greet the guests|welcome them home|find the fault|try it|test the wiring|protect the paint|please everybody|set the mood|have some fun|keep burglars away|help me sleep|help us see|feed the fish|water the beds|mark the occasion|celebrate|please the cat"
)  # fmt: skip
_FOR = barred(
    "the rocket|our rocket|our traffic light|the school play|my daughter|my son|the kids|the guests|the weather chart|the science fair|science class|a friend|the photo|the video|the party|the birthday party|the show|the concert|the class|miss|my wife|my mum|grandma|the cat|the fish|the hens|the seedlings|the plants|the tomatoes|"
    "our experiment|our project|my homework|the report|the logbook|the museum|the model railway|the lighthouse|the puppet theatre|the demo|the visitors|safety|fun|luck|the fun of it|the record|a laugh|the fair|the neighbours|peace and quiet|some fresh air|the atmosphere|the inspection|a test|the chart|our weather station|comfort|the haunted house|the school|the club|the baby"
)  # fmt: skip
_PLACED = barred("cabin|cottage|boat|house|flat|office|farm|workshop|greenhouse|board|hut|school|factory|garden|lab|caravan|club|place|studio|holiday home")  # fmt: skip

_DENIED = (
    "[nobody|no one|none of us|nobody here] [is home|is here|is at home|is in there|needs it|uses it|likes it|likes the noise|is watching|is awake|can sleep|can see a thing|lives here|has time|was there|cares|told me|knows why]",
    "[I|we|they|she|he|the kids|mum|dad|my wife|the baby|the guests|the neighbours|the cat|you] [can't|cannot|cant|could not|couldn't] [sleep|see a thing|see anything|hear a thing|breathe|concentrate|wait|find my keys|find the door|rest|work like that|work like this|relax|be here|read the label|stand it|bear it|eat in peace]",
    "[I|we|they|she|he|the guests|the kids] [won't|will not] be [back|home|long|here|needing it|there|late|around|able to sleep]",
    "[it's|it is|that's|this is] not [needed|dark yet|safe|warm enough|urgent|my house|funny|raining|nice in here|my fault|for me|ours|very bright|there only|a problem|our house|healthy|working well]",
    "[it|that|this] [doesn't|does not|didn't] [matter|help|work|smell good|look right|hurt|look nice|bother me|belong here|sound good]",
    "[we are|we're|they are|he is|she is|I am|I'm] not [buying from him now|buying there|at home|here|awake|hungry|asleep|ready|rich|there|there yet|happy with it|a cook|cold|staying|well]",
    "the [milk|soil|cat|baby|paint|dough|cellar|water|food|room|wine|plants|roof|cake|glue|kids|fish|soup] [should not|shouldn't|must not|mustn't|can't|cannot|may not] [spoil|freeze|dry out|overheat|get wet|burn|wake|get cold|get warm|suffer|rot|get sick]",
    "there is no [wind|sun|school|water|hurry|rush|light in here|rain|one here|lesson today|music]",
    "[I|we] have no [time|idea|patience|money for that|use for it|power to waste|water left]",
    "[I|we] [don't|do not|dont] [need it|like it|have time|live there|work there|feel well|see well|like the noise|mind the noise|smoke|play it much] [these days|here|as you know|you see|]",
    "the [kids|neighbours|guests|cats|hens|plants|customers|girls] [don't|do not|dont] [like it|like the noise|sleep|sleep well|eat|feel well|grow|like cold feet|mind]",
)  # fmt: skip

_THIRD = {"have": "has"}
_VERB = re.compile(r"~(\w+)")
_PRONOUNS = {"I": "1", "we": "p", "they": "p", "she": "3", "he": "3", "you": "p"}
_CLIPPED = {"1": "'m", "p": "'re", "3": "'s"}
_HAS_CLIPPED = {"1": "'ve", "p": "'ve", "3": "'s"}
_PARTICIPLE = re.compile(r"~have (?:just |been |gone |had |got |\w+ed\b|come |left|made |built |eaten|lost )")  # fmt: skip


def _verb(verb: str, person: str) -> str:
    if verb == "be":
        return {"1": "am", "p": "are", "3": "is"}[person]
    if person != "3" or verb == "would like":
        return verb
    first, _, rest = verb.partition(" ")
    ending = "es" if first.endswith(("s", "sh", "ch", "x")) else "s"
    return (_THIRD.get(first) or first + ending) + (" " + rest if rest else "")


def _conjugated(subject: str, person: str, predicate: str, rng: random.Random) -> str:
    """Return "mum has a headache" of "mum" and "~have a headache"; short forms are usual.

    person: "1" (I), "3" (she) or "p" (we, they). The verb behind "~" takes its form.
    """
    if predicate.startswith("~["):  # the verb is chosen first, then put in its form
        verb, rest = predicate[2:].split("]", 1)
        return f"{subject} {_verb(rng.choice(verb.split('|')), person)}{choose(rest, rng)}"
    said = choose(predicate, rng)
    if not said.startswith("~"):
        said = re.sub(r"^was\b", "were", said) if person == "p" else said
        return f"{subject} {said}"
    clip = subject != "" and rng.random() < (0.8 if subject in _PRONOUNS else 0.3)
    short = ""
    if clip and said.startswith("~be ") and (subject in _PRONOUNS or person == "3"):
        short, said = _CLIPPED[person], said[4:]
    elif clip and subject in _PRONOUNS and _PARTICIPLE.match(said):
        short, said = _HAS_CLIPPED[person], said[6:]
    if short:
        bare = subject != "we" and rng.random() < 0.35
        return f"{subject}{short[1:] if bare else short} {said}"
    return f"{subject} {_VERB.sub(lambda match: _verb(match.group(1), person), said)}"


def _person(rng: random.Random) -> tuple[str, str]:
    roll = rng.random()
    if roll < 0.33:
        subject = rng.choice(("I", "I", "I", "we", "we", "we", "they", "she", "he"))
        return subject, _PRONOUNS[subject]
    if roll < 0.45:
        return rng.choice(_NAMED), "3"
    whose = rng.choice(_WHOSE)
    return (
        (f"{whose} {rng.choice(_PERSON)}", "3")
        if roll < 0.76
        else (f"{whose} {rng.choice(_PEOPLE)}", "p")
    )


def _of(one: Sequence[str], many: Sequence[str], rng: random.Random) -> tuple[str, str]:
    article = rng.choice(("the", "the", "my", "our"))
    if many and rng.random() < 0.45:
        return f"{article} {rng.choice(many)}", "p"
    return f"{article} {rng.choice(one)}", "3"


def clause(rng: random.Random, things: bool = True) -> str:
    """Return a circumstance: "the thing has rusted through", "its getting dark".

    things: whether it may be about a thing or a room, which a neighbouring "it" might mean.
    """
    if things and rng.random() < 0.07:
        return choose(rng.choice(_DENIED), rng).strip()
    roll = rng.random()
    if roll < 0.36:
        return _conjugated(*_person(rng), rng.choice(_IS_PERSON), rng)
    if roll < 0.56:
        return choose(rng.choice(_IT), rng).strip()
    if roll < 0.62:
        return choose(rng.choice(_NEEDS), rng)
    if roll < 0.7:
        return _conjugated(*_of(_ANIMAL, _ANIMALS, rng), rng.choice(_IS_ANIMAL), rng)
    if roll < 0.78:
        return _conjugated(*_of(_PLANT, _PLANTS, rng), rng.choice(_IS_PLANT), rng)
    if not things:
        return _conjugated(*_person(rng), rng.choice(_IS_PERSON), rng)
    if roll < 0.89:
        return _conjugated(*_of(_OBJECT, _OBJECTS, rng), rng.choice(_IS_OBJECT), rng)
    return _conjugated(*_of(_ROOM, (), rng), rng.choice(_IS_ROOM), rng)


def purpose(rng: random.Random, things: bool = True) -> str:
    """Return what it is good for: "so we can see it", "to save energy", "for the rocket"."""
    roll = rng.random()
    if roll < 0.3:
        return "for " + rng.choice(_FOR)
    if roll < 0.5:
        return rng.choice(("to ", "to ", "in order to ", "so as to ", "just to ")) + rng.choice(
            _TO
        )
    front = rng.choice(("so ", "so ", "so that ", "so that ", "in order that "))
    if things and roll < 0.65:
        return f"{front}the {rng.choice(_MOVES)} {rng.choice(_MOVING)}"
    if roll < 0.85:
        subject, deeds = _person(rng)[0], _DO
    elif roll < 0.93:
        subject, deeds = _of(_ANIMAL, _ANIMALS, rng)[0], _BEASTS_DO
    else:
        subject, deeds = _of(_PLANT, _PLANTS, rng)[0], _PLANTS_DO
    may = rng.choice(("can", "can", "can", "could", "may", "will"))
    return f"{front}{subject} {may} {rng.choice(deeds)}"


def people(rng: random.Random) -> str:
    """Return somebody: "the grandchildren", "my boss"."""
    return _person(rng)[0]


def trait(rng: random.Random) -> str:
    """Return what is wrong with a thing: "has rusted through"."""
    return _conjugated("", "3", rng.choice(_IS_OBJECT), rng).strip()


def whereabouts(place: str, rng: random.Random) -> str:
    """Return where the board or the person is: "the cabin is in austria"."""
    roll = rng.random()
    if roll < 0.5:
        return f"{rng.choice(('the', 'my', 'our'))} {rng.choice(_PLACED)} {rng.choice(('is', 'is', 'stands', 'lies'))} in {place}"
    return (
        choose(
            "[I live|we live|I'm|we are|I am|my family lives|we have moved house, we live|I work|my boss works|the board lives|we spend the summer]",
            rng,
        )
        + f" in {place}"
    )
