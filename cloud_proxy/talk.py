"""What a request says, whoever asks: a board over MQTT, or a program over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloud_proxy.catalogue import Catalogue
from firmware import wire

ChatMessage = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What whoever asked can take of tool calls. whose: what the tools are of, in words."""

    most: int
    args_bytes: int
    args_depth: int
    whose: str


# A reply wraps arguments in four levels at most.
BOARD = CallLimits(wire.MAX_CALLS, wire.MAX_IN, wire.MAX_DEPTH - 4, "this board")
PROGRAM = CallLimits(128, 131_072, 60, "this request")


class Talk(Protocol):
    """A conversation whose last entry is to be answered."""

    @property
    def limits(self) -> CallLimits:
        """Return what can be taken of tool calls."""
        ...

    @property
    def tools(self) -> Catalogue | None:
        """Return the tools that may be called; None if they are not known."""
        ...

    @property
    def sentence(self) -> str:
        """Return the last words of a person or a rule, or ""."""
        ...

    @property
    def results(self) -> list[Any] | None:
        """Return what the tools gave back, if that is what is to be answered."""
        ...

    @property
    def memory(self) -> Mapping[str, str]:
        """Return what is remembered, by its key."""
        ...

    @property
    def tokens(self) -> int:
        """Return about how many tokens a model will read."""
        ...

    @property
    def most_tokens(self) -> int:
        """Return the most tokens that any model can read: what is set aside is counted by it."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Return more keys for the body of an OpenAI-compatible request."""
        ...

    def chat(self) -> list[ChatMessage]:
        """Return the conversation as OpenAI-compatible models are asked."""
        ...
