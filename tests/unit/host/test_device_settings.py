"""Settings are refused here for what the board would refuse, and for what Wi-Fi cannot do."""

from typing import Any

import pytest

from host.device_settings import check_settings, new_name, new_psk, without_secrets
from host.errors import UserError

GOOD: dict[str, Any] = {"device": "kitchen", "broker": {"host": "10.0.0.2"}}
WRONG = {
    "no broker": ({"device": "a"}, "broker.host cannot be set so"),
    "a name with a space": (GOOD | {"device": "my board"}, "is not 1 to 32"),
    "a field that is none": (GOOD | {"brokr": 1}, "brokr cannot be set so"),
    "a port beyond": (GOOD | {"broker": {"host": "h", "port": 70000}}, "must be 1 to 65535"),
    "a port in quotes": (GOOD | {"broker": {"host": "h", "port": "1883"}}, "must be int"),
    "a number for yes": (GOOD | {"llm": {"private": 1}}, "must be bool"),
    "an SSID of 33 bytes in 17 letters": (
        GOOD | {"wifi": {"ssid": "é" * 16 + "a"}},
        "has 33 bytes",
    ),
    "a password of 7": (GOOD | {"wifi": {"password": "1234567"}}, "none or 8 to 63"),
    "a password of 64": (GOOD | {"wifi": {"password": "1" * 64}}, "63 are the most"),
    "a tag that is none": (GOOD | {"tags": ["up stairs"]}, "is not 1 to 32"),
}


@pytest.mark.parametrize("settings, words", WRONG.values(), ids=WRONG)
def test_what_the_board_would_not_take_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        check_settings(settings)
    assert words in str(caught.value)


def test_names_and_keys_are_new_each_time_and_fit() -> None:
    name = new_name()
    key = new_psk(name)
    assert name != new_name() and key != new_psk(name)
    check_settings(GOOD | {"device": name, "broker": {"host": "h", "tls": key}})


def test_secrets_are_not_shown() -> None:
    shown = without_secrets(GOOD | {"wifi": {"ssid": "lab", "password": "tidepool"}})
    assert shown["wifi"] == {"ssid": "lab", "password": "***"}
