"""A request and its attempts as OpenTelemetry's spans, told to a collector that speaks OTLP."""

import http.server
import subprocess
import sys
import threading
import time

import pytest

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
    status,
)

SECRET = "the-safe-is-behind-the-picture"
CONFIG = "[telemetry]\nspans = true\n" + ONLY_UPSTREAM


@pytest.fixture
def collector():
    """A server for spans: its address, and the spans that came."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            server.bodies.append(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    server.spans.extend(scope.spans)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.spans, server.bodies = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(broker, tmp_path, collector):
    """Have a device ask something of an upstream; return the request's span, and its attempts."""

    def told(behave, ask):
        config = CONFIG + "[tiers.other]" + ONLY_UPSTREAM.split("[tiers.up]")[1]
        with Upstream() as upstream:
            upstream.behave = behave
            port = collector.server_address[1]
            with (
                Proxy(
                    f"{broker.host}:{broker.port}", tmp_path, config.format(url=upstream.url),
                    OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
                ) as proxy,
                Device(broker.host, broker.port) as device,
            ):  # fmt: skip
                ask(device, upstream)
                rows = proxy.rows()
        deadline = time.monotonic() + DEADLINE_S
        while len(collector.spans) < 1 + len(rows):
            assert time.monotonic() < deadline, collector.spans
            time.sleep(0.05)
        [parent] = [span for span in collector.spans if not span.parent_span_id]
        children = [span for span in collector.spans if span.parent_span_id == parent.span_id]
        for body in collector.bodies:
            assert b"limpet-proxy" in body and SECRET.encode() not in body
        assert len(children) == len(rows) and {c.trace_id for c in children} == {parent.trace_id}
        return parent, children, rows

    return told


def about(span):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_an_answer_is_a_request_and_an_attempt(told):
    parent, [attempt], [row] = told(
        say("Fine.", SECRET), lambda device, _: device.turn(SECRET, slo_ms=9000)
    )
    whole, part = about(parent), about(attempt)
    assert parent.name == "request" and attempt.name == f"attempt {row['tier']}"
    assert (whole["limpet.device"], whole["limpet.code"], whole["limpet.slo_ms"]) == (
        "d1", "ok", 9000,
    )  # fmt: skip
    assert part["gen_ai.request.model"] == "fake" and part["limpet.outcome"] == "ok"
    assert part["gen_ai.usage.input_tokens"] == 100 and part["limpet.cost_ud"] == row["cost_ud"]
    assert attempt.end_time_unix_nano - attempt.start_time_unix_nano == row["total_ms"] * 10**6
    assert parent.status.code != 2 and attempt.status.code != 2


def test_each_tier_that_fails_is_a_span_that_failed_and_what_it_said_is_not_told(told):
    fails = status(500, {"error": {"message": SECRET}})
    parent, attempts, rows = told(fails, lambda device, _: device.turn(SECRET))
    assert sorted(a.name for a in attempts) == ["attempt other", "attempt up"]
    assert all(a.status.code == 2 and a.status.message == "http_500" for a in attempts)
    assert parent.status.code == 2 and about(parent)["limpet.code"] == "upstream"


def test_a_cancelled_request_is_told_as_cancelled(told):
    def ask(device, upstream):
        request_id = device.ask(SECRET, stream=True)
        assert device.next()["d"]
        device.publish("up/llm/cancel", {"id": request_id})
        assert device.turn(id=request_id, **{"try": 1})["err"] == "cancelled"

    parent, [attempt], _ = told(events(chunk({"content": "Once "}), then=stall), ask)
    assert about(parent)["limpet.code"] == about(attempt)["limpet.outcome"] == "cancelled"
    assert parent.status.code != 2


def test_without_the_packages_that_is_told(tmp_path):
    file = tmp_path / "proxy.toml"
    file.write_text("[telemetry]\nspans = true\n")
    without = "import sys; sys.modules['opentelemetry'] = None; "
    without += "sys.argv[1:] = ['serve', '--config', sys.argv[1], '--ledger', sys.argv[2]]; "
    without += "from cloud_proxy.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, str(file), str(tmp_path / "l.sqlite")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and "error: spans cannot be told" in done.stderr
    assert "limpet[proxy,otel]" in done.stderr and "Traceback" not in done.stderr
