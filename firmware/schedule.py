"""Schedules by the wall clock: {"at": "08:15", "days": "mon,tue"} and {"cron": "*/5 * * * *"}.

A schedule is five bit masks (minutes, hours, days of the month, months, days of the week); bit n
stands for value n. When clocks are moved, a time that is skipped in spring falls right after the
jump, and one that is shown twice in autumn counts the first time only; but a schedule for every
hour simply goes on minute by minute.
"""

from firmware import zones

_DAYS = "mon tue wed thu fri sat sun"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"


def following(when, unix_s, zone):
    """Return the next moment after unix_s that a trigger names, or None if there is none.

    when: {"at", "days"} or {"cron"}. zone: a zones.Zone. Raises ValueError with the reason.
    """
    if "cron" in when:
        fields = when["cron"].lower().split()
    else:
        fields = when["at"].split(":")[::-1] + ["*", "*", when.get("days", "*").lower()]
    if len(fields) != 5:
        raise ValueError('at is "HH:MM", cron has 5 fields: minute hour day month weekday')
    minutes = _mask(fields[0], 0, 59)
    hours = _mask(fields[1], 0, 23)
    days = _mask(fields[2], 1, 31)
    months = _mask(fields[3], 1, 12, _MONTHS)
    weekdays = _mask(fields[4], 0, 7, _DAYS)
    weekdays |= weekdays << 7  # Sunday is 0 and 7
    # As cron has it: with both days restricted either one will do.
    suffice = any if fields[2][0] != "*" and fields[4][0] != "*" else all
    today = (unix_s + zone.offset_s(unix_s)) // 86400
    for day in range(today, today + 2928):  # February 29 may be eight years away
        date = zones.date(day * 86400)
        matches = suffice((days >> date[2] & 1, weekdays >> date[6] + 1 & 1))
        if not matches or not months >> date[1] & 1:
            continue
        if hours == 0xFFFFFF:
            moment = max(unix_s // 60 * 60 + 60, zone.to_unix_s(day * 86400))
            while True:
                local = moment + zone.offset_s(moment)
                if local // 86400 != day:
                    break
                minute = local // 60 % 60
                if minutes >> minute & 1:
                    return moment
                moment += 60
                minute += 1
                while minute < 60 and not minutes >> minute & 1:  # zones change on the hour
                    moment += 60
                    minute += 1
            continue
        for hour in range(24):
            if hours >> hour & 1:
                for minute in range(60):
                    if minutes >> minute & 1:
                        moment = zone.to_unix_s(day * 86400 + hour * 3600 + minute * 60)
                        if moment > unix_s:
                            return moment
    return None


def _mask(text, low, high, names=""):
    """Return the bits of a cron field: *, 5, 1-5, */2, 10-50/5, mon, and lists of these."""
    mask = 0
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if span == "*":
            span = "%d-%d" % (low, high)
        first, dash, last = span.partition("-")
        first = _value(first, names)
        last = _value(last, names) if dash else high if slash else first
        if not low <= first <= last <= high:
            raise ValueError("%s is not within %d to %d" % (part, low, high))
        for value in range(first, last + 1, int(step) if slash else 1):
            mask |= 1 << value
    return mask


def _value(text, names):
    names = names.split()
    return names.index(text) + 1 if text in names else int(text)
