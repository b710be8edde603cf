"""Real neighbours for the proxy's tests: the proxy as a process, a device, an upstream server."""

import asyncio
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
from aiohttp import web
from paho.mqtt.enums import CallbackAPIVersion

from host.mqtt import leave

DEADLINE_S = 60.0
TOOLS = [
    ["gpio_write", "Drive a pin.", [["pin", "pin"], ["value", "int", 0, 1]]],
    ["gpio_read", "Read a pin.", [["pin", "pin"]]],
    ["memory_set", "Remember.", [["key", "str", 32], ["value", "str", 160]]],
]
ONLY_UPSTREAM = """
[tiers.edge]
kind = "edge"
enabled = false
[tiers.up]
kind = "openai"
url = "{url}"
model = "fake"
key_env = "FAKE_KEY"
price = {{ input = 1.0, output = 2.0 }}
idle_timeout_s = 2
total_timeout_s = 8
max_response_bytes = 65536
"""


class Proxy:
    """`limpet-proxy serve` in a process of its own, ready when the constructor returns.

    http: where it listens for programs, "" if it does not.
    """

    def __init__(
        self,
        where: str,
        folder: Path,
        config: str = "",
        arguments: list[str] | None = None,
        **env: str,
    ) -> None:
        self.ledger = folder / "ledger.sqlite"
        command = [sys.executable, "-m", "cloud_proxy", "serve"]
        command += ["--broker", where, "--ledger", str(self.ledger), "--verbose"]
        command += arguments or []
        if config:
            file = folder / "proxy.toml"
            file.write_text(config)
            command += ["--config", str(file)]
        self._log = folder / "proxy.log"
        ready, write = os.pipe()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--ready-fd", str(write)],
                pass_fds=[write],
                stderr=log,
                env={**os.environ, "FAKE_KEY": "sk-fake-0123", **env},
            )
        os.close(write)
        readable, _, _ = select.select([ready], [], [], DEADLINE_S)
        said = os.read(ready, 64) if readable else b""
        os.close(ready)
        word, _, self.http = said.decode().strip().partition("\n")
        if word != "ready":
            self.process.kill()
            self.process.wait()
            raise AssertionError("the proxy did not get ready:\n" + self.log())

    def log(self) -> str:
        return self._log.read_text()

    def end(self) -> int:
        """Send SIGTERM and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def rows(self) -> list[dict]:
        """End the proxy and return what it has written to the ledger."""
        from cloud_proxy.report import attempts

        assert self.end() == 0, self.log()
        return attempts(self.ledger)


class Device:
    """A board as the proxy sees it: a name, a birth message, requests and replies."""

    def __init__(self, host: str, port: int, name: str = "d1", tools: list | None = TOOLS) -> None:
        self.name = name
        self.replies: queue.Queue[dict] = queue.Queue()
        self._count = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda c, u, m: self.replies.put(json.loads(m.payload))
        subscribed = threading.Event()
        self._client.on_connect = lambda c, *_: c.subscribe(f"limpet/v1/{name}/down/llm/res", 1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self.subscribed = subscribed
        self._client.connect(host, port)
        self._client.loop_start()
        assert subscribed.wait(DEADLINE_S)
        if tools is not None:
            self.publish("up/info", {
                "v": 1, "fw": "1", "board": "esp32-devkit", "chip": "esp32", "nonce": "ab",
                "hash": "h1", "tools": tools, "pins": [2, 4, 5], "tz": "Europe/Paris",
            }, retain=True)  # fmt: skip

    def publish(self, kind: str, body: dict | bytes, retain: bool = False) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body)
        info = self._client.publish(f"limpet/v1/{self.name}/{kind}", payload, 1, retain)
        info.wait_for_publish(DEADLINE_S)

    def send(self, kind: str, body: dict) -> None:
        """Publish and do not wait until the broker has it."""
        self._client.publish(f"limpet/v1/{self.name}/{kind}", json.dumps(body), 1)

    def ask(self, sentence: str = "turn on pin 2", **fields: object) -> str:
        """Publish a request and return its id."""
        self._count += 1
        body = {"id": f"r{self._count}", "try": 0, "ttl": 30, "hash": "h1"}
        body |= {"msgs": [{"u": sentence}], **fields}
        self.publish("up/llm/req", body)
        return body["id"]

    def next(self, timeout_s: float = DEADLINE_S) -> dict:
        """Return the next message on the reply topic."""
        return self.replies.get(timeout=timeout_s)

    def final(self, request_id: str) -> dict:
        """Return the final reply to a request; what else comes is thrown away."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            reply = self.next(max(0.01, deadline - time.monotonic()))
            if reply["id"] == request_id and reply.get("fin"):
                return reply

    def turn(self, sentence: str = "turn on pin 2", **fields: object) -> dict:
        return self.final(self.ask(sentence, **fields))

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        leave(self._client)


