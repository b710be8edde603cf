"""Every zone of the table against the tz database: offsets around each transition for years."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware import zones

TABLE = Path(zones.__file__).parent / "zones.txt"
RULES = {
    name: line.split(" ")[0]
    for line in TABLE.read_text().splitlines()
    for name in line.split(" ")[1:]
}
# Clocks there follow Ramadan: the database lists dates, a rule cannot say them.
LISTED_BY_DATE = {"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron"}
START = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 3652


@pytest.mark.parametrize("rule", sorted({r for n, r in RULES.items() if n not in LISTED_BY_DATE}))
def test_a_rule_agrees_with_the_database_for_ten_years(rule: str) -> None:
    name = next(n for n, r in RULES.items() if r == rule and n not in LISTED_BY_DATE)
    zone, reference = zones.Zone(rule), ZoneInfo(name)

    def check(moment: datetime) -> timedelta | None:
        want = moment.astimezone(reference).utcoffset()
        assert timedelta(seconds=zone.offset_s(int(moment.timestamp()))) == want, (name, moment)
        return want

    before = check(START)
    for day in range(1, DAYS):
        moment = START + timedelta(days=day)
        now = check(moment)
        if now != before:  # clocks were moved on that day: look at each quarter of an hour
            for quarter in range(1, 96):
                check(moment - timedelta(minutes=15 * quarter))
                check(moment - timedelta(minutes=15 * quarter, seconds=1))
        before = now


LOCAL = {
    "an ordinary time": ("Europe/Paris", (2027, 1, 15, 8, 0), "2027-01-15T07:00"),
    "in summer": ("Europe/Paris", (2027, 7, 15, 8, 0), "2027-07-15T06:00"),
    "skipped in spring": ("Europe/Paris", (2027, 3, 28, 2, 30), "2027-03-28T01:30"),
    "shown twice in autumn": ("Europe/Paris", (2027, 10, 31, 2, 30), "2027-10-31T00:30"),
    "skipped in New York": ("America/New_York", (2027, 3, 14, 2, 30), "2027-03-14T07:30"),
    "south of the equator": ("Australia/Sydney", (2027, 1, 15, 8, 0), "2027-01-14T21:00"),
    "skipped in Sydney": ("Australia/Sydney", (2027, 10, 3, 2, 30), "2027-10-02T16:30"),
    "half an hour of summer": ("Australia/Lord_Howe", (2027, 4, 4, 1, 45), "2027-04-03T14:45"),
    "winter time is the odd one": ("Europe/Dublin", (2027, 7, 1, 9, 0), "2027-07-01T08:00"),
    "45 minutes off": ("Asia/Kathmandu", (2027, 5, 1, 12, 0), "2027-05-01T06:15"),
}


@pytest.mark.parametrize("name, local, utc", LOCAL.values(), ids=LOCAL)
def test_local_time_to_a_moment(name: str, local: tuple[int, ...], utc: str) -> None:
    local_s = int(datetime(*local, tzinfo=UTC).timestamp())  # type: ignore[arg-type]
    got = zones.Zone(RULES[name]).to_unix_s(local_s)
    assert datetime.fromtimestamp(got, UTC).isoformat()[:16] == utc


def test_find() -> None:
    assert zones.find("Europe/Paris", TABLE) == "CET-1CEST,M3.5.0,M10.5.0/3"
    assert zones.find("Asia/Tokyo", TABLE) == "JST-9"
    assert zones.find("Europe/Par", TABLE) is None
    assert zones.find("JST-9", TABLE) is None
    assert len(RULES) > 400


BROKEN = (
    "",
    "X",
    "CET",
    "CET-1CEST",
    "CET-1CEST,M3.5.0",
    "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,J60,J300",
    "CET-1CEST,59,300",
    "CET-x",
    "<+1",
)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_cannot_be_read(rule: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        zones.Zone(rule)
