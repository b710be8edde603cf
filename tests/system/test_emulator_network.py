"""An emulated board on the network: Wi-Fi, real TCP and UDP, asyncio streams."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from host.emulator import World
from tests.system.emulator_kit import LIMIT_S, printed, source

JOIN = """
import network, socket, select, errno, time, asyncio
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("harbour", "secret")
while not wlan.isconnected():
    time.sleep_ms(50)
"""


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run `serve(connection)` for each connection to a free port of 127.0.0.1; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(LIMIT_S)


def echo(connection: socket.socket) -> None:
    while data := connection.recv(4096):
        connection.sendall(data)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_board(program: str, port: int = 0) -> list[str]:
    return printed(JOIN + source(program.replace("PORT", str(port))).decode()).splitlines()


def test_the_station_joins_and_has_an_address():
    lines = printed(
        """
        import network, time
        wlan = network.WLAN(network.STA_IF)
        print(wlan.status() == network.STAT_IDLE, wlan.isconnected(), wlan.ifconfig()[0])
        wlan.active(True)
        wlan.connect("harbour", "secret")
        print(wlan.status() == network.STAT_CONNECTING, wlan.isconnected())
        time.sleep(1)
        print(wlan.status() == network.STAT_GOT_IP, wlan.ifconfig()[0], len(wlan.config("mac")))
        wlan.disconnect()
        print(wlan.isconnected())
        """
    ).splitlines()
    assert lines == ["True False 0.0.0.0", "True False", "True 10.0.0.2 6", "False"]


def test_the_access_point_can_be_switched_off_and_on():
    program = JOIN + "while True:\n    time.sleep(1)\n    print(wlan.isconnected())\n"
    with World() as world:
        board = world.board(files={"/main.py": program.encode()})
        board.start()
        world.run(seconds=2)
        board.wifi.down()
        world.run(seconds=1)
        board.wifi.up()
        world.run(seconds=2)
        assert board.serial.lines == ["True", "False", "True", "True"]


def test_the_worlds_network_wants_its_name_and_its_password():
    program = """
        import network, time
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        print(wlan.scan()[0][0], wlan.scan()[0][3])
        for name, key in (("harbor", "secret"), ("harbour", "sesame"), ("harbour", "secret")):
            wlan.connect(name, key)
            time.sleep(1)
            print(wlan.status())
        while True:
            time.sleep(1)
            print(wlan.isconnected(), len(wlan.scan()))
        """
    with World() as world:
        world.wifi.ssid, world.wifi.password, world.wifi.rssi = "harbour", "secret", -71
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=3.5)
        world.wifi.down()
        world.run(seconds=1)
        world.wifi.up()
        world.run(seconds=1)
        assert board.serial.lines == [
            "b'harbour' -71",
            *("201", "202", "1010"),
            *("False 0", "True 1"),
        ]


def test_without_wifi_there_is_no_network():
    assert (
        printed(
            """
        import socket
        try:
            socket.getaddrinfo("example.org", 80)
        except OSError as e:
            print(e.errno)
        """
        )
        == "-202\n"
    )


BLOCKING = """
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
    s.write(b"hello\\nworld")
    print(s.readline(), s.read(5))
    buf = bytearray(3)
    s.send(b"abc")
    print(s.readinto(buf), buf)
    s.close()
    """
NON_BLOCKING = """
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(("127.0.0.1", PORT))
    except OSError as e:
        print(e.errno == errno.EINPROGRESS)
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    print([event for _, event in poll.poll(1000)] == [select.POLLOUT])
    print(s.read(10), s.readline())
    try:
        s.recv(10)
    except OSError as e:
        print(e.errno == errno.EAGAIN)
    s.write(b"hello")
    poll.modify(s, select.POLLIN)
    for stream, event in poll.ipoll(1000):
        print(stream is s, event == select.POLLIN, s.recv(10))
    poll.unregister(s)
    print(poll.poll(10))
    """
STREAMS = """
    async def client(name):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(name + b"\\n")
        await writer.drain()
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line
    async def main():
        print(await client(b"one"), await client(b"two"))
    asyncio.run(main())
    """
ECHOES = {
    "blocking": (BLOCKING, ["b'hello\\n' b'world'", "3 bytearray(b'abc')"]),
    "non-blocking": (
        NON_BLOCKING,
        ["True", "True", "None None", "True", "True True b'hello'", "[]"],
    ),
    "asyncio streams": (STREAMS, ["b'one\\n' b'two\\n'"]),
}


@pytest.mark.parametrize(("program", "lines"), ECHOES.values(), ids=ECHOES)
def test_a_real_server_answers(program: str, lines: list[str]):
    with server(echo) as port:
        assert on_board(program, port) == lines


SETS = """
    import select, socket
    def datagrams(port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", port))
        return s
    all_four = [datagrams(0) for _ in range(4)]
    one, two = select.poll(), select.poll()
    for s in all_four[:3]:
        one.register(s, select.POLLOUT)
    two.register(all_four[3], select.POLLOUT)
    print([all_four.index(s) for s, _ in one.poll(10)])
    found = []
    for s, _ in one.ipoll(10):
        found.append(all_four.index(s))
        found += [all_four.index(other) for other, _ in two.poll(10)]
    print(found)
    one.unregister(all_four[1])
    print([all_four.index(s) for s, _ in one.poll(10)], len(two.poll(10)))
    print([len(found) for found in select.select(all_four, all_four, [], 0)])
    """


def test_poll_sets_keep_apart_what_is_ready_at_once():
    assert printed(SETS).splitlines() == [
        "[0, 1, 2]",
        "[0, 3, 1, 3, 2, 3]",
        "[0, 2] 1",
        "[0, 4, 0]",
    ]


REFUSED = {
    "blocking": 's.connect(("127.0.0.1", PORT))',
    "non-blocking": """
    s.setblocking(False)
    try:
        s.connect(("127.0.0.1", PORT))
    except OSError as e:
        assert e.errno == errno.EINPROGRESS, e
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    assert poll.poll(1000)[0][1] & (select.POLLERR | select.POLLHUP)
    s.recv(1)""",
    "asyncio": """
    async def main():
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        await reader.read(1)
    asyncio.run(main())""",
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED)
def test_a_refused_connection_says_so(attempt: str):
    body = source(attempt.replace("PORT", str(free_port()))).decode()
    indented = "\n".join("    " + line for line in body.splitlines())
    program = (
        f"{JOIN}s = socket.socket()\ntry:\n{indented}\n"
        "except OSError as e:\n    print(e.errno == errno.ECONNREFUSED, e)\n"
    )
    assert printed(program) == "True [Errno 111] ECONNREFUSED\n"


def test_a_silent_server_runs_into_the_timeout_in_virtual_time():
    with server(lambda connection: connection.recv(1) and None) as port:
        assert on_board(
            """
            s = socket.socket()
            s.connect(("127.0.0.1", PORT))
            s.settimeout(5)
            before = time.ticks_ms()
            try:
                s.recv(1)
            except OSError as e:
                print(e.errno == errno.ETIMEDOUT, time.ticks_diff(time.ticks_ms(), before))
            """,
            port,
        ) == ["True 5000"]


def test_a_closed_connection_ends_the_stream():
    with server(lambda connection: connection.sendall(b"bye")) as port:
        assert on_board(
            """
            s = socket.socket()
            s.connect(("127.0.0.1", PORT))
            print(s.read(), s.recv(1))
            """,
            port,
        ) == ["b'bye' b''"]


def test_a_socket_that_never_connected_is_not_connected():
    assert on_board(
        """
        try:
            socket.socket().recv(1)
        except OSError as e:
            print(e.errno == errno.ENOTCONN, e)
        """
    ) == ["True [Errno 128] ENOTCONN"]


def test_the_board_can_be_a_server():
    port = free_port()
    program = (
        JOIN
        + source(
            """
        async def serve(reader, writer):
            line = await reader.readline()
            writer.write(b"you said " + line)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            done.set()
        async def main():
            global done
            done = asyncio.Event()
            server = await asyncio.start_server(serve, "127.0.0.1", PORT)
            print("listening")
            await done.wait()
            server.close()
        asyncio.run(main())
        """.replace("PORT", str(port))
        ).decode()
    )
    with World(realtime=True) as world:
        board = world.board(files={"/main.py": program.encode()})
        board.start()
        world.wait_for(lambda: "listening" in board.serial.text, LIMIT_S, "the server")
        with socket.create_connection(("127.0.0.1", port), LIMIT_S) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"you said hello\n"
        board.join(LIMIT_S)
        assert board.exit == 0, board.serial.text


def test_datagrams_go_both_ways():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(LIMIT_S)

        def answer() -> None:
            data, address = peer.recvfrom(100)
            peer.sendto(data.upper(), address)

        thread = threading.Thread(target=answer)
        thread.start()
        port = peer.getsockname()[1]
        lines = on_board(
            """
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(100000)
            s.sendto(b"tide", ("127.0.0.1", PORT))
            data, address = s.recvfrom(100)
            print(data, address[0])
            """,
            port,
        )
        thread.join(LIMIT_S)
        assert lines == ["b'TIDE' 127.0.0.1"]


def test_an_exception_in_a_task_is_reported_as_micropython_does():
    lines = printed(
        """
        import asyncio
        async def bad():
            raise ValueError("boom")
        async def main():
            asyncio.create_task(bad())
            await asyncio.sleep_ms(10)
            print("goes on")
        asyncio.run(main())
        """
    ).splitlines()
    assert lines[0] == "Task exception wasn't retrieved"
    assert lines[-2:] == ["ValueError: boom", "goes on"]


ASYNCIO = {
    "tasks take turns": (
        """
        async def count(name, ms):
            for i in range(3):
                print(name, i)
                await asyncio.sleep_ms(ms)
        async def main():
            await asyncio.gather(count("a", 10), count("b", 25))
        """,
        ["a 0", "b 0", "a 1", "a 2", "b 1", "b 2"],
    ),
    "wait_for times out": (
        """
        async def main():
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 2)
            except asyncio.TimeoutError as e:
                print("late", repr(e))
        """,
        ["late TimeoutError()"],
    ),
    "a flag is set by an interrupt": (
        """
        from machine import Timer
        flag = asyncio.ThreadSafeFlag()
        async def main():
            Timer(0, mode=Timer.ONE_SHOT, period=3600_000, callback=lambda t: flag.set())
            await flag.wait()
            print(time.ticks_ms() // 1000)
        """,
        ["3600"],
    ),
    "a lock is held by one": (
        """
        lock = asyncio.Lock()
        async def hold(name):
            async with lock:
                print(name)
                await asyncio.sleep(1)
                print(name)
        async def main():
            await asyncio.gather(hold("a"), hold("b"))
        """,
        ["a", "a", "b", "b"],
    ),
    "a cancelled task says so": (
        """
        async def forever():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                print("cancelled")
                raise
        async def main():
            task = asyncio.create_task(forever())
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.sleep(1)
        """,
        ["cancelled"],
    ),
    "it returns when no task can ever run again": (
        """
        async def main():
            await asyncio.Event().wait()
        """,
        [],
    ),
}


@pytest.mark.parametrize(("program", "lines"), ASYNCIO.values(), ids=ASYNCIO)
def test_asyncio(program: str, lines: list[str]):
    body = "import asyncio, time\n" + source(program).decode() + "asyncio.run(main())\n"
    assert printed(body).splitlines() == lines
