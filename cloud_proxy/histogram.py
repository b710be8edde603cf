"""A histogram of milliseconds that forgets: buckets a tenth apart, old samples weighing less."""

import math
from collections.abc import Sequence

_SMALLEST_MS = 0.01
_STEP = math.log(1.1)  # a bucket's width: quantiles are right to a twentieth
_BUCKETS = 190  # up to some 11 minutes
_HALF_LIFE_S = 300.0
_REBASE = 1e6  # weights grow instead of all others shrinking; then they are scaled down at once


class Histogram:
    """Decayed counts. What was guessed weighs `_GUESS_WEIGHT` samples and never decays.

    So an endpoint that nobody asks drifts back to the guess instead of being shunned for ever.
    """

    def __init__(self, guess_ms: float) -> None:
        self._guess = [(index_of(guess_ms * factor), part) for factor, part in _GUESS]
        self._counts = [0.0] * _BUCKETS
        self._epoch_s: float | None = None  # when a sample weighed 1; None: there is none yet

    def add(self, sample_ms: float, now_s: float) -> None:
        """Take in one measurement."""
        if self._epoch_s is None:
            self._epoch_s = now_s
        weight = self._growth(now_s)
        if weight > _REBASE:
            self._counts = [count / weight for count in self._counts]
            self._epoch_s, weight = now_s, 1.0
        self._counts[index_of(sample_ms)] += weight

    def weight(self, now_s: float) -> float:
        """Return how many fresh samples what is known is worth, the guess left out."""
        return sum(self._counts) / self._growth(now_s)

    def quantiles(self, levels: Sequence[float], now_s: float) -> list[float]:
        """Return the milliseconds at each level in (0, 1), which must be in rising order."""
        scale = 1 / self._growth(now_s)
        counts = [count * scale for count in self._counts]
        for index, part in self._guess:
            counts[index] += part
        total = sum(counts)
        found: list[float] = []
        below = 0.0
        index = 0
        for level in levels:
            wanted = level * total
            while index < _BUCKETS - 1 and below + counts[index] < wanted:
                below += counts[index]
                index += 1
            inside = (wanted - below) / counts[index] if counts[index] else 1.0
            found.append(_SMALLEST_MS * math.exp((index + min(1.0, inside)) * _STEP))
        return found

    def _growth(self, now_s: float) -> float:
        if self._epoch_s is None:
            return 1.0
        return 2.0 ** (max(0.0, now_s - self._epoch_s) / _HALF_LIFE_S)


# What a guess looks like as samples: (times the guess, weight).
_GUESS = ((0.6, 0.9), (0.9, 1.0), (1.2, 0.1))


def index_of(sample_ms: float) -> int:
    """Return the bucket of a sample; what is beyond the ends goes into the last one there."""
    if not sample_ms > _SMALLEST_MS:
        return 0
    return min(_BUCKETS - 1, int(math.log(sample_ms / _SMALLEST_MS) / _STEP))
