"""The ledger: every row arrives, once, whatever the database does meanwhile."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_proxy.books import COLUMNS
from cloud_proxy.errors import UserError
from cloud_proxy.journal import Journal
from cloud_proxy.ledger import Ledger
from cloud_proxy.metering import Attempt
from cloud_proxy.report import attempts, by_tier
from cloud_proxy.sqlite_book import SqliteBook

ROW = Attempt(
    1, "d1", "r1", 0, 0, "edge", "m", 5, 3, 0, True, 7, "free", None, 12, "ok", "it was there"
)  # fmt: skip


def written(file, rows):
    ledger = Ledger(file)
    ledger.open()
    for row in rows:
        ledger.record(row)
    ledger.close()


def test_rows_arrive_in_order_and_survive(tmp_path):
    file = tmp_path / "deep" / "ledger.sqlite"
    written(file, [ROW._replace(request=f"r{n}") for n in range(500)])
    written(file, [ROW._replace(request="last")])
    found = attempts(file)
    assert [row["request"] for row in found] == [f"r{n}" for n in range(500)] + ["last"]
    assert found[0] == {
        "time_ms": 1, "device": "d1", "request": "r0", "retry": 0, "attempt": 0, "tier": "edge",
        "model": "m", "input_tokens": 5, "output_tokens": 3, "cached_tokens": 0, "estimated": 1,
        "cost_ud": 7, "price_version": "free", "ttft_ms": None, "total_ms": 12, "outcome": "ok",
        "why": "it was there", "since_ms": 0, "slo_ms": None,
    }  # fmt: skip


def test_a_ledger_of_an_earlier_version_gets_the_columns_that_it_lacks(tmp_path):
    file = tmp_path / "l.sqlite"
    written(file, [ROW])
    old = sqlite3.connect(file, isolation_level=None)
    old.execute("ALTER TABLE attempt DROP COLUMN since_ms")
    old.execute("ALTER TABLE attempt DROP COLUMN slo_ms")
    old.close()
    written(file, [ROW._replace(request="r2", since_ms=40, slo_ms=50)])
    assert [(row["since_ms"], row["slo_ms"]) for row in attempts(file)] == [(0, None), (40, 50)]


def test_the_same_row_twice_is_there_once(tmp_path):
    written(tmp_path / "l.sqlite", [ROW, ROW])
    assert len(attempts(tmp_path / "l.sqlite")) == 1


def test_another_row_of_the_same_key_is_not_lost(tmp_path):
    written(tmp_path / "l.sqlite", [ROW, ROW._replace(cost_ud=9), ROW._replace(cost_ud=11)])
    found = attempts(tmp_path / "l.sqlite")
    assert [(row["attempt"], row["cost_ud"]) for row in found] == [(0, 7), (1, 9), (2, 11)]


def test_a_row_waits_until_the_database_has_it(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.open()
    with closing(sqlite3.connect(ledger.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the ledger's thread has the row, and has to wait
        ledger.record(ROW)
        for _ in range(4):
            time.sleep(0.1)
            assert ledger.waiting() == 1
        other.execute("ROLLBACK")
    ledger.close()
    assert ledger.waiting() == 0 and len(attempts(ledger.file)) == 1


LOST = ROW._replace(outcome="lost", cost_ud=99, why="the proxy was killed meanwhile")


def killed(file, begun, rows=()):
    """Leave behind what a proxy does that is killed: its lines, and the rows it had written."""
    written(file, rows)
    journal = Journal(file.with_name(file.name + ".begun.jsonl"))
    journal.open()
    for row in begun:
        journal.began(row)
    journal.close()  # what is open stays


NEXT = ROW._replace(request="r2", time_ms=5)
BEGUN = {
    "what was begun and has no row is lost": ([LOST], [], [(0, "lost", 99)]),
    "what has its row is not": ([LOST], [ROW], [(0, "ok", 7)]),
    "a request that was asked again under the same try is another attempt": (
        [LOST._replace(time_ms=2)], [ROW], [(0, "ok", 7), (1, "lost", 99)],
    ),
    "each of several tiers has its own": (
        [LOST, LOST._replace(attempt=1, tier="groq")], [ROW], [(0, "ok", 7), (1, "lost", 99)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("begun, rows, found", BEGUN.values(), ids=BEGUN)
def test_after_a_kill(tmp_path, begun, rows, found):
    file = tmp_path / "l.sqlite"
    killed(file, begun, rows)
    for _ in range(2):  # once is enough
        written(file, [NEXT])
        told = [(row["attempt"], row["outcome"], row["cost_ud"]) for row in attempts(file)]
        assert sorted(told) == sorted([*found, (0, "ok", 7)])
    assert not list(tmp_path.glob("*.begun*"))


tries = st.lists(  # attempts, of which several may have the same key; a tier is asked once a try
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.sampled_from("ab")),
    unique_by=lambda made: (made[0], made[2], made[3]), min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=60)
@given(tries, st.data())
def test_in_whatever_order_rows_come_and_however_often_each_attempt_has_one(made, data):
    real = [
        ROW._replace(request=f"r{request}", attempt=number, tier=tier, time_ms=1000 * at + at)
        for request, number, at, tier in made
    ]
    one = st.tuples(st.sampled_from(real), st.booleans())
    coming = data.draw(st.lists(one, max_size=30))
    with TemporaryDirectory() as folder:
        book = SqliteBook(Path(folder) / "l.sqlite")
        book.open()
        rows = [row._replace(outcome="lost", cost_ud=99) if lost else row for row, lost in coming]
        for start in range(0, len(rows), 4):  # some share a commit
            book.insert(rows[start : start + 4])
        found = [dict(zip(COLUMNS, values, strict=True)) for values in book.rows()]
        book.shut()
    told = [(row["request"], row["time_ms"], row["tier"]) for row in found]
    arrived = {(row.request, row.time_ms, row.tier) for row, _ in coming}
    assert set(told) == arrived
    keys = [(row["request"], row["attempt"]) for row in found]
    assert len(keys) == len(set(keys))
    ended = {(row.request, row.time_ms, row.tier) for row, lost in coming if not lost}
    for row in found:
        assert (row["outcome"] == "ok") == ((row["request"], row["time_ms"], row["tier"]) in ended)


def test_who_was_taken_for_killed_and_was_not_puts_his_row_in_the_place_of_the_lost_one(tmp_path):
    file = tmp_path / "l.sqlite"
    written(file, [LOST, NEXT])
    written(file, [ROW])
    written(file, [LOST])  # as from a journal that was read late
    assert [(row["outcome"], row["cost_ud"]) for row in attempts(file)] == [("ok", 7)] * 2


def test_what_is_begun_is_forgotten_with_its_row_and_the_file_stays_short(tmp_path):
    journal = Journal(tmp_path / "begun.jsonl")
    journal.open()
    journal.began(LOST._replace(request="open"))
    for start in range(0, 12_000, 100):  # 3 MB of lines
        rows = [ROW._replace(request=f"r{start + n}", time_ms=start) for n in range(100)]
        for row in rows:
            journal.began(row._replace(outcome="lost"))
        journal.settled(rows)
    journal.close()
    assert journal.lost()[0].request == "open"
    assert (tmp_path / "begun.jsonl").stat().st_size < 1_500_000


def test_a_line_that_the_kill_cut_did_not_leave(tmp_path):
    file = tmp_path / "l.sqlite"
    killed(file, [LOST])
    begun = tmp_path / "l.sqlite.begun.jsonl"
    begun.write_text(begun.read_text() + begun.read_text()[:70])
    written(file, [])
    assert [row["outcome"] for row in attempts(file)] == ["lost"]


def test_what_the_database_does_not_take_is_spooled_and_brought_in_later(tmp_path):
    file = tmp_path / "l.sqlite"
    ledger = Ledger(file)
    ledger.open()
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("DROP TABLE attempt")
    blocker.execute("CREATE TABLE attempt (other)")  # every insert fails from now on
    blocker.close()
    ledger.record(ROW)
    ledger.record(ROW._replace(request="r2"))
    ledger.close()
    assert [json.loads(line)["request"] for line in ledger.spool.read_text().splitlines()] == [
        "r1",
        "r2",
    ]
    repaired = sqlite3.connect(file, isolation_level=None)
    repaired.execute("DROP TABLE attempt")
    repaired.close()
    written(file, [ROW._replace(request="r3")])
    assert {row["request"] for row in attempts(file)} == {"r1", "r2", "r3"}
    assert not ledger.spool.exists()


def test_a_ledger_that_is_moved_away_is_made_anew(tmp_path):
    file = tmp_path / "l.sqlite"
    ledger = Ledger(file)
    ledger.open()
    ledger.record(ROW)
    while not attempts(file):
        pass  # the writer is at it
    for part in tmp_path.glob("l.sqlite*"):
        part.rename(tmp_path / part.name.replace("l.", "old."))
    ledger.record(ROW._replace(request="r2"))
    ledger.close()
    assert [row["request"] for row in attempts(tmp_path / "old.sqlite")] == ["r1"]
    assert [row["request"] for row in attempts(file)] == ["r2"]


def test_a_line_of_the_spool_that_a_crash_cut_is_kept_aside(tmp_path):
    file = tmp_path / "l.sqlite"
    spool = Ledger(file).spool
    spool.write_text(json.dumps(ROW._asdict()) + '\n{"time_ms": 1, "dev')
    written(file, [])
    assert len(attempts(file)) == 1 and not spool.exists()
    assert spool.with_suffix(".unreadable").read_text() == '{"time_ms": 1, "dev\n'


def test_a_ledger_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Ledger(tmp_path / "file" / "ledger.sqlite").open()


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "l.sqlite").write_text("no database at all, but long enough to look at" * 10)
    with pytest.raises(UserError, match="cannot be written"):
        Ledger(tmp_path / "l.sqlite").open()
    with pytest.raises(UserError, match="is no ledger"):
        by_tier(tmp_path / "l.sqlite")


def test_the_report_sums_by_tier(tmp_path):
    rows = [ROW._replace(request=f"r{n}", total_ms=n) for n in range(1, 101)]
    rows.append(ROW._replace(attempt=1, tier="groq", outcome="timeout", cost_ud=50))
    written(tmp_path / "l.sqlite", rows)
    edge, groq = by_tier(tmp_path / "l.sqlite")
    assert (edge["tier"], edge["requests"], edge["ok"], edge["cost_ud"]) == ("edge", 100, 100, 700)
    assert (edge["p50_ms"], edge["p95_ms"]) == (51, 96)
    assert (groq["tier"], groq["attempts"], groq["ok"], groq["cost_ud"]) == ("groq", 1, 0, 50)


def test_a_report_without_a_ledger_is_told(tmp_path):
    with pytest.raises(UserError, match="no ledger at"):
        by_tier(tmp_path / "none.sqlite")
