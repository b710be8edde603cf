"""What the ledger says: rows, sums by tier, device, group or day, and those of the edge alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import gmtime, strftime
from typing import Any

from cloud_proxy.books import COLUMNS, Book
from cloud_proxy.budgets import Limit
from cloud_proxy.config import BudgetRow, Config, secret
from cloud_proxy.errors import UserError
from cloud_proxy.sqlite_book import SqliteBook

Row = dict[str, Any]
GROUPS = ("tier", "device", "group", "day")
NO_GROUP = "-"


@dataclass(slots=True)
class _Sums:
    attempts: int = 0
    requests: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    ok: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    cost_ud: int = 0
    estimated: int = 0
    times_ms: list[int] = field(default_factory=list[int])
    deadlines: int = 0
    met: int = 0

    def add(self, row: Row) -> None:
        self.attempts += 1
        self.requests.add((row["device"], row["request"]))
        self.ok += row["outcome"] == "ok"
        self.tokens[0] += row["input_tokens"]
        self.tokens[1] += row["output_tokens"]
        self.cost_ud += row["cost_ud"]
        self.estimated += bool(row["estimated"])
        self.times_ms.append(row["total_ms"])
        if row["slo_ms"] is not None and row["outcome"] not in ("unsure", "cancelled"):
            self.deadlines += 1
            self.met += row["outcome"] == "ok" and row["since_ms"] <= row["slo_ms"]

    def told(self) -> Row:
        self.times_ms.sort()
        return {
            "attempts": self.attempts,
            "requests": len(self.requests),
            "ok": self.ok,
            "input_tokens": self.tokens[0],
            "output_tokens": self.tokens[1],
            "cost_ud": self.cost_ud,
            "estimated": self.estimated,
            "p50_ms": quantile(self.times_ms, 0.50),
            "p95_ms": quantile(self.times_ms, 0.95),
            "deadlines": self.deadlines,
            "met": self.met,
        }


def quantile(ordered: list[int], part: float) -> int:
    """Return the value below which about that part of the values lies; 0 if there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0


def by_tier(ledger: Path) -> list[Row]:
    """Return `sums` by tier of a SQLite file. Raises UserError if there is no ledger."""
    return sums(attempts(ledger), "tier")


def groups_of(budgets: Iterable[BudgetRow]) -> dict[str, Limit]:
    """Return the groups of devices that budgets name, each once."""
    return {str(row.name): row.limit() for row in budgets if row.scope == "group"}


def sums(rows: Iterable[Row], group: str, groups: Mapping[str, Limit] | None = None) -> list[Row]:
    """Return a row a tier, device, group or day (UTC), with costs, times and deadlines met.

    groups: which devices each covers; one that several cover counts in each, one that none does
    in NO_GROUP. estimated: how many attempts' tokens are estimates. deadlines: attempts that were
    to meet one.
    """
    found: dict[str, _Sums] = {}
    in_groups: dict[str, list[str]] = {}

    def names(row: Row) -> list[str]:
        if group == "day":
            return [_day(row["time_ms"])]
        if group != "group":
            return [row[group]]
        device = row["device"]
        if device not in in_groups:
            covering = [name for name, limit in (groups or {}).items() if limit.covers(device)]
            in_groups[device] = covering or [NO_GROUP]
        return in_groups[device]

    for row in rows:
        for name in names(row):
            found.setdefault(name, _Sums()).add(row)
    return [{group: name, **found[name].told()} for name in sorted(found)]


def counterfactual(rows: Iterable[Row], edge: str = "edge") -> Row:
    """Return what it would have been like had everything gone to the edge tier alone.

    sure: the share of what it was asked that it was sure of, null if it was never asked. Of the
    requests that others answered as many would have been declined as it declined of its own.
    """
    asked = sure = elsewhere = cost_ud = met = deadlines = 0
    times_ms: list[int] = []
    waits: list[tuple[int, int]] = []  # of answers elsewhere: deadline, and what was waited before
    for row in rows:
        if row["tier"] == edge:
            asked += 1
            sure += row["outcome"] == "ok"
            times_ms.append(row["total_ms"])
        else:
            cost_ud += row["cost_ud"]
            elsewhere += row["outcome"] == "ok"
            if row["slo_ms"] is not None and row["outcome"] == "ok":
                deadlines += 1
                met += row["since_ms"] <= row["slo_ms"]
                waits.append((row["slo_ms"], row["since_ms"]))
    times_ms.sort()
    typical_ms = quantile(times_ms, 0.95)
    return {
        "answered_elsewhere": elsewhere,
        "saved_ud": cost_ud,
        "sure": round(sure / asked, 3) if asked else None,
        "would_decline": round(elsewhere * (1 - sure / asked)) if asked else None,
        "edge_p95_ms": typical_ms if asked else None,
        "deadlines": deadlines,
        "met": met,
        "edge_would_meet": sum(typical_ms <= slo_ms for slo_ms, _ in waits) if asked else None,
    }


def attempts_of(config: Config, ledger: Path) -> Iterable[Row]:
    """Return every attempt in the ledger of a configuration. Raises UserError."""
    if dsn := secret(config.shared.postgres_env, "[shared] postgres"):
        from cloud_proxy.postgres_book import PostgresBook

        hint = "start Postgres, or mend the URL in the environment variable of [shared]"
        return read(PostgresBook(dsn), "the database of [shared] postgres", hint)
    return attempts(ledger)


def attempts(ledger: Path) -> list[Row]:
    """Return every attempt in a SQLite file, oldest first. Raises UserError if there is none."""
    hint = "run `limpet-proxy serve` first, or name the file with --ledger"
    if not ledger.exists():
        raise UserError(f"no ledger at {ledger}", "nothing has been metered there", hint)
    return list(read(SqliteBook(ledger), str(ledger), hint))


def read(book: Book, name: str, hint: str) -> Iterator[Row]:
    """Yield every attempt of a ledger, oldest first. Raises UserError if it cannot be read."""
    try:
        for values in book.rows():
            yield dict(zip(COLUMNS, values, strict=True))
    except Exception as e:  # each database has errors of its own
        raise UserError(f"{name} is no ledger", str(e) or type(e).__name__, hint) from e


def _day(time_ms: int) -> str:
    return strftime("%Y-%m-%d", gmtime(time_ms / 1000))
