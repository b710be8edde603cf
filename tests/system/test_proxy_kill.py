"""One of three proxies is killed under load: every request of every device ends exactly once."""

import asyncio
import queue
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from cloud_proxy.report import attempts
from tests.system.proxy_kit import ONLY_UPSTREAM, Device, Proxy, Upstream, say

DEVICES = 6
REQUESTS = 25  # of each device
KILL_AFTER = 40  # requests that the upstream has seen
RETRY_S = 1.5


def live(device: Device, ended: Counter, alone: threading.Event) -> None:
    """Ask one request after another as a board does: again, with the same id, if nobody answers."""
    for number in range(REQUESTS):
        for retry in range(20):
            request_id = device.ask("how is it?", id=f"r{number}", **{"try": retry})
            try:
                reply = device.next(RETRY_S)
                while not (reply["id"] == request_id and reply.get("fin")):
                    reply = device.next(RETRY_S)
            except queue.Empty:
                alone.set()  # somebody had to ask again: the kill was felt
                continue
            assert reply.get("say") == "Fine.", reply
            ended[device.name, request_id] += 1
            break


def test_every_request_ends_once_although_a_proxy_is_killed(broker, tmp_path):
    if broker.kind == "iotcore":
        pytest.skip("the embedded broker gives every member of a share every message")
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        fine = say("Fine.")

        async def slowly(request, body):
            await asyncio.sleep(0.03)
            return await fine(request, body)

        upstream.behave = slowly
        proxies = []
        for name in ("one", "two", "three"):
            (tmp_path / name).mkdir()
            where = f"{broker.host}:{broker.port}"
            config = ONLY_UPSTREAM.format(url=upstream.url)
            proxies.append(stack.enter_context(Proxy(where, tmp_path / name, config)))
        devices = [
            stack.enter_context(Device(broker.host, broker.port, f"d{n}")) for n in range(DEVICES)
        ]
        ended: Counter = Counter()
        felt = threading.Event()
        threads = [threading.Thread(target=live, args=(d, ended, felt)) for d in devices]
        for thread in threads:
            thread.start()
        while len(upstream.bodies) < KILL_AFTER:
            threading.Event().wait(0.01)
        proxies[0].process.kill()
        proxies[0].process.wait()
        for thread in threads:
            thread.join(60)
        assert len(ended) == DEVICES * REQUESTS and set(ended.values()) == {1}
        rows = [proxy.rows() for proxy in proxies[1:]]
        killed = attempts(proxies[0].ledger)
    assert killed and all(rows), "all three had a share"
    told = [row for part in (killed, *rows) for row in part]
    assert {(row["device"], row["request"]) for row in told if row["outcome"] == "ok"} <= set(
        ended
    )
    keys = [(row["device"], row["request"], row["retry"], row["attempt"]) for row in told]
    assert len(keys) == len(set(keys))
    # A killed proxy takes along what it had under way, and what it had not written for 20 ms.
    lost = len(upstream.bodies) - len(told)
    assert 0 <= lost <= 2 * DEVICES
