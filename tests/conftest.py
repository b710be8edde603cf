"""Fixtures that rooms share."""

from collections.abc import Iterator

import pytest

from host.broker import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker of this test's own on a free loopback port; it may be stopped and started."""
    with Broker.open() as running:
        yield running
