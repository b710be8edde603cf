"""Words of any field, and words that do not exist: what people may call a rule or a script."""

from __future__ import annotations

import random

from ..listed import spaced

NOUNS = spaced(
    "coffee tea breakfast lunch supper pizza bread soup apple banana cherry lemon honey sugar "
    "salt pepper cat kitten puppy hamster rabbit parrot horse cow sheep hen duck goose bee "
    "snail tiger lion bear wolf eagle owl raven spider dragon unicorn sun moon star comet "
    "planet ocean river lake beach island mountain forest desert meadow jungle winter spring "
    "summer autumn snow ice wind thunder lightning cloud mist dawn dusk twilight weekend "
    "holiday vacation birthday easter halloween wedding picnic school office work gym yoga "
    "meeting commute travel journey baby grandma grandpa mum dad uncle boss guest visitor "
    "neighbour doctor captain pirate wizard robot hero king queen ghost music song jazz rock "
    "opera dance ballet movie cinema theatre game chess football tennis golf hockey boxing "
    "book novel story poem paper letter parcel money bank shop market museum church castle "
    "tower bridge tunnel road train bus tram plane rocket ship boat bicycle scooter tractor "
    "truck engine wheel hammer needle button ribbon carpet pillow blanket mirror bottle glass "
    "cup plate fork spoon knife basket bucket ladder rope anchor compass lantern umbrella hat "
    "jacket shoe glove ring crown diamond gold silver copper iron steel marble velvet silk "
    "cotton paint ink alpha beta gamma delta omega zulu tango foxtrot echo bravo prime turbo "
    "ultra mega mini micro nano super happy sleepy lazy busy cosy quiet loud crazy lucky "
    "magic secret shiny dusty frosty sunny stormy gentle cleaning cooking gaming reading "
    "sleeping working charging heating cooling airing leaving arriving"
)
_LETTERS = "bcdfghjklmnpqrstvwxz"


def invented(rng: random.Random) -> str:
    """Return a word that does not exist."""
    parts = rng.choice((2, 2, 3))
    return "".join(
        rng.choice(_LETTERS) + rng.choice(("a", "e", "i", "o", "u", "oo", "ee", ""))
        for _ in range(parts)
    ) + rng.choice(("", "k", "rp", "n", "t", "sh"))


def anything(rng: random.Random) -> str:
    """Return a word of any field, or one that nobody has heard of."""
    return rng.choice(NOUNS) if rng.random() < 0.75 else invented(rng)
