"""Budgets: which limits a device's requests count against, hour by hour, day and month (UTC)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from time import gmtime, strftime

_MOST_KEPT = 10_000  # devices whose limits are known without comparing patterns
_WINDOWS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}


@dataclass(frozen=True, slots=True)
class Limit:
    """Micro-dollars that a device, a group or all may cost in each hour, day or month.

    devices: patterns of names, such as "gh-*". each: every device has the limit for itself.
    """

    name: str  # of the group, the device; "fleet"; "each device"
    per: str
    limit_ud: int
    devices: tuple[str, ...] = ("*",)
    each: bool = False

    def covers(self, device: str) -> bool:
        """Return whether a device's requests count."""
        return any(fnmatchcase(device, pattern) for pattern in self.devices)


@dataclass(frozen=True, slots=True)
class Account:
    """One limit in one window: what it has cost so far is kept under the key."""

    key: str
    limit_ud: int
    words: str


class Budgets:
    """The limits, and the accounts that they make."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)
        self._covering: dict[str, tuple[Limit, ...]] = {}
        self._windows: dict[str, str] = {}
        self._windows_of_s = -1

    def accounts(self, device: str, time_s: float) -> tuple[Account, ...]:
        """Return the accounts that a request of a device counts against now (Unix time)."""
        windows = self._windows_at(int(time_s))
        found: list[Account] = []
        covering = self._covering.get(device)
        for limit in self._cover(device) if covering is None else covering:
            name = device if limit.each else limit.name
            key = f"{limit.name}/{name}/{limit.per}/{windows[limit.per]}"
            found.append(Account(key, limit.limit_ud, f"{name}'s {limit.per}"))
        return tuple(found)

    def _cover(self, device: str) -> tuple[Limit, ...]:
        if len(self._covering) >= _MOST_KEPT:
            self._covering.clear()
        covering = tuple(limit for limit in self.limits if limit.covers(device))
        self._covering[device] = covering
        return covering

    def _windows_at(self, time_s: int) -> dict[str, str]:
        if time_s != self._windows_of_s:
            moment = gmtime(time_s)
            self._windows = {per: strftime(how, moment) for per, how in _WINDOWS.items()}
            self._windows_of_s = time_s
        return self._windows


def longest_window_start_s(time_s: float) -> int:
    """Return the Unix time at which the month began."""
    moment = gmtime(time_s)
    seconds = moment.tm_hour * 3600 + moment.tm_min * 60 + moment.tm_sec
    return int(time_s) - (moment.tm_mday - 1) * 86_400 - seconds
