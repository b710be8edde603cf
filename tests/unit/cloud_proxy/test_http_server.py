"""The HTTP server against clients that ask well, badly, slowly, too much, and go."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import uvloop

from cloud_proxy.http_exchange import Limits, Request, Response, TooLarge, TooSlow
from cloud_proxy.http_server import Server

DEADLINE_S = 60
LIMITS = Limits(connections=100, body_bytes=1000, request_s=30, idle_s=30)
HASTY = replace(LIMITS, request_s=0.3, idle_s=0.3)
HOST = b" HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request) -> Iterator[Callable[..., object]]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda main: runner.run(asyncio.wait_for(main, DEADLINE_S))


class Handler:
    """Answers by path. began, ended: what a test waits for; go: what the handler waits for."""

    def __init__(self) -> None:
        self.began, self.go, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.written = 0

    async def __call__(self, request: Request) -> Response | None:
        self.began.set()
        try:
            match request.path:
                case "/unread":
                    return Response(b"no", 401)
                case "/fails":
                    raise RuntimeError("on purpose")
                case "/waits":
                    await self.go.wait()
                    return Response(b"at last", kind="text/plain")
                case "/pieces" | "/broken" | "/endless":
                    return await self.stream(request)
            try:
                body = await request.body()
            except TooLarge:
                return Response(b"large", 413)
            except TooSlow:
                return Response(b"slow", 408)
            asked = [request.method, request.path, request.query, body.decode()]
            return Response(json.dumps([*asked, request.headers.get("x-a", "")]).encode())
        finally:
            self.ended.set()

    async def stream(self, request: Request) -> None:
        request.begin("text/plain")
        for piece in (b"one", b"", b"two"):
            await request.write(piece)
        if request.path == "/broken":
            raise RuntimeError("on purpose")
        while request.path == "/endless":
            await request.write(b"x" * 65536)
            self.written += 65536


@asynccontextmanager
async def serving(limits: Limits = LIMITS) -> AsyncIterator[tuple[Server, Handler, int]]:
    """Serve on loopback; yields the server, its handler and the port."""
    handler = Handler()
    server = Server(handler, limits)
    address = await server.open("127.0.0.1", 0)
    guard = asyncio.create_task(server.guard())
    try:
        yield server, handler, int(address.rpartition(":")[2])
    finally:
        guard.cancel()
        await server.drain(0)


async def said(port: int, words: bytes, at_once: bool = True) -> bytes:
    """Return all that the server says to these words until it hangs up, without the dates."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in [words] if at_once else [bytes([byte]) for byte in words]:
        writer.write(piece)
        if not at_once:
            await asyncio.sleep(0)
    answer = await reader.read()
    writer.close()
    lines = answer.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"date: "))


def answers(text: bytes) -> list[tuple[int, bytes]]:
    """Return (status, body) of each answer that was not in pieces."""
    found: list[tuple[int, bytes]] = []
    while text:
        head, _, text = text.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        size = 0
        if status != 100:
            size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append((status, text[:size]))
        text = text[size:]
    return found


def echo(method: str, path: str, query: str = "", body: str = "", x_a: str = "") -> bytes:
    return json.dumps([method, path, query, body, x_a]).encode()


