"""asyncio programs on the network of an isolated world: their time, chance and connections."""

import asyncio
import itertools
import os
import random
import signal
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic  # by name, as libraries do
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from host.emulator import World
from tests.system.certificates import make_certificates
from tests.system.emulator_kit import source

START_UNIX_S = 1_767_571_200  # 2026-01-05, of a world that is not told otherwise


def run(main: Callable[[], Awaitable[object]], seconds: float = 60, seed: int = 0) -> object:
    """Return what a program alone in a world returns."""
    with World(seed=seed, isolated=True) as world:
        program = world.program("it", main)
        program.start()
        world.run(seconds=seconds)
        assert program.state == "stopped", program.error
        return program.result


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def serve_echo() -> None:
    server = await asyncio.start_server(echo, port=7)
    async with server:
        await server.serve_forever()


def test_a_program_sleeps_an_hour_and_no_wall_time_passes_for_it():
    async def main() -> tuple[float, ...]:
        loop, before = asyncio.get_running_loop(), monotonic()
        began = loop.time(), time.time(), time.time_ns(), time.perf_counter()
        await asyncio.sleep(3600)
        ended = loop.time(), time.time(), time.time_ns() / 1, time.perf_counter()
        return began[1], monotonic() - before, *(b - a for a, b in zip(began, ended, strict=True))

    assert run(main, 3601) == (START_UNIX_S, 3600, 3600, 3600, 3600e9, 3600)


def test_outside_of_programs_time_stays_the_walls_and_functions_come_back():
    real = time.monotonic
    before_s = real()
    inside: list[float] = []

    async def main() -> None:
        await asyncio.sleep(5)
        inside.append(monotonic())

    with World(isolated=True) as world:
        world.program("it", main).start()
        assert before_s <= time.monotonic() <= real()
        world.run(seconds=9)
        assert before_s <= monotonic() <= real()
    assert inside == [5] and time.monotonic is real and monotonic is real


def test_chance_is_the_seeds_and_each_programs_own():
    async def main() -> list[object]:
        sample = random.sample(range(1000), 4), random.random(), random.Random(3).random()
        return [*sample, os.urandom(4), uuid.uuid4()]

    random.seed(1)
    first = run(main)
    state = random.getstate()
    assert run(main) == first != run(main, seed=1)
    assert random.getstate() == state


def test_chance_differs_between_programs_and_between_starts():
    drawn: list[float] = []

    async def main() -> None:
        drawn.append(random.random())

    with World(isolated=True) as world:
        programs = [world.program(name, main) for name in ("one", "two")]
        for _ in range(2):
            for program in programs:
                program.start()
            world.run(seconds=1)
    assert len(set(drawn)) == 4


def test_a_set_of_tasks_is_in_the_order_of_their_making():
    async def main() -> list[str]:
        tasks = {asyncio.create_task(asyncio.sleep(9), name=str(n)) for n in range(50)}
        names = [task.get_name() for task in tasks]
        return sorted(names, key=names.index) if names != sorted(names, key=int) else []

    assert run(main) == []


def test_executors_take_no_time_and_keep_the_order():
    async def main() -> tuple[list[str], float]:
        seen: list[str] = []

        async def ask(name: str) -> None:
            await asyncio.to_thread(seen.append, name)

        await asyncio.gather(*(ask(name) for name in "abc"))
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return seen, asyncio.get_running_loop().time()

    assert run(main) == (["a", "b", "c"], 0.0)


def test_programs_talk_over_streams_with_the_networks_latency():
    async def ask() -> tuple[bytes, float]:
        reader, writer = await asyncio.open_connection("echo", 7)
        began_s = time.monotonic()
        writer.write(b"hello\nthere\n")
        said = await reader.readexactly(12)
        took_s = time.monotonic() - began_s
        writer.close()
        await writer.wait_closed()
        return said, took_s

    with World(isolated=True) as world:
        world.network.latency_ms = 50
        world.program("echo", serve_echo).start()
        asking = world.program("it", ask)
        asking.start()
        world.run(seconds=2)
        said, took_s = asking.result
        assert said == b"HELLO\nTHERE\n" and took_s == pytest.approx(0.1)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("pki"), "echo")


DAY_S = 86400
SECURE = {
    "a server that our CA vouches for": ("ca", 60, "HELLO"),
    "another CA": ("other", 60, "certificate verify failed: unable to get"),
    "a certificate that will not hold any more": ("ca", 31 * DAY_S, "expired"),
    "a certificate that does not hold yet": ("ca", -DAY_S, "starts in the future"),
}


