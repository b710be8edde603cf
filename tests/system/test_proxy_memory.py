"""A million ids that nobody has: what a proxy keeps of them has a bound."""

import json
import subprocess
import sys

import pytest

# A process of its own, so that nobody else's memory is counted. Each id does one of what anybody
# who reaches the broker can do: be born, ask, cancel, spend.
MILLION = r"""
import asyncio, json, os, sys
from cloud_proxy.budgets import Budgets, Limit
from cloud_proxy.config import Mqtt, Routing
from cloud_proxy.dispatch import Dispatcher
from cloud_proxy.ingress import Ingress
from cloud_proxy.purse import MemoryStore, Purse
from firmware import wire

def rss_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

class Out:
    said = 0
    def publish(self, topic, payload, qos):
        self.said += 1
    def unsubscribe(self, topics): pass
    def way_back_ms(self): return 1.0

BORN = {"v": 1, "fw": "1", "board": "b", "chip": "c", "nonce": "0", "hash": "h", "pins": [2]}

async def main(count, steps):
    limits = [Limit("each device", "hour", 1000, each=True)]
    purse = Purse(Budgets(limits), MemoryStore())
    ingress = Ingress(Mqtt(), Dispatcher({}, {}, Routing(), purse, print))
    ingress.out = Out()
    grown, begun_mb = [], rss_mb()
    for number in range(count):
        device, kind = f"fake-{number}", number % 10
        if kind == 0:
            tools = [[f"t{number % 977}", "Do.", []]]  # and many catalogues, too
            body = json.dumps({**BORN, "board": f"b{number}", "tools": tools}).encode()
            ingress.received(wire.topic(device, wire.INFO), body, True)
        elif kind < 6:  # refused as busy: the proxy is not serving yet
            body = b'{"id":"r%d","try":0,"ttl":30,"hash":"h","msgs":[{"u":"hello"}]}' % number
            ingress.received(wire.topic(device, wire.REQUEST), body, False)
        elif kind < 8:
            ingress.received(wire.topic(device, wire.CANCEL), b'{"id":"r%d"}' % number, False)
        else:
            held = await purse.reserve(device, 100)
            held.settle(7)
        if (number + 1) % (count // steps) == 0:
            grown.append(round(rss_mb() - begun_mb, 1))
    print(json.dumps({"grown_mb": grown, "said": ingress.out.said, "way": ingress.under_way}))

asyncio.run(main(int(sys.argv[1]), 5))
"""
COUNT = 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(900)
def test_a_million_fake_ids_are_forgotten_again(record_property):
    command = [sys.executable, "-c", MILLION, str(COUNT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    record_property("MB grown after each 200,000 ids", told["grown_mb"])
    print(told)
    assert told["said"] == COUNT // 2 and told["way"] == 0
    first, *_, last = told["grown_mb"][2:]  # by then every bound is reached
    assert last < 200 and last - first < 30, told
