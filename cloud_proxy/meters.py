"""What is counted for Prometheus: plain sums on the hot path, made into a page when asked for."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cloud_proxy.health import Health
from cloud_proxy.metering import Attempt

_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Times:
    """A histogram of seconds by tier."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    def add(self, tier: str, took_ms: int) -> None:
        counts = self._counts.setdefault(tier, [0] * (len(_BOUNDS_S) + 1))
        counts[bisect_left(_BOUNDS_S, took_ms / 1000)] += 1
        self._sums[tier] += took_ms

    def family(self, name: str, words: str) -> Metric:
        family = HistogramMetricFamily(name, words, labels=["tier"])
        for tier, counts in self._counts.items():
            below = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*map(str, _BOUNDS_S), "+Inf"), counts, strict=True):
                below += count
                buckets.append((bound, below))
            family.add_metric([tier], buckets, self._sums[tier] / 1000)  # pyright: ignore
        return family


class Meters(Collector):
    """Sums since the start. Labels are tiers and outcomes, never devices: those have no bound."""

    def __init__(self, health: Mapping[str, Health], gauges: Mapping[str, Callable[[], float]]):
        """gauges: more values by name, read when the page is made."""
        self.health = health
        self._gauges = gauges
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._cost_ud: Counter[str] = Counter()
        self._in_time: Counter[tuple[str, str]] = Counter()
        self._totals = _Times()
        self._firsts = _Times()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def count(self, row: Attempt) -> None:
        """Take in a row of the ledger."""
        tier = row.tier
        self._attempts[tier, row.outcome] += 1
        self._tokens[tier, "input"] += row.input_tokens
        self._tokens[tier, "output"] += row.output_tokens
        self._cost_ud[tier] += row.cost_ud
        self._totals.add(tier, row.total_ms)
        if row.ttft_ms is not None:
            self._firsts.add(tier, row.ttft_ms)
        if row.slo_ms is not None and row.outcome == "ok":
            self._in_time[tier, "yes" if row.since_ms <= row.slo_ms else "no"] += 1

    def page(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family, for prometheus_client."""
        yield _counter("limpet_attempts", "Attempts", ["tier", "outcome"], self._attempts)
        yield _counter("limpet_tokens", "Tokens", ["tier", "kind"], self._tokens)
        cost = {(tier,): ud for tier, ud in self._cost_ud.items()}
        yield _counter("limpet_cost_microdollars", "Cost", ["tier"], cost)
        words = "Answers with a deadline"
        yield _counter("limpet_deadlines", words, ["tier", "met"], self._in_time)
        yield self._totals.family("limpet_attempt_seconds", "Attempts, start to end")
        yield self._firsts.family("limpet_first_piece_seconds", "Attempts, start to first piece")
        under_way = GaugeMetricFamily("limpet_in_flight", "Attempts under way", labels=["tier"])
        for tier, health in self.health.items():
            under_way.add_metric([tier], health.in_flight)
        yield under_way
        for name, read in self._gauges.items():
            yield GaugeMetricFamily(name, name.replace("_", " "), value=read())


def _counter(
    name: str, words: str, labels: list[str], sums: Mapping[tuple[str, ...], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for key, value in sums.items():
        family.add_metric(list(key), value)
    return family
