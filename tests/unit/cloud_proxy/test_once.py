"""Every accepted request ends exactly once, whatever boards, tiers and operators do meanwhile."""

import asyncio
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_proxy.budgets import Budgets, Limit
from cloud_proxy.candidates import TierState
from cloud_proxy.config import Mqtt, Routing
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.health import new
from cloud_proxy.ingress import Ingress
from cloud_proxy.metering import Price, Usage
from cloud_proxy.purse import MemoryStore, Purse
from cloud_proxy.tiers.base import Completion, TierError
from firmware import wire

PRICE = Price(1_000_000, 1_000_000, 1_000_000, "test")
LIMIT_UD = 40_000


class ScriptedTier:
    """A tier whose answers a test lets go one at a time, well or ill."""

    escalate_below = 0.5
    model = "scripted"
    lane = None
    outside = True
    max_output_tokens = 512

    def __init__(self, name, private):
        self.name = name
        self.private = private
        self.price = PRICE
        self.waiting = []
        self.seen_private = False

    def state(self, health, input_tokens, whole, now_s):
        return TierState(
            self.name, self.name, PRICE, private=self.private,
            latency=health.timings(whole).predict(input_tokens, now_s),
            open_until_s=health.breaker.open_until_s, trying=health.breaker.trying,
        )  # fmt: skip

    async def complete(self, request, stream):
        self.seen_private |= request.private
        stream.prompt_characters = 400
        how = await self._turn()
        while how == "word":
            stream.text("word ")
            how = await self._turn()
        if how == "bug":
            raise RuntimeError("a fault of ours")
        if how in ("timeout", "rate_limited"):
            raise TierError(how, "it failed", retry_after_s=1.0 if how != "timeout" else None)
        return Completion(
            "Done.", usage=Usage(100, 20, estimated=False),
            confidence=0.1 if how == "unsure" else 1.0,
        )  # fmt: skip

    async def _turn(self):
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            return await turn
        finally:
            self.waiting.remove(turn)

    def let_go(self, how):
        for turn in self.waiting:
            if not turn.done():  # else it was cancelled, or goes already
                turn.set_result(how)
                break


class Outbox:
    """What was published, in order."""

    def __init__(self):
        self.finals = Counter()
        self.replies = []

    def publish(self, topic, payload, qos):
        message = json.loads(payload)
        self.replies.append(message)
        if message.get("fin"):
            assert qos == 1
            self.finals[message["id"]] += 1

    def unsubscribe(self, topics):
        pass

    def way_back_ms(self):
        return 1.0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 5), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 5), st.just(None)),
        st.tuples(
            st.sampled_from(["ok", "word", "unsure", "timeout", "rate_limited", "bug"]),
            st.integers(0, 2),
            st.just(None),
        ),
        st.tuples(st.just("wait"), st.just(0), st.just(None)),
    ),
    max_size=40,
)


async def play(script, hedge):
    tiers = {n: ScriptedTier(n, p) for n, p in (("own", True), ("a", False), ("b", False))}
    rows = []
    purse = Purse(Budgets([Limit("all", "day", LIMIT_UD)]), MemoryStore())
    routing = Routing(hedge=1.0 if hedge else 0.0, max_attempts=5)
    health = {name: new(0.001) for name in tiers}
    dispatcher = Dispatcher(tiers, health, routing, purse, rows.append)
    config = Mqtt(max_inflight=4, max_inflight_per_device=4)
    ingress = Ingress(config, dispatcher)
    ingress.out = outbox = Outbox()
    asked = Counter()
    cancelled = set()
    async with asyncio.TaskGroup() as tasks:
        ingress.serve(tasks)
        for what, number, private in script:
            id_ = f"r{number}"
            if what == "ask":
                body = {"id": id_, "try": asked[id_], "ttl": 60, "hash": "h"}
                body |= {"msgs": [{"u": "hello"}], "private": private}
                ingress.received(wire.topic("d1", wire.REQUEST), json.dumps(body).encode(), False)
                asked[id_] += 1
            elif what == "cancel":
                ingress.received(
                    wire.topic("d1", wire.CANCEL), json.dumps({"id": id_}).encode(), False
                )
                cancelled.add(id_)
            elif what == "wait":
                await asyncio.sleep(0.002)
            else:
                list(tiers.values())[number].let_go(what)
            if what == "wait" or number % 2:  # some steps come in one go
                await asyncio.sleep(0)
        await ingress.drain(0.0)
    return tiers, rows, outbox, asked, cancelled, purse, ingress


def check(played):
    tiers, rows, outbox, asked, cancelled, purse, ingress = played
    for id_, count in asked.items():
        if id_ in cancelled:  # nobody waits; a retry is told
            assert outbox.finals[id_] <= count
        else:
            assert 1 <= outbox.finals[id_] <= count
    keys = [(row.request, row.retry, row.attempt) for row in rows]
    assert len(keys) == len(set(keys))
    assert not any(tier.waiting for tier in tiers.values())
    assert not tiers["a"].seen_private and not tiers["b"].seen_private
    spent = sum(row.cost_ud for row in rows)
    [account] = purse.budgets.accounts("d1", rows[0].time_ms / 1000 if rows else 0)
    assert not rows or purse.store.known_ud(account) == spent
    assert spent <= LIMIT_UD
    assert ingress.under_way == 0


@settings(max_examples=150)
@given(steps, st.booleans())
def test_every_accepted_request_ends_exactly_once(script, hedge):
    check(asyncio.run(play(script, hedge)))


SCRIPTS = {
    "a cancel in the same breath as its request": [("ask", 0, False), ("cancel", 0, None)],
    "a request again after its cancel": [
        ("ask", 0, False), ("cancel", 0, None), ("wait", 0, None), ("ask", 0, False),
    ],
    "a cancel of what nobody asked": [("cancel", 3, None)],
    "a cancel after the answer": [
        ("ask", 1, False), ("ok", 1, None), ("wait", 0, None), ("cancel", 1, None),
    ],
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_once(script):
    check(asyncio.run(play(script, False)))