class Upstream:
    """An OpenAI-compatible server on a free loopback port, as ill-behaved as `behave` makes it."""

    def __init__(self) -> None:
        self.behave: Callable = say("Fine.")
        self.bodies: list[dict] = []
        self.keys: list[str | None] = []
        self.agents: list[str | None] = []
        self.asked = threading.Event()
        self.abandoned = threading.Event()  # a client hung up on us
        self.release = threading.Event()  # lets `finish` go on
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._call(self._open())

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._handle)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.keys.append(request.headers.get("authorization"))
        self.agents.append(request.headers.get("user-agent"))
        self.asked.set()
        try:
            return await self.behave(request, self.bodies[-1])
        except (asyncio.CancelledError, ConnectionError):
            self.abandoned.set()
            raise

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S)

    async def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say the rest once `release` is set."""
        await asyncio.to_thread(self.release.wait, DEADLINE_S)
        await response.write(chunk({"content": "done."}) + b"data: [DONE]\n\n")

    def close_server(self) -> None:
        """Close the port and every connection; safe to call twice."""
        self._call(self._runner.cleanup())

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_server()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def chunk(delta: dict, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def events(*parts: bytes, then: Callable | None = None) -> Callable:
    """Return a behaviour: these bytes as a stream of events, then perhaps something more."""

    async def behave(request: web.Request, body: dict) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if then:
            await then(request, response)
        await response.write_eof()
        return response

    return behave


def say(*words: str, usage: dict | None = USAGE) -> Callable:
    parts = [chunk({"content": word}) for word in words]
    return events(*parts, chunk({}, "stop", usage=usage), b"data: [DONE]\n\n")


def call(*calls: tuple[str, str], text: str = "") -> Callable:
    """Return a behaviour: tool calls whose arguments come in two pieces."""
    parts = [chunk({"content": text})] if text else []
    for index, (name, arguments) in enumerate(calls):
        half = len(arguments) // 2
        for piece in (
            {"index": index, "id": f"c{index}", "function": {"name": name, "arguments": ""}},
            {"index": index, "function": {"arguments": arguments[:half]}},
            {"index": index, "function": {"arguments": arguments[half:]}},
        ):
            parts.append(chunk({"tool_calls": [piece]}))
    return events(*parts, chunk({}, "tool_calls", usage=USAGE), b"data: [DONE]\n\n")


def status(code: int, body: object, **headers: str) -> Callable:
    async def behave(request: web.Request, _: dict) -> web.Response:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/json"
        return web.Response(status=code, body=payload, content_type=kind, headers=headers)

    return behave


async def for_ever(request: web.Request, response: web.StreamResponse) -> None:
    """Send text without end."""
    while True:
        await response.write(chunk({"content": "word " * 100}))


async def stall(request: web.Request, response: web.StreamResponse) -> None:
    """Send nothing more, until the client hangs up."""
    await asyncio.Event().wait()


async def hang_up(request: web.Request, response: web.StreamResponse) -> None:
    """Cut the connection in the middle."""
    assert request.transport
    request.transport.close()
