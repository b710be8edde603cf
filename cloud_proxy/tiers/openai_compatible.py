"""The tier for any endpoint that speaks OpenAI's chat completions: Cerebras, Groq, vLLM.

The upstream is not trusted: its answer is bounded in bytes and time, and whatever cannot be read
becomes a TierError.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cloud_proxy.candidates import TierState
from cloud_proxy.config import OpenAITier, secret
from cloud_proxy.errors import UserError
from cloud_proxy.fast_json import encode
from cloud_proxy.health import Health
from cloud_proxy.lane import Lane
from cloud_proxy.metering import Price, price_from_tables, price_from_usd
from cloud_proxy.request import Request
from cloud_proxy.tiers.assembly import Assembly
from cloud_proxy.tiers.base import Completion, Quirks, Stream, TierError
from cloud_proxy.tiers.http_client import Answer, Client
from cloud_proxy.tiers.http_connection import Limits
from cloud_proxy.tiers.sse import Events
from cloud_proxy.tiers.upstream_errors import UPSTREAM_ERRORS, named, refused

_TRAILER_TIMEOUT_S = 0.05


class OpenAICompatible:
    """One endpoint and model."""

    outside = True
    escalate_below = 0.0  # it does not know how sure it is

    def __init__(self, name: str, config: OpenAITier) -> None:
        """Raises UserError if the key is not set or no price is known."""
        self.name = name
        self.model = config.model
        self.price = _price(name, config)
        self.max_output_tokens = config.max_output_tokens
        self.lane = Lane(config.batch, config.batch_window_s) if config.batch > 1 else None
        self.quirks = Quirks(config.max_tokens_name, config.streams, tools=config.tools)
        self.to_be_probed = config.probe
        self._config = config
        self._url = config.url.rstrip("/") + "/chat/completions"
        self._provider = config.provider or urlsplit(config.url).netloc
        key = secret(config.key_env, f"tier {name}")
        self._headers = {
            "content-type": "application/json",
            "accept": "*/*",
            "accept-encoding": "identity",  # what is compressed could grow without end in here
            "user-agent": "limpet-proxy",  # some providers' gates let nobody in without
        }
        if key and not (key.isascii() and key.isprintable()):
            raise UserError(
                f"tier {name} has a key that cannot be sent",
                f"the environment variable {config.key_env} holds more than printable ASCII",
                "set it to the key alone, on one line",
            )
        if key:
            self._headers["authorization"] = "Bearer " + key
        self._client: Client | None = None

    def state(self, health: Health, input_tokens: int, whole: bool, now_s: float) -> TierState:
        """Return how routing sees it."""
        config = self._config
        requests_left, tokens_left = health.rate.left(now_s)
        return TierState(
            name=self.name,
            provider=self._provider,
            price=self.price,
            private=config.private,
            tools=self.quirks.tools,
            streams=self.quirks.streams,
            context_tokens=config.context_tokens,
            max_output_tokens=config.max_output_tokens,
            latency=health.timings(whole or not self.quirks.streams).predict(input_tokens, now_s),
            open_until_s=health.breaker.open_until_s,
            trying=health.breaker.trying,
            requests_left=requests_left,
            tokens_left=tokens_left,
            in_flight=health.in_flight,
            room=config.max_connections,
        )

    async def start(self) -> None:
        """Make the pool of connections; none is opened yet."""
        config = self._config
        limits = Limits(
            connections=config.max_connections,
            connect_s=config.connect_timeout_s,
            idle_s=config.idle_timeout_s,
            total_s=config.total_timeout_s,
        )
        self._client = Client(self._url, self._headers, limits, _proxy(self._url))

    async def close(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.close()

    async def complete(self, request: Request, stream: Stream) -> Completion:
        """Return one completion; cancelling closes its connection, which stops the upstream."""
        if self._client is None:
            raise TierError("down", "the tier is not started")
        body = self._body(request)
        stream.prompt_characters = len(body)
        try:
            answer = await self._client.post(body)
            try:
                stream.headers = answer.headers
                if answer.status != 200:
                    raise await refused(answer)
                return await self._read(answer, Assembly(request.talk, stream))
            finally:
                answer.end()
        except UPSTREAM_ERRORS as e:
            raise named(e, self._config) from e

    async def _read(self, answer: Answer, assembly: Assembly) -> Completion:
        limit = self._config.max_response_bytes
        if "event-stream" not in answer.headers.get("content-type", ""):
            whole = await answer.rest(limit + 1)
            _bound(len(whole), limit)
            assembly.whole(whole)
            return assembly.completion()
        size = 0
        events = Events()
        while data := await answer.some():
            size += len(data)
            _bound(size, limit)
            for event in events.feed(data):
                assembly.event(event)
            if assembly.done:
                await _finish(answer)
                break
        return assembly.completion()

    def _body(self, request: Request) -> bytes:
        config = self._config
        quirks = self.quirks
        tools = request.talk.tools if quirks.tools else None
        has_tools = bool(tools and tools.schemas)
        streams = quirks.streams and not request.whole
        if has_tools and not quirks.tools_streamed:
            streams = False
        options = request.talk.options
        if not quirks.tool_choice:
            options = {name: options[name] for name in options if name != "tool_choice"}
        tokens = min(
            request.max_output_tokens or config.max_output_tokens, config.max_output_tokens
        )
        body: dict[str, Any] = {
            "model": self.model,
            "messages": request.talk.chat(),
            **options,
            "stream": streams,
            quirks.max_tokens_name: tokens,
            **config.extra,
        }
        if streams and quirks.stream_options:
            body["stream_options"] = {"include_usage": True}
        if tools and has_tools:
            body["tools"] = tools.schemas
        return encode(body)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a url, looked up once: it costs threads.

    Raises UserError for one that cannot be spoken to.
    """
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get(parts.scheme)
    if proxy and urlsplit(proxy).scheme != "http":
        raise UserError(
            f"the proxy {urlsplit(proxy).hostname} for {parts.netloc} cannot be used",
            f"{parts.scheme}_proxy is no http:// URL, and that is how proxies are spoken to here",
            f"name one with http://, or except the endpoint: no_proxy={parts.hostname}",
        )
    return proxy


def _bound(size: int, limit: int) -> None:
    if size > limit:
        raise TierError("endless", f"an answer of over {limit} bytes")


async def _finish(answer: Answer) -> None:
    """Wait a moment for the end of a stream that has said [DONE], so that it can be used again."""
    if answer.is_whole:
        return
    try:
        async with asyncio.timeout(_TRAILER_TIMEOUT_S):
            await answer.some()
    except TimeoutError:  # it stays open: then the connection is closed instead
        pass


def _price(name: str, config: OpenAITier) -> Price:
    if config.price:
        own = config.price
        return price_from_usd(own.input, own.output, own.cached, "config")
    price = price_from_tables(config.model, config.url)
    if price is None:
        raise UserError(
            f"no price is known for {config.model} at {config.url}",
            "it is not in the genai-prices tables, and what is not priced cannot be metered",
            f"set tiers.{name}.price = {{ input = .., output = .. }}, USD per million tokens; "
            "0 for a server of your own",
        )
    return price
