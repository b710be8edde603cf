"""The proxy's command line, in a process of its own: data, talk, exit codes."""

import getpass
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from cloud_proxy import keys
from cloud_proxy.ledger import Ledger
from cloud_proxy.metering import Attempt
from host.broker import find_mosquitto, free_port
from tests.system.proxy_kit import DEADLINE_S, Device, Proxy


def run(*args, stdin="", **env):
    return subprocess.run(
        [sys.executable, "-m", "cloud_proxy", *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", **env},
    )


def three_lines(stderr):
    """Return the what, why and fix of an error, of which there must be exactly one."""
    found = re.fullmatch(r"error: (.+)\ncause: (.+)\nhint:  (.+)\n", stderr)
    assert found, stderr
    return found.groups()


@pytest.fixture
def ledger(tmp_path):
    file = tmp_path / "ledger.sqlite"
    book = Ledger(file)
    book.open()
    for number in range(3):
        book.record(Attempt(number, "d1", f"r{number}", 0, 0, "edge", "m", 5, 3, 0, True, 7,
                            "free", None, 12, "ok", "why not"))  # fmt: skip
    book.close()
    return file


def test_ask_one_sentence_as_json():
    done = run("ask", "--json", "turn on pin 2")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["calls"] == [{"tool": "gpio_write", "args": {"pin": 2, "value": 1}}]
    assert isinstance(answer["say"], str) and 0 <= answer["confidence"] <= 1


def test_ask_a_sentence_a_line_and_decline():
    done = run("ask", "--json", stdin="turn on pin 2\n\nwho won the world cup?\n")
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["calls"] and second["calls"] == []


def test_ask_in_words():
    done = run("ask", "turn on pin 2")
    assert "gpio_write" in done.stdout and done.returncode == 0


def test_report_as_a_table(ledger):
    done = run("report", "--ledger", str(ledger))
    head, row = done.stdout.splitlines()
    assert head.split()[:2] == ["tier", "attempts"]
    assert row.split() == ["edge", "3", "3", "3", "15", "9", "21", "3", "12", "12", "0", "0"]
    assert "\x1b" not in done.stdout


def test_report_as_json(ledger):
    [row] = json.loads(run("report", "--json", "--ledger", str(ledger)).stdout)
    assert (row["tier"], row["requests"], row["cost_ud"], row["p95_ms"]) == ("edge", 3, 21, 12)


def test_report_one_row_an_attempt(ledger):
    rows = json.loads(run("report", "--rows", "--json", "--ledger", str(ledger)).stdout)
    assert [row["request"] for row in rows] == ["r0", "r1", "r2"]


def test_the_ledger_is_found_in_the_state_directory(ledger):
    assert json.loads(run("report", "--json", LIMPET_STATE=str(ledger.parent)).stdout)


ERRORS = {
    "a ledger that is not there": (["report", "--ledger", "none.sqlite"], 1, "no ledger at"),
    "a configuration that is not there": (["serve", "--config", "no.toml"], 1, "cannot read no.t"),
}


@pytest.mark.parametrize("args, code, words", ERRORS.values(), ids=ERRORS)
def test_error(args, code, words):
    done = run(*args)
    assert done.returncode == code and done.stdout == ""
    assert words in three_lines(done.stderr)[0]


def test_a_key_is_shown_once_and_its_hash_kept(tmp_path):
    file = tmp_path / "keys.txt"
    done = run("key", "kitchen", "--keys", str(file))
    made = done.stdout.strip()
    assert done.returncode == 0 and made.startswith("lk_")
    assert keys.Keys(file).name(made) == "kitchen" and made not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    done = run("key", "No Name", "--keys", str(file))
    assert done.returncode == 1 and "no device's name" in three_lines(done.stderr)[0]


MISUSE = {
    "an unknown option": ["serve", "--brooker", "x:1"],
    "an unknown command": ["sreve"],
    "a broker without a port": ["serve", "--broker", "localhost"],
}


@pytest.mark.parametrize("args", MISUSE.values(), ids=MISUSE)
def test_misuse(args):
    done = run(*args)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "Error" in done.stderr


@pytest.mark.parametrize("command", [[], ["serve"], ["report"], ["ask"], ["key"]])
def test_help_has_examples(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert not command or f"limpet-proxy {command[0]}" in done.stdout.split("Examples:")[1]


def test_a_broker_that_is_not_there_is_told(tmp_path):
    config = tmp_path / "proxy.toml"
    config.write_text("[mqtt]\nconnect_timeout_s = 0.5\n")
    where = f"127.0.0.1:{free_port()}"
    ledger = str(tmp_path / "l.sqlite")
    done = run("serve", "--config", str(config), "--broker", where, "--ledger", ledger)
    assert done.returncode == 1
    assert three_lines(done.stderr)[0] == f"no broker at {where}"


def test_a_server_that_is_silent_is_told(tmp_path):
    config = tmp_path / "proxy.toml"
    config.write_text("[mqtt]\nconnect_timeout_s = 0.5\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        ledger = str(tmp_path / "l.sqlite")
        done = run("serve", "--config", str(config), "--broker", where, "--ledger", ledger)
    assert done.returncode == 1
    assert three_lines(done.stderr)[0] == f"no broker at {where}"


@pytest.mark.skipif(not find_mosquitto(), reason="needs a broker with an access list")
def test_a_broker_that_grants_and_does_not_deliver_is_told(tmp_path):
    port = free_port()
    (tmp_path / "acl").write_text("topic write #\n")  # nobody may read
    config = f"listener {port} 127.0.0.1\nallow_anonymous true\nuser {getpass.getuser()}\nacl_file {tmp_path}/acl\n"
    (tmp_path / "mosquitto.conf").write_text(config)
    broker = subprocess.Popen(
        [find_mosquitto(), "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL
    )
    try:
        where = f"127.0.0.1:{port}"
        done = run("serve", "--broker", where, "--ledger", str(tmp_path / "l.sqlite"))
    finally:
        broker.terminate()
        broker.wait(DEADLINE_S)
    assert done.returncode == 1
    what, why, _ = three_lines(done.stderr)
    assert "does not deliver to shared subscriptions" in what and "did not come back" in why


def test_a_broker_that_hangs_up_while_it_is_tried_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with server.accept()[0] as client, client.makefile("rb") as stream:
                while kind := stream.read(1):
                    size = shift = 0
                    while (byte := stream.read(1)[0]) & 0x80:
                        size, shift = size | (byte & 0x7F) << shift, shift + 7
                    packet = stream.read(size | byte << shift)
                    if b"$share/" in packet and b"/probe" in packet:
                        return
                    if kind[0] >> 4 == 1:  # CONNECT, CONNACK
                        client.sendall(bytes((0x20, 2, 0, 0)))
                    if kind[0] >> 4 == 8:  # SUBSCRIBE, SUBACK
                        client.sendall(bytes((0x90, 3)) + packet[:2] + b"\1")

        thread = threading.Thread(target=serve)
        thread.start()
        where = f"127.0.0.1:{server.getsockname()[1]}"
        done = run("serve", "--broker", where, "--ledger", str(tmp_path / "l.sqlite"))
        thread.join(DEADLINE_S)
    assert done.returncode == 1
    assert three_lines(done.stderr)[:2] == (
        f"the broker at {where} hung up on us", "the connection broke"
    )  # fmt: skip


def test_two_proxies_share_the_requests_and_each_is_answered_once(broker, tmp_path):
    if broker.kind == "iotcore":
        pytest.skip("the embedded broker gives MQTT 3.1.1 members of a share every message")
    with ExitStack() as stack:
        proxies: list[Proxy] = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            proxy = Proxy(f"{broker.host}:{broker.port}", tmp_path / name)
            proxies.append(stack.enter_context(proxy))
        device = stack.enter_context(Device(broker.host, broker.port))
        for _ in range(20):
            assert device.turn("turn on pin 2")["calls"]
        assert device.replies.empty()
        rows = [len(proxy.rows()) for proxy in proxies]
    assert sum(rows) == 20 and min(rows) > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_says_ready_once_and_ends_with_zero(broker, tmp_path, number):
    with Proxy(f"{broker.host}:{broker.port}", tmp_path) as proxy:
        proxy.process.send_signal(number)
        assert proxy.process.wait(DEADLINE_S) == 0
        assert proxy.log().count("ready") == 1
        assert "Traceback" not in proxy.log()
