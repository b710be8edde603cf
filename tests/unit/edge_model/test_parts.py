"""Where a text or a name may begin and end, and what "not" may stand for."""

import pytest

from cloud_proxy.edge_model.grammar import Call
from cloud_proxy.edge_model.guards import forbidden, unread
from cloud_proxy.edge_model.parts import beginning, may_begin, may_end
from cloud_proxy.edge_model.sentence import read

ENDS = {  # (sentence, kind, the word, whether the part may end with it)
    "a text keeps its last noun": ("remind me to check the solder bath", "said", "solder", False),
    "a text ends where the sentence does": ("remind me to check the bath", "said", "bath", True),
    "a text ends before a trigger": ("tell me it rang when 4 rises", "said", "rang", True),
    "a text ends before politeness": ("tell me it rang please", "said", "rang", True),
    "a text keeps its place": ("tell me it is cold in there", "said", "cold", False),
    "a text does not end with a verb of being": ("tell me it is at home", "said", "is", False),
    "a key keeps both its words": ("remember: water tank = pin 12", "key", "water", False),
    "a key ends before what is said of it": ("the water tank holds 60 l", "key", "tank", True),
    "a value ends before what it is": ("pin 4 is the porch light", "text", "4", True),
    "a script's name is whole": ("run the water plants script", "slug", "water", False),
    "a script's name ends before its kind": (
        "run the water plants script",
        "slug",
        "plants",
        True,
    ),
    "an event's name ends before a verb": ("when motion shows up", "slug", "motion", True),
}
BEGINS = {
    "a name is a name": ("add device lamp kind relay on 4", "name", "lamp", True),
    "a name is not the word that names": ("add device lamp kind lamp on 4", "name", "kind", False),
}


def place(sentence, word):
    tokens = read(sentence, {}).tokens
    return tokens, [token.text for token in tokens].index(word)


@pytest.mark.parametrize("sentence, kind, word, may", ENDS.values(), ids=ENDS)
def test_a_part_ends(sentence, kind, word, may):
    assert may_end(*place(sentence, word), kind) is may


@pytest.mark.parametrize("sentence, kind, word, may", BEGINS.values(), ids=BEGINS)
def test_a_part_begins(sentence, kind, word, may):
    assert may_begin(*place(sentence, word), kind) is may


@pytest.mark.parametrize("kind, word", (("said", "the"), ("key", "float")), ids=str)
def test_a_text_keeps_its_article_and_a_key_does_not(kind, word):
    tokens, first = place("let me know the float moved", "float")
    assert tokens[beginning(tokens, first, kind)].text == word


def valve(**options):
    return Call("device_set", {"name": "drip", "kind": "valve", "pin": 33, "options": options})


def test_never_together_with_is_an_option_and_no_denial():
    said = read("add a valve drip on 33, never together with the sump", {})
    assert not forbidden(said, [valve(not_with="sump")])


def test_what_shall_not_be_added_is_not_added():
    assert forbidden(read("don't add a valve drip on 33", {}), [valve()])


def test_a_note_that_leaves_a_pin_of_an_order_unread_is_not_taken():
    said = read("turn on 23 and remember that the bell is on gpio 23", {})
    note = Call("memory_set", {"key": "bell", "value": "gpio 23"})
    assert unread(said, [note], used={7, 10, 11})


def test_a_note_may_leave_other_numbers_unread():
    note = Call("memory_set", {"key": "door code", "value": "4711"})
    assert not unread(read("two things: the door code is 4711", {}), [note], used={4, 5, 7})