@pytest.mark.parametrize("authority, after_s, said", SECURE.values(), ids=SECURE)
def test_programs_talk_over_tls_by_the_worlds_date(
    pki: Path, authority: str, after_s: int, said: str
):
    async def serve() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pki / "server.pem", pki / "server.key")
        async with await asyncio.start_server(echo, port=7, ssl=context) as server:
            await server.serve_forever()

    async def ask() -> str:
        context = ssl.create_default_context(cafile=str(pki / f"{authority}.pem"))
        try:
            reader, writer = await asyncio.open_connection("echo", 7, ssl=context)
        except ssl.SSLError as e:
            return str(e)
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer.decode().strip()

    with World(isolated=True, unix_s=time.time() + after_s) as world:
        world.program("echo", serve).start()
        asking = world.program("it", ask)
        asking.start()
        world.run(seconds=5)
        assert asking.error is None and said in str(asking.result)


BOARD = """
    import network, socket, time
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("home", "secret")
    while not station.isconnected():
        time.sleep_ms(10)
    link = socket.socket()
    link.connect(socket.getaddrinfo("echo", 7)[0][-1])
    link.send(b"hello\\n")
    print(link.recv(64))
    """


def test_a_board_talks_to_a_program():
    with World(isolated=True) as world:
        world.program("echo", serve_echo).start()
        board = world.board(files={"/main.py": source(BOARD)})
        board.start()
        world.run(seconds=5)
        assert board.serial.text == "b'HELLO\\n'\n"


async def connect(host: str, port: int) -> tuple[str, float]:
    began_s = time.monotonic()
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as e:
        return f"{type(e).__name__} {e}", time.monotonic() - began_s
    took_s = time.monotonic() - began_s
    writer.close()
    return "connected", took_s


CONNECTS = {
    "a name that nobody has": ("nobody", 80, "gaierror", 0.0),
    "a port that nobody listens on": ("echo", 80, "ConnectionRefusedError", 0.01),
    "an address that nobody has": ("10.9.9.9", 80, "TimeoutError", 18.0),
    "another host's loopback server": ("local", 8, "connected", 0.01),
    "a server": ("echo", 7, "connected", 0.01),
}


@pytest.mark.parametrize("host, port, what, took_s", CONNECTS.values(), ids=CONNECTS)
def test_connecting_ends_as_on_a_network(host: str, port: int, what: str, took_s: float):
    with World(isolated=True) as world:
        world.program("echo", serve_echo).start()
        local = world.program("local", lambda: _local_server(world))
        local.start()
        asking = world.program("it", lambda: connect(host, port))
        asking.start()
        world.run(seconds=20)
        said, seconds = asking.result
        assert said.startswith(what) and seconds == pytest.approx(took_s)


async def _local_server(world: World) -> None:
    await asyncio.start_server(echo, "127.0.0.1", 8)
    assert (await connect("127.0.0.1", 8))[0] == "connected"
    await asyncio.Event().wait()


