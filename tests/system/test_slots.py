"""Two slots: what a new agent on trial may do wrong, and that the board runs the old one then."""

from collections.abc import Callable

import pytest

from host.image import agent_sources, compile_agent, slot_files
from host.lab import Lab
from tests.system.test_survival import Shelf

APP = agent_sources()["app"]


def agent(slot: str, version: str = "7") -> dict[str, bytes]:
    """Return the agent in a slot, of a version that its first line on the console tells."""
    files = slot_files(slot)
    path = next(path for path in files if path.endswith("/app.mpy"))
    files[path] = compile_agent(
        "app", APP.replace('VERSION = const("', f'VERSION = const("{version}.')
    )
    return files


NEW = agent("b")
# What is wrong with the new agent: its app.py, which is found before app.mpy.
BROKEN: dict[str, bytes] = {
    "no Python": b"def run(:",
    "an import that is not there": b"import nothing_of_that_name",
    "an exception while it is loaded": b"raise ValueError('broken')",
    "no run": b"",
    "a hang while it is loaded": b"import time\nwhile True: time.sleep(1)",
    "too little memory": b"all = bytearray(1000000)",
    "a reset while it is loaded": b"import machine\nmachine.reset()",
    "an exception while it runs": b"def run(trial): raise OSError(5)",
    "a hang while it runs": b"import time\ndef run(trial):\n    while True: time.sleep(1)",
    "a reset while it runs": b"import machine\ndef run(trial): machine.reset()",
    "a deep sleep": b"import machine\ndef run(trial): machine.deepsleep(1000)",
}


@pytest.mark.parametrize("app", BROKEN.values(), ids=BROKEN)
def test_after_two_starts_the_old_agent_runs_again_when_the_new_one_has(app: bytes) -> None:
    with Shelf(NEW | {"/b/firmware/app.py": app, "/slot": b"b2"}) as shelf:
        text = shelf.run(seconds=200)
        assert shelf.board.boots == 3 and shelf.board.state == "running"
        assert shelf.board.files.read("/slot") == b"a"
        assert text.count("limpet 0.") == 1 and "safe mode" not in text
        shelf.board.reset()
        assert "limpet 0." in shelf.run(seconds=2)


def without(*names: str) -> dict[str, bytes]:
    return {path: data for path, data in NEW.items() if path.rsplit("/", 1)[1] not in names}


UNUSABLE: dict[str, dict[str, bytes]] = {
    "app.mpy of another MicroPython": NEW | {"/b/firmware/app.mpy": b"M\x03\x00\x1f"},
    "no agent.mpy": without("agent.mpy"),
    "no tools.txt": without("tools.txt"),
    "no settings.txt": without("settings.txt"),
}


@pytest.mark.parametrize("files", UNUSABLE.values(), ids=UNUSABLE)
def test_so_it_does_when_a_file_of_the_new_one_cannot_be_used(files: dict[str, bytes]) -> None:
    with Shelf(files | {"/slot": b"b2"}) as shelf:
        text = shelf.run(seconds=30)
        assert shelf.board.boots == 3 and shelf.board.files.read("/slot") == b"a"
        assert text.count("limpet 0.") == 1 and "safe mode" not in text


def test_a_trial_that_loses_its_power_twice_is_over_before_safe_mode() -> None:
    with Shelf(NEW | {"/slot": b"b2"}) as shelf:
        for _ in range(2):
            assert "limpet 7." in shelf.run(seconds=5)
            shelf.board.power_cut()
        text = shelf.run(seconds=70)
        assert "limpet 0." in text and "safe mode" not in text
        assert shelf.stored("boot") == [0, 0]


def test_an_old_agent_that_fails_too_ends_in_safe_mode() -> None:
    broken = {"/b/firmware/app.py": b"import nothing_of_that_name"}
    run = "    async def run(self):\n"
    changed = APP.replace(run, run + "        self.guard.safe or 1 // 0\n")
    old = {"/firmware/app.mpy": compile_agent("app", changed)}
    with Shelf(NEW | broken | old | {"/slot": b"b2"}) as shelf:
        text = shelf.run(seconds=60)
        assert shelf.board.boots == 2 + 3 + 1
        assert text.count("safe mode: the last 3 starts failed") == 1


def test_a_minute_confirms_a_trial_without_any_network() -> None:
    with Shelf(NEW | {"/slot": b"b2"}) as shelf:
        assert "limpet 7." in shelf.run(seconds=55)
        assert shelf.board.files.read("/slot") == b"b1"
        shelf.run(seconds=30)
        assert shelf.board.files.read("/slot") == b"b"
        for _ in range(4):
            shelf.board.power_cut()
            assert "limpet 7." in shelf.run(seconds=65)


def test_the_brokers_answer_confirms_a_trial_at_once() -> None:
    with Lab(proxy=False) as lab:
        lab.board.stop()
        for path, data in (NEW | {"/slot": b"b2"}).items():
            lab.board.files.write(path, data)
        lab.board.start()
        lab.wait_online(hello=2)
        assert lab.board.files.read("/slot") == b"b"
        lab.person.wait_until(lambda: lab.person.info["fw"][:2] == "7.", 10, "its birth message")


def test_from_b_the_board_goes_to_a_and_back_as_well() -> None:
    files = NEW | {"/slot": b"a2", "/firmware/app.py": BROKEN["an exception while it runs"]}
    with Shelf(files) as shelf:
        text = shelf.run(seconds=30)
        assert shelf.board.boots == 3 and "limpet 7." in text
        assert shelf.board.files.read("/slot") == b"b"


SELECTORS: dict[str, bytes] = {
    "empty": b"",
    "words": b"slot b please",
    "another letter": b"c2",
    "no UTF-8": b"\xff\xfe",
    "zeroes": bytes(4000),
}


@pytest.mark.parametrize("slot", SELECTORS.values(), ids=SELECTORS)
def test_slot_a_runs_when_the_selector_holds(slot: bytes) -> None:
    with Shelf(NEW | {"/slot": slot}) as shelf:
        assert "limpet 0." in shelf.run(seconds=70)
        assert shelf.board.boots == 1


def test_a_runs_when_b_is_wanted_and_gone() -> None:
    with Shelf({"/slot": b"b"}) as shelf:
        assert "limpet 0." in shelf.run(seconds=5)


CAUSES: dict[str, Callable[[Shelf], None]] = {
    "a reset": lambda shelf: shelf.board.reset(),
    "a power cut": lambda shelf: shelf.board.power_cut(),
}


@pytest.mark.parametrize("end", CAUSES.values(), ids=CAUSES)
def test_what_is_stored_is_the_same_for_both_slots_after(end: Callable[[Shelf], None]) -> None:
    with Shelf(NEW) as shelf:
        shelf.run(seconds=2)
        shelf.board.files.write("/slot", b"b2")
        end(shelf)
        assert "limpet 7." in shelf.run(seconds=65)
        assert shelf.stored("boot") == [0, 0]
