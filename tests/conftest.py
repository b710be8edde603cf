"""Fixtures that rooms share."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from host.broker import Broker

# A shared, busy machine draws slowly: how long a case takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker of this test's own on a free loopback port; it may be stopped and started."""
    with Broker.open() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many power cuts the board survived, whichever process counted them."""
    cuts = [
        count
        for report in terminalreporter.getreports("passed")
        for name, count in report.user_properties
        if name == "power cuts"
    ]
    if cuts:
        terminalreporter.write_line(f"{sum(cuts)} power cuts survived")
