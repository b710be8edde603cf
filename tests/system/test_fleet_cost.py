"""Budgets, cost and the kill switch from `limpet fleet`: the real commands, the real proxy."""

import http.server
import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from cloud_proxy import keys
from host.broker import Broker
from tests.system.database_kit import find, postgres_server, redis_server
from tests.system.fleet_kit import device
from tests.system.proxy_kit import DEADLINE_S, ONLY_UPSTREAM, Proxy, Upstream, status
from tests.system.test_proxy_budgets import COSTS_UD, HELLO, MOST_UD, WHOLE
from tests.system.test_proxy_http import HTTP_ONLY, connect, get, post
from tests.system.test_proxy_reload import change

pytestmark = pytest.mark.timeout(300)  # processes, databases, a busy machine
HTTP = HTTP_ONLY.replace("max_inflight_per_device = 2", "max_inflight_per_device = 64")
BUDGET = '\n[[budgets]]\nscope = "{}"\nper = "{}"\nusd = {}\n'
ONCE_MORE = (COSTS_UD + MOST_UD - 40) / 1e6  # dollars: after one answer too little for another


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        upstream.behave = status(200, WHOLE)
        yield upstream


class House:
    """A folder with a key file, an operator's key, and what proxies are started of."""

    def __init__(self, folder, upstream, more=""):
        self.folder, self.upstream = folder, upstream
        self.admins, self.key_file = folder / "admins.txt", folder / "admin.key"
        self.key = keys.add(self.admins, "alice")
        self.key_file.write_text(self.key + "\n")
        self.more = more

    def config(self, more=""):
        http = HTTP + f'admin_keys_file = "{self.admins}"\n'
        return http + self.more + more + ONLY_UPSTREAM.format(url=self.upstream.url)

    def proxy(self, more="", folder=None, **env):
        return Proxy("127.0.0.1:1", folder or self.folder, self.config(more), **env)

    def fleet(self, proxy, *words, code=0):
        """Run `limpet fleet` and return stdout, of a failure stderr."""
        command = [sys.executable, "-m", "host.cli", "fleet", *words]
        command += ["--proxy", f"http://{proxy.http}", "--admin-key-file", str(self.key_file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * DEADLINE_S)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert self.key not in done.stdout + done.stderr and "Traceback" not in done.stderr
        return done.stderr if code else done.stdout

    def listed(self, proxy, *words):
        return json.loads(self.fleet(proxy, *words, "--json"))

    def until_metered(self, proxy, cost_ud):
        """Wait until the ledger has so much."""
        deadline = time.monotonic() + DEADLINE_S
        while sum(r["cost_ud"] for r in self.listed(proxy, "cost", "--by", "tier")) != cost_ud:
            assert time.monotonic() < deadline


@pytest.fixture
def house(tmp_path, upstream):
    return House(tmp_path, upstream)


def ask(proxy, method, path, body=None, key=None):
    """Ask as any HTTP client can; return status and answer."""
    connection = connect(proxy)
    payload = body if isinstance(body, bytes | None) else json.dumps(body)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    connection.request(method, path, payload, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content)


def refused(proxy):
    """Return why the next request is refused for its cost; "" if it is answered."""
    code, content = post(proxy, HELLO)
    if code == 200:
        return ""
    error = json.loads(content)["error"]
    assert (code, error["code"]) == (402, "budget"), error
    return error["message"]


def test_a_budget_that_is_set_holds_at_once_and_after_a_kill(house):
    with house.proxy() as proxy:
        assert not refused(proxy)
        house.until_metered(proxy, COSTS_UD)
        # what the month has cost before counts: without it, another request would fit
        said = house.fleet(proxy, "budget", "set", "fleet", "month", str(ONCE_MORE))
        assert said.startswith("fleet month: $0.000")
        assert "left of the fleet's month" in refused(proxy)
        proxy.process.kill()
        proxy.process.wait()
    with house.proxy() as proxy:
        assert "left of the fleet's month" in refused(proxy)
        [row] = house.listed(proxy, "budget", "ls")
        assert (row["from"], row["by"], row["spent_ud"]) == ("operator", "alice", COSTS_UD)
        assert "fleet month" in house.fleet(proxy, "budget", "ls")
        house.fleet(proxy, "budget", "rm", "fleet", "month")
        assert not refused(proxy)
    assert len(house.upstream.bodies) == 2


def test_what_is_set_stands_in_for_what_the_configuration_says_and_for_nothing_else(house):
    small, smaller = BUDGET.format("fleet", "month", 2e-6), BUDGET.format("fleet", "month", 1e-6)
    each = BUDGET.format("device", "hour", 3e-6)
    with house.proxy(small) as proxy:
        assert "2 are left of the fleet's month" in refused(proxy)
        house.fleet(proxy, "budget", "set", "fleet", "month", "1")
        assert not refused(proxy)
        change(proxy, house.config(smaller), "was read again")
        assert not refused(proxy)
        [row] = house.listed(proxy, "budget", "ls")
        assert (row["usd"], row["instead_of_usd"]) == (1.0, [1e-6])
        change(proxy, house.config(smaller + each), "was read again")
        deadline = time.monotonic() + DEADLINE_S
        while "http's hour" not in refused(proxy):  # the second reload
            assert time.monotonic() < deadline
        house.fleet(proxy, "budget", "set", "device", "hour", "1")
        assert not refused(proxy)
        assert "fleet month: $0.000001" in house.fleet(proxy, "budget", "rm", "fleet", "month")
        assert "0 are left of the fleet's month" in refused(proxy)
        house.fleet(proxy, "budget", "rm", "fleet", "month", code=1)  # nobody has set it now
        assert "the fleet's month" in refused(proxy)


def test_a_group_has_its_devices_from_who_names_it_first(house):
    with house.proxy() as proxy:
        told = house.fleet(proxy, "budget", "set", "group:green", "day", "0", code=1)
        assert "which devices green has" in told and "--devices" in told
        house.fleet(proxy, "budget", "set", "group:green", "day", "0", "--devices", "gh-*")
        assert not refused(proxy)  # who asks without a key is called http
        house.fleet(proxy, "budget", "set", "group:green", "day", "0", "--devices", "gh-*, http")
        house.fleet(proxy, "budget", "set", "group:green", "day", "0.0000011")
        assert "1 are left of green's day" not in refused(proxy)  # the answer above counts
        assert "0 are left of green's day" in refused(proxy)
        told = {row["group"]: row["requests"] for row in house.listed(proxy, "cost", "--by=group")}
        assert told == {"green": 1}
        command = [sys.executable, "-m", "cloud_proxy", "report", "--by", "group", "--json"]
        command += ["--ledger", str(proxy.ledger)]
        [row] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        assert (row["group"], row["requests"]) == ("green", 1)


def test_the_kill_switch_stops_what_costs_and_survives_a_restart(house):
    text = house.config().replace("enabled = false\n[tiers.up]", "[tiers.up]")
    free = {"messages": [{"role": "user", "content": "turn on pin 2"}]}
    paid = {**HELLO, "model": "up"}
    with Proxy("127.0.0.1:1", house.folder, text) as proxy:
        assert house.fleet(proxy, "kill-switch") == "off\n" and post(proxy, paid)[0] == 200
        assert house.fleet(proxy, "kill-switch", "on") == "on\n"
        code, content = post(proxy, paid)
        assert code == 402 and "the kill switch" in json.loads(content)["error"]["message"]
        assert post(proxy, free)[0] == 200
        assert "limpet_killed 1.0" in get(proxy, "/metrics")[1].decode()
        proxy.process.kill()
        proxy.process.wait()
    with Proxy("127.0.0.1:1", house.folder, text) as proxy:
        assert post(proxy, paid)[0] == 402 and post(proxy, free)[0] == 200
        assert house.fleet(proxy, "kill-switch") == "on\n"
        assert house.fleet(proxy, "kill-switch", "off") == "off\n"
        assert post(proxy, paid)[0] == 200
        command = [sys.executable, "-m", "cloud_proxy", "kill", "on", "--ledger"]
        subprocess.run([*command, str(proxy.ledger)], check=True)  # it is one switch
        assert house.fleet(proxy, "kill-switch", "off") == "off\n"
        assert post(proxy, paid)[0] == 200


def test_cost_is_what_the_ledger_has(house):
    with house.proxy() as proxy:
        for _ in range(3):
            assert not refused(proxy)
        house.until_metered(proxy, 3 * COSTS_UD)
        today = time.strftime("%Y-%m-%d", time.gmtime())
        for by, name in (("device", "http"), ("tier", "up"), ("day", today)):
            [row] = house.listed(proxy, "cost", "--by", by)
            assert row == {
                by: name, "attempts": 3, "requests": 3, "ok": 3, "input_tokens": 300,
                "output_tokens": 60, "cost_ud": 3 * COSTS_UD, "estimated": 0,
            }  # fmt: skip
        assert "$0.00042" in house.fleet(proxy, "cost")
        assert house.listed(proxy, "cost", "--since", "2096-01-01") == []
        assert house.listed(proxy, "cost", "--since=2020-01-01", "--until=2020-01-02") == []


def test_what_a_tag_has_cost_is_asked_of_broker_and_proxy(house):
    names = ("attic", "bath", "cellar")
    device_keys = {name: keys.add(house.folder / "keys.txt", name) for name in names}
    house.more = f'keys_file = "{house.folder / "keys.txt"}"\n'
    with Broker.open() as broker, house.proxy() as proxy, ExitStack() as stack:
        for name in names:
            stack.enter_context(device(broker.port, name, tags=["wet"] * (name != "attic")))
            headers = {"authorization": f"Bearer {device_keys[name]}"}
            assert post(proxy, HELLO, **headers)[0] == 200
        house.until_metered(proxy, 3 * COSTS_UD)
        at = ("--broker", f"127.0.0.1:{broker.port}")
        rows = house.listed(proxy, "cost", "--where", "tag=wet", *at)
        assert [row["device"] for row in rows] == ["bath", "cellar"]
        assert "this selects nothing" in house.fleet(
            proxy, "cost", "--where", "tagg=wet", *at, code=1
        )
        assert "--by device" in house.fleet(
            proxy, "cost", "--where", "tag=wet", "--by", "day", code=2
        )


BUDGETS = "/v1/admin/budgets"
BAD = {
    "a scope that is none": ("PUT", f"{BUDGETS}/moon/day", {"usd": 1}, 400, "no scope"),
    "a group without a name": ("PUT", f"{BUDGETS}/group:/day", {"usd": 1}, 400, "no scope"),
    "a name for the fleet": ("PUT", f"{BUDGETS}/fleet:x/day", {"usd": 1}, 400, "no scope"),
    "a window that is none": ("PUT", f"{BUDGETS}/fleet/year", {"usd": 1}, 400, "no window"),
    "a group's name with odd letters": (
        "PUT", f"{BUDGETS}/group:Gr%C3%BCn/day", {"usd": 1, "devices": ["a"]}, 400, "name"
    ),
    "a group without devices": ("PUT", f"{BUDGETS}/group:g/day", {"usd": 1}, 400, "which devices"),
    "no amount": ("PUT", f"{BUDGETS}/fleet/day", {}, 400, "usd is a number"),
    "an amount in words": ("PUT", f"{BUDGETS}/fleet/day", {"usd": "1"}, 400, "usd is a number"),
    "a yes for an amount": ("PUT", f"{BUDGETS}/fleet/day", {"usd": True}, 400, "usd is a number"),
    "less than nothing": ("PUT", f"{BUDGETS}/fleet/day", {"usd": -1}, 400, "usd:"),
    "no number at all": ("PUT", f"{BUDGETS}/fleet/day", b'{"usd": NaN}', 400, "usd:"),
    "without end": ("PUT", f"{BUDGETS}/fleet/day", b'{"usd": Infinity}', 400, "usd:"),
    "more than there is": ("PUT", f"{BUDGETS}/fleet/day", {"usd": 1e30}, 400, "usd:"),
    "a key that is unknown": ("PUT", f"{BUDGETS}/fleet/day", {"usd": 1, "u": 2}, 400, "u is no"),
    "devices that are no list": (
        "PUT", f"{BUDGETS}/fleet/day", {"usd": 1, "devices": "a"}, 400, "devices is a list"
    ),
    "a device that is no text": (
        "PUT", f"{BUDGETS}/fleet/day", {"usd": 1, "devices": [1]}, 400, "devices is a list"
    ),
    "too many patterns": (
        "PUT", f"{BUDGETS}/fleet/day", {"usd": 1, "devices": ["a*"] * 101}, 400, "devices is a"
    ),
    "a pattern that is too long": (
        "PUT", f"{BUDGETS}/fleet/day", {"usd": 1, "devices": ["a" * 65]}, 400, "devices is a"
    ),
    "no JSON": ("PUT", f"{BUDGETS}/fleet/day", b"\xff{", 400, "no JSON"),
    "deep JSON": ("PUT", f"{BUDGETS}/fleet/day", b"[" * 9000, 400, "no JSON"),
    "a list": ("PUT", f"{BUDGETS}/fleet/day", b"[]", 400, "no object"),
    "nothing": ("PUT", f"{BUDGETS}/fleet/day", b"", 400, "no JSON"),
    "a body that is too long": ("PUT", f"{BUDGETS}/fleet/day", b" " * 21_000, 413, "bytes"),
    "what nobody has set": ("DELETE", f"{BUDGETS}/fleet/day", None, 404, "no operator has set"),
    "a method that is none": ("POST", BUDGETS, {}, 405, "does not take POST"),
    "a switch that is half on": ("PUT", "/v1/admin/kill-switch", {"on": 1}, 400, "true or false"),
    "an answer by moon": ("GET", "/v1/admin/cost?by=moon", None, 400, "by is one of"),
    "a day that is none": ("GET", "/v1/admin/cost?since=2026-02-31", None, 400, "is a date"),
    "a path that is none": ("GET", "/v1/admin/passwords", None, 404, "there is no"),
    "a path above": ("GET", "/v1/admin/../budgets", None, 404, "there is no"),
}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cost")
    with Upstream() as upstream:
        upstream.behave = status(200, WHOLE)
        house = House(folder, upstream)
        device_key = keys.add(folder / "keys.txt", "d1")
        house.more = f'keys_file = "{folder / "keys.txt"}"\n'
        with house.proxy() as proxy:
            yield proxy, house, device_key


@pytest.mark.parametrize("method, path, body, code, words", BAD.values(), ids=BAD)
def test_it_refuses(running, method, path, body, code, words):
    proxy, house, _ = running
    got, answer = ask(proxy, method, path, body, house.key)
    assert got == code and words in answer["error"]["message"], answer
    assert house.key not in json.dumps(answer)
    assert ask(proxy, "GET", BUDGETS, key=house.key)[1] == {"budgets": [], "kill_switch": False}


PATHS = [
    ("GET", BUDGETS, None),
    ("PUT", f"{BUDGETS}/fleet/day", {"usd": 1}),
    ("DELETE", f"{BUDGETS}/fleet/day", None),
    ("GET", "/v1/admin/cost", None),
    ("GET", "/v1/admin/kill-switch", None),
    ("PUT", "/v1/admin/kill-switch", {"on": True}),
    ("GET", "/v1/admin/whatever", None),
]


@pytest.mark.parametrize("method, path, body", PATHS, ids=lambda part: str(part)[:40])
def test_nobody_is_obeyed_without_an_operators_key(running, method, path, body):
    proxy, house, device_key = running
    hashed = house.admins.read_text().split()[1]
    for key, code in ((None, 401), ("wrong", 401), (hashed, 401), (device_key, 403)):
        got, answer = ask(proxy, method, path, body, key)
        assert got == code and answer["error"]["fix"], answer
    told = {"budgets": [], "kill_switch": False}
    assert ask(proxy, "GET", BUDGETS, key=house.key) == (200, told)
    # and an operator's key is no device's
    assert post(proxy, HELLO, authorization=f"Bearer {house.key}")[0] == 401


def test_a_proxy_without_operators_obeys_nobody(tmp_path, upstream):
    with Proxy("127.0.0.1:1", tmp_path, HTTP + ONLY_UPSTREAM.format(url=upstream.url)) as proxy:
        code, answer = ask(proxy, "PUT", "/v1/admin/kill-switch", {"on": True}, "lk_any")
        assert code == 403 and "admin_keys_file" in answer["error"]["fix"]
        assert not refused(proxy)


def test_an_operator_whose_line_is_taken_out_is_one_no_longer(house):
    with house.proxy() as proxy:
        house.fleet(proxy, "budget", "ls")
        house.admins.write_text("")
        deadline = time.monotonic() + DEADLINE_S
        while ask(proxy, "GET", BUDGETS, key=house.key)[0] != 401:
            assert time.monotonic() < deadline
        assert "no such key" in house.fleet(proxy, "kill-switch", "on", code=1)


@contextmanager
def stranger(respond):
    """A server that is no limpet-proxy; yields it with what came to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.heard.append((self.path, self.headers.get("authorization")))
            respond(self)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.heard, server.http = [], f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(code, body=b"", **headers):
    def respond(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


STRANGERS = {
    "a page": answering(200, b"<html>"),
    "a list": answering(200, b"[]"),
    "an error of another shape": answering(500, b'{"error": 5}'),
    "an error without words": answering(404),
    "no HTTP": lambda handler: handler.wfile.write(b"hello\r\n\r\n"),
}


@pytest.mark.parametrize("respond", STRANGERS.values(), ids=STRANGERS)
def test_who_is_no_proxy_is_told_apart(house, respond):
    with stranger(respond) as server:
        assert "error:" in house.fleet(server, "kill-switch", code=1)


def test_the_key_does_not_follow_a_redirect(house):
    with stranger(answering(200, b'{"on": false}')) as elsewhere:
        there = f"http://{elsewhere.http}/"
        with stranger(answering(302, location=there)) as server:
            assert "refused (302)" in house.fleet(server, "kill-switch", code=1)
            assert len(server.heard) == 1
        assert not elsewhere.heard


def test_what_is_missing_is_told(house, tmp_path):
    nobody = type("Nobody", (), {"http": "127.0.0.1:1"})
    assert "no proxy answers" in house.fleet(nobody, "cost", code=1)
    for text in ("", "two words of a \x00 key\n"):
        house.key_file.write_text(text)
        assert "there is no key in" in house.fleet(nobody, "cost", code=1)
    house.key_file.unlink()
    assert "cannot be read" in house.fleet(nobody, "cost", code=1)


@pytest.fixture(params=["postgres", "redis"])
def shared(request, tmp_path):
    """The URL of a fresh server, and which it is."""
    program, client = {"postgres": ("initdb", "asyncpg"), "redis": ("redis-server", "redis")}[
        request.param
    ]
    if not find(program):
        pytest.skip(f"{program} is not installed")
    pytest.importorskip(client)
    folder = tmp_path / "server"
    folder.mkdir()
    if request.param == "postgres":
        with postgres_server() as url:
            yield request.param, url
    else:
        with redis_server(folder) as server:
            yield request.param, server.url


def test_proxies_share_what_operators_set(tmp_path, upstream, shared):
    kind, url = shared
    house = House(tmp_path, upstream, "")
    more = f'\n[shared]\n{kind}_env = "SHARED"\n'
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        one, two = (stack.enter_context(house.proxy(more, f, SHARED=url)) for f in folders)
        assert not refused(one)
        house.until_metered(one, COSTS_UD)
        house.fleet(one, "budget", "set", "fleet", "month", str(ONCE_MORE))
        assert refused(one)
        until(lambda: refused(two))
        # both at once, each another one: neither is lost
        setting = [
            threading.Thread(target=house.fleet, args=(p, "budget", "set", "device", per, "9"))
            for p, per in ((one, "hour"), (two, "day"))
        ]
        for thread in setting:
            thread.start()
        for thread in setting:
            thread.join()
        for proxy in (one, two):
            until(lambda p=proxy: len(house.listed(p, "budget", "ls")) == 3)
        two.process.kill()
        two.process.wait()
        asked = len(upstream.bodies)
        with house.proxy(more, folders[1], SHARED=url) as two:
            assert refused(two) and len(upstream.bodies) == asked
            house.fleet(two, "budget", "rm", "fleet", "month")
            until(lambda: not refused(one))
            house.fleet(one, "kill-switch", "on")
            until(lambda: "the kill switch" in refused(two))
        asked = len(upstream.bodies)
        with house.proxy(more, folders[1], SHARED=url) as two:  # it knows before it answers
            assert "the kill switch" in refused(two) and len(upstream.bodies) == asked
            house.fleet(two, "kill-switch", "off")
            until(lambda: not refused(one))


def test_spending_stops_here_although_what_is_shared_is_away(tmp_path, upstream):
    if not find("redis-server"):
        pytest.skip("redis-server is not installed")
    pytest.importorskip("redis")
    folder = tmp_path / "server"
    folder.mkdir()
    house = House(tmp_path, upstream)
    with ExitStack() as stack:
        server = stack.enter_context(redis_server(folder))
        more = '\n[shared]\nredis_env = "SHARED"\n'
        proxy = stack.enter_context(house.proxy(more, SHARED=server.url))
        assert not refused(proxy)
        server.stop()
        assert "nothing has changed" in house.fleet(proxy, "kill-switch", "off", code=1)
        told = house.fleet(proxy, "budget", "set", "fleet", "day", "1", code=1)
        assert "nothing has changed" in told
        told = house.fleet(proxy, "kill-switch", "on", code=1)
        assert "on at this proxy alone" in told and "the kill switch" in refused(proxy)
        server.start()
        until(lambda: house.fleet(proxy, "kill-switch", "off") == "off\n")
        assert not refused(proxy)


def until(done):
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
