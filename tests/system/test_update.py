"""Updates over the air: each thing that may go wrong with one, and which agent runs then."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from firmware import wire
from host import update
from host.lab import Lab
from tests.system.test_survival import FILL, main_py, sealed
from tests.system.update_kit import KEY, OTHER_KEY, Server, agent, await_version, version

SETTINGS = {"update_key": KEY.public_hex}


@pytest.fixture
def server() -> Iterator[Server]:
    with Lab(proxy=False, settings=SETTINGS) as lab, Server(lab) as server:
        yield server


def test_a_signed_release_runs_and_so_does_the_next_one(server: Server) -> None:
    first = server.offer(update.build("7", 1, files=agent("7")))
    server.state(first, "fetch")
    server.state(first, "trial")
    server.state(first, "done")
    await_version(server, "7")
    files = server.lab.board.files
    assert files.read("/slot") == b"b"
    # What was the same was not sent: app.mpy alone.
    assert {asked["f"] for asked in server.asked} == {"app.mpy"}
    second = server.offer(update.build("8", 2, files=agent("8")))
    server.state(second, "done")
    await_version(server, "8")
    assert files.read("/slot") == b"a" and server.lab.board.boots == 3


def changed(release: update.Release, old: bytes, new: bytes) -> bytes:
    """Return the payload of a release whose job was changed after it was signed."""
    return update.signed(release.body, KEY).replace(old, new)


def resigned(release: update.Release, old: bytes, new: bytes) -> bytes:
    """Return the payload of a release with another job, which the operator signed."""
    return update.signed(release.body.replace(old, new), KEY)


NEW = update.build("7", 7, files=agent())
SIGNED = update.signed(NEW.body, KEY)
# what is retained on down/job, and why it is refused
REFUSED: dict[str, tuple[bytes, str]] = {
    "signed with another key": (update.signed(NEW.body, OTHER_KEY), "the signature is wrong"),
    "changed after it was signed": (changed(NEW, b'"n":7', b'"n":8'), "the signature is wrong"),
    "with a bit of its signature turned": (
        (b"1" if SIGNED[:1] == b"0" else b"0") + SIGNED[1:],
        "the signature is wrong",
    ),
    "with a signature of zeroes": (b"0" * 512 + NEW.body, "the signature is wrong"),
    "with a signature of ones": (b"0" * 511 + b"1" + NEW.body, "the signature is wrong"),
    "with a signature that is no number": (b"z" * 512 + NEW.body, "invalid"),
    "not newer than what was there": (resigned(NEW, b'"n":7', b'"n":0'), "it is older"),
    "for another board": (
        update.signed(update.build("7", 7, ("lilygo-t-relay",), agent()).body, KEY),
        "it is for another board",
    ),
    "for another MicroPython": (
        resigned(NEW, b'"mpy":"4d06"', b'"mpy":"4d07"'),
        "it is for another MicroPython",
    ),
    "of a file that lies elsewhere": (
        resigned(NEW, b'"agent.mpy"', b'"../main.py"'),
        "../main.py is not what was signed",
    ),
}


def test_a_job_is_refused_that_is(server: Server) -> None:
    server.releases.append(NEW)
    for name, (payload, why) in REFUSED.items():
        server.states.clear()
        body = payload[512:].replace(b'"id":"7-7"', b'"id":"%s"' % name.replace(" ", "_").encode())
        again = why != "the signature is wrong" and why != "invalid"
        server.send(update.signed(body, KEY) if again else payload[:512] + body, wire.JOB, True)
        said = server.state(name.replace(" ", "_"), "failed")
        assert why in said["why"], name
    assert server.lab.board.boots == 1 and not server.lab.board.files.exists("/slot")
    assert not server.lab.board.files.exists("/b/firmware/app.mpy")


def test_a_job_without_a_name_is_not_taken_for_one_that_was_done(server: Server) -> None:
    server.send(b"0" * 512 + NEW.body.replace(b'"id":"7-7"', b'"id":""'), wire.JOB, True)
    assert "signature" in server.state("", "failed")["why"]


def test_without_a_key_no_job_is_taken() -> None:
    with Lab(proxy=False) as lab, Server(lab) as server:
        assert "signature" in server.state(server.offer(NEW), "failed")["why"]


def test_no_older_release_comes_back_once_a_newer_one_runs(server: Server) -> None:
    server.state(server.offer(NEW), "done")
    for n in (7, 6):
        old = server.offer(update.build("6", n, files=agent("6")))
        assert "older" in server.state(old, "failed")["why"]
    await_version(server, "7")


def test_a_full_flash_takes_no_update_and_goes_on(server: Server) -> None:
    server.lab.board.stop()
    server.lab.board.files.write("/main.py", main_py(FILL)["/main.py"])
    server.lab.board.start()
    server.lab.wait_online(hello=2)
    said = server.state(server.offer(NEW), "failed")
    assert "room" in said["why"] and server.lab.person.ask("/status")["ok"]


def test_a_payload_that_is_no_job_is_told_and_forgotten(server: Server) -> None:
    for payload in (b"{}", SIGNED[:600], b"\xff" * 700, b""):
        server.send(payload, wire.JOB)
    server.state(server.offer(NEW), "done")
    events = [event for event in server.lab.person.events if event["e"] == "refused"]
    assert [event["name"] for event in events] == ["down/job"] * 3


SENT = ("app.mpy", "extra.bin")
BIG = update.build("7", 7, files=agent() | {"extra.bin": bytes(range(250)) * 20})


def once(number: int, what: Callable[[bytes], list[bytes]]) -> Callable[[bytes], list[bytes]]:
    """Return a filter that does something to one block, the number-th."""
    count = itertools.count()
    return lambda block: what(block) if next(count) == number else [block]


def reordered() -> Callable[[bytes], list[bytes]]:
    """Return a filter that sends each block again, before the next one."""
    before = [b""]

    def both(block: bytes) -> list[bytes]:
        before.append(block)
        return [before[-2], block, before[-2]]

    return both


# What a network, or whoever owns the broker, does to blocks; the update is done all the same.
MENDED: dict[str, Callable[[], Callable[[bytes], list[bytes]]]] = {
    "is lost": lambda: once(1, lambda _: []),
    "comes twice": lambda: lambda block: [block, block],
    "comes again after the next one": reordered,
    "has a bit turned": lambda: once(2, lambda b: [b[:-1] + bytes([b[-1] ^ 4])]),
    "is cut short, then comes whole": lambda: once(1, lambda b: [b[:-7], b]),
    "is too long, then comes whole": lambda: once(1, lambda b: [b + b"7", b]),
    "comes among blocks of another job": lambda: lambda b: [b"6" + b[1:], b"garbage\n", b"", b],
}


@pytest.mark.parametrize("faulty", MENDED.values(), ids=MENDED)
def test_an_update_is_done_though_a_block(
    server: Server, faulty: Callable[[], Callable[[bytes], list[bytes]]]
) -> None:
    server.filter = faulty()
    server.state(server.offer(BIG), "done")
    await_version(server, "7")
    # Each block is asked for until it is there, and no file twice unless what came was wrong.
    asked = [place for place, _ in itertools.groupby((a["f"], a["o"]) for a in server.asked)]
    blocks = sum(-(-len(BIG.files[name]) // 1024) for name in SENT)
    assert (len(asked) > blocks) == (faulty is MENDED["has a bit turned"])
    assert server.lab.board.files.read("/b/firmware/extra.bin") == BIG.files["extra.bin"]


def test_blocks_that_stay_wrong_end_the_update_and_nothing_else(server: Server) -> None:
    server.filter = lambda b: [b[:-1] + bytes([b[-1] ^ 4])]
    said = server.state(server.offer(BIG), "failed")
    assert "extra.bin is not what was signed" in said["why"]
    assert version(server) == "0" and server.lab.board.boots == 1
    assert len(server.asked) == 2 * 5


def test_a_bit_that_turns_in_the_flash_costs_one_file(server: Server) -> None:
    """What was fetched is read again before it runs, also after a restart."""

    def turn(block: bytes) -> list[bytes]:
        flash = server.lab.board.flash
        block_number, offset = divmod(flash.image().index(BIG.files["extra.bin"][:1000]), 4096)
        server.lab.board.volume.flip(block_number, 8 * offset + 5)
        server.lab.board.power_cut()
        return [block]

    server.filter = once(7, turn)  # extra.bin is whole, app.mpy is under way
    job = server.offer(BIG)
    server.wait(lambda: server.lab.board.state == "off", "the power is still there")
    assert server.lab.board.files.read("/b/firmware/extra.bin") != BIG.files["extra.bin"]
    server.lab.board.start()
    server.state(job, "done")
    await_version(server, "7")
    assert server.lab.board.files.read("/b/firmware/extra.bin") == BIG.files["extra.bin"]
    assert sum(asked["f"] == "extra.bin" for asked in server.asked) == 2 * 5


def test_a_broker_that_is_lost_while_blocks_come_costs_time_only(server: Server) -> None:
    stopped = threading.Event()

    def stop(_: bytes) -> list[bytes]:
        server.lab.broker.stop()
        stopped.set()
        return []

    server.filter = once(2, stop)
    job = server.offer(BIG)
    assert stopped.wait(60)
    server.lab.end_outage()
    server.state(job, "done")
    await_version(server, "7")


def test_power_that_is_lost_while_blocks_come_costs_one_file(server: Server) -> None:
    server.filter = once(7, lambda _: server.lab.board.power_cut() or [])
    job = server.offer(BIG)
    server.wait(lambda: server.lab.board.state == "off", "the power is still there")
    server.lab.board.start()
    server.state(job, "done")
    await_version(server, "7")
    # extra.bin was whole before, and is not asked for again.
    assert sum(asked["f"] == "extra.bin" for asked in server.asked) == 5


def test_a_server_that_is_silent_is_asked_again_until_the_job_is_replaced(server: Server) -> None:
    server.silent = True
    first = server.offer(BIG)
    server.wait(lambda: len(server.asked) >= 2, "asked again")
    server.silent = False
    second = server.offer(update.build("8", 8, files=agent("8")))
    server.state(second, "done")
    await_version(server, "8")
    assert not [s for s in server.states if s["id"] == first and s["state"] != "fetch"]


def test_a_job_that_is_taken_back_ends_where_it_is(server: Server) -> None:
    server.silent = True
    server.offer(BIG)
    server.wait(lambda: len(server.asked) >= 1, "asked")
    server.send(b"", wire.JOB, retain=True)
    assert server.lab.person.ask("/status")["ok"]
    asked = len(server.asked)
    server.lab.world.run(minutes=20)
    assert len(server.asked) == asked and server.lab.board.boots == 1


def test_garbage_in_the_selector_finds_an_agent_that_is_whole(server: Server) -> None:
    server.state(server.offer(update.build("7", 7, files=agent("7"))), "done")
    # Slot a is half written now.
    server.filter = once(6, lambda _: server.lab.board.power_cut() or [])
    server.offer(update.build("8", 8, files=agent("8") | {"extra.bin": bytes(9000)}))
    server.wait(lambda: server.lab.board.state == "off", "the power is still there")
    for garbage in (b"", b"zz", b"\xff\xfe", bytes(4000)):
        server.lab.board.files.write("/slot", garbage)
        hello = server.lab.hellos() + 1
        server.silent = True
        server.lab.board.start()
        server.lab.wait_online(hello=hello)
        await_version(server, "7")
        server.lab.board.stop()


FLOOD = 1000
BEAT: dict[str, Any] = {"when": {"every_s": 1}, "on": True}
TOGGLE = {"tool": "gpio_toggle", "args": {"pin": 4}}


def test_a_thousand_jobs_in_a_row_stop_no_rule_and_no_update(server: Server) -> None:
    lab = server.lab
    lab.board.stop()
    lab.board.files.write("/data/rules", sealed({"beat": BEAT | {"do": [TOGGLE]}}))
    lab.board.start()
    lab.wait_online(hello=2)
    for number in range(FLOOD):
        body = NEW.body.replace(b'"id":"7-7"', b'"id":"%d"' % number)
        server.send(SIGNED[:512] + body, wire.JOB)
    seen = len(lab.board.pin(4).history)
    lab.world.wait_for(lambda: len(lab.board.pin(4).history) >= seen + 3, 60, "the rule goes on")
    server.state(server.offer(NEW), "done")
    assert lab.board.boots == 3 and len([s for s in server.states if s["state"] == "failed"]) < 50
