"""What is known of each endpoint: how long it takes, whether it works, what it will still take."""

from dataclasses import dataclass, field

from cloud_proxy.breaker import Breaker
from cloud_proxy.latency import Timings
from cloud_proxy.rate import Rate


@dataclass(slots=True)
class Health:
    """One endpoint and model, as measured by this proxy.

    in_one_piece: for answers that are not streamed, which have no first piece to measure.
    """

    streamed: Timings
    in_one_piece: Timings
    rate: Rate
    breaker: Breaker = field(default_factory=Breaker)
    in_flight: int = 0

    def timings(self, whole: bool) -> Timings:
        """Return what was learnt of answers of that kind."""
        return self.in_one_piece if whole else self.streamed


def new(
    expect_ms: float, requests_per_minute: int | None = None, tokens_per_minute: int | None = None
) -> Health:
    """Return the health of an endpoint that nothing has been measured of."""
    rate = Rate(requests_per_minute, tokens_per_minute)
    return Health(Timings(expect_ms), Timings(expect_ms, whole=True), rate)
