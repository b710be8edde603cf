"""One request, checked and in our own terms."""

from typing import NamedTuple

from cloud_proxy.candidates import Ask
from cloud_proxy.talk import Talk


class Request(NamedTuple):
    """Who asks, by when and for how much. Times are seconds of the event loop's clock."""

    device: str
    id: str
    retry: int  # the wire's "try"
    arrived_s: float
    expires_s: float  # nobody waits for the reply after that
    talk: Talk
    slo_ms: int | None = None  # deadline wished for, from arrival to the reply being there
    private: bool = False
    can_wait: bool = False  # may be held back until others go to the same tier
    max_ud: int | None = None
    max_output_tokens: int | None = None
    whole: bool = False  # the answer is wanted in one piece
    model: str = ""  # a tier's name or model, if only that may answer; "auto": any
    way_back_ms: float = 0.0  # what the reply takes to get there

    def left_ms(self, now_s: float) -> float | None:
        """Return what is left of the deadline for a tier; None if there is none."""
        if self.slo_ms is None:
            return None
        return max(0.0, self.slo_ms - (now_s - self.arrived_s) * 1000 - self.way_back_ms)

    def ask(
        self,
        now_s: float,
        *,
        priced: bool = True,
        refuse_late: bool = False,
        explore: float = 0.0,
        draw: float = 1.0,
    ) -> Ask:
        """Return what routing needs to know; explore, draw and refuse_late are handed through.

        priced: whether any tier is, so that the worst case is worth counting.
        """
        return Ask(
            input_tokens=self.talk.tokens,
            most_tokens=self.talk.most_tokens if priced else None,
            output_tokens=self.max_output_tokens,
            private=self.private,
            slo_ms=self.left_ms(now_s),
            needs_tools=bool(self.talk.tools and self.talk.tools.names),
            has_results=self.talk.results is not None,
            refuse_late=refuse_late,
            explore=explore,
            draw=draw,
        )
