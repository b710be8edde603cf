"""What was measured of each tier: how long it takes, and whether it is worth asking at all."""

from dataclasses import dataclass, field

_GAIN = 0.2  # weight of a new sample in the running mean
_SPREADS = 2.0  # deviations above the mean: near the 95th percentile of the usual shapes
_HALF_LIFE_S = 300.0  # after so long without a sample half of what was learnt is forgotten
_FAILURES_TO_OPEN = 3
_FIRST_REST_S = 5.0
_LONGEST_REST_S = 60.0
_LONGEST_RETRY_AFTER_S = 600.0


@dataclass(slots=True)
class Estimate:
    """A running mean and deviation of milliseconds that fades back to a first guess.

    Fading is what keeps routing from avoiding an endpoint for ever because it was slow once.
    """

    guess_ms: float
    mean_ms: float = 0.0
    deviation_ms: float = 0.0
    seen_s: float | None = None  # when the last sample came; None before the first

    def add(self, sample_ms: float, now_s: float) -> None:
        """Take in one measurement."""
        if self.seen_s is None:
            self.mean_ms, self.deviation_ms = sample_ms, sample_ms / 2
        else:
            error = sample_ms - self.mean_ms
            self.mean_ms += _GAIN * error
            self.deviation_ms += _GAIN * (abs(error) - self.deviation_ms)
        self.seen_s = now_s

    def predict(self, now_s: float) -> float:
        """Return the milliseconds that a request now will most likely not exceed."""
        if self.seen_s is None:
            return self.guess_ms
        measured = self.mean_ms + _SPREADS * self.deviation_ms
        trust = 0.5 ** (max(0.0, now_s - self.seen_s) / _HALF_LIFE_S)
        return trust * measured + (1 - trust) * self.guess_ms


@dataclass(slots=True)
class Health:
    """One tier's estimate and its breaker: after failures it rests, each time twice as long."""

    estimate: Estimate
    failures: int = 0  # in a row
    open_until_s: float = 0.0  # not asked before then
    _rest_s: float = field(default=_FIRST_REST_S)

    def succeeded(self, total_ms: float, now_s: float) -> None:
        """Note an answer: the breaker closes."""
        self.estimate.add(total_ms, now_s)
        self.failures = 0
        self._rest_s = _FIRST_REST_S

    def failed(self, now_s: float, retry_after_s: float | None = None) -> None:
        """Note a failure of the tier's own making. A client that cancelled is none.

        retry_after_s: what an overloaded tier asked for; it rests that long at once.
        """
        if retry_after_s is not None:
            rest_s = min(max(retry_after_s, 1.0), _LONGEST_RETRY_AFTER_S)
            self.open_until_s = max(self.open_until_s, now_s + rest_s)
            return
        self.failures += 1
        if self.failures >= _FAILURES_TO_OPEN:
            self.open_until_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
            self.failures = _FAILURES_TO_OPEN - 1  # one more failure after the rest opens it again
