"""When schedules are due, across the days on which clocks are moved."""

from datetime import UTC, datetime, timedelta

import pytest

from firmware import schedule, zones

PARIS = zones.Zone("CET-1CEST,M3.5.0,M10.5.0/3")
UTC0 = zones.Zone("UTC0")


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def words(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()[:16]


# trigger, zone, now (UTC), next (UTC)
NEXT = {
    "later today": ({"at": "08:15"}, UTC0, "2027-01-15T07:00", "2027-01-15T08:15"),
    "now means tomorrow": ({"at": "08:15"}, UTC0, "2027-01-15T08:15", "2027-01-16T08:15"),
    "on a weekday": ({"at": "08:15", "days": "mon,tue"}, UTC0, "2027-01-15T07:00", "2027-01-18T08:15"),
    "on a range of days": ({"at": "6:45", "days": "mon-fri"}, UTC0, "2027-01-15T07:00", "2027-01-18T06:45"),
    "local time in winter": ({"at": "08:00"}, PARIS, "2027-01-15T00:00", "2027-01-15T07:00"),
    "local time in summer": ({"at": "08:00"}, PARIS, "2027-07-15T00:00", "2027-07-15T06:00"),
    "skipped in spring, falls after the jump": (
        {"at": "02:30"}, PARIS, "2027-03-27T12:00", "2027-03-28T01:30"),
    "the day after the jump as usual": ({"at": "02:30"}, PARIS, "2027-03-28T01:30", "2027-03-29T00:30"),
    "shown twice, the first counts": ({"at": "02:30"}, PARIS, "2027-10-30T12:00", "2027-10-31T00:30"),
    "shown twice, the second does not": ({"at": "02:30"}, PARIS, "2027-10-31T00:30", "2027-11-01T01:30"),
    "every five minutes": ({"cron": "*/5 * * * *"}, UTC0, "2027-01-15T07:03", "2027-01-15T07:05"),
    "every five minutes through the hour shown twice": (
        {"cron": "*/5 * * * *"}, PARIS, "2027-10-31T01:02", "2027-10-31T01:05"),
    "working hours": ({"cron": "0 9-17 * * mon-fri"}, UTC0, "2027-01-15T17:30", "2027-01-18T09:00"),
    "the 13th or a Friday": ({"cron": "0 0 13 * 5"}, UTC0, "2027-01-08T12:00", "2027-01-13T00:00"),
    "Sunday as 0": ({"cron": "0 0 * * 0"}, UTC0, "2027-01-15T00:00", "2027-01-17T00:00"),
    "Sunday as 7": ({"cron": "0 0 * * 7"}, UTC0, "2027-01-15T00:00", "2027-01-17T00:00"),
    "a month by name": ({"cron": "30 4 1 jan,jul *"}, UTC0, "2027-01-15T00:00", "2027-07-01T04:30"),
    "new year": ({"cron": "0 0 1 1 *"}, UTC0, "2027-12-31T23:59", "2028-01-01T00:00"),
    "February 29": ({"cron": "0 12 29 2 *"}, UTC0, "2027-01-01T00:00", "2028-02-29T12:00"),
    "each minute of one hour": ({"cron": "* 3 * * *"}, UTC0, "2027-01-15T03:59", "2027-01-16T03:00"),
    "a day that never comes": ({"cron": "0 0 31 2 *"}, UTC0, "2027-01-01T00:00", None),
    "a minute of a day that never comes": ({"cron": "0 * 31 2 *"}, UTC0, "2027-01-01T00:00", None),
}  # fmt: skip


@pytest.mark.parametrize("when, zone, now, due", NEXT.values(), ids=NEXT)
def test_following(when: dict[str, str], zone: zones.Zone, now: str, due: str | None) -> None:
    assert words(schedule.following(when, unix(now), zone)) == due


def test_a_daily_schedule_fires_once_a_day_for_two_years() -> None:
    when = {"at": "02:30"}
    moment = unix("2027-01-01T12:00")
    days: list[int] = []
    for _ in range(730):
        moment = schedule.following(when, moment, PARIS)
        days.append((moment + PARIS.offset_s(moment)) // 86400)
    assert days == list(range(days[0], days[0] + 730))


def test_cron_agrees_with_a_slow_search() -> None:
    when = {"cron": "7-50/11 2,14 */3 * 1-5"}
    moment = start = unix("2027-02-01T00:00")
    due: list[int] = []
    while moment < start + 90 * 86400:
        moment = schedule.following(when, moment, UTC0)
        due.append(moment)
    slow = []
    for minute in range(90 * 1440):
        t = datetime.fromtimestamp(start, UTC) + timedelta(minutes=minute)
        if (
            t.minute in (7, 18, 29, 40) and t.hour in (2, 14)
            and (t.day - 1) % 3 == 0 and t.weekday() < 5
        ):  # fmt: skip
            slow.append(int(t.timestamp()))
    assert [t for t in due if t < start + 90 * 86400] == slow


BAD = {
    "no colon": {"at": "815"},
    "an hour too many": {"at": "24:00"},
    "a minute too many": {"at": "23:60"},
    "words": {"at": "noon"},
    "a day that is none": {"at": "08:00", "days": "mon,someday"},
    "four fields": {"cron": "* * * *"},
    "a range that runs backwards": {"cron": "50-10 * * * *"},
    "a step of nothing": {"cron": "*/0 * * * *"},
    "a month too many": {"cron": "0 0 1 13 *"},
    "nothing": {"cron": ""},
}


@pytest.mark.parametrize("when", BAD.values(), ids=BAD)
def test_bad_schedules(when: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        schedule.following(when, unix("2027-01-15T07:00"), UTC0)
