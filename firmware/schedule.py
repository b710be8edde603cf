"""Schedules by the wall clock: {"at": "08:15", "days": "mon,tue"} and {"cron": "*/5 * * * *"}.

A schedule is five bit masks (minutes, hours, days of the month, months, days of the week from
Monday); bit n stands for value n. When clocks are moved, a time that is skipped in spring falls
right after the jump, and one that is shown twice in autumn counts the first time only; but a
schedule for every hour simply goes on minute by minute.
"""

from firmware import zones

_DAY_S = 86400
_SEARCH_DAYS = 366 * 8  # February 29 may be eight years away
_EVERY_HOUR = (1 << 24) - 1
_DAYS = "mon tue wed thu fri sat sun"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"


def parse(when):
    """Return the masks of {"at", "days"} or {"cron"}. Raises ValueError with the reason."""
    if "cron" in when:
        fields = when["cron"].lower().split()
        if len(fields) != 5:
            raise ValueError("cron needs 5 fields: minute hour day month weekday")
        days = _mask(fields[4], 0, 7, "sun " + _DAYS)
        days = days >> 1 | (days & 1) << 6  # from Monday; 7 is Sunday too
        # As cron has it: with both days restricted either one will do.
        either = fields[2][0] != "*" and fields[4][0] != "*"
        return (
            _mask(fields[0], 0, 59),
            _mask(fields[1], 0, 23),
            _mask(fields[2], 1, 31),
            _mask(fields[3], 1, 12, _MONTHS),
            days,
            either,
        )
    hour, colon, minute = when["at"].partition(":")
    if not colon or len(minute) != 2:
        raise ValueError("at must be HH:MM")
    days = when.get("days", "*").lower()
    return _mask(minute, 0, 59), _mask(hour, 0, 23), -1, -1, _mask(days, 0, 6, _DAYS), False


def following(masks, unix_s, zone):
    """Return the next moment after unix_s that a schedule names, or None if there is none.

    zone: a zones.Zone.
    """
    if masks[1] == _EVERY_HOUR:
        return _minute_by_minute(masks, unix_s, zone)
    today = (unix_s + zone.offset_s(unix_s)) // _DAY_S
    for day in range(today, today + _SEARCH_DAYS):
        if not _day_matches(masks, day):
            continue
        for hour in range(24):
            if not masks[1] >> hour & 1:
                continue
            for minute in range(60):
                if masks[0] >> minute & 1:
                    moment = zone.to_unix_s(day * _DAY_S + hour * 3600 + minute * 60)
                    if moment > unix_s:
                        return moment
    return None


def _minute_by_minute(masks, unix_s, zone):
    moment = unix_s // 60 * 60
    last = moment + _SEARCH_DAYS * _DAY_S
    while moment < last:
        moment += 60
        local = moment + zone.offset_s(moment)
        while not _day_matches(masks, local // _DAY_S):
            moment += _DAY_S - local % _DAY_S
            if moment >= last:
                return None
            local = moment + zone.offset_s(moment)
        if masks[0] >> local // 60 % 60 & 1:
            return moment
    return None


def _day_matches(masks, days):
    """True if a day, counted from 1970-01-01, is one of the schedule's."""
    year = zones.year_of(days)
    month = (days - zones.days_from_civil(year, 1, 1)) // 31 + 1
    if zones.days_from_civil(year, month + 1, 1) <= days:
        month += 1
    if not masks[3] >> month & 1:
        return False
    of_month = masks[2] >> days - zones.days_from_civil(year, month, 1) + 1 & 1
    of_week = masks[4] >> (days + 3) % 7 & 1
    return of_month or of_week if masks[5] else of_month and of_week


def _mask(text, low, high, names=""):
    """Return the bits of a cron field: *, 5, 1-5, */2, 10-50/5, mon, and lists of these."""
    mask = 0
    for part in text.split(","):
        span, slash, step = part.partition("/")
        step = int(step) if slash else 1
        if span == "*":
            first, last = low, high
        else:
            first, dash, last = span.partition("-")
            first = _value(first, low, names)
            last = _value(last, low, names) if dash else high if slash else first
        if not low <= first <= last <= high or step < 1:
            raise ValueError("%s is not within %d to %d" % (part, low, high))
        for value in range(first, last + 1, step):
            mask |= 1 << value
    return mask


def _value(text, low, names):
    names = names.split()
    return names.index(text) + low if text in names else int(text)
