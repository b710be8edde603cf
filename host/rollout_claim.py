"""The claim on a rollout: of all operators who could run it, whatever their machine, one does.

A claim is retained on limpet/v1/g/<job>/rollout, where operators alone may write, and said again
while its rollout runs. The order in which the broker delivers decides between two, so nobody's
clock matters; whoever has lost the connection looks who has the claim before he goes on.
"""

import getpass
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from firmware import wire
from host.errors import UserError
from host.operator import Operator, Silence
from host.rollout import FAILED, Rollout

ASKS, HOLDS, LEFT = "asks", "holds", "left"
SILENT_S = 30.0  # who has not been heard for so long is gone
_LEASE = 0.5  # of that: who has not heard himself for so long asks before he acts
_BEAT = 0.2  # of that, between two words of who holds it
_MOST_NAMES = 200  # of devices in one message: the broker takes 64 KB
_MOST_WHY = 80
# It goes on while a laptop sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Claim:
    """One message. n: the turn, larger than each before. by: of one process. what: see above.

    place: of the lock that this process holds; whoever holds it now knows that this one is over.
    status, why, wave: of the rollout. failed: device -> why, for who goes on without its state.
    """

    n: int
    by: str
    who: str
    what: str
    place: str
    status: str
    why: str
    wave: int
    failed: dict[str, str]

    def goes_before(self, other: "Claim | None") -> bool:
        """Whether this one holds it once it is delivered after another."""
        if other is None or self.by == other.by:
            return True
        if self.n != other.n:
            return self.n > other.n
        # Two asked at once, and the first one got it. Two who hold it are made by a broker that
        # forgot one of them: one gives way, on both sides the same.
        return self.what == HOLDS and (other.what != HOLDS or self.by < other.by)


