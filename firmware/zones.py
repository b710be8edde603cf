"""Time zones: POSIX TZ rules, and the IANA names that stand for them in zones.txt.

A rule says what holds today and from now on: "CET-1CEST,M3.5.0,M10.5.0/3"; days are named by
month, week and weekday, as the tz database does everywhere. In Casablanca, El Aaiun, Gaza and
Hebron clocks follow Ramadan too, which no rule can say: around it we are wrong.
Seconds are counted from 1970-01-01, UTC or local ("local seconds": what a clock on the wall
shows, as if it were UTC).
Source: IEEE Std 1003.1, section 8.3, with hours from -167 to 167 as in RFC 8536.
"""

import time

from firmware.clock import EPOCH_S

# Beside this file; lines "<rule> <zone> <zone> ...", made by host/zone_table.py.
_TABLE = __file__.rsplit(".", 1)[0] + ".txt"


def find(name, table=_TABLE):
    """Return the rule of an IANA zone ("Europe/Paris"), or None if there is none of that name."""
    word = " " + name + " "
    with open(table) as f:
        for line in f:
            if word in line.replace("\n", " "):
                return line.split(" ", 1)[0]
    return None


class Zone:
    """The offsets of one rule. Raises ValueError or IndexError if the rule cannot be read."""

    def __init__(self, rule):
        parts = rule.split(",")
        offset, rest = _time(_skip_name(parts[0]))
        self.standard_s = self.summer_s = -offset  # POSIX counts west, we count east
        self._start = None
        if rest:
            rest = _skip_name(rest)
            self.summer_s = -_time(rest)[0] if rest else 3600 - offset
            self._start = _day_rule(parts[1])
            self._end = _day_rule(parts[2])

    def offset_s(self, unix_s):
        """Return the seconds that local time is ahead of UTC at a moment."""
        if not self._start:
            return self.standard_s
        year = date(unix_s + self.standard_s)[0]
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
    while text[:1].isalpha():
        text = text[1:]
    return text


def _time(text):
    """Return (seconds, rest) of a text that begins with [+-]hh[:mm[:ss]]."""
    size = 1
    while size < len(text) and text[size] in "0123456789:":
        size += 1
    seconds = 0
    unit = 3600
    for part in text[:size].lstrip("+-").split(":"):
        seconds += int(part) * unit
        unit //= 60
    return -seconds if text[0] == "-" else seconds, text[size:]


def _day_rule(text):
    """Return (month, week, weekday, seconds) of "M3.5.0/2"."""
    day, _, time = text.partition("/")
    month, week, weekday = map(int, day[1:].split("."))
    if not 0 < month < 13:
        raise ValueError
    return month, week, weekday, _time(time or "2")[0]


def _moment(rule, year):
    """Return the local seconds at which a rule's day and time fall in a year."""
    month, week, weekday, seconds = rule
    first = _days(year, month)
    day = first + (weekday - first - 4) % 7 + 7 * (week - 1)  # 1970-01-01 was a Thursday
    if day >= _days(year, month + 1):  # week 5 is the last one
        day -= 7
    return day * 86400 + seconds


def _days(year, month):
    """Return the days from 1970-01-01 to the first of a month; 13 is the next January."""
    if month < 3:
        year -= 1
        month += 12
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + (153 * month - 457) // 5 - 719468


def date(local_s):
    """Return (year, month, day, hour, minute, second, weekday 0=Monday, ...) of local seconds."""
    return time.gmtime(local_s - EPOCH_S)
