"""What it costs a request that nothing is lost or paid twice: to be in the books before it leaves.

Each part is what the request waits for, on loopback: a line in the journal, a row in Postgres, the
claim and the money set aside in Redis and Postgres. Servers that are not installed are left out.
"""

import json
import sys
import tempfile
import time
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import uvloop
from results import row, save

from cloud_proxy.board_talk import from_wire
from cloud_proxy.boards import Boards
from cloud_proxy.budgets import Account
from cloud_proxy.journal import Journal
from cloud_proxy.metering import Attempt

ROOT = Path(__file__).parents[1]
COUNT = 3000
TARGET_MS = 0.3  # what a request may wait longer to be in the books
ACCOUNTS = (
    Account("fleet/day", 10**15, "the fleet's day"),
    Account("d1/hour", 10**15, "d1's hour"),
)
WHY = "up is the cheapest (95 of 100 within 400 ms, at most 4612 ud); it was killed meanwhile"


def lost(number: int) -> Attempt:
    """Return the row of an attempt that begins."""
    at_ms = 1_795_435_200_000 + number
    return Attempt(
        at_ms, "d1", f"r{number}", 0, 0, "up", "gpt-oss-120b", 500, 512, 0, True, 4612,
        "config", None, 0, "lost", WHY,
    )  # fmt: skip


async def timed(work: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Return the 50th and the 95th percentile in ms, of one after another."""
    took: list[float] = []
    for number in range(COUNT):
        start = time.perf_counter()
        await work(number)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return took[COUNT // 2], took[int(COUNT * 0.95)]


def told(what: str, took: tuple[float, float]) -> list[dict[str, Any]]:
    """Return the rows of a part."""
    how = f"{COUNT} one after another on loopback, uvloop"
    beside = {"compared_with": f"{TARGET_MS} ms", "ratio": took[0] / TARGET_MS, "how": how}
    print(f"{what:48} p50 {took[0]:7.3f} ms   p95 {took[1]:7.3f} ms")
    return [
        row(f"{what}: p50", round(took[0], 4), "ms", **beside),
        row(f"{what}: p95", round(took[1], 4), "ms", how=how),
    ]


async def journal() -> list[dict[str, Any]]:
    """Measure a line beside the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        book = Journal(Path(folder) / "begun.jsonl")
        book.open()

        async def begin(number: int) -> None:
            book.began(lost(number))

        took = await timed(begin)
        book.settled([lost(number) for number in range(COUNT)])
        book.close()
    return told("a line in the journal", took)


async def in_postgres(url: str) -> list[dict[str, Any]]:
    """Measure what a request waits for in Postgres."""
    from cloud_proxy.postgres_begun import PostgresBegun
    from cloud_proxy.postgres_once import PostgresOnce
    from cloud_proxy.postgres_store import PostgresStore

    begun = PostgresBegun(url, "us", print)
    await begun.open()
    rows = told("an attempt begun in Postgres", await timed(lambda n: begun.began(lost(n))))
    await begun.close()
    once = PostgresOnce(url, "us")
    await once.open()
    rows += told("a request claimed in Postgres", await timed(lambda n: once.claim(f"d1/r{n}")))
    await once.close()
    store = PostgresStore(url, lambda: False)
    await store.connect()
    took = await timed(lambda _: store.reserve(ACCOUNTS, 5))
    await store.close()
    return rows + told("money set aside in Postgres, two accounts", took)


async def in_redis(url: str) -> list[dict[str, Any]]:
    """Measure what a request waits for in Redis."""
    from cloud_proxy.redis_once import RedisOnce
    from cloud_proxy.redis_store import RedisStore

    once = RedisOnce(url, "us")
    await once.open()
    rows = told("a request claimed in Redis", await timed(lambda n: once.claim(f"d1/r{n}")))
    await once.close()
    store = RedisStore(url, lambda: False)
    await store.connect()
    took = await timed(lambda _: store.reserve(ACCOUNTS, 5))
    await store.close()
    return rows + told("money set aside in Redis, two accounts", took)


def tokens() -> list[dict[str, Any]]:
    """Return what is set aside for a board's short request, and about what is read."""
    lines = (ROOT / "firmware" / "tools.txt").read_text().splitlines()
    tools = [json.loads(line.split(" ", 2)[2]) for line in lines if line.endswith("]")]
    born = {"board": "esp32-devkit", "chip": "esp32", "hash": "h", "tools": tools}
    board = Boards().announce("d1", {**born, "pins": [2, 4, 5], "tz": "Europe/Paris"})
    body = {"id": "r1", "try": 0, "ttl": 30, "hash": "h", "msgs": [{"u": "is the pump on?"}]}
    talk = from_wire("d1", body, board, 0.0, len(json.dumps(body))).talk
    how = f"{len(tools)} tools, one sentence; estimated at 4 characters a token"
    print(f"input set aside {talk.most_tokens} tokens, about {talk.tokens} read")
    return [
        row("input tokens set aside for a board's request", talk.most_tokens, "tokens",
            compared_with="estimate", ratio=talk.most_tokens / talk.tokens, how=how),
    ]  # fmt: skip


def main() -> None:
    """Measure, print, save."""
    tests = sys.modules["tests"] = types.ModuleType("tests")  # others have a package of that name
    tests.__path__ = [str(ROOT / "tests")]
    from tests.system.database_kit import find, postgres_server, redis_server

    rows = uvloop.run(journal()) + tokens()
    if find("initdb"):
        from cloud_proxy.postgres_book import PostgresBook

        with postgres_server() as url:
            PostgresBook(url).open()
            rows += uvloop.run(in_postgres(url))
    if find("redis-server"):
        with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
            rows += uvloop.run(in_redis(server.url))
    save(__file__, rows)


if __name__ == "__main__":
    main()
