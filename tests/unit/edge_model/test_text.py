"""Words, numbers, lengths of time, clock times and names, as plain code reads them."""

import pytest

from cloud_proxy.edge_model.names import pin_of
from cloud_proxy.edge_model.sentence import TooLong, read
from cloud_proxy.edge_model.spelling import mended
from cloud_proxy.edge_model.values import convert, days_of, hexadecimal, slug


def kinds(text, kind, memory=None):
    return [token for token in read(text, memory).tokens if token.kind == kind]


LENGTHS = {
    "10 seconds": 10,
    "20 minutes": 1200,
    "5m": 300,
    "90s": 90,
    "half an hour": 1800,
    "half a minute": 30,
    "an hour": 3600,
    "an hour and a half": 5400,
    "two and a half minutes": 150,
    "a quarter of an hour": 900,
    "1 hour and 15 minutes": 4500,
    "2h30": 9000,
    "a couple of minutes": 120,
    "two minutes and a half": 150,
    "once a second": 1,
    "twice a minute": 30,
    "4 times an hour": 900,
    "every minute": 60,
    "twenty-five seconds": 25,
    "one hundred and twenty seconds": 120,
    "1 day": 86400,
    "every other minute": 120,
    "another minute": 60,
    "three quarters of an hour": 2700,
    "5 mintues": 300,
    "a minute and a half": 90,
    "two-and-a-half-minute": 150,
    "2\u00bd minutes": 150,
    "2 1/2 hours": 9000,
    "1/2 hour": 1800,
    "one and three quarter hours": 6300,
    "1m30s": 90,
    "every hour and a half": 5400,
    "in one hour thirty turn on 5": 5400,
    "two hours fifteen": 8100,
    "every second day": 172800,
    "every 3rd hour": 10800,
    "every third minute": 180,
    "every second": 1,
    "every second toggle 5": 1,
    "every other day at 7": 172800,
    "every other monday at 7": 1209600,
    "every fortnight": 1209600,
    "in one hour 15 on": 3600,
    "30 secnds": 30,
}
TIMES = {
    "at 6:45 pm": "18:45",
    "at 6.45pm": "18:45",
    "at 18:30": "18:30",
    "at 7 am": "07:00",
    "at 12 am": "00:00",
    "at 12 pm": "12:00",
    "at noon": "12:00",
    "at midnight": "00:00",
    "at half past six": "06:30",
    "at half past six in the evening": "18:30",
    "at quarter to eight": "07:45",
    "at ten past 9": "09:10",
    "at twenty to nine tonight": "20:40",
    "at 7 o'clock": "07:00",
    "at seven thirty": "07:30",
    "at 7 in the evening": "19:00",
    "every night at 11": "23:00",
    "at 06:15": "06:15",
    "at 19.30": "19:30",
    "at 0730": "07:30",
    "at 18h30": "18:30",
    "at half seven": "07:30",
    "at quarter of seven in the evening": "18:45",
    "at eleven at night": "23:00",
    "at 12 at night": "00:00",
    "at 12 in the afternoon": "12:00",
    "at seven a m": "07:00",
    "at nine p. m.": "21:00",
    "at seven in the p m": "19:00",
    "at 6 pm sharp": "18:00",
    "at seven o clock in the evening": "19:00",
    "at 7 o'clock pm": "19:00",
    "six thirty pm": "18:30",
    "at seven oh five": "07:05",
    "at 7 05": "07:05",
    "at twenty one thirty": "21:30",
    "at fifteen hundred hours": "15:00",
    "at oh seven hundred": "07:00",
    "at 0700 hours": "07:00",
    "at oh seven thirty in the evening": "07:30",
    "at five minutes past eight": "08:05",
    "at ten after nine": "09:10",
    "at noonish": "12:00",
    "at 12 midnight": "00:00",
    "at 3 tonight": "03:00",
}
RANGES = {
    "only between eight in the evening and six in the morning": ["20:00", "06:00"],
    "every morning at 7 on and every evening at 8 off": ["07:00", "20:00"],
    "between eight in the evening and six": ["20:00", "06:00"],
    "between 8 in the evening and 10": ["20:00", "22:00"],
    "between 10 in the morning and 4": ["10:00", "16:00"],
    "every night between 11 and 6": ["23:00", "06:00"],
    "in the evening between 6 and 10": ["18:00", "22:00"],
    "between 6 and 10 in the evening": ["18:00", "22:00"],
    "between 10 and 6 in the morning": ["22:00", "06:00"],
    "between 8 and 6 pm": ["08:00", "18:00"],
    "from 9 am to 5": ["09:00", "17:00"],
    "from 10 pm to 6": ["22:00", "06:00"],
    "from noon to 6": ["12:00", "18:00"],
    "between 10 and midnight": ["22:00", "00:00"],
    "between 22:00 and 6:00": ["22:00", "06:00"],
    "between 8:00 and 17:00": ["08:00", "17:00"],
    "between 7 and 9": ["07:00", "09:00"],
    "between six thirty and eight thirty in the evening": ["18:30", "20:30"],
    "after 8 in the evening and before 6 in the morning": ["20:00", "06:00"],
    "on at 7 and off at 9 in the evening": ["19:00", "21:00"],
    "at half past ten at night and at half past six in the morning": ["22:30", "06:30"],
}
DAYS = {
    "every weekday at 7": "mon,tue,wed,thu,fri",
    "on working days at 7": "mon,tue,wed,thu,fri",
    "at week ends at 9": "sat,sun",
    "at the end of the week": None,
    "on saturday and sunday": "sat,sun",
    "monday to friday": "mon,tue,wed,thu,fri",
    "from friday to monday": "mon,fri,sat,sun",
    "on weekends": "sat,sun",
    "mon, wed and fri": "mon,wed,fri",
    "every day": None,
    "on tuesdays": "tue",
    "every mnoday": "mon",
}
PINS = {
    "gpio 5": 5,
    "GPIO5": 5,
    "relay on pin 12": 12,
    "7": 7,
    "pin number 18": 18,
    "under the mat": None,
    "gpio 5 and gpio 6": None,
    "gpio 77": None,
}


