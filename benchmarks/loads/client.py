"""Closed-loop load over raw sockets: python client.py PORT MODEL CONNECTIONS SECONDS [stream].

Prints one line of JSON: requests answered, failures, seconds, p50, p99 and first piece in ms.
"""

import asyncio
import json
import os
import sys
import time

import uvloop

WARM_S = 1.0


def request(port: int, model: str, stream: bool) -> bytes:
    body = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You look after a greenhouse."},
            {"role": "user", "content": "Soil 31 %, 21.4 C, door open: what now?"},
        ],
        "max_tokens": 16,
        "stream": stream,
    }
    payload = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(payload)}\r\n"
    head += f"authorization: Bearer {os.environ.get('API_KEY', 'none')}\r\n\r\n"
    return head.encode() + payload


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes
) -> tuple[float, float, bool]:
    """Return seconds to the first piece and to the end, and whether it was answered."""
    start = time.perf_counter()
    writer.write(message)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    first = 0.0
    ok = b" 200 " in head.split(b"\r\n", 1)[0]
    if b"content-length:" in head:
        size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(size)
    else:
        last = b""
        while size := int(await reader.readline(), 16):
            last = await reader.readexactly(size + 2)
            first = first or time.perf_counter() - start
        await reader.readexactly(2)
        ok = ok and b"[DONE]" in last
    total = time.perf_counter() - start
    return first or total, total, ok


async def main(port: int, model: str, connections: int, seconds: float, stream: bool) -> None:
    message = request(port, model, stream)
    begin = time.perf_counter() + WARM_S
    end = begin + seconds
    totals: list[float] = []
    firsts: list[float] = []
    counts = {"all": 0, "failed": 0}

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (now := time.perf_counter()) < end:
            first, total, ok = await ask(reader, writer, message)
            counts["all"] += 1
            counts["failed"] += not ok
            if now > begin:
                totals.append(total)
                firsts.append(first)
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    totals.sort()
    firsts.sort()
    told = {
        **counts,
        "a_second": len(totals) / seconds,
        "p50_ms": totals[len(totals) // 2] * 1000,
        "p99_ms": totals[int(len(totals) * 0.99)] * 1000,
        "first_p50_ms": firsts[len(firsts) // 2] * 1000,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    _, port, model, connections, seconds, *rest = sys.argv
    uvloop.run(main(int(port), model, int(connections), float(seconds), bool(rest)))
