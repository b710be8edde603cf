"""What the proxy adds: CPU a request, latency, throughput, beside direct and other gateways.

All on loopback, each part a process of its own, gateways with one worker. The CPU time of the
gateway's process is the figure to trust on a shared machine; the rest are ratios of one run. nginx
is measured where it is installed, LiteLLM where LITELLM names its program or it is on the path.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from results import row, save

from host.broker import Broker

LOADS = Path(__file__).parent / "loads"
SECONDS = 4
ROUNDS = 5
FLOOR = "an aiohttp forwarder"
KEY = "sk-" + secrets.token_hex(16)  # LiteLLM wants one; the others take no notice of it
TICKS = os.sysconf("SC_CLK_TCK")
PROXY = """
[http]
listen = "127.0.0.1:0"
max_inflight_per_device = 1000
[mqtt]
max_inflight = 2000
max_inflight_per_device = 16
[routing]
explore = 0
[tiers.edge]
kind = "edge"
enabled = false
[tiers.tier]
kind = "openai"
url = "http://127.0.0.1:{port}/v1"
model = "fake"
price = {{ input = 0.1, output = 0.2 }}
max_connections = 1000
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 10000000;
  upstream backend {{ server 127.0.0.1:{port}; keepalive 128; }}
  server {{ listen 127.0.0.1:{own}; location / {{
    proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off; }} }}
}}
"""


LITELLM = """
model_list:
- model_name: fake
  litellm_params:
    model: openai/fake
    api_base: http://127.0.0.1:{port}/v1
    api_key: none
general_settings:
  master_key: {key}
"""


@contextmanager
def started(*command: str) -> Iterator[tuple[int, str]]:
    """Run a process and yield its id and the first line that it says."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.pid, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def upstream(stack: ExitStack, delay_ms: int) -> str:
    """Start a backend that answers after a time and return its port."""
    command = (sys.executable, str(LOADS / "backend.py"), str(delay_ms))
    return stack.enter_context(started(*command))[1]


def ours(stack: ExitStack, backend: str, broker: Broker) -> tuple[int, str]:
    """Start our proxy and return its process and its port."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    config = folder / "proxy.toml"
    config.write_text(PROXY.format(port=backend))
    read, write = os.pipe()
    command = [sys.executable, "-m", "cloud_proxy", "serve", "--config", str(config)]
    command += ["--broker", f"{broker.host}:{broker.port}", "--ledger", str(folder / "l.sqlite")]
    process = subprocess.Popen(
        [*command, "--ready-fd", str(write)], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    stack.callback(process.wait, 15)
    stack.callback(process.terminate)
    with os.fdopen(read) as ready:
        word, address = ready.readline().strip(), ready.readline().strip()
    assert word == "ready", "the proxy did not start"
    return process.pid, address.rpartition(":")[2]


def nginx(stack: ExitStack, backend: str) -> tuple[int, str] | None:
    """Start nginx as a gateway, if there is one, and return its worker and its port."""
    from host.broker import free_port

    program = shutil.which("nginx")
    if not program:
        return None
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    os.chmod(folder, 0o777)  # its worker is another user
    port = str(free_port())
    config = Path(folder) / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=backend, own=port))
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 15)
    stack.callback(process.terminate)
    while not (workers := _children(process.pid)):
        pass
    return workers[0], port


def litellm(stack: ExitStack, backend: str) -> tuple[int, str] | None:
    """Start LiteLLM as a gateway, if there is one, and return its process and its port."""
    from host.broker import free_port

    program = os.environ.get("LITELLM") or shutil.which("litellm")
    if not program:
        return None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    port = str(free_port())
    config = folder / "litellm.yaml"
    config.write_text(LITELLM.format(port=backend, key=KEY))
    process = subprocess.Popen(
        [program, "--config", str(config), "--host", "127.0.0.1", "--port", port],
        env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait, 15)
    stack.callback(process.terminate)
    deadline_s = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            return process.pid, port
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline_s, "LiteLLM is not up"
            time.sleep(0.2)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def load(pid: int | None, script: str, *args: object) -> dict[str, Any]:
    """Run a load and return what it measured, with cpu_us a request if pid is a gateway's."""
    before = cpu_s(pid) if pid else 0.0
    command = [sys.executable, str(LOADS / script), *map(str, args)]
    env = os.environ | {"API_KEY": KEY}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    told = json.loads(done.stdout)
    assert not told["failed"], told
    if pid:
        told["cpu_us"] = (cpu_s(pid) - before) / told["all"] * 1e6
    return told


