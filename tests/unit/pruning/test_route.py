"""Prune, serve, route to it, read its cost: the path of docs/pruning.md as commands, in order."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.system.proxy_kit import DEADLINE_S, Proxy

ROOT = Path(__file__).parents[3]
LIMPET_PROXY = (sys.executable, "-m", "cloud_proxy")
ASK = {"messages": [{"role": "user", "content": "which bed does the 3rd pump water?"}]}
ONLY_THE_PRUNED = """
[mqtt]
enabled = false
[http]
listen = "127.0.0.1:0"
[tiers.edge]
kind = "edge"
enabled = false
"""


def documented(url: str, model: str) -> str:
    """Return the tier as docs/pruning.md has it, with another address, and a price."""
    page = (ROOT / "docs" / "pruning.md").read_text()
    text = re.search(r"```toml\n(\[tiers\.pruned\].*?)```", page, re.S)[1]
    before = tomllib.loads(text)["tiers"]["pruned"]
    for name, value in (("url", url), ("model", model)):
        text = text.replace(f'"{before[name]}"', f'"{value}"')
    return text.replace("{ input = 0, output = 0 }", "{ input = 1.0, output = 2.0 }")


def run(*arguments: object) -> str:
    done = subprocess.run(
        [*LIMPET_PROXY, *map(str, arguments)], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(address: str, **fields: object) -> bytes:
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)
    connection.request("POST", "/v1/chat/completions", json.dumps({**ASK, **fields}))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, body
    return body


@pytest.fixture
def served(tiny, text, tmp_path):
    """A tiny model, pruned, behind `limpet-proxy prune serve`; yields address and name."""
    out = tmp_path / "tiny-60"
    how = ("--sparsity", "0.6", "--score", "sparsegpt", "--samples", "4", "--length", "32")
    run("prune", "run", tiny, "--out", out, "--text", text, "--threads", "1", *how)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*LIMPET_PROXY, "prune", "serve", str(out), "--port", str(port), "--threads", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        word, address, name = server.stdout.readline().split()
        assert word == "ready"
        yield address, name
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(DEADLINE_S)
        server.stdout.close()


def test_a_pruned_model_is_served_routed_to_and_metered(served, tmp_path):
    config = ONLY_THE_PRUNED + documented(*served)
    with Proxy("127.0.0.1:1", tmp_path, config) as proxy:
        whole = json.loads(ask(proxy.http, max_tokens=5))
        told = ask(proxy.http, max_tokens=5, stream=True).decode()
        private = json.loads(ask(proxy.http, max_tokens=5, limpet={"private": True}))
        rows = proxy.rows()
    content = whole["choices"][0]["message"]["content"]
    pieces = [json.loads(e[6:]) for e in told.split("\n\n") if e and e != "data: [DONE]"]
    deltas = [choice["delta"] for piece in pieces for choice in piece["choices"]]
    assert content and "".join(delta.get("content", "") for delta in deltas) == content
    assert whole["limpet"]["tier"] == private["limpet"]["tier"] == "pruned"
    [use] = {(row["input_tokens"], row["output_tokens"], row["estimated"]) for row in rows}
    assert use == (whole["usage"]["prompt_tokens"], 5, 0)
    [summed] = json.loads(run("report", "--ledger", proxy.ledger, "--by", "tier", "--json"))
    assert (summed["tier"], summed["requests"]) == ("pruned", 3)
    assert summed["cost_ud"] == 3 * (use[0] * 1 + use[1] * 2)