@pytest.mark.parametrize("text, seconds", LENGTHS.items(), ids=LENGTHS)
def test_a_length_of_time_is_one_word_in_seconds(text, seconds):
    (token,) = kinds(text, "dur")
    assert convert("seconds", token, [token]) == seconds


@pytest.mark.parametrize("text, clock", TIMES.items(), ids=TIMES)
def test_a_time_of_day_is_hours_and_minutes(text, clock):
    tokens = read(text).tokens
    times = [t for t in tokens if t.kind == "time"] or [t for t in tokens if t.kind == "num"]
    assert convert("time", times[0], tokens) == clock


@pytest.mark.parametrize("text, clocks", RANGES.items(), ids=RANGES)
def test_each_time_has_its_own_half_of_the_day(text, clocks):
    tokens = read(text).tokens
    found = [convert("time", token, tokens) for token in tokens]
    assert [clock for clock in found if clock] == clocks


@pytest.mark.parametrize("text, days", DAYS.items(), ids=DAYS)
def test_days_are_in_the_order_of_the_week(text, days):
    assert days_of(read(text).tokens) == days


@pytest.mark.parametrize("text, pin", PINS.items(), ids=PINS)
def test_a_remembered_value_names_at_most_one_pin(text, pin):
    assert pin_of(text) == pin


def test_under_a_second_is_no_interval_but_a_pause():
    (token,) = kinds("500 ms", "dur")
    assert convert("seconds", token, [token]) is None
    assert convert("ms", token, [token]) == 500


GROUPED = {
    "1,000 Hz": [1000],
    "2,500 mV": [2500],
    "0,128,255": [0, 128, 255],
    "12,13,14": [12, 13, 14],
}


@pytest.mark.parametrize("text, numbers", GROUPED.items(), ids=GROUPED)
def test_thousands_are_grouped_before_a_small_unit_only(text, numbers):
    assert [token.value for token in kinds(text, "num")] == numbers


