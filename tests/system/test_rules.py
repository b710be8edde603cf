"""Rules on the emulated board, under the real heap limit, with no network at all."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from host.emulator import World
from tests.system.offline_board import FRIDAY_7_UTC, OfflineBoard
from tests.system.test_survival import FILL, Shelf, main_py, sealed

Case = tuple[dict[str, Any], Callable[[OfflineBoard], object], Callable[[OfflineBoard], bool]]


def put(pin: int, value: int) -> dict[str, Any]:
    return {"tool": "gpio_write", "args": {"pin": pin, "value": value}}


ON, OFF = put(2, 1), put(2, 0)


def toggle(pin: int) -> dict[str, Any]:
    return {"tool": "gpio_toggle", "args": {"pin": pin}}


TOGGLE = toggle(2)


def run(**span: float) -> Callable[[OfflineBoard], object]:
    return lambda b: b.world.run(**span)


def press(b: OfflineBoard) -> None:
    for level in (0, 1, 0):
        b.board.pin(4).drive(level)
        b.world.run(ms=500)


def voltages(*steps: tuple[int, float]) -> Callable[[OfflineBoard], object]:
    def change(b: OfflineBoard) -> None:
        for mv, seconds in steps:
            b.board.adc(34).set_mv(mv)
            b.world.run(seconds=seconds)

    return change


READ = {"read": {"tool": "adc_read", "args": {"pin": 34}, "field": "mv"}, "poll_s": 1}

CASES: dict[str, Case] = {
    "every 10 s": (
        {"when": {"every_s": 10}, "do": [TOGGLE]},
        run(seconds=45),
        lambda b: [v for _, v in b.levels(2)] == [1, 0, 1, 0],
    ),
    "once in 30 s, then gone": (
        {"when": {"in_s": 30}, "do": [ON]},
        run(seconds=90),
        lambda b: len(b.levels(2)) == 1 and b.levels(2)[0][0] == 30,
    ),
    "at a time of day": (
        {"when": {"at": "07:30"}, "do": [ON]},
        run(hours=1),
        lambda b: [t for t, _ in b.levels(2)] == [1800],
    ),
    "not on another weekday": (
        {"when": {"at": "07:30", "days": "mon,tue"}, "do": [ON]},
        run(hours=1),
        lambda b: b.levels(2) == [],
    ),
    "cron every 20 minutes": (
        {"when": {"cron": "*/20 7 * * 1-5"}, "do": [TOGGLE]},
        run(hours=1.5),
        lambda b: [t for t, _ in b.levels(2)] == [1200, 2400],
    ),
    "a rising edge": (
        {"when": {"pin": 4, "edge": "rising"}, "do": [TOGGLE]},
        press,
        lambda b: len(b.levels(2)) == 1,
    ),
    "both edges": (
        {"when": {"pin": 4, "edge": "both"}, "do": [TOGGLE]},
        press,
        lambda b: len(b.levels(2)) == 2,
    ),
    "above a limit": (
        {"when": READ | {"above": 1000}, "do": [ON]},
        voltages((500, 10), (1200, 10)),
        lambda b: b.levels(2) == [(13, 1)] or b.levels(2) == [(12, 1)],
    ),
    "within the hysteresis nothing fires again": (
        {"when": READ | {"above": 1000, "hysteresis": 200}, "do": [TOGGLE]},
        voltages((1200, 5), (900, 5), (1200, 5), (700, 5), (1200, 5)),
        lambda b: len(b.levels(2)) == 2,
    ),
    "only when it stays above for so long": (
        {"when": READ | {"above": 1000, "for_s": 8}, "do": [ON]},
        voltages((1200, 4), (500, 4), (1200, 20)),
        lambda b: len(b.levels(2)) == 1 and 17 <= b.levels(2)[0][0] <= 20,
    ),
    "below a limit": (
        {"when": READ | {"below": 300}, "do": [ON]},
        voltages((500, 5), (100, 5)),
        lambda b: len(b.levels(2)) == 1,
    ),
    "not more often than it may": (
        {"when": {"every_s": 2, "min_s": 10}, "do": [TOGGLE]},
        run(seconds=38),
        lambda b: len(b.levels(2)) == 4,
    ),
    "what its condition stopped does not count against how often it may": (
        {"when": {"every_s": 5, "min_s": 60}, "if": [{"pin": 4, "is": 1}], "do": [TOGGLE]},
        lambda b: (b.board.pin(4).drive(0), b.world.run(seconds=11), b.board.pin(4).drive(1),
                   b.world.run(seconds=60)),
        lambda b: [t for t, _ in b.levels(2)] == [15],
    ),
    "both edges of a contact that opens at once": (
        {"when": {"pin": 4, "edge": "both"}, "do": [TOGGLE]},
        lambda b: (b.board.pin(4).drive(0), b.world.run(seconds=1), b.board.pin(4).press(ms=5),
                   b.world.run(seconds=1), b.board.pin(4).drive(1), b.world.run(seconds=1)),
        lambda b: len(b.levels(2)) % 2 == 1,
    ),
    "if the pin is as it says": (
        {"when": {"every_s": 5}, "if": [{"pin": 4, "is": 1}], "do": [TOGGLE]},
        lambda b: (b.board.pin(4).drive(0), b.world.run(seconds=11), b.board.pin(4).drive(1),
                   b.world.run(seconds=10)),
        lambda b: len(b.levels(2)) == 2,
    ),
    "if the time is within the window": (
        {"when": {"every_s": 600}, "if": [{"time": "07:25-07:45"}], "do": [TOGGLE]},
        run(hours=1),
        lambda b: [t for t, _ in b.levels(2)] == [1800, 2400],
    ),
    "if the value read is as it says": (
        {"when": READ | {"above": 1000}, "if": [{"value": "$value", "below": 2000}], "do": [ON]},
        voltages((2500, 5), (500, 5), (1500, 5)),
        lambda b: len(b.levels(2)) == 1,
    ),
    "a failing step ends it and says which": (
        {"when": {"in_s": 5}, "do": [ON, {"tool": "memory_get", "args": {"key": "x"}}, OFF]},
        run(seconds=10),
        lambda b: len(b.levels(2)) == 1 and "step 2" in b.events("rule")[0]["why"],
    ),
    "tell a person, with what was read": (
        {"when": READ | {"above": 1000},
         "do": [{"tool": "notify", "args": {"text": "it is {value} mV"}}]},
        voltages((1500, 5)),
        lambda b: [e["text"] for e in b.events("notify")] == ["it is 1500 mV"],
    ),
    "delays do not hold up other rules": (
        {"when": {"every_s": 5}, "do": [ON, {"tool": "delay", "args": {"ms": 60000}}, OFF]},
        run(seconds=100),
        lambda b: [v for _, v in b.levels(2)] == [1, 0, 1] ,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule, happen, holds", CASES.values(), ids=CASES)
def test_a_rule_fires(rule: dict[str, Any], happen: Any, holds: Any) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, [("rule_set", rule)]).start()
        assert board.results == [{"name": "rule1"}]
        happen(board)
        assert holds(board), (board.levels(2), board.sent[-3:], board.board.serial.text[-300:])
        assert board.board.boots == 1 and board.board.state == "running"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no trigger": ({"when": {}, "do": [ON]}, "one of every_s"),
    "two triggers": ({"when": {"every_s": 5, "in_s": 5}, "do": [ON]}, "one of every_s"),
    "a period of nothing": ({"when": {"every_s": 0}, "do": [ON]}, "every_s must be a number from 1 to"),
    "a time that is none": ({"when": {"at": "25:00"}, "do": [ON]}, "at:"),
    "a day that never comes": ({"when": {"cron": "0 0 31 2 *"}, "do": [ON]}, "never comes"),
    "a cron that is none": ({"when": {"cron": "* * *"}, "do": [ON]}, "5 fields"),
    "a pin of the flash": ({"when": {"every_s": 5}, "do": [put(7, 1)]}, "flash chip"),
    "an edge that is none": ({"when": {"pin": 4, "edge": "up"}, "do": [ON]}, "edge must be"),
    "no steps": ({"when": {"every_s": 5}, "do": []}, "list"),
    "a tool that is none": (
        {"when": {"every_s": 5}, "do": [{"tool": "fly", "args": {}}]}, "step 1: there is no tool"),
    "a rule that makes rules": (
        {"when": {"every_s": 5}, "do": [{"tool": "rule_delete", "args": {"name": "x"}}]},
        "there is no tool rule_delete here"),
    "a name for nothing": (
        {"when": {"every_s": 5}, "do": [{"tool": "gpio_write", "args": {"pin": "$x", "value": 1}}]},
        "stands for nothing"),
    "a comparison that is none": (
        {"when": {"every_s": 5}, "if": [{"pin": 4}], "do": [ON]}, "a comparison is"),
    "a read that acts": (
        {"when": {"read": {"tool": "gpio_toggle", "args": {"pin": 2}, "field": "value"},
                  "above": 0}, "do": [ON]}, "only reads"),
    "an option that is none": ({"when": {"every_s": 5, "colour": 1}, "do": [ON]}, "when has no"),
}  # fmt: skip


def test_a_wrong_rule_is_refused_with_a_reason() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(world, [("rule_set", rule) for rule, _ in REFUSED.values()]).start()
        for (name, (_, why)), result in zip(REFUSED.items(), board.results, strict=True):
            assert why in result["error"], f"{name}: {result}"


def test_rules_survive_a_reboot_and_a_promise_is_not_postponed() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        calls = [
            ("rule_set", {"when": {"in_s": 100}, "do": [ON]}),
            ("rule_set", {"when": {"every_s": 60}, "do": [toggle(4)]}),
        ]
        board = OfflineBoard(world, calls).start()
        board.restart(away_s=50)
        world.run(seconds=150)
        assert [round(t) for t, _ in board.board.pin(2).history][-1:] == [100]
        # It was set at second 0 and keeps the phase; what was due while off is not made up for.
        assert all(round(t) % 60 < 2 for t, _ in board.levels(4)), board.levels(4)
        assert len(board.levels(4)) == 3


def test_a_promise_is_not_postponed_by_a_start_that_does_not_know_the_time() -> None:
    with World(unix_s=FRIDAY_7_UTC, date_is_set=False) as world:
        rule = {"when": {"in_s": 100}, "do": [ON]}
        board = OfflineBoard(world, [("wait", {"ms": 3000}), ("rule_set", rule)]).start()
        board.board.rtc.sync()
        world.run(seconds=3)
        board.restart(away_s=50)
        world.run(seconds=20)
        board.board.rtc.sync()
        world.run(seconds=60)
        assert [t for t, _ in board.levels(2)] in ([102], [103])


@pytest.mark.parametrize("catch_up, fires", [("skip", 0), ("once", 1)])
def test_what_was_missed_while_off(catch_up: str, fires: int) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        when = {"at": "08:00", "catch_up": catch_up}
        board = OfflineBoard(world, [("rule_set", {"when": when, "do": [TOGGLE]})]).start()
        board.restart(away_s=50 * 3600)
        world.run(minutes=1)
        assert len(board.events("rule")) == fires
        board.restart(away_s=60)
        world.run(minutes=1)
        assert len(board.events("rule")) == fires


H = 3600
# The clock is put by so many seconds at 07:40; then what is due at which second, and missed.
CLOCKS: dict[str, tuple[str, str, int, list[int], int]] = {
    "forward by hours, what is skipped is told": ("0 8,12 * * *", "skip", 3 * H, [2 * H], 1),
    "forward by hours, it is made up for once": ("0 8,12 * * *", "once", 3 * H, [2401, 2 * H], 0),
    "forward by a minute": ("0 8,12 * * *", "skip", 60, [3540, 5 * H - 60], 0),
    "forward to a moment after it was due": ("0 8,12 * * *", "skip", 1210, [2401, 16790], 0),
    "back by half a minute": ("40 7,9 * * *", "skip", -30, [2400, 9630], 0),
    "back by two hours, nothing comes twice": ("30 7,9 * * *", "skip", -2 * H, [1800, 16200], 0),
    "back by two hours, cron goes on where it was": (
        "*/30 7-9 * * *", "skip", -2 * H, [1800, 3 * H, 3 * H + 1800], 0),
    "back by five hours, it was wrong": ("30 7 * * *", "skip", -5 * H, [1800, 19800], 0),
    "back by a year, it was wrong": ("0 8,9 * * *", "once", -365 * 24 * H, [H, 2 * H], 0),
}  # fmt: skip


@pytest.mark.parametrize("cron, catch_up, jump_s, due, missed", CLOCKS.values(), ids=CLOCKS)
def test_a_clock_that_is_put(
    cron: str, catch_up: str, jump_s: int, due: list[int], missed: int
) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        when = {"cron": cron, "catch_up": catch_up}
        board = OfflineBoard(world, [("rule_set", {"when": when, "do": [TOGGLE]})]).start()
        world.run(seconds=2401 - world.now_s)
        board.board.rtc.set_unix_s(FRIDAY_7_UTC + 2401 + jump_s)
        world.run(seconds=due[-1] + 10 - 2401)
        fired = [t for t, _ in board.levels(2)]
        assert len(fired) == len(due), fired
        # A board that sleeps looks at its clock once a minute.
        jumped = [b - a for a, b in zip(due, fired, strict=True) if a == 2401]
        assert [s for s in jumped if not 0 <= s <= 60] == []
        assert [a for a in fired if a not in due] == [2401 + s for s in jumped if s]
        told = [event["why"] for event in board.events("missed")]
        assert len(told) == missed and all("ago" in why for why in told), told
        world.run(seconds=70)
        journal = board.board.files.read("/data/journal").decode()
        assert journal.count('"missed"') == missed


def test_nothing_fires_when_the_clock_jumps_from_unset_to_set() -> None:
    with World(unix_s=FRIDAY_7_UTC, date_is_set=False) as world:
        calls = [("rule_set", {"when": {"at": f"{at}", "catch_up": c}, "do": [toggle(pin)]})
                 for at, c, pin in (("06:59", "skip", 2), ("06:58", "once", 4), ("07:30", "skip", 5))
                 ]  # fmt: skip
        board = OfflineBoard(world, [*calls, ("get_time", {})]).start()
        world.run(minutes=20)
        assert "not set" in board.results[-1]["error"]
        board.board.rtc.sync()
        world.run(hours=1)
        assert [board.levels(pin) for pin in (2, 4)] == [[], []]
        assert [t for t, _ in board.levels(5)] == [1800]


def test_a_daily_rule_keeps_its_local_time_over_the_change_to_summer() -> None:
    before = int(datetime(2027, 3, 27, 6, 50, tzinfo=UTC).timestamp())
    with World(unix_s=before) as world:
        calls = [
            ("set_timezone", {"timezone": "Europe/Paris"}),
            ("rule_set", {"when": {"at": "08:00"}, "do": [TOGGLE]}),
        ]
        board = OfflineBoard(world, calls).start()
        world.run(hours=24)
        assert [t for t, _ in board.levels(2)] == [600, 600 + 23 * 3600]


@pytest.mark.parametrize("catch_up", ["skip", "once"])
def test_a_new_time_zone_moves_what_is_planned(catch_up: str) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        calls = [
            ("rule_set", {"when": {"at": "09:30", "catch_up": catch_up}, "do": [TOGGLE]}),
            ("set_timezone", {"timezone": "Europe/Paris"}),
        ]
        board = OfflineBoard(world, calls).start()
        board.restart()
        world.run(hours=3)
        assert [t for t, _ in board.levels(2)] == [5400]


def test_what_is_due_while_it_runs_is_counted() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        wait = {"tool": "delay", "args": {"ms": 3_600_000}}
        rule = {"when": {"every_s": 700}, "do": [ON, wait, OFF]}
        board = OfflineBoard(world, [("rule_set", rule)]).start()
        world.run(seconds=700 + 3600 + 10)
        assert [t for t, _ in board.levels(2)] == [700, 4300]
        assert [e["why"] for e in board.events("missed")] == ["5 times while it ran"]


AMID: dict[str, tuple[str, dict[str, Any], list[int]]] = {
    "deleted": ("rule_delete", {}, [5, 25]),
    "switched off": ("rule_enable", {"enabled": False}, [5, 25]),
    "replaced": ("rule_set", {"when": {"in_s": 30}, "do": [ON]}, [5, 25, 40]),
}


@pytest.mark.parametrize("tool, more, due", AMID.values(), ids=AMID)
def test_steps_under_way_end_when_their_rule_is(
    tool: str, more: dict[str, Any], due: list[int]
) -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        wait = {"tool": "delay", "args": {"ms": 20_000}}
        rule = {"name": "pump", "when": {"every_s": 5}, "do": [ON, wait, OFF]}
        calls = [("rule_set", rule), ("wait", {"ms": 9950}), (tool, {"name": "pump"} | more)]
        board = OfflineBoard(world, calls).start()
        world.run(seconds=60)
        assert [t for t, _ in board.levels(2)] == due


def test_twenty_rules_that_are_due_in_the_same_second() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        tell = [{"tool": "notify", "args": {"text": "{value}"}}]
        calls = [("rule_set", {"name": f"r{n}", "when": {"at": "07:30"}, "do": tell})
                 for n in range(20)]  # fmt: skip
        board = OfflineBoard(world, calls).start()
        world.run(hours=1)
        assert sorted(e["name"] for e in board.events("rule")) == sorted(
            f"r{n}" for n in range(20)
        )
        assert {e["t"] for e in board.events("rule")} == {FRIDAY_7_UTC + 1800}


def test_a_promise_is_kept_on_a_full_flash() -> None:
    rules = {"lamp": {"when": {"in_s": 90}, "do": [ON], "on": True}}
    with Shelf(main_py(FILL) | {"/data/rules": sealed(rules)}) as shelf:
        shelf.run(seconds=100)
        assert [round(t) for t, _ in shelf.board.pin(2).history] == [90]


def test_a_boot_rule_fires_once_after_each_start() -> None:
    with World(unix_s=FRIDAY_7_UTC) as world:
        board = OfflineBoard(
            world, [("rule_set", {"when": {"boot": True}, "do": [TOGGLE]})]
        ).start()
        assert board.events("rule") == []
        for start in (1, 2):
            board.restart(away_s=10)
            world.run(minutes=20)
            assert len(board.events("rule")) == start
