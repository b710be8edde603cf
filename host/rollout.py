"""A rollout: an update offered to a few boards, then to more, and halted when it does harm.

Pure: what was heard and what time it is goes in, whom to offer it to comes out. Times are Unix
seconds; a rollout is a dict of JSON between two steps, so that it outlives the operator's machine.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

WAITING, OFFERED, FETCH, TRIAL, DONE, FAILED = (
    "waiting",
    "offered",
    "fetch",
    "trial",
    "done",
    "failed",
)
_UNDER_WAY = (OFFERED, FETCH, TRIAL)
RUNNING, PAUSED, HALTED, ABORTED, FINISHED = "running", "paused", "halted", "aborted", "finished"


@dataclass(frozen=True)
class Plan:
    """How fast, and how much harm is too much.

    waves: percent of all devices, each with those before; the first is preceded by one device, the
    canary. soak_s: between a wave's last result and the next wave. cap: devices under way at once.
    max_failures: as many failures halt it, whatever the share. max_failed_pct: a larger share of
    those that have ended halts it, once min_ended have. silence_s: a device that says nothing for
    so long has failed, or, if it had not begun, waits again.
    """

    waves: tuple[float, ...] = (1, 5, 25, 100)
    soak_s: float = 600
    cap: int = 50
    max_failures: int = 5
    max_failed_pct: float = 2
    min_ended: int = 100
    silence_s: float = 1800

    def __post_init__(self) -> None:
        """Raise ValueError for a plan that cannot be followed."""
        if not self.waves or list(self.waves) != sorted(set(self.waves)) or self.waves[-1] != 100:
            raise ValueError("waves must rise, and end with 100")
        if self.waves[0] <= 0 or self.cap < 1 or self.max_failures < 1 or self.min_ended < 1:
            raise ValueError("waves, cap, failures and ended devices begin at 1")
        if self.soak_s < 0 or self.silence_s <= 0 or not 0 <= self.max_failed_pct <= 100:
            raise ValueError("times cannot be negative, a share is 0 to 100 percent")

    @property
    def most_harm(self) -> int:
        """Return how many devices can fail before and after it halts: no more are under way."""
        return self.max_failures - 1 + self.cap


@dataclass
class Progress:
    """One device. since: when it came into its state, or last said anything."""

    state: str = WAITING
    since: float = 0
    why: str = ""


class Action(NamedTuple):
    """What is to be done: "offer" the job to a device, or "retract" it."""

    what: str
    device: str


@dataclass
class Rollout:
    """The state of one. id: the job's. order: in which devices get it, the canary first.

    term: how often an operator has claimed it, see host/rollout_claim.py.
    """

    id: str
    plan: Plan
    order: list[str]
    progress: dict[str, Progress] = field(default_factory=dict[str, Progress])
    status: str = RUNNING
    why: str = ""
    wave: int = 0  # 0: the canary, then one more than the index in plan.waves
    calm_since: float = 0  # when the wave's last device ended, 0 while it has not
    term: int = 0

    def __post_init__(self) -> None:
        """Give each device its progress."""
        for name in self.order:
            self.progress.setdefault(name, Progress())

    @property
    def counts(self) -> Counter[str]:
        """Return how many devices are in each state."""
        return Counter(device.state for device in self.progress.values())

    @property
    def target(self) -> int:
        """Return how many devices may have it by the end of this wave."""
        if self.wave == 0:
            return 1
        return max(1, math.ceil(len(self.order) * self.plan.waves[self.wave - 1] / 100))

    def heard(self, name: str, state: str, why: str, now_s: float) -> None:
        """Take a device's word on this job: fetch, trial, done or failed."""
        device = self.progress.get(name)
        if (
            device
            and device.state in (*_UNDER_WAY, WAITING)
            and state in (*_UNDER_WAY, DONE, FAILED)
        ):
            device.state, device.why, device.since = state, why, now_s

    def step(self, online: Callable[[str], bool], now_s: float) -> list[Action]:
        """Return what is to be done now. Call it after each word, and every second or so."""
        actions = self._give_up(now_s)
        if self.status == RUNNING:
            self._judge()
        if self.status in (HALTED, ABORTED):
            return actions + self._retract()
        if self.status != RUNNING:
            return actions
        while True:
            offers = self._offer(online, now_s)
            actions += offers
            if not self._is_over(online):
                self.calm_since = 0
                return actions
            self.calm_since = self.calm_since or now_s
            if self.wave == len(self.plan.waves):
                self.status = FINISHED
                return actions
            if now_s < self.calm_since + self.plan.soak_s:
                return actions
            self.wave += 1
            self.calm_since = 0

    def abort(self, why: str) -> None:
        """Offer it to nobody any more; a step retracts it from those who have not fetched it."""
        if self.status not in (FINISHED, ABORTED):
            self.status, self.why = ABORTED, why

    def pause(self) -> None:
        """Offer it to nobody until `resume`; those under way go on."""
        if self.status == RUNNING:
            self.status, self.why = PAUSED, "by the operator"

    def resume(self) -> None:
        """Go on; also after a halt, whose failures are then forgiven: as many more halt it again.

        A finished one goes on with those that were offline.
        """
        if self.status in (HALTED, ABORTED):
            for device in self.progress.values():
                if device.state == FAILED:
                    device.why = f"forgiven: {device.why}"
        self.status, self.why = RUNNING, ""

    def adopt(self, failed: dict[str, str], wave: int, status: str, why: str) -> None:
        """Count in what another operator has seen of it: who failed, and how far it came."""
        for name, its_why in failed.items():
            if name not in self.progress:
                self.order.append(name)
            device = self.progress.setdefault(name, Progress())
            if device.state not in (DONE, FAILED):
                device.state, device.why = FAILED, its_why
        self.wave = max(self.wave, min(wave, len(self.plan.waves)))
        if self.status == RUNNING and status in (HALTED, ABORTED):
            self.status, self.why = status, why

    def _failures(self) -> int:
        return sum(
            d.state == FAILED and not d.why.startswith("forgiven") for d in self.progress.values()
        )

    def _judge(self) -> None:
        failed = self._failures()
        ended = failed + self.counts[DONE]
        plan = self.plan
        if self.wave == 0 and failed:
            self.status, self.why = HALTED, "the canary has failed"
        elif failed >= plan.max_failures:
            self.status = HALTED
            self.why = f"{failed} have failed, {plan.max_failures} are too many"
        elif ended >= plan.min_ended and failed > ended * plan.max_failed_pct / 100:
            self.status = HALTED
            self.why = f"{failed} of {ended} have failed, more than {plan.max_failed_pct:g} %"

    def _give_up(self, now_s: float) -> list[Action]:
        actions: list[Action] = []
        for name, device in self.progress.items():
            if device.state in _UNDER_WAY and now_s > device.since + self.plan.silence_s:
                if device.state == OFFERED:  # it has not begun: no harm is done
                    actions.append(Action("retract", name))
                    device.state, device.why = WAITING, "it did not begin"
                else:
                    device.why = f"nothing heard after {device.state}"
                    device.state = FAILED
                device.since = now_s
        return actions

    def _retract(self) -> list[Action]:
        early = (OFFERED, FETCH)  # who has fetched it all switches by itself
        actions = [Action("retract", n) for n, d in self.progress.items() if d.state in early]
        for action in actions:
            self.progress[action.device].state = WAITING
        return actions

    def _offer(self, online: Callable[[str], bool], now_s: float) -> list[Action]:
        counts = self.counts
        under_way = sum(counts[state] for state in _UNDER_WAY)
        room = min(self.target - (len(self.order) - counts[WAITING]), self.plan.cap - under_way)
        if room <= 0:
            return []
        actions: list[Action] = []
        for name in self._waiting():
            if len(actions) == room:
                break
            if online(name):
                self.progress[name].state, self.progress[name].since = OFFERED, now_s
                actions.append(Action("offer", name))
        return actions

    def _is_over(self, online: Callable[[str], bool]) -> bool:
        """Whether all devices of this wave have ended, or are offline."""
        counts = self.counts
        if any(counts[state] for state in _UNDER_WAY):
            return False
        taken = len(self.order) - counts[WAITING]
        return taken >= self.target or (
            self.wave > 0 and not any(online(name) for name in self._waiting())
        )

    def _waiting(self) -> Iterable[str]:
        return (name for name in self.order if self.progress[name].state == WAITING)


def to_json(rollout: Rollout) -> dict[str, Any]:
    """Return a rollout as JSON has it."""
    return asdict(rollout)


def from_json(data: dict[str, Any]) -> Rollout:
    """Return what `to_json` made. Raises ValueError, KeyError or TypeError for what it did not."""
    values: dict[str, Any] = {**data["plan"], "waves": tuple(data["plan"]["waves"])}
    plan = Plan(**values)
    progress = {name: Progress(**device) for name, device in data["progress"].items()}
    fields: dict[str, Any] = {**data, "plan": plan, "progress": progress}
    return Rollout(**fields)
