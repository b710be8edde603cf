"""Time zones: POSIX TZ rules, and the IANA names that stand for them in zones.txt.

A rule says what holds today and from now on: "CET-1CEST,M3.5.0,M10.5.0/3". In Casablanca, El
Aaiun, Gaza and Hebron clocks follow Ramadan too, which no rule can say: around it we are wrong.
Seconds are counted from 1970-01-01, UTC or local ("local seconds": what a clock on the wall
shows, as if it were UTC).
Source: IEEE Std 1003.1, section 8.3, with hours from -167 to 167 as in RFC 8536.
"""

_TABLE = "/firmware/zones.txt"  # lines "<rule> <zone> <zone> ...", made by host/zone_table.py
_DAY_S = 86400


def find(name, table=_TABLE):
    """Return the rule of an IANA zone ("Europe/Paris"), or None if there is none of that name."""
    word = " " + name + " "
    with open(table) as f:
        for line in f:
            if word in line.replace("\n", " "):
                return line.split(" ", 1)[0]
    return None


class Zone:
    """The offsets of one rule. Raises ValueError if the rule cannot be read."""

    def __init__(self, rule):
        parts = rule.split(",")
        rest = _skip_name(parts[0])
        offset, rest = _time(rest)
        self.standard_s = self.summer_s = -offset  # POSIX counts west, we count east
        self._start = None
        if rest:
            rest = _skip_name(rest)
            offset, rest = _time(rest) if rest else (offset - 3600, "")
            self.summer_s = -offset
            self._start = _day_rule(parts[1])
            self._end = _day_rule(parts[2])
        if rest or len(parts) != (3 if self._start else 1):
            raise ValueError("time zone " + rule)

    def offset_s(self, unix_s):
        """Return the seconds that local time is ahead of UTC at a moment."""
        if not self._start:
            return self.standard_s
        year = year_of((unix_s + self.standard_s) // _DAY_S)
        begin = _moment(self._start, year) - self.standard_s
        end = _moment(self._end, year) - self.summer_s
        if begin < end:
            summer = begin <= unix_s < end
        else:  # the southern half, where summer spans the new year
            summer = not end <= unix_s < begin
        return self.summer_s if summer else self.standard_s

    def to_unix_s(self, local_s):
        """Return the moment at which clocks show a local time.

        A time that clocks skip in spring counts as if they had not been moved, so that it
        falls right after the jump; of a time that they show twice it is the first.
        """
        ahead = max(self.standard_s, self.summer_s)
        behind = min(self.standard_s, self.summer_s)
        first = local_s - ahead
        return first if self.offset_s(first) == ahead else local_s - behind


def _skip_name(text):
    """Return what follows a zone's abbreviation: letters, or anything between < and >."""
    if text[:1] == "<":
        return text[text.index(">") + 1 :]
    at = 0
    while at < len(text) and text[at].isalpha():
        at += 1
    if at < 3:
        raise ValueError("time zone name " + text)
    return text[at:]


def _time(text):
    """Return (seconds, rest) of a text that begins with [+-]hh[:mm[:ss]]."""
    sign = -1 if text[:1] == "-" else 1
    at = 1 if text[:1] in ("-", "+") else 0
    start = at
    while at < len(text) and text[at] in "0123456789:":
        at += 1
    seconds = 0
    unit = 3600
    for part in text[start:at].split(":"):
        seconds += int(part) * unit
        unit //= 60
    return sign * seconds, text[at:]


def _day_rule(text):
    """Return (month, week, weekday, seconds) or (0, day from 0, counts leap days, seconds)."""
    day, _, time = text.partition("/")
    seconds = _time(time)[0] if time else 7200
    if day[0] == "M":
        month, week, weekday = [int(n) for n in day[1:].split(".")]
        if 1 <= month <= 12 and 1 <= week <= 5 and 0 <= weekday <= 6:
            return month, week, weekday, seconds
        raise ValueError("time zone day " + text)
    if day[0] == "J":  # day 1 to 365, February 29 is never counted
        return 0, int(day[1:]) - 1, 0, seconds
    return 0, int(day), 1, seconds


def _moment(rule, year):
    """Return the local seconds at which a rule's day and time fall in a year."""
    month, week, weekday, seconds = rule
    if month:
        first = days_from_civil(year, month, 1)
        day = first + (weekday - first - 4) % 7 + 7 * (week - 1)  # 1970-01-01 was a Thursday
        if day >= days_from_civil(year, month + 1, 1):  # week 5 is the last one
            day -= 7
    else:
        day = days_from_civil(year, 1, 1) + week
        if not weekday and week >= 59:
            day += days_from_civil(year, 3, 1) - days_from_civil(year, 2, 28) - 1
    return day * _DAY_S + seconds


def days_from_civil(year, month, day):
    """Return the days from 1970-01-01 to a date of the Gregorian calendar.

    month: 1 to 14; 13 and 14 are those of the next year.
    """
    if month < 3:
        year -= 1
        month += 12
    return (
        365 * year
        + year // 4
        - year // 100
        + year // 400
        + (153 * month - 457) // 5
        + day
        - 719469
    )


def year_of(days):
    """Return the year of a day counted from 1970-01-01."""
    year = 1970 + days // 366
    while days_from_civil(year + 1, 1, 1) <= days:
        year += 1
    return year
