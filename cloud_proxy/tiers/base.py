"""What a tier is: something that completes a request, or says cleanly why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from cloud_proxy.candidates import TierState
from cloud_proxy.health import Health
from cloud_proxy.lane import Lane
from cloud_proxy.metering import Price, Usage
from cloud_proxy.request import Request


class Call(NamedTuple):
    """A tool that the board is asked to run."""

    tool: str
    args: dict[str, Any]


class Completion(NamedTuple):
    """A tier's whole answer."""

    say: str
    calls: tuple[Call, ...] = ()
    end: bool = True  # the board need not send the results of the calls back
    template: bool = False  # `say` is filled from the results by the board
    usage: Usage = Usage()
    confidence: float = 1.0  # of tiers that know theirs
    note: str = ""  # what was put right, for the ledger
    cut_short: bool = False  # it reached the most tokens that it might have


@dataclass(frozen=True, slots=True)
class Quirks:
    """What an endpoint understands; as configured, or as a probe has found it."""

    max_tokens_name: str
    streams: bool = True
    stream_options: bool = True  # may be asked for the usage at the end of a stream
    tools: bool = True
    tools_streamed: bool = True  # calls come in pieces too, not in whole answers alone
    tool_choice: bool = True


class TierError(Exception):
    """A tier's clean failure.

    code: for the ledger, one word. usage: what it cost all the same, if the tier said.
    retry_after_s: how long an overloaded tier wants to be left alone. tier_at_fault: whether it
    counts for the breaker.
    """

    def __init__(
        self,
        code: str,
        why: str,
        *,
        usage: Usage | None = None,
        retry_after_s: float | None = None,
        tier_at_fault: bool = True,
    ) -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why
        self.usage = usage
        self.retry_after_s = retry_after_s
        self.tier_at_fault = tier_at_fault


def _alone() -> bool:
    return True


@dataclass(slots=True)
class Stream:
    """Where a tier puts text as it comes, and what is known of an answer that broke off.

    claim: asked at the first piece whether this attempt is the one that is heard; of a request
    and its hedge only one is.
    """

    sink: Callable[[str], None]
    clock: Callable[[], float]
    claim: Callable[[], bool] = _alone
    first_s: float | None = None  # when the first piece came, be it text or a call
    sent: bool = False  # text has gone out: nobody else can answer any more
    characters: int = 0
    prompt_characters: int = 0  # sent upstream; 0: nothing left the proxy yet
    headers: Mapping[str, str] = field(default_factory=dict[str, str])  # of the upstream's reply
    _heard: bool = True

    def began(self) -> None:
        """Note that the answer begins."""
        if self.first_s is None:
            self.first_s = self.clock()
            self._heard = self.claim()

    def text(self, piece: str) -> None:
        """Pass a piece of the answer on."""
        if not piece:
            return
        self.began()
        self.characters += len(piece)
        if self._heard:
            self.sent = True
            self.sink(piece)


class Tier(Protocol):
    """A row of the configuration brought to life."""

    name: str
    model: str
    price: Price
    outside: bool  # asking it leaves this process, so the books know of it before
    max_output_tokens: int
    lane: Lane | None  # where requests that can wait are held back for others
    escalate_below: float  # an answer less sure than this goes on to the next tier

    def state(self, health: Health, input_tokens: int, whole: bool, now_s: float) -> TierState:
        """Return how routing sees this tier now, for a request of that size and kind."""
        ...

    async def start(self) -> None:
        """Get ready. Raises UserError if that needs a person."""
        ...

    async def complete(self, request: Request, stream: Stream) -> Completion:
        """Return the answer. Raises TierError; on cancellation it stops whatever it began."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