LAST = b"connection: close\r\n"
READS = {
    "a GET": (b"GET /a" + HOST + LAST + b"\r\n", echo("GET", "/a")),
    "a query": (b"GET /a?b=c&d HTTP/1.1\r\n" + LAST + b"\r\n", echo("GET", "/a", "b=c&d")),
    "an escaped path": (b"GET /%C3%A4%20b" + HOST + LAST + b"\r\n", echo("GET", "/\u00e4 b")),
    "an address with the host": (
        b"GET http://x:80/a?b" + HOST + LAST + b"\r\n", echo("GET", "/a", "b")),
    "a body with its length": (
        b"POST /a" + HOST + LAST + b"content-length: 3\r\n\r\nabc", echo("POST", "/a", "", "abc")),
    "a body in chunks, with an extension and a trailer": (
        b"POST /a" + HOST + LAST + b"transfer-encoding: chunked\r\n\r\n"
        b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\nx-a: late\r\n\r\n", echo("POST", "/a", "", "abc")),
    "headers of one name": (
        b"GET /a" + HOST + LAST + b"X-A: 1\r\nx-a:  2\r\n\r\n", echo("GET", "/a", x_a="1, 2")),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", echo("GET", "/a")),
    "a wish for another protocol, which is not heard": (
        b"POST /a" + HOST + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\nabc",
        echo("POST", "/a", "", "abc")),
}  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("words, expected", READS.values(), ids=READS)
def test_reads(run, words, expected, at_once):
    async def main():
        async with serving() as (_, _, port):
            assert answers(await said(port, words, at_once)) == [(200, expected)]

    run(main())


def test_an_answer_tells_its_type_its_length_its_date_and_that_it_is_the_last(run):
    async def main():
        async with serving() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /a" + HOST + LAST + b"\r\n")
            head = (await reader.read()).split(b"\r\n\r\n")[0].split(b"\r\n")
            assert head[0] == b"HTTP/1.1 200 OK" and head[2][:6] + head[2][-4:] == b"date:  GMT"
            assert {head[1], *head[3:]} == {
                b"content-type: application/json",
                b"content-length: 25",
                b"connection: close",
            }
            writer.close()

    run(main())


def test_a_HEAD_gets_the_length_and_no_body(run):
    async def main():
        async with serving() as (_, _, port):
            answer = await said(port, b"HEAD /a" + HOST + LAST + b"\r\n")
            assert b"content-length: 26\r\n" in answer and answer.endswith(b"\r\n\r\n")

    run(main())


def test_who_waits_for_a_word_before_the_body_gets_it(run):
    async def main():
        async with serving() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = b"POST /a" + HOST + LAST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n"
            writer.write(head)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert answers(await reader.read()) == [(200, echo("POST", "/a", "", "abc"))]
            writer.close()

    run(main())


PIECES = {
    "as chunks": (b"GET /pieces" + HOST + LAST + b"\r\n", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
    "to HTTP/1.0 up to the end": (b"GET /pieces HTTP/1.0\r\n\r\n", b"onetwo"),
}


@pytest.mark.parametrize("words, expected", PIECES.values(), ids=PIECES)
def test_answers_in_pieces(run, words, expected):
    async def main():
        async with serving() as (_, _, port):
            head, _, body = (await said(port, words)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"content-length" not in head
            assert body == expected

    run(main())


ONE = b"GET /a" + HOST + b"\r\n"
TWO = b"POST /b" + HOST + LAST + b"content-length: 3\r\n\r\nabc"


@pytest.mark.parametrize("cut", [len(ONE) - 1, len(ONE), len(ONE) + 9, len(ONE + TWO) - 1])
def test_requests_sent_ahead_are_answered_in_their_order(run, cut):
    async def main():
        async with serving() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            words = ONE + TWO
            writer.write(words[:cut])
            await asyncio.sleep(0.01)
            writer.write(words[cut:])
            expected = [(200, echo("GET", "/a")), (200, echo("POST", "/b", "", "abc"))]
            assert answers(await reader.read()) == expected
            writer.close()

    run(main())


def test_a_connection_serves_many_requests_one_after_another(run):
    async def main():
        async with serving() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for path in (b"/a", b"/pieces", b"/fails", b"/b"):
                writer.write(b"GET " + path + HOST + b"\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                if path == b"/pieces":
                    await reader.readuntil(b"0\r\n\r\n")
                else:
                    size = head.split(b"content-length: ")[1].split(b"\r\n")[0]
                    await reader.readexactly(int(size))
            writer.close()

    run(main())


REFUSED = {
    "who takes us for a proxy": (b"CONNECT x:443" + HOST + b"\r\n", 400),
    "garbage": (b"hello\r\n\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a length and chunks": (
        b"POST /a" + HOST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    "two lengths": (b"POST /a" + HOST + b"content-length: 3\r\ncontent-length: 4\r\n\r\n", 400),
    "a length below nothing": (b"POST /a" + HOST + b"content-length: -3\r\n\r\nabc", 400),
    "a length beyond all": (b"POST /a" + HOST + b"content-length: 99999999999999999999\r\n\r\n", 400),
    "a header with a nought": (b"GET /a" + HOST + b"x-a: \x00\r\n\r\n", 400),
    "a folded header": (b"GET /a" + HOST + b"x-a: b\r\n c\r\nx y: z\r\n\r\n", 400),
    "a head of 40 KB": (b"GET /a" + HOST + b"x-a: b\r\n" * 5000, 431),
    "a path of 40 KB": (b"GET /" + b"a" * 40_000, 431),
    "a hundred requests at once": (b"GET /waits" + HOST + b"\r\n" + ONE * 99, None),
    "chunks of no bytes": (
        b"POST /waits" + HOST + b"transfer-encoding: chunked\r\n\r\n5;" + b"x" * 700_000, None),
}  # fmt: skip


@pytest.mark.parametrize("words, status", REFUSED.values(), ids=REFUSED)
def test_refuses(run, words, status):
    """None: an answer is under way, which a word about the rest would spoil: it hangs up."""

    async def main():
        async with serving() as (_, _, port):
            try:
                answer = await said(port, words)
            except ConnectionError:
                answer = b""
            assert [one[0] for one in answers(answer)] == ([status] if status else [])
            [good] = answers(await said(port, READS["a GET"][0]))
            assert good[0] == 200

    run(main())


@pytest.mark.parametrize("path, status", [(b"/a", 413), (b"/unread", 401)])
def test_a_client_that_goes_on_sending_gets_its_answer_nevertheless(run, path, status):
    async def main():
        async with serving() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST " + path + HOST + b"content-length: 3000000\r\n\r\n")
            for _ in range(30):
                writer.write(b"x" * 100_000)
                await writer.drain()
            assert [one[0] for one in answers(await reader.read())] == [status]
            writer.close()

    run(main())


SLOW = {
    "not a word": b"",
    "half a head": b"GET /a HTTP/1.1\r\nx-a: b",
    "half a head after a request": ONE + b"GET /a",
    "nothing after a request": ONE,
    "half a body": b"POST /a" + HOST + b"content-length: 9\r\n\r\nabc",
    "a body that never comes and is not read": (
        b"POST /unread" + HOST + b"content-length: 9\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("words", SLOW.values(), ids=SLOW)
def test_hangs_up_on_who_dawdles_with(run, words):
    async def main():
        async with serving(HASTY) as (_, _, port):
            await said(port, words)  # returns because the server hangs up

    run(main())


def test_a_slow_body_is_told_to_the_handler(run):
    async def main():
        async with serving(HASTY) as (_, _, port):
            answer = await said(port, SLOW["half a body"])
            assert answers(answer) == [(408, b"slow")]

    run(main())


def test_who_reads_nothing_makes_the_handler_wait_and_then_stop(run):
    async def main():
        async with serving(HASTY) as (_, handler, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(b"GET /endless" + HOST + b"\r\n")
            await handler.ended.wait()
            assert handler.written < 50_000_000  # the kernel's buffers and ours, no more
            writer.close()

    run(main())


def test_a_client_that_goes_stops_its_handler(run):
    async def main():
        async with serving() as (_, handler, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /waits" + HOST + b"\r\n")
            await handler.began.wait()
            assert not handler.ended.is_set()
            writer.close()
            await handler.ended.wait()

    run(main())


def test_a_handler_that_fails_is_an_error_or_an_answer_without_its_end(run):
    async def main():
        async with serving() as (_, _, port):
            [(status, body)] = answers(await said(port, b"GET /fails" + HOST + LAST + b"\r\n"))
            assert status == 500 and json.loads(body)["error"]["code"] == "failed"
            with contextlib.suppress(ConnectionError):
                answer = await said(port, b"GET /broken" + HOST + b"\r\n")
                assert not answer.endswith(b"0\r\n\r\n")

    run(main())


def test_of_too_many_connections_those_that_wait_longest_go(run):
    async def main():
        async with serving(replace(LIMITS, connections=2)) as (_, handler, port):
            busy = await asyncio.open_connection("127.0.0.1", port)
            busy[1].write(b"GET /waits" + HOST + LAST + b"\r\n")
            await handler.began.wait()
            old = await asyncio.open_connection("127.0.0.1", port)
            old[1].write(ONE)
            await old[0].readuntil(b"]")
            await asyncio.sleep(0.05)  # uvloop's clock counts milliseconds
            new = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                assert await old[0].read() == b""
            handler.go.set()
            assert answers(await busy[0].read()) == [(200, b"at last")]
            new[1].write(READS["a GET"][0])
            assert answers(await new[0].read())[0][0] == 200
            for _, writer in (busy, old, new):
                writer.close()

    run(main())


@pytest.mark.parametrize("in_time", [True, False], ids=["in time", "late"])
def test_the_end_waits_for_answers_that_come(run, in_time):
    async def main():
        async with serving() as (server, handler, port):
            idle = await asyncio.open_connection("127.0.0.1", port)
            busy = await asyncio.open_connection("127.0.0.1", port)
            busy[1].write(b"GET /waits" + HOST + b"\r\n")
            await handler.began.wait()
            ending = asyncio.create_task(server.drain(DEADLINE_S if in_time else 0.1))
            if in_time:
                await asyncio.sleep(0.05)
                handler.go.set()
            await ending
            assert handler.ended.is_set()
            got = b""
            with contextlib.suppress(ConnectionError):
                got = await busy[0].read()
            assert (b"at last" in got) == in_time
            with contextlib.suppress(ConnectionError):
                assert await idle[0].read() == b""
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", port)
            for _, writer in (idle, busy):
                writer.close()

    run(main())
