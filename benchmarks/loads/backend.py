"""A model server that answers after a fixed time: python backend.py MS, says its port."""

import asyncio
import json
import sys

import uvloop
from aiohttp import web

TOKENS = 16
_USAGE = {"prompt_tokens": 20, "completion_tokens": TOKENS, "total_tokens": 20 + TOKENS}


def _event(delta: dict[str, str], finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "b", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    return b"data: " + json.dumps({**body, "choices": [choice], **more}).encode() + b"\n\n"


WHOLE = json.dumps(
    {
        "id": "b",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "fine " * TOKENS},
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
).encode()
EVENTS = [_event({"content": "fine "})] * TOKENS
LAST = _event({}, "stop", usage=_USAGE) + b"data: [DONE]\n\n"


async def serve(delay_s: float) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if delay_s:
            await asyncio.sleep(delay_s)
        if not body.get("stream"):
            return web.Response(body=WHOLE, content_type="application/json")
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for event in EVENTS:
            await response.write(event)
        await response.write(LAST)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1]) / 1000))
