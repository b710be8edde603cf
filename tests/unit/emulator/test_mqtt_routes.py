"""Who gets what from a world's broker, and which filters there are."""

import pytest

from host.emulator.mqtt_routes import Routes, is_filter

FITS = {
    "a plain topic": ("a/b", "a/b", True),
    "another topic": ("a/b", "a/c", False),
    "a longer topic": ("a/b", "a/b/c", False),
    "a level that may be any": ("a/+/c", "a/b/c", True),
    "a level that may be any, at the end": ("a/+", "a", False),
    "all below": ("a/#", "a/b/c", True),
    "all below, and itself": ("a/#", "a", True),
    "everything but the broker's own": ("#", "$SYS/x", False),
    "the broker's own by name": ("$SYS/#", "$SYS/x", True),
    "a share": ("$share/g/a/+", "a/b", True),
    "a share of another topic": ("$share/g/a/+", "b/b", False),
    "a share of a plain topic": ("$share/g/a", "a", True),
    "what a share is called is no topic": ("$share/g/a", "$share/g/a", False),
}


@pytest.mark.parametrize("name, topic, fits", FITS.values(), ids=FITS)
def test_a_filter_fits_or_not(name: str, topic: str, fits: bool):
    routes = Routes()
    routes.subscribe("one", name, 1)
    assert routes.find(topic) == [("one", 1)] * fits
    routes.unsubscribe("one", name)
    assert routes.find(topic) == []


def test_overlapping_filters_bring_a_message_once_with_the_best_qos():
    routes = Routes()
    for client in ("two", "one"):
        routes.subscribe(client, "a/b", 0)
        routes.subscribe(client, "a/#", 1)
    assert routes.find("a/b") == [("one", 1), ("two", 1)]
    routes.subscribe("one", "a/#", 0)
    routes.leave("two")
    assert routes.find("a/b") == [("one", 0)]


def test_the_members_of_a_share_take_turns_and_each_share_has_its_own():
    routes = Routes()
    for client, group in (("one", "g"), ("two", "g"), ("three", "h")):
        routes.subscribe(client, f"$share/{group}/a", 1)
    routes.subscribe("one", "a", 0)
    turns = [routes.find("a") for _ in range(3)]
    assert turns == [[("one", 0), (member, 1), ("three", 1)] for member in ("one", "two", "one")]
    routes.leave("one")
    assert routes.find("a") == [("two", 1), ("three", 1)]


FILTERS = {
    "": False, "a": True, "/": True, "+": True, "#": True, "a/#": True, "a#": False,
    "#/a": False, "a+/b": False, "+/+": True, "$share/g/a": True, "$share/g": False,
    "$share//a": False, "$share/g/": False, "$share/g+/a": False, "$share/g/#/a": False,
}  # fmt: skip


@pytest.mark.parametrize("name, is_one", FILTERS.items(), ids=[f"{f!r}" for f in FILTERS])
def test_filters_are_checked_as_mqtt_says(name: str, is_one: bool):
    assert is_filter(name) == is_one
