"""How much an endpoint will still take: its limits a minute, and what its replies say is left."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

_MINUTE_S = 60.0
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(slots=True)
class _Bucket:
    """A bucket of so many a minute that fills steadily. None: no limit is known."""

    per_minute: int | None
    left: float = field(init=False)
    seen_s: float = 0.0

    def __post_init__(self) -> None:
        self.left = float(self.per_minute or 0)

    def at(self, now_s: float) -> float:
        if self.per_minute is None:
            return math.inf
        filled = max(0.0, now_s - self.seen_s) * self.per_minute / _MINUTE_S
        self.left = min(self.per_minute, self.left + filled)
        self.seen_s = max(self.seen_s, now_s)
        return self.left

    def take(self, amount: float, now_s: float) -> None:
        if self.per_minute is not None:
            self.left = self.at(now_s) - amount

    def told(self, left: float, now_s: float) -> None:
        """The endpoint's own count is right where it is lower."""
        if self.per_minute is not None:
            self.left = min(self.at(now_s), left)


class Rate:
    """Requests and tokens a minute. Tokens are reserved up front, as Cerebras does."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = _Bucket(requests_per_minute)
        self._tokens = _Bucket(tokens_per_minute)
        self._held_until_s = 0.0  # the endpoint said: nothing is left until then

    def left(self, now_s: float) -> tuple[float, float]:
        """Return the requests and tokens that may be asked for now; inf where nothing limits."""
        if now_s < self._held_until_s:
            return 0.0, 0.0
        return self._requests.at(now_s), self._tokens.at(now_s)

    def take(self, tokens: int, now_s: float) -> None:
        """Note a request of so many tokens, the most that it may be answered with included."""
        self._requests.take(1, now_s)
        self._tokens.take(tokens, now_s)

    def give_back(self, tokens: int, now_s: float) -> None:
        """Note that so many of the reserved tokens were not used."""
        self._tokens.take(-tokens, now_s)

    def read(self, headers: Mapping[str, str], now_s: float) -> None:
        """Take in the x-ratelimit headers of a reply; what cannot be read is passed over."""
        for name, bucket in (("requests", self._requests), ("tokens", self._tokens)):
            left = headers.get(f"x-ratelimit-remaining-{name}")
            if left is None or not left.isdigit():
                continue
            bucket.told(int(left), now_s)
            reset_s = seconds(headers.get(f"x-ratelimit-reset-{name}", ""))
            if left == "0" and reset_s:
                self._held_until_s = max(self._held_until_s, now_s + min(reset_s, _MINUTE_S))


def seconds(text: str) -> float:
    """Return the seconds in "7", "1.5s", "6m0s" or "20ms"; 0 for anything else."""
    total, number, unit = 0.0, "", ""
    for character in text + " ":
        if unit and not character.isalpha():
            if unit not in _UNITS_S or not _is_number(number):
                return 0.0
            total += float(number) * _UNITS_S[unit]
            number = unit = ""
        if character.isalpha():
            unit += character
        else:
            number += character.strip()
    return total + (float(number) if _is_number(number) else 0.0)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and len(text) <= 12
