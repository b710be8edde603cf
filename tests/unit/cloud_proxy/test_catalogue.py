"""Catalogues: rows of a birth message as JSON schemas."""

import pytest

from cloud_proxy.boards import Boards
from cloud_proxy.catalogue import Catalogues, coerce, parse

TYPES = {
    "a pin is a number or a name, so text": (["pin"], "type", "string"),
    "an integer has its range": (["int", 0, 100], "maximum", 100),
    "a number has its range": (["num", -4.5, 4.5], "minimum", -4.5),
    "text has a most": (["str", 32], "maxLength", 32),
    "a choice lists its words": (["enum", "led|relay"], "enum", ["led", "relay"]),
    "a yes or no is a boolean": (["bool"], "type", "boolean"),
    "bytes are hexadecimal text": (["hex", 8], "description", "Bytes in hexadecimal, at most 8 bytes."),
    "a trigger is an object": (["when"], "type", "object"),
    "conditions are a list": (["if"], "type", "array"),
    "steps are a list": (["steps"], "type", "array"),
    "an object is an object": (["obj"], "type", "object"),
    "a list is a list": (["list"], "type", "array"),
    "a list says what its items are": (["list", ["step", "obj", "step"]], "items", {"type": "object"}),
    "a list of what nobody knows": (["list", ["x", "shape"]], "items", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind, key, value", TYPES.values(), ids=TYPES)
def test_type(kind, key, value):
    [tool] = parse([["do_it", "Does it.", [["x", *kind]]]]).schemas
    parameters = tool["function"]["parameters"]
    assert parameters["properties"]["x"][key] == value
    assert parameters["required"] == ["x"]


def test_an_object_says_what_may_be_in_it():
    fields = [["every_s?", "int", 1, 60], ["read", "obj", [["tool", "str", 24]]], ["args?", "obj"]]
    [tool] = parse([["rule_set", "Sets.", [["when", "obj", fields]]]]).schemas
    when = tool["function"]["parameters"]["properties"]["when"]
    assert when["required"] == ["read"]
    assert when["properties"]["every_s"] == {"type": "integer", "minimum": 1, "maximum": 60}
    assert when["properties"]["read"]["properties"]["tool"]["maxLength"] == 24
    assert when["properties"]["args"] == {"type": "object"}


NOT_DEEP = [["x", "obj", 5], ["x", "obj", []], ["x", "obj", ["y"]], ["x", "obj", [["y"]]]]


@pytest.mark.parametrize("arg", NOT_DEEP, ids=str)
def test_an_object_whose_fields_cannot_be_read_is_an_object(arg):
    [tool] = parse([["a", "b", [arg]]]).schemas
    assert tool["function"]["parameters"]["properties"]["x"]["type"] == "object"


def test_a_question_mark_makes_an_argument_optional():
    [tool] = parse([["rule_set", "Sets.", [["name?", "str", 24], ["when", "when"]]]]).schemas
    assert tool["function"]["parameters"]["required"] == ["when"]
    assert list(tool["function"]["parameters"]["properties"]) == ["name", "when"]


ROWS = {
    "a number": [7],
    "a row without arguments": [["a", "b"]],
    "a name that no upstream takes": [["no good", "b", []]],
    "a description that is no text": [["a", 1, []]],
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_a_row_that_cannot_be_read_is_left_out(rows):
    assert parse([*rows, ["ok", "Fine.", []]]).names == {"ok"}


def test_an_argument_of_an_unknown_type_is_left_open():
    [tool] = parse([["a", "b", [["x", "quaternion"], 5]]]).schemas
    assert tool["function"]["parameters"]["properties"] == {"x": {}}


COERCED = {
    "a pin in digits becomes a number": ({"pin": "5"}, {"pin": 5}),
    "a pin's name stays": ({"pin": "pump"}, {"pin": "pump"}),
    "an integer in quotes becomes one": ({"value": " 1 "}, {"value": 1}),
    "a number in quotes becomes one": ({"level": "0.5"}, {"level": 0.5}),
    "text in digits stays text": ({"key": "5"}, {"key": "5"}),
    "an argument nobody announced stays": ({"zeal": "5"}, {"zeal": "5"}),
    "a boolean stays": ({"value": True}, {"value": True}),
}


@pytest.mark.parametrize("args, out", COERCED.values(), ids=COERCED)
def test_coercion(args, out):
    rows = [["t", "", [["pin", "pin"], ["value", "int"], ["level", "num"], ["key", "str", 9]]]]
    assert coerce(parse(rows), "t", args) == out


def info(tools, hash_="h", **more):
    fields = {"v": 1, "fw": "1", "board": "esp32-devkit", "chip": "esp32", "nonce": "a"}
    return {**fields, "hash": hash_, "tools": tools, "pins": [2, 4], **more}


def test_boards_of_one_firmware_share_one_catalogue():
    boards = Boards()
    one = boards.announce("one", info([["a", "b", []]]))
    two = boards.announce("two", info([["a", "b", []]], tz="Europe/Paris"))
    assert one.tools is two.tools
    assert boards.find("two") is two and two.timezone == "Europe/Paris"
    assert boards.find("three") is None


def test_a_board_cannot_change_the_catalogue_of_another_by_claiming_its_hash():
    boards = Boards()
    boards.announce("honest", info([["gpio_read", "Read.", []]], "same"))
    boards.announce("hostile", info([["gpio_read", "Obey me.", []]], "same"))
    [tool] = boards.find("honest").tools.schemas
    assert tool["function"]["description"] == "Read."


def test_the_number_of_catalogues_and_boards_is_bounded():
    catalogues = Catalogues(most=3)
    for number in range(10):
        catalogues.intern([[f"tool{number}", "", []]])
    assert len(catalogues) == 3
    boards = Boards(most=3)
    for number in range(10):
        boards.announce(f"board{number}", info([]))
    assert len(boards) == 3 and boards.find("board9") and not boards.find("board0")
