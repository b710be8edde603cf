"""A board's request: the wire's words as a conversation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from cloud_proxy import bodies, prompt
from cloud_proxy.boards import Board
from cloud_proxy.catalogue import Catalogue
from cloud_proxy.metering import CHARS_PER_TOKEN, estimate_tokens, most_tokens
from cloud_proxy.request import Request
from cloud_proxy.talk import BOARD, CallLimits, ChatMessage
from firmware import wire

MAX_TTL_S = 600  # however patient a board says it is
MAX_ID = 64  # characters
MAX_TRY = 9999
_SYSTEM_TOKENS = 400  # of the system prompt

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BoardTalk:
    """The conversation of one board."""

    messages: tuple[Message, ...]  # the wire's "msgs": entries with "u", "a" or "r"
    memory: Mapping[str, str]
    now: str  # local time as the board says it, "" while its clock is not set
    board: Board | None  # None: its birth message has not been seen
    characters: int  # of the body, for estimates
    _chat: list[ChatMessage] = field(default_factory=list[ChatMessage], init=False, compare=False)

    @property
    def limits(self) -> CallLimits:
        """Return what a board can take."""
        return BOARD

    @property
    def tools(self) -> Catalogue | None:
        """Return the tools that the board announced; None if its catalogue is not known."""
        return self.board.tools if self.board else None

    @property
    def sentence(self) -> str:
        """Return the last words of a person or a rule, or ""."""
        for message in reversed(self.messages):
            if "u" in message:
                return message["u"]
        return ""

    @property
    def results(self) -> list[Any] | None:
        """Return what the tools gave back, if that is what is to be answered."""
        return self.messages[-1].get("r")

    @property
    def tokens(self) -> int:
        """Return about how many tokens a model will read."""
        tools = self.tools.tokens if self.tools else 0
        return estimate_tokens(self.characters) + tools + _SYSTEM_TOKENS

    @property
    def options(self) -> Mapping[str, Any]:
        """Return nothing: a board leaves that to the configuration."""
        return {}

    @property
    def most_tokens(self) -> int:
        """Return the most tokens that any model can read."""
        chat = self.chat()
        size = self.tools.tokens * CHARS_PER_TOKEN if self.tools else 0
        for message in chat:
            size += len(message["content"].encode("utf-8", "surrogatepass"))
            if calls := message.get("tool_calls"):
                size += len(json.dumps(calls))
        return most_tokens(size, len(chat))

    def chat(self) -> list[ChatMessage]:
        """Return the system prompt and the conversation; made once, not to be changed."""
        if not self._chat:
            told = prompt.messages(self.board, self.messages, self.memory, self.now)
            self._chat.extend(told)
        return self._chat


def from_wire(
    device: str,
    body: dict[str, Any],
    board: Board | None,
    now_s: float,
    size: int,
    way_back_ms: float = 0.0,
) -> Request:
    """Return the request in a body that `wire.decode` has checked.

    board: of this device, or None. size: of the body, bytes. Raises wire.WireError for what the
    table of fields cannot say: an empty conversation, an entry of no known kind, another's name.
    """
    if body.get("device", device) != device:
        raise wire.WireError("device: the body names another one than the topic")
    id_ = body["id"]
    if not (1 <= len(id_) <= MAX_ID and id_.isascii() and id_.isprintable()):
        raise wire.WireError(f"id: 1 to {MAX_ID} printable characters of ASCII")
    messages = tuple(_message(entry) for entry in body["msgs"])
    if not messages or "a" in messages[-1]:
        raise wire.WireError("msgs: the last entry must be something to answer")
    memory = cast(dict[str, Any], body.get("mem") or {})
    talk = BoardTalk(
        messages=messages,
        memory={key: str(value) for key, value in memory.items()},
        now=str(body.get("now") or ""),
        board=board if board and board.hash == body["hash"] else None,
        characters=size,
    )
    return Request(
        device=device,
        id=id_,
        retry=min(max(0, body["try"]), MAX_TRY),
        arrived_s=now_s,
        expires_s=now_s + min(body["ttl"], MAX_TTL_S),
        talk=talk,
        slo_ms=body.get("slo_ms"),
        private=bool(body.get("private")),
        can_wait=bool(body.get("wait")),
        max_ud=body.get("max_ud"),
        way_back_ms=way_back_ms,
    )


def _message(entry: Any) -> Message:
    match entry:
        case {"u": str(text)} if len(text) <= wire.MAX_TEXT:
            return {"u": text}
        case {"r": list()}:
            return {"r": entry["r"]}
        case {"a": str(text)}:
            return {"a": text, "calls": bodies.check_calls(entry.get("calls") or [])}
        case {"u": str()}:
            raise wire.WireError(f"msgs: a sentence of over {wire.MAX_TEXT} characters")
        case _:
            raise wire.WireError("msgs: an entry is none of u, a and r")
