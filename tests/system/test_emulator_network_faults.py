"""What goes wrong on a network, each as a switch of a world of its own: what boards see of it."""

import re
from collections.abc import Callable

import pytest

from firmware import wire
from host.emulator import Board, World
from host.emulator.event_log import EventLog
from tests.system.emulator_kit import source
from tests.system.test_emulator_determinism import firmware_files

JOIN = """
import errno, network, select, socket, time
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "secret")
while not station.isconnected():
    time.sleep_ms(10)
"""
SERVER = (
    JOIN
    + """
server = socket.socket()
server.bind(("0.0.0.0", 80))
server.listen(5)
while True:
    peer, _ = server.accept()
    peer.settimeout(100)
    try:
        while True:
            line = peer.readline()
            if not line:
                break
            peer.write(line)
    except OSError as e:
        print(e)
    peer.close()
"""
)
# Calls the server at each full minute, and says what came of it and how many ms that took.
CALLER = (
    JOIN
    + """
while True:
    time.sleep_ms(60000 - time.ticks_ms() % 60000)
    began = time.ticks_ms()
    try:
        link = socket.socket()
        link.settimeout(50)
        link.connect(socket.getaddrinfo("server", 80)[0][-1])
        link.write(b"tide" * 100 + b"\\n")
        said = link.readline()[-5:]
    except OSError as e:
        said = e
    print(said, time.ticks_diff(time.ticks_ms(), began), station.status())
    link.close()
"""
)
GOOD = r"b'tide\\n' 20 1010"


class Pair:
    """A board "caller" and a board "server", in a world of their own."""

    def __init__(self, world: World, program: str) -> None:
        self.world = world
        self.network = world.network
        self.server = world.board(name="server", files={"/main.py": source(SERVER)})
        self.caller = world.board(name="caller", files={"/main.py": source(program)})
        world.network.names["server"] = self.server.wifi.address
        self.server.start()
        self.caller.start()


Fault = Callable[[Pair], None]


def radio(**values: float) -> Fault:
    def do(pair: Pair) -> None:
        for name, value in values.items():
            setattr(pair.network, name, value)

    return do


def nameless(pair: Pair) -> None:
    del pair.network.names["server"]


def silent_names(pair: Pair) -> None:
    pair.world.wifi.answers_names = False


def new_password(pair: Pair) -> None:
    pair.world.wifi.down()
    pair.world.wifi.password = "another"
    pair.world.wifi.up()


def captive(pair: Pair) -> None:
    pair.world.captive_portal()


# What goes wrong; what the caller says while it lasts.
CALLS: dict[str, tuple[Fault, str]] = {
    "nothing": (lambda pair: None, GOOD),
    "latency: there and back for the connection, there and back for the line": (
        radio(latency_ms=250),
        r"b'tide\\n' 1000 1010",
    ),
    "jitter": (radio(jitter_ms=500), r"b'tide\\n' [1-9]\d{2,3} 1010"),
    "loss: a stream loses nothing and takes longer": (
        radio(loss=0.6),
        r"b'tide\\n' \d{3,5} 1010",
    ),
    "a slow line: 401 bytes each way at 8 bits a millisecond": (
        radio(kbit_s=8),
        r"b'tide\\n' 82\d 1010",
    ),
    "a peer that hears nobody": (
        lambda pair: pair.network.sever("caller", "server", one_way=True),
        r"\[Errno 116\] ETIMEDOUT 18000 1010",
    ),
    "a peer that nobody hears": (
        lambda pair: pair.network.sever("server", "caller", one_way=True),
        r"\[Errno 116\] ETIMEDOUT 18000 1010",
    ),
    "a partition": (
        lambda pair: pair.network.partition(["caller"], ["server"]),
        r"\[Errno 116\] ETIMEDOUT 18000 1010",
    ),
    "a peer without supply": (
        lambda pair: pair.server.power_cut(),
        r"\[Errno 116\] ETIMEDOUT 18000 1010",
    ),
    "a port where nobody listens": (
        lambda pair: (
            pair.server.files.write("/main.py", JOIN.encode() + b"time.sleep(9999)")
            or pair.server.reset()
        ),
        r"\[Errno 111\] ECONNREFUSED 10 1010",
    ),
    "a name that is not found": (nameless, r"-202 0 1010"),
    "a name server that is silent": (silent_names, r"-202 14000 1010"),
    "an access point that is gone": (lambda pair: pair.world.wifi.down(), r"-202 0 201"),
    "another password": (new_password, r"-202 0 202"),
    "a captive portal": (captive, r"b'est\\r\\n' 20 1010"),
}


