"""Boards that ask over MQTT: python mqtt.py PORT DEVICES A_SECOND SECONDS. Prints a line of JSON.

A_SECOND 0: one board that asks again as soon as it is answered. Else an open loop: requests start
on time, whatever has been answered, each from the next of the devices.
"""

import asyncio
import json
import os
import sys
import time

import uvloop
from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311

WARM_S = 1.0
MESSAGE = '{"id":"%s","try":0,"ttl":30,"hash":"h","msgs":[{"u":"is the pump on?"}]}'


async def main(port: int, devices: int, a_second: float, seconds: float) -> None:
    """Ask, and print how long the last messages of the replies took to come."""
    begun: dict[str, float] = {}
    took: list[float] = []
    failed: list[str] = []
    ended: dict[str, asyncio.Future[None]] = {}
    loop = asyncio.get_running_loop()

    def on_message(
        client: object, topic: str, payload: bytes, qos: int, properties: object
    ) -> int:
        if b'"fin":true' in payload:
            told = json.loads(payload)
            if told["id"] in begun:
                took.append(time.perf_counter() - begun.pop(told["id"]))
                if told.get("err"):
                    failed.append(told["why"])
                ended.pop(told["id"]).set_result(None)
        return 0

    clients: list[Client] = []
    for number in range(devices):
        client = Client(f"d{number}", clean_session=True)
        client.on_message = on_message
        subscribed = loop.create_future()
        client.on_subscribe = lambda *_, done=subscribed: done.set_result(None)
        await client.connect("127.0.0.1", port, version=MQTTv311)
        client.subscribe(f"limpet/v1/d{number}/down/llm/res", qos=1)
        await subscribed
        clients.append(client)
    asked = 0
    run = os.urandom(4).hex() + "-"  # or the proxy would know the answers of the round before

    def ask() -> asyncio.Future[None]:
        nonlocal asked
        device = asked % devices
        id_ = f"{run}{asked}"
        asked += 1
        ended[id_] = loop.create_future()
        begun[id_] = time.perf_counter()
        clients[device].publish(f"limpet/v1/d{device}/up/llm/req", MESSAGE % id_, qos=1)
        return ended[id_]

    start = time.perf_counter()
    while (now := time.perf_counter()) < start + WARM_S + seconds:
        if now < start + WARM_S:
            took.clear()
        if not a_second:
            await ask()
            continue
        due = start + asked / a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        ask()
    waiting = list(ended.values())
    lost = len((await asyncio.wait(waiting, timeout=10))[1]) if waiting else 0
    took.sort()
    told = {"all": asked, "lost": lost, "failed": len(failed), "why": failed[:1]}
    told |= {"p50_ms": took[len(took) // 2] * 1000, "p99_ms": took[int(len(took) * 0.99)] * 1000}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    port, devices, a_second, seconds = (float(word) for word in sys.argv[1:])
    uvloop.run(main(int(port), int(devices), a_second, seconds))
