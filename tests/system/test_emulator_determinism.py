"""Worlds of their own: what happens depends on the seed alone, and a fleet runs in virtual time."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from firmware import wire
from host.boards import load_board
from host.emulator import World
from host.emulator.event_log import EventLog
from host.image import board_files
from tests.system.emulator_kit import source

CALLER = source(
    """
    import asyncio, network, random, socket, time
    from machine import Pin
    lamp = Pin(2, Pin.OUT)
    Pin(4, Pin.IN, Pin.PULL_UP).irq(lambda pin: print("pressed", time.ticks_ms()), Pin.IRQ_FALLING)
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("home", "secret")
    while not station.isconnected():
        time.sleep_ms(random.randint(20, 60))
    air = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    air.bind(("0.0.0.0", 5000))
    air.setblocking(False)

    async def call():
        while True:
            await asyncio.sleep_ms(random.randint(5, 400))
            air.sendto(b"%d" % random.getrandbits(16), ("255.255.255.255", 5000))

    async def hear():
        while True:
            try:
                data, sender = air.recvfrom(64)
                print(time.ticks_us(), sender, data)
                lamp.value(int(data) & 1)
            except OSError:
                await asyncio.sleep_ms(40)

    asyncio.run(asyncio.gather(call(), hear()))
    """
)


def firmware_files(name: str, **settings: object) -> dict[str, bytes]:
    base = {"device": name, "broker": {"host": "broker"}, "wifi": {"ssid": "home", "password": ""}}
    return board_files(load_board("esp32-devkit"), base | settings)


def a_world_in_trouble(seed: int) -> str:
    """Return the log of five boards, a broker and a bad radio, touched now and then."""
    with World(seed=seed, isolated=True) as world:
        world.network.jitter_ms, world.network.loss = 40, 0.2
        broker = world.broker()
        callers = [world.board(name=f"caller-{n}", files={"/main.py": CALLER}) for n in range(3)]
        agents = [world.board(name=name, files=firmware_files(name)) for name in ("hut", "barn")]
        log = EventLog(world.boards)
        for board in world.boards:
            board.start()
        chance = random.Random(seed)
        for turn in range(12):
            world.run(ms=chance.randint(200, 3000))
            callers[turn % 3].pin(4).press(ms=30)
            asked = {"id": f"ask-{turn}", "text": "/status"}
            broker.publish(wire.topic("hut", wire.CHAT), json.dumps(asked).encode(), 1)
            if turn == 5:
                callers[0].reset()
                agents[0].wifi.down()
            if turn == 8:
                agents[0].wifi.up()
                agents[1].power_cut()
        world.run(seconds=100)
        assert broker.clients == ["hut"], world.boards[3].serial.text
        return log.text() + "".join(f"{message}\n" for message in broker.messages)


@contextmanager
def a_busy_machine() -> Iterator[None]:
    """Have something else take the interpreter now and then."""
    over = threading.Event()

    def disturb() -> None:
        while not over.wait(0.002):
            sum(range(20000))

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_two_runs_of_boards_that_talk_give_the_same_log_byte_for_byte():
    log = a_world_in_trouble(5)
    with a_busy_machine():
        assert a_world_in_trouble(5) == log
    for what in ("pressed", "caller-0 printed", "hut out", "pin 2 1", "offline", "in "):
        assert what in log


SERVER = """
    import network, socket, time
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("home", "secret")
    while not station.isconnected():
        time.sleep_ms(10)
    server = socket.socket()
    server.bind(("0.0.0.0", 80))
    server.listen(1)
    for _ in range(2):
        peer, address = server.accept()
        print(address[0], peer.readline())
        peer.write(b"pong " + bytes(3000))
        peer.close()
    """
CLIENT = """
    import network, socket, time
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("home", "secret")
    while not station.isconnected():
        time.sleep_ms(10)
    time.sleep(1)
    before = time.ticks_ms()
    link = socket.socket()
    link.connect(socket.getaddrinfo("server", 80)[0][-1])
    print("connected", time.ticks_diff(time.ticks_ms(), before))
    link.write(b"ping\\n")
    got = link.read()
    print(len(got), got[:4], time.ticks_diff(time.ticks_ms(), before))
    link.close()
    link = socket.socket()
    try:
        link.connect(("10.0.0.2", 81))
    except OSError as e:
        print(e)
    try:
        socket.getaddrinfo("nobody", 80)
    except OSError as e:
        print(e)
    """


def test_a_stream_between_boards_takes_the_latency_there_and_back():
    with World(isolated=True) as world:
        world.network.latency_ms = 20
        server = world.board(name="server", files={"/main.py": source(SERVER)})
        client = world.board(name="client", files={"/main.py": source(CLIENT)})
        world.network.names["server"] = server.wifi.address
        server.start()
        client.start()
        world.run(seconds=30)
        assert client.serial.lines == [
            "connected 40",
            "3005 b'pong' 80",
            "[Errno 111] ECONNREFUSED",
            "-202",
        ]
        assert server.serial.lines == [f"{client.wifi.address} b'ping\\n'"]


def test_a_lossy_stream_loses_nothing_and_takes_longer():
    with World(isolated=True, seed=3) as world:
        world.network.loss = 0.7
        server = world.board(name="server", files={"/main.py": source(SERVER)})
        client = world.board(name="client", files={"/main.py": source(CLIENT)})
        world.network.names["server"] = server.wifi.address
        server.start()
        client.start()
        world.run(seconds=100)
        assert client.serial.lines[1].startswith("3005 b'pong'")
        assert int(client.serial.lines[1].split()[-1]) > 300


def test_a_broker_in_the_world_knows_wills_retained_messages_and_who_comes_twice():
    with World(isolated=True) as world:
        broker = world.broker()
        broker.publish("limpet/v1/one/down/desired", b'{"v":1}', retain=True)
        one = world.board(name="one", files=firmware_files("one"))
        twin = world.board(name="twin", files=firmware_files("one"))
        one.start()
        world.run(seconds=10)
        assert broker.retained["limpet/v1/one/up/status"].payload == b"online"
        one.power_cut()
        world.run(minutes=10)
        assert broker.clients == []
        assert broker.retained["limpet/v1/one/up/status"].payload == b"offline"
        one.start()
        world.run(seconds=10)
        twin.start()
        world.run(seconds=5)
        assert broker.clients == ["one"]
        broker.stop()
        world.run(seconds=5)
        assert broker.clients == []
        broker.start()
        world.run(minutes=10)
        assert broker.clients == ["one"]


def test_a_fleet_asks_a_proxy_of_the_world_in_virtual_time():
    with World(isolated=True) as world:
        broker = world.broker()

        def answer(topic: str, payload: bytes) -> None:
            device, request = wire.split(topic)[0], json.loads(payload)
            call = {"id": "c", "tool": "gpio_write", "args": {"pin": 2, "value": 1}}
            reply = {"id": request["id"], "fin": True, "end": True, "text": "ok", "calls": [call]}
            text = json.dumps(reply).encode()
            broker.later(700, lambda: broker.publish(wire.topic(device, wire.REPLY), text, 1))

        broker.subscribe("limpet/v1/+/" + wire.REQUEST, answer)
        boards = [world.board(name=f"n{i}", files=firmware_files(f"n{i}")) for i in range(4)]
        for board in boards:
            board.start()
        world.run(seconds=5)
        for board in boards:
            chat = json.dumps({"id": "1", "text": "turn on pin 2"}).encode()
            broker.publish(wire.topic(board.name, wire.CHAT), chat, 1)
        world.run(seconds=5)
        answers = [m for m in broker.messages if m.topic.endswith(wire.ANSWER)]
        assert len(answers) == 4, broker.messages[-4:]
        assert [board.pin(2).value for board in boards] == [1] * 4
        assert all(5.7 < message.at_s < 6.5 for message in answers)


def test_what_a_world_of_its_own_cannot_do_is_said():
    with pytest.raises(ValueError, match="realtime"):
        World(isolated=True, realtime=True)
    with World() as world, pytest.raises(ValueError, match="isolated=True"):
        world.broker()
    with World(isolated=True) as world, pytest.raises(ValueError, match="1 ms or more"):
        world.network.latency_ms = 0


NOBODY = """
    import network, socket, time
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("home", "secret")
    while not station.isconnected():
        time.sleep_ms(10)
    nobody = socket.socket()
    before = time.time()
    try:
        nobody.connect(("10.0.7.7", 80))
    except OSError as e:
        print(e, time.time() - before)
    """


def test_nobody_answers_at_an_address_that_nobody_has():
    with World(isolated=True) as world:
        board = world.board(files={"/main.py": source(NOBODY)})
        board.start()
        world.run(minutes=1)
        assert board.serial.lines == ["[Errno 116] ETIMEDOUT 18"]


def test_waiting_lets_the_time_of_a_world_of_its_own_follow_the_wall():
    with World(isolated=True) as world:
        board = world.board(files={"/main.py": b"import time\ntime.sleep_ms(80)\nprint('up')"})
        board.start()
        world.wait_for(lambda: board.serial.text == "up\n", text="the board to wake")
        assert world.now_s >= 0.08
