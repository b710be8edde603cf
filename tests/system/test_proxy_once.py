"""A request that comes to several proxies is asked, and paid for, once."""

import queue
import threading
import time

import pytest

from tests.system.database_kit import find, postgres_server, redis_server
from tests.system.proxy_kit import (
    DEADLINE_S,
    ONLY_UPSTREAM,
    Device,
    Proxy,
    Upstream,
    chunk,
    events,
    say,
    stall,
)

pytestmark = pytest.mark.timeout(300)  # processes, a database, a busy machine
CONFIG = (
    'drain_timeout_s = 0.5\n[mqtt]\ngroup = "{group}"\n[shared]\n{kind}_env = "SHARED"\n'
    + ONLY_UPSTREAM
)
PATIENT = {
    "idle_timeout_s = 2": "idle_timeout_s = 60",
    "total_timeout_s = 8": "total_timeout_s = 60",
}


@pytest.fixture(params=["redis", "postgres"])
def shared(request, tmp_path):
    """The kind and the URL of a server of this test's own."""
    pytest.importorskip("asyncpg" if request.param == "postgres" else "redis")
    if not find("initdb" if request.param == "postgres" else "redis-server"):
        pytest.skip(f"{request.param} is not installed")
    if request.param == "postgres":
        with postgres_server() as url:
            yield request.param, url
    else:
        with redis_server(tmp_path) as server:
            yield request.param, server.url


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def start(broker, tmp_path, shared, upstream):
    """Start a proxy of a group of its own, so that it hears what the others hear."""
    started = []

    def start(name: str) -> Proxy:
        kind, url = shared
        config = CONFIG.format(group=name, kind=kind, url=upstream.url)
        for old, new in PATIENT.items():
            config = config.replace(old, new)
        (tmp_path / name).mkdir()
        where = f"{broker.host}:{broker.port}"
        started.append(Proxy(where, tmp_path / name, config, SHARED=url))
        return started[-1]

    yield start
    for proxy in started:
        proxy.end()


def test_what_two_proxies_hear_at_once_is_asked_once(broker, start, upstream):
    proxies = [start("one"), start("two")]
    upstream.behave = say("Fine.")
    with Device(broker.host, broker.port) as device:
        for number in range(60):
            assert device.turn(f"how is it? {number}", id=f"r{number}")["say"] == "Fine."
        assert all(proxy.end() == 0 for proxy in proxies)
    words = [body["messages"][-1]["content"] for body in upstream.bodies]
    assert sorted(words) == sorted(f"how is it? {number}" for number in range(60))


def test_a_retry_gets_the_reply_that_another_proxy_sent(broker, start, upstream):
    first = start("one")
    upstream.behave = say("Fine.")
    with Device(broker.host, broker.port) as device:
        told = device.turn(id="same")
        assert first.end() == 0, first.log()
        second = start("two")
        assert device.turn("something else", id="same", **{"try": 1}) == told
        assert second.end() == 0, second.log()
    assert len(upstream.bodies) == 1


def test_a_retry_while_another_proxy_is_at_it_waits_for_that_answer(broker, start, upstream):
    start("one")
    upstream.behave = events(chunk({"content": "Almost "}), then=upstream.finish)
    with Device(broker.host, broker.port) as device:
        device.ask(id="same")
        assert upstream.asked.wait(DEADLINE_S)
        start("two")
        device.ask(id="same", **{"try": 1})
        device.ask(id="other")  # it comes after the retry, so that was heard
        deadline = time.monotonic() + DEADLINE_S
        while len(upstream.bodies) < 2:
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
        upstream.release.set()
        assert device.final("same")["say"] == "Almost done."
    assert len(upstream.bodies) == 2


def test_a_retry_takes_over_from_a_proxy_that_was_killed(broker, start, upstream):
    first = start("one")
    upstream.behave = events(chunk({"content": "Almost "}), then=upstream.finish)
    with Device(broker.host, broker.port) as device:
        device.ask(id="same")
        assert upstream.asked.wait(DEADLINE_S)
        first.process.kill()
        first.process.wait()
        start("two")
        upstream.behave = say("Fine.")
        for retry in range(1, 30):
            device.ask(id="same", **{"try": retry})
            try:
                assert device.next(1.0)["say"] == "Fine."
                break
            except queue.Empty:
                continue
        else:
            pytest.fail("the claim of a proxy that is gone was never given up")
        upstream.release.set()
    assert len(upstream.bodies) == 2


def test_what_a_proxy_could_not_finish_before_it_stopped_is_asked_elsewhere(
    broker, start, upstream
):
    first = start("one")
    upstream.behave = events(then=stall)
    with Device(broker.host, broker.port) as device:
        device.ask(id="same")
        assert upstream.asked.wait(DEADLINE_S)
        assert first.end() == 0, first.log()
        assert device.final("same")["err"] == "busy"
        start("two")
        upstream.behave = say("Fine.")
        assert device.turn(id="same", **{"try": 1})["say"] == "Fine."
    assert len(upstream.bodies) == 2


def test_while_the_server_is_gone_requests_are_answered(broker, tmp_path, upstream):
    if not find("redis-server"):
        pytest.skip("Redis is not installed")
    pytest.importorskip("redis")
    upstream.behave = say("Fine.")
    with redis_server(tmp_path) as server:
        config = CONFIG.format(group="one", kind="redis", url=upstream.url)
        where = f"{broker.host}:{broker.port}"
        with (
            Proxy(where, tmp_path, config, SHARED=server.url) as proxy,
            Device(broker.host, broker.port) as device,
        ):
            assert device.turn()["say"] == "Fine."
            server.stop()
            told = device.turn(id="same")
            assert told["say"] == "Fine."
            server.start()
            assert device.turn(id="same", **{"try": 1}) == told
            assert len(upstream.bodies) == 2
            assert "retries that come elsewhere cost again" in proxy.log()