def best(runs: list[dict[str, Any]], key: str) -> float:
    """Return the quietest of several rounds: the highest rate, the lowest time."""
    values = [run[key] for run in runs]
    return max(values) if key == "a_second" else min(values)


def http(stack: ExitStack, broker: Broker) -> list[dict[str, Any]]:
    """Return the rows of HTTP: every gateway in front of a backend of 0 and one of 20 ms."""
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    cases = {  # what: (backend ms, connections, streamed)
        "busy": (0, 64, ()),
        "calm": (20, 1, ()),
        "stream": (20, 1, ("stream",)),
    }
    for delay_ms in (0, 20):
        backend = stack.enter_context(
            started(sys.executable, str(LOADS / "backend.py"), str(delay_ms))
        )[1]
        url = f"http://127.0.0.1:{backend}/v1/chat/completions"
        forwarder = stack.enter_context(started(sys.executable, str(LOADS / "forwarder.py"), url))
        gateways = {
            "direct": (None, backend),
            "nginx": nginx(stack, backend),
            FLOOR: forwarder,
            "LiteLLM": litellm(stack, backend),
            "limpet-proxy": ours(stack, backend, broker),
        }
        for _ in range(ROUNDS):
            for what, (case_ms, connections, stream) in cases.items():
                for name, gateway in gateways.items():
                    if case_ms == delay_ms and gateway:
                        args = (gateway[1], "fake", connections, SECONDS, *stream)
                        found.setdefault((what, name), []).append(
                            load(gateway[0], "client.py", *args)
                        )
    how = f"best of {ROUNDS} rounds of {SECONDS} s, one worker, loopback"
    for (what, name), runs in found.items():
        direct = found[what, "direct"]

        def against(
            metric: str,
            value: float,
            unit: str,
            ratio: float,
            peer: str = "direct",
            name: str = name,
        ) -> None:
            made = row(f"{name}: {metric}", value, unit, compared_with=peer, ratio=ratio, how=how)
            rows.append(made)

        if what == "busy":
            rate = best(runs, "a_second")
            share = rate / best(direct, "a_second")
            against("requests a second at 64 connections", round(rate), "1/s", share)
            if "cpu_us" in runs[0]:
                floor = best(found[what, FLOOR], "cpu_us")
                cpu = best(runs, "cpu_us")
                against("CPU a request", round(cpu), "us", cpu / floor, FLOOR)
        elif name != "direct":
            key, words = ("first_p50_ms", "first piece") if what == "stream" else ("p50_ms", "p50")
            here, there = best(runs, key), best(direct, key)
            metric = f"{words} added at one connection, 20 ms backend"
            against(metric, round(here - there, 2), "ms", here / there)
    return rows


def mqtt(stack: ExitStack, broker: Broker) -> list[dict[str, Any]]:
    """Return the rows of MQTT: one board that waits for its answers, a thousand that do not."""
    backend = upstream(stack, 0)
    pid, _ = ours(stack, backend, broker)
    rows: list[dict[str, Any]] = []
    calm = [load(pid, "mqtt.py", broker.port, 1, 0, SECONDS) for _ in range(ROUNDS)]
    many = [load(pid, "mqtt.py", broker.port, 1000, 200, SECONDS) for _ in range(ROUNDS)]
    how = f"{broker.kind} on loopback, upstream of 0 ms that streams, best of {ROUNDS} rounds"
    for words, runs in (("one board", calm), ("1,000 boards, 200 requests/s", many)):
        for key, name, unit in (
            ("p50_ms", "p50", "ms"),
            ("p99_ms", "p99", "ms"),
            ("cpu_us", "CPU a request", "us"),
        ):
            rows.append(row(f"MQTT, {words}: {name}", round(best(runs, key), 2), unit, how=how))
        rows.append(row(f"MQTT, {words}: requests without an answer",
                        sum(run["lost"] for run in runs), "1", how=how))  # fmt: skip
    return rows


def main() -> None:
    """Measure, print, save."""
    with ExitStack() as stack:
        broker = stack.enter_context(Broker.open())
        rows = http(stack, broker)
    with ExitStack() as stack:
        broker = stack.enter_context(Broker.open())
        rows += mqtt(stack, broker)
    for entry in rows:
        beside = f"{entry['ratio']} x {entry['compared_with']}" if entry["ratio"] else ""
        print(f"{entry['metric']:66} {entry['value']:>9} {entry['unit']:4} {beside}")
    save(__file__, rows)


if __name__ == "__main__":
    main()
