"""How long an endpoint will take: learnt from what it took, as times that are reached by chance.

The first piece (TTFT) and each token after it (TPOT) are learnt apart, because answers differ in
length, and by the size of the input, which is what the first piece waits for.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from cloud_proxy.histogram import Histogram

LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995)
_P50, _P95 = LEVELS.index(0.5), LEVELS.index(0.95)
_SIZES = (512, 2048, 8192)  # input tokens; the borders of the buckets
_FRESH_S = 0.25  # a prediction is good for that long: making one takes 50 us
_GAIN = 0.1  # of a new answer's length in the running mean
_GUESSED_TOKENS = 64
_KNOWN = 3.0  # samples; with fewer a bucket asks its neighbours


@dataclass(frozen=True, slots=True)
class Latency:
    """A prediction: milliseconds at each of LEVELS, for the whole answer and its first piece."""

    total_ms: tuple[float, ...]
    first_ms: tuple[float, ...]
    output_tokens: int = _GUESSED_TOKENS

    @property
    def p50_ms(self) -> float:
        """Return what half of the answers take at most."""
        return self.total_ms[_P50]

    @property
    def p95_ms(self) -> float:
        """Return what 95 of 100 answers take at most."""
        return self.total_ms[_P95]

    @property
    def first_p95_ms(self) -> float:
        """Return when 95 of 100 answers have begun."""
        return self.first_ms[_P95]

    def chance(self, deadline_ms: float) -> float:
        """Return how likely the whole answer takes at most so long: 0 to 1, to the level below."""
        reached = bisect_right(self.total_ms, deadline_ms)
        return LEVELS[reached - 1] if reached else 0.0


def fixed(total_ms: float) -> Latency:
    """Return the prediction of something that always takes as long."""
    return Latency((total_ms,) * len(LEVELS), (total_ms,) * len(LEVELS))


@dataclass(slots=True)
class _Sized:
    """What was learnt of inputs of one size."""

    first: Histogram
    token: Histogram
    output_tokens: float = _GUESSED_TOKENS
    cached: Latency | None = None
    cached_s: float = 0.0


@dataclass(slots=True)
class Timings:
    """What was learnt of one endpoint and model. expect_ms: a whole answer, until measured.

    whole: its answers come in one piece, so that all the time is before the first one.
    """

    expect_ms: float
    whole: bool = False
    _sized: dict[int, _Sized] = field(default_factory=dict[int, _Sized])

    def add(
        self, input_tokens: int, first_ms: float, rest_ms: float, output_tokens: int, now_s: float
    ) -> None:
        """Take in an answer; first_ms alone, with 0 tokens, if it broke off before it began."""
        sized = self._of(bisect_right(_SIZES, input_tokens))
        sized.first.add(first_ms, now_s)
        if output_tokens:
            sized.token.add(rest_ms / output_tokens, now_s)
            sized.output_tokens += _GAIN * (output_tokens - sized.output_tokens)

    def predict(self, input_tokens: int, now_s: float) -> Latency:
        """Return how long a request of that size will take."""
        sized = self._of(self._nearest_known(bisect_right(_SIZES, input_tokens), now_s))
        if sized.cached is None or now_s - sized.cached_s > _FRESH_S:
            first = sized.first.quantiles(LEVELS, now_s)
            rest = sized.token.quantiles(LEVELS, now_s)
            tokens = 0.0 if self.whole else sized.output_tokens
            # Slow beginnings and slow tokens are taken to come together: the cautious sum.
            total = tuple(a + tokens * b for a, b in zip(first, rest, strict=True))
            sized.cached = Latency(total, tuple(first), round(sized.output_tokens))
            sized.cached_s = now_s
        return sized.cached

    def _nearest_known(self, bucket: int, now_s: float) -> int:
        """Return the bucket itself, or one beside it if only that has been measured."""
        sized = self._sized.get(bucket)
        if sized and (sized.cached and now_s - sized.cached_s <= _FRESH_S):
            return bucket
        for near in sorted(self._sized, key=lambda other: abs(other - bucket)):
            if self._sized[near].first.weight(now_s) >= _KNOWN:
                return near
        return bucket

    def _of(self, bucket: int) -> _Sized:
        if bucket not in self._sized:
            first_ms = self.expect_ms if self.whole else self.expect_ms / 2
            rest_ms = self.expect_ms / 2 / _GUESSED_TOKENS
            self._sized[bucket] = _Sized(Histogram(first_ms), Histogram(rest_ms))
        return self._sized[bucket]