class Holder:
    """This process, as one that may hold the claim on the rollout of a job.

    lock: the file that keeps others of this machine away. silent_s: the same for all operators.
    told: what takes its time. Pass it all that is heard.
    """

    def __init__(
        self,
        job_id: str,
        lock: Path,
        silent_s: float = SILENT_S,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.topic = f"{wire.GROUP}{quote(job_id, safe='')}/rollout"
        self._silent_s, self._told = silent_s, told
        self._lock, self._place = lock, ""
        self._by = secrets.token_hex(8)
        self._host = socket.gethostname()
        self._who = f"{getpass.getuser()}@{self._host}"
        self._changed = threading.Condition()
        self._top: Claim | None = None  # who holds it, as far as the connection has told
        self._words = 0
        self._session = 0  # the connection that told it
        self._checked = 0  # the one in which it was looked who holds it
        self._said_s = self._heard_s = 0.0  # our own last word: sent, and back
        self._must_say = False
        self._known = ("", 0, 0)  # of the rollout, as last said
        self._rollout: Rollout | None = None
        self._operator: Operator | None = None

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message from the operator's connection, in its thread."""
        if topic != self.topic:
            return
        claim = _read(payload)
        if payload and claim is None:
            return
        with self._changed:
            session = self._connection.sessions
            if session != self._session:  # what is kept now is what counts
                self._session, self._top = session, None
            if claim is None or claim.goes_before(self._top):
                self._top = claim
            self._words += 1
            if claim and claim.by == self._by:
                self._heard_s = _now_s()
            else:
                self._must_say = True  # it stands in the place of ours
            self._changed.notify_all()

    @contextmanager
    def taken(
        self, operator: Operator, rollout: Rollout, take_over: bool = False
    ) -> Generator[None]:
        """Have the claim for a rollout, whose term becomes the claim's turn; in the end leave it.

        What another operator's claim tells of the rollout is counted in. take_over: to go on with
        that of another one is wished. Raises UserError if another has it, or may have.
        """
        self._operator, self._rollout = operator, rollout
        at = self._lock.stat()
        self._place = f"{self._host} {at.st_dev}:{at.st_ino}"
        operator.subscribe([self.topic])
        before = self._holder()
        if before and before.place != self._place:
            if before.what != LEFT:
                self._wait_for_silence(before)
                before = self._holder() or before
            if before.n != rollout.term and not take_over:
                raise UserError(
                    f"{before.who} has begun this rollout",
                    f"{_how_far(before)}, and nobody runs it now",
                    "go on there, or here with --take-over",
                )
            rollout.adopt(before.failed, before.wave, before.status, before.why)
        rollout.term = max(rollout.term, before.n if before else 0) + 1
        if self._say(ASKS, wait=True) == "forbidden":
            raise self._forbidden()
        self._checked = self._settled()
        holder = self._holder()
        if holder is None:
            raise self._forbidden()
        if holder.by != self._by:
            raise _taken(holder)
        self._say(HOLDS)
        try:
            yield
        finally:
            with suppress(UserError):  # a broker that is away is told nothing
                if self._is_ours() and operator.connected:
                    self._say(LEFT, wait=True)

    def keep(self) -> bool:
        """Hold on to it: call this before each step. False: the broker is away, so do nothing.

        Raises UserError if another has it now.
        """
        operator = self._connection
        if not operator.connected:
            return False
        if (
            operator.sessions != self._checked
            or _now_s() > self._heard_s + _LEASE * self._silent_s
        ):
            with suppress(Silence):
                return self._look()
            return False
        if not self._is_ours():
            raise _lost(self._holder())
        if self._must_say or _now_s() > self._said_s + _BEAT * self._silent_s:
            self._say(HOLDS)
        return True

    def changed(self) -> None:
        """Say it again, at the next step, if who goes on with the rollout would miss something."""
        if self._rollout and self._known != _known(self._rollout):
            self._must_say = True

    def _look(self) -> bool:
        """Look who has it, and say that it is still ours. False: the connection ended again."""
        is_new = self._connection.sessions != self._checked
        session = self._settled()
        holder = self._holder()
        if holder and holder.by != self._by and holder.n >= self._term:
            raise _lost(holder)
        if holder is None and not is_new:
            raise _lost(None)
        self._say(HOLDS)
        if self._settled() != session:
            return False
        if not self._is_ours():
            raise _lost(self._holder())
        self._checked = session
        return True

    def _is_ours(self) -> bool:
        holder = self._holder()
        return holder is not None and holder.by == self._by

    @property
    def _connection(self) -> Operator:
        assert self._operator is not None, "take the claim first"
        return self._operator

    @property
    def _term(self) -> int:
        return self._rollout.term if self._rollout else 0

    def _holder(self) -> Claim | None:
        """Return the claim that holds, as far as this connection has told."""
        with self._changed:
            return self._top if self._session == self._connection.sessions else None

    def _settled(self) -> int:
        """Return the connection's number once all has come that the broker had for it."""
        while True:
            session = self._connection.sessions
            self._connection.settle()
            if session == self._connection.sessions:
                return session

    def _wait_for_silence(self, before: Claim) -> None:
        """Return when nothing was said for a while. Raises UserError if something was."""
        self._told(
            f"{before.who} had this rollout; {self._silent_s:.0f} s will show if he is gone"
        )
        with self._changed:
            words = self._words
            if not self._changed.wait_for(lambda: self._words != words, self._silent_s):
                return
            now = self._top
        if now and now.what != LEFT:
            raise _taken(now)

    def _say(self, what: str, wait: bool = False) -> str:
        """Publish our claim. Not waited for, it goes to this connection or to none."""
        assert self._rollout is not None
        rollout = self._rollout
        failed = [(n, d.why[:_MOST_WHY]) for n, d in rollout.progress.items() if d.state == FAILED]
        claim = Claim(
            *(rollout.term, self._by, self._who, what, self._place),
            *(rollout.status, rollout.why, rollout.wave, dict(failed[-_MOST_NAMES:])),
        )
        payload = json.dumps(asdict(claim)).encode()
        self._must_say, self._said_s, self._known = False, _now_s(), _known(rollout)
        if wait:
            return self._connection.publish(self.topic, payload, retain=True)
        self._connection.say(self.topic, payload)
        return ""

    def _forbidden(self) -> UserError:
        return UserError(
            f"the broker does not let this user claim {self.topic}",
            "without a claim two operators could run the same rollout",
            f"let operators alone write to {wire.GROUP}+/rollout: limpet broker setup does",
        )


def _known(rollout: Rollout) -> tuple[str, int, int]:
    return rollout.status, rollout.wave, rollout.counts[FAILED]


def _now_s() -> float:
    return time.clock_gettime(_CLOCK)


def _read(payload: bytes) -> Claim | None:
    """Return a claim, None for what is none."""
    try:
        data: Any = json.loads(payload)
        claim = Claim(**{field.name: data[field.name] for field in fields(Claim)})
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    kinds = {"n": int, "wave": int, "failed": dict}
    if all(isinstance(value, kinds.get(name, str)) for name, value in asdict(claim).items()):
        return claim
    return None


def _how_far(claim: Claim) -> str:
    where = f"wave {claim.wave}" if claim.wave else "the canary"
    why = f" ({claim.why})" if claim.why else ""
    return f"it is {claim.status}{why} at {where}, {len(claim.failed)} have failed"


def _taken(claim: Claim) -> UserError:
    return UserError(
        f"{claim.who} runs this rollout",
        f"{_how_far(claim)}, and its operator is there",
        "end it there first: Ctrl-C, or limpet update rollout pause",
    )


def _lost(claim: Claim | None) -> UserError:
    return UserError(
        "this rollout is no longer ours",
        f"{claim.who} has taken it over" if claim else "its claim was taken from the broker",
        "limpet update rollout start --take-over takes it back, once nobody runs it",
    )