CRONS = {
    "cron */5 * * * * toggle 4": "*/5 * * * *",
    'cron "0 7 * * 1-5": turn on 4': "0 7 * * 1-5",
    "on schedule 30 6,18 1 * mon-fri": "30 6,18 1 * mon-fri",
    "using the cron expression 30 5 * * 2,4, turn off pin 19": "30 5 * * 2,4",
    "toggle 4 by cron 0 7 * * 1-5.": "0 7 * * 1-5",
    "turn on 1 2 3 4 5": None,
    "5 * 3": None,
}


@pytest.mark.parametrize("text, cron", CRONS.items(), ids=CRONS)
def test_a_cron_line_is_one_word(text, cron):
    assert next((t.value for t in kinds(text, "cron")), None) == cron


BYTES = {
    "0xff": "ff",
    "01 a0": "01a0",
    "0x01, 0x02": "0102",
    "0xABC": "0abc",
    "f": "0f",
    "xyz": None,
    "0x": None,
    "01 to": None,
    "00 " * 33: None,
}


@pytest.mark.parametrize("text, digits", BYTES.items(), ids=BYTES)
def test_bytes_are_hexadecimal(text, digits):
    assert hexadecimal(text, 32) == digits


NAMES = {
    "water_plants": "water_plants",
    "Water Plants": "water_plants",
    '"party"': "party",
    "lights-on": "lights-on",
    "a" * 25: None,
    "caf\u00e9": None,
    "a: b": None,
}


@pytest.mark.parametrize("text, name", NAMES.items(), ids=NAMES)
def test_a_script_is_named_as_the_board_takes_it(text, name):
    assert slug(text) == name


SLIPS = {
    "trun": "turn",
    "swich": "switch",
    "togle": "toggle",
    "hgih": "high",
    "lwo": "low",
    "minuts": "minutes",
    "precent": "percent",
    "turn": "",
    "torn": "",
    "of": "",
    "pine": "",
    "zebra": "",
    "seen": "",
    "thirsty": "",
    "remote": "",
}


@pytest.mark.parametrize("word, meant", SLIPS.items(), ids=SLIPS)
def test_one_slip_is_mended(word, meant):
    assert mended(word) == meant


MONTHDAYS = {
    "the 15th": 15,
    "the first": 1,
    "the 40th": None,
    "the twenty-first": 21,
    "on the thirty first": 31,
}


@pytest.mark.parametrize("text, day", MONTHDAYS.items(), ids=MONTHDAYS)
def test_a_day_of_the_month(text, day):
    tokens = read(text).tokens
    assert convert("monthday", tokens[-1], tokens) == day


def test_the_second_of_a_month_is_a_day_and_a_second_is_a_length():
    assert [t.value for t in kinds("on the second of every month", "nth")] == [2]
    assert [t.value for t in kinds("on the sixth of every month", "nth")] == [6]
    assert kinds("a twenty second pause, the second pin, first turn on 5", "nth") == []


@pytest.mark.parametrize("text", ("5%", "5 percent", "5 per cent", "five per cent", "5 pct"))
def test_a_percentage_is_one_word(text):
    tokens = read(f"dim it to {text} now").tokens
    assert [(t.value, t.unit) for t in tokens if t.kind == "num"] == [(5, "pct")]
    assert tokens[-1].text == "now"


def test_a_percentage_is_no_pin():
    (token,) = kinds("50 %", "num")
    assert convert("pin", token, [token]) is None
    assert convert("percent", token, [token]) == 50


def test_fahrenheit_becomes_celsius():
    (token,) = kinds("86 degrees F", "num")
    assert convert("temperature_c", token, [token]) == 30


def test_volts_become_millivolts():
    (token,) = kinds("2.5 volts", "num")
    assert convert("mv", token, [token]) == 2500


def test_pin_numbers_side_by_side_stay_apart():
    assert [t.value for t in kinds("turn on two, four and twenty one", "num")] == [2, 4, 21]


def test_the_longest_remembered_name_wins():
    memory = {"light": "gpio 1", "garden light": "gpio 2"}
    assert [t.pin for t in kinds("the garden light and the light", "name", memory)] == [2, 1]


def test_a_sentence_beyond_the_limit_is_not_read():
    with pytest.raises(TooLong):
        read("on " * 201)