def heal(pair: Pair) -> None:
    network, wifi = pair.network, pair.world.wifi
    radio(latency_ms=5, jitter_ms=0, loss=0, kbit_s=0)(pair)
    network.heal()
    network.captor = None
    network.names["server"] = pair.server.wifi.address
    wifi.answers_names = True
    wifi.password = None
    pair.server.files.write("/main.py", source(SERVER))
    pair.server.stop()
    pair.server.start()
    wifi.down()
    wifi.up()


@pytest.mark.parametrize(("fault", "said"), CALLS.values(), ids=CALLS)
def test_a_call_meets(fault: Fault, said: str) -> None:
    with World(isolated=True, seed=4) as world:
        pair = Pair(world, CALLER)
        world.run(seconds=90)
        fault(pair)
        world.run(seconds=60)
        heal(pair)
        world.run(seconds=60)
        lines = pair.caller.serial.lines
        assert len(lines) == 3, lines
        for line, pattern in zip(lines, (GOOD, said, GOOD), strict=True):
            assert re.fullmatch(pattern, line), lines


# Keeps one connection; sends a number each second, and says what it hears and what breaks it.
TALKER = (
    JOIN
    + """
link = socket.socket()
link.connect(socket.getaddrinfo("server", 80)[0][-1])
link.settimeout(0)
poll = select.poll()
poll.register(link, select.POLLIN)
number = heard = 0
rest = out = b""
while True:
    try:
        if len(out) < 1000:
            out += b"%d %s\\n" % (number, b"-" * 500)
            number += 1
        out = out[link.write(out) or 0 :]
    except OSError as e:
        print("write", e, time.ticks_ms() // 1000)
        break
    until = time.ticks_add(time.ticks_ms(), 1000)
    try:
        while poll.poll(max(0, time.ticks_diff(until, time.ticks_ms()))):
            data = link.recv(4000)
            if not data:
                raise OSError("closed")
            *lines, rest = (rest + data).split(b"\\n")
            for line in lines:
                assert line.startswith(b"%d -" % heard), (line[:5], heard)
                heard += 1
    except OSError as e:
        print("read", e, time.ticks_ms() // 1000)
        break
    if number % 10 == 0:
        print(number, heard)
"""
)


def for_20_s(fault: Fault) -> Fault:
    def do(pair: Pair) -> None:
        fault(pair)
        pair.world.run(seconds=20)
        pair.network.heal()
        pair.world.wifi.up()

    return do


def forgetful_peer(pair: Pair) -> None:
    pair.server.power_cut()
    pair.server.start()


# What happens at 20 s to a connection; what its end at the board has said at 140 s, at last.
BREAKS: dict[str, tuple[Fault, str]] = {
    "nothing": (lambda pair: None, r"130 130"),
    "a reset": (
        lambda pair: pair.network.reset("caller", "server"),
        r"read \[Errno 104\] ECONNRESET 20",
    ),
    "a peer that starts anew and knows nothing of it": (
        forgetful_peer,
        r"read \[Errno 104\] ECONNRESET 2\d",
    ),
    "a peer that is gone without a word": (
        lambda pair: pair.network.sever("caller", "server"),
        r"(read|write) \[Errno 113\] ECONNABORTED 8\d",
    ),
    "a peer that is back before anybody gave up: nothing is lost": (
        for_20_s(lambda pair: pair.network.sever("caller", "server")),
        r"(\d+) \1",
    ),
    "a peer that for a while nobody hears": (
        for_20_s(lambda pair: pair.network.sever("server", "caller", one_way=True)),
        r"(\d+) \1",
    ),
    "an access point that is gone for a while": (
        for_20_s(lambda pair: pair.world.wifi.down()),
        r"(\d+) \1",
    ),
}


