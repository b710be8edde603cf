"""The lane for what can wait: groups go when they are full, when it is time, or alone in need."""

import asyncio

import pytest

from cloud_proxy.lane import Lane

LONG_S = 60.0


def order(size, window_s, patiences_s):
    """Return in which order requests went."""

    async def main():
        lane = Lane(size, window_s)
        gone = []

        async def one(number, patience_s):
            await lane.join(patience_s)
            gone.append(number)

        async with asyncio.timeout(LONG_S / 10), asyncio.TaskGroup() as tasks:
            for number, patience_s in enumerate(patiences_s):
                tasks.create_task(one(number, patience_s))
                await asyncio.sleep(0)
        return gone

    return asyncio.run(main())


CASES = {
    "a full group goes at once": (3, LONG_S, [LONG_S] * 3, 2),
    "the next group waits for its own": (2, 0.05, [LONG_S] * 5, 1),
    "a group that does not fill goes when it is time": (10, 0.05, [LONG_S] * 2, 0),
    "one that cannot wait goes first": (10, 0.1, [LONG_S, 0.0, LONG_S], 1),
}


@pytest.mark.parametrize("size, window_s, patiences_s, first", CASES.values(), ids=CASES)
def test_group(size, window_s, patiences_s, first):
    gone = order(size, window_s, patiences_s)
    assert sorted(gone) == list(range(len(patiences_s)))
    assert gone[0] == first  # the one that fills a group need not wait itself


def test_one_that_is_cancelled_does_not_fill_a_group():
    async def main():
        lane = Lane(2, LONG_S)
        first = asyncio.create_task(lane.join(LONG_S))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(lane.join(LONG_S))
        await asyncio.sleep(0.01)
        alone = not second.done()
        await asyncio.gather(second, lane.join(LONG_S))
        return alone

    assert asyncio.run(main())
