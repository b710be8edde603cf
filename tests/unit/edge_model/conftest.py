"""One model for all tests of the room; it keeps no state."""

import pytest

from cloud_proxy.edge_model import EdgeModel


@pytest.fixture(scope="session")
def model() -> EdgeModel:
    return EdgeModel.load()
