"""Days of a board's life at a stretch; benchmarks/soak.py lets a whole month pass."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from soak import HEAP_SLACK, soak


@pytest.mark.timeout(600)
def test_four_days_with_restarts_and_outages_do_everything_once_and_keep_the_heap() -> None:
    report = soak(days=4)
    assert report.errors == []
    assert report.done + report.missed == report.due > 800
    assert report.missed > 0 and report.boots == 3 and report.connections >= 4
    first, last = report.heap
    assert last >= first - HEAP_SLACK
