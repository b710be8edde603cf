"""`limpet update rollout` is killed in the middle of a wave, and goes on from what it had written."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from host.broker import Broker
from host.rollout import HALTED
from host.rollout_run import load
from tests.system.rollout_kit import FILE, NAMES, Site, ended, told

pytestmark = pytest.mark.timeout(600)
WAVE = ("--canary", "d0", "--waves", "100", "--cap", "3")
Process = subprocess.Popen[str]


@pytest.fixture
def site(broker: Broker, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(broker, tmp_path, stack)


def at_an_offer(number: int) -> Callable[[Site, Callable[[], None]], None]:
    """Have something done when so many offers have come: before what was offered is written."""

    def arm(site: Site, then: Callable[[], None]) -> None:
        for taker in site.takers.values():
            inner = taker.on_message

            def take(topic: str, payload: bytes, inner: Callable[..., None] = inner) -> None:
                if topic.endswith("/down/job") and sum(site.offers().values()) == number - 1:
                    then()
                inner(topic, payload)

            taker.on_message = take

    return arm


# when it is killed
MOMENTS = {
    "the canary has its offer": at_an_offer(1),
    "the first of a wave has its offer": at_an_offer(2),
    "the last of a wave's cap has its offer": at_an_offer(4),
    "more than a cap have had theirs": at_an_offer(5),
}


@pytest.mark.parametrize("arm", MOMENTS.values(), ids=MOMENTS)
def test_all_have_it_in_the_end_and_nobody_takes_it_twice_though_it_is_killed_when(
    site: Site, arm: Callable[[Site, Callable[[], None]], None]
) -> None:
    running: list[Process] = []
    arm(site, lambda: running[0].kill() if len(running) == 1 else None)
    running.append(site.start("desk", *WAVE))
    running[0].communicate()
    assert running[0].returncode == -9
    before = site.offers()
    running.append(site.start("desk", *WAVE))
    assert '"finished"' in ended(running[1], 0)
    # An offer that was made and not written is made again: it is retained, and the same.
    again = {name: count for name, count in site.offers().items() if count > 1}
    assert (
        set(again.values()) <= {2}
        and len(again) <= 3
        and set(again) <= {name for name, count in before.items() if count}
    )
    assert all(taker.file == FILE for taker in site.takers.values())


def test_what_was_written_is_not_offered_again_and_what_had_failed_counts_on(site: Site) -> None:
    halt = (*WAVE, "--max-failures", "2")
    for name in NAMES[1:]:
        site.takers[name].gate.clear()
        site.takers[name].ends = "failed"
    first = site.start("desk", *halt)
    told(first, done=1, fetch=3)
    early = [name for name in NAMES[1:] if site.takers[name].jobs]
    site.takers[early[0]].gate.set()
    told(first, failed=1, fetch=3)
    offered = site.offers()
    first.kill()
    first.communicate()
    second = site.start("desk", *halt)
    told(second, done=1, failed=1, fetch=3)
    assert site.offers() == offered and sum(offered.values()) == 5
    site.takers[early[1]].gate.set()
    assert "2 have failed, 2 are too many" in ended(second, 1)
    assert site.offers() == offered and load(site.folder / "desk").status == HALTED
