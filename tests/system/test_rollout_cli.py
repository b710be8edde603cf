"""`limpet update rollout` as an operator runs it, against boards that run the real firmware."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host import update
from host.image import board_files
from host.lab import Lab
from tests.system.fleet_kit import LIMIT_S
from tests.system.fleet_run_kit import LIMPET, environment
from tests.system.update_kit import KEY, agent

pytestmark = pytest.mark.timeout(600)  # a trial that fails starts four times
NAMES = ("attic", "cellar", "kitchen")
QUICK = ("--waves", "50,100", "--soak", "0", "--min-ended", "100")


class Site:
    """Three boards, a broker, a folder with releases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = {"update_key": KEY.public_hex}
        self.lab = Lab(device="kitchen", proxy=False, settings=own)
        self.env = environment(self.lab.broker, folder)
        self.boards = {"kitchen": self.lab.board}
        for name in NAMES[:2]:
            broker = {"host": self.lab.broker.host, "port": self.lab.broker.port}
            wifi = {"ssid": "limpet-lab", "password": "tidepool"}
            settings = {"device": name, "broker": broker, "wifi": wifi, **own}
            files = board_files(self.lab.spec, settings)
            self.boards[name] = self.lab.world.board("esp32-devkit", name=name, files=files)
            self.boards[name].start()
        for name, board in self.boards.items():
            self.lab.world.wait_for(
                lambda board=board: "online as " in board.serial.text, LIMIT_S, f"{name}'s hello"
            )

    def release(self, name: str, number: int, **changed: str) -> str:
        """Write a signed release into a folder of this name and return the folder's path."""
        folder = self.folder / name
        made = update.build(name, number, files=agent(name, **changed))
        update.write(made, folder)
        (folder / "job.signed").write_bytes(update.signed(made.body, KEY))
        return str(folder)

    def limpet(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [*LIMPET[:-1], *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            env=self.env,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def versions(self) -> dict[str, str]:
        rows: list[dict[str, Any]] = json.loads(
            self.limpet("fleet", "ls", "--json").splitlines()[0]
        )
        return {row["device"]: row["fw"].split(".")[0] for row in rows}

    def await_versions(self, wanted: dict[str, str]) -> None:
        for _ in range(60):
            if self.versions() == wanted:
                return
        raise AssertionError(self.versions())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.lab.close()


def test_a_release_reaches_all_boards_the_canary_first(site: Site) -> None:
    folder = site.release("7", 7)
    start = ("update", "rollout", "start", folder, "--all", "--canary", "cellar", *QUICK)
    said = site.limpet(*start, "--dry-run")
    assert said.splitlines()[0] == "cellar" and "3 boards, nothing offered" in said
    assert "finished" in site.limpet(*start)
    site.await_versions(dict.fromkeys(NAMES, "7"))
    status = json.loads(site.limpet("update", "rollout", "status", folder, "--json"))
    assert status["order"][0] == "cellar" and status["counts"] == {"done": 3}
    assert not status["is_running"]


def test_a_release_that_cannot_start_halts_at_the_canary_which_runs_the_old_one_again(
    site: Site,
) -> None:
    before = site.versions()
    folder = site.release("8", 8, console="raise ImportError('x')\n", rules="import nothing\n")
    start = ("update", "rollout", "start", folder, "--all", "--canary", "attic", *QUICK)
    said = site.limpet(*start, code=1)
    assert "halted: the canary has failed" in said
    assert "attic" in site.limpet("update", "rollout", "status", folder)
    assert "--forgive" in site.limpet(*start, code=1)
    site.await_versions(before)


def test_an_operator_who_is_stopped_goes_on_and_a_second_one_cannot(site: Site) -> None:
    folder = site.release("9", 9)
    start = ("update", "rollout", "start", folder, "--all", *QUICK)
    slow = [*LIMPET[:-1], *start[:-1], "100", "--soak", "3600", "--json"]
    process = subprocess.Popen(
        slow,
        stdout=subprocess.PIPE,
        text=True,
        env=site.env,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    while json.loads(process.stdout.readline())["counts"].get("done") != 1:
        pass  # the canary is under way
    assert "somebody else holds its lock" in site.limpet(*start, code=1)
    site.limpet("update", "rollout", "pause", folder)
    while json.loads(process.stdout.readline())["status"] != "paused":
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    state = json.loads((Path(folder) / "rollout.json").read_text())
    state["plan"]["soak_s"] = 0  # nobody waits an hour in a test
    (Path(folder) / "rollout.json").write_text(json.dumps(state))
    assert "finished" in site.limpet(*start)
    site.await_versions(dict.fromkeys(NAMES, "9"))


WRONG = {
    "no release": (("start", "none", "--all"), "is no release"),
    "nobody is named": (("start", "{made}"), "no board is named"),
    "nobody matches": (("start", "{made}", "--where", "tag=none"), "no board is meant"),
    "a canary that is not among them": (("start", "{made}", "--all", "--canary", "x"), "x is not"),
    "waves that fall": (("start", "{made}", "--all", "--waves", "5,1"), "waves must rise"),
    "no rollout": (("status", "{made}"), "has no rollout"),
}


@pytest.mark.parametrize("arguments, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_said(site: Site, arguments: tuple[str, ...], words: str) -> None:
    made = site.folder / "10"
    if not made.exists():
        site.release("10", 10)
    given = [argument.format(made=made) for argument in arguments]
    done = subprocess.run(
        [*LIMPET[:-1], "update", "rollout", *given],
        capture_output=True,
        text=True,
        timeout=100,
        env=site.env,
    )
    assert done.returncode in (1, 2) and words in done.stderr and "Traceback" not in done.stderr
