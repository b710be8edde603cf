"""The tier for any endpoint that speaks OpenAI's chat completions: Cerebras, Groq, vLLM.

The upstream is not trusted: its answer is bounded in bytes and time, and whatever cannot be read
becomes a TierError. aiohttp sets TCP_NODELAY on its connections.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from cloud_proxy.config import OpenAITier, secret
from cloud_proxy.errors import UserError
from cloud_proxy.metering import Price, Usage, price_from_tables, price_from_usd
from cloud_proxy.prompt import messages
from cloud_proxy.request import Request
from cloud_proxy.routing import TierState
from cloud_proxy.tiers.assembly import Assembly, Garbage
from cloud_proxy.tiers.base import Completion, Stream, TierError
from cloud_proxy.tiers.sse import Events, EventTooLong

_NOTHING = Usage(estimated=False)  # the upstream refused before it did any work
_DEFAULT_RETRY_AFTER_S = 5.0
_REQUEST_AT_FAULT = frozenset({400, 413, 422})  # the next request may well be answered
_ERROR_BODY_BYTES = 2048
_TRAILER_TIMEOUT_S = 0.05


class OpenAICompatible:
    """One endpoint and model."""

    escalate_below = 0.0  # it does not know how sure it is

    def __init__(self, name: str, config: OpenAITier) -> None:
        """Raises UserError if the key is not set or no price is known."""
        self.name = name
        self.model = config.model
        self.price = _price(name, config)
        self._config = config
        self._url = config.url.rstrip("/") + "/chat/completions"
        key = secret(config.key_env, f"tier {name}")
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = "Bearer " + key
        self._session: aiohttp.ClientSession | None = None

    def state(self, predicted_ms: float, open_until_s: float) -> TierState:
        """Return how routing sees it."""
        return TierState(
            name=self.name,
            price=self.price,
            private=self._config.private,
            tools=self._config.tools,
            context_tokens=self._config.context_tokens,
            max_output_tokens=self._config.max_output_tokens,
            predicted_ms=predicted_ms,
            open_until_s=open_until_s,
        )

    async def start(self) -> None:
        """Make the pool of connections; none is opened yet."""
        config = self._config
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=config.max_connections, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(
                total=config.total_timeout_s,
                connect=config.connect_timeout_s,
                sock_read=config.idle_timeout_s,
            ),
            headers=self._headers,
            trust_env=True,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def complete(self, request: Request, stream: Stream) -> Completion:
        """Stream one completion; cancelling closes its connection, which stops the upstream."""
        body = self._body(request)
        stream.prompt_characters = len(body)
        assembly = Assembly(request.tools, stream)
        async with self._errors(), self._post(body) as response:
            if response.status != 200:
                raise await _refused(response)
            size = 0
            events = Events()
            plain = "event-stream" not in response.headers.get("content-type", "")
            whole = bytearray()
            async for data in response.content.iter_any():
                size += len(data)
                if size > self._config.max_response_bytes:
                    raise TierError("endless", f"an answer of over {size} bytes")
                if plain:
                    whole += data
                    continue
                for event in events.feed(data):
                    assembly.event(event)
                if assembly.done:
                    await _finish(response)
                    break
            if plain:
                assembly.whole(bytes(whole))
            return assembly.completion()

    def _body(self, request: Request) -> bytes:
        config = self._config
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            config.max_tokens_name: config.max_output_tokens,
            **config.extra,
        }
        if request.tools and request.tools.schemas and config.tools:
            body["tools"] = request.tools.schemas
        return json.dumps(body, separators=(",", ":")).encode()

    @asynccontextmanager
    async def _post(self, body: bytes) -> AsyncGenerator[aiohttp.ClientResponse]:
        if self._session is None:
            raise TierError("down", "the tier is not started")
        async with self._session.post(self._url, data=body, allow_redirects=False) as response:
            yield response

    @asynccontextmanager
    async def _errors(self) -> AsyncGenerator[None]:
        """Turn what aiohttp and a bad answer raise into TierError."""
        try:
            yield
        except aiohttp.ConnectionTimeoutError as e:
            why = f"no connection within {self._config.connect_timeout_s:g} s"
            raise TierError("timeout", why, usage=_NOTHING) from e
        except aiohttp.ClientConnectorError as e:
            raise TierError("connect", str(e.os_error or e), usage=_NOTHING) from e
        except TimeoutError as e:
            why = f"silent for {self._config.idle_timeout_s:g} s, or not done within "
            raise TierError("timeout", f"{why}{self._config.total_timeout_s:g} s") from e
        except (aiohttp.ClientError, OSError) as e:
            raise TierError("cut", f"the answer broke off: {type(e).__name__}") from e
        except (Garbage, EventTooLong) as e:
            raise TierError("garbage", str(e)) from e


async def _finish(response: aiohttp.ClientResponse) -> None:
    """Wait a moment for the end of a stream that has said [DONE], so that it can be used again."""
    try:
        async with asyncio.timeout(_TRAILER_TIMEOUT_S):
            await response.content.readany()
    except TimeoutError:  # it stays open: then the connection is closed instead
        pass


async def _refused(response: aiohttp.ClientResponse) -> TierError:
    """Return the error for a status other than 200, with what the upstream says of it."""
    body = await response.content.read(_ERROR_BODY_BYTES)
    said = " ".join(body.decode("utf-8", "replace").split())[:200]
    why = f"HTTP {response.status}: {said}"
    if response.status in (429, 503):
        retry_after_s = _retry_after_s(response.headers.get("retry-after"))
        if response.status == 429 or retry_after_s is not None:
            rest_s = _DEFAULT_RETRY_AFTER_S if retry_after_s is None else retry_after_s
            return TierError("rate_limited", why, usage=_NOTHING, retry_after_s=rest_s)
    at_fault = response.status not in _REQUEST_AT_FAULT
    return TierError(f"http_{response.status}", why, usage=_NOTHING, tier_at_fault=at_fault)


def _retry_after_s(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:  # a date: too rare among these endpoints to be worth a parser
        return None


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
