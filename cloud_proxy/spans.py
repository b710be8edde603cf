"""Spans for OpenTelemetry: a request and the attempts at it, told once it has ended.

They say how long, how many tokens and what it cost; never what was said, nor what a tier said of
it. Where they go is OpenTelemetry's own business: its environment variables, such as
OTEL_EXPORTER_OTLP_ENDPOINT, and an exporter that works in a thread of its own.
"""

# pyright: basic, reportMissingImports=false

import os
import time
from collections.abc import Callable
from typing import Any

from cloud_proxy.dispatch import Dispatcher, Sink
from cloud_proxy.errors import UserError
from cloud_proxy.lru import Lru
from cloud_proxy.metering import Attempt
from cloud_proxy.reply import Reply
from cloud_proxy.request import Request

_MOST_OPEN = 10_000  # attempts whose request has not ended
_OK_OUTCOMES = ("ok", "unsure", "cancelled")


def begin() -> Any:
    """Return a provider that exports. Raises UserError if the packages are not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as e:
        hint = "pip install 'limpet[proxy,otel]', or take `spans` out of [telemetry]"
        raise UserError("spans cannot be told", str(e), hint) from e
    name = os.environ.get("OTEL_SERVICE_NAME") or "limpet-proxy"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Spans:
    """Makes spans of the ledger's rows and of the requests that they belong to."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("limpet")
        self._open: Lru[tuple[str, str], list[Attempt]] = Lru(_MOST_OPEN)

    def attempt(self, row: Attempt) -> None:
        """Take in an attempt that has ended; its request has not."""
        rows = self._open.get((row.device, row.request))
        if rows is None:
            self._open[row.device, row.request] = [row]
        else:
            rows.append(row)

    def request(self, request: Request, reply: Reply | None, began_ns: int) -> None:
        """Take in a request that has ended; None: it was cancelled."""
        rows = self._open.pop((request.device, request.id)) or []
        code = "cancelled" if reply is None else reply.code
        about = {
            "limpet.device": request.device,
            "limpet.request": request.id,
            "limpet.private": request.private,
            "limpet.code": code or "ok",
        }
        if request.slo_ms is not None:
            about["limpet.slo_ms"] = request.slo_ms
        parent = self._tracer.start_span("request", start_time=began_ns, attributes=about)
        within = _context_of(parent)
        for row in rows:
            self._tell(row, within)
        _judge(parent, not code or code == "cancelled", code)
        parent.end()

    def close(self) -> None:
        """Send what waits; takes seconds if nobody listens."""
        self._provider.shutdown()

    def _tell(self, row: Attempt, within: Any) -> None:
        began_ns = row.time_ms * 1_000_000
        about: dict[str, str | int | bool] = {
            "limpet.tier": row.tier,
            "limpet.outcome": row.outcome,
            "limpet.attempt": row.attempt,
            "limpet.retry": row.retry,
            "limpet.cost_ud": row.cost_ud,
            "limpet.estimated": bool(row.estimated),
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": row.model,
            "gen_ai.usage.input_tokens": row.input_tokens,
            "gen_ai.usage.output_tokens": row.output_tokens,
        }
        if row.ttft_ms is not None:
            about["limpet.ttft_ms"] = row.ttft_ms
        name = f"attempt {row.tier}"
        span = self._tracer.start_span(
            name, context=within, start_time=began_ns, attributes=about, kind=_client()
        )
        _judge(span, row.outcome in _OK_OUTCOMES, row.outcome)
        span.end(end_time=began_ns + row.total_ms * 1_000_000)


class TracedDispatcher(Dispatcher):
    """A dispatcher whose requests are told as spans."""

    spans: Spans

    async def answer(self, request: Request, sink: Sink) -> Reply:
        """Return how the request ended, as Dispatcher does."""
        began_ns = time.time_ns()
        reply: Reply | None = None
        try:
            reply = await super().answer(request, sink)
            return reply
        finally:
            self.spans.request(request, reply, began_ns)


def recorder(spans: Spans, record: Callable[[Attempt], None]) -> Callable[[Attempt], None]:
    """Return what takes a row to the ledger and to the spans."""

    def both(row: Attempt) -> None:
        record(row)
        spans.attempt(row)

    return both


def _context_of(span: Any) -> Any:
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)


def _client() -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind.CLIENT


def _judge(span: Any, well: bool, code: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    if not well:
        span.set_status(Status(StatusCode.ERROR, code))
