"""A request and its hedge: one of them is heard, the other one ends, nothing is left running."""

import asyncio

import pytest

from cloud_proxy.race import Allowance, Race

NEVER = 60.0


def contender(moves, name, good=True):
    """Return an attempt that waits for its event, claims, and notes how it ended."""

    async def run(claim):
        try:
            moves.began.append(name)
            if len(moves.began) == 2:
                moves.both.set()
            await moves.start[name].wait()
            moves.heard[name] = claim()
            await moves.finish[name].wait()
        except asyncio.CancelledError:
            moves.ended[name] = "cancelled"
            raise
        moves.ended[name] = "done"
        return (name, good)

    return run


class Moves:
    def __init__(self):
        self.start = {name: asyncio.Event() for name in ("first", "second")}
        self.finish = {name: asyncio.Event() for name in ("first", "second")}
        self.both = asyncio.Event()
        self.began, self.heard, self.ended = [], {}, {}


async def raced(moves, script, after_s=0.0, may=True, first_good=True, second_good=True):
    race = Race(lambda result: result[1])
    running = asyncio.ensure_future(
        race.run(
            contender(moves, "first", first_good),
            contender(moves, "second", second_good),
            after_s,
            lambda: may,
        )
    )
    for event in script:
        await asyncio.sleep(0.01)
        event.set()
    return await running


def play(make_script, **how):
    async def main():
        moves = Moves()
        result = await raced(moves, make_script(moves), **how)
        return moves, result

    return asyncio.run(main())


def test_a_first_attempt_that_is_quick_stays_alone():
    moves, (result, helped) = play(lambda m: [m.start["first"], m.finish["first"]], after_s=NEVER)
    assert (result[0], helped, moves.began) == ("first", False, ["first"])


def test_the_second_one_that_speaks_first_is_heard_and_the_first_is_cancelled():
    moves, (result, helped) = play(lambda m: [m.start["second"], m.finish["second"]])
    assert (result[0], helped) == ("second", True)
    assert moves.ended == {"first": "cancelled", "second": "done"}


def test_the_first_one_that_speaks_after_all_is_heard_and_the_second_is_cancelled():
    moves, (result, helped) = play(lambda m: [m.start["first"], m.finish["first"]])
    assert (result[0], helped) == ("first", True)
    assert moves.ended == {"first": "done", "second": "cancelled"}


def test_when_both_speak_one_is_heard():
    moves, (result, _) = play(lambda m: [m.start["first"], m.start["second"], m.finish["first"]])
    assert moves.heard["first"] and not moves.heard.get("second")
    assert result[0] == "first"


def test_without_an_allowance_nobody_helps():
    moves, (result, helped) = play(lambda m: [m.start["first"], m.finish["first"]], may=False)
    assert (result[0], helped, moves.began) == ("first", False, ["first"])


def test_when_the_first_one_fails_the_second_ones_answer_counts():
    def script(m):
        m.start["first"] = m.finish["first"]  # it fails without a word
        return [m.finish["first"], m.start["second"], m.finish["second"]]

    async def main():
        moves = Moves()
        events = script(moves)
        race = Race(lambda result: result[1])

        async def silent(claim):
            await moves.finish["first"].wait()
            return ("first", False)

        running = asyncio.ensure_future(
            race.run(silent, contender(moves, "second"), 0.0, lambda: True)
        )
        for event in events:
            await asyncio.sleep(0.01)
            event.set()
        return await running

    assert asyncio.run(main()) == (("second", True), True)


def test_when_the_request_is_cancelled_both_end():
    async def main():
        moves = Moves()
        race = Race(lambda result: result[1])
        running = asyncio.ensure_future(
            race.run(contender(moves, "first"), contender(moves, "second"), 0.0, lambda: True)
        )
        await moves.both.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return moves.ended

    assert asyncio.run(main()) == {"first": "cancelled", "second": "cancelled"}


@pytest.mark.parametrize("share, most", [(0.05, 50), (0.0, 0), (1.0, 1000)])
def test_no_more_than_the_allowed_share_is_hedged(share, most):
    allowance = Allowance(share)
    taken = 0
    for _ in range(1000):
        allowance.request()
        taken += allowance.take()
    assert most - 1 <= taken <= most
