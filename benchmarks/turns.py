"""Turns of a board by the thousand: the firmware, a broker, a proxy that answers by a script."""

import time
from typing import Any

from host.lab import Lab
from host.scripted_proxy import ScriptedProxy, final

# More calls of the model and actions on a pin than any benchmark makes.
NO_LIMITS = {"calls_per_hour": 10**6, "calls_per_day": 10**6, "pin_per_minute": 10**6}
SWITCH, MEASURE = "turn on pin 2", "how much memory is free?"
SAMPLES = 15
_SETTLED_S = 0.05  # the board executes nothing more for so long


class Turns:
    """One-tool turns of a lab's board, one after the other."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._proxy = ScriptedProxy(lab)
        self._proxy.script = self._reply
        self.made = 0

    def run(self, until: int) -> None:
        """Make turns that switch a pin, until there were so many."""
        while self.made < until:
            self._ask(SWITCH)

    def heap_used(self) -> int:
        """Return the bytes that a collection leaves in use within a turn, the least of some.

        What an old word on the stack keeps alive differs from turn to turn: other turns between.
        """
        free: list[int] = []
        for _ in range(SAMPLES):
            self._ask(SWITCH)
            free.append(self._ask(MEASURE)["calls"][0]["result"]["heap_free"])
        return self._lab.board.heap.total - max(free)

    def fuel(self) -> int:
        """Return the instructions of one turn, from the sentence to the board at rest again."""
        before = self._settled()
        self._ask(SWITCH)
        return self._settled() - before

    def close(self) -> None:
        """End the proxy."""
        self._proxy.close()

    def _settled(self) -> int:
        seen = -1
        while seen != self._lab.board.fuel:
            seen = self._lab.board.fuel
            time.sleep(_SETTLED_S)
        return seen

    def _ask(self, text: str) -> dict[str, Any]:
        answer = self._lab.person.ask(text)
        if not answer["ok"]:
            raise RuntimeError(f"turn {self.made}: {answer['text']}")
        for heard in (self._lab.person.answers, self._proxy.requests):
            heard.clear()
        self.made += 1
        return answer

    def _reply(self, request: dict[str, Any]) -> list[bytes]:
        if request["msgs"][-1]["u"] == MEASURE:
            return [
                final(
                    request,
                    say="{0.heap_free} bytes are free.",
                    calls=[{"tool": "get_status", "args": {"scope": "heap"}}],
                )
            ]
        return [
            final(
                request,
                say="Pin 2 is {0.value}.",
                calls=[{"tool": "gpio_write", "args": {"pin": 2, "value": 1}}],
            )
        ]


def quick_lab(*, fuel: bool = False) -> Lab:
    """Return a lab without a proxy, whose board takes turns as fast as they come."""
    return Lab(proxy=False, settings={"limits": NO_LIMITS}, fuel=fuel)
