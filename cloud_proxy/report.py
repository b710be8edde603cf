"""What the ledger says: sums by tier, or every attempt."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from cloud_proxy.errors import UserError
from cloud_proxy.ledger import COLUMNS

Row = dict[str, Any]

_SUMS = """
SELECT tier, COUNT(*) AS attempts, COUNT(DISTINCT device || ' ' || request) AS requests,
    SUM(outcome = 'ok') AS ok, SUM(input_tokens) AS input_tokens,
    SUM(output_tokens) AS output_tokens, SUM(cost_ud) AS cost_ud, SUM(estimated) AS estimated
FROM attempt GROUP BY tier ORDER BY tier"""
_QUANTILE = "SELECT total_ms FROM attempt WHERE tier = ? ORDER BY total_ms LIMIT 1 OFFSET ?"


def by_tier(ledger: Path) -> list[Row]:
    """Return a row a tier: attempts, requests, ok, tokens, micro-dollars, p50_ms, p95_ms.

    estimated: how many attempts' tokens are estimates. Raises UserError if there is no ledger.
    """
    with closing(_open(ledger)) as database:
        rows = _rows(database, _SUMS)
        for row in rows:
            for name, part in (("p50_ms", 0.50), ("p95_ms", 0.95)):
                offset = min(row["attempts"] - 1, int(row["attempts"] * part))
                row[name] = database.execute(_QUANTILE, (row["tier"], offset)).fetchone()[0]
        return rows


def attempts(ledger: Path) -> list[Row]:
    """Return every attempt, oldest first, with the ledger's columns."""
    with closing(_open(ledger)) as database:
        return _rows(database, f"SELECT {', '.join(COLUMNS)} FROM attempt ORDER BY rowid")


def _open(ledger: Path) -> sqlite3.Connection:
    hint = "run `limpet-proxy serve` first, or name the file with --ledger"
    if not ledger.exists():
        raise UserError(f"no ledger at {ledger}", "nothing has been metered there", hint)
    try:
        database = sqlite3.connect(ledger)
        database.execute("SELECT 1 FROM attempt LIMIT 1")
    except sqlite3.Error as e:
        raise UserError(f"{ledger} is no ledger", str(e), hint) from e
    return database


def _rows(database: sqlite3.Connection, query: str) -> list[Row]:
    cursor = database.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
