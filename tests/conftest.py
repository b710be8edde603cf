"""Fixtures that rooms share."""

import os
import signal
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


def pytest_configure() -> None:
    """Heed Ctrl-C: a shell that has us in the background ignores it, and so would what we start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: most tests wait for brokers, boards and processes."""
    return 2 * (os.cpu_count() or 1)


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
