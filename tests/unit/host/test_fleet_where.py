"""Which devices an expression selects, and where it says that it cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.fleet_where import FIELDS, WhereError, parse, version_key

KITCHEN: dict[str, object] = {
    "device": "kitchen-1",
    "online": True,
    "fw": "0.2.10",
    "board": "esp32-devkit",
    "chip": "esp32",
    "tag": ["prod", "floor-2"],
    "tool": ["gpio_write", "dht_read"],
    "tz": "Europe/Paris",
    "persona": "neutral",
    "crash": False,
    "drift": None,
    "config": 7,
    "job": None,
}
UNHEARD: dict[str, object] = dict.fromkeys(FIELDS) | {"device": "cellar"}
MATCHES = {
    "the whole of the README's": ("fw<0.3 and tag=prod and online", True),
    "a version counts by parts": ("fw>0.2.9", True),
    "a version that ends in zeros is the same": ("fw=0.2.10.0", True),
    "a v in front is no other": ("fw>=v0.2.10", True),
    "one of several tags": ("tag=floor-2", True),
    "none of the tags": ("tag!=prod", False),
    "not one of the tags": ("tag!=test", True),
    "a pattern": ("device~kitchen-*", True),
    "a pattern in any case": ("device~KITCHEN-?", True),
    "a pattern that must not be": ("device!~kitchen-*", False),
    "a pattern over tags": ("tag~floor-[1-3]", True),
    "a tool that it has": ("tool=dht_read", True),
    "quotes": ('tz="Europe/Paris"', True),
    "the other quotes": ("tz='Europe/Paris'", True),
    "a double equals sign": ("board==esp32-devkit", True),
    "no blanks are needed": ("(chip=esp32)and(online)", True),
    "words in any case": ("chip=esp32 AND NOT crash", True),
    "offline is not online": ("offline", False),
    "a flag with a value": ("online=yes and crash=no", True),
    "a flag that is denied": ("online!=true", False),
    "not binds tighter than and": ("not crash and online", True),
    "and binds tighter than or": ("online or crash and crash", True),
    "brackets bind tightest": ("(online or crash) and crash", False),
    "not twice": ("not not online", True),
    "a number": ("config<10", True),
    "what is not known": ("drift", None),
    "what is not known, turned": ("not drift", None),
    "unknown and false is false": ("drift and crash", False),
    "unknown or true is true": ("drift or online", True),
    "unknown and true is unknown": ("drift and online", None),
}


@pytest.mark.parametrize("text, wanted", MATCHES.values(), ids=MATCHES)
def test_an_expression_selects(text: str, wanted: bool | None) -> None:
    assert parse(text)(KITCHEN) is wanted


@pytest.mark.parametrize("text", ["fw<0.3", "not fw<0.3", "fw!=1", "tag!=a", "online", "offline"])
def test_who_was_not_heard_is_never_selected(text: str) -> None:
    assert parse(text)(UNHEARD) is None


WRONG = {
    "nothing": ("", 0, "a field is expected"),
    "no such field": ("fw<0.3 and tagg=prod", 11, "there is no field tagg"),
    "a field without a comparison": ("fw and online", 3, "fw is to be compared"),
    "a comparison without a value": ("fw<", 3, "a value is expected"),
    "a comparison without a field": ("<3", 0, "a field is expected"),
    "two terms side by side": ("online crash", 7, "one too many"),
    "an end that is missing": ("online and", 10, "a field is expected"),
    "a bracket that stays open": ("online and (crash or drift", 11, "not closed"),
    "a bracket too many": ("online)", 6, "one too many"),
    "a quote that stays open": ("tz='Europe", 3, "the quote is not closed"),
    "a lonely exclamation mark": ("! online", 0, "means nothing"),
    "an order of what has none": ("tag<prod", 3, "tag has no order"),
    "a version that is none": ("fw<new", 3, "new is no version"),
    "a number that is none": ("config<3.5", 7, "no whole number"),
    "a flag with an order": ("online<1", 6, "yes or no"),
    "a flag with a word": ("online=maybe", 6, "yes or no"),
    "an endless nest": ("(" * 60 + "online" + ")" * 60, 50, "more than 50 brackets"),
}


@pytest.mark.parametrize("text, column, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_read_is_pointed_at(text: str, column: int, words: str) -> None:
    with pytest.raises(WhereError) as caught:
        parse(text)
    assert caught.value.column == column and words in caught.value.why
    assert caught.value.why.splitlines()[1:] == [f"       {text}", f"       {' ' * column}^"]


def test_a_field_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(WhereError) as caught:
        parse("tags=prod")
    assert caught.value.fix == "tag?"


def test_versions_come_in_the_order_of_their_releases() -> None:
    order = ["0.2", "0.2.9", "0.2.10-alpha", "0.2.10-rc.2", "0.2.10-rc.10", "0.2.10", "0.10", "1"]
    assert sorted(reversed(order), key=version_key) == order


@given(st.text(alphabet="()=<>!~'\" abon drwf0.3*[\n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)(KITCHEN)
    except WhereError as e:
        assert 0 <= e.column <= len(text)
    else:
        assert found in (True, False, None)
