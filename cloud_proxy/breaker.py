"""A circuit breaker: after failures in a row an endpoint rests, then one request tries it."""

from dataclasses import dataclass, field

_FAILURES_TO_OPEN = 3
_FIRST_REST_S = 5.0
_LONGEST_REST_S = 60.0
_LONGEST_RETRY_AFTER_S = 600.0


@dataclass(slots=True)
class Breaker:
    """Times are seconds of one clock that never goes back."""

    failures: int = 0  # in a row
    open_until_s: float = 0.0  # not asked before then
    trying: bool = False  # after a rest: one request is on its way, others wait for how it ends
    _rest_s: float = field(default=_FIRST_REST_S)

    def began(self) -> None:
        """Note that a request is on its way."""
        if self.failures >= _FAILURES_TO_OPEN - 1 and self.open_until_s:
            self.trying = True

    def succeeded(self) -> None:
        """Note an answer: the breaker closes."""
        self.failures = 0
        self.open_until_s = 0.0
        self.trying = False
        self._rest_s = _FIRST_REST_S

    def cancelled(self) -> None:
        """Note an end that says nothing of the endpoint: the client went, or was wrong."""
        self.trying = False

    def failed(self, now_s: float) -> None:
        """Note a failure of the endpoint's own making."""
        self.trying = False
        self.failures += 1
        if self.failures >= _FAILURES_TO_OPEN:
            self.open_until_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
            self.failures = _FAILURES_TO_OPEN - 1  # one more failure after the rest opens it again

    def cool_down(self, now_s: float, retry_after_s: float) -> None:
        """Rest as long as an overloaded endpoint asks for; that is no failure of it."""
        self.trying = False
        rest_s = min(max(retry_after_s, 1.0), _LONGEST_RETRY_AFTER_S)
        self.open_until_s = max(self.open_until_s, now_s + rest_s)
