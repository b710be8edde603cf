"""The clients that are frozen into the chip: umqtt.simple and requests."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from host.broker import Broker
from host.emulator import World
from tests.system.emulator_kit import printed

ONLINE = """
import network, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("home", "secret")
while not wlan.isconnected():
    time.sleep_ms(100)
"""


def test_umqtt_publishes_and_hears(broker: Broker):
    program = f"""
from umqtt.simple import MQTTClient, MQTTException
heard = []
c = MQTTClient("lamp", "{broker.host}", port={broker.port}, keepalive=60)
c.set_callback(lambda topic, msg: heard.append((topic, msg)))
c.set_last_will("lamp/state", "gone", retain=True)
print(c.connect())
c.subscribe(b"lamp/set", qos=1)
print(c.check_msg(), heard)
c.publish("lamp/set", "on", qos=1)
c.publish(b"lamp/set", b"x" * 300)
while len(heard) < 2:
    c.wait_msg()
print([(topic, len(msg)) for topic, msg in heard])
c.ping()
print(c.wait_msg())
c.disconnect()
try:
    MQTTClient("lamp", "127.0.0.1", port=1).connect()
except OSError as e:
    print(e)
"""
    assert printed(ONLINE + program).splitlines() == [
        "0",
        "None []",
        "[(b'lamp/set', 2), (b'lamp/set', 300)]",
        "None",
        "[Errno 111] ECONNREFUSED",
    ]


class Echo(BaseHTTPRequestHandler):
    def answer(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/here")
            self.end_headers()
            return
        size = int(self.headers.get("Content-Length", 0))
        kind = self.headers.get("Content-Type", "none")
        who = self.headers.get("Authorization", "nobody")
        body = f"{self.command} {self.path} {kind} {who} {self.rfile.read(size).decode()}".encode()
        self.send_response(404 if self.path == "/nope" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_requests_fetches(web: str):
    program = f"""
import requests, urequests
web = "{web}"
r = requests.get(web + "/a?b=c")
print(r.status_code, r.reason, r.text)
print(urequests.post(web + "/p", json={{"x": [1]}}, auth=("me", "pw")).text)
print(requests.put(web + "/q", data="raw", headers={{"Content-Type": "text/plain"}}).content)
print(requests.get(web + "/moved").text)
r = requests.get(web + "/nope")
print(r.status_code, r.headers["Content-Length"])
r.close()
print(requests.head(web).text == "")
try:
    requests.get("ftp://x")
except ValueError as e:
    print(e)
"""
    assert printed(ONLINE + program).splitlines() == [
        "200 b'OK' GET /a?b=c none nobody ",
        'POST /p application/json Basic bWU6cHc= {"x": [1]}',
        "b'PUT /q text/plain nobody raw'",
        "GET /here none nobody ",
        "404 22",
        "True",
        "Unsupported protocol: ftp",
    ]


ROBUST = b"""
import network, time, ussl, uasyncio, flashbdev
from umqtt.robust import MQTTClient
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "secret")
while not station.isconnected():
    time.sleep_ms(10)
client = MQTTClient("lamp", "broker", keepalive=60)
client.DEBUG = True
client.connect()
async def beat():
    for n in range(10):
        client.publish(b"beat", b"%d" % n, qos=1)
        await uasyncio.sleep(2)
uasyncio.run(beat())
print(flashbdev.bdev.ioctl(5, 0), ussl.SSLContext.__name__)
"""


def test_umqtt_robust_connects_again():
    with World(seed=1, isolated=True) as world:
        broker = world.broker()
        board = world.board(files={"/main.py": ROBUST})
        board.start()
        world.run(seconds=7)
        broker.stop()
        world.run(seconds=7)
        broker.start()
        world.run(minutes=1)
        assert [m.payload for m in broker.messages] == [b"%d" % n for n in range(10)]
        first, *tries, last = board.serial.lines
        assert first.startswith("mqtt: OSError(")
        assert tries and all(line == "mqtt reconnect: OSError(111,)" for line in tries)
        assert last == "4096 SSLContext"
