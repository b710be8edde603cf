"""What a person may type behind /ff."""

import pytest

from host.demo import parse_duration_s

CASES = {"90": 90, "90s": 90, " 10m ": 600, "1.5h": 5400, "7d": 604800, "": None, "soon": None}


@pytest.mark.parametrize("text, seconds", CASES.items(), ids=repr)
def test_duration(text: str, seconds: float | None) -> None:
    assert parse_duration_s(text) == seconds
