"""What an endpoint understands of OpenAI's language, found out by asking it.

Each question is an attempt like any other: money is set aside for it, and it has its row.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloud_proxy.attempts import Attempted, Attempts, Spent
from cloud_proxy.catalogue import Catalogue, parse
from cloud_proxy.request import Request
from cloud_proxy.talk import PROGRAM, CallLimits, ChatMessage
from cloud_proxy.tiers.base import Quirks, Stream
from cloud_proxy.tiers.openai_compatible import OpenAICompatible

log = logging.getLogger("limpet.quirks")

DEVICE = "limpet-probe"  # in whose name the ledger has the questions
_TOOLS = parse([["ping", "Answer with pong.", []]])
_WORDS = "Call the tool ping, or say pong."
_MOST_OUTPUT = 256  # tokens: some models think before they call
_TTL_S = 20.0
_REFUSED = ("http_400", "http_422", "error_body")
_TOLD = ("http_4", "http_5", "error_body", "garbage")  # what servers answer to what they lack


@dataclass(frozen=True, slots=True)
class _Question:
    """A conversation of one sentence."""

    tools: Catalogue | None
    options: Mapping[str, Any]
    limits: CallLimits = PROGRAM
    sentence: str = _WORDS
    results: list[Any] | None = None
    memory: Mapping[str, str] = field(default_factory=dict[str, str])
    tokens: int = 64
    most_tokens: int = 1024

    def chat(self) -> list[ChatMessage]:
        """Return the sentence."""
        return [{"role": "user", "content": self.sentence}]


class Probe:
    """Asks one tier. attempts: with a health of their own, as failing here is no failure."""

    def __init__(self, attempts: Attempts, tier: OpenAICompatible) -> None:
        self._attempts = attempts
        self._tier = tier
        self._spent = Spent()
        self._run = os.urandom(4).hex()

    async def run(self) -> None:
        """Set the tier's quirks as they are found; what cannot be asked stays as configured."""
        before = self._tier.quirks
        why = await self._name_of_max_tokens()
        if not why:
            await self._streaming()
            if self._tier.quirks.tools:
                await self._calls()
        if why:
            self._tier.quirks = before
            log.warning("tier %s: not probed, used as configured: %s", self._tier.name, why)
        else:
            log.warning("tier %s: %s", self._tier.name, _words(self._tier.quirks))

    async def _name_of_max_tokens(self) -> str:
        """Return "" once a plain request is understood, else why it is not."""
        said = await self._ask(whole=True)
        if said.outcome in _REFUSED:
            names = ("max_tokens", "max_completion_tokens")
            other = names[self._tier.quirks.max_tokens_name == names[0]]
            again = await self._ask(whole=True, max_tokens_name=other)
            return "" if _understood(again) else said.why
        return "" if _understood(said) else said.why

    async def _streaming(self) -> None:
        if not self._tier.quirks.streams or _understood(await self._ask()):
            return
        if not _understood(await self._ask(stream_options=False)):
            self._tier.quirks = replace(self._tier.quirks, stream_options=True, streams=False)

    async def _calls(self) -> None:
        """Find the first way in which a tool that must be called is called."""
        start = self._tier.quirks
        for streamed, choice in ((True, True), (True, False), (False, True), (False, False)):
            if streamed and not start.streams:
                continue
            how = {"tools_streamed": streamed, "tool_choice": choice}
            said = await self._ask(tools=True, whole=not streamed, **how)
            if said.completion and said.completion.calls:
                return
            if not _understood(said) and not said.outcome.startswith(_TOLD):
                self._tier.quirks = start  # it fell silent: that says nothing of tools
                return
        self._tier.quirks = replace(start, tools=False)

    async def _ask(self, *, whole: bool = False, tools: bool = False, **quirks: Any) -> Attempted:
        """Ask with these quirks, which stay if the request was understood."""
        before = self._tier.quirks
        self._tier.quirks = replace(before, **quirks)
        clock = asyncio.get_running_loop().time
        now_s = clock()
        options = {"tool_choice": "required"} if tools else {}
        request = Request(
            device=DEVICE,
            id=self._run,
            retry=0,
            arrived_s=now_s,
            expires_s=now_s + _TTL_S,
            talk=_Question(_TOOLS if tools else None, options),
            max_output_tokens=_MOST_OUTPUT,
            whole=whole,
        )
        stream = Stream(lambda _: None, clock)
        name = self._tier.name
        said = await self._attempts.ask(request, name, "probe", stream, self._spent, last=True)
        if not _understood(said):
            self._tier.quirks = before
        return said


def _understood(said: Attempted) -> bool:
    """Return whether the endpoint took the request; a model may think until its tokens end."""
    return said.outcome == "ok" or "neither text nor calls" in said.why


def _words(quirks: Quirks) -> str:
    found = [f"takes {quirks.max_tokens_name}"]
    found.append("streams" if quirks.streams else "does not stream")
    if quirks.streams and not quirks.stream_options:
        found.append("knows no stream_options, so usage is estimated")
    if not quirks.tools:
        found.append("calls no tools")
    else:
        found.append("calls tools" + ("" if quirks.tools_streamed else " in whole answers only"))
        if not quirks.tool_choice:
            found.append("knows no tool_choice")
    return ", ".join(found)