@pytest.mark.parametrize(("fault", "last"), BREAKS.values(), ids=BREAKS)
def test_a_connection_meets(fault: Fault, last: str) -> None:
    with World(isolated=True) as world:
        pair = Pair(world, TALKER)
        world.run(seconds=20)
        fault(pair)
        world.run(seconds=140 - world.now_s)
        lines = pair.caller.serial.lines
        assert lines[0] == "10 10" and re.fullmatch(last, lines[-1]), lines


def test_what_cannot_leave_fills_the_boards_buffer_and_no_more() -> None:
    program = (
        JOIN
        + """
    link = socket.socket()
    link.connect(socket.getaddrinfo("server", 80)[0][-1])
    link.setblocking(False)
    time.sleep_ms(60000 - time.ticks_ms() % 60000)
    taken = 0
    while (n := link.write(bytes(1000))) is not None:
        taken += n
    print(taken)
    """.replace("\n    ", "\n")
    )
    with World(isolated=True) as world:
        pair = Pair(world, program)
        world.run(seconds=30)
        pair.network.sever("caller", "server")
        world.run(seconds=60)
        assert pair.caller.serial.lines == ["5744"]


def test_who_is_not_on_the_network_cannot_be_severed() -> None:
    with World(isolated=True) as world:
        world.broker()
        with pytest.raises(KeyError, match="barn"):
            world.network.sever("barn", "broker")


# -- the firmware ----------------------------------------------------------------------------


