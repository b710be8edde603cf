"""The report: sums that add up, what would have been, and a page that needs nothing else."""

import xml.etree.ElementTree as ElementTree

import pytest

from cloud_proxy.config import load
from cloud_proxy.metering import Attempt
from cloud_proxy.report import NO_GROUP, counterfactual, groups_of, sums
from cloud_proxy.report_page import page

DAY_MS = 86_400_000
EDGE = Attempt(
    10, "d1", "r1", 0, 0, "edge", "m", 5, 3, 0, True, 0, "free", None, 8, "ok", "", 10, None
)  # fmt: skip
UNSURE = EDGE._replace(request="r2", outcome="unsure")
PAID = EDGE._replace(
    request="r2",
    attempt=1,
    tier="<groq>",
    cost_ud=70,
    total_ms=300,
    since_ms=310,
    slo_ms=400,
)
LATE = PAID._replace(device="d2", time_ms=DAY_MS + 1, since_ms=900, total_ms=890)
BROKEN = LATE._replace(request="r3", outcome="timeout", cost_ud=5)
ROWS = [row._asdict() for row in (EDGE, UNSURE, PAID, LATE, BROKEN)]


CONFIG = """
[[budgets]]
scope = "group"
name = "first"
devices = ["d1"]
per = "day"
usd = 1

[[budgets]]
scope = "group"
name = "all-d"
devices = ["d*"]
per = "month"
usd = 9
"""


def told(group, groups=None):
    keys = ("attempts", "requests", "ok", "cost_ud", "p95_ms", "deadlines", "met")
    return {row[group]: tuple(row[key] for key in keys) for row in sums(ROWS, group, groups)}


GROUPED = {
    "tier": {"edge": (2, 2, 1, 0, 8, 0, 0), "<groq>": (3, 3, 2, 145, 890, 3, 1)},
    "device": {"d1": (3, 2, 2, 70, 300, 1, 1), "d2": (2, 2, 1, 75, 890, 2, 0)},
    "day": {"1970-01-01": (3, 2, 2, 70, 300, 1, 1), "1970-01-02": (2, 2, 1, 75, 890, 2, 0)},
}


@pytest.mark.parametrize("group, expected", GROUPED.items(), ids=GROUPED)
def test_sums_by(group, expected):
    assert told(group) == expected


def test_sums_by_group_are_of_the_devices_that_budgets_name(tmp_path):
    (tmp_path / "proxy.toml").write_text(CONFIG)
    groups = groups_of(load(tmp_path / "proxy.toml").budgets)
    everything = (5, 4, 3, 145, 890, 3, 1)
    assert told("group", groups) == {"first": GROUPED["device"]["d1"], "all-d": everything}
    assert told("group", {"first": groups["first"]}) == {
        "first": GROUPED["device"]["d1"], NO_GROUP: GROUPED["device"]["d2"]
    }  # fmt: skip


def test_what_the_edge_tier_alone_would_have_done():
    assert counterfactual(ROWS) == {
        "answered_elsewhere": 2, "saved_ud": 145, "sure": 0.5, "would_decline": 1,
        "edge_p95_ms": 8, "deadlines": 2, "met": 1, "edge_would_meet": 2,
    }  # fmt: skip
    assert counterfactual(ROWS[2:])["sure"] is None


@pytest.mark.parametrize("rows", [ROWS, []], ids=["of a ledger", "of an empty one"])
def test_a_page(rows):
    made = page(rows)
    tree = ElementTree.fromstring(
        made.removeprefix("<!doctype html>").replace("<meta charset='utf-8'>", "")
    )
    assert "src=" not in made and "href=" not in made
    assert "&lt;groq&gt;" in made or not rows
    bars = tree.findall(".//rect")
    assert len(bars) == len({(row["tier"], row["time_ms"] // DAY_MS) for row in rows})
    heights = [float(bar.get("height")) for bar in bars if "groq" in bar.find("title").text]
    assert heights == sorted(heights)  # 70 and then 75 micro-dollars
