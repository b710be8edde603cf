"""A mapping that forgets: by number of entries, and by age if one is given."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lru(Generic[K, V]):
    """At most `most` entries, none older than `ttl_s`; the least recently used goes first."""

    def __init__(
        self, most: int, ttl_s: float = math.inf, clock: Callable[[], float] | None = None
    ) -> None:
        """clock: seconds; the system's by default."""
        self._most = most
        self._ttl_s = ttl_s
        self._clock = clock or time.monotonic
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __setitem__(self, key: K, value: V) -> None:
        self._entries[key] = (self._clock() + self._ttl_s, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def get(self, key: K) -> V | None:
        """Return the value and count it as used, or None if it is unknown or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires_s, value = entry
        if expires_s < self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def pop(self, key: K) -> V | None:
        """Return the value and forget it, or None if it is unknown or too old."""
        value = self.get(key)
        self._entries.pop(key, None)
        return value

    def __len__(self) -> int:
        return len(self._entries)