class Home:
    """A board "hut" with the firmware, and a broker, in a world of their own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.network = world.network
        self.broker = world.broker()
        self.board: Board = world.board(name="hut", files=firmware_files("hut"))
        self.board.start()
        world.run(seconds=20)
        assert self.broker.clients == ["hut"]

    def new_password(self, password: str) -> None:
        self.world.wifi.down()
        self.world.wifi.password = password
        self.world.wifi.up()

    def heal(self) -> None:
        self.network.heal()
        radio(latency_ms=5, jitter_ms=0, loss=0, kbit_s=0)(self)  # type: ignore[arg-type]
        self.network.captor = None
        self.network.names["broker"] = self.broker.address
        self.world.wifi.answers_names = True
        self.world.wifi.password = None
        self.world.wifi.down()
        self.world.wifi.up()
        self.broker.start()


def without_a_name_server(home: Home) -> None:
    home.world.wifi.answers_names = False
    home.network.reset("hut", "broker")


def without_its_name(home: Home) -> None:
    home.network.reset("hut", "broker")
    del home.network.names["broker"]


def behind_a_portal(home: Home) -> None:
    home.world.captive_portal()
    home.network.reset("hut", "broker")


# What goes wrong for five minutes; what the console says of it.
TROUBLE: dict[str, tuple[Callable[[Home], None], str]] = {
    "a reset": (lambda home: home.network.reset("hut", "broker"), "link: [Errno 104] ECONNRESET"),
    "a broker that is gone without a word": (
        lambda home: home.network.sever("hut", "broker"),
        "link: silent",
    ),
    "a broker that hears nothing any more": (
        lambda home: home.network.sever("hut", "broker", one_way=True),
        "link: silent",
    ),
    "a partition": (lambda home: home.network.partition(["hut"], ["broker"]), "link: silent"),
    "a broker that refuses": (lambda home: home.broker.stop(), "link: [Errno 111] ECONNREFUSED"),
    "a name that is not found": (without_its_name, "link: -202"),
    "a name server that is silent": (without_a_name_server, "link: -202"),
    "an access point that is gone": (lambda home: home.world.wifi.down(), "link: silent"),
    "another password": (lambda home: home.new_password("another"), "link: silent"),
    "a captive portal": (behind_a_portal, "link: no broker"),
}


@pytest.mark.parametrize(("trouble", "said"), TROUBLE.values(), ids=TROUBLE)
def test_the_firmware_says_so_and_comes_back_after(
    trouble: Callable[[Home], None], said: str
) -> None:
    with World(isolated=True) as world:
        home = Home(world)
        trouble(home)
        world.run(minutes=5)
        assert said in home.board.serial.text, home.board.serial.text
        home.heal()
        world.run(minutes=3)
        assert home.broker.clients == ["hut"]
        home.broker.publish(wire.topic("hut", wire.CHAT), b'{"id":"1","text":"/status"}', 1)
        world.run(seconds=5)
        assert home.broker.messages[-1].topic == wire.topic("hut", wire.ANSWER)
        assert home.board.boots == 1 and "Traceback" not in home.board.serial.text


def test_the_firmware_lives_with_a_slow_and_lossy_radio() -> None:
    with World(isolated=True, seed=2) as world:
        home = Home(world)
        radio(latency_ms=800, jitter_ms=400, loss=0.3, kbit_s=32)(home)  # type: ignore[arg-type]
        world.run(minutes=5)
        home.broker.publish(wire.topic("hut", wire.CHAT), b'{"id":"1","text":"/status"}', 1)
        world.run(minutes=1)
        answers = [m for m in home.broker.messages if m.topic == wire.topic("hut", wire.ANSWER)]
        assert len(answers) == 1 and home.board.boots == 1


def test_two_runs_through_all_of_it_give_the_same_log_byte_for_byte() -> None:
    def log() -> str:
        with World(isolated=True, seed=9) as world:
            home = Home(world)
            log = EventLog(world.boards)
            radio(latency_ms=30, jitter_ms=60, loss=0.1, kbit_s=64)(home)  # type: ignore[arg-type]
            for trouble, _ in TROUBLE.values():
                trouble(home)
                world.run(seconds=50)
                home.network.heal()
                home.network.captor = None
                home.network.names["broker"] = home.broker.address
                world.wifi.answers_names, world.wifi.password = True, None
                world.wifi.up()
                home.broker.start()
                world.run(seconds=70)
            return log.text()

    first = log()
    assert first.count("link:") >= 5 and first.count(b"MQTT".hex()) >= 5  # it came back each time
    assert log() == first


def test_a_login_lets_a_board_through() -> None:
    with World(isolated=True) as world:
        home = Home(world)
        portal = world.captive_portal()
        home.network.reset("hut", "broker")
        world.run(minutes=2)
        assert {port for port, _ in portal.requests} == {1883}
        assert home.broker.clients == []
        portal.admit()
        world.run(minutes=2)
        assert home.broker.clients == ["hut"]


def test_a_portal_sends_who_speaks_http_to_its_page() -> None:
    program = (
        JOIN
        + """
    link = socket.socket()
    link.connect(socket.getaddrinfo("example.org", 80)[0][-1])
    link.write(b"GET /generate_204 HTTP/1.0\\r\\n\\r\\n")
    for line in link.read().split(b"\\r\\n"):
        if line.startswith((b"HTTP", b"Location")):
            print(line)
    """.replace("\n    ", "\n")
    )
    with World(isolated=True) as world:
        portal = world.captive_portal()
        board = world.board(files={"/main.py": program.encode()})
        board.start()
        world.run(minutes=1)
        assert board.serial.lines == [
            "b'HTTP/1.1 302 Found'",
            "b'Location: http://portal.lan/login'",
        ]
        assert portal.requests == [(80, b"GET /generate_204 HTTP/1.0\r\n\r\n")]


def test_a_broker_keeps_so_many_messages_and_no_more() -> None:
    with World(isolated=True) as world:
        broker = world.broker()
        broker.keep = 100
        for n in range(1000):
            broker.publish("tide", b"%d" % n)
            assert len(broker.messages) <= 100
        assert broker.messages[-1].payload == b"999"
        assert len(broker.messages) >= 50
