"""The edge tier: the small model that ships with us, in this process, beside the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud_proxy.candidates import TierState
from cloud_proxy.config import EdgeTier
from cloud_proxy.edge_model import Answer, EdgeModel
from cloud_proxy.errors import UserError
from cloud_proxy.health import Health
from cloud_proxy.lane import Lane
from cloud_proxy.metering import FREE, Usage
from cloud_proxy.request import Request
from cloud_proxy.tiers.base import Call, Completion, Stream, TierError

MAX_WAITING = 64  # sentences; at some 3 ms each the last one waits 0.2 s
_CONTEXT_TOKENS = 1_000_000  # it reads the last sentence only, so no conversation is too long


class Edge:
    """A tier around `EdgeModel`. One thread: the model is one core's work at a time."""

    price = FREE
    outside = False
    lane: Lane | None = None
    max_output_tokens = 0  # none that anybody pays for

    def __init__(self, name: str, config: EdgeTier) -> None:
        self.name = name
        self.model = "edge-model"
        self.escalate_below = config.escalate_below
        self._config = config
        self._loaded: EdgeModel | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="edge")
        self._waiting = 0

    def state(self, health: Health, input_tokens: int, whole: bool, now_s: float) -> TierState:
        """Return how routing sees it: free, private, and done after one round."""
        return TierState(
            name=self.name,
            private=True,
            rounds=False,
            context_tokens=_CONTEXT_TOKENS,
            max_output_tokens=self.max_output_tokens,
            latency=health.in_one_piece.predict(0, now_s),
            open_until_s=health.breaker.open_until_s,
            trying=health.breaker.trying,
            in_flight=health.in_flight,
            room=MAX_WAITING,
        )

    async def start(self) -> None:
        """Load the weights. Raises UserError if they cannot be read."""
        path = self._config.weights
        loop = asyncio.get_running_loop()
        try:
            self._loaded = await loop.run_in_executor(self._pool, EdgeModel.load, path)
        except (OSError, ValueError) as e:
            raise UserError(
                "the edge model cannot be loaded",
                str(e),
                "reinstall limpet, or set `weights` in [tiers.edge] to a file that exists",
            ) from e

    async def complete(self, request: Request, stream: Stream) -> Completion:
        """Return the model's answer; the board carries the calls out and fills the text."""
        results = request.talk.results
        if results is not None:
            return Completion(say=_tell(results), usage=Usage(estimated=True))
        if self._loaded is None:
            raise TierError("down", "the edge model is not loaded")
        if self._waiting >= MAX_WAITING:
            raise TierError("busy", f"{MAX_WAITING} sentences wait already", tier_at_fault=False)
        talk = request.talk
        sentence = talk.sentence
        names = talk.tools.names if talk.tools else None
        stream.prompt_characters = len(sentence)
        self._waiting += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._loaded.answer, sentence, names, talk.memory
            )
        finally:
            self._waiting -= 1
        return Completion(
            say=answer.say,
            calls=tuple(Call(call.tool, dict(call.args)) for call in answer.calls),
            template=True,
            usage=_usage(sentence, answer),
            # a decline is kept only if no other tier may or can do better
            confidence=answer.confidence if answer.calls else 0.0,
            note="" if answer.calls else "it declined",
        )

    async def close(self) -> None:
        """End the thread once it is done with what it does."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _usage(sentence: str, answer: Answer) -> Usage:
    """Words in, symbols out: this model has no tokens that would compare with others."""
    symbols = sum(1 + 2 * len(call.args) for call in answer.calls)
    return Usage(len(sentence.split()), symbols or 1, estimated=True)


def _tell(results: list[Any]) -> str:
    """Return what came back from the tools in words: no model is asked."""
    told: list[str] = []
    for result in results[:8]:
        if isinstance(result, dict):
            told.append(", ".join(f"{key}: {result[key]}" for key in result))  # pyright: ignore
        else:
            told.append(str(result))
    return "; ".join(text for text in told if text) or "Done."
