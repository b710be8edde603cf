"""The HTTP client against servers that answer well, badly, late and without end."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import uvloop

from cloud_proxy.tiers.http_client import Client
from cloud_proxy.tiers.http_connection import BrokenOff, Limits, NoConnection, NotHttp, NotInTime
from tests.system.certificates import make_certificates

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"content-length: 5\r\n\r\nhello"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nlate: 1\r\n\r\n"
LIMITS = Limits(connections=2, connect_s=20, idle_s=20, total_s=60)

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request) -> Iterator[Callable[..., object]]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda main: runner.run(asyncio.wait_for(main, 60))


@asynccontextmanager
async def serving(handle: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on loopback and yield the port."""

    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of what was asked."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(size)


def says(*answers: bytes, at_once: bool = True, hang_up: bool = True) -> Server:
    """Return a server that answers each request of a connection with the next of these."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_request(reader)
            for n in range(len(answer)) if not at_once else ():
                writer.write(answer[n : n + 1])
                await writer.drain()
                await asyncio.sleep(0)
            if at_once:
                writer.write(answer)
                await writer.drain()
        if not hang_up:
            await reader.read()

    return handle


@asynccontextmanager
async def client_of(port: int, limits: Limits = LIMITS, **more: str) -> AsyncIterator[Client]:
    client = Client(f"http://127.0.0.1:{port}/v1/x?y=1", {"x-own": "1"}, limits, **more)
    try:
        yield client
    finally:
        await client.close()


async def ask(client: Client, body: bytes = b"{}") -> tuple[int, bytes]:
    answer = await client.post(body)
    try:
        return answer.status, await answer.rest(1_000_000)
    finally:
        answer.end()


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(WHOLE, 200, b"hello", id="with a length"),
        pytest.param(CHUNKED, 200, b"hello", id="in chunks, with a trailer"),
        pytest.param(OK + b"\r\nhello", 200, b"hello", id="until the connection ends"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, 200, b"hello", id="after a 100"),
        pytest.param(b"HTTP/1.1 204 No\r\n\r\n", 204, b"", id="without a body"),
        pytest.param(OK + b"content-length: 0\r\n\r\n", 200, b"", id="with an empty body"),
        pytest.param(b"HTTP/1.0 500 Oh\r\n\r\nno", 500, b"no", id="as HTTP/1.0"),
    ],
)
def test_reads_an_answer(run, answer, status, body, at_once):
    async def main():
        async with serving(says(answer, at_once=at_once)) as port, client_of(port) as client:
            assert await ask(client) == (status, body)

    run(main())


def test_sends_the_path_the_headers_and_the_body(run):
    seen: list[tuple[bytes, bytes]] = []

    async def handle(reader, writer):
        seen.append(await read_request(reader))
        writer.write(OK + b"A: 1\r\na: 2\r\nB: x\r\ncontent-length: 0\r\n\r\n")

    async def main():
        async with serving(handle) as port, client_of(port) as client:
            answer = await client.post(b'{"a":1}')
            assert (answer.headers["a"], answer.headers["b"]) == ("1, 2", "x")
            answer.end()
            return port

    port = run(main())
    [(head, body)] = seen
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/x?y=1 HTTP/1.1"
    assert {f"host: 127.0.0.1:{port}", "x-own: 1", "content-length: 7"} <= set(lines)
    assert body == b'{"a":1}'


LONG = b"x" * 1_000_000  # several reads


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", BrokenOff, id="hangs up before the head"),
        pytest.param(OK[:9], BrokenOff, id="hangs up in the head"),
        pytest.param(OK + b"content-length: 6\r\n\r\nhello", BrokenOff, id="hangs up early"),
        pytest.param(CHUNKED[:-9], BrokenOff, id="hangs up between chunks"),
        pytest.param(b"220 smtp.example ready\r\n", NotHttp, id="speaks another protocol"),
        pytest.param(OK + LONG, NotHttp, id="has a header's name without end"),
        pytest.param(OK + b"a: " + LONG, NotHttp, id="has a header's value without end"),
        pytest.param(OK + b"a: b\r\n" * 100_000, NotHttp, id="has headers without end"),
        pytest.param(b"HTTP/1.1 100 C\r\n\r\n" * 50_000, NotHttp, id="says 100 without end"),
        pytest.param(CHUNKED[:-11] + LONG, NotHttp, id="has a trailer without end"),
        pytest.param(OK + b"content-length: -1\r\n\r\n", NotHttp, id="has a negative length"),
        pytest.param(
            OK + b"transfer-encoding: chunked\r\n\r\nxyz\r\n",
            NotHttp,
            id="has no number of a chunk",
        ),
        pytest.param(
            b"HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", NotHttp, id="upgrades"
        ),
    ],
)
def test_tells_an_answer_that(run, answer, error):
    async def main():
        async with serving(says(answer)) as port, client_of(port) as client:
            with pytest.raises(error):
                await ask(client)
            assert not client._idle

    run(main())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(WHOLE, 1, id="is whole"),
        pytest.param(CHUNKED, 1, id="is whole, in chunks"),
        pytest.param(OK + b"connection: close\r\ncontent-length: 0\r\n\r\n", 3, id="says close"),
        pytest.param(OK + b"\r\n", 3, id="ends with the connection"),
        pytest.param(WHOLE + WHOLE, 3, id="is followed by one that nobody asked for"),
    ],
)
def test_how_many_connections_three_requests_take_if_the_answer(run, answer, expected):
    opened: list[int] = []
    goes_on = expected == 1

    async def handle(reader, writer):
        opened.append(1)
        await says(*[answer] * (3 if goes_on else 1))(reader, writer)

    async def main():
        async with serving(handle) as port, client_of(port) as client:
            for _ in range(3):
                await ask(client)

    run(main())
    assert len(opened) == expected


def test_a_connection_that_was_closed_while_idle_is_not_used_again(run):
    async def main():
        async with serving(says(WHOLE)) as port, client_of(port) as client:
            await ask(client)
            while client._idle:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            assert await ask(client) == (200, b"hello")

    run(main())


@pytest.mark.parametrize(
    ("limits", "answer"),
    [
        pytest.param(Limits(1, 20, 0.2, 60), b"", id="before the head"),
        pytest.param(Limits(1, 20, 0.2, 60), OK + b"content-length: 6\r\n\r\nh", id="in the body"),
        pytest.param(Limits(1, 20, 60, 0.2), OK + b"content-length: 6\r\n\r\nh", id="in total"),
    ],
)
def test_does_not_wait_for_ever(run, limits, answer):
    async def main():
        server = says(answer, hang_up=False)
        async with serving(server) as port, client_of(port, limits) as client:
            for _ in range(2):  # the second time on a fresh connection
                with pytest.raises(TimeoutError):
                    await ask(client)

    run(main())


def test_a_second_request_has_its_whole_time_on_a_connection_that_was_open(run):
    async def handle(reader, writer):
        for pause_s in (0.0, 0.7):
            await read_request(reader)
            await asyncio.sleep(pause_s)
            writer.write(WHOLE)

    async def main():
        limits = Limits(1, 20, idle_s=1.0, total_s=20)
        async with serving(handle) as port, client_of(port, limits) as client:
            await ask(client)
            await asyncio.sleep(0.6)
            assert await ask(client) == (200, b"hello")

    run(main())


def test_waits_for_room_and_tells_if_there_is_none_in_time(run):
    async def main():
        limits = Limits(1, connect_s=0.2, idle_s=20, total_s=20)
        server = says(WHOLE, WHOLE, hang_up=False)
        async with serving(server) as port, client_of(port, limits) as client:
            first = await client.post(b"{}")
            with pytest.raises(NotInTime):
                await client.post(b"{}")
            waiting = asyncio.create_task(ask(client))
            await asyncio.sleep(0)
            assert await first.rest(100) == b"hello"
            first.end()
            assert await waiting == (200, b"hello")

    run(main())


def test_a_port_that_nobody_listens_on_is_told(run):
    async def main():
        async with serving(says()) as port:
            pass
        async with client_of(port) as client:
            with pytest.raises(NoConnection):
                await ask(client)

    run(main())


def test_cancelling_hangs_up(run):
    async def main():
        began, gone = asyncio.Event(), asyncio.Event()

        async def handle(reader, writer):
            await read_request(reader)
            began.set()
            with contextlib.suppress(OSError):
                await reader.read()
            gone.set()

        async with serving(handle) as port, client_of(port) as client:
            asking = asyncio.create_task(ask(client))
            await began.wait()
            asking.cancel()
            await gone.wait()
            assert (await asyncio.gather(asking, return_exceptions=True))[0].__class__ is (
                asyncio.CancelledError
            )

    run(main())


def test_an_upstream_that_is_faster_than_its_reader_has_to_wait(run):
    size = 32_000_000
    sent: list[int] = []

    async def handle(reader, writer):
        await read_request(reader)
        writer.write(OK + b"content-length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            writer.write(bytes(100_000))
            await writer.drain()
            sent.append(100_000)

    async def main():
        async with serving(handle) as port, client_of(port) as client:
            answer = await client.post(b"{}")
            before = -1
            while before != sum(sent):  # until nothing moves any more
                before = sum(sent)
                await asyncio.sleep(0.3)
            assert before < size
            taken = 0
            while data := await answer.some():
                assert len(data) < 1_000_000
                taken += len(data)
            assert taken == size
            answer.end()

    run(main())


def proxy_to(ports: dict[bytes, int], seen: list[bytes], refuses: bool = False) -> Server:
    """Return an HTTP proxy that connects with the named hosts and notes the heads it saw."""

    async def copy(reader, writer):
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        if refuses:
            writer.write(b"HTTP/1.1 407 Who are you\r\n\r\n")
            return
        target = head.split(b" ")[1].removeprefix(b"http://").split(b"/")[0]
        there, here = await asyncio.open_connection("127.0.0.1", ports[target])
        if head.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            here.write(head)
        try:
            await asyncio.gather(copy(reader, here), copy(there, writer))
        finally:
            here.close()

    return handle


def test_goes_through_a_proxy(run):
    seen: list[bytes] = []

    async def main():
        async with (
            serving(says(WHOLE)) as port,
            serving(proxy_to({b"up.test": port}, seen)) as proxy,
        ):
            url, way = "http://up.test/v1/x", f"http://me:p%40ss@127.0.0.1:{proxy}"
            client = Client(url, {}, LIMITS, proxy=way)
            assert await ask(client) == (200, b"hello")
            await client.close()

    run(main())
    assert seen[0].startswith(b"POST http://up.test/v1/x HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6cEBzcw==\r\n" in seen[0]


@pytest.mark.parametrize(
    ("trusted", "refuses", "error"),
    [
        pytest.param("ca.pem", False, None, id="when it trusts the upstream"),
        pytest.param("other.pem", False, NoConnection, id="not to one that it does not trust"),
        pytest.param("ca.pem", True, NoConnection, id="not if the proxy refuses"),
    ],
)
def test_goes_through_a_proxy_in_tls(run, monkeypatch, tmp_path, trusted, refuses, error):
    folder = make_certificates(tmp_path, "up.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    seen: list[bytes] = []

    async def main():
        async with (
            serving(says(WHOLE), context) as port,
            serving(proxy_to({b"up.test:443": port}, seen, refuses)) as proxy,
        ):
            way = f"http://me:secret@127.0.0.1:{proxy}"
            client = Client("https://up.test/v1/x", {}, LIMITS, proxy=way)
            with pytest.raises(error) if error else contextlib.nullcontext():
                assert await ask(client) == (200, b"hello")
            await client.close()

    run(main())
    assert seen[0].startswith(b"CONNECT up.test:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6c2VjcmV0\r\n" in seen[0]
