"""One board's request, checked and in our own terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cloud_proxy import bodies
from cloud_proxy.boards import Board
from cloud_proxy.catalogue import Catalogue
from cloud_proxy.metering import estimate_tokens
from cloud_proxy.routing import Ask
from firmware import wire

MAX_TTL_S = 600  # however patient a board says it is
MAX_ID = 64  # characters
MAX_TRY = 9999

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What a board asks. Times are seconds of the event loop's clock."""

    device: str
    id: str
    retry: int  # the wire's "try"
    arrived_s: float
    expires_s: float
    messages: tuple[Message, ...]  # the wire's "msgs": entries with "u", "a" or "r"
    memory: Mapping[str, str]
    now: str  # local time as the board says it, "" while its clock is not set
    board: Board | None  # None: its birth message has not been seen
    slo_ms: int | None
    private: bool
    max_ud: int | None
    characters: int  # of the body, for estimates

    @property
    def tools(self) -> Catalogue | None:
        """The tools that the request may use; None if its catalogue is not known."""
        return self.board.tools if self.board else None

    @property
    def sentence(self) -> str:
        """The last words of a person or a rule, or ""."""
        for message in reversed(self.messages):
            if "u" in message:
                return message["u"]
        return ""

    @property
    def results(self) -> list[Any] | None:
        """What the tools gave back, if that is what is to be answered."""
        return self.messages[-1].get("r")

    def ask(self, now_s: float) -> Ask:
        """Return what routing needs to know, with what is left of the deadline."""
        waited_ms = int((now_s - self.arrived_s) * 1000)
        left_ms = None if self.slo_ms is None else max(0, self.slo_ms - waited_ms)
        tokens = estimate_tokens(self.characters) + (self.tools.tokens if self.tools else 0)
        return Ask(
            input_tokens=tokens + 400,  # the system prompt
            private=self.private,
            slo_ms=left_ms,
            needs_tools=self.tools is not None,
            has_results=self.results is not None,
        )


def from_wire(
    device: str, body: dict[str, Any], board: Board | None, now_s: float, size: int
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
    known = board if board and board.hash == body["hash"] else None
    return Request(
        device=device,
        id=id_,
        retry=min(max(0, body["try"]), MAX_TRY),
        arrived_s=now_s,
        expires_s=now_s + min(body["ttl"], MAX_TTL_S),
        messages=messages,
        memory={key: str(value) for key, value in memory.items()},
        now=str(body.get("now") or ""),
        board=known,
        slo_ms=body.get("slo_ms"),
        private=bool(body.get("private")),
        max_ud=body.get("max_ud"),
        characters=size,
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