def test_a_program_of_aiohttp_serves_another_one():
    async def serve() -> None:
        async def hello(request: web.Request) -> web.Response:
            await asyncio.sleep(30)
            return web.json_response({"said": await request.text()})

        app = web.Application()
        app.router.add_post("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, port=80).start()
        await asyncio.Event().wait()

    async def ask() -> list[object]:
        async with aiohttp.ClientSession() as session:
            said: list[object] = []
            for timeout_s in (60, 20):
                timeout = aiohttp.ClientTimeout(total=timeout_s)
                try:
                    async with session.post("http://www/", data="hi", timeout=timeout) as response:
                        said.append(await response.json())
                except TimeoutError:
                    said.append(time.monotonic())
            return said

    with World(isolated=True) as world:
        world.program("www", serve).start()
        asking = world.program("it", ask)
        asking.start()
        world.run(minutes=2)
        assert asking.error is None
        greeting, at_s = asking.result
        assert (
            greeting == {"said": "hi"} and at_s == 51
        )  # aiohttp takes long times up to a whole second


def test_a_signal_is_handled_or_ends_the_program():
    async def main(handles: bool) -> str:
        stop = asyncio.Event()
        if handles:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await asyncio.sleep(3)
        return "in order"

    with World(isolated=True) as world:
        programs = [
            world.program(str(number), lambda h=h: main(h)) for number, h in enumerate((1, 0))
        ]
        for program in programs:
            program.start()
        world.run(seconds=1)
        for program in programs:
            program.signal()
        assert [program.state for program in programs] == ["running", "stopped"]
        world.run(seconds=5)
        assert [program.result for program in programs] == ["in order", None]


def test_a_killed_program_is_silent_and_starts_again():
    cleaned: list[float] = []

    async def main() -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            _, writer = await asyncio.open_connection("echo", 7)
            await asyncio.sleep(1000)
        finally:
            assert writer
            await asyncio.sleep(100)
            writer.write(b"farewell\n")
            cleaned.append(time.monotonic())

    heard: list[bytes] = []

    async def listen() -> None:
        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(b"+")
            with suppress(OSError):
                heard.append(await reader.read())
            writer.close()

        async with await asyncio.start_server(hear, port=7) as server:
            await server.serve_forever()

    with World(isolated=True) as world:
        world.program("echo", listen).start()
        program = world.program("it", main)
        program.start()
        with pytest.raises(RuntimeError, match="running"):
            program.start()
        world.run(seconds=10)
        program.kill()
        assert (program.state, cleaned) == ("stopped", [110])
        program.start()
        world.run(seconds=200)
        assert heard == [b"+", b"+"] and program.state == "running"


def test_a_task_of_a_killed_program_is_cancelled_and_sees_no_broken_connection():
    seen: list[str] = []

    async def main() -> None:
        reader, writer = await asyncio.open_connection("echo", 7)
        try:
            await reader.readline()
        except BaseException as e:
            seen.append(type(e).__name__)
        writer.close()

    with World(isolated=True) as world:
        world.program("echo", serve_echo).start()
        program = world.program("it", main)
        program.start()
        world.run(seconds=1)
        program.kill()
    assert seen == ["CancelledError"]


def test_a_connection_over_a_slow_line_is_open_when_the_other_end_has_answered():
    with World(isolated=True) as world:
        world.network.kbit_s, world.network.latency_ms = 9.6, 100
        world.program("echo", serve_echo).start()
        program = world.program("it", lambda: connect("echo", 7))
        program.start()
        world.run(seconds=1)
        assert program.result == ("connected", pytest.approx(0.2))


def test_writing_to_a_slow_line_waits_until_there_is_room():
    async def send() -> list[float]:
        _, writer = await asyncio.open_connection("echo", 7)
        times: list[float] = []
        for _ in range(4):
            writer.write(b"." * 10_000)
            await writer.drain()
            times.append(time.monotonic())
        writer.close()
        return times

    with World(isolated=True) as world:
        world.network.kbit_s = 80
        world.program("echo", serve_echo).start()
        program = world.program("it", send)
        program.start()
        world.run(seconds=10)
        waits = [b - a for a, b in itertools.pairwise(program.result)]
        assert waits == [pytest.approx(1, abs=0.1)] * 3


def test_a_program_may_kill_another_one_or_itself():
    async def wait() -> None:
        await asyncio.sleep(1000)

    with World(isolated=True) as world:
        victim = world.program("victim", wait)

        async def kill() -> None:
            await asyncio.sleep(1)
            victim.kill()
            killer.kill()
            await wait()

        killer = world.program("killer", kill)
        for program in (victim, killer):
            program.start()
        world.run(seconds=2)
        assert (victim.state, killer.state) == ("stopped", "stopped")


def test_a_program_that_fails_says_so_and_the_world_goes_on(capsys: pytest.CaptureFixture[str]):
    async def main() -> None:
        await asyncio.sleep(2)
        raise ValueError("no good")

    with World(isolated=True) as world:
        program = world.program("it", main)
        assert program.state == "off"
        program.start()
        world.run(seconds=5)
        assert program.state == "failed" and str(program.error) == "no good"
        said = capsys.readouterr().err
        assert "it failed after 2.000 s" in said and "ValueError: no good" in said


def test_a_program_that_spins_does_not_stop_time():
    turns = 0

    async def main() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with World(isolated=True) as world:
        world.program("it", main).start()
        world.run(ms=5)
        assert world.now_s == 0.005 and 10_000 < turns < 100_000


REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "a blocking run of the loop": (lambda loop: loop.run_forever(), "RuntimeError"),
    "datagrams": (lambda loop: loop.create_datagram_endpoint(None), "NotImplementedError"),
    "a file to wait for": (lambda loop: loop.add_reader(0, print), "NotImplementedError"),
    "a process": (lambda _: asyncio.create_subprocess_shell("true"), "NotImplementedError"),
}


@pytest.mark.parametrize("what, error", REFUSED.values(), ids=REFUSED)
def test_what_programs_have_not_is_refused(what: Callable[[Any], object], error: str):
    async def main() -> str:
        try:
            done = what(asyncio.get_running_loop())
            if asyncio.iscoroutine(done):
                await done
        except Exception as e:
            return type(e).__name__
        return ""

    with World(isolated=True) as world:
        world.program("echo", serve_echo).start()
        program = world.program("it", main)
        program.start()
        world.run(seconds=1)
        assert program.result == error


def test_a_thread_cannot_call_into_a_program():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        refused: list[str] = []

        def call() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except RuntimeError as e:
                refused.append(str(e))

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert "run_in_executor" in refused[0]

    run(main)


def test_only_a_world_of_its_own_has_programs():
    with World() as world, pytest.raises(ValueError, match="isolated=True"):
        world.program("it", lambda: asyncio.sleep(1))


def test_localhost_is_the_programs_own_host():
    async def main() -> object:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo("localhost", "80", type=socket.SOCK_STREAM)

    assert run(main) == [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
